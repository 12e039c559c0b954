"""Opaque ids, which sort by time of creation, text that both databases take, and bodies without anything unknown."""

from pydantic import BaseModel, ConfigDict
from uuid_utils.compat import uuid7

STORABLE = r"^[^\x00]*$"


class RequestBody(BaseModel):
    """A request body: an unknown member is a fault, not silently dropped."""

    model_config = ConfigDict(extra="forbid")


def is_storable(text: str) -> bool:
    """True for text without NUL and lone surrogates; any other is stored nowhere, so it names nothing."""
    try:
        return b"\x00" not in text.encode()
    except UnicodeEncodeError:
        return False


def new_id(prefix: str) -> str:
    """Return a fresh id such as `con_0199c0de…`: prefix, underscore, 32 hexadecimal digits."""
    return f"{prefix}_{uuid7().hex}"
