"""Who is behind what happens now: set at the edge of a request or job, read where it is written down."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from enum import StrEnum


class ActorKind(StrEnum):
    """Who can be behind a change."""

    ANONYMOUS = "anonymous"
    PERSON = "person"
    SERVICE = "service"
    OTHER_SIDE = "other_side"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Acting:
    """Who acts, and from where; a job of the node itself has neither name nor address."""

    kind: ActorKind = ActorKind.SYSTEM
    id: str | None = None
    name: str | None = None
    address: str | None = None
    request_id: str | None = None


@dataclass(slots=True)
class _Request:
    """One request, shared by all contexts that the framework copies for it."""

    acting: Acting
    connection_id: str | None = None
    is_told: bool = False


_request: ContextVar[_Request | None] = ContextVar("request", default=None)


def current() -> Acting:
    """Return who acts in this request; without one it is the node itself."""
    request = _request.get()
    return request.acting if request else Acting()


@contextmanager
def arrived(address: str | None, request_id: str) -> Iterator[None]:
    """A request has come from this address; who it is nobody has proved yet."""
    token = _request.set(_Request(Acting(ActorKind.ANONYMOUS, address=address, request_id=request_id)))
    try:
        yield
    finally:
        _request.reset(token)


def identify(kind: ActorKind, actor_id: str, name: str | None = None) -> None:
    """The present request is this one's from here on."""
    if request := _request.get():
        request.acting = replace(request.acting, kind=kind, id=actor_id, name=name)


def concerns(connection_id: str | None) -> None:
    """The present request is about this connection, whatever its path says."""
    if (request := _request.get()) and connection_id is not None:
        request.connection_id = connection_id


def concerned() -> str | None:
    """Return the connection that the present request is about, where something has said so."""
    request = _request.get()
    return request.connection_id if request else None


def told() -> None:
    """The refusal of the present request has been written down already."""
    if request := _request.get():
        request.is_told = True


def is_told() -> bool:
    """True where nobody has to write down the refusal of the present request any more."""
    request = _request.get()
    return request is not None and request.is_told
