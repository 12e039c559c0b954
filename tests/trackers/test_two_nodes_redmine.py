"""Two real nodes, a real Redmine and a real browser: the whole set-up, and everything a tracker does to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests import wizard
from tests.chromium import Visitor, started_chromium
from tests.processes import Instance, Json, started_node
from tests.trackers.redmine_server import RedmineServer
from tests.wizard import Attempt

KEYS = {"admin": "a" * 40, "norma": "b" * 40, "rita": "c" * 40}
PERMISSIONS = ("View Issues", "Add issues", "Edit issues", "Add notes")


def password(login: str, typed: str = "") -> dict[str, str]:
    return {"login": login, "password": typed or f"{login}-pass-1"}


def key(login: str) -> dict[str, str]:
    return {"api_key": KEYS[login]}


@dataclass(frozen=True)
class Trouble:
    """Somebody changed something in Redmine: who tries to sign in then, and what they read."""

    name: str
    change: str
    back: str
    login: str
    told: str
    code: str
    sign_in_of_connections_user: str


TROUBLES = [
    Trouble(
        "locked",
        "lock norma",
        "unlock norma",
        "norma",
        "Redmine does not accept this login and password, or the account is locked.",
        "unauthenticated",
        "or the account is locked",
    ),
    Trouble(
        "REST switched off",
        "rest off",
        "rest on",
        "admin",
        "Administration → Settings → API → Enable REST web service",
        "platform-unreachable",
        "Enable REST web service",
    ),
    Trouble(
        "password change due",
        "must-change-password norma on",
        "must-change-password norma off",
        "norma",
        "Redmine wants this account to change its password first.",
        "unauthenticated",
        "change its password first",
    ),
]


@dataclass(frozen=True)
class Pair:
    """Two instances of the same Redmine: acme knows it as 127.0.0.1, globex as localhost."""

    acme: Instance
    globex: Instance
    redmine: RedmineServer

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


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Of this file alone: while it runs, no test of another file can have an event loop."""
    with started_chromium() as started:
        yield started


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, redmine: RedmineServer) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("redmine")
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


@pytest.fixture
def admin(browser: Browser, pair: Pair) -> Iterator[Visitor]:
    with visiting(browser, pair) as visitor:
        yield visitor


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


def test_a_redmine_is_recognised_and_its_node_asked_for(pair: Pair) -> None:
    for url in (pair.other_url, f"{pair.other_url}/issues/1"):
        probe = pair.probe(url)
        assert (probe["outcome"], probe["platform"]) == ("node_unknown", "redmine")
        assert "node URL" in probe["fix"]
    assert pair.probe(pair.redmine.url)["outcome"] == "own_instance"
    probe = pair.probe(pair.globex.issuer)
    assert (probe["outcome"], probe["platform"]) == ("node_found", "redmine")
    assert probe["tracker_url"] == pair.other_url


@pytest.mark.parametrize(
    ("here", "there"),
    [(password("admin"), key("admin")), (key("admin"), password("admin"))],
    ids=["password here, key there", "key here, password there"],
)
def test_an_admin_connects_two_redmines(
    admin: Visitor, pair: Pair, here: dict[str, str], there: dict[str, str]
) -> None:
    attempt = pair.begin()
    go_to_other_side(admin, attempt, here)
    admin.look_around("redmine-1-sign-in")
    sign_in(admin, there)
    admin.sees("Accept this connection?")
    admin.reads("Redmine Admin", pair.other_url, "The connection's user has it.")
    admin.look_around("redmine-2-consent")
    accept(admin, attempt)


def test_a_right_that_lacks_is_named_with_the_place_to_grant_it(admin: Visitor, pair: Pair) -> None:
    attempt = pair.begin()
    pair.store_credential(key("rita"))
    go_to_other_side(admin, attempt, password("admin"))
    sign_in(admin, password("admin"))
    admin.sees("Accept this connection?")
    admin.reads("The connection's user lacks it: Redmine: Administration → Roles and permissions")
    admin.look_around("redmine-3-right-lacks")
    assert pair.check()["rights"]["detail"] == "The connection's user lacks: edit_issues."
    pair.store_credential(password("norma"))
    assert all(check["ok"] for check in pair.check().values())


