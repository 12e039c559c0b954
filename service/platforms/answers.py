"""What an adapter may believe of an answer: shapes are checked, and each failure says what to do."""

from collections.abc import Mapping
from typing import Any

from service.egress.client import Answer, Egress, EgressFailure, Reason
from service.platforms.interface import SignInFailure, SignInReason

MAX_TEXT = 255
TOO_MANY_REQUESTS = 429
SERVER_ERROR = 500

_WAYS_OUT = {
    Reason.DNS: "The host name of this {label} cannot be found. Check the URL of the instance.",
    Reason.REFUSED: "Nothing answers at the URL of this {label}. Check the URL, and that {label} is running.",
    Reason.TLS: "The certificate at the URL of this {label} is not valid. Its operator can renew it.",
    Reason.TIMEOUT: "{label} did not answer in time. Try again in a moment.",
    Reason.BLOCKED_ADDRESS: (
        "This node may not call the address of this {label}. The operator of this node can allow its network "
        "with PARLEY_EGRESS_ALLOW_CIDRS and its port with PARLEY_EGRESS_PORTS."
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
) -> Answer:
    """Return the answer to a GET that the platform gave; none is a SignInFailure."""
    try:
        answer = await egress.request("GET", url, headers=headers, basic_auth=basic_auth, max_bytes=max_bytes)
    except EgressFailure as failure:
        raise no_answer(label, failure.reason) from None
    if answer.status == TOO_MANY_REQUESTS or answer.status >= SERVER_ERROR:
        raise SignInFailure(
            SignInReason.UNREACHABLE,
            f"{label} cannot answer now (HTTP status {answer.status}). Try again in a few minutes.",
        )
    return answer


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
        return unexpected(label, "too much" if reason is Reason.TOO_LARGE else "not JSON")
    return SignInFailure(SignInReason.UNREACHABLE, sentence.format(label=label))


def unexpected(label: str, what: str) -> SignInFailure:
    """Return the failure for an answer that proves nothing; `what` is our own word for it."""
    return SignInFailure(
        SignInReason.UNEXPECTED_ANSWER,
        f"The URL of the instance did not answer as {label} does ({what}). Check the URL, and whether a "
        f"proxy or a single sign-on stands in front of it.",
    )


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
    value = member(unverified, name)
    return tuple(row for row in value if isinstance(row, dict)) if isinstance(value, list) else ()


def words(unverified: object, name: str) -> tuple[str, ...]:
    """Return the texts of a member that should be a list of them; what is no text is left out."""
    value = member(unverified, name)
    return tuple(word for word in value if isinstance(word, str)) if isinstance(value, list) else ()
