"""A stored connection as its readers see it."""

from dataclasses import asdict

from service.connections.actions import Answers
from service.connections.models import Connection
from service.connections.next_actions import next_actions
from service.connections.schemas import (
    ActionOut,
    ConnectionOut,
    ConnectionSummary,
    DestinationSide,
    LocalSide,
    StepOut,
)
from service.connections.setup import Access, SetUp, allowed_steps, current_step, steps
from service.instances.models import Instance
from service.node import Node
from service.platforms.registry import Registry
from service.verification_sessions.models import VerificationSession
from service.verification_sessions.operations import start_url
from service.verification_sessions.states import VerificationState
from service.words import Role

ACCESS_BY_STATE = {
    VerificationState.CREATED: Access.READY,
    VerificationState.STARTED: Access.AT_OTHER_SIDE,
    VerificationState.AWAITING_DECISION: Access.AT_OTHER_SIDE,
    VerificationState.CODE_RECEIVED: Access.FINISHING,
    VerificationState.VERIFIED: Access.FINISHING,
}


def set_up_of(connection: Connection, attempt: VerificationSession | None) -> SetUp:
    """Return what the order of steps depends on."""
    return SetUp(
        state=connection.state,
        role=connection.role,
        type=connection.type,
        has_details=connection.local_short_name is not None,
        mode=connection.mode,
        access=_access(connection, attempt),
        mode_refusals=connection.mode_refusals,
    )


def _access(connection: Connection, attempt: VerificationSession | None) -> Access:
    if connection.role is Role.RESPONDER:
        return Access.FINISHING
    open_access = ACCESS_BY_STATE.get(attempt.state) if attempt else None
    if open_access is not None:
        return open_access
    return Access.FAILED if connection.last_error else Access.NONE


def to_summary(
    connection: Connection, attempt: VerificationSession | None, instance: Instance
) -> ConnectionSummary:
    """Return the connection as a list shows it."""
    setup = set_up_of(connection, attempt)
    step = current_step(setup)
    return ConnectionSummary(
        id=connection.id,
        shared_id=connection.shared_id,
        instance=connection.instance_id,
        role=connection.role,
        type=connection.type,
        state=connection.state,
        reason=connection.reason,
        current_step=step,
        steps=[StepOut.model_validate(asdict(each)) for each in steps(setup)],
        allowed_steps=list(allowed_steps(setup)),
        mode=connection.mode,
        scope=connection.scope,
        local=_local_side(connection, instance),
        destination=_destination_side(connection),
        name=connection.name,
        description=connection.description,
        last_error=connection.last_error,
        verification_session=connection.verification_session_id,
        return_url=connection.return_url,
        metadata=connection.labels,
        revision=connection.revision,
        created_at=connection.created_at,
        updated_at=connection.updated_at,
        expires_at=connection.expires_at,
        activated_at=connection.activated_at,
    )


def _local_side(connection: Connection, instance: Instance) -> LocalSide:
    return LocalSide(
        short_name=connection.local_short_name,
        platform=instance.platform,
        url=instance.url,
        state=connection.state,
    )


def _destination_side(connection: Connection) -> DestinationSide:
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
    attempt: VerificationSession | None,
    instance: Instance,
    node: Node,
    platforms: Registry,
) -> ConnectionOut:
    """Return the connection with everything that can be done next."""
    platform = platforms.get(instance.platform).description
    answers = Answers(
        connection_id=connection.id,
        verification_session_id=connection.verification_session_id,
        start_url=start_url(node.settings, attempt.id) if attempt else None,
        expires_at=connection.expires_at or (attempt.expires_at if attempt else None),
        url=connection.destination_url,
        local_short_name=connection.local_short_name,
        destination_short_name=connection.destination_short_name,
        name=connection.name,
        description=connection.description,
        local_offered=platform.local,
        local_why_not=platform.local_why_not,
        configuration_url=connection.return_url or instance.url,
    )
    actions = next_actions(set_up_of(connection, attempt), answers)
    return ConnectionOut(
        **to_summary(connection, attempt, instance).model_dump(),
        next_actions=[
            ActionOut.model_validate({**asdict(action), "label_key": action.label_key}) for action in actions
        ],
    )
