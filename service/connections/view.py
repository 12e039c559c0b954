"""A stored connection as its readers see it."""

from collections.abc import Mapping
from typing import Any

from service.connections.actions.next import next_actions
from service.connections.actions.shape import Action, Answers
from service.connections.models import Connection
from service.connections.schemas import (
    ActionOut,
    ConnectionOut,
    ConnectionSummary,
    DestinationSide,
    LocalSide,
    StepOut,
)
from service.connections.setup import Access, SetUp, allowed_steps, current_step, steps
from service.database.rows import as_stored
from service.instances.identity import why_paused
from service.instances.models import Instance
from service.instances.operations import issuer_of
from service.invitations.invitation.codes import PAGE_PATH
from service.invitations.invitation.models import Direction, Invitation
from service.invitations.invitation.operations import host_of
from service.invitations.invitation.states import InvitationState
from service.node import Node
from service.platforms.registry import Registry
from service.settings import Settings
from service.verification.session.models import VerificationSession
from service.verification.session.operations import start_url
from service.verification.session.states import VerificationState
from service.words import Network, Role

Attempt = VerificationSession | Invitation
ACCESS_BY_STATE = {
    VerificationState.CREATED: Access.READY,
    VerificationState.STARTED: Access.AT_OTHER_SIDE,
    VerificationState.AWAITING_DECISION: Access.AT_OTHER_SIDE,
    VerificationState.CODE_RECEIVED: Access.FINISHING,
    VerificationState.VERIFIED: Access.FINISHING,
}
SENT: Mapping[InvitationState, Access] = {
    InvitationState.OPEN: Access.INVITED,
    InvitationState.CLAIMED: Access.CLAIMED,
    InvitationState.CONFIRMED: Access.FINISHING,
}
RECEIVED: Mapping[InvitationState, Access] = {
    InvitationState.CLAIMING: Access.FINISHING,
    InvitationState.CLAIMED: Access.AT_OTHER_SIDE,
    InvitationState.CONFIRMED: Access.FINISHING,
}


def set_up_of(
    connection: Connection,
    attempt: Attempt | None,
    instance: Instance | None = None,
    settings: Settings | None = None,
) -> SetUp:
    """Return what the order of steps depends on; without the instance, as if it were a public one that runs."""
    is_paused = instance is not None and settings is not None and why_paused(settings, instance) is not None
    return SetUp(
        state=connection.state,
        role=connection.role,
        type=connection.type,
        has_details=connection.local_short_name is not None,
        mode=connection.mode,
        access=_access(connection, attempt),
        is_private_here=instance is not None and instance.network is Network.PRIVATE,
        is_paused_here=is_paused,
        can_be_asked=connection.peer is not None and connection.peer["issuer"] is not None,
        renewal=_renewal(connection, attempt),
        mode_refusals=connection.mode_refusals,
    )


def _renewal(connection: Connection, attempt: Attempt | None) -> Access:
    """Return how far it is with verifying an active connection anew."""
    if not isinstance(attempt, VerificationSession) or not attempt.is_renewal:
        return Access.NONE
    if attempt.completed_at is not None or attempt.state not in ACCESS_BY_STATE:
        return Access.FAILED if connection.last_error else Access.NONE
    return ACCESS_BY_STATE[attempt.state]


def _access(connection: Connection, attempt: Attempt | None) -> Access:
    if connection.role is Role.RESPONDER and not isinstance(attempt, Invitation):
        return Access.FINISHING
    is_over = Access.FAILED if connection.last_error else Access.NONE
    match attempt:
        case VerificationSession():
            return ACCESS_BY_STATE.get(attempt.state, is_over)
        case Invitation():
            return (SENT if attempt.direction is Direction.SENT else RECEIVED).get(attempt.state, is_over)
        case _:
            return is_over


