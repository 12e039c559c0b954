"""What is done with one attempt by itself. What also concerns its connection is in `connections/pending.py`."""

from datetime import timedelta
from uuid import uuid4

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from service.database.columns import seal
from service.database.rows import advance, as_stored
from service.discovery.node_metadata import NodeSnapshot
from service.instances.models import Instance
from service.instances.operations import issuer_of
from service.node import Node
from service.protocol.messages import CLIENT_DOCUMENT_PATH
from service.settings import Settings
from service.trust.tokens import comparison_code, new_secret, pkce_challenge
from service.values.texts import new_id
from service.verification.session.models import VerificationSession
from service.verification.session.schemas import AdminOut, VerificationSessionOut
from service.verification.session.states import VerificationEvent

LIFE = timedelta(minutes=15)


def start_url(settings: Settings, session_id: str) -> str:
    """Return the page where the admin's browser begins, and to which it comes back."""
    return f"{settings.public_url}/v1/verification-sessions/{session_id}/start"


def new_attempt(
    node: Node,
    instance: Instance,
    connection_id: str,
    there: NodeSnapshot,
    scope: list[str],
    owner_account: str | None,
) -> VerificationSession:
    """Return a fresh attempt with its own shared id and code verifier; nothing has left this node yet."""
    now = node.clock.now()
    attempt_id, shared_id, verifier = new_id("vs"), str(uuid4()), new_secret()
    client_id = issuer_of(node.settings, instance.slug) + CLIENT_DOCUMENT_PATH
    return VerificationSession(
        id=attempt_id,
        connection_id=connection_id,
        instance_id=instance.id,
        shared_id=shared_id,
        owner_account=owner_account,
        peer_issuer=there.issuer,
        peer=there.to_json(),
        requested_scope=scope,
        comparison_code=comparison_code(client_id, there.issuer, shared_id, pkce_challenge(verifier)),
        code_verifier_sealed=seal(
            node.sealer, VerificationSession, attempt_id, "code_verifier_sealed", verifier
        ),
        expires_at=now + LIFE,
        created_at=now,
    )


async def start(
    session: AsyncSession,
    node: Node,
    attempt: VerificationSession,
    owner_account: str,
    browser_id: str,
) -> VerificationSession:
    """The attempt belongs to this person in this browser, and has its `state` and `nonce` before anything is sent."""
    state = new_secret()
    return await advance(
        session,
        attempt,
        VerificationEvent.START,
        owner_account=owner_account,
        browser_id=browser_id,
        state_hash=node.hasher.hash(state),
        state_sealed=seal(node.sealer, VerificationSession, attempt.id, "state_sealed", state),
        nonce=new_secret(),
    )


async def find_by_state(
    session: AsyncSession, node: Node, instance_id: str, state: str
) -> VerificationSession | None:
    """Return the attempt of this instance that sent this `state`; only its hash is stored to look it up."""
    statement = select(VerificationSession).where(
        VerificationSession.instance_id == instance_id,
        VerificationSession.state_hash == node.hasher.hash(state),
    )
    return (await session.exec(statement)).one_or_none()


def to_out(attempt: VerificationSession, settings: Settings) -> VerificationSessionOut:
    """Return the attempt as its readers see it."""
    admin = None
    if attempt.admin_checked_at is not None:
        admin = AdminOut(display_name=attempt.admin_name or "", checked_at=attempt.admin_checked_at)
    return VerificationSessionOut(
        **as_stored(attempt, VerificationSessionOut),
        connection=attempt.connection_id,
        start_url=start_url(settings, attempt.id),
        admin=admin,
    )
