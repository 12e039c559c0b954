"""OAuth 2 with PKCE as a client of any platform: where a person is sent, and what the code they bring is worth."""

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from service.egress.client import Answer, Egress, EgressFailure
from service.platforms.answers import member, no_answer, number, require_time_to_answer, text, unexpected
from service.platforms.description import ClientAuthentication, OAuth, OAuthScope, PlatformDescription
from service.platforms.interface import SignInFailure, SignInReason

# What RFC 6749 and the platforms say of a client that is not, or no longer, the one that was registered.
_CLIENT_FAULTS = frozenset(
    {
        "invalid_client",
        "unauthorized_client",
        "incorrect_client_credentials",
        "redirect_uri_mismatch",
        "invalid_scope",
    }
)
_TOKEN = re.compile(r"[\x21-\x7e]{1,8192}", re.ASCII)
_ERROR = re.compile(r"[a-z_]{1,60}", re.ASCII)
MAX_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """This node as an application of one instance: as it was registered there."""

    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class Grant:
    """What a platform gave for a code or a refresh token; `expires_in` are seconds, None where it does not say."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_in: int | None


@dataclass(frozen=True, slots=True)
class Provider:
    """The OAuth endpoints of one instance."""

    label: str
    oauth: OAuth
    instance_url: str

    def url(self, template: str) -> str:
        """Return an endpoint of this instance."""
        return template.replace("{server}", self.oauth.server(self.instance_url))

    @property
    def authorize_origin(self) -> str:
        """Where a person's browser goes."""
        parts = urlsplit(self.url(self.oauth.authorize_url))
        return f"{parts.scheme}://{parts.netloc}"


def provider_of(description: PlatformDescription, method: str, instance_url: str) -> Provider | None:
    """Return the endpoints behind a sign-in method, None for a method with a form or an unknown one."""
    for offered in description.sign_in:
        if offered.id == method and offered.oauth is not None:
            return Provider(description.label, offered.oauth, instance_url)
    return None


def authorize_url(
    provider: Provider, client: OAuthClient, scopes: tuple[OAuthScope, ...], *, state: str, verifier: str
) -> str:
    """Return where the person signs in and agrees; the verifier stays here until the code is redeemed (RFC 7636)."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    parameters = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": client.redirect_uri,
        "scope": " ".join(scope.name for scope in scopes),
        "state": state,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        **dict(provider.oauth.extra_parameters),
    }
    return f"{provider.url(provider.oauth.authorize_url)}?{urlencode(parameters, quote_via=quote)}"


async def redeem(
    egress: Egress, provider: Provider, client: OAuthClient, *, code: str, verifier: str
) -> Grant:
    """Return what the code is worth; it is redeemed once, whatever comes of it. A SignInFailure otherwise."""
    return await _ask(
        egress,
        provider,
        client,
        {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": client.redirect_uri,
            "code_verifier": verifier,
        },
    )


async def refresh(egress: Egress, provider: Provider, client: OAuthClient, refresh_token: str) -> Grant:
    """Return a new grant. Where refresh tokens rotate, the one that was shown is worth nothing from here on."""
    return await _ask(
        egress, provider, client, {"grant_type": "refresh_token", "refresh_token": refresh_token}
    )


async def _ask(egress: Egress, provider: Provider, client: OAuthClient, form: Mapping[str, str]) -> Grant:
    by_header = provider.oauth.client_authentication is ClientAuthentication.BASIC
    secret = {} if by_header else {"client_id": client.client_id, "client_secret": client.client_secret}
    # RFC 6749, section 2.3.1: both parts are form-encoded before they become a Basic login.
    basic = (quote(client.client_id, safe=""), quote(client.client_secret, safe="")) if by_header else None
    try:
        answer = await egress.request(
            "POST",
            provider.url(provider.oauth.token_url),
            headers={"Accept": "application/json"},
            form={**form, **secret},
            basic_auth=basic,
            max_bytes=MAX_BYTES,
        )
        require_time_to_answer(provider.label, answer)
        return _read(provider.label, answer, answer.json())
    except EgressFailure as failure:
        raise no_answer(provider.label, failure.reason) from None


def _read(label: str, answer: Answer, unverified: Any) -> Grant:
    """Return the grant; GitHub answers 200 to a code that it refuses, and says so in the body only."""
    error = text(unverified, "error")
    if error or answer.status != 200:  # noqa: PLR2004 - RFC 6749, section 5.1: a grant is a 200
        raise refused(label, error)
    token = member(unverified, "access_token")
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise unexpected(label, "no access token")
    if text(unverified, "token_type").casefold() not in {"bearer", ""}:
        raise unexpected(label, "a token of another type")
    again = member(unverified, "refresh_token")
    is_sound = isinstance(again, str) and _TOKEN.fullmatch(again) is not None
    return Grant(token, again if is_sound else None, number(unverified, "expires_in"))


def refused(label: str, error: str) -> SignInFailure:
    """Return the failure for an error of the platform; of what it sends, only a word of the RFC's kind is shown."""
    code = f" ({error})" if _ERROR.fullmatch(error) else ""
    if error in _CLIENT_FAULTS:
        return SignInFailure(
            SignInReason.CLIENT_REFUSED,
            f"{label} does not accept this node as the application that was registered{code}. Whoever runs the "
            "instance can compare client id, secret, callback URL and scopes, and store them again.",
        )
    return SignInFailure(
        SignInReason.WRONG_CREDENTIALS,
        f"The sign-in at {label} was not completed in time, or not by you{code}. Nothing is lost: sign in again.",
    )
