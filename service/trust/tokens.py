"""Secrets that others hold: made, recognised when mistyped, and compared without being kept."""

import base64
import hashlib
import hmac
import re
import secrets
import string
import zlib
from typing import Any

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
RANDOM_LENGTH = 43  # 256 bits in base 62
CHECKSUM_LENGTH = 6  # a CRC-32 in base 62
MIN_KEY_BYTES = 32
# Without 0 O, 1 I L and U: two people read it to each other.
COMPARISON_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
COMPARISON_GROUP = 4
_JWT = re.compile(r"\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*")


class Hasher:
    """Keeps a secret as a keyed hash: without the key, a stolen table confirms no guess."""

    def __init__(self, key: bytes) -> None:
        if len(key) < MIN_KEY_BYTES:
            raise ValueError(f"A hashing key has at least {MIN_KEY_BYTES} bytes.")
        self._key = key

    def hash(self, secret: str) -> str:
        """Return the hash to store: HMAC-SHA256, 64 hexadecimal digits."""
        return hmac.new(self._key, _encode(secret), hashlib.sha256).hexdigest()

    def match(self, secret: str, stored_hash: str) -> bool:
        """True where the stored hash is of this secret; the time taken tells nothing."""
        return hmac.compare_digest(self.hash(secret).encode(), _encode(stored_hash))


def new_token(prefix: str) -> str:
    """Return a fresh opaque token: prefix, underscore, 256 random bits, checksum."""
    body = f"{prefix}_" + "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_LENGTH))
    return body + _checksum(body)


def is_well_formed(token: str, prefix: str) -> bool:
    """True where the token has the right shape and checksum: a mistyped one needs no look-up."""
    body, checksum = token[:-CHECKSUM_LENGTH], token[-CHECKSUM_LENGTH:]
    random = body.removeprefix(f"{prefix}_")
    if random == body or len(random) != RANDOM_LENGTH or not set(random) <= set(ALPHABET):
        return False
    return checksum == _checksum(body)


def new_secret(bits: int = 256) -> str:
    """Return fresh random bits in base64url: states, nonces, codes, verifiers."""
    return secrets.token_urlsafe(bits // 8)


def comparison_code(*parts: str) -> str:
    """Return what both screens show, such as `K7QX-M3FP`: the same for the same parts in the same order.

    Each part is hashed with its length, so that no other split of the same letters gives the same code.
    """
    digest = hashlib.sha256()
    for part in parts:
        data = _encode(part)
        digest.update(len(data).to_bytes(8))
        digest.update(data)
    number = int.from_bytes(digest.digest())
    code = _write_number(number, COMPARISON_ALPHABET, 2 * COMPARISON_GROUP)
    return f"{code[:COMPARISON_GROUP]}-{code[COMPARISON_GROUP:]}"


def pkce_challenge(verifier: str) -> str:
    """Return the S256 challenge of a verifier (RFC 7636 section 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(_encode(verifier)).digest()).rstrip(b"=").decode()


def _checksum(body: str) -> str:
    return _write_number(zlib.crc32(_encode(body)), ALPHABET, CHECKSUM_LENGTH)


def _write_number(number: int, alphabet: str, length: int) -> str:
    """Return the last `length` digits of the number, written in this alphabet."""
    digits = []
    for _ in range(length):
        number, digit = divmod(number, len(alphabet))
        digits.append(alphabet[digit])
    return "".join(reversed(digits))


def _encode(text: str) -> bytes:
    """Return bytes for any text: JSON can carry lone surrogates, which are wrong but no fault of ours."""
    return text.encode(errors="surrogatepass")


def without_codes(value: Any) -> Any:
    """Return text with every invitation code, or other JWT, cut: who sent it somewhere wrong gets no copy of it."""
    return _JWT.sub("eyJ…", value) if isinstance(value, str) else value
