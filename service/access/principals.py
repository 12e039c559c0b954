"""Who is calling: a service by its token or a person by a sign-in session, and what they may do."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Annotated, Literal

from fastapi import Depends, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import bindparam
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col, or_, select, update
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.requests import Request

from service.access.models import ServiceToken, SessionKind, SignInSession
from service.access.scopes import SCOPES
from service.access.sign_in import PREFIX as SESSION_PREFIX
from service.database.sessions import SAFE_METHODS, SessionDep, reading, transaction
from service.database.trouble import trouble_of
from service.http.acting import ActorKind, identify
from service.instances.models import Instance
from service.instances.operations import find_instance, get_instance
from service.node import Node, NodeDep, NowDep
from service.problems.tree import MissingScope, NotFound, Unauthenticated, not_valid
from service.retries.once import read_once
from service.settings import Settings
from service.trust.tokens import is_well_formed

__all__ = ["SCOPES", "Principal", "PrincipalDep", "get_principal", "requires"]

TOKEN_PREFIX = "ply"  # noqa: S105 - how tokens begin, not one
CHALLENGE = 'Bearer realm="parley"'

_bearer = HTTPBearer(
    scheme_name="bearer",
    description="A service token (`ply_…`), or the session of a person who signed in (`pls_…`).",
    auto_error=False,
)
# Every request asks one of these, so they are built once.
_VALID_TOKEN = select(ServiceToken).where(
    ServiceToken.secret_hash == bindparam("secret_hash"),
    col(ServiceToken.revoked_at).is_(None),
    or_(col(ServiceToken.expires_at).is_(None), col(ServiceToken.expires_at) > bindparam("now")),
)
_VALID_SESSION = select(SignInSession).where(
    SignInSession.secret_hash == bindparam("secret_hash"),
    SignInSession.kind == SessionKind.BEARER,
    col(SignInSession.is_admin).is_(True),
    col(SignInSession.expires_at) > bindparam("now"),
)
BearerDep = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is calling; `instance_ids` of None means every instance of the node."""

    kind: Literal["service", "person"]
    id: str
    name: str
    scopes: frozenset[str]
    instance_ids: frozenset[str] | None
    account_id: str | None = None
    expires_at: datetime | None = None
    maker: tuple[str, str] | None = None
    """The person behind it, by instance and account: themselves, or whoever made the token; None for an operator."""

    def may_see(self, instance_id: str) -> bool:
        """True for an instance of this caller; all others do not exist for them."""
        return self.instance_ids is None or instance_id in self.instance_ids


async def get_principal(
    request: Request, node: NodeDep, now: NowDep, session: SessionDep, bearer: BearerDep
) -> Principal:
    """Return who is calling; raises Unauthenticated.

    An unsafe request is looked up in a short session of its own: its transaction would otherwise hold the one
    write lock of SQLite from here on, even while the endpoint calls a tracker.
    """
    if bearer is None:
        raise Unauthenticated("No credential was sent.", headers={"WWW-Authenticate": CHALLENGE})
    is_safe = request.method in SAFE_METHODS
    if is_safe:
        found = await _find(session, node, bearer.credentials, now)
    else:
        async with reading(node.database) as short:
            found = await _find(short, node, bearer.credentials, now)
            if found is not None and (once := await read_once(request, node, session, _who(found))):
                await once.look_up(short)
    if found is None:
        raise _not_valid()
    if isinstance(found, SignInSession):
        identify(ActorKind.PERSON, found.account_id, found.display_name)
        return person(found)
    if found.last_used_at is None or found.last_used_at < _minute(now):
        if is_safe:
            await session.close()  # who holds one connection while waiting for a second can starve a pool
        await _note_use(node, found.id, _minute(now))
    identify(ActorKind.SERVICE, found.id, found.name)
    return _service(found)


PrincipalDep = Annotated[Principal, Depends(get_principal)]


async def require_still(request: Request, node: Node, session: AsyncSession) -> None:
    """The credential of a request that has waited is still good; raises Unauthenticated."""
    _, _, secret = request.headers.get("authorization", "").partition(" ")
    if await _find(session, node, secret.strip(), node.clock.now()) is None:
        raise _not_valid()


