"""How long anybody waits for a PostgreSQL that says nothing, and what becomes of the connections to it."""

from typing import Any

from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection, Dialect, ExceptionContext
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 30.0


def patience(answer_seconds: float | None) -> dict[str, float | None]:
    """Return what the driver has to be told: how long it waits for a connection, and for each answer."""
    connect_seconds = min(CONNECT_SECONDS, answer_seconds or CONNECT_SECONDS)
    return {"timeout": connect_seconds, "command_timeout": answer_seconds}


def give_up_on_silence(engine: AsyncEngine) -> None:
    """That nobody answers is an error of the database from now on, like those that it answers with."""
    event.listen(engine.sync_engine, "do_connect", _connect)
    event.listen(engine.sync_engine, "handle_error", _give_up, retval=True)


def _connect(
    dialect: Dialect, _record: object, given: tuple[Any, ...], options: dict[str, Any]
) -> DBAPIConnection:
    try:
        return dialect.connect(*given, **options)
    except OSError as error:
        raise dialect.loaded_dbapi.OperationalError(f"no connection: {error}") from error


def _give_up(context: ExceptionContext) -> OperationalError | None:
    """The silent connection is cut, and no other one of that time is used again.

    Nobody takes leave first: to say good-bye would mean to wait for an answer once more.
    """
    if not isinstance(context.original_exception, TimeoutError) or context.connection is None:
        return None
    driver: Any = context.connection.connection.driver_connection
    driver.terminate()
    context.is_disconnect = True
    return OperationalError(None, None, ConnectionError("no answer"), connection_invalidated=True)
