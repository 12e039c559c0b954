"""Statements are compiled once in a run: an engine on a fresh database finds what another one has compiled.

A set-up between two nodes compiles about a hundred statements; that is a fifth of what a test with two nodes costs.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from service.database.inline_sqlite import InlineSqlite


class _Alike:
    """Each engine has a dialect of its own, and the cache is asked for what that one compiled: all count as one."""

    supports_statement_cache = True

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))


class OneSqlite(_Alike, InlineSqlite):
    """SQLite as every node has it."""

    supports_statement_cache = True


class OnePostgres(_Alike, PGDialect_asyncpg):
    """PostgreSQL as every node has it."""

    supports_statement_cache = True


@contextmanager
def shared_statements() -> Iterator[None]:
    """Engines that the service opens meanwhile share what they compile."""
    registry.register("sqlite.inline", __name__, OneSqlite.__name__)
    registry.register("postgresql.asyncpg", __name__, OnePostgres.__name__)
    compiled: dict[Any, Any] = {}

    def create(*args: Any, **more: Any) -> AsyncEngine:
        engine = create_async_engine(*args, **more)
        engine.sync_engine.update_execution_options(compiled_cache=compiled)
        return engine

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("service.database.engine.create_async_engine", create)
        yield
