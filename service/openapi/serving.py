"""The description is made once, and sent as small as the reader takes it; who has it already gets none."""

import gzip
import hashlib
import json
import re
from dataclasses import dataclass
from http import HTTPStatus

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

PATH = "/openapi.json"
_NO_GZIP = re.compile(r"gzip\s*;\s*q\s*=\s*0(?:\.0*)?\s*(?:,|$)")


@dataclass(frozen=True, slots=True)
class Prepared:
    """The description as it is sent."""

    plain: bytes
    zipped: bytes
    etag: str


def install_route(app: FastAPI) -> None:
    """`GET /openapi.json` answers with the description of the application, in either of its sizes (RFC 9110, 8.4)."""
    prepared: list[Prepared] = []

    async def describe(request: Request) -> Response:
        if not prepared:
            prepared.append(_prepare(app))
        ready = prepared[0]
        headers = {"ETag": ready.etag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
        if ready.etag in request.headers.get("if-none-match", "").replace("W/", ""):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        accepted = request.headers.get("accept-encoding", "").lower()
        if "gzip" in accepted and not _NO_GZIP.search(accepted):
            zipped = {**headers, "Content-Encoding": "gzip"}
            return Response(ready.zipped, headers=zipped, media_type="application/json")
        return Response(ready.plain, headers=headers, media_type="application/json")

    app.add_route(PATH, describe, methods=["GET"], include_in_schema=False)


def _prepare(app: FastAPI) -> Prepared:
    plain = json.dumps(app.openapi(), ensure_ascii=False, separators=(",", ":")).encode()
    return Prepared(plain, gzip.compress(plain, 9, mtime=0), f'"{hashlib.sha256(plain).hexdigest()[:16]}"')
