"""What an operator types: each command says what it did, and each refusal is a sentence with the way out."""

import asyncio
import logging
import os
import re
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from typer.main import get_command
from typer.testing import CliRunner, Result

from service.access.scopes import SCOPES
from service.cli import app
from service.commands.listing import NO_INSTANCE, NONE_MADE
from service.database.pagination import PageRequest
from service.demo.run import free_port
from service.main import create_app
from service.settings import Settings
from service.trust.sealing import Sealer, new_key, parse_keys
from service.trust.tokens import is_well_formed
from service.words import VERSION
from tests import databases

PASSWORD = "swordfish"
TOKEN = ["token", "create", "--all-instances"]
ADD = ("instance", "add", "--name", "Acme", "--platform", "sandbox")
Environment = Mapping[str, str]


@pytest.fixture(autouse=True)
def _logging_stays_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
    """The environment of a node on loopback whose data folder does not exist yet."""
    for name in [name for name in os.environ if name.startswith("PARLEY_")]:
        monkeypatch.delenv(name)
    return {
        "PARLEY_ENV": "development",
        "PARLEY_PUBLIC_URL": "http://127.0.0.1:8000",
        "PARLEY_DATA_DIR": str(tmp_path / "data"),
        "PARLEY_SEALING_KEYS": new_key(),
        "PARLEY_SANDBOX": "true",
    }


@pytest.fixture
def migrated(fresh: Environment, database_url: str) -> Environment:
    """The same with a database that has every migration, on SQLite and on PostgreSQL."""
    return {**fresh, "PARLEY_DATABASE_URL": database_url}


def parley(environment: Environment, *arguments: str) -> Result:
    return CliRunner().invoke(app, arguments, env=environment)


def refusal(environment: Environment, *arguments: str) -> str:
    """Return what the refused command said, and nothing else: no traceback, no output."""
    done = parley(environment, *arguments)
    assert (done.exit_code, done.stdout) == (2, ""), done.output
    return done.stderr


def commands() -> list[list[str]]:
    found: list[list[str]] = [[]]
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        found += [[name], *([name, inner] for inner in getattr(command, "commands", ()))]
    return found


@pytest.mark.parametrize("command", commands(), ids=lambda words: " ".join(words) or "parley")
def test_every_command_explains_itself(command: list[str]) -> None:
    done = parley({}, *command, "--help")
    assert done.exit_code == 0
    assert "Usage:" in done.output


def test_the_command_line_starts_without_loading_the_service() -> None:
    """`parley --help` answers at once; a web framework would take a second."""
    code = "import service.cli, sys; print({'fastapi', 'sqlalchemy', 'uvicorn'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 - our own code
    assert done.stdout.strip() == "set()"


def test_a_new_sealing_key_is_another_one_each_time_and_opens_what_it_sealed(fresh: Environment) -> None:
    first, second = (parley({}, "new-sealing-key").stdout.strip() for _ in range(2))
    assert first != second
    sealer = Sealer(parse_keys(f"{first},{second}"))
    assert sealer.open(sealer.seal(b"secret", "here"), "here") == b"secret"


def test_migrate_makes_a_database_that_only_its_owner_reads(fresh: Environment) -> None:
    done = parley(fresh, "migrate")
    assert (done.exit_code, done.output) == (0, "The database is at the newest revision.\n")
    folder = Path(fresh["PARLEY_DATA_DIR"])
    assert stat.S_IMODE(folder.stat().st_mode) == stat.S_IRWXU
    assert rights(folder) == {"parley.db": 0o600, "parley.db.lock": 0o600}
    assert parley(fresh, "migrate").exit_code == 0
    assert parley(fresh, "token", "create", "--all-instances").exit_code == 0


