"""No container engine runs the tests, so what can be known from the container files alone is checked here."""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from service.settings import Settings
from service.trust.sealing import new_key
from tests.container_files import ROOT, VARIABLE, compose, compose_text, stages

BUILD, FINAL = stages()
SECRETS = {
    "NODE_A_DATABASE_PASSWORD": "password-of-a",
    "NODE_B_DATABASE_PASSWORD": "password-of-b",
    "NODE_A_SEALING_KEYS": new_key(),
    "NODE_B_SEALING_KEYS": new_key(),
}
COMPOSE = compose(SECRETS)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
# The flags in the head of byte code that is never compared with its source (PEP 552).
UNCHECKED_HASH = (1).to_bytes(4, "little")
NODES = {"node-a": 8001, "node-b": 8002}
each_node = pytest.mark.parametrize(("node", "port"), NODES.items(), ids=NODES)


def test_both_stages_start_from_the_same_named_release() -> None:
    assert BUILD.base == FINAL.base
    assert re.fullmatch(r"python:3\.\d+-slim-\w+", FINAL.base)


def test_only_hashed_wheels_get_into_the_image() -> None:
    installs = [run.rest for run in BUILD.all("RUN") if "pip install" in run.rest]
    assert installs
    for install in installs:
        assert {"--require-hashes", "--only-binary", "requirements.lock"} <= set(install.split())


def test_the_final_stage_installs_nothing() -> None:
    runs = " ".join(run.rest for run in FINAL.all("RUN"))
    assert not re.search(r"\b(apt|apt-get|pip|uv|curl|wget|gcc|make)\b", runs)
    assert not FINAL.all("ADD")
    assert not BUILD.all("ADD")
    assert all(copy.words[0] == "--from=build" for copy in FINAL.all("COPY"))


def test_the_service_runs_as_a_user_without_rights() -> None:
    (user,) = FINAL.all("USER")
    uid, gid = user.rest.split(":")
    created = " ".join(run.rest for run in FINAL.all("RUN"))
    assert int(uid) > 0
    assert f"--uid {uid}" in created
    assert f"--gid {gid}" in created
    assert not [run for run in FINAL.instructions[FINAL.instructions.index(user) :] if run.keyword == "RUN"]


def test_the_image_stops_and_starts_without_a_shell() -> None:
    for keyword in ("ENTRYPOINT", "CMD"):
        (instruction,) = FINAL.all(keyword)
        assert instruction.rest.startswith("[")


def test_the_image_knows_whether_it_can_work() -> None:
    (check,) = FINAL.all("HEALTHCHECK")
    command = re.search(r"CMD (\[.*\])", check.rest)
    assert command
    (start,) = FINAL.all("CMD")
    port = start.words[start.words.index("--port") + 1]
    _assert_asks_readiness(ast.literal_eval(command[1]), port)
    assert FINAL.all("EXPOSE")[0].rest == port


def test_no_secret_is_written_into_the_image() -> None:
    names = " ".join(
        line.rest for stage in (BUILD, FINAL) for kind in ("ENV", "ARG") for line in stage.all(kind)
    )
    assert not re.search(r"(?i)secret|password|token|key", names)


def test_the_build_sees_what_it_copies_and_nothing_else() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    copied = {word for copy in BUILD.all("COPY") for word in copy.words[:-1]}
    assert "*" in ignored
    assert {line[1:] for line in ignored if line.startswith("!")} == copied
    assert all((ROOT / path).exists() for path in copied)


@pytest.mark.exhaustive
def test_the_build_commands_work_in_a_clean_folder(tmp_path: Path) -> None:
    """The build stage is run here, with its two folders moved; only the package registry is asked."""
    _run_build(tmp_path)
    parley = tmp_path / "opt/parley/bin/parley"
    asked = _run([parley, "--help"], tmp_path, PYTHONPATH=str(tmp_path / "app"))
    assert "serve" in asked
    compiled = list((tmp_path / "app/service").rglob("*.pyc"))
    assert {path.read_bytes()[4:8] for path in compiled} == {UNCHECKED_HASH}
    without_pip = [parley.parent / "python", "-c", "import importlib.util as u; print(u.find_spec('pip'))"]
    assert _run(without_pip, tmp_path).strip() == "None"


