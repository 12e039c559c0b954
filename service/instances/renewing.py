"""The connection's user by OAuth: its access is renewed before it is over, and each new refresh token is kept."""

from datetime import datetime, timedelta

from sqlmodel import col, or_, update

from service.database.sessions import reading, transaction
from service.instances.credentials import open_credential, seal_credential
from service.instances.models import Instance
from service.instances.oauth_clients import open_client
from service.instances.operations import issuer_of
from service.node import Node
from service.platforms.description import PlatformDescription
from service.platforms.interface import Credential, SignInFailure, SignInReason
from service.platforms.oauth import Grant, provider_of, refresh

EARLY = timedelta(minutes=2)
# Longer than a call can take: where a process died with the answer, the next one tries what is left.
CLAIM = timedelta(minutes=1)


def credential_of(method: str, grant: Grant, now: datetime, refresh_token: str | None = None) -> Credential:
    """Return what is stored of a grant; where the platform gives no new refresh token, the one so far stays good."""
    values = {"access_token": grant.access_token}
    if again := grant.refresh_token or refresh_token:
        values["refresh_token"] = again
    if grant.expires_in is not None:
        values["expires_at"] = (now + timedelta(seconds=grant.expires_in)).isoformat()
    return Credential(method, values)


async def usable_credential(
    node: Node, description: PlatformDescription, instance: Instance
) -> Credential | None:
    """Return the connection's user, renewed where it is time; None where none is stored.

    Raises SealBroken, and SignInFailure where it cannot be renewed now or ever. No transaction is open. One process
    renews: a rotating refresh token that is shown twice may end all access (RFC 9700, section 4.14.2).
    """
    credential = open_credential(node.sealer, instance)
    if credential is None or not _is_over(credential, node.clock.now()):
        return credential
    if not await _claim(node, instance):
        return await _renewed_by_another(node, description, instance)
    try:
        renewed = await _renew(node, description, instance, credential)
    except SignInFailure:
        await _store(node, instance, {"credential_renewing_until": None})
        raise
    sealed = seal_credential(node.sealer, instance.id, renewed)
    await _store(node, instance, {"credential_sealed": sealed, "credential_renewing_until": None})
    return renewed


def _is_over(credential: Credential, now: datetime) -> bool:
    expires_at = credential.values.get("expires_at")
    return expires_at is not None and datetime.fromisoformat(expires_at) - EARLY <= now


async def _renew(
    node: Node, description: PlatformDescription, instance: Instance, credential: Credential
) -> Credential:
    provider = provider_of(description, credential.method, instance.url)
    client = open_client(node, instance)
    shown = credential.values.get("refresh_token")
    if provider is None or client is None or shown is None:
        raise _over(node, description, instance)
    try:
        grant = await refresh(node.egress, provider, client, shown)
    except SignInFailure as failure:
        raise (
            _over(node, description, instance)
            if failure.reason is SignInReason.WRONG_CREDENTIALS
            else failure
        ) from None
    return credential_of(credential.method, grant, node.clock.now(), shown)


def _over(node: Node, description: PlatformDescription, instance: Instance) -> SignInFailure:
    where = f"{issuer_of(node.settings, instance.slug)}/connection-user"
    return SignInFailure(
        SignInReason.WRONG_CREDENTIALS,
        f"{description.label} gives the connection's user no access any more: it was revoked, or unused for too long. "
        f"An admin of the instance can connect the user again: {where}",
    )


async def _claim(node: Node, instance: Instance) -> bool:
    """True for the one process that may show this refresh token."""
    now = node.clock.now()
    free = or_(
        col(Instance.credential_renewing_until).is_(None), col(Instance.credential_renewing_until) <= now
    )
    statement = (
        update(Instance)
        .where(
            col(Instance.id) == instance.id,
            col(Instance.credential_sealed) == instance.credential_sealed,
            free,
        )
        .values(credential_renewing_until=now + CLAIM)
    )
    async with transaction(node.database) as session:
        return (await session.exec(statement)).rowcount == 1


async def _renewed_by_another(
    node: Node, description: PlatformDescription, instance: Instance
) -> Credential | None:
    async with reading(node.database) as session:
        stored = await session.get(Instance, instance.id)
    credential = open_credential(node.sealer, stored) if stored else None
    if credential is not None and _is_over(credential, node.clock.now()):
        detail = f"The access of the connection's user to {description.label} is being renewed. Try again in a moment."
        raise SignInFailure(SignInReason.UNREACHABLE, detail, retry_after=5)
    return credential


async def _store(node: Node, instance: Instance, values: dict[str, object]) -> None:
    """The columns have these values, unless somebody stored another user meanwhile."""
    statement = (
        update(Instance)
        .where(col(Instance.id) == instance.id, col(Instance.credential_sealed) == instance.credential_sealed)
        .values(**values)
    )
    async with transaction(node.database) as session:
        await session.exec(statement)