def rights(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


def test_a_database_that_strangers_could_read_is_closed_to_them(fresh: Environment) -> None:
    folder = Path(fresh["PARLEY_DATA_DIR"])
    assert parley(fresh, "migrate").exit_code == 0
    ends = ("", ".lock", "-wal", "-shm")
    with closing(sqlite3.connect(folder / "parley.db")) as connection:
        connection.execute("SELECT * FROM alembic_version").fetchall()  # the files beside it are there now
        for end in ends:
            (folder / f"parley.db{end}").chmod(0o644)
        assert parley(fresh, "migrate").exit_code == 0
        assert rights(folder) == {f"parley.db{end}": 0o640 for end in ends}


def test_the_files_beside_the_database_are_its_owners_alone_too(fresh: Environment) -> None:
    folder = Path(fresh["PARLEY_DATA_DIR"])
    assert parley(fresh, "migrate").exit_code == 0
    with closing(sqlite3.connect(folder / "parley.db")) as connection:
        connection.execute("BEGIN IMMEDIATE")
        assert set(rights(folder)) >= {"parley.db-wal", "parley.db-shm"}
        assert set(rights(folder).values()) == {0o600}


def test_the_version_is_printed_alone() -> None:
    done = parley({}, "--version")
    assert (done.exit_code, done.stdout) == (0, f"{VERSION}\n")


def lines(environment: Environment, *arguments: str) -> list[list[str]]:
    """Return the cells of each line that the command prints."""
    done = parley(environment, *arguments)
    assert done.exit_code == 0, done.output
    return [re.split(r" {2,}", line) for line in done.stdout.splitlines()]


def test_instances_are_listed_with_their_node_urls(migrated: Environment) -> None:
    assert lines(migrated, "instance", "list") == [[NO_INSTANCE]]
    assert parley(migrated, *ADD, "--slug", "zeta").exit_code == 0
    assert parley(migrated, *ADD, "--slug", "acme", "--private").exit_code == 0
    assert lines(migrated, "instance", "list") == [
        ["acme", "http://127.0.0.1:8000/i/acme", "sandbox", "http://127.0.0.1:8000/sandbox/acme", "private"],
        ["zeta", "http://127.0.0.1:8000/i/zeta", "sandbox", "http://127.0.0.1:8000/sandbox/zeta", "public"],
    ]


def test_tokens_are_listed_without_their_secrets_and_taken_back(migrated: Environment) -> None:
    assert lines(migrated, "token", "list") == [[NONE_MADE]]
    assert parley(migrated, *ADD, "--slug", "acme").exit_code == 0
    scoped = ("--scope", "connections:read", "--instance", "acme", "--name", "status page")
    secret = parley(migrated, "token", "create", *scoped).stdout.strip()
    everything = parley(migrated, *TOKEN).stdout.strip()
    read(migrated, secret, "/v1/connections")
    first, page, command_line = lines(migrated, "token", "list")
    assert first[1:3] == ["Acme", "acme"]
    assert page[1:4] == ["status page", "acme", "connections:read"]
    assert page[4].startswith("used 20")
    assert command_line[1:] == ["command line", "all instances", "all scopes", "never used"]
    assert secret not in str([first, page, command_line])
    assert lines(migrated, "token", "revoke", page[0]) == [[f"{page[0]} opens nothing any more."]]
    assert [line[0] for line in lines(migrated, "token", "list")] == [first[0], command_line[0]]
    assert f"There is no access token {page[0]}." in refusal(migrated, "token", "revoke", page[0])
    assert read(migrated, everything, "/v1/me")["all_instances"] is True


def test_more_tokens_than_a_page_has_are_all_listed(
    migrated: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.commands.listing.PageRequest", partial(PageRequest, 1))
    for _ in range(3):
        assert parley(migrated, *TOKEN).exit_code == 0
    assert len(lines(migrated, "token", "list")) == 3


@pytest.mark.parametrize("port", ["-1", "65536", "web"])
def test_a_port_is_a_port(fresh: Environment, port: str) -> None:
    done = parley(fresh, "serve", "--port", port)
    assert done.exit_code == 2
    assert "Invalid value for '--port'" in done.stderr


def read(environment: Environment, token: str, path: str) -> dict[str, Any]:
    """Return what the API of a node in this environment answers to the bearer of the token."""

    async def ask() -> dict[str, Any]:
        node = create_app(Settings(worker=False))
        async with node.router.lifespan_context(node):
            headers = {"Authorization": f"Bearer {token}"}
            async with httpx.AsyncClient(transport=httpx.ASGITransport(node), headers=headers) as client:
                answer = await client.get(f"http://127.0.0.1:8000{path}")
        assert answer.status_code == HTTPStatus.OK, answer.text
        found: dict[str, Any] = answer.json()
        return found

    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        return asyncio.run(ask())


def test_token_create_prints_a_token_for_what_was_asked_and_nothing_else(migrated: Environment) -> None:
    scopes = ("--scope", "connections:read", "--scope", "instances:read")
    done = parley(migrated, "token", "create", "--all-instances", "--name", "wizard", *scopes)
    assert (done.exit_code, done.stderr) == (0, "")
    (token,) = done.stdout.splitlines()
    assert is_well_formed(token, "ply")
    me = read(migrated, token, "/v1/me")
    assert (me["name"], sorted(me["scopes"])) == ("wizard", ["connections:read", "instances:read"])
    assert me["all_instances"] is True


def test_without_scopes_a_token_may_do_everything(migrated: Environment) -> None:
    token = parley(migrated, "token", "create", "--all-instances").stdout.strip()
    assert set(read(migrated, token, "/v1/me")["scopes"]) == set(SCOPES)


def test_instance_add_prints_the_node_url_for_partners_and_a_token_for_this_instance(
    migrated: Environment,
) -> None:
    done = parley(migrated, *ADD, "--slug", "acme")
    assert (done.exit_code, done.stderr) == (0, "")
    node_url, token = done.stdout.splitlines()
    assert node_url == "http://127.0.0.1:8000/i/acme"
    (instance,) = read(migrated, token, "/v1/instances")["items"]
    assert (instance["slug"], instance["node_url"], instance["network"]) == ("acme", node_url, "public")
    assert read(migrated, token, "/v1/me")["instances"] == [instance["id"]]


def test_an_instance_can_be_private_and_have_a_token_of_its_own(migrated: Environment) -> None:
    assert parley(migrated, *ADD, "--slug", "acme", "--private").exit_code == 0
    token = parley(migrated, "token", "create", "--instance", "acme").stdout.strip()
    (instance,) = read(migrated, token, "/v1/instances")["items"]
    assert (instance["slug"], instance["network"]) == ("acme", "private")


@pytest.mark.parametrize(
    ("arguments", "sentences"),
    [
        (("token", "create"), "Say for which instances: --instance SLUG (repeat it), or --all-instances."),
        (("token", "create", "--all-instances", "--instance", "acme"), "Say for which instances: "),
        (("token", "create", "--instance", "nix"), "There is no instance nix."),
        (
            ("token", "create", "--all-instances", "--scope", "all"),
            "no scope all; there are connections:read",
        ),
        ((*ADD, "--slug", "taken"), "Another instance of this node has the slug taken. Choose another slug"),
        ((*ADD, "--slug", "Not_a_slug"), "A slug has 1 to 63 small letters, digits and hyphens"),
        ((*ADD[:-1], "jirra", "--slug", "a"), "has no such platform; it has: "),
        ((*ADD[:-1], "redmine", "--slug", "a"), "The address of the work-management system is missing."),
    ],
    ids=lambda part: " ".join(part) if isinstance(part, tuple) else "",
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    fresh: Environment, sqlite_url: str, arguments: tuple[str, ...], sentences: str
) -> None:
    environment = {**fresh, "PARLEY_DATABASE_URL": sqlite_url}
    assert parley(environment, *ADD, "--slug", "taken").exit_code == 0
    assert sentences in refusal(environment, *arguments)


@pytest.mark.parametrize("command", [["migrate"], ["serve"], ["worker"], TOKEN], ids=" ".join)
def test_every_unsafe_setting_is_told_at_once(fresh: Environment, command: list[str]) -> None:
    wrong = {"PARLEY_PUBLIC_URL": "http://example.com", "PARLEY_SEALING_KEYS": "", "PARLEY_LOG_LEVEL": "x"}
    lines = refusal({**fresh, **wrong}, *command).splitlines()
    assert [line.partition(": ")[0] for line in lines] == [
        "PARLEY_PUBLIC_URL",
        "PARLEY_SEALING_KEYS",
        "PARLEY_LOG_LEVEL",
    ]


def test_a_worker_alone_refuses_sqlite(fresh: Environment) -> None:
    assert "Use PostgreSQL to run it alone." in refusal(fresh, "worker")


@pytest.mark.parametrize("command", [TOKEN, [*ADD, "--slug", "acme"]], ids=" ".join)
def test_before_the_first_migration_a_command_says_so_and_makes_nothing(
    fresh: Environment, command: list[str]
) -> None:
    assert "Run `parley migrate`" in refusal(fresh, *command)
    assert not Path(fresh["PARLEY_DATA_DIR"]).exists()


@pytest.mark.parametrize("command", [TOKEN, ["serve"], ["worker"]], ids=" ".join)
def test_an_empty_postgresql_has_to_be_migrated_first(
    fresh: Environment, postgres_url: str, command: list[str]
) -> None:
    with databases.postgres_copy(postgres_url, "template1") as url:
        environment = {**fresh, "PARLEY_DATABASE_URL": url}
        assert "Run `parley migrate`" in refusal(environment, *command)


@pytest.mark.parametrize("command", [TOKEN, ["serve"], ["worker"], ["migrate"]], ids=" ".join)
def test_a_database_that_is_away_is_named_without_its_password(
    fresh: Environment, command: list[str]
) -> None:
    url = f"postgresql+asyncpg://parley:{PASSWORD}@127.0.0.1:{free_port()}/parley"
    said = refusal({**fresh, "PARLEY_DATABASE_URL": url}, *command)
    assert "The database did not answer" in said
    assert "PARLEY_DATABASE_URL" in said
    assert PASSWORD not in said


@pytest.mark.parametrize("command", [TOKEN, ["serve"]], ids=" ".join)
def test_other_sealing_keys_than_those_of_the_database_are_refused(
    fresh: Environment, command: list[str]
) -> None:
    assert parley(fresh, "migrate").exit_code == 0
    assert parley(fresh, *TOKEN).exit_code == 0
    said = refusal({**fresh, "PARLEY_SEALING_KEYS": new_key()}, *command)
    assert "PARLEY_SEALING_KEYS" in said
    assert "keep old keys" in said


def test_a_database_of_a_newer_version_is_left_alone(fresh: Environment) -> None:
    assert parley(fresh, "migrate").exit_code == 0
    with closing(sqlite3.connect(Path(fresh["PARLEY_DATA_DIR"]) / "parley.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'from_the_future'")
        connection.commit()
    assert "this version does not know" in refusal(fresh, "migrate")
    assert "from_the_future" in refusal(fresh, *TOKEN)
    assert "this version does not know" in refusal(fresh, "serve")
