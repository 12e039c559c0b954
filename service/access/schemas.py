"""What is on the wire about callers: no answer but the first one ever holds a secret."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from service.access.models import ServiceToken, SignInSession
from service.access.principals import Principal
from service.access.scopes import ScopeName
from service.database.pagination import PageOut
from service.instances.schemas import Name, Values
from service.values.moments import Moment
from service.values.texts import RequestBody

InstanceId = Annotated[str, StringConstraints(max_length=40)]


class SessionCreate(RequestBody):
    """A person signs in with the instance's own account. What is typed is used once and kept nowhere."""

    instance: str = Field(
        min_length=1, max_length=2048, description="Id, slug or node URL of the instance.", examples=["acme"]
    )
    method: str = Field(
        max_length=40,
        description="The id of a sign-in method of its platform, see `GET /v1/platforms`.",
        examples=["password"],
    )
    values: Values = Field(
        description="What the method asks for, by field name.",
        examples=[{"login": "alice", "password": "alice-sandbox"}],
    )

    def plain_values(self) -> dict[str, str]:
        """Return what was typed; hand it to the platform and to nothing else."""
        return {name: value.get_secret_value() for name, value in self.values.items()}


class SessionOut(BaseModel):
    """An admin of one instance, signed in."""

    id: str = Field(description="Its id.", examples=["ses_0199c0de7f3a7c4e8a01b2c3d4e5f607"])
    object: Literal["session"] = "session"
    instance: str = Field(
        description="The instance's id; the session is good for this one alone.",
        examples=["ins_0199c0de7f3a7c4e8a01b2c3d4e5f607"],
    )
    account_id: str = Field(description="The platform's own id of the account.", examples=["1"])
    login: str = Field(description="The account's login.", examples=["alice"])
    display_name: str = Field(description="The person's name there.", examples=["Alice Admin"])
    signed_in_at: datetime = Field(description="When the platform confirmed the account and its rights.")
    expires_at: datetime = Field(description="Sign in again after this moment.")


class SessionCreated(SessionOut):
    """The new session, with its secret."""

    token: str = Field(description="Send it as `Authorization: Bearer`. Shown this once.", examples=["pls_…"])
    token_type: str = Field(default="Bearer", description="How the token is sent.")


class MeOut(BaseModel):
    """Who is calling, and what they may do."""

    object: Literal["principal"] = "principal"
    kind: str = Field(description="`service` for a token, `person` for a session.", examples=["service"])
    id: str = Field(
        description="The token's or the session's id.", examples=["tok_0199c0de7f3a7c4e8a01b2c3d4e5f607"]
    )
    name: str = Field(description="The token's name, or the person's.", examples=["sync engine"])
    scopes: list[str] = Field(description="What they may do.", examples=[["connections:read"]])
    all_instances: bool = Field(
        description="Whether this holds for every instance of the node.", examples=[False]
    )
    instances: list[str] = Field(
        description="Ids of the instances it holds for; empty where it holds for all.",
        examples=[["ins_0199c0de7f3a7c4e8a01b2c3d4e5f607"]],
    )
    account_id: str | None = Field(
        description="The person's account on the platform; null for a service.", examples=[None]
    )
    expires_at: datetime | None = Field(description="Until when; null where it does not expire.")


class AccessTokenCreate(RequestBody):
    """A token for a service, with at most the rights of who makes it. Name instances, or say all of them."""

    name: Name = Field(description="What it is for.", examples=["sync engine"])
    scopes: list[ScopeName] = Field(
        min_length=1, max_length=20, description="What it may do.", examples=[["connections:read"]]
    )
    instances: list[InstanceId] = Field(
        default_factory=list,
        max_length=100,
        description="Ids of the instances that it is for.",
        examples=[["ins_0199c0de7f3a7c4e8a01b2c3d4e5f607"]],
    )
    all_instances: bool = Field(
        default=False, description="True: for every instance of the node, later ones too."
    )
    expires_at: Moment | None = Field(
        default=None,
        description="When it stops working; never later than the token it is made with. Null: with that one.",
    )


class AccessTokenOut(BaseModel):
    """A service token, without its secret."""

    id: str = Field(description="Its id.", examples=["tok_0199c0de7f3a7c4e8a01b2c3d4e5f607"])
    object: Literal["access_token"] = "access_token"
    name: str = Field(description="What it is for.", examples=["sync engine"])
    scopes: list[str] = Field(description="What it may do.", examples=[["connections:read"]])
    all_instances: bool = Field(description="Whether it is for every instance of the node.", examples=[False])
    instances: list[str] = Field(
        description="Ids of the instances it is for; empty where it is for all.",
        examples=[["ins_0199c0de7f3a7c4e8a01b2c3d4e5f607"]],
    )
    created_at: datetime = Field(description="When it was made.")
    expires_at: datetime | None = Field(description="When it stops working; null: never.")
    last_used_at: datetime | None = Field(description="The minute of its last use; null: not used yet.")
    made_by: str | None = Field(
        description="The account of the admin behind it: found to be one no more, at a sign-in, it stops working. "
        "Null: an operator's.",
        examples=[None],
    )


class AccessTokenCreated(AccessTokenOut):
    """The new token, with its secret."""

    token: str = Field(description="Send it as `Authorization: Bearer`. Shown this once.", examples=["ply_…"])


class AccessTokenList(PageOut[AccessTokenOut]):
    """One page of service tokens, the oldest first."""


def describe_session(session: SignInSession) -> SessionOut:
    """Return the session as its person sees it."""
    return SessionOut(
        id=session.id,
        instance=session.instance_id,
        account_id=session.account_id,
        login=session.login,
        display_name=session.display_name,
        signed_in_at=session.signed_in_at,
        expires_at=session.expires_at,
    )


def describe_principal(caller: Principal) -> MeOut:
    """Return the caller as they see themselves."""
    return MeOut(
        kind=caller.kind,
        id=caller.id,
        name=caller.name,
        scopes=sorted(caller.scopes),
        all_instances=caller.instance_ids is None,
        instances=sorted(caller.instance_ids or ()),
        account_id=caller.account_id,
        expires_at=caller.expires_at,
    )


def describe_token(token: ServiceToken) -> AccessTokenOut:
    """Return the token as its owners see it."""
    return AccessTokenOut(
        id=token.id,
        name=token.name,
        scopes=token.scopes,
        all_instances=token.instance_ids is None,
        instances=token.instance_ids or [],
        created_at=token.created_at,
        expires_at=token.expires_at,
        last_used_at=token.last_used_at,
        made_by=token.maker_account_id,
    )
