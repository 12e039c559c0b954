"""How a PostgreSQL is connected to: by its URL, directly or through a pooler, and with an end to the waiting."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from asyncpg import InterfaceError, InternalClientError, PostgresError
from sqlalchemy import event
from sqlalchemy.engine import AdaptedConnection
from sqlalchemy.engine.interfaces import DBAPIConnection, Dialect, ExceptionContext
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from service.values.database_urls import FILES, SYSTEM, hosts_of, libpq_keywords, ports_of

DRIVER = "postgresql+asyncpg://"
CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 30.0
# The last one comes where the connection is cut while the server greets.
NOT_CONNECTED = (OSError, PostgresError, InterfaceError, InternalClientError)
# Each statement is said, bound and executed in one go, so that any connection behind a pooler can answer it.
UNPREPARED: Mapping[str, Any] = {
    "statement_cache_size": 0,
    "prepared_statement_cache_size": 0,
    "prepared_statement_name_func": lambda: "",
}
# The driver reads these of a URL only.
IN_URL = frozenset({"sslcert", "sslkey", "sslrootcert", "sslcrl", "sslpassword", "sslnegotiation"}) | {
    "ssl_min_protocol_version",
    "ssl_max_protocol_version",
}
AS_THEY_ARE = frozenset({"user", "password", "passfile", "target_session_attrs"})


def connect_options(url: str, answer_seconds: float | None) -> dict[str, Any]:
    """Return what the driver has to be told; raises ValueError for a URL or a file that cannot be read."""
    asked = libpq_keywords(url)
    for name in FILES:
        if name in asked and asked[name] != SYSTEM:
            _require_readable(name, asked[name])
    options: dict[str, Any] = _patience(answer_seconds)
    if int(asked.get("connect_timeout", "0")) > 0:
        options["timeout"] = float(asked["connect_timeout"])
    options |= {name: asked[name] for name in AS_THEY_ARE & set(asked)}
    given = {
        "host": hosts_of(asked),
        "port": ports_of(asked),
        "database": asked.get("dbname"),
        "ssl": True if asked.get("sslrootcert") == SYSTEM else asked.get("sslmode"),
        "server_settings": _server_settings(asked),
        "dsn": _for_tls({name: asked[name] for name in IN_URL & set(asked) if asked[name] != SYSTEM}),
    }
    return options | {name: value for name, value in given.items() if value}


def _patience(answer_seconds: float | None) -> dict[str, float | None]:
    """Return what the driver has to be told: how long it waits for a connection, and for each answer."""
    connect_seconds = min(CONNECT_SECONDS, answer_seconds or CONNECT_SECONDS)
    return {"timeout": connect_seconds, "command_timeout": answer_seconds}


def _require_readable(name: str, path: str) -> None:
    try:
        with Path(path).open("rb"):
            pass
    except OSError as error:
        raise ValueError(f"PARLEY_DATABASE_URL: {name} {path} cannot be read: {error.strerror}.") from None


def _server_settings(asked: Mapping[str, str]) -> dict[str, str]:
    name = asked.get("application_name") or asked.get("fallback_application_name")
    settings = {"application_name": name, "options": asked.get("options")}
    return {key: value for key, value in settings.items() if value}


def _for_tls(asked: Mapping[str, str]) -> str | None:
    return f"postgresql://?{urlencode(asked, quote_via=quote)}" if asked else None


def watch_connecting(engine: AsyncEngine) -> None:
    """Who connects reaches the server itself, or speaks so that a pooler between may change servers at any time.

    That nobody answers is an error of the database from now on, like those that it answers with.
    """
    event.listen(engine.sync_engine, "do_connect", _connect)
    event.listen(engine.sync_engine, "handle_error", _give_up, retval=True)


def _connect(
    dialect: Dialect, _record: object, given: tuple[Any, ...], options: dict[str, Any]
) -> DBAPIConnection:
    """Return a connection; that there is none is an error of the database, like those that it answers with."""
    try:
        connection: Any = dialect.connect(*given, **options)
        if _is_pooled(connection):
            connection.close()
            connection = dialect.connect(*given, **options, **UNPREPARED)
    except NOT_CONNECTED as error:
        raise dialect.loaded_dbapi.OperationalError(
            f"no connection: {error or 'no answer'}", error
        ) from error
    return connection  # type: ignore[no-any-return]


def _is_pooled(connection: AdaptedConnection) -> bool:
    """True where not the process that greeted us answers, as with PgBouncer: each statement may meet another one.

    In the pool mode "transaction" a prepared statement is unknown to the next server, or one of another client has
    its name. The question itself is none: it is asked without one, and answered by the count of its rows.
    """
    try:
        return bool(connection.run_async(is_served_by_another))
    except BaseException:
        connection.driver_connection.terminate()  # nobody else knows it yet
        raise


async def is_served_by_another(driver: Any) -> bool:
    """True where the process that answers is not the one that greeted this driver's connection."""
    found: str = await driver.execute(f"SELECT 1 WHERE pg_backend_pid() = {int(driver.get_server_pid())}")
    return found == "SELECT 0"


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