def _run_build(folder: Path) -> None:
    (folder / "opt").mkdir()
    (folder / "app").mkdir()
    for step in BUILD.instructions:
        if step.keyword == "COPY":
            *origins, target = step.words
            for origin in origins:
                _copy(ROOT / origin, folder / "app" / target)
        elif step.keyword == "RUN":
            moved = step.rest.replace("/opt/parley", f"{folder}/opt/parley").replace("/app", f"{folder}/app")
            _run(["/bin/sh", "-euc", moved], folder / "app")


def _copy(origin: Path, target: Path) -> None:
    if origin.is_dir():
        shutil.copytree(origin, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(origin, target)


def _run(command: list[Any], folder: Path, **environment: str) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(  # noqa: S603 - commands of our own Dockerfile
        [str(word) for word in command],
        cwd=folder,
        env={**os.environ, "PATH": path, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_secret_comes_from_the_environment_and_is_required() -> None:
    assert {match[1] for match in VARIABLE.finditer(compose_text())} == set(SECRETS)
    assert all(match[2] for match in VARIABLE.finditer(compose_text())), "an empty secret must stop the start"
    literal = re.compile(r"(PASSWORD|KEYS?|TOKEN|SECRET): (?!\$\{)")
    assert not literal.search(compose_text())


def test_the_comment_makes_exactly_the_secrets_that_are_needed() -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    assert {
        f"NODE_{node}_{what}" for node in "AB" for what in re.findall(r"NODE_\$\{node\}_(\w+)=", text)
    } == set(SECRETS)


@each_node
def test_a_node_starts_with_its_settings(node: str, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SERVICES[node]["environment"].items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.is_development
    assert settings.sandbox
    assert settings.public_url == f"http://127.0.0.1:{port}"
    assert settings.database_url.startswith("postgresql+asyncpg://")


@each_node
def test_a_node_listens_where_it_is_published_and_checked(node: str, port: int) -> None:
    command = SERVICES[node]["command"]
    assert command[command.index("--port") + 1] == str(port)
    assert f"127.0.0.1:{port}:{port}" in SERVICES["node-a"]["ports"]
    kind, *check = SERVICES[node]["healthcheck"]["test"]
    assert kind == "CMD"
    _assert_asks_readiness(check, str(port))


def test_both_ends_are_loopback() -> None:
    """Development mode calls http between loopback addresses only, so the nodes share one network."""
    assert SERVICES["node-b"]["network_mode"] == "service:node-a"
    assert not {"ports", "networks", "hostname"} & set(SERVICES["node-b"])


def test_nothing_is_published_beyond_this_machine() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_each_node_has_a_database_of_its_own() -> None:
    urls = {node: SERVICES[node]["environment"]["PARLEY_DATABASE_URL"] for node in NODES}
    volumes = [volume for name in ("database-a", "database-b") for volume in SERVICES[name]["volumes"]]
    for letter in "ab":
        database = SERVICES[f"database-{letter}"]
        password = database["environment"]["POSTGRES_PASSWORD"]
        assert urls[f"node-{letter}"] == f"postgresql+asyncpg://parley:{password}@database-{letter}/parley"
        assert database["healthcheck"]["test"][:2] == ["CMD", "pg_isready"]
    assert len({volume.split(":")[0] for volume in volumes}) == len(volumes) == len(NODES)


@pytest.mark.parametrize("letter", "ab")
def test_a_node_starts_after_its_migrations_and_these_after_the_database(letter: str) -> None:
    migrate = SERVICES[f"migrate-{letter}"]
    node = SERVICES[f"node-{letter}"]
    assert migrate["depends_on"] == {f"database-{letter}": {"condition": "service_healthy"}}
    assert node["depends_on"][f"migrate-{letter}"] == {"condition": "service_completed_successfully"}
    assert migrate["command"] == ["migrate"]
    assert migrate["environment"] == node["environment"]


@each_node
def test_a_node_can_change_nothing_but_its_data(node: str, port: int) -> None:
    assert SERVICES[node]["read_only"] is True
    assert SERVICES[node]["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in SERVICES[node]["security_opt"]


def _assert_asks_readiness(command: list[str], port: str) -> None:
    interpreter, flag, code = command
    assert (interpreter, flag) == ("python", "-c")
    compile(code, "health check", "exec")
    assert f"http://127.0.0.1:{port}/readyz" in code
    assert '"/readyz"' in (ROOT / "service/api/about/health.py").read_text(encoding="utf-8")
