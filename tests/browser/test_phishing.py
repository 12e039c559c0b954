"""Somebody leads an admin's browser to a prepared link, a session, a frame, a name that lies: nothing comes of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from playwright.sync_api import Browser, Request, Route, expect

from tests import wizard
from tests.browser.sandbox_pair import Pair, age, go_to_decision, go_to_start
from tests.chromium import Visitor
from tests.processes import Instance

LYING_NAME = "<img src=x onerror=alert(1)> \u202emoc.elpmaxe\u202c \u0430cme"


@pytest.fixture
def mallory(browser: Browser, pair: Pair) -> Iterator[Visitor]:
    """Somebody with another browser."""
    visitor = pair.visitor(browser)
    yield visitor
    visitor.leave()


def test_the_start_link_of_another_admin_is_of_no_use(alice: Visitor, pair: Pair) -> None:
    attempt = pair.begin()
    age(
        pair.acme,
        "UPDATE verification_session SET owner_account = 'somebody else' WHERE id = ?",
        attempt.session["id"],
    )
    alice.page.goto(attempt.start_url)
    alice.sign_in()
    alice.reads("belongs to another admin")
    assert alice.page.get_by_role("button").count() == 0
    assert attempt.connection()["state"] == "draft"


def test_a_start_in_another_browser_takes_the_way_back_from_the_first(
    alice: Visitor, mallory: Visitor, pair: Pair
) -> None:
    """Whoever pressed Start last goes on; the answer that the first one brings is refused, and nothing is lost."""
    attempt = pair.begin()
    go_to_decision(alice, attempt)
    go_to_start(mallory, attempt)
    mallory.page.get_by_role("button").click()
    mallory.sees("Sign in to Globex")
    alice.press("Accept")
    alice.reads("started in another browser")
    assert attempt.connection()["state"] == "pending"


def accept_and_take_the_way_back(visitor: Visitor) -> str:
    """Return the address to which the other node sends the browser; the browser does not get there."""
    taken: list[str] = []

    def keep(route: Route) -> None:
        answer = route.fetch(max_redirects=0)
        assert answer.status == HTTPStatus.SEE_OTHER
        taken.append(answer.headers["location"])
        route.fulfill(status=HTTPStatus.OK, content_type="text/html", body="<h1>Nothing to see here</h1>")

    decision = visitor.page.url
    visitor.page.route(decision, keep)
    visitor.press("Accept")
    visitor.sees("Nothing to see here")
    visitor.page.unroute(decision)
    (way_back,) = taken
    return way_back


def test_the_way_back_is_of_no_use_in_another_browser_and_still_good_in_the_first(
    alice: Visitor, mallory: Visitor, pair: Pair
) -> None:
    """Signed out, and signed in as the very admin who pressed Start: whoever has the address gets nothing for it."""
    attempt = pair.begin()
    go_to_decision(alice, attempt)
    way_back = accept_and_take_the_way_back(alice)
    assert way_back.startswith(pair.acme.issuer + "/oauth/callback?")
    mallory.page.goto(way_back)
    mallory.reads("started in another browser", "Go on in the browser in which you pressed Continue.")
    mallory.page.goto(attempt.start_url)
    mallory.sign_in()
    mallory.sees("Here to There")
    mallory.page.goto(way_back)
    mallory.reads("started in another browser", "Go on in the browser in which you pressed Continue.")
    assert attempt.connection()["state"] == "pending"
    alice.page.goto(way_back)
    alice.sees("The connection is active")
    assert alice.page.url == attempt.start_url
    wizard.agree(attempt)


def test_a_sign_in_of_six_minutes_ago_accepts_nothing(alice: Visitor, pair: Pair) -> None:
    attempt = pair.begin()
    go_to_decision(alice, attempt)
    decision = alice.page.url
    age(
        pair.globex,
        "UPDATE sign_in_session SET signed_in_at = datetime(signed_in_at, '-6 minutes') WHERE for_request = ?",
        decision.rpartition("/")[2],
    )
    alice.press("Accept")
    alice.sees("Sign in to Globex")
    shared_id = attempt.connection()["shared_id"]
    listed = pair.globex.call("GET", "/v1/connections")["items"]
    assert shared_id not in [item["shared_id"] for item in listed]
    alice.sign_in()
    alice.sees("Accept this connection?")


def is_blocked(request: Request) -> bool:
    """True where Chromium has read the answer and does not show it, for its headers say so."""
    return request.failure == "net::ERR_BLOCKED_BY_RESPONSE"


@contextmanager
def serving(page: str) -> Iterator[str]:
    """Give the address of somebody else's server on this machine that shows this page."""

    class Trap(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Trap) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.mark.parametrize("page", ["sign-in", "start", "decision"])
