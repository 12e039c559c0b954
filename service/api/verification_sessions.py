"""Where programs reach verification sessions; the admin's browser comes to `pages/verification/router.py`."""

from fastapi import APIRouter, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from service.api.etags import UNCHANGED, IfMatchTagDep, require_match, tagged
from service.api.waiting import ReaderDep
from service.connections.desk import READS, Desk, ReadDesk, WriteDesk
from service.connections.pending import lock
from service.connections.refusals import Case
from service.database.rows import find
from service.database.sessions import SessionDep
from service.http.queries import ApiRoute
from service.instances.operations import get_instance
from service.openapi.document import problem_responses
from service.problems import tree as problems
from service.problems.tree import ConnectionClosed, NotFound, StepNotAllowed
from service.verification.attempts import cancel
from service.verification.session.models import VerificationSession
from service.verification.session.operations import to_out
from service.verification.session.schemas import VerificationSessionOut

router = APIRouter(tags=["Verification sessions"], route_class=ApiRoute)
PATH = "/v1/verification-sessions/{session_id}"


@router.get(
    PATH,
    operation_id="getVerificationSession",
    summary="Show a verification session",
    responses={**problem_responses(*READS), 304: UNCHANGED},
    response_model=VerificationSessionOut,
)
async def get_session(
    session_id: str, desk: ReadDesk, session: SessionDep, reader: ReaderDep
) -> VerificationSessionOut | Response:
    """Its state, the comparison code, when it expires, and what went wrong."""
    attempt = await _visible(desk, session, session_id)

    async def look() -> VerificationSessionOut:
        return to_out(await _visible(desk, session, session_id), desk.node.settings)

    return await reader.read(attempt.connection_id, look)


@router.delete(
    PATH,
    operation_id="cancelVerificationSession",
    summary="Cancel a verification session",
    responses=problem_responses(
        *READS, StepNotAllowed, problems.InstancePaused, ConnectionClosed, problems.StaleRevision
    ),
)
async def delete_session(
    session_id: str, desk: WriteDesk, session: SessionDep, if_match: IfMatchTagDep, response: Response
) -> VerificationSessionOut:
    """The attempt is over, the draft as it was, and the other side is told. Repeating changes nothing."""
    await _visible(desk, session, session_id)
    connection, attempt = await lock(session, VerificationSession, session_id)
    require_match(to_out(attempt, desk.node.settings), if_match)
    instance = await get_instance(session, connection.instance_id)
    with Case(desk, connection, instance, attempt).way_out():
        await cancel(session, desk.node, connection, attempt)
    return tagged(to_out(attempt, desk.node.settings), response)


async def _visible(desk: Desk, session: AsyncSession, session_id: str) -> VerificationSession:
    found = await find(session, VerificationSession, session_id)
    if found is None or not desk.principal.may_see(found.instance_id):
        raise NotFound("There is no verification session {id}.", id=session_id)
    return found
