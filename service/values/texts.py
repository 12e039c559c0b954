"""Opaque ids, which sort by time of creation, and text that both databases take."""

from uuid_utils.compat import uuid7


def is_storable(text: str) -> bool:
    """True for text without NUL and lone surrogates; any other is stored nowhere, so it names nothing."""
    try:
        return b"\x00" not in text.encode()
    except UnicodeEncodeError:
        return False


def new_id(prefix: str) -> str:
    """Return a fresh id such as `con_0199c0de…`: prefix, underscore, 32 hexadecimal digits."""
    return f"{prefix}_{uuid7().hex}"