def test_no_page_is_shown_in_a_frame(browser: Browser, pair: Pair, page: str) -> None:
    """A click on something harmless would be a click on Accept."""
    visitor, attempt = pair.visitor(browser), pair.begin()
    visitor.page.goto(attempt.start_url)
    if page == "start":
        visitor.sign_in()
    if page == "decision":
        visitor.context.clear_cookies()
        go_to_decision(visitor, attempt)
    framed = visitor.page.url
    with serving(
        f"<button>Win a prize</button><iframe src='{framed}' width=800 height=600></iframe>"
    ) as evil:
        with visitor.page.expect_event("requestfailed", is_blocked):
            visitor.page.goto(evil, wait_until="load")
        frame = visitor.page.frame_locator("iframe")
        expect(visitor.page.get_by_role("button", name="Win a prize")).to_be_visible()
        expect(frame.get_by_role("button")).to_have_count(0)
        expect(frame.get_by_role("heading")).to_have_count(0)
    visitor.context.close()


def test_a_name_that_lies_is_shown_as_it_is_written(browser: Browser, pair: Pair) -> None:
    """Markup stays text, what turns the reading direction is a visible mark, and the host is the one that asks."""
    slug = "liar"
    given = ["--slug", slug, "--name", LYING_NAME, "--platform", "sandbox"]
    issuer, token = pair.acme.node.run("instance", "add", *given).split()
    liar = Instance(pair.acme.node, slug, issuer, token)
    visitor, attempt = pair.visitor(browser), wizard.begin(liar, pair.globex)
    visitor.page.goto(attempt.start_url)
    visitor.sign_in()
    visitor.page.get_by_role("button").click()
    visitor.sees("Sign in to Globex")
    visitor.sign_in()
    visitor.sees("Accept this connection?")
    visitor.reads("<img src=x onerror=alert(1)>", "[U+202E]moc.elpmaxe[U+202C]", "claimed, not verified")
    visitor.reads(pair.acme.node.url.removeprefix("http://"))
    assert visitor.page.locator("main img").count() == 0
    visitor.look_around("15-a-name-that-lies")
    visitor.leave()


def test_a_session_that_was_there_before_the_sign_in_is_not_the_persons(
    alice: Visitor, mallory: Visitor, pair: Pair
) -> None:
    """Mallory, a member, puts the cookie of his own session into the browser of Alice, and waits for her to sign in."""
    attempt = pair.begin()
    mallory.page.goto(attempt.start_url)
    mallory.sign_in("bob")
    mallory.sees("You are not an admin of Acme")
    (planted,) = [each for each in mallory.context.cookies() if each["name"].startswith("parley-")]
    alice.context.add_cookies([{**planted}])  # type: ignore[typeddict-item]
    alice.page.goto(attempt.start_url)
    alice.press("Go back")
    alice.sign_in()
    alice.sees("Here to There")
    (own,) = [each for each in alice.context.cookies() if each["name"] == planted["name"]]
    assert own["value"] != planted["value"]
    assert (own["httpOnly"], own["sameSite"]) == (True, "Lax")
    mallory.page.reload()
    expect(mallory.page.locator("body")).not_to_contain_text("Here to There")
    assert attempt.connection()["state"] == "draft"
