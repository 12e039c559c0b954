"""Logs are JSON lines that lead to the request and the connection, and hold nothing that opens anything."""

import errno
import io
import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from service.database.engine import open_database
from service.http.logs import configure
from tests import databases
from tests.nodes import Network, Person, RunningNode, running_node
from tests.small_node import FrozenClock

Line = dict[str, Any]


@pytest.fixture
def _logging_stays_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def lines(text: str) -> list[Line]:
    """Return what was logged; every line is an object with a time, a level and an event."""
    found: list[Line] = [json.loads(line) for line in text.splitlines()]
    assert all({"timestamp", "level", "event"} <= set(line) for line in found)
    return found


@pytest.mark.anyio
@pytest.mark.usefixtures("_logging_stays_as_it_was")
async def test_a_fault_leads_from_the_answer_to_its_line_without_what_the_code_held(
    sqlite_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async def broken() -> None:
        held = "swordfish"
        raise LookupError(len(held))

    configure("INFO", sys.stdout)
    async with running_node(Network(), "acme", sqlite_url, FrozenClock()) as node:
        node.app.add_api_route("/broken", broken)
        answer = await node.api.get("/broken?token=swordfish", headers={"Request-Id": "from-the-client"})
    logged = capsys.readouterr().out
    fault = next(line for line in lines(logged) if line["event"] == "request_failed")
    assert fault["request_id"] == answer.json()["request_id"] == "from-the-client"
    assert (fault["slug"], fault["error"], fault["level"]) == ("internal", "LookupError", "error")
    frames = [frame["name"] for frame in fault["exception"][0]["frames"]]
    assert frames[-1] == "broken"
    assert (fault["method"], fault["path"]) == ("GET", "/broken")
    assert "swordfish" not in logged


@pytest.mark.anyio
@pytest.mark.usefixtures("_logging_stays_as_it_was")
async def test_an_answer_that_the_node_is_to_blame_for_has_its_line(
    sqlite_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    configure("INFO", sys.stdout)
    async with running_node(Network(), "acme", sqlite_url, FrozenClock()) as node:
        node.app.state.newest_revision = "a_newer_one"
        assert (await node.api.get("/v1/me")).status_code == 200
        answer = await node.api.get("/readyz")
    found = [line for line in lines(capsys.readouterr().out) if line["event"] == "answered"]
    assert [(line["request_id"], line["path"], line["status"]) for line in found] == [
        (answer.headers["request-id"], "/readyz", 503)
    ]


@pytest.mark.anyio
@pytest.mark.usefixtures("_logging_stays_as_it_was")
async def test_what_goes_on_without_a_request_leads_to_its_connection(
    sqlite_template: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    network, clock = Network(), FrozenClock()
    urls = [databases.sqlite_copy(sqlite_template, tmp_path / f"{name}.db") for name in "ab"]
    async with (
        running_node(network, "a", urls[0], clock) as a,
        running_node(network, "b", urls[1], clock) as b,
    ):
        draft = await draft_of(a, b)
        session = (await a.api.post(f"/v1/connections/{draft}/verification-sessions")).json()
        alice = Person(network)
        await alice.open(session["start_url"])
        await alice.sign_in()
        await alice.submit()
        await alice.sign_in()
        await alice.submit(button="accept")
        capsys.readouterr()  # logged before there was a form for it
        configure("INFO", sys.stdout)
        network.down.add("b.test")
        await a.work()
        clock.advance(20 * 60)
        network.down.clear()
        await a.work()
    found = lines(capsys.readouterr().out)
    told = {line["event"] for line in found if line.get("connection_id") == draft}
    assert told == {"job_will_retry", "handshake_failed"}


async def draft_of(a: RunningNode, b: RunningNode) -> str:
    names = {"local_short_name": "A", "destination_short_name": "B"}
    destination = {"type": "public", "url": b.issuer}
    body = {"instance": a.slug, "destination": destination, "details": names, "mode": "visual"}
    return str((await a.api.post("/v1/connections", json=body)).json()["id"])


@pytest.mark.anyio
async def test_an_error_of_the_database_does_not_say_what_was_to_be_stored(database_url: str) -> None:
    database = open_database(database_url)
    with pytest.raises(DBAPIError) as error:
        async with database.engine.connect() as connection:
            await connection.execute(text("INSERT INTO nowhere VALUES (:secret)"), {"secret": "swordfish"})
    await database.close()
    assert "swordfish" not in str(error.value)


@pytest.mark.usefixtures("_logging_stays_as_it_was")
@pytest.mark.parametrize(
    "name",
    ["password", "access_token", "client_secret", "code_verifier", "client_assertion", "Cookie", "api_key"],
)
def test_a_value_under_the_name_of_a_secret_is_removed(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure("INFO", sys.stdout)
    structlog.get_logger("tests").info("seen", **{name: "swordfish"})
    logging.getLogger("tests").warning("seen too")
    first, second = lines(capsys.readouterr().out)
    assert first[name] == "[removed]"
    assert second["event"] == "seen too"


@pytest.mark.usefixtures("_logging_stays_as_it_was")
def test_the_level_is_kept_and_libraries_tell_only_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    """Libraries log URLs and SQL parameters; both can hold what opens something."""
    configure("DEBUG", sys.stdout)
    structlog.get_logger("tests").debug("ours")
    for library in ("httpx", "aiosqlite", "sqlalchemy.engine", "asyncio"):
        logging.getLogger(library).info("theirs")
    assert [line["event"] for line in lines(capsys.readouterr().out)] == ["ours"]
    configure("ERROR", sys.stdout)
    structlog.get_logger("tests").warning("ours")
    logging.getLogger("uvicorn.error").warning("theirs")
    assert capsys.readouterr().out == ""


class FullDisk(io.StringIO):
    """Where nothing can be written."""

    is_full = True

    def write(self, text: str) -> int:
        if self.is_full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(text)


@pytest.mark.anyio
@pytest.mark.usefixtures("_logging_stays_as_it_was")
async def test_a_log_that_cannot_be_written_is_no_reason_to_fail(sqlite_url: str) -> None:
    out = FullDisk()
    configure("INFO", out)
    async with running_node(Network(), "acme", sqlite_url, FrozenClock()) as node:
        node.app.state.newest_revision = "a newer one"
        assert (await node.api.get("/readyz")).status_code == 503
        assert out.getvalue() == ""
        out.is_full = False
        assert (await node.api.get("/readyz")).status_code == 503
    assert "request_failed" in out.getvalue()
