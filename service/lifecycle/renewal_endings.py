"""A connection that closes takes its own attempt to verify it anew with it, whoever closes it."""

from sqlmodel.ext.asyncio.session import AsyncSession

from service.connections.models import Connection
from service.database.database import advance, find, get_for_update
from service.verification.session.models import VerificationSession
from service.verification.session.states import OPEN, VerificationEvent, VerificationState

# What the other side may have committed is ended by its answer only.
STILL_OURS = OPEN - {VerificationState.VERIFIED}


async def end_renewal(session: AsyncSession, connection: Connection) -> VerificationSession | None:
    """The open renewal is cancelled; return it where the other side has heard of it, and will be told."""
    if connection.verification_session_id is None:
        return None
    found = await find(session, VerificationSession, connection.verification_session_id)
    if found is None or not found.is_renewal:
        return None
    attempt = await get_for_update(session, VerificationSession, found.id)
    if attempt.state not in STILL_OURS:
        return None
    was_pushed = attempt.state is not VerificationState.CREATED
    changes = {"code_sealed": None, "access_token_sealed": None}
    await advance(session, attempt, VerificationEvent.CANCEL, **changes)
    return attempt if was_pushed else None
