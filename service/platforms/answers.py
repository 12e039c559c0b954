"""What an adapter may believe of an answer: shapes are checked, and each failure says what to do."""

import re
from collections.abc import Mapping
from typing import Any

from service.egress.client import Answer, Egress, EgressFailure, Reason
from service.platforms.interface import SignInFailure, SignInReason

MAX_TEXT = 255
UNAUTHORIZED = 401
FORBIDDEN = 403
TOO_MANY_REQUESTS = 429
REDIRECTS = frozenset({301, 302, 303, 307, 308})
SERVER_ERROR = 500
SERVER_FAULT = "server_error"
LONGEST_WAIT = 3600
_SECONDS = re.compile(r"[0-9]{1,9}", re.ASCII)

_WAYS_OUT = {
    Reason.DNS: "The host name of this {label} cannot be found. Check the URL of the instance.",
    Reason.REFUSED: "Nothing answers at the URL of this {label}. Check the URL, and that {label} is running.",
    Reason.TLS: (
        "The certificate at the URL of this {label} is not valid. Its operator can renew it; for an authority of your "
        "own, the operator of this node can name its certificate with PARLEY_EGRESS_CA_FILE."
    ),
    Reason.TIMEOUT: "{label} did not answer in time. Try again in a moment.",
    Reason.BLOCKED_ADDRESS: (
        "This node may not call the address of this {label}. The operator of this node can allow its network "
        "with PARLEY_EGRESS_ALLOW_CIDRS and its port with PARLEY_EGRESS_PORTS."
    ),
    Reason.PROXY: (
        "The proxy that this node calls {label} through did not open the way. The operator of this node can check "
        "PARLEY_EGRESS_PROXY, and whether the proxy lets it call this host."
    ),
    Reason.CONNECTION_LOST: "The connection to {label} broke off. Try again in a moment.",
}


async def ask(
    egress: Egress,
    label: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    basic_auth: tuple[str, str] | None = None,
    max_bytes: int | None = None,
    method: str = "GET",
    json: Any = None,
) -> Answer:
    """Return the answer that the platform gave; none is a SignInFailure."""
    try:
        answer = await egress.request(
            method, url, headers=headers, json=json, basic_auth=basic_auth, max_bytes=max_bytes
        )
    except EgressFailure as failure:
        raise no_answer(label, failure.reason) from None
    require_time_to_answer(label, answer)
    return answer


def require_time_to_answer(label: str, answer: Answer) -> None:
    """The platform is neither overloaded nor out of patience with us; a SignInFailure otherwise."""
    is_spent = answer.headers.get("x-ratelimit-remaining") == "0" or "retry-after" in answer.headers
    if answer.status == TOO_MANY_REQUESTS or (answer.status == FORBIDDEN and is_spent):
        seconds = retry_after(answer)
        when = f"in {seconds} seconds" if seconds else "in a few minutes"
        raise SignInFailure(
            SignInReason.RATE_LIMITED,
            f"{label} does not answer for now, because it was asked too often. Try again {when}.",
            retry_after=seconds,
        )
    if answer.status >= SERVER_ERROR:
        raise SignInFailure(
            SignInReason.UNREACHABLE,
            f"{label} cannot answer now (HTTP status {answer.status}). Try again in a few minutes.",
            retry_after=retry_after(answer),
            cause=SERVER_FAULT,
        )


def retry_after(answer: Answer) -> int | None:
    """Return for how many seconds the platform is not to be asked; None where it does not say so in seconds."""
    value = answer.headers.get("retry-after", "").strip()
    return min(int(value), LONGEST_WAIT) if _SECONDS.fullmatch(value) else None


