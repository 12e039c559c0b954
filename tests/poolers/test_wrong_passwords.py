"""Every command says in a sentence that the database takes another password, or that nobody speaks TLS there."""

import pytest

from tests.commands.test_every_command import COMMANDS, SECRET, Environment, refusal, settings
from tests.poolers.managed_database import ManagedDatabase

__all__ = ["settings"]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_wrong_password(command: str, settings: Environment, managed: ManagedDatabase) -> None:
    url = managed.url("postgres", password=SECRET)
    said = refusal(command, {**settings, "PARLEY_DATABASE_URL": url})
    assert 'password authentication failed for user "parley". Check PARLEY_DATABASE_URL.' in said


@pytest.mark.parametrize("command", COMMANDS)
def test_another_authority(command: str, settings: Environment, managed: ManagedDatabase) -> None:
    url = managed.url("postgres", query="sslmode=verify-full&sslrootcert=system")
    said = refusal(command, {**settings, "PARLEY_DATABASE_URL": url})
    assert "certificate verify failed" in said
