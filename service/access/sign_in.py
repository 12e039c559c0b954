"""People sign in with the instance's own account; the live check is the sign-in, nothing typed is kept."""

from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy import bindparam
from sqlmodel import col, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from service.access.models import ServiceToken, SessionKind, SignInSession
from service.access.wrong_sign_ins import Try, accept_try, count_try, read_try, take_back_try
from service.database.sessions import transaction
from service.instances.models import Instance
from service.instances.operations import platform_of
from service.node import Node
from service.platforms.interface import Credential, Person, Platform, SignInFailure, SignInReason
from service.platforms.registry import Registry
from service.problems.tree import NotAnAdmin, PlatformUnreachable, Problem, Unauthenticated, literal
from service.trust.tokens import Hasher, is_well_formed, new_token
from service.values.texts import new_id

PREFIX = "pls"
LIFETIME = timedelta(minutes=30)
# A decision counts of somebody who proved just now that they are an admin.
FRESH = timedelta(minutes=5)
MOST_PER_ACCOUNT = 20
# Every page or sign-in asks these, so they are built once.
_BY_COOKIE = select(SignInSession).where(
    SignInSession.secret_hash == bindparam("secret_hash"),
    SignInSession.instance_id == bindparam("at"),
    SignInSession.kind == SessionKind.COOKIE,
    col(SignInSession.expires_at) > bindparam("now"),
)
_OLDEST = (
    select(SignInSession.id)
    .where(SignInSession.instance_id == bindparam("at"), SignInSession.account_id == bindparam("whose"))
    .order_by(col(SignInSession.signed_in_at).desc(), col(SignInSession.id).desc())
    .offset(MOST_PER_ACCOUNT)
)
_OLDEST_GONE = (
    delete(SignInSession)
    .where(col(SignInSession.id).in_(_OLDEST))
    .execution_options(synchronize_session=False)
)
_EXPIRED_GONE = (
    delete(SignInSession)
    .where(col(SignInSession.expires_at) <= bindparam("now"))
    .execution_options(synchronize_session=False)
)
WAIT = "Nothing has to be mended: try again when the time in Retry-After is over, or in a few minutes."
# The person can set these right; the others are the instance's.
REASONS_OF_THE_PERSON = frozenset(
    {
        SignInReason.WRONG_CREDENTIALS,
        SignInReason.PASSWORD_CHANGE_DUE,
        SignInReason.LOCKED_OUT,
        SignInReason.RIGHT_MISSING,
    }
)


async def sign_in(
    node: Node,
    platforms: Registry,
    instance: Instance,
    credential: Credential,
    *,
    kind: SessionKind,
    for_request: str | None = None,
    browser_id: str | None = None,
) -> tuple[SignInSession, str]:
    """Return the stored session and its secret: the platform confirmed the account; raises SignInFailure.

    Call it outside of any transaction. A person who is no admin gets a session too where pages have to tell
    them (a cookie); a bearer session is refused with NotAnAdmin. Whoever guesses is refused with RateLimited.
    """
    tried = read_try(platform_of(platforms, instance).description, instance, credential)
    person = await _ask(node, platform_of(platforms, instance), instance, credential, tried)
    secret = new_token(PREFIX)
    now = node.clock.now()
    session = _session(instance, person, kind, for_request, node.hasher.hash(secret), now)
    session.browser_id = browser_id or session.browser_id
    is_refused = kind is SessionKind.BEARER and not person.is_admin
    async with transaction(node.database) as database:
        await accept_try(database, tried, now)
        if not person.is_admin:
            await _end_rights(database, instance.id, person.account_id, now)
        if not is_refused:
            await forget_expired(database, now)
            database.add(session)
            await _keep_newest(database, session)
    if is_refused:
        raise not_an_admin(instance, person.display_name, person.missing)
    return session, secret


