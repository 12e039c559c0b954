"""Two real nodes whose instances are different real trackers: each one asks once and is asked once, in a ring."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser

from tests import wizard
from tests.chromium import Visitor, started_chromium
from tests.deadlines import until
from tests.processes import Instance, NodeProcess, started_node
from tests.trackers.redmine_pair import sign_in
from tests.trackers.tracker_server import TrackerServer
from tests.wizard import Attempt


@dataclass(frozen=True)
class Tracker:
    """A system as people meet it: how its admin and somebody else sign in, and what the other one lacks there."""

    platform: str
    label: str
    admin: dict[str, str]
    norma: dict[str, str]
    lacking: str
    right: str
    folder: str = ""

    @property
    def slug(self) -> str:
        return self.platform.replace("_", "-")

    @property
    def title(self) -> str:
        return self.slug.title()

    def method(self, values: dict[str, str]) -> str:
        return "token" if "token" in values else "password"


def password(login: str, typed: str = "") -> dict[str, str]:
    return {"login": login, "password": typed or f"{login}-pass-1"}


TRACKERS = (
    Tracker(
        "redmine",
        "Redmine",
        password("admin"),
        password("norma"),
        "The Redmine account norma is not an administrator",
        "View Issues",
    ),
    Tracker(
        "request_tracker",
        "Request Tracker",
        password("root", "admin-pass-1"),
        password("norma"),
        "Request Tracker does not give norma the right SuperUser",
        "View ticket summaries",
    ),
    Tracker(
        "roundup",
        "Roundup",
        password("admin"),
        password("norma"),
        "The Roundup account norma does not have the role Admin",
        "View issue",
    ),
    Tracker(
        "escalated",
        "Escalated",
        {"token": "a" * 40},
        {"token": "b" * 40},
        "is not an administrator",
        "Agent's token",
        "/support",
    ),
    Tracker(
        "django_helpdesk",
        "django-helpdesk",
        password("admin"),
        password("norma"),
        "The account norma may not make accounts at this django-helpdesk",
        "Staff status",
    ),
)
RING = list(zip(TRACKERS, (*TRACKERS[1:], TRACKERS[0]), strict=True))


@dataclass(frozen=True)
class Nodes:
    """Both nodes; each fronts every tracker, so that each may ask and be asked."""

    acme: dict[str, Instance]
    globex: dict[str, Instance]

    @property
    def origins(self) -> tuple[str, str]:
        return self.acme["redmine"].node.url, self.globex["redmine"].node.url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Of this file alone: while it runs, no test of another file can have an event loop."""
    with started_chromium() as started:
        yield started


@pytest.fixture(scope="module")
def nodes(
    tmp_path_factory: pytest.TempPathFactory,
    redmine: TrackerServer,
    request_tracker: TrackerServer,
    roundup: TrackerServer,
    escalated: TrackerServer,
    django_helpdesk: TrackerServer,
) -> Iterator[Nodes]:
    servers = dict(
        zip(
            (tracker.platform for tracker in TRACKERS),
            (redmine, request_tracker, roundup, escalated, django_helpdesk),
            strict=True,
        )
    )
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("crosswise")
        both = [stack.enter_context(started_node(folder, name)) for name in ("acme", "globex")]
        for node in both:
            node.wait_until_ready()
        yield Nodes(*(_fronting(node, servers) for node in both))


def _fronting(node: NodeProcess, servers: dict[str, TrackerServer]) -> dict[str, Instance]:
    """Return the node's instances by platform; the user of their connections is norma."""
    made = {}
    for tracker in TRACKERS:
        url = f"{servers[tracker.platform].url}{tracker.folder}"
        instance = made[tracker.platform] = node.add_instance(tracker.slug, tracker.platform, url)
        (shown,) = instance.call("GET", "/v1/instances")["items"]
        credential = {"method": tracker.method(tracker.norma), "values": tracker.norma}
        instance.call("PATCH", f"/v1/instances/{shown['id']}", {"credential": credential})
    return made


@contextmanager
def visiting(browser: Browser, nodes: Nodes) -> Iterator[Visitor]:
    visitor = Visitor(browser, *nodes.origins)
    yield visitor
    visitor.leave()


