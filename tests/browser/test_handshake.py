"""Two real nodes and a real browser: every way in which an admin may go through the set-up."""

from __future__ import annotations

from typing import Literal

import pytest
from playwright.sync_api import Browser, expect

from tests import wizard
from tests.browser.sandbox_pair import Pair, age, go_to_decision, go_to_start
from tests.chromium import PHONE, WIDE, Visitor


@pytest.mark.parametrize(
    ("width", "color_scheme"), [(WIDE, "light"), (PHONE, "dark")], ids=["wide", "phone in the dark"]
)
def test_an_admin_accepts_and_every_page_is_readable_by_everybody(
    browser: Browser, pair: Pair, width: int, color_scheme: Literal["light", "dark"]
) -> None:
    visitor, attempt = pair.visitor(browser, width, color_scheme), pair.begin()
    visitor.page.goto(attempt.start_url)
    visitor.sees("Sign in to Acme")
    visitor.look_around("1-sign-in-here")
    visitor.sign_in()
    visitor.sees("Here to There")
    visitor.reads(attempt.code, "visual", pair.globex.node.url.removeprefix("http://"))
    visitor.look_around("2-start")
    visitor.page.get_by_role("button").click()
    visitor.sees("Sign in to Globex")
    visitor.look_around("3-sign-in-there")
    visitor.sign_in()
    visitor.sees("Accept this connection?")
    visitor.reads(attempt.code, pair.acme.node.url.removeprefix("http://"), "See items", "attach")
    visitor.look_around("4-consent")
    visitor.press("Accept")
    visitor.sees("The connection is active")
    assert visitor.page.url == attempt.start_url
    visitor.look_around("5-active")
    visitor.leave()
    wizard.agree(attempt)


def test_the_admin_denies_and_may_ask_again(alice: Visitor, pair: Pair) -> None:
    attempt = pair.begin()
    go_to_decision(alice, attempt)
    alice.press("Deny")
    alice.sees("The verification was denied")
    alice.reads("is still a draft; nothing is lost")
    assert alice.page.url == attempt.start_url
    alice.look_around("6-denied")
    shown = attempt.reaches("draft")
    assert shown["last_error"]["code"] == "verification-denied"
    assert (shown["mode"], shown["destination"]["node_url"]) == ("visual", pair.globex.issuer)
    again = attempt.again()
    alice.page.goto(again.start_url)
    alice.page.get_by_role("button").click()
    alice.sign_in()
    alice.press("Accept")
    alice.sees("The connection is active")
    wizard.agree(again)


def test_a_member_of_the_other_side_reads_what_is_missing_and_loses_nothing(
    alice: Visitor, pair: Pair
) -> None:
    attempt = pair.begin()
    go_to_start(alice, attempt)
    alice.page.get_by_role("button").click()
    alice.sign_in("bob")
    alice.sees("You are not an admin of Globex")
    alice.reads("Bob Member", "sign in as alice", "the draft stays")
    alice.look_around("7-not-an-admin-there")
    alice.press("Go back")
    alice.sees("not an admin")
    alice.reads("is still a draft; nothing is lost")
    alice.look_around("8-back-from-not-an-admin")
    shown = attempt.reaches("draft")
    assert shown["last_error"]["code"] == "not-an-admin"
    assert {"access", "invitation"} & {action["id"] for action in shown["next_actions"]}
    again = attempt.again()
    alice.page.goto(again.start_url)
    alice.page.get_by_role("button").click()
    alice.sign_in()
    alice.press("Accept")
    alice.sees("The connection is active")
    wizard.agree(again)


def test_a_member_of_the_own_side_makes_way_for_an_admin(alice: Visitor, pair: Pair) -> None:
    attempt = pair.begin()
    alice.page.goto(attempt.start_url)
    alice.sign_in("bob")
    alice.sees("You are not an admin of Acme")
    alice.reads("Bob Member", "sign in as alice")
    alice.look_around("9-not-an-admin-here")
    alice.press("Go back")
    alice.sees("Sign in to Acme")
    alice.sign_in()
    alice.sees("Here to There")
    assert attempt.connection()["state"] == "draft"


def test_opening_the_start_link_starts_nothing(alice: Visitor, pair: Pair) -> None:
    attempt = pair.begin()
    before = attempt.connection()
    go_to_start(alice, attempt)
    alice.page.reload()
    alice.sees("Here to There")
    assert attempt.connection() == before
    assert not [url for url in alice.navigations if url.startswith(pair.globex.node.url)]


def test_a_wrong_password_is_told_and_the_next_one_taken(alice: Visitor, pair: Pair) -> None:
    attempt = pair.begin()
    go_to_start(alice, attempt)
    alice.page.get_by_role("button").click()
    alice.sign_in("alice", "guess")
    alice.sees("Sign in to Globex")
    expect(alice.page.get_by_role("alert")).to_contain_text("You are not signed in")
    alice.look_around("10-wrong-password")
    alice.sign_in()
    alice.sees("Accept this connection?")


