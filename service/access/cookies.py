"""The cookie of a person who signed in on a page: one per instance, for ports and paths share cookies."""

import hashlib

from starlette.requests import HTTPConnection
from starlette.responses import Response

from service.access.sign_in import LIFETIME

NAME_DIGITS = 12


def cookie_name(issuer: str) -> str:
    """Return the instance's cookie name; on https only this very host can set it (`__Host-`)."""
    name = "parley-" + hashlib.sha256(issuer.encode()).hexdigest()[:NAME_DIGITS]
    return f"__Host-{name}" if _is_secure(issuer) else name


def set_cookie(response: Response, issuer: str, secret: str) -> None:
    """The browser holds the session's secret, out of reach of scripts and of other sites' forms."""
    response.set_cookie(
        cookie_name(issuer),
        secret,
        max_age=int(LIFETIME.total_seconds()),
        path="/",
        secure=_is_secure(issuer),
        httponly=True,
        samesite="lax",
    )


def drop_cookie(response: Response, issuer: str) -> None:
    """The browser forgets the session's secret."""
    response.delete_cookie(
        cookie_name(issuer), path="/", secure=_is_secure(issuer), httponly=True, samesite="lax"
    )


def read_cookie(request: HTTPConnection, issuer: str) -> str | None:
    """Return what the browser sent as this instance's secret; it is not checked yet."""
    return request.cookies.get(cookie_name(issuer))


def _is_secure(issuer: str) -> bool:
    return issuer.startswith("https://")
