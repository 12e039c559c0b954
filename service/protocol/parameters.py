"""Form and query parameters as OAuth wants them: each at most once, and small."""

import re
from collections.abc import Iterable
from http import HTTPStatus
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

from service.protocol.errors import InvalidRequest

MAX_BYTES = 16_384
MAX_PARAMETERS = 40
FORM_TYPE = "application/x-www-form-urlencoded"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


async def read_form(request: Request, *, over_lines: str | None = None) -> dict[str, str]:
    """Return the parameters of a form body; raises InvalidRequest.

    A person may paste the one named `over_lines` with line breaks; its white space means nothing and is left out.
    """
    return _read(await read_body(request, FORM_TYPE), over_lines)


async def read_body(request: Request, expected: str = "application/json", most: int = MAX_BYTES) -> bytes:
    """Return the body, of the expected type and not too large; raises InvalidRequest."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != expected:
        raise InvalidRequest(f"Send the parameters as {expected}.")
    body, too_large = bytearray(), InvalidRequest(f"The body has more than {most} bytes.")
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > most:
                raise too_large
    except HTTPException as refusal:  # larger still: then nothing of it is read
        if refusal.status_code == HTTPStatus.REQUEST_TIMEOUT:
            raise InvalidRequest("The body did not arrive in time.") from None
        raise too_large from None
    return bytes(body)


def read_query(request: Request) -> dict[str, str]:
    """Return the parameters of the query; raises InvalidRequest."""
    encoded: bytes = request.scope["query_string"]
    if len(encoded) > MAX_BYTES:
        raise InvalidRequest(f"The parameters have more than {MAX_BYTES} bytes.")
    return _read(encoded)


def _read(encoded: bytes, over_lines: str | None = None) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            encoded.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS
        )
    except ValueError:
        raise InvalidRequest("The parameters could not be read.") from None
    return _once_each(
        (name, "".join(value.split()) if name == over_lines else value) for name, value in pairs
    )


def _once_each(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the parameters that have a value (RFC 6749, section 3.1); one sent twice could mean two."""
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found:
            raise InvalidRequest("A parameter is repeated.")
        if _CONTROL.search(value):
            raise InvalidRequest("A parameter has a control character.")
        found[name] = value
    return {name: value for name, value in found.items() if value}
