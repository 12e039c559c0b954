"""Where invitations are reached: by the side that invites, and by the side that is invited."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Body, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema
from sqlmodel.ext.asyncio.session import AsyncSession

from service.api.etags import UNCHANGED, IfMatchDep, IfMatchTagDep, require_match, tagged
from service.api.waiting import ReaderDep
from service.connections.desk import READS, WRITES, Desk, ReadInvitationsDesk, WriteInvitationsDesk
from service.connections.pending import lock
from service.connections.schemas import InvitationAcceptance
from service.database.pagination import PageDep, link_next
from service.database.sessions import SessionDep
from service.invitations.invitation.codes import link_of
from service.invitations.invitation.models import Direction, Invitation
from service.invitations.invitation.operations import get_visible, host_of, list_invitations, to_out
from service.invitations.invitation.schemas import (
    ConfirmationIn,
    InvitationCode,
    InvitationCreate,
    InvitationIssued,
    InvitationList,
    InvitationOut,
    InvitationRejection,
    InviterOut,
    PreviewOut,
    SuggestedNames,
)
from service.invitations.invitation.states import InvitationState
from service.invitations.invited import acceptance as accepting
from service.invitations.invited import rejection as rejecting
from service.invitations.invited.preview import Inspection
from service.invitations.inviter import confirmation as deciding
from service.invitations.inviter import issuing as inviting
from service.openapi.document import problem_responses
from service.problems import tree as problems
from service.retries.routes import RetryableRoute

router = APIRouter(tags=["Invitations"], route_class=RetryableRoute)
PATH = "/v1/invitations/{invitation_id}"
CHANGES = (problems.StepNotAllowed, problems.InstancePaused, problems.InvitationUnusable)
CODES = (
    problems.InstancePaused,
    problems.InvitationUnknown,
    problems.InvitationUnusable,
    problems.BothSidesPrivate,
    problems.OptionNotAvailable,
    problems.DestinationIncompatible,
    problems.DestinationUnreachable,
)


class InvitationFilters(BaseModel):
    """Which invitations; every filter narrows further."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    direction: list[Direction] = Field([], max_length=20, description="Only sent, or only received ones.")
    state: list[InvitationState] = Field(
        [], max_length=20, description="Only those in this state; repeated, in any of these."
    )


@router.post(
    "/v1/connections/{connection_id}/invitations",
    operation_id="createInvitation",
    summary="I don't have admin access there: invite the partner",
    status_code=HTTPStatus.CREATED,
    responses=problem_responses(
        *WRITES,
        problems.StepNotAllowed,
        problems.OptionNotAvailable,
        problems.InstancePrivate,
        problems.InstancePaused,
        problems.BothSidesPrivate,
        problems.ConnectionClosed,
        problems.StaleRevision,
    ),
)
async def post_invitation(
    connection_id: str,
    desk: WriteInvitationsDesk,
    session: SessionDep,
    revision: IfMatchDep,
    response: Response,
    wanted: Annotated[InvitationCreate | SkipJsonSchema[None], Body()] = None,
) -> InvitationIssued:
    """A code for the partner, shown this once. What was open before, a code or a verification session, is over."""
    invitation, code = await inviting.issue(
        desk, session, connection_id, wanted or InvitationCreate(), revision
    )
    response.headers["Location"] = f"{desk.node.settings.public_url}/v1/invitations/{invitation.id}"
    response.headers["Cache-Control"] = "no-store"
    shown = tagged(to_out(invitation), response).model_dump()
    return InvitationIssued(**shown, code=code, url=link_of(invitation.inviter_issuer, code))


@router.get(
    "/v1/invitations",
    operation_id="listInvitations",
    summary="List invitations, sent and received",
    responses=problem_responses(*READS, problems.InvalidPageToken),
)
async def get_invitations(
    desk: ReadInvitationsDesk,
    session: SessionDep,
    filters: Annotated[InvitationFilters, Query()],
    page: PageDep,
    request: Request,
    response: Response,
) -> InvitationList:
    """One page of the invitations that the caller may see, the newest first."""
    narrowed = filters.model_dump(mode="json", exclude_defaults=True)
    found = await list_invitations(session, desk.principal, page, narrowed)
    link_next(request, response, found.next_page_token)
    return InvitationList(items=[to_out(row) for row in found.rows], next_page_token=found.next_page_token)


@router.get(
    PATH,
    operation_id="getInvitation",
    summary="Show an invitation",
    responses={**problem_responses(*READS), 304: UNCHANGED},
    response_model=InvitationOut,
)
async def get_invitation(
    invitation_id: str, desk: ReadInvitationsDesk, session: SessionDep, reader: ReaderDep
) -> InvitationOut | Response:
    """How it stands, who claimed it, and the comparison code. Its own code is never shown again."""
    found = await get_visible(session, desk.principal, invitation_id)

    async def look() -> InvitationOut:
        return to_out(await get_visible(session, desk.principal, invitation_id))

    return await reader.read(found.connection_id, look)


