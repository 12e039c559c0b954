"""A node refuses to start on an unsafe value, and says how to fix each of them at once."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from service.settings import Settings

KEY = "A" * 43 + "="
GOOD = {"public_url": "https://parley.example.com", "sealing_keys": f"k1:{KEY}"}
LOCAL = {**GOOD, "env": "development", "public_url": "http://127.0.0.1:8000"}


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"PARLEY_{name.upper()}", raising=False)


def refusals(values: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return what is said of each variable that is refused, when these are the node's environment."""
    for name, value in values.items():
        monkeypatch.setenv(f"PARLEY_{name.upper()}", value)
    try:
        Settings()
    except ValidationError as error:
        return {str(fault["loc"][0]): fault["msg"].removeprefix("Value error, ") for fault in error.errors()}
    return {}


@pytest.mark.parametrize(
    ("changes", "how_to_fix_it"),
    [
        ({"public_url": ""}, "Set it to the https address where browsers and other nodes reach this node."),
        ({"public_url": "http://parley.example.com"}, "Use https, or PARLEY_ENV=development with a loopback"),
        ({"public_url": "http://127.0.0.1:8000"}, "Use https, or PARLEY_ENV=development with a loopback"),
        ({"public_url": "https://127.0.0.1:8000"}, "Set the public address, or PARLEY_ENV=development."),
        ({"public_url": "https://localhost"}, "Set the public address, or PARLEY_ENV=development."),
        ({"public_url": "https://[::1]:8443"}, "Set the public address, or PARLEY_ENV=development."),
        ({"public_url": "https://example.com/parley"}, "an origin such as https://parley.example.com"),
        ({"public_url": "https://user@example.com"}, "an origin such as https://parley.example.com"),
        ({"public_url": "https://example.com?a=b"}, "an origin such as https://parley.example.com"),
        ({"public_url": "https://example.com:no"}, "an origin such as https://parley.example.com"),
        ({"public_url": "ftp://example.com"}, "an origin such as https://parley.example.com"),
        ({"public_url": "example.com"}, "an origin such as https://parley.example.com"),
        ({"public_url": "https://"}, "an origin such as https://parley.example.com"),
        ({"sealing_keys": ""}, "Make one with `parley new-sealing-key`, and keep it safe."),
        ({"sealing_keys": "swordfish"}, "Sealing key 1 must read kid:base64. Make one with `parley new-"),
        ({"sealing_keys": "k1:c2hvcnQ="}, "must be 32 bytes long, not 5. Make one with `parley new-"),
        ({"sealing_keys": f"k1:{KEY},k1:{KEY}"}, "a key id of its own. Make one"),
        ({"database_url": "mysql://db/parley"}, "Write postgresql://user:password@host/name"),
        ({"database_url": "sqlite:///parley.db"}, "Write postgresql://user:password@host/name"),
        ({"database_url": "postgresql://u:p@db:abc/x"}, "A port is a number from 1 to 65535."),
        ({"database_url": "sqlite+aiosqlite:///:memory:"}, "forgotten at the end. Leave it empty"),
        ({"database_url": "sqlite+aiosqlite://"}, "forgotten at the end. Leave it empty"),
        ({"egress_allow_cidrs": "0.0.0.0/0"}, "Name the networks of your work-management systems"),
        ({"egress_allow_cidrs": "10.0.0.0/8,::/0"}, "Name the networks of your work-management systems"),
        ({"egress_allow_cidrs": "intranet"}, "Write networks such as 10.1.0.0/16, comma separated."),
        ({"egress_allow_cidrs": "10.1.2.3/16"}, "has host bits set. Write networks such as 10.1.0.0/16"),
        ({"egress_ports": "443,x"}, "valid integer"),
        ({"egress_ports": "0"}, "greater than or equal to 1"),
        ({"egress_ports": "65536"}, "less than or equal to 65535"),
        ({"known_nodes": "https://tracker.example.com"}, "Write tracker URL=node URL, comma separated."),
        ({"cors_origins": "null"}, "Write origins such as https://app.example.com"),
        ({"cors_origins": "https://app.example.com/wizard"}, "Write origins such as https://app.example.com"),
        ({"cors_origins": "http://app.example.com"}, "http can be read by others"),
        ({"cors_origins": "http://localhost:5173"}, "http can be read by others"),
        ({"egress_ca_file": "/nowhere/ca.pem"}, "There is no such file that this process can read."),
        ({"egress_ca_file": "/"}, "There is no such file that this process can read."),
        ({"egress_ca_file": __file__}, "There is no certificate in the file."),
        ({"env": "prod"}, "'production' or 'development'"),
        ({"log_level": "loud"}, "'DEBUG', 'INFO', 'WARNING' or 'ERROR'"),
        ({"sandbox": "maybe"}, "valid boolean"),
        ({"worker": "maybe"}, "valid boolean"),
        ({"job_lease_seconds": "0"}, "greater than or equal to 1"),
    ],
    ids=lambda part: "=".join(*part.items()) if isinstance(part, dict) else "",
)
def test_an_unsafe_value_is_refused_with_the_way_to_fix_it(
    changes: dict[str, str], how_to_fix_it: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = refusals({**GOOD, **changes}, monkeypatch)
    assert list(found) == list(changes)
    assert how_to_fix_it in next(iter(found.values()))


def test_all_unsafe_values_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {"env": "prod", "public_url": "", "sealing_keys": "", "database_url": "x", "log_level": "loud"}
    assert set(refusals(wrong, monkeypatch)) == set(wrong)


def test_a_refused_secret_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {"sealing_keys": "k1:swordfish", "database_url": "postgres://parley:swordfish@db:x/parley"}
    found = refusals({**GOOD, **wrong}, monkeypatch)
    assert set(found) == set(wrong)
    assert "swordfish" not in " ".join(found.values())


@pytest.mark.parametrize(
    "changes",
    [
        GOOD,
        LOCAL,
        {**GOOD, "public_url": "https://parley.example.com:8443/"},
        {**LOCAL, "public_url": "http://localhost:8000"},
        {**LOCAL, "cors_origins": "http://localhost:5173"},
        {**GOOD, "cors_origins": "https://app.example.com, https://wizard.example.com:8443/"},
        {**LOCAL, "public_url": "http://[::1]:8000"},
        {**GOOD, "sandbox": "true", "worker": "false", "log_level": "debug"},
        {**GOOD, "database_url": "postgresql+asyncpg://parley:secret@db/parley"},
        {**GOOD, "database_url": "postgres://parley:secret@db/parley?sslmode=require"},
        {**GOOD, "egress_allow_cidrs": "10.1.0.0/16, fd00::/8", "egress_ports": "443, 8443,3000"},
        {**GOOD, "known_nodes": "https://tracker.example.com=https://parley.example.com/i/tracker"},
    ],
)
def test_a_safe_environment_is_taken(changes: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusals(changes, monkeypatch) == {}


def test_the_public_url_is_kept_without_a_slash_at_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusals({**GOOD, "public_url": " https://parley.example.com/ "}, monkeypatch) == {}
    assert Settings().public_url == "https://parley.example.com"


@pytest.mark.parametrize("origins", ["*", "https://app.example.com,*"])
def test_cors_for_every_origin_is_refused(origins: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = refusals({**GOOD, "cors_origins": origins}, monkeypatch)
    assert "Name the origins of your front ends." in found["cors_origins"]


def test_the_origins_of_front_ends_are_kept_as_browsers_spell_them(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusals({**GOOD, "cors_origins": "HTTPS://App.example.com:443/"}, monkeypatch) == {}
    assert Settings().cors_origins == ("https://app.example.com",)


def test_without_a_database_url_the_data_folder_has_the_database(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert refusals({**GOOD, "data_dir": str(tmp_path)}, monkeypatch) == {}
    assert Settings().resolved_database_url == f"sqlite+aiosqlite:///{tmp_path / 'parley.db'}"


def test_settings_that_are_printed_show_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusals({**GOOD, "database_url": "postgresql+asyncpg://u:swordfish@db/x"}, monkeypatch) == {}
    assert KEY not in repr(Settings())
    assert "swordfish" not in repr(Settings())
