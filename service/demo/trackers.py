"""Two different systems for the demo: stand-ins that play a Jira and a Redmine, or the real Redmine of this machine."""

import base64
import fcntl
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from service.demo.telling import DemoFailed

SCRIPT = Path(__file__).parents[2] / "tests" / "trackers" / "start_redmine.sh"
PATIENCE_SECONDS = 900
# By path and by who asks, as the header Authorization says it; what anybody is answered is under None.
Answers = Mapping[tuple[str, str | None], Any]
HOW_TO_INSTALL = (
    "There is no Redmine on this machine that could be started. Debian 12 has one: "
    "apt-get install redmine redmine-sqlite puma, then again in a checkout of Parley. "
    "Without --redmine a stand-in plays it."
)


@dataclass(frozen=True, slots=True)
class Tracker:
    """A system on this machine, and how two of its people sign in."""

    platform: str
    url: str
    told: str
    admin: Mapping[str, str] = field(repr=False)
    member: Mapping[str, str] = field(repr=False)


def _basic(login: str) -> str:
    return "Basic " + base64.b64encode(f"{login}:{login}-pass-1".encode()).decode()


def _login(login: str) -> dict[str, str]:
    return {"login": login, "password": f"{login}-pass-1"}


_TOKENS = {name: f"token-of-{name}-{name * 4}" for name in ("olga", "max")}
_REFUSAL = {"WWW-Authenticate": 'Basic realm="Redmine API"'}
_REDMINE: Answers = {
    ("/login", None): '<meta name="description" content="Redmine" /><title>Redmine</title>',
    ("/users/current.json", _basic("admin")): {
        "user": {"id": 1, "login": "admin", "firstname": "Redmine", "lastname": "Admin", "admin": True}
    },
    ("/users/current.json", _basic("norma")): {
        "user": {"id": 5, "login": "norma", "firstname": "Norma", "lastname": "User", "admin": False}
    },
}
_JIRA: Answers = {
    ("/rest/api/2/serverInfo", None): {
        "deploymentType": "Server",
        "version": "10.3.24",
        "serverTitle": "Jira",
    },
    **{
        ("/rest/api/2/myself", f"Bearer {_TOKENS[name]}"): {
            "name": name,
            "key": name,
            "displayName": name.title(),
            "active": True,
        }
        for name in _TOKENS
    },
    **{
        ("/rest/api/2/mypermissions", f"Bearer {_TOKENS[name]}"): {
            "permissions": {"ADMINISTER": {"havePermission": name == "olga"}}
        }
        for name in _TOKENS
    },
}


class _StandIn(BaseHTTPRequestHandler):
    """Answers by path and by who asks, as the real system does; whoever is unknown is refused."""

    def __init__(self, answers: Answers, *given: Any) -> None:
        self.answers = answers
        super().__init__(*given)

    def do_GET(self) -> None:
        """Answer once."""
        path = self.path.partition("?")[0]
        body = self.answers.get((path, self.headers.get("Authorization")), self.answers.get((path, None)))
        kind = "text/html; charset=utf-8" if isinstance(body, str) else "application/json"
        content = (body if isinstance(body, str) else json.dumps(body or {})).encode()
        self.send_response(401 if body is None else 200)
        for name, value in {**(_REFUSAL if body is None else {}), "Content-Type": kind}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_told: Any) -> None:
        """Nothing is printed in between the story."""


@contextmanager
def playing(answers: Answers) -> Iterator[str]:
    """Within, a stand-in answers at this URL."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_StandIn, answers)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


@contextmanager
def two_different(*, real_redmine: bool, port: int) -> Iterator[tuple[Tracker, Tracker]]:
    """Within, a Jira and a Redmine answer; the real Redmine, at this port, where it is wanted."""
    redmine = running_redmine(port) if real_redmine else playing(_REDMINE)
    with playing(_JIRA) as jira_url, redmine as redmine_url:
        told = "the real Redmine of this machine" if real_redmine else "a Redmine, played by a stand-in"
        yield (
            Tracker(
                "jira_data_center",
                jira_url,
                "a Jira, played by a stand-in",
                {"token": _TOKENS["olga"]},
                {"token": _TOKENS["max"]},
            ),
            Tracker("redmine", redmine_url, told, _login("admin"), _login("norma")),
        )


@contextmanager
def running_redmine(port: int) -> Iterator[str]:
    """Within, the machine's Redmine answers at this URL, with accounts that everybody knows; DemoFailed without one."""
    if not SCRIPT.exists() or not Path("/usr/share/redmine").exists() or shutil.which("puma") is None:
        raise DemoFailed(HOW_TO_INSTALL)
    state = Path(tempfile.gettempdir()) / "parley-trackers" / "redmine"
    state.mkdir(parents=True, exist_ok=True)
    with (state / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        run = partial(_run, {**os.environ, "STATE": str(state), "PORT": str(port)})
        run("stop")
        run("all")
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            run("stop")


def _run(environment: Mapping[str, str], what: str) -> None:
    done = subprocess.run(  # noqa: S603 - our own script
        [str(SCRIPT), what],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    if done.returncode:
        raise DemoFailed(
            f"Redmine could not be started ({what}): {done.stdout}{done.stderr}\n{HOW_TO_INSTALL}"
        )
