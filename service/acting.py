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
