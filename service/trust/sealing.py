"""Secrets at rest: encrypted, bound to the row they belong to, and ready for a new key at any time."""

import base64
import binascii
import re
import secrets
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VERSION = "v1"
KEY_BYTES = 32
NONCE_BYTES = 12
_KID = re.compile(r"[A-Za-z0-9_-]{1,32}")


class SealBroken(Exception):
    """What is sealed cannot be opened here: another key, another row, or it was changed."""


class Sealer:
    """Seals with its first key and opens with any of them: AES-256-GCM as `v1.<kid>.<base64url>`.

    The context (`table.column.row-id`) is authenticated, so that someone who can write to the database
    cannot move a secret to another row.
    """

    def __init__(self, keys: Sequence[tuple[str, bytes]]) -> None:
        self._ciphers = {kid: AESGCM(_checked_key(kid, key)) for kid, key in keys}
        if not keys or len(self._ciphers) != len(keys):
            raise ValueError("Sealing takes at least one key, and each key id once.")
        self._active = keys[0][0]

    def seal(self, plain: bytes, context: str) -> str:
        """Return the sealed form of `plain`, which opens only in this context."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = nonce + self._ciphers[self._active].encrypt(nonce, plain, context.encode())
        return f"{VERSION}.{self._active}.{base64.urlsafe_b64encode(sealed).rstrip(b'=').decode()}"

    def open(self, sealed: str, context: str) -> bytes:
        """Return what was sealed in this context; raises SealBroken."""
        kid, envelope = _read_envelope(sealed)
        cipher = self._ciphers.get(kid)
        if cipher is None:
            raise SealBroken(f"No key '{kid}' is configured; keep old keys until everything is sealed anew.")
        try:
            return cipher.decrypt(envelope[:NONCE_BYTES], envelope[NONCE_BYTES:], context.encode())
        except InvalidTag:
            raise SealBroken("The secret was changed, or belongs to another row or key.") from None

    def needs_reseal(self, sealed: str) -> bool:
        """True where another key than the active one sealed it."""
        kid, _ = _read_envelope(sealed)
        return kid != self._active


def parse_keys(text: str) -> list[tuple[str, bytes]]:
    """Return the keys of `kid:base64[,kid:base64…]`; raises ValueError that says what is wrong."""
    keys = []
    for position, entry in enumerate(text.split(","), start=1):
        kid, colon, encoded = entry.strip().partition(":")
        if not colon:
            raise ValueError(f"Sealing key {position} must read kid:base64.")
        try:
            key = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            raise ValueError(f"Sealing key {position} is not valid base64 after its key id.") from None
        keys.append((kid, _checked_key(kid, key, position)))
    if len({kid for kid, _ in keys}) != len(keys):
        raise ValueError("Each sealing key needs a key id of its own.")
    return keys


def new_key() -> str:
    """Return a fresh key as `kid:base64`."""
    return f"k{secrets.token_hex(4)}:{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}"


def _checked_key(kid: str, key: bytes, position: int = 1) -> bytes:
    if not _KID.fullmatch(kid):
        raise ValueError(f"Sealing key {position} needs a key id of 1 to 32 letters, digits, - or _.")
    if len(key) != KEY_BYTES:
        raise ValueError(f"Sealing key {position} must be {KEY_BYTES} bytes long, not {len(key)}.")
    return key


def _read_envelope(sealed: str) -> tuple[str, bytes]:
    version, _, rest = sealed.partition(".")
    kid, _, encoded = rest.partition(".")
    try:
        envelope = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        envelope = b""
    if version != VERSION or len(envelope) < NONCE_BYTES:
        raise SealBroken("This is not a sealed secret.")
    return kid, envelope
