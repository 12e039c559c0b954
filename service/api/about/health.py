"""Whether the process is alive, and whether it can do its work."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from starlette.requests import Request

from service.database.engine import Database
from service.database.revisions import present_revision
from service.database.sessions import get_database, transaction
from service.database.trouble import Trouble, trouble_of
from service.openapi.document import problem_responses
from service.problems.tree import Internal, Unavailable

PATIENCE_SECONDS = 3
router = APIRouter(tags=["Operations"])


class Health(BaseModel):
    """The state of the node; `checks` names each part that was looked at."""

    status: str = Field(examples=["ok"])
    checks: dict[str, str] = Field(examples=[{"database": "ok", "migrations": "ok"}])


@router.get("/livez", operation_id="getLiveness", responses=problem_responses(Internal))
async def livez() -> Health:
    """The process runs. It says nothing about the database: restarting would not help there."""
    return Health(status="ok", checks={"process": "ok"})


@router.get("/readyz", operation_id="getReadiness", responses=problem_responses(Internal, Unavailable))
async def readyz(request: Request, database: Annotated[Database, Depends(get_database)]) -> Health:
    """The node can take requests: its database answers, stores, and is at the newest migration."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            revision = await _revision(database)
    except (SQLAlchemyError, TimeoutError) as error:
        raise _in_trouble(trouble_of(error) or Trouble.AWAY) from error
    if revision != request.app.state.newest_revision:
        raise Unavailable(
            "The database is at migration {found}; run `parley migrate`.",
            found=revision or "none",
            checks={"database": "ok", "migrations": f"found {revision or 'none'}"},
        )
    if database.storing.trouble is not None:
        await _store_again(request, database)
    return Health(status="ok", checks={"database": "ok", "migrations": "ok"})


async def _revision(database: Database) -> str | None:
    """A connection that was cut while nobody used it says nothing about the database: then another one is asked."""
    try:
        return await present_revision(database)
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
    return await present_revision(database)


async def _store_again(request: Request, database: Database) -> None:
    """The database stores again, after it lately did not; raises Unavailable while it still does not.

    Asked only then: an orchestrator looks every few seconds, and reading is all that a healthy node has to prove.
    """
    try:
        async with asyncio.timeout(PATIENCE_SECONDS), transaction(database) as session:
            await request.app.state.try_to_store(session, request.app.state.node.clock.now())
    except (SQLAlchemyError, TimeoutError) as error:
        raise _in_trouble(trouble_of(error) or Trouble.BUSY) from error
    database.storing.trouble = None


def _in_trouble(trouble: Trouble) -> Unavailable:
    return Unavailable(trouble.sentence, checks={"database": trouble.value})
