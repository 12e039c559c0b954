"""Rows: found, locked, shown, and moved from state to state by their machine's table alone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, ClassVar, Protocol, TypeVar

from pydantic import BaseModel
from sqlalchemy import Update, bindparam, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import SQLModel, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from service.problems.tree import NotFound
from service.values.state_machine import IllegalTransition, StateMachine
from service.values.texts import is_storable


@dataclass(frozen=True, slots=True)
class Transition:
    """One change of a state: which row of which machine, by what, from where to where, and why in one word."""

    machine: str
    subject: str
    event: str
    before: str
    after: str
    connection_id: str | None
    why: str | None


Journal = Callable[[AsyncSession, Transition], None]
"""Writes a transition down, in its own transaction."""


class Stateful(Protocol):
    """A row with an id and a state that only its machine moves."""

    MACHINE: ClassVar[StateMachine[Any, Any]]
    id: str
    state: Any


StatefulRow = TypeVar("StatefulRow", bound=Stateful)
Row = TypeVar("Row", bound=SQLModel)
_ID, _STATE = "row_id", "row_state"


async def advance(session: AsyncSession, row: StatefulRow, by: StrEnum, **changes: object) -> StatefulRow:
    """Move the row to the state that its table gives, or raise IllegalTransition and change nothing.

    Compare-and-set: of two racers that saw the same state one moves, the other is told what the state is now.
    """
    kind = type(row)
    target = kind.MACHINE.next(row.state, by)
    await session.flush()
    if "revision" in kind.__table__.c:  # type: ignore[attr-defined]
        changes["revision"] = row.revision + 1  # type: ignore[attr-defined]
    values = {"state": target, **changes, _ID: row.id, _STATE: row.state}
    result = await session.exec(_moving(kind, tuple(changes)), params=values)
    if result.rowcount != 1:
        await session.refresh(row)
        raise IllegalTransition(row.state, by, frozenset(kind.MACHINE.allowed(row.state)))
    transition = _transition(row, by, target, changes)
    for name, value in {"state": target, **changes}.items():
        set_committed_value(row, name, value)
    if journal := session.info.get("journal"):
        journal(session, transition)
    return row


@cache
def _moving(kind: type[Any], changed: tuple[str, ...]) -> Update:
    """Return the UPDATE of these columns beside the state, built once."""
    table = kind.__table__
    old = table.c.id == bindparam(_ID), table.c.state == bindparam(_STATE)
    return update(table).where(*old).values({name: bindparam(name) for name in ("state", *changed)})


def _transition(row: StatefulRow, by: StrEnum, target: StrEnum, changes: Mapping[str, Any]) -> Transition:
    problem = changes.get("last_error") or {}
    return Transition(
        machine=row.MACHINE.name,
        subject=row.id,
        event=by.value,
        before=row.state.value,
        after=target.value,
        connection_id=changes.get("connection_id") or getattr(row, "connection_id", row.id),
        why=_one_word(changes.get("reason")) or problem.get("code"),
    )


def _one_word(reason: object) -> str | None:
    """Return a reason of a closed list; what people wrote in their own words stays where they wrote it."""
    return reason.value if isinstance(reason, StrEnum) else None


async def find(session: AsyncSession, kind: type[Row], row_id: str) -> Row | None:
    """Return the row of this id, if there is one; an id that no database could hold names none."""
    return await session.get(kind, row_id) if is_storable(row_id) else None


async def get_for_update(session: AsyncSession, kind: type[Row], row_id: str) -> Row:
    """Return the row, locked until the end of the transaction; raise NotFound where there is none."""
    if not is_storable(row_id):
        raise NotFound("There is no such id.")
    row: Row | None = (await session.exec(_locking(kind), params={_ID: row_id})).one_or_none()
    if row is None:
        raise NotFound("There is no {id}.", id=row_id)
    return row


@cache
def _locking(kind: type[Any]) -> SelectOfScalar[Any]:
    found = select(kind).where(kind.id == bindparam(_ID)).with_for_update()
    return found.execution_options(populate_existing=True)


def as_stored(row: SQLModel, shape: type[BaseModel]) -> dict[str, Any]:
    """Return those fields of a shape that the row has under the same name, as they are stored."""
    return {name: getattr(row, name) for name in shape.model_fields.keys() & type(row).model_fields.keys()}


def upsert(session: AsyncSession, kind: type[SQLModel]) -> sqlite.Insert | postgresql.Insert:
    """Return an INSERT that may say what to do on a conflict, in the dialect of the session's database."""
    return insert_of(session.get_bind().dialect.name, kind)


def insert_of(dialect: str, kind: type[SQLModel]) -> sqlite.Insert | postgresql.Insert:
    """Return the same for a statement that is built once for each dialect."""
    table = kind.__table__  # type: ignore[attr-defined]
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