async def _end_rights(session: AsyncSession, instance_id: str, account_id: str, now: datetime) -> None:
    """What this person had as an admin works no more: the tokens behind which they are, and their sessions."""
    theirs = (
        col(ServiceToken.maker_instance_id) == instance_id,
        col(ServiceToken.maker_account_id) == account_id,
        col(ServiceToken.revoked_at).is_(None),
    )
    as_admin = (
        col(SignInSession.instance_id) == instance_id,
        col(SignInSession.account_id) == account_id,
        col(SignInSession.is_admin).is_(True),
    )
    await session.exec(update(ServiceToken).where(*theirs).values(revoked_at=now))
    await session.exec(delete(SignInSession).where(*as_admin))


async def forget_expired(session: AsyncSession, now: datetime) -> None:
    """Sessions whose time is over are gone."""
    await session.exec(_EXPIRED_GONE, params={"now": now})


async def _keep_newest(session: AsyncSession, newest: SignInSession) -> None:
    """An account has so many sessions at an instance: who signs in once more ends the oldest of their own."""
    await session.flush()
    await session.exec(_OLDEST_GONE, params={"at": newest.instance_id, "whose": newest.account_id})


async def _ask(
    node: Node, platform: Platform, instance: Instance, credential: Credential, tried: Try
) -> Person:
    """Return whom the platform confirms. It is asked once, whatever it answers: it counts wrong passwords too."""
    await count_try(node, tried)
    try:
        return await platform.sign_in(node.egress, instance.url, credential)
    except SignInFailure as failure:
        if failure.reason is not SignInReason.WRONG_CREDENTIALS:
            await take_back_try(node, tried)
        raise


async def find_sign_in(
    session: AsyncSession, hasher: Hasher, secret: str, instance_id: str, now: datetime
) -> SignInSession | None:
    """Return the unexpired session that a cookie names at this instance; asking `is_admin` is left to do."""
    if not is_well_formed(secret, PREFIX):
        return None
    values = {"secret_hash": hasher.hash(secret), "at": instance_id, "now": now}
    return (await session.exec(_BY_COOKIE, params=values)).one_or_none()


async def sign_out(session: AsyncSession, sign_in_session_id: str) -> None:
    """The session is over, wherever its secret still lies."""
    await session.exec(delete(SignInSession).where(col(SignInSession.id) == sign_in_session_id))


def not_an_admin(instance: Instance, person: str, missing: str | None) -> NotAnAdmin:
    """Return the refusal that names the right that lacks, and where to have it granted."""
    return NotAnAdmin(
        "{person} is not an admin of {instance_name}.",
        person=person,
        instance_name=instance.name,
        missing=missing,
    )


def as_problem(failure: SignInFailure, instance: Instance) -> Problem:
    """Return the failure as the REST API tells it: the adapter's sentence, and whose move it is."""
    detail = literal(failure.detail)
    if failure.reason in REASONS_OF_THE_PERSON:
        return Unauthenticated(
            detail,
            reason=failure.reason,
            fix="Correct the account's login, password or key, and sign in again.",
        )
    upstream = {"reason": failure.reason, "host": urlsplit(instance.url).hostname}
    if failure.cause is not None:
        upstream["cause"] = str(failure.cause)
    headers = {"Retry-After": str(failure.retry_after)} if failure.retry_after else {}
    return PlatformUnreachable(
        detail,
        fix=WAIT if failure.reason is SignInReason.RATE_LIMITED else None,
        headers=headers,
        upstream=upstream,
    )


def _session(
    instance: Instance,
    person: Person,
    kind: SessionKind,
    for_request: str | None,
    secret_hash: str,
    now: datetime,
) -> SignInSession:
    return SignInSession(
        id=new_id("ses"),
        instance_id=instance.id,
        secret_hash=secret_hash,
        kind=kind,
        account_id=person.account_id,
        login=person.login,
        display_name=person.display_name,
        is_admin=person.is_admin,
        missing=person.missing,
        for_request=for_request,
        browser_id=new_id("bro"),
        signed_in_at=now,
        expires_at=now + LIFETIME,
    )