def test_a_reload_of_the_callback_changes_nothing(alice: Visitor, pair: Pair) -> None:
    attempt = pair.begin()
    go_to_decision(alice, attempt)
    alice.press("Accept")
    alice.sees("The connection is active")
    (callback,) = (url for url in alice.navigations if "/oauth/callback?" in url)
    before = attempt.reaches("active")
    alice.page.goto(callback)
    alice.sees("The connection is active")
    assert alice.page.url == attempt.start_url
    alice.page.reload()
    alice.sees("The connection is active")
    assert attempt.connection() == before


def test_the_back_button_shows_that_it_is_decided(alice: Visitor, pair: Pair) -> None:
    attempt = pair.begin()
    go_to_decision(alice, attempt)
    alice.press("Accept")
    alice.sees("The connection is active")
    alice.page.go_back()
    alice.sees("This request was decided already")
    alice.look_around("11-decided-already")
    alice.page.go_forward()
    alice.sees("The connection is active")
    wizard.agree(attempt)


@pytest.mark.parametrize("clicked", ["Start", "Accept"])
def test_a_double_click_does_it_once(alice: Visitor, pair: Pair, clicked: str) -> None:
    attempt = pair.begin()
    go_to_start(alice, attempt)
    start = alice.page.get_by_role("button")
    start.dblclick() if clicked == "Start" else start.click()
    alice.sees("Sign in to Globex")
    alice.sign_in()
    accept = alice.page.get_by_role("button", name="Accept")
    accept.dblclick() if clicked == "Accept" else accept.click()
    alice.sees("The connection is active")
    wizard.agree(attempt)


def test_an_expired_session_says_so_and_the_draft_can_go_on(alice: Visitor, pair: Pair) -> None:
    attempt = pair.begin()
    go_to_start(alice, attempt)
    age(
        pair.acme,
        "UPDATE verification_session SET expires_at = created_at WHERE id = ?",
        attempt.session["id"],
    )
    alice.page.get_by_role("button").click()
    alice.sees("expired")
    alice.look_around("12-expired-on-start")
    alice.page.goto(attempt.start_url)
    alice.sees("expired")
    alice.reads("is still a draft; nothing is lost")
    alice.look_around("13-expired")
    assert attempt.connection()["last_error"]["code"] == "verification-expired"
    again = attempt.again()
    alice.page.goto(again.start_url)
    alice.sees("Here to There")


def test_an_expired_request_says_where_to_go_back_to(alice: Visitor, pair: Pair) -> None:
    attempt = pair.begin()
    go_to_decision(alice, attempt)
    session_id, shared_id = attempt.session["id"], str(attempt.connection()["shared_id"])
    age(
        pair.globex, "UPDATE authorization_request SET expires_at = created_at WHERE shared_id = ?", shared_id
    )
    age(
        pair.acme,
        "UPDATE verification_session SET request_expires_at = created_at WHERE id = ?",
        session_id,
    )
    alice.press("Accept")
    alice.sees("This request has expired")
    alice.reads(f"Go back to {pair.acme.node.url.removeprefix('http://')}")
    alice.look_around("14-request-expired")
    alice.page.goto(attempt.start_url)
    alice.page.get_by_role("button").click()
    alice.sees("Sign in to Globex")
    alice.sign_in()
    alice.press("Accept")
    alice.sees("The connection is active")
    wizard.agree(attempt)


def test_two_nodes_on_one_host_do_not_sign_each_other_out(alice: Visitor, pair: Pair) -> None:
    attempt, other = pair.begin(), pair.begin()
    go_to_decision(alice, attempt)
    names = {cookie["name"] for cookie in alice.context.cookies() if cookie["name"].startswith("parley-")}
    assert len(names) == 2
    decision = alice.page.url
    alice.page.goto(other.start_url)
    alice.sees("Here to There")
    alice.page.goto(decision)
    alice.sees("Accept this connection?")
    alice.press("Deny")
    alice.sees("denied")


def test_the_keyboard_is_enough(alice: Visitor, pair: Pair) -> None:
    attempt = pair.begin()
    alice.page.goto(attempt.start_url)
    for heading in ("Sign in to Acme", "Here to There", "Sign in to Globex", "Accept this connection?"):
        alice.sees(heading)
        if heading.startswith("Sign in"):
            for label, typed in (("Login", "alice"), ("Password", "alice-sandbox")):
                tab_to(alice, label)
                alice.page.keyboard.type(typed)
        tab_to(alice, "Accept" if heading.startswith("Accept") else "")
        alice.page.keyboard.press("Enter")
    alice.sees("The connection is active")
    wizard.agree(attempt)


def tab_to(visitor: Visitor, name: str) -> None:
    """The field of this label, or the button of this name or any, has the focus."""
    for _ in range(10):
        visitor.page.keyboard.press("Tab")
        focused = visitor.page.locator(":focus")
        label = focused.evaluate("e => e.labels?.length ? e.labels[0].innerText : e.innerText")
        is_button = focused.evaluate("e => e.tagName") == "BUTTON"
        if label == name or (is_button and not name):
            return
    raise AssertionError(f"Tab does not reach {name or 'a button'}")
