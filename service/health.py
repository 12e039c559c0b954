"""Whether the process is alive, and whether it can do its work."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from starlette.requests import Request

from service.database import Database, get_database
from service.openapi import problem_responses
from service.problems import Internal, Unavailable
from service.revisions import present_revision

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
    """The node can take requests: its database answers and is at the newest migration."""
    try:
        revision = await present_revision(database)
    except Exception as error:
        raise Unavailable(
            "The database did not answer.", checks={"database": type(error).__name__}
        ) from error
    if revision != request.app.state.newest_revision:
        raise Unavailable(
            "The database is at migration {found}; run `parley migrate`.",
            found=revision or "none",
            checks={"database": "ok", "migrations": f"found {revision or 'none'}"},
        )
    return Health(status="ok", checks={"database": "ok", "migrations": "ok"})
