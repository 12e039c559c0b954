"""Two real nodes in front of one real Redmine, and the ways through their pages that most tests begin with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from playwright.sync_api import Browser, expect

from tests import wizard
from tests.chromium import Visitor
from tests.processes import Instance, Json, started_node
from tests.trackers.tracker_server import TrackerServer
from tests.wizard import Attempt

KEYS = {"admin": "a" * 40, "norma": "b" * 40, "rita": "c" * 40}
PERMISSIONS = ("View Issues", "Add issues", "Edit issues", "Add notes")


def password(login: str, typed: str = "") -> dict[str, str]:
    return {"login": login, "password": typed or f"{login}-pass-1"}


def key(login: str) -> dict[str, str]:
    return {"api_key": KEYS[login]}


@dataclass(frozen=True)
class Pair:
    """Two instances of the same Redmine: acme knows it as 127.0.0.1, globex as localhost."""

    acme: Instance
    globex: Instance
    redmine: TrackerServer

    @property
    def other_url(self) -> str:
        return self.redmine.url.replace("127.0.0.1", "localhost")

    def begin(self) -> Attempt:
        return wizard.begin(self.acme, self.globex)

    def probe(self, url: str) -> Json:
        return self.acme.call("POST", "/v1/destination-probes", {"instance": "acme", "url": url})

    def store_credential(self, values: dict[str, str]) -> None:
        """This account is the user of globex's connections."""
        method = "api_key" if "api_key" in values else "password"
        body = {"credential": {"method": method, "values": values}}
        self.globex.call("PATCH", f"/v1/instances/{self._globex_id()}", body)

    def check(self) -> dict[str, Json]:
        """Return what a check of globex finds, by the name of each thing that was tried."""
        found = self.globex.call("POST", f"/v1/instances/{self._globex_id()}/checks")
        return {check["name"]: check for check in found["checks"]}

    def sign_in(self, values: dict[str, str]) -> tuple[int, Json]:
        """Return status and JSON of a program's sign-in at globex."""
        method = "api_key" if "api_key" in values else "password"
        body = {"instance": "globex", "method": method, "values": values}
        answer = httpx.post(f"{self.globex.node.url}/v1/sessions", json=body, timeout=20, trust_env=False)
        return answer.status_code, answer.json()

    def _globex_id(self) -> str:
        (instance,) = self.globex.call("GET", "/v1/instances")["items"]
        return str(instance["id"])


@contextmanager
def running_pair(folder: Path, redmine: TrackerServer) -> Iterator[Pair]:
    """Give both nodes; the user of globex's connections is norma."""
    with ExitStack() as stack:
        nodes = [stack.enter_context(started_node(folder, name)) for name in ("acme", "globex")]
        for node in nodes:
            node.wait_until_ready()
        acme = nodes[0].add_instance(platform="redmine", url=redmine.url)
        globex = nodes[1].add_instance(platform="redmine", url=redmine.url.replace("127.0.0.1", "localhost"))
        found = Pair(acme, globex, redmine)
        found.store_credential(password("norma"))
        yield found


@contextmanager
def visiting(browser: Browser, pair: Pair) -> Iterator[Visitor]:
    visitor = Visitor(browser, pair.acme.node.url, pair.globex.node.url)
    yield visitor
    visitor.leave()


def sign_in(visitor: Visitor, values: dict[str, str]) -> None:
    for name, value in values.items():
        visitor.page.locator(f"input[name={name}]").fill(value)
    visitor.page.locator("form", has=visitor.page.locator(f"input[name={next(iter(values))}]")).get_by_role(
        "button"
    ).click()


def go_to_other_side(visitor: Visitor, attempt: Attempt, values: dict[str, str]) -> None:
    """An admin of acme has started, and globex asks for a sign-in."""
    visitor.page.goto(attempt.start_url)
    visitor.sees("Sign in to Acme")
    sign_in(visitor, values)
    visitor.sees("Here to There")
    visitor.reads(attempt.code)
    visitor.page.get_by_role("button").click()
    visitor.sees("Sign in to Globex")


def accept(visitor: Visitor, attempt: Attempt) -> None:
    visitor.sees("Accept this connection?")
    visitor.reads(attempt.code, *PERMISSIONS)
    visitor.press("Accept")
    visitor.sees("The connection is active")
    wizard.agree(attempt)


def require_told(visitor: Visitor, sentence: str) -> None:
    """The sign-in page is shown again and says why."""
    visitor.sees("Sign in to")
    alert = visitor.page.get_by_role("alert")
    expect(alert).to_contain_text("You are not signed in")
    expect(alert).to_contain_text(sentence)


def require_intact(attempt: Attempt) -> None:
    """Everything that was answered before is there."""
    shown = attempt.connection()
    assert shown["mode"] == "visual"
    assert shown["destination"]["node_url"] == attempt.asked.issuer
    assert shown["local"]["short_name"] == wizard.DETAILS["local_short_name"]
    assert shown["state"] in {"draft", "pending"}
