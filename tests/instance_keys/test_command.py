"""What an operator types to rotate the key of an instance."""

import logging
from collections.abc import Iterator

import pytest
import structlog
from typer.testing import CliRunner

from service.cli import app
from service.trust.sealing import new_key

SLUG = "acme"


@pytest.fixture(autouse=True)
def _logging_stays_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def test_a_key_is_rotated_in_time_or_at_once(sqlite_url: str) -> None:
    environment = {
        "PARLEY_ENV": "development",
        "PARLEY_PUBLIC_URL": "http://127.0.0.1:8000",
        "PARLEY_DATABASE_URL": sqlite_url,
        "PARLEY_SEALING_KEYS": new_key(),
        "PARLEY_SANDBOX": "true",
    }

    def parley(*arguments: str) -> list[str]:
        done = CliRunner().invoke(app, ["instance", *arguments], env=environment)
        assert done.exit_code == 0, done.output
        return done.stdout.splitlines()

    parley("add", "--slug", SLUG, "--name", "Acme", "--platform", "sandbox", "--private")
    told = parley("rotate-key", SLUG)
    assert sorted(line.split()[1] for line in told[:2]) == ["current", "next"]
    assert "has to be reconnected" in told[2]
    told = parley("rotate-key", SLUG, "--emergency")
    assert sorted(line.split()[1] for line in told[:3]) == ["current", "refused", "refused"]
