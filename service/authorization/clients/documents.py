"""What a client says of itself at its own address (draft-ietf-oauth-client-id-metadata-document)."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import urlsplit

from pydantic import ValidationError
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel.ext.asyncio.session import AsyncSession

from service.authorization.shares import spend
from service.database.sessions import reading
from service.egress.client import Answer, EgressFailure, Reason
from service.limits.at_once import Full
from service.limits.table import FETCHES_BY_HOST, FETCHES_BY_SOURCE
from service.node import Node
from service.protocol.errors import InvalidClient, ServerNotReady
from service.protocol.messages import ClientDocument, KeySet, Wire
from service.protocol.replay import CachedDocument
from service.settings import Settings, is_loopback_host
from service.trust.signatures import InvalidSignature, check_public_jwk

MAX_DOCUMENT_BYTES = 5 * 1024
MOST_DOCUMENTS = 5_000
MOST_FETCHES = 20
CACHED_FOR = timedelta(hours=1)
MAY_PASS = frozenset({Reason.DNS, Reason.REFUSED, Reason.TIMEOUT, Reason.CONNECTION_LOST})
# One spelling of each address, so that "identical" and "same origin" mean what people see.
_CLIENT_ID = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(?::[1-9][0-9]{0,4})?"
    r"/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*"
)
_DOT_SEGMENT = re.compile(r"/(\.|%2e){1,2}(/|$)", re.IGNORECASE)
Message = TypeVar("Message", bound=Wire)


@dataclass(frozen=True, slots=True)
class Client:
    """A client by its document. `fetched` is what was read just now, to be cached once it proved a key."""

    client_id: str
    document: ClientDocument
    jwks: list[dict[str, str]]
    fetched: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Asking:
    """Who makes this node call others, and when."""

    source: str
    now: datetime


def check_client_id(client_id: str, settings: Settings) -> None:
    """The client id is an address that a document can have; raises InvalidClient."""
    match = _CLIENT_ID.fullmatch(client_id)
    if match is None or _DOT_SEGMENT.search(client_id):
        raise InvalidClient("client_id is the https URL of the client document, without query and fragment.")
    is_local = settings.is_development and is_loopback_host(match["host"].strip("[]"))
    if match["scheme"] != "https" and not is_local:
        raise InvalidClient("client_id must be an https URL.")


def origin_of(url: str) -> str:
    """Return scheme, host and port of a URL as browsers compare them; raises ValueError."""
    parts = urlsplit(url)
    if "@" in parts.netloc:
        raise ValueError(url)
    host = parts.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    default = {"https": 443, "http": 80}.get(parts.scheme)
    return f"{parts.scheme}://{shown}" + (f":{parts.port}" if parts.port not in {None, default} else "")


def has_same_origin(url: str, client_id: str) -> bool:
    """True where both addresses have the same scheme, host and port."""
    try:
        return origin_of(url) == origin_of(client_id)
    except ValueError:
        return False


async def read_client(node: Node, client_id: str, asking: Asking, *, from_cache: bool = True) -> Client:
    """Return the client by its document and keys; raises InvalidClient or ServerNotReady.

    The document is a stranger's: nothing of it counts before the client has proved one of its keys.
    """
    fetched: dict[str, str] = {}
    value = await _read(node, client_id, asking, fetched, from_cache=from_cache)
    document = _parse(ClientDocument, value)
    if document.client_id != client_id:
        raise InvalidClient("The client document has another client_id than its own address.")
    if (document.jwks is None) == (document.jwks_uri is None):
        raise InvalidClient("The client document needs either jwks or jwks_uri.")
    keys = value.get("jwks")
    if document.jwks_uri is not None:
        if not has_same_origin(document.jwks_uri, client_id):
            raise InvalidClient("The client's jwks_uri has another origin than its client_id.")
        keys = await _read(node, document.jwks_uri, asking, fetched, from_cache=from_cache)
    return Client(client_id, document, _check_keys(keys), fetched)


async def remember(session: AsyncSession, client: Client, now: datetime) -> None:
    """What was fetched is cached from now on; call it only after the client proved one of its keys."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    for url, document in client.fetched.items():
        changes = {"document": document, "fetched_at": now}
        insert = dialect.insert(CachedDocument).values(url=url, **changes)
        await session.exec(insert.on_conflict_do_update(index_elements=["url"], set_=changes))


def _check_keys(unverified_keys: object) -> list[dict[str, str]]:
    """Return the keys, each of them valid; raises InvalidClient."""
    _parse(KeySet, unverified_keys)
    try:
        # The raw keys: a parsed one no longer shows whether it had a private part.
        return [check_public_jwk(key) for key in unverified_keys["keys"]]  # type: ignore[index]
    except InvalidSignature:
        raise InvalidClient("A key of the client is not an ES256 public key.") from None


def _parse(kind: type[Message], unverified_value: object) -> Message:
    try:
        return kind.model_validate(unverified_value)
    except ValidationError:
        raise InvalidClient(f"What the client's address shows is not a valid {kind.__name__}.") from None


async def _read(node: Node, url: str, asking: Asking, fetched: dict[str, str], *, from_cache: bool) -> Any:
    """Return the JSON at the URL, from the cache for up to an hour."""
    cached = await _cached(node, url, asking.now) if from_cache else None
    if cached is not None:
        return json.loads(cached)
    host = urlsplit(url).hostname or ""
    spend(node, asking.now, (FETCHES_BY_SOURCE, asking.source), (FETCHES_BY_HOST, host))
    try:
        async with node.at_once.place("client documents", MOST_FETCHES):
            value = _json(await _fetch(node, url))
    except Full:
        raise ServerNotReady("This node is reading as many client documents as it can.") from None
    fetched[url] = json.dumps(value)
    return value


async def _cached(node: Node, url: str, now: datetime) -> str | None:
    async with reading(node.database) as session:
        found = await session.get(CachedDocument, url)
    # What seems to come from the future was fetched before the clock was set back: nobody knows how long ago.
    return found.document if found is not None and now - CACHED_FOR < found.fetched_at <= now else None


async def _fetch(node: Node, url: str) -> Answer:
    """Return the answer; a stranger does not learn from the refusal what this node can reach."""
    try:
        return await node.egress.request(
            "GET", url, headers={"Accept": "application/json"}, max_bytes=MAX_DOCUMENT_BYTES
        )
    except EgressFailure as failure:
        if failure.reason in MAY_PASS:
            raise ServerNotReady("The client document could not be read.") from None
        raise InvalidClient("The client document could not be read.") from None


def _json(answer: Answer) -> object:
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise ServerNotReady("The client document could not be read.")
    try:
        if answer.status == HTTPStatus.OK:
            return answer.json()
    except EgressFailure:
        pass
    raise InvalidClient("The client document could not be read.")
