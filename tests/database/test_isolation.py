"""A test has its own database and never leaves this machine."""

import socket

import pytest
from pytest_socket import SocketConnectBlockedError
from sqlalchemy import inspect, text
from sqlalchemy.ext.asyncio import create_async_engine

# An address that is reserved for documentation (RFC 5737): nothing answers there, should the guard fail.
OUTSIDE = "192.0.2.1"


@pytest.mark.anyio
@pytest.mark.parametrize("_run", ["first", "second"])
async def test_each_test_starts_with_an_empty_migrated_database(database_url: str, _run: str) -> None:
    engine = create_async_engine(database_url)
    async with engine.begin() as connection:
        tables = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
        await connection.execute(text("CREATE TABLE left_by_a_test (id INTEGER)"))
    await engine.dispose()
    assert "alembic_version" in tables
    assert "left_by_a_test" not in tables


def test_a_call_to_another_machine_is_refused() -> None:
    blocked = pytest.raises((SocketConnectBlockedError, UserWarning), match=OUTSIDE)
    with socket.socket() as outside, blocked:
        outside.connect((OUTSIDE, 443))
