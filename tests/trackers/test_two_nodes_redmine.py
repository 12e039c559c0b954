"""Two real nodes, a real Redmine and a real browser: the whole set-up, and everything a tracker does to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser

from tests.chromium import Visitor, started_chromium
from tests.trackers.redmine_pair import (
    Pair,
    accept,
    go_to_other_side,
    key,
    password,
    require_intact,
    require_told,
    running_pair,
    sign_in,
    visiting,
)
from tests.trackers.tracker_server import TrackerServer


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


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Of this file alone: while it runs, no test of another file can have an event loop."""
    with started_chromium() as started:
        yield started


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, redmine: TrackerServer) -> Iterator[Pair]:
    with running_pair(tmp_path_factory.mktemp("redmine"), redmine) as both:
        yield both


@pytest.fixture
def admin(browser: Browser, pair: Pair) -> Iterator[Visitor]:
    with visiting(browser, pair) as visitor:
        yield visitor


def test_the_redmine_of_a_new_partner_is_recognised_and_its_node_asked_for(pair: Pair) -> None:
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
    # From now on the link of its Redmine is enough to find a partner's node.
    assert pair.probe(pair.other_url)["outcome"] == "node_found"


def test_a_right_that_lacks_is_named_with_the_place_to_grant_it(admin: Visitor, pair: Pair) -> None:
    attempt = pair.begin()
    pair.store_credential(key("rita"))
    go_to_other_side(admin, attempt, password("admin"))
    sign_in(admin, password("admin"))
    admin.sees("Accept this connection?")
    admin.reads("The connection's user lacks it: Redmine: Administration → Roles and permissions")
    admin.look_around("redmine-3-right-lacks")
    assert pair.check()["rights"]["detail"] == "The connection's user lacks: Edit issues."
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
    admin: Visitor, pair: Pair, redmine: TrackerServer, trouble: Trouble
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
    browser: Browser, admin: Visitor, pair: Pair, redmine: TrackerServer
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
            checks = pair.check()
            assert (checks["address"]["ok"], checks["sign_in"]["ok"]) == (False, None)
            for attempt in (early, late):
                require_intact(attempt)
        sign_in(other, key("admin"))
        other.sees("Here to There")
    sign_in(admin, password("admin"))
    accept(admin, early)