def require_draft(attempt: Attempt) -> None:
    """Everything that was answered before is there, and the reason."""
    shown = attempt.reaches("draft")
    assert shown["last_error"]["code"] == "not-an-admin"
    assert (shown["mode"], shown["destination"]["node_url"]) == ("script", attempt.asked.issuer)


@pytest.mark.parametrize(
    ("here", "there"), RING, ids=[f"{here.label} asks {there.label}" for here, there in RING]
)
def test_an_admin_of_both_connects_two_different_trackers(
    browser: Browser, nodes: Nodes, here: Tracker, there: Tracker
) -> None:
    """First somebody who is no admin over there is refused in that tracker's own words, and nothing is lost."""
    asking, asked = nodes.acme[here.platform], nodes.globex[there.platform]
    found = asking.call("POST", "/v1/destination-probes", {"url": asked.issuer})
    assert (found["outcome"], found["platform"]) == ("node_found", there.platform)
    possible = {option["mode"] for option in found["modes"] if option["possible"]}
    assert possible == {"script", "basic"}
    with visiting(browser, nodes) as admin:
        attempt = wizard.begin(asking, asked, "script")
        admin.page.goto(attempt.start_url)
        admin.sees(f"Sign in to {here.title}")
        sign_in(admin, here.admin)
        admin.reads(attempt.code)
        admin.page.get_by_role("button").click()
        admin.sees(f"Sign in to {there.title}")
        sign_in(admin, there.norma)
        admin.sees(f"You are not an admin of {there.title}")
        admin.reads(there.lacking)
        admin.look_around(f"crosswise-{there.slug}-no-admin")
        admin.press("Go back")
        require_draft(attempt)
        again = attempt.again()
        admin.page.goto(again.start_url)
        admin.page.get_by_role("button").click()
        sign_in(admin, there.admin)
        admin.sees("Accept this connection?")
        admin.reads(again.code, there.right)
        admin.look_around(f"crosswise-{there.slug}-consent")
        admin.press("Accept")
        admin.sees("The connection is active")
        wizard.agree(again)


def test_an_invitation_between_two_different_trackers(browser: Browser, nodes: Nodes) -> None:
    """Request Tracker invites, and an admin of django-helpdesk accepts; nobody else there can."""
    inviter, invited = nodes.acme["request_tracker"], nodes.globex["django_helpdesk"]
    tracker = TRACKERS[-1]
    body = {"destination": {"type": "private"}, "details": wizard.DETAILS, "mode": "basic"}
    draft = inviter.call("POST", "/v1/connections", body, expected=201)
    issued = inviter.call("POST", f"/v1/connections/{draft['id']}/invitations", {}, expected=201)
    path = f"/v1/invitations/{issued['id']}"
    with visiting(browser, nodes) as admin:
        admin.page.goto(f"{invited.issuer}/invite")
        admin.page.get_by_label("Code of the invitation").fill(issued["code"])
        admin.press("Show the invitation")
        admin.sees(f"Sign in to {tracker.title}")
        sign_in(admin, tracker.norma)
        admin.sees(f"You are not an admin of {tracker.title}")
        admin.reads(tracker.lacking)
        assert inviter.call("GET", path)["state"] == "open"
        admin.press("Go back")
        admin.page.get_by_label("Code of the invitation").fill(issued["code"])
        admin.press("Show the invitation")
        admin.sees(f"Sign in to {tracker.title}")
        sign_in(admin, tracker.admin)
        admin.sees("Accept this invitation?")
        admin.look_around("crosswise-invitation")
        admin.press("Accept")
        admin.sees("You accepted the invitation")
        claimed = until(
            lambda: inviter.call("GET", path), accept=lambda shown: bool(shown["state"] == "claimed")
        )
        admin.reads(claimed["comparison_code"])
        inviter.call("PUT", f"{path}/confirmation", {"decision": "confirm"})
        admin.sees("The connection is active")
    ours = inviter.call("GET", f"/v1/connections/{draft['id']}")
    theirs = [
        item
        for item in invited.call("GET", "/v1/connections")["items"]
        if item["shared_id"] == ours["shared_id"]
    ]
    assert [ours["state"], *(item["state"] for item in theirs)] == ["active", "active"]
