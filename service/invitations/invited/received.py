"""The rows that an accepted or rejected invitation leaves with the side that was invited."""

from uuid import uuid4

from sqlmodel.ext.asyncio.session import AsyncSession

from service.connections import operations
from service.connections.models import Connection
from service.connections.schemas import InvitationAcceptance
from service.database.columns import seal, unseal
from service.database.rows import find
from service.database.sessions import reading
from service.egress.web_addresses import normalise
from service.instance_keys.operations import signing_key
from service.instances.operations import issuer_of
from service.invitations.invitation.models import Direction, Invitation
from service.invitations.invited.preview import Inspection
from service.node import Node
from service.trust.purposes import ANY_AUDIENCE
from service.trust.tokens import comparison_code
from service.values.texts import new_id
from service.words import DestinationType, Role


async def build(
    session: AsyncSession, node: Node, found: Inspection, wanted: InvitationAcceptance
) -> tuple[Connection, Invitation]:
    """Return both rows, with a fresh shared id; nothing has left this node yet but questions."""
    code, snapshot, names = found.code, found.snapshot, found.names
    assert code is not None  # noqa: S101 - an invitation without a reason not to has all three
    assert snapshot is not None  # noqa: S101
    assert names is not None  # noqa: S101
    instance, now, shared_id = found.instance, node.clock.now(), str(uuid4())
    facts = snapshot.metadata.parley_instance
    here = wanted.local_short_name or names.local_short_name
    there = wanted.destination_short_name or names.destination_short_name
    operations.check_short_names(here, there)
    connection = Connection(
        id=new_id("con"),
        instance_id=instance.id,
        role=Role.RESPONDER,
        type=DestinationType.PUBLIC,
        mode=code.mode,
        scope=code.scope,
        shared_id=shared_id,
        name=wanted.name or names.name,
        description=wanted.description,
        local_short_name=here,
        destination_short_name=there,
        destination_url=normalise(facts.url).url,
        destination_node_url=code.issuer,
        destination_platform=facts.platform,
        return_url=wanted.return_url,
        labels=wanted.metadata,
        created_at=now,
        updated_at=now,
    )
    invitation = received_row(node, found, shared_id)
    key = await signing_key(session, node.sealer, instance.id)
    invitation.comparison_code = comparison_code(code.issuer, key.kid, shared_id, code.reference)
    invitation.connection_id = connection.id
    connection.invitation_id = invitation.id
    return connection, invitation


def received_row(node: Node, found: Inspection, shared_id: str | None) -> Invitation:
    """Return the row of a received invitation; its secret is sealed."""
    code, snapshot, status = found.code, found.snapshot, found.status
    assert code is not None  # noqa: S101 - only what was read is stored
    assert snapshot is not None  # noqa: S101
    invitation_id = new_id("inv")
    return Invitation(
        id=invitation_id,
        instance_id=found.instance.id,
        direction=Direction.RECEIVED,
        reference=code.reference,
        inviter_issuer=code.issuer,
        mode=code.mode,
        scope=code.scope,
        expected_partner=None
        if code.audience == ANY_AUDIENCE
        else issuer_of(node.settings, found.instance.slug),
        confirmation_required=status.confirmation_required if status else True,
        secret_sealed=seal(node.sealer, Invitation, invitation_id, "secret_sealed", code.secret),
        shared_id=shared_id,
        peer=snapshot.to_json(),
        expires_at=code.expires_at,
        created_at=node.clock.now(),
    )


async def read_invitation(node: Node, invitation_id: str) -> Invitation | None:
    """Return the invitation as it is stored now."""
    async with reading(node.database) as session:
        return await find(session, Invitation, invitation_id)


def secret_of(node: Node, invitation: Invitation) -> str:
    """Return the secret of a received invitation that is not over."""
    return unseal(node.sealer, invitation, "secret_sealed")
