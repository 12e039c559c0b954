"""No command ever shows a traceback for a setting, a database or a file: one test for each command and kind."""

import logging
import os
import resource
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import structlog
from sqlalchemy import make_url
from typer.main import get_command
from typer.testing import CliRunner

from service.cli import app
from service.demo.run import free_port
from service.settings import Settings
from service.trust.sealing import new_key
from tests import databases

SECRET = "swordfish"
# How each command is called that reads what an operator has set.
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "serve": (),
    "worker": (),
    "migrate": (),
    "rotate-keys": (),
    "token create": ("--all-instances",),
    "token list": (),
    "token revoke": ("tok_unknown",),
    "instance add": ("--slug", "acme", "--name", "Acme", "--platform", "sandbox"),
    "instance list": (),
    "instance rotate-key": ("acme",),
}
# They read nothing: one prints a key, the other starts nodes with settings of their own.
WITHOUT_SETTINGS = {"new-sealing-key", "demo"}
ON_SQLITE = sorted(set(COMMANDS) - {"worker"})
ON_MIGRATED = sorted(set(COMMANDS) - {"migrate"})
Environment = dict[str, str]


@pytest.fixture(autouse=True)
def _logging_stays_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
    """What an operator sets for a node with an embedded database that does not exist yet."""
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
def embedded(settings: Environment, sqlite_template: Path) -> Path:
    """The file of an embedded database that has every migration."""
    folder = Path(settings["PARLEY_DATA_DIR"])
    folder.mkdir()
    databases.sqlite_copy(sqlite_template, folder / "parley.db")
    return folder / "parley.db"


def refusal(command: str, settings: Environment) -> str:
    """Return the one thing that the command says; it is no traceback, and holds no password."""
    done = CliRunner().invoke(app, [*command.split(), *COMMANDS[command]], env=settings)
    assert (done.exit_code, done.stdout) == (2, ""), (done.output, done.exception)
    assert "Traceback" not in done.stderr
    assert SECRET not in done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    return done.stderr


def test_every_command_is_tried_here() -> None:
    found = set()
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        inner = getattr(command, "commands", None)
        found |= {f"{name} {each}" for each in inner} if inner else {name}
    assert found == {*COMMANDS, *WITHOUT_SETTINGS}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("PUBLIC_URL", "http://example.com", "PARLEY_PUBLIC_URL: http can be read by others."),
        ("SEALING_KEYS", f"k1:{SECRET}", "PARLEY_SEALING_KEYS: "),
        ("EGRESS_PORTS", "web", "PARLEY_EGRESS_PORTS: "),
        ("DATABASE_URL", f"postgresql://u:{SECRET}@h:abc/x", "PARLEY_DATABASE_URL: A port is a number"),
        (
            "DATABASE_URL",
            f"postgres://u:{SECRET}@h/x?sslmode=on",
            "PARLEY_DATABASE_URL: sslmode can be allow, ",
        ),
        ("DATABASE_URL", f"mysql://u:{SECRET}@h/x", "PARLEY_DATABASE_URL: Write postgresql://user:password"),
        (
            "DATABASE_URL",
            f"postgres://u:{SECRET}@h/x?sslrootcert=/none",
            "sslrootcert /none cannot be read: No such",
        ),
    ],
    ids=["address", "key", "ports", "port", "sslmode", "scheme", "certificate"],
)
def test_a_wrong_setting(command: str, name: str, value: str, sentence: str, settings: Environment) -> None:
    assert sentence in refusal(command, {**settings, f"PARLEY_{name}": value})


@pytest.mark.parametrize("command", COMMANDS)
def test_a_database_that_is_away(command: str, settings: Environment) -> None:
    url = f"postgresql://parley:{SECRET}@127.0.0.1:{free_port()}/parley"
    said = refusal(command, {**settings, "PARLEY_DATABASE_URL": url})
    assert said.startswith("The database did not answer. It said: ")
    assert said.endswith("Check PARLEY_DATABASE_URL.\n")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    "wrong", [{"database": "nowhere"}, {"username": "nobody_here"}], ids=["database", "user"]
)
def test_a_name_that_the_database_does_not_know(
    command: str, wrong: dict[str, str], settings: Environment, postgres_url: str
) -> None:
    url = make_url(postgres_url).set(**wrong)  # type: ignore[arg-type]
    said = refusal(command, {**settings, "PARLEY_DATABASE_URL": str(url)})
    assert f'"{next(iter(wrong.values()))}" does not exist. Check PARLEY_DATABASE_URL.' in said