def require_accepted(label: str, answer: Answer, own_challenge: re.Pattern[str] | None = None) -> None:
    """The answer is one to an account that the platform accepts; a SignInFailure otherwise.

    Some Jiras answer 200 to a login that they refuse, and say so in a header only. A challenge that is not the
    platform's own comes from a proxy: what it asks for is not the account that somebody typed.
    """
    denied = answer.headers.get("x-authentication-denied-reason", "").upper()
    login = answer.headers.get("x-seraph-loginreason", "").upper()
    if "CAPTCHA" in denied or "AUTHENTICATION_DENIED" in login:
        raise locked_out(label)
    if denied or "AUTHENTICATED_FAILED" in login:
        raise not_accepted(label)
    if answer.status == UNAUTHORIZED:
        challenge = answer.headers.get("www-authenticate")
        if own_challenge is not None and challenge is not None and not own_challenge.search(challenge):
            raise unexpected(label, "something in front of it asks for a login of its own")
        raise not_accepted(label)
    if answer.status == FORBIDDEN:
        raise SignInFailure(
            SignInReason.RIGHT_MISSING,
            f"{label} accepts the account, and does not let it see what was asked. "
            f"An administrator of {label} can give it more rights.",
        )
    if answer.status in REDIRECTS:
        raise unexpected(label, "a redirect, as to a page where people sign in")


def not_accepted(label: str) -> SignInFailure:
    """Return the failure for a credential that the platform refuses: wrong, expired, revoked or locked."""
    return SignInFailure(
        SignInReason.WRONG_CREDENTIALS,
        f"{label} does not accept this account: what was typed is wrong or has expired, or the account is locked.",
    )


def locked_out(label: str) -> SignInFailure:
    """Return the failure for an account that has to show first that it is a person."""
    return SignInFailure(
        SignInReason.LOCKED_OUT,
        f"After several wrong passwords {label} wants to see a person. Sign in to {label} itself in a browser, "
        "answer what it asks, and come back.",
    )


def read_json(label: str, answer: Answer) -> Any:
    """Return the body of a plain 200 as JSON; a page or a redirect is a SignInFailure."""
    if answer.status != 200:  # noqa: PLR2004 - the only status whose body is the thing asked for
        raise unexpected(label, f"HTTP status {answer.status}")
    try:
        return answer.json()
    except EgressFailure:
        raise unexpected(label, "not JSON") from None


def no_answer(label: str, reason: Reason) -> SignInFailure:
    """Return the failure for a call that brought no usable answer."""
    sentence = _WAYS_OUT.get(reason)
    if sentence is None:
        return unexpected(label, "too much" if reason is Reason.TOO_LARGE else "not JSON", cause=reason)
    return SignInFailure(SignInReason.UNREACHABLE, sentence.format(label=label), cause=reason)


def unexpected(label: str, what: str, *, cause: str | None = None) -> SignInFailure:
    """Return the failure for an answer that proves nothing; `what` is our own word for it."""
    return SignInFailure(
        SignInReason.UNEXPECTED_ANSWER,
        f"The URL of the instance did not answer as {label} does ({what}). Check the URL, and whether a "
        f"proxy or a single sign-on stands in front of it.",
        cause=cause,
    )


def json_of(answer: Answer) -> Any:
    """Return the body of a plain 200 as JSON, None for everything else: for what anybody may answer."""
    try:
        return answer.json() if answer.status == 200 else None  # noqa: PLR2004 - as above
    except EgressFailure:
        return None


def member(unverified: object, name: str) -> Any:
    """Return a member of what should be an object; None where it is none, or lacks it."""
    return unverified.get(name) if isinstance(unverified, dict) else None


def text(unverified: object, name: str) -> str:
    """Return a member that should be text, trimmed and of bounded length; empty where it is not."""
    value = member(unverified, name)
    return value.strip()[:MAX_TEXT] if isinstance(value, str) else ""


def number(unverified: object, name: str) -> int | None:
    """Return a member that should be a positive number; None for zero, null, text, true and fractions."""
    value = member(unverified, name)
    return value if type(value) is int and value > 0 else None


def rows(unverified: object, name: str) -> tuple[dict[str, Any], ...]:
    """Return the objects of a member that should be a list of them; what is no object is left out."""
    return objects(member(unverified, name))


def objects(unverified: object) -> tuple[dict[str, Any], ...]:
    """Return the objects of what should be a list of them; what is no object is left out."""
    return tuple(row for row in unverified if isinstance(row, dict)) if isinstance(unverified, list) else ()


def words(unverified: object, name: str) -> tuple[str, ...]:
    """Return the texts of a member that should be a list of them; what is no text is left out."""
    value = member(unverified, name)
    return tuple(word for word in value if isinstance(word, str)) if isinstance(value, list) else ()
