"""What is on the wire about instances: requests are strict, answers are flat and complete."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, SecretStr, StringConstraints

from service.database.pagination import PageOut
from service.database.rows import as_stored
from service.instances.identity import why_paused
from service.instances.models import Instance
from service.instances.oauth_clients import redirect_uri_of
from service.instances.operations import SLUG_PATTERN, issuer_of
from service.platforms.registry import SANDBOX
from service.settings import Settings
from service.values.texts import RequestBody
from service.words import Network

Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$"),
]
Slug = Annotated[str, StringConstraints(pattern=SLUG_PATTERN)]
UrlText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2048)]
ReturnUrls = Annotated[list[UrlText], Field(max_length=20)]
Values = Annotated[
    dict[
        Annotated[str, StringConstraints(max_length=40)],
        Annotated[SecretStr, StringConstraints(max_length=1000)],
    ],
    Field(max_length=10),
]


class CredentialIn(RequestBody):
    """An account of the platform. It is kept sealed and never shown again."""

    method: str = Field(
        max_length=40,
        description="The id of a sign-in method of the platform, see `GET /v1/platforms`.",
        examples=["api_key"],
    )
    values: Values = Field(
        description="What the method asks for, by field name.", examples=[{"api_key": "0123456789abcdef"}]
    )

    def plain_values(self) -> dict[str, str]:
        """Return what was typed; hand it to the platform and to nothing else."""
        return {name: value.get_secret_value() for name, value in self.values.items()}


class OAuthClientIn(RequestBody):
    """This node as an application of the instance, as an admin registered it there. The secret is kept sealed."""

    client_id: str = Field(
        min_length=1, max_length=255, description="The client id.", examples=["Iv1.0123456789abcdef"]
    )
    client_secret: Annotated[SecretStr, StringConstraints(min_length=1, max_length=1000)] = Field(
        description="The client secret; it is never shown again.", examples=["0123456789abcdef"]
    )


class InstanceCreate(RequestBody):
    """A work-management system that this node is to front."""

    slug: Slug = Field(description="The last part of the node URL; it never changes.", examples=["acme"])
    name: Name = Field(description="How people call it.", examples=["Acme's Redmine"])
    platform: str = Field(max_length=40, description="A name from `GET /v1/platforms`.", examples=["redmine"])
    url: UrlText | None = Field(
        default=None,
        description="Where the system is, or any link from inside it: the answer has the URL of the instance. Leave it "
        "out for the sandbox only.",
        examples=["https://redmine.acme.example"],
    )
    network: Network = Field(
        default=Network.PUBLIC,
        description="`public` where other nodes reach this node; if `private`, partners send invitations.",
    )
    return_urls: ReturnUrls = Field(
        default_factory=list,
        description="Exact URLs that a connection's `return_url` may be.",
        examples=[["https://app.acme.example/connections"]],
    )
    credential: CredentialIn | None = Field(
        default=None, description="The connection's user; with it, rights are measured instead of declared."
    )
    oauth_client: OAuthClientIn | None = Field(
        default=None,
        description="With it, people sign in on the platform's own page, where it has one.",
    )


class InstancePatch(RequestBody):
    """What may be changed; what is left out stays."""

    name: Name = Field(default_factory=str, description="How people call it.", examples=["Acme's tracker"])
    network: Network = Field(
        default_factory=lambda: Network.PUBLIC, description="Whether other nodes reach this node."
    )
    return_urls: ReturnUrls = Field(
        default_factory=list, description="Exact URLs that a connection's `return_url` may be."
    )
    credential: CredentialIn | None = Field(
        default=None, description="The connection's user; null removes the stored one."
    )
    oauth_client: OAuthClientIn | None = Field(
        default=None, description="This node as an application there; null removes the stored one."
    )


class InstanceOut(BaseModel):
    """One work-management system that this node fronts."""

    id: str = Field(description="Its id.", examples=["ins_0199c0de7f3a7c4e8a01b2c3d4e5f607"])
    object: Literal["instance"] = "instance"
    slug: str = Field(description="The last part of the node URL.", examples=["acme"])
    name: str = Field(description="How people call it.", examples=["Acme's Redmine"])
    platform: str = Field(description="A name from `GET /v1/platforms`.", examples=["redmine"])
    url: str = Field(description="Where the system is.", examples=["https://redmine.acme.example"])
    node_url: str = Field(
        description="Give this to partners: their nodes find yours by it.",
        examples=["https://parley.acme.example/i/acme"],
    )
    network: str = Field(description="`public` or `private`.", examples=["public"])
    return_urls: list[str] = Field(
        description="Exact URLs that a `return_url` may be.",
        examples=[["https://app.acme.example/connections"]],
    )
    identity: dict[str, Any] = Field(
        description="What it is known by: the node URL that partners know.",
        examples=[{"node_url": "https://parley.acme.example/i/acme"}],
    )
    state: str = Field(
        description="`active`, or `paused` while it speaks to no other node.", examples=["active"]
    )
    reason: str | None = Field(description="Why it is paused; null where it is not.", examples=[None])
    has_credential: bool = Field(description="Whether the connection's user is stored.", examples=[True])
    oauth_client_id: str | None = Field(
        description="The application that people sign in with on the platform's own page; null where none is stored.",
        examples=[None],
    )
    oauth_redirect_uri: str = Field(
        description="The callback URL to register for that application.",
        examples=["https://parley.acme.example/i/acme/sign-in/return"],
    )
    sandbox: bool = Field(description="Whether it is the built-in demonstration.", examples=[False])
    created_at: datetime = Field(description="When it was added.")
    updated_at: datetime = Field(description="When it was last changed.")


class InstanceCreated(InstanceOut):
    """The new instance, with a service token for it."""

    token: str = Field(
        description="A service token for this instance alone, shown this once.", examples=["ply_…"]
    )


class InstanceList(PageOut[InstanceOut]):
    """One page of instances, the oldest first."""


class CheckOut(BaseModel):
    """One thing that was tried."""

    name: str = Field(description="`address`, `sign_in`, `rights` or `projects`.", examples=["sign_in"])
    ok: bool | None = Field(description="Null where it could not be told.", examples=[True])
    detail: str = Field(description="What was found.", examples=["Signed in as Alice Admin."])
    fix: str | None = Field(description="What to do about it; null where it is well.", examples=[None])


class RightOut(BaseModel):
    """Whether the connection's user has one right that a scope needs."""

    scope: str = Field(description="The scope of the connection.", examples=["items:read"])
    permission: str = Field(description="The platform's own name of the right.", examples=["view_issues"])
    granted: bool | None = Field(description="Null where it was not measured.", examples=[True])
    measured: bool = Field(
        description="True: tried with the stored credential. False: only declared by the platform.",
        examples=[True],
    )
    where_to_grant: str = Field(description="Where an admin grants it.", examples=["Administration → Roles"])


class InstanceCheckOut(BaseModel):
    """How the instance answers right now; nothing of it is stored."""

    object: Literal["instance_check"] = "instance_check"
    instance: str = Field(description="The instance's id.", examples=["ins_0199c0de7f3a7c4e8a01b2c3d4e5f607"])
    ok: bool = Field(description="True where nothing that was tried failed.", examples=[True])
    checks: list[CheckOut] = Field(description="What was tried, in this order.")
    rights: list[RightOut] = Field(description="Each right that a scope needs.")
    checked_at: datetime = Field(description="When it was tried.")


def describe_instance(instance: Instance, settings: Settings) -> InstanceOut:
    """Return the instance as clients see it; of its credential only that there is one."""
    why = why_paused(settings, instance)
    return InstanceOut(
        **as_stored(instance, InstanceOut),
        node_url=issuer_of(settings, instance.slug),
        state="active" if why is None else "paused",
        reason=why,
        has_credential=instance.credential_sealed is not None,
        oauth_redirect_uri=redirect_uri_of(settings, instance.slug),
        sandbox=instance.platform == SANDBOX,
    )
