"""An invitation is issued: what it may offer, to whom, until when; its code is returned once and kept nowhere (I1)."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from service.connections import operations
from service.connections.desk import Desk
from service.connections.models import Connection
from service.connections.pending import EXPIRE_INVITATION_JOB, drop_present
from service.connections.refusals import take_up
from service.connections.setup import SetUp, Step, Way, WayRefused, invitable_modes, require_step, require_way
from service.connections.states import ConnectionEvent
from service.database.rows import advance
from service.egress.web_addresses import UnusableUrl, normalise
from service.events.operations import record
from service.instance_keys.operations import signing_key
from service.instances.models import Instance
from service.instances.operations import issuer_of
from service.invitations.invitation.codes import write_code
from service.invitations.invitation.models import Direction, Invitation
from service.invitations.invitation.operations import read_expiry
from service.invitations.invitation.schemas import InvitationCreate
from service.jobs.operations import enqueue
from service.problems.tree import BothSidesPrivate, InstancePrivate, not_valid
from service.trust.tokens import new_secret
from service.values.texts import new_id
from service.words import DestinationType, Mode, Network, Scope


async def issue(
    desk: Desk, session: AsyncSession, connection_id: str, wanted: InvitationCreate, revision: int | None
) -> tuple[Invitation, str]:
    """Return a fresh invitation and its code; what was open before is over. The code is kept nowhere."""
    node, now = desk.node, desk.node.clock.now()
    connection = await operations.lock_visible(session, desk.principal, connection_id, revision)
    case = await take_up(desk, session, connection)
    instance = case.instance
    with case.way_out() as setup:
        require_step(setup, Step.ACCESS)
        require_public(instance, connection)
        require_way(setup, Way.INVITE)
        mode = choose_mode(setup, wanted.mode)
    own_issuer = issuer_of(node.settings, instance.slug)
    partner = read_partner(connection, wanted.expected_partner, own_issuer)
    scope = [word.value for word in Scope if wanted.scope is None or word in wanted.scope]
    expires_at = read_expiry(wanted.expires_at, now)
    await drop_present(session, node, connection)
    secret, invitation_id = new_secret(), new_id("inv")
    invitation = Invitation(
        id=invitation_id,
        instance_id=instance.id,
        connection_id=connection.id,
        direction=Direction.SENT,
        reference=invitation_id,
        inviter_issuer=own_issuer,
        mode=mode,
        scope=scope,
        secret_hash=node.hasher.hash(secret),
        expected_partner=partner,
        confirmation_required=wanted.confirmation_required,
        expires_at=expires_at,
        created_at=now,
    )
    await _store(session, connection, invitation, now)
    key = await signing_key(session, node.sealer, instance.id)
    return invitation, write_code(invitation, instance.url, secret, key, invitation.inviter_issuer, now)


async def _store(
    session: AsyncSession, connection: Connection, invitation: Invitation, now: datetime
) -> None:
    """The connection waits for the partner, until the invitation expires at the latest."""
    session.add(invitation)
    connection.invitation_id = invitation.id
    connection.verification_session_id = None
    connection.shared_id = None
    connection.mode = invitation.mode
    connection.scope = invitation.scope
    connection.last_error = None
    connection.touch(now)
    changes = {"expires_at": invitation.expires_at, "updated_at": now}
    await advance(session, connection, ConnectionEvent.START, **changes)
    detail = {"invitation": invitation.id, "expected_partner": invitation.expected_partner}
    record(session, connection.id, "invitation.issue", now, detail=detail)
    await enqueue(session, EXPIRE_INVITATION_JOB, invitation.id, run_at=invitation.expires_at, now=now)


def require_public(instance: Instance, connection: Connection) -> None:
    """Raise the problem of a private instance: the other node could not reach it."""
    if instance.network is not Network.PRIVATE:
        return
    if connection.type is DestinationType.PRIVATE:
        raise BothSidesPrivate("Neither this instance nor the destination can be reached by the other.")
    raise InstancePrivate(
        "The partner's node could not reach {instance_name}.",
        instance_name=instance.name,
        fix="Ask the partner to invite you, or make this instance public.",
    )


def choose_mode(setup: SetUp, wanted: Mode | None) -> Mode:
    """Return the mode that the invitation sets up; raises WayRefused where none is left."""
    possible = invitable_modes(setup)
    mode = wanted or setup.mode
    if mode is None or mode not in possible:
        names = " or ".join(possible) or "none"
        why = f"Send the mode that the invitation sets up; possible here: {names}."
        raise WayRefused(Way.INVITE, why)
    return mode


def read_partner(connection: Connection, wanted: str | None, own_issuer: str) -> str | None:
    """Return the only issuer that may claim; a destination that was found is always the one expected."""
    known = connection.destination_node_url if connection.type is DestinationType.PUBLIC else None
    if wanted is None:
        return known
    try:
        given = normalise(wanted).url
    except UnusableUrl as unusable:
        raise not_valid("/expected_partner", "url", unusable.detail) from None
    if given == own_issuer:
        raise not_valid("/expected_partner", "own_instance", "This is the node URL of the inviter itself.")
    if known is not None and given != known:
        raise not_valid(
            "/expected_partner", "other_destination", "The connection's destination is another one."
        )
    return given
