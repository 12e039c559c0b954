"""Around every request: a refusal that matters is in the history of the connection that it was about (ADR 0020)."""

from collections.abc import Mapping
from typing import Any

import structlog
from sqlmodel import SQLModel, select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.connections.models import Connection
from service.database.rows import find
from service.database.sessions import reading
from service.events.operations import record_refusal
from service.http import acting
from service.instances.models import Instance
from service.invitations.invitation.models import Invitation
from service.node import Node
from service.values.texts import is_storable
from service.verification.session.models import VerificationSession

WHO = frozenset({401, 403})
HIDDEN = 404
# RFC 6749 says most of its refusals with 400.
MALFORMED = 400
OF_PROGRAMS = frozenset({"token.refused", "push.refused", "peer.refused"})
KINDS = (
    ("/v1/verification-sessions/{session_id}/start", "start.refused"),
    ("/v1/", "api.refused"),
    ("/i/{slug}/sign-in", "sign_in.refused"),
    ("/i/{slug}/oauth/token", "token.refused"),
    ("/i/{slug}/oauth/par", "push.refused"),
    ("/i/{slug}/oauth/callback", "callback.refused"),
    ("/i/{slug}/oauth/authorize", "decision.refused"),
    ("/i/{slug}/connections/{shared_id}", "peer.refused"),
)
ROWS: Mapping[str, type[SQLModel]] = {
    "connection_id": Connection,
    "session_id": VerificationSession,
    "invitation_id": Invitation,
}
log = structlog.get_logger(__name__)


class Auditing:
    """Pure ASGI, inside of what knows who acts: writes after the answer, so that it tells nobody what exists."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; a lifespan or other message passes through."""
        status = 0

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        await self.app(scope, receive, send_and_note)
        what = kind_of(getattr(scope.get("route"), "path", ""))
        if what is not None and matters(what, status) and not acting.is_told():
            try:
                await _note(scope, what, status)
            except Exception:
                log.exception("refusal_not_noted")


def kind_of(template: str) -> str | None:
    """Return what a refusal of this route is called in the history."""
    return next((what for start, what in KINDS if template.startswith(start)), None)


def matters(what: str, status: int) -> bool:
    """True where somebody was refused for who they are, or what they showed; a slip of an admin is none."""
    return status in WHO or status == HIDDEN or (what in OF_PROGRAMS and status == MALFORMED)


async def _note(scope: Scope, what: str, status: int) -> None:
    node: Node = scope["app"].state.node
    refusal: dict[str, Any] = scope.get("refusal", {})
    why = str(refusal.get("code") or status)
    async with reading(node.database) as session:
        connection_id = acting.concerned() or await _find(session, scope.get("path_params", {}))
    if connection_id is None:
        if status != HIDDEN:
            log.info("refused", what=what, why=why, address=acting.current().address)
        return
    detail = {"method": scope["method"], "operation": scope["route"].operation_id, **refusal}
    detail.pop("code", None)
    await record_refusal(node.database, connection_id, what, why, node.clock.now(), detail=detail)


async def _find(session: AsyncSession, names: dict[str, str]) -> str | None:
    """Return the connection that the path names in any way, whoever may see it."""
    for name, kind in ROWS.items():
        if name in names and (row := await find(session, kind, names[name])) is not None:
            found: str | None = getattr(row, "connection_id", names[name])  # a connection is about itself
            return found
    if "shared_id" in names and is_storable(names["shared_id"]):
        statement = (
            select(Connection.id)
            .join(Instance)
            .where(Instance.slug == names["slug"], Connection.shared_id == names["shared_id"])
        )
        return (await session.exec(statement.limit(1))).first()
    return None
