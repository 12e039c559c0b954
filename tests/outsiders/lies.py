"""What a hostile node may answer instead of the truth, at whatever step."""

from collections.abc import Mapping
from typing import Any

import httpx

from tests.outsiders.hostile_node import Lie

TRAP = "trap.test"
ELSEWHERE = f"https://{TRAP}/i/evil"
REDIRECTS = (301, 302, 303, 307, 308)
# Body and media type of what is not the JSON object that was asked for.
NO_OBJECTS: Mapping[str, tuple[bytes, str]] = {
    "HTML": (b"<p>Parley</p>", "text/html"),
    "JSON that is said to be HTML": (b"{}", "text/html"),
    "nothing": (b"", "application/json"),
    "half": (b'{"issuer": "https://', "application/json"),
    "NaN": (b'{"expires_in": NaN}', "application/json"),
    "a list": (b"[]", "application/json"),
    "null": (b"null", "application/json"),
    "NUL in a text": (b'{"issuer": "\\u0000"}', "application/json"),
    "half a surrogate": (b'{"issuer": "\\ud800"}', "application/json"),
    "no UTF-8": (b'{"issuer": "\xff"}', "application/json"),
    "33 deep": (b'{"parley_instance": ' + b"[" * 33 + b"]" * 33 + b"}", "application/json"),
    "100,000 deep": (b"[" * 100_000 + b"]" * 100_000, "application/json"),
    "20 MB": (b'{"padding": "' + b"x" * 20_000_000 + b'"}', "application/json"),
}


def no_object(name: str, status: int) -> Lie:
    """Answer with the right status, and with something else than JSON of the right form."""
    body, media_type = NO_OBJECTS[name]
    return lambda _: httpx.Response(status, content=body, headers={"content-type": media_type})


def change(**members: Any) -> Lie:
    """Say something else in these members; None leaves one out."""

    def lie(true: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in {**true, **members}.items() if value is not None}

    return lie


def redirect(status: int, url: str = ELSEWHERE) -> Lie:
    """Send whoever asks on to somebody else; after 307 and 308 they would send the same body again."""
    return lambda _: httpx.Response(status, headers={"location": url})


def fail(error: str, status: int = 400, **more: object) -> Lie:
    """Refuse as RFC 6749 has it, whatever was asked."""
    return lambda _: httpx.Response(status, json={"error": error, **more})