@pytest.mark.parametrize("command", ON_MIGRATED)
def test_a_database_before_its_first_migration(
    command: str, settings: Environment, postgres_url: str
) -> None:
    with databases.postgres_copy(postgres_url, "template1") as url:
        assert "Run `parley migrate` first." in refusal(command, {**settings, "PARLEY_DATABASE_URL": url})


@pytest.mark.parametrize("command", sorted(set(ON_MIGRATED) - {"serve", "worker"}))
def test_an_embedded_database_before_its_first_start(command: str, settings: Environment) -> None:
    assert "Run `parley migrate` first." in refusal(command, settings)
    assert not Path(settings["PARLEY_DATA_DIR"]).exists()


@pytest.mark.parametrize("command", ON_SQLITE)
def test_a_database_of_a_newer_version(command: str, settings: Environment, embedded: Path) -> None:
    with closing(sqlite3.connect(embedded)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'from_the_future'")
        connection.commit()
    assert "from_the_future" in refusal(command, settings)


@pytest.mark.parametrize("command", sorted(set(ON_MIGRATED) - {"worker"}))
def test_other_sealing_keys(command: str, settings: Environment, embedded: Path) -> None:
    first = CliRunner().invoke(app, ["token", "create", "--all-instances"], env=settings)
    assert first.exit_code == 0
    said = refusal(command, {**settings, "PARLEY_SEALING_KEYS": new_key()})
    assert said.startswith("PARLEY_SEALING_KEYS does not fit this database.")


@pytest.mark.parametrize("command", ON_SQLITE)
def test_a_folder_that_is_a_file(command: str, settings: Environment, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said = refusal(command, {**settings, "PARLEY_DATA_DIR": str(tmp_path / "file" / "data")})
    assert "cannot be used: Not a directory." in said


@pytest.mark.parametrize("command", ON_SQLITE)
def test_a_file_that_is_a_folder(command: str, settings: Environment) -> None:
    (Path(settings["PARLEY_DATA_DIR"]) / "parley.db").mkdir(parents=True)
    assert "parley.db cannot be used: Is a directory." in refusal(command, settings)


@pytest.mark.parametrize("command", ON_SQLITE)
def test_a_file_that_is_no_database(command: str, settings: Environment) -> None:
    folder = Path(settings["PARLEY_DATA_DIR"])
    folder.mkdir()
    (folder / "parley.db").write_text(
        "This is a letter to somebody, and by far longer than the head of a database." * 9
    )
    assert "file is not a database. Check PARLEY_DATA_DIR." in refusal(command, settings)


@pytest.mark.parametrize("command", ON_SQLITE)
def test_a_file_without_rights(command: str, settings: Environment, embedded: Path) -> None:
    embedded.chmod(0)
    with as_nobody():
        assert "cannot be used: Permission denied." in refusal(command, settings)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Within, the process has no more rights than a stranger, also where root runs the tests."""
    if os.geteuid():
        yield
        return
    os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("command", ON_SQLITE)
def test_a_full_disk(command: str, settings: Environment) -> None:
    if command not in {"serve", "migrate"}:
        assert CliRunner().invoke(app, ["migrate"], env=settings).exit_code == 0
    with full_disk():
        said = refusal(command, settings)
    assert "disk" in said


@contextmanager
def full_disk() -> Iterator[None]:
    """Within, no file of this process gets a byte longer than none at all."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("name", Settings.model_fields)
@pytest.mark.parametrize("value", ["[", "{'a': 1}", "\udcff", "-1", "https://[", "x=y=z, ,", "0" * 5000])
def test_whatever_a_setting_holds(name: str, value: str, settings: Environment) -> None:
    """It is taken or refused in sentences; what is no UTF-8 in the environment too."""
    given = {**settings, f"PARLEY_{name.upper()}": value}
    done = CliRunner().invoke(app, ["instance", "list"], env=given)
    assert done.exit_code == 2, done.output
    assert isinstance(done.exception, SystemExit)
    assert "Traceback" not in done.stderr
