"""What is on the wire about platforms: their descriptions, as data."""

from typing import Literal

from pydantic import BaseModel, Field

from service.database.pagination import PageOut
from service.platforms.description import OAuth, PermissionNeed, PlatformDescription, SignInMethod
from service.words import Mode


class SignInFieldOut(BaseModel):
    """One input of a sign-in form."""

    name: str = Field(description="The member of `values` that it fills.", examples=["password"])
    label: str = Field(description="What to write beside it.", examples=["Password"])
    secret: bool = Field(description="Show dots for what is typed, and keep it nowhere.", examples=[True])
    help: str = Field(description="What belongs here.", examples=["Used for this one check, never kept."])


class OAuthScopeOut(BaseModel):
    """A scope that the platform's own page asks a person to agree to."""

    name: str = Field(description="The platform's name of the scope.", examples=["read:org"])
    reason: str = Field(description="Why it is asked for.", examples=["To read whether you own it."])


class OAuthOut(BaseModel):
    """A sign-in on the platform's own page, by OAuth 2 with PKCE."""

    authorize_url: str = Field(
        description="Where a person signs in; `{server}` is where the platform runs.",
        examples=["{server}/oauth/authorize"],
    )
    token_url: str = Field(description="Where this node redeems the code.", examples=["{server}/oauth/token"])
    scopes: list[OAuthScopeOut] = Field(description="The least that is needed, each with its reason.")
    user_scopes: list[OAuthScopeOut] = Field(
        description="What the connection's user is asked for at `{node_url}/connection-user`; empty where a form is."
    )
    where_to_register: str = Field(
        description="Where an admin of the platform registers this node as an application.",
        examples=["Admin area → Applications → New application"],
    )
    refresh_tokens: str = Field(
        description="Whether there are refresh tokens, and whether each use makes a new one.",
        examples=["rotate"],
    )


class SignInMethodOut(BaseModel):
    """One way in which a person proves an account of the platform."""

    id: str = Field(description="The `method` of a sign-in or of a stored credential.", examples=["password"])
    label: str = Field(description="The name of the method for people.", examples=["Login and password"])
    fields: list[SignInFieldOut] = Field(description="What the method asks for; each is required.")
    oauth: OAuthOut | None = Field(
        description="How a person signs in on the platform's own page; null where a form asks here.",
        examples=[None],
    )


class PermissionOut(BaseModel):
    """A right that a scope of a connection needs on the platform."""

    scope: str = Field(description="The scope of the connection.", examples=["items:read"])
    permission: str = Field(description="The platform's own name of the right.", examples=["view_issues"])
    label: str = Field(description="The right in plain words.", examples=["View Issues"])
    reason: str = Field(description="Why it is asked for.", examples=["To read the issues to synchronise."])
    where_to_grant: str = Field(
        description="Where an admin of the platform grants it.", examples=["Administration → Roles"]
    )


class PlatformOut(BaseModel):
    """What one kind of work-management system can do here."""

    object: Literal["platform"] = "platform"
    name: str = Field(description="The `platform` of an instance.", examples=["redmine"])
    label: str = Field(description="The platform's name for people.", examples=["Redmine"])
    modes: list[str] = Field(
        description="Modes that its connections may have.", examples=[["script", "basic"]]
    )
    local: bool = Field(description="Whether two projects of one instance may be connected.", examples=[True])
    local_why_not: str | None = Field(
        description="Why local is not offered; null where it is.", examples=[None]
    )
    sign_in: list[SignInMethodOut] = Field(description="How a person signs in.")
    permissions: list[PermissionOut] = Field(description="What the connection's user needs, and why.")
    minimum_version: str | None = Field(description="The oldest version that works.", examples=["5.0"])
    tested_with: str = Field(description="What the adapter was tried against.", examples=["Redmine 5.0.4"])
    admin_right: str = Field(
        description="What makes a person an admin there.", examples=["The account is an administrator."]
    )

    proved: str = Field(
        description="How the adapter was proved: live_server, emulator, vendors_description or fixtures.",
        examples=["live_server"],
    )


class PlatformList(PageOut[PlatformOut]):
    """Every platform of this node, on one page."""


def describe_platform(description: PlatformDescription) -> PlatformOut:
    """Return the platform as clients see it."""
    return PlatformOut(
        name=description.name,
        label=description.label,
        modes=[mode for mode in Mode if mode in description.modes],
        local=description.local,
        local_why_not=description.local_why_not,
        sign_in=[_method(method) for method in description.sign_in],
        permissions=[_permission(need) for need in description.permissions],
        minimum_version=description.minimum_version,
        tested_with=description.tested_with,
        admin_right=description.admin_right,
        proved=description.proved,
    )


def _method(method: SignInMethod) -> SignInMethodOut:
    fields = [
        SignInFieldOut(name=field.name, label=field.label, secret=field.secret, help=field.help)
        for field in method.fields
    ]
    oauth = _oauth(method.oauth) if method.oauth else None
    return SignInMethodOut(id=method.id, label=method.label, fields=fields, oauth=oauth)


def _oauth(oauth: OAuth) -> OAuthOut:
    return OAuthOut(
        authorize_url=oauth.authorize_url,
        token_url=oauth.token_url,
        scopes=[OAuthScopeOut(name=scope.name, reason=scope.reason) for scope in oauth.scopes],
        user_scopes=[OAuthScopeOut(name=scope.name, reason=scope.reason) for scope in oauth.user_scopes],
        where_to_register=oauth.where_to_register,
        refresh_tokens=oauth.refresh_tokens,
    )


def _permission(need: PermissionNeed) -> PermissionOut:
    return PermissionOut(
        scope=need.scope,
        permission=need.permission,
        label=need.label,
        reason=need.reason,
        where_to_grant=need.where_to_grant,
    )
