"""A form counts only where its page came from us, for this person, this act and this subject."""

import json
from http import HTTPMethod

from starlette.requests import Request

from service.problems.tree import Unauthenticated
from service.settings import Settings
from service.trust.tokens import Hasher


def form_token(hasher: Hasher, sign_in_session_id: str, action: str, subject: str) -> str:
    """Return what the form carries; it is made again for the check, so nothing is stored."""
    return hasher.hash(_message(sign_in_session_id, action, subject))


def is_form_token(hasher: Hasher, given: str, sign_in_session_id: str, action: str, subject: str) -> bool:
    """True where the form was made for this session, action and subject."""
    return hasher.match(_message(sign_in_session_id, action, subject), given)


def check_same_origin(request: Request, settings: Settings) -> None:
    """The form was sent by one of our own pages; raises Unauthenticated.

    A browser names the sender of a POST in Origin, or in Sec-Fetch-Site where a privacy setting removed it. A
    POST with neither is refused: the sign-in form has no session yet that a form token could be bound to.
    """
    if request.method != HTTPMethod.POST:
        return
    origin = request.headers.get("origin")
    site = request.headers.get("sec-fetch-site")
    if origin is not None and origin != settings.public_url:
        raise _from_elsewhere()
    if site not in {None, "same-origin", "none"} or (origin is None and site is None):
        raise _from_elsewhere()


def _from_elsewhere() -> Unauthenticated:
    return Unauthenticated(
        "This form was not sent by a page of this node.",
        fix="Open the page anew in this browser, and send the form from there.",
    )


def _message(*parts: str) -> str:
    """Return a text that no other parts give, and that is no secret hashed elsewhere."""
    return json.dumps(["form", *parts])