def test_a_member_reads_what_is_missing_and_goes_back_without_losing_anything(
    admin: Visitor, pair: Pair
) -> None:
    attempt = pair.begin()
    go_to_other_side(admin, attempt, password("admin"))
    sign_in(admin, password("norma"))
    admin.sees("You are not an admin of Globex")
    admin.reads("The Redmine account norma is not an administrator", "Administration → Users → the account")
    admin.look_around("redmine-4-member")
    admin.press("Go back")
    admin.reads("is still a draft; nothing is lost")
    require_intact(attempt)
    assert attempt.reaches("draft")["last_error"]["code"] == "not-an-admin"
    again = attempt.again()
    admin.page.goto(again.start_url)
    admin.page.get_by_role("button").click()
    sign_in(admin, key("admin"))
    accept(admin, again)
    status, problem = pair.sign_in(password("norma"))
    assert (status, problem["code"]) == (403, "not-an-admin")
    assert "not an administrator" in problem["missing"]


def test_a_wrong_password_or_key_is_told_and_the_right_one_taken(admin: Visitor, pair: Pair) -> None:
    attempt = pair.begin()
    go_to_other_side(admin, attempt, password("admin"))
    for values, told in (
        (password("admin", "wrong"), "Redmine does not accept this login and password"),
        ({"api_key": "d" * 40}, "Redmine does not accept this API key"),
    ):
        sign_in(admin, values)
        require_told(admin, told)
        status, problem = pair.sign_in(values)
        assert (status, problem["code"]) == (401, "unauthenticated")
        assert told in problem["detail"]
    require_intact(attempt)
    sign_in(admin, password("admin"))
    accept(admin, attempt)


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.name)
def test_each_trouble_is_named_and_the_set_up_goes_on_after_it(
    admin: Visitor, pair: Pair, redmine: RedmineServer, trouble: Trouble
) -> None:
    attempt = pair.begin()
    go_to_other_side(admin, attempt, password("admin"))
    with redmine.changed(trouble.change, back=trouble.back):
        sign_in(admin, password(trouble.login))
        require_told(admin, trouble.told)
        admin.look_around(f"redmine-{trouble.name}")
        _, problem = pair.sign_in(password(trouble.login))
        assert problem["code"] == trouble.code
        assert trouble.told in problem["detail"]
        checks = pair.check()
        assert checks["address"]["ok"]
        assert checks["sign_in"]["ok"] is False
        assert trouble.sign_in_of_connections_user in checks["sign_in"]["detail"]
        require_intact(attempt)
    sign_in(admin, password("admin"))
    accept(admin, attempt)


def test_a_redmine_that_stops_is_named_and_the_set_up_goes_on_when_it_is_back(
    browser: Browser, admin: Visitor, pair: Pair, redmine: RedmineServer
) -> None:
    """One admin has the sign-in page open when it stops, the other one comes later."""
    early, late = pair.begin(), pair.begin()
    go_to_other_side(admin, early, password("admin"))
    told = "Nothing answers at the URL of this Redmine."
    with visiting(browser, pair) as other:
        with redmine.stopped():
            sign_in(admin, password("admin"))
            require_told(admin, told)
            admin.look_around("redmine-stopped")
            other.page.goto(late.start_url)
            sign_in(other, key("admin"))
            require_told(other, told)
            status, problem = pair.sign_in(password("admin"))
            assert (status, problem["code"]) == (424, "platform-unreachable")
            assert pair.probe(pair.other_url)["outcome"] == "nothing_there"
            checks = pair.check()
            assert (checks["address"]["ok"], checks["sign_in"]["ok"]) == (False, None)
            for attempt in (early, late):
                require_intact(attempt)
        sign_in(other, key("admin"))
        other.sees("Here to There")
    sign_in(admin, password("admin"))
    accept(admin, early)