def to_summary(
    connection: Connection, attempt: Attempt | None, instance: Instance, settings: Settings
) -> ConnectionSummary:
    """Return the connection as a list shows it."""
    setup = set_up_of(connection, attempt, instance, settings)
    return ConnectionSummary(
        **as_stored(connection, ConnectionSummary),
        instance=connection.instance_id,
        current_step=current_step(setup),
        steps=[StepOut(**_plain(each), label_key=f"connection.step.{each.id}") for each in steps(setup)],
        allowed_steps=list(allowed_steps(setup)),
        local=LocalSide(
            short_name=connection.local_short_name,
            platform=instance.platform,
            url=instance.url,
            state=connection.state,
        ),
        destination=destination_side(connection),
        verification_session=connection.verification_session_id,
        invitation=connection.invitation_id,
        metadata=connection.labels,
    )


def destination_side(connection: Connection) -> DestinationSide:
    """Return the other side, as far as it is known."""
    return DestinationSide(
        short_name=connection.destination_short_name,
        platform=connection.destination_platform,
        url=connection.destination_url,
        node_url=connection.destination_node_url,
        state=connection.destination_state,
        last_seen_at=connection.destination_seen_at,
    )


def to_out(
    connection: Connection,
    attempt: Attempt | None,
    instance: Instance,
    node: Node,
    platforms: Registry,
) -> ConnectionOut:
    """Return the connection with everything that can be done next."""
    platform = platforms.get(instance.platform).description
    verification = attempt if isinstance(attempt, VerificationSession) else None
    invitation = attempt if isinstance(attempt, Invitation) else None
    answers = Answers(
        connection_id=connection.id,
        verification_session_id=connection.verification_session_id,
        start_url=start_url(node.settings, verification.id) if verification else None,
        expires_at=connection.expires_at or (attempt.expires_at if attempt else None),
        url=connection.destination_url,
        local_short_name=connection.local_short_name,
        destination_short_name=connection.destination_short_name,
        name=connection.name,
        description=connection.description,
        local_offered=platform.local,
        local_why_not=platform.local_why_not,
        configuration_url=connection.return_url or instance.url,
        invitation_id=connection.invitation_id,
        invitation_page=issuer_of(node.settings, instance.slug) + PAGE_PATH if invitation else None,
        claimed_by=_claimed_by(invitation),
        comparison_code=attempt.comparison_code if attempt else None,
        instance_id=instance.id,
        why_paused=why_paused(node.settings, instance),
        about_here=f"We are {instance.name} ({platform.label}, {instance.url}).",
    )
    actions = next_actions(set_up_of(connection, attempt, instance, node.settings), answers)
    return ConnectionOut(
        **dict(to_summary(connection, attempt, instance, node.settings)),
        next_actions=[
            ActionOut.model_validate(
                {**_plain(action), "label_key": action.label_key, "fields": _fields(action)}
            )
            for action in actions
        ],
    )


def _claimed_by(invitation: Invitation | None) -> str | None:
    """Return who claimed the invitation, in a sentence: what was verified of them, and the comparison code."""
    if invitation is None or invitation.claimant is None:
        return None
    issuer, thumbprint = invitation.claimant["issuer"], invitation.claimant["thumbprint"]
    who = f"The verified host {host_of(issuer)}" if issuer else f"A private side, fingerprint {thumbprint},"
    return f"{who} accepted it. The comparison code is {invitation.comparison_code}."


def _fields(action: Action) -> list[dict[str, Any]]:
    """Return the inputs of an action, each label with the key of its translation."""
    return [
        {
            **_plain(field),
            "label_key": f"connection.field.{field.name}",
            "options": [
                {**_plain(option), "label_key": f"connection.option.{field.name}.{option.value}"}
                for option in field.options
            ],
        }
        for field in action.fields
    ]


def _plain(fact: Any) -> dict[str, Any]:
    """Return what a dataclass says, as it is: `asdict` would copy all that is in it, too."""
    return {name: getattr(fact, name) for name in type(fact).__dataclass_fields__}
