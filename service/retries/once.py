"""One request with an Idempotency-Key, on its way: claimed first, answered last, both with its effect or not at all.

draft-ietf-httpapi-idempotency-key-header-07. The key is the first row of the effect's transaction, so a twin that comes
at the same time waits for its unique index, and then gets what the first one answered. A refusal changed nothing and is
not kept: the same key may be tried again.
"""

import json
import re
from datetime import datetime, timedelta
from http import HTTPStatus

from sqlalchemy import Connection, event, or_, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, SessionTransaction
from sqlmodel import col, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from service.database.trouble import Trouble, trouble_of
from service.node import Node
from service.problems.tree import IdempotencyInProgress, IdempotencyKeyReused, ValidationFailed
from service.retries.models import AnsweredRequest

HEADER = "idempotency-key"
ONCE = "parley.once"
REPLAYED = "Idempotent-Replayed"
KEPT_FOR = timedelta(hours=24)
# How long a twin waits for the first one on PostgreSQL; on SQLite all writers wait in one queue.
LONGEST_WAIT = "5s"
LONGEST_KEY = 255
# The draft has a string of RFC 8941 in quotes; most clients send it bare.
_KEY = re.compile(r'"?([\x21\x23-\x7e]{1,255})"?', re.ASCII)


class AlreadyAnswered(Exception):
    """This request was answered before; nothing of the second run is kept."""

    def __init__(self, once: "Once", answer: str) -> None:
        super().__init__()
        self.once = once
        self.answer = answer


class Once:
    """What a request with a key does in its one transaction; `fingerprint` is what a retry has to be like."""

    def __init__(self, node: Node, session: AsyncSession, row_id: str, fingerprint: str) -> None:
        self.node = node
        self.session = session
        self.id = row_id
        self.fingerprint = fingerprint
        self.is_claimed = False
        event.listen(session.sync_session, "after_begin", self._claim)

    async def look_up(self, short: AsyncSession) -> None:
        """Raise AlreadyAnswered for a retry, before anything of the state that its first run left can refuse it."""
        found = await short.get(AnsweredRequest, self.id)
        if found is not None and found.expires_at > self.node.clock.now():
            self._replay(found.fingerprint, found.answer_sealed)

    async def store(self, answer: Response) -> None:
        """The answer will be committed with its effect; raise AlreadyAnswered where a twin's was first."""
        headers = {name: value for name, value in answer.headers.items() if name != "content-length"}
        said = {"status": answer.status_code, "headers": headers, "body": bytes(answer.body).decode()}
        sealed = self.node.sealer.seal(json.dumps(said).encode(), context_of(self.id))
        mine = update(AnsweredRequest).where(col(AnsweredRequest.id) == self.id)
        await self.session.exec(
            mine.values(answer_sealed=sealed).execution_options(synchronize_session=False)
        )

    async def forget(self) -> None:
        """Nothing of the second run is kept."""
        await self.session.rollback()

    def _claim(self, _session: Session, begun: SessionTransaction, connection: Connection) -> None:
        """The key is this request's; raise AlreadyAnswered where a twin was first."""
        if self.is_claimed or begun.nested:
            return
        is_postgres = connection.dialect.name == "postgresql"
        if is_postgres:
            connection.execute(text(f"SET LOCAL lock_timeout = '{LONGEST_WAIT}'"))
        now = self.node.clock.now()
        values = {"fingerprint": self.fingerprint, "answer_sealed": None, "expires_at": now + KEPT_FOR}
        insert = postgresql.insert if is_postgres else sqlite.insert
        fresh = insert(AnsweredRequest).values(id=self.id, **values)
        claimed = fresh.on_conflict_do_update(
            index_elements=["id"],
            set_=values,
            where=or_(col(AnsweredRequest.expires_at) <= now, col(AnsweredRequest.answer_sealed).is_(None)),
        )
        try:
            is_mine = connection.execute(claimed).rowcount == 1
        except DBAPIError as error:
            if is_postgres and trouble_of(error) is Trouble.BUSY:
                raise IdempotencyInProgress(
                    "The first request with this key is still being answered.", headers={"Retry-After": "1"}
                ) from None
            raise
        if not is_mine:
            answer = select(AnsweredRequest.fingerprint, AnsweredRequest.answer_sealed)
            self._replay(*connection.execute(answer.where(col(AnsweredRequest.id) == self.id)).one())
        if is_postgres:
            connection.execute(text("SET LOCAL lock_timeout TO DEFAULT"))
        self.is_claimed = True

    def _replay(self, fingerprint: str, sealed: str | None) -> None:
        if fingerprint != self.fingerprint:
            raise IdempotencyKeyReused("This key came with another request before.")
        if sealed is not None:
            raise AlreadyAnswered(self, self.node.sealer.open(sealed, context_of(self.id)).decode())


async def read_once(request: Request, node: Node, session: AsyncSession, caller: str) -> Once | None:
    """Return what a POST with a key does once, None without a key; raise ValidationFailed for what is no key."""
    if request.method != "POST" or HEADER not in request.headers:
        return None
    found = _KEY.fullmatch(request.headers[HEADER])
    if found is None:
        fault = (
            f"A key is 1 to {LONGEST_KEY} visible ASCII characters without quotes inside, for example a UUID."
        )
        errors = [{"pointer": None, "parameter": "Idempotency-Key", "code": "malformed", "detail": fault}]
        raise ValidationFailed(fault, errors=errors)
    body = (await request.body()).decode("latin-1")
    content_type = request.headers.get("content-type", "")
    asked = f"{request.url.path}\n{request.url.query}\n{content_type}\n{body}"
    row_id = node.hasher.hash(f"{caller}\n{found.group(1)}")
    once = request.scope[ONCE] = Once(node, session, row_id, node.hasher.hash(asked))
    return once


def once_of(request: Request) -> Once | None:
    """Return what this request does once, if it has a key."""
    once: Once | None = request.scope.get(ONCE)
    return once


def replay(answered: AlreadyAnswered) -> Response:
    """Return the first answer again, marked as such."""
    said = json.loads(answered.answer)
    headers = dict(said["headers"])
    return Response(said["body"], HTTPStatus(said["status"]), {**headers, REPLAYED: "true"})


def context_of(row_id: str) -> str:
    """Return what binds a sealed answer to its row."""
    return f"answered_request.answer_sealed.{row_id}"


async def forget_answers(session: AsyncSession, now: datetime) -> None:
    """Keys of a day ago are free again."""
    await session.exec(delete(AnsweredRequest).where(col(AnsweredRequest.expires_at) <= now))
