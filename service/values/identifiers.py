"""Opaque ids: a prefix that names the noun, and a UUIDv7 that sorts by time of creation."""

from uuid_utils.compat import uuid7


def new_id(prefix: str) -> str:
    """Return a fresh id such as `con_0199c0de…`: prefix, underscore, 32 hexadecimal digits."""
    return f"{prefix}_{uuid7().hex}"