def _not_valid() -> Unauthenticated:
    sentence = "The token or session is not known, has expired, or was revoked."
    challenge = f'{CHALLENGE}, error="invalid_token", error_description="{sentence}"'
    return Unauthenticated(sentence, headers={"WWW-Authenticate": challenge})


@cache
def requires(scope: str) -> Callable[[Principal], Awaitable[Principal]]:
    """Return the dependency that gives a caller with this scope; raises MissingScope (RFC 6750, 3.1)."""
    if scope not in SCOPES:
        raise ValueError(f"There is no scope {scope}.")

    async def check(principal: Annotated[Principal, Security(get_principal, scopes=[scope])]) -> Principal:
        if scope not in principal.scopes:
            raise missing_scope(scope)
        return principal

    return check


def missing_scope(scope: str) -> MissingScope:
    """Return the refusal that names the scope that lacks."""
    return MissingScope(
        "This needs the scope {required_scope}.",
        required_scope=scope,
        headers={"WWW-Authenticate": f'{CHALLENGE}, error="insufficient_scope", scope="{scope}"'},
    )


async def _find(
    session: AsyncSession, node: Node, secret: str, now: datetime
) -> ServiceToken | SignInSession | None:
    """Return the row of a valid secret; one that was mistyped is not looked up."""
    values = {"secret_hash": node.hasher.hash(secret), "now": now}
    if is_well_formed(secret, TOKEN_PREFIX):
        return (await session.exec(_VALID_TOKEN, params=values)).one_or_none()
    if is_well_formed(secret, SESSION_PREFIX):
        return (await session.exec(_VALID_SESSION, params=values)).one_or_none()
    return None


async def _note_use(node: Node, token_id: str, minute: datetime) -> None:
    """The token's last use is known to the minute, so that at most one request in a minute writes."""
    unnoted = or_(col(ServiceToken.last_used_at).is_(None), col(ServiceToken.last_used_at) < minute)
    statement = (
        update(ServiceToken).where(col(ServiceToken.id) == token_id, unnoted).values(last_used_at=minute)
    )
    try:
        async with transaction(node.database) as session:
            await session.exec(statement)
    except SQLAlchemyError as error:
        if trouble_of(error) is None:  # else a note is no reason to refuse the request
            raise


def _who(found: ServiceToken | SignInSession) -> str:
    """Return whose Idempotency-Keys these are: a person's are the same in their next session."""
    return found.id if isinstance(found, ServiceToken) else f"{found.instance_id} {found.account_id}"


def _minute(now: datetime) -> datetime:
    return now.replace(second=0, microsecond=0)


def _service(token: ServiceToken) -> Principal:
    instance_ids = None if token.instance_ids is None else frozenset(token.instance_ids)
    scopes = frozenset(token.scopes)
    maker = None
    if token.maker_instance_id is not None and token.maker_account_id is not None:
        maker = (token.maker_instance_id, token.maker_account_id)
    return Principal(
        "service", token.id, token.name, scopes, instance_ids, expires_at=token.expires_at, maker=maker
    )


def person(session: SignInSession) -> Principal:
    """An admin has full rights on exactly their instance."""
    everything, own = frozenset(SCOPES), frozenset({session.instance_id})
    return Principal(
        "person",
        session.id,
        session.display_name,
        everything,
        own,
        session.account_id,
        session.expires_at,
        (session.instance_id, session.account_id),
    )


async def own_instance(
    session: AsyncSession, settings: Settings, principal: Principal, name: str | None
) -> Instance:
    """Return the instance of this id, slug or node URL; the only one of the caller needs no name.

    That of somebody else is refused in the words for one that does not exist.
    """
    if name is None:
        ids = principal.instance_ids
        if ids is None or len(ids) != 1:
            raise not_valid("/instance", "missing", "Say which instance: this caller has more than one.")
        return await get_instance(session, next(iter(ids)))
    try:
        instance = await find_instance(session, settings, name)
    except NotFound:
        instance = None
    if instance is None or not principal.may_see(instance.id):
        raise NotFound("There is no instance {name}.", name=name)
    return instance
