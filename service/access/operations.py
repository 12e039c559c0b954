"""What is done with service tokens: made, listed, revoked; never with more rights than their maker has."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from service.access.models import ServiceToken
from service.access.principals import TOKEN_PREFIX, Principal, missing_scope
from service.access.scopes import SCOPES
from service.database.pagination import Keyset, Page, PageRequest, read_page
from service.instances.operations import get_instance
from service.problems.tree import MissingScope, NotFound, not_valid
from service.trust.tokens import Hasher, new_token
from service.values.texts import is_storable, new_id

BATCH = 100
UNREVOKED = select(ServiceToken).where(col(ServiceToken.revoked_at).is_(None))
OLDEST_FIRST: Keyset[ServiceToken] = Keyset(
    "access_tokens", [col(ServiceToken.id)], lambda token: (token.id,)
)


@dataclass(frozen=True, slots=True)
class NewToken:
    """What is said about a token when it is made; `instance_ids` of None means every instance."""

    name: str
    scopes: frozenset[str]
    instance_ids: frozenset[str] | None
    expires_at: datetime | None = None


async def issue_token(
    session: AsyncSession,
    hasher: Hasher,
    name: str,
    scopes: Iterable[str],
    instance_ids: Iterable[str] | None,
    now: datetime,
    expires_at: datetime | None = None,
    maker: tuple[str, str] | None = None,
) -> tuple[ServiceToken, str]:
    """Return the stored token and its secret, which is shown here and never again."""
    chosen = set(scopes)
    if unknown := chosen - set(SCOPES):
        raise ValueError(f"There is no scope {min(unknown)}; there are {', '.join(SCOPES)}.")
    secret = new_token(TOKEN_PREFIX)
    token = ServiceToken(
        id=new_id("tok"),
        name=name,
        secret_hash=hasher.hash(secret),
        scopes=sorted(chosen),
        instance_ids=None if instance_ids is None else sorted(set(instance_ids)),
        created_at=now,
        expires_at=expires_at,
        maker_instance_id=maker[0] if maker else None,
        maker_account_id=maker[1] if maker else None,
    )
    session.add(token)
    await session.flush()
    return token, secret


async def delegate_token(
    session: AsyncSession, hasher: Hasher, maker: Principal, new: NewToken, now: datetime
) -> tuple[ServiceToken, str]:
    """Return a token with at most its maker's scopes, instances and life; raises what it lacks."""
    if lacking := new.scopes - maker.scopes:
        raise missing_scope(min(lacking))
    await _require_instances(session, maker, new.instance_ids)
    expires_at = _lifetime(maker, new.expires_at, now)
    return await issue_token(
        session, hasher, new.name, new.scopes, new.instance_ids, now, expires_at, maker.maker
    )


async def list_tokens(session: AsyncSession, caller: Principal, asked: PageRequest) -> Page[ServiceToken]:
    """Return a page of the tokens that the caller may revoke, the oldest first; raises InvalidPageToken.

    The two databases look into JSON in ways of their own, so a caller of few rights reads past the others.
    """
    if caller.instance_ids is None and caller.scopes >= set(SCOPES):
        return await read_page(session, UNREVOKED, OLDEST_FIRST, asked)
    found: list[ServiceToken] = []
    batch: Page[ServiceToken] = Page((), asked.token)
    while True:
        batch = await read_page(session, UNREVOKED, OLDEST_FIRST, PageRequest(BATCH, batch.next_page_token))
        found += [token for token in batch.rows if _may_revoke(caller, token)]
        if len(found) > asked.limit:
            shown = found[: asked.limit]
            return Page(shown, OLDEST_FIRST.token_after(shown[-1]))
        if batch.next_page_token is None:
            return Page(found, None)


async def revoke_token(session: AsyncSession, caller: Principal, token_id: str, now: datetime) -> None:
    """The token opens nothing any more; raises NotFound for one that the caller may not revoke."""
    statement = UNREVOKED.where(ServiceToken.id == token_id).with_for_update()
    token = (await session.exec(statement)).one_or_none() if is_storable(token_id) else None
    if token is None or not _may_revoke(caller, token):
        raise NotFound("There is no access token {id}.", id=token_id)
    token.revoked_at = now


async def forget_instance(session: AsyncSession, instance_id: str, now: datetime) -> None:
    """No token names the instance any more; one that was for it alone is revoked."""
    for token in (await session.exec(UNREVOKED)).all():
        if instance_id in (token.instance_ids or ()):
            token.instance_ids = [other for other in token.instance_ids or () if other != instance_id]
            token.revoked_at = None if token.instance_ids else now


def _may_revoke(caller: Principal, token: ServiceToken) -> bool:
    """True for a token that reaches no further than the caller does, and may do nothing more."""
    if not caller.scopes.issuperset(token.scopes):
        return False
    if caller.instance_ids is None:
        return True
    return token.instance_ids is not None and caller.instance_ids.issuperset(token.instance_ids)


async def _require_instances(
    session: AsyncSession, maker: Principal, instance_ids: frozenset[str] | None
) -> None:
    if instance_ids is None:
        if maker.instance_ids is not None:
            raise MissingScope(
                "A token for all instances is made with one for all instances.",
                required_scope="tokens:write",
                fix="Name the instances, or use a token for all: parley token create --all-instances.",
            )
        return
    for instance_id in sorted(instance_ids):
        if not maker.may_see(instance_id):
            raise NotFound("There is no instance {id}.", id=instance_id)
        await get_instance(session, instance_id)


def _lifetime(maker: Principal, expires_at: datetime | None, now: datetime) -> datetime | None:
    """Return when the new token expires; a service's own expiry is the latest possible."""
    latest = maker.expires_at if maker.kind == "service" else None
    if expires_at is None:
        return latest
    if expires_at <= now:
        raise not_valid("/expires_at", "past", "The token would have expired already.")
    if latest is not None and expires_at > latest:
        raise not_valid("/expires_at", "too_late", f"Your own token expires at {latest:%Y-%m-%dT%H:%M:%SZ}.")
    return expires_at