@router.delete(
    PATH,
    operation_id="revokeInvitation",
    summary="Revoke a sent invitation, withdraw from a received one",
    responses=problem_responses(
        *READS, problems.StepNotAllowed, problems.InstancePaused, problems.StaleRevision
    ),
)
async def delete_invitation(
    invitation_id: str,
    desk: WriteInvitationsDesk,
    session: SessionDep,
    if_match: IfMatchTagDep,
    response: Response,
) -> InvitationOut:
    """The code works no more and the other side learns it. Repeating changes nothing."""
    await _require_match(desk, session, invitation_id, if_match)
    return tagged(to_out(await deciding.revoke(desk, session, invitation_id)), response)


@router.put(
    PATH + "/confirmation",
    operation_id="confirmInvitation",
    summary="Confirm or reject who claimed the invitation",
    responses=problem_responses(*WRITES, *CHANGES, problems.StaleRevision),
)
async def put_confirmation(
    invitation_id: str,
    wanted: ConfirmationIn,
    desk: WriteInvitationsDesk,
    session: SessionDep,
    if_match: IfMatchTagDep,
    response: Response,
) -> InvitationOut:
    """Confirmed, the two nodes activate the connection by themselves. Rejecting is final; the other side reads why."""
    await _require_match(desk, session, invitation_id, if_match)
    return tagged(to_out(await deciding.decide(desk, session, invitation_id, wanted)), response)


@router.post(
    "/v1/invitation-previews",
    operation_id="previewInvitation",
    summary="What is this code, and can it be used?",
    responses=problem_responses(*WRITES, problems.InstancePaused),
)
async def post_preview(wanted: InvitationCode, desk: WriteInvitationsDesk) -> PreviewOut:
    """Who invites to what, or why it cannot be used. Nothing changes here, nor at the inviter's node."""
    return _preview(await accepting.look_at(desk, wanted.instance, wanted.code))


@router.post(
    "/v1/invitation-acceptances",
    operation_id="acceptInvitation",
    summary="Accept an invitation",
    status_code=HTTPStatus.CREATED,
    responses=problem_responses(*WRITES, *CODES, problems.NameTaken, problems.UrlNotAllowed),
)
async def post_acceptance(
    wanted: InvitationAcceptance, desk: WriteInvitationsDesk, session: SessionDep, response: Response
) -> InvitationOut:
    """A pending connection exists here, and the node claims the invitation. Accepting it twice is accepting it once."""
    found = await accepting.look_at(desk, wanted.instance, wanted.code)
    invitation = await accepting.accept(desk.node, session, found, wanted)
    response.headers["Location"] = f"{desk.node.settings.public_url}/v1/invitations/{invitation.id}"
    return tagged(to_out(invitation), response)


@router.post(
    "/v1/invitation-rejections",
    operation_id="rejectInvitation",
    summary="Reject an invitation",
    status_code=HTTPStatus.CREATED,
    responses=problem_responses(*WRITES, *CODES),
)
async def post_rejection(
    wanted: InvitationRejection, desk: WriteInvitationsDesk, session: SessionDep, response: Response
) -> InvitationOut:
    """The inviter reads the reason, and may invite anew. Rejecting it twice is rejecting it once."""
    found = await accepting.look_at(desk, wanted.instance, wanted.code)
    invitation = await rejecting.reject(desk.node, session, found, wanted.reason)
    response.headers["Location"] = f"{desk.node.settings.public_url}/v1/invitations/{invitation.id}"
    return tagged(to_out(invitation), response)


async def _require_match(desk: Desk, session: AsyncSession, invitation_id: str, if_match: str | None) -> None:
    """Raise StaleRevision where the invitation is not what the caller read; locked, so that it stays what it is."""
    if if_match is None:
        return
    found = await get_visible(session, desk.principal, invitation_id)
    if found.connection_id is not None:
        _, found = await lock(session, Invitation, invitation_id)
    require_match(to_out(found), if_match)


def _preview(found: Inspection) -> PreviewOut:
    code, names, status = found.code, found.names, found.status
    facts = found.snapshot.metadata.parley_instance if found.snapshot else None
    return PreviewOut(
        instance=found.instance.id,
        usable=found.reason is None,
        reason=found.reason,
        detail=found.detail,
        fix=found.fix,
        inviter=InviterOut(host=host_of(code.issuer), node_url=code.issuer) if code else None,
        inviter_instance=facts.name if facts else None,
        inviter_platform=facts.platform if facts else None,
        inviter_url=facts.url if facts else None,
        mode=code.mode if code else None,
        scope=code.scope if code else [],
        confirmation_required=status.confirmation_required if status else None,
        suggested=SuggestedNames(
            local_short_name=names.local_short_name,
            destination_short_name=names.destination_short_name,
            name=names.name,
        )
        if names
        else None,
        expires_at=code.expires_at if code else None,
    )
