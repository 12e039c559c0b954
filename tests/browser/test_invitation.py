"""A real browser follows an invitation's link, from the node of who invites to the node of who is invited."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.sandbox_pair import Pair
from tests.chromium import PHONE, WIDE, Visitor
from tests.deadlines import until

DETAILS = {"local_short_name": "Shop", "destination_short_name": "Desk"}
Json = dict[str, Any]


def invite(pair: Pair) -> Json:
    """Return a fresh invitation of acme to whoever has it."""
    body = {"destination": {"type": "private"}, "details": DETAILS, "mode": "script"}
    draft = pair.acme.call("POST", "/v1/connections", body, expected=201)
    return pair.acme.call("POST", f"/v1/connections/{draft['id']}/invitations", {}, expected=201)


def claimed(pair: Pair, issued: Json) -> Json:
    """Return the invitation once globex has claimed it."""
    path = f"/v1/invitations/{issued['id']}"
    return until(lambda: pair.acme.call("GET", path), accept=lambda shown: shown["state"] == "claimed")


def leaves_no_code(visitor: Visitor, code: str) -> None:
    """The code is neither in the address bar nor in the history of the tab."""
    history = visitor.context.new_cdp_session(visitor.page).send("Page.getNavigationHistory")
    places = [entry["url"] for entry in history["entries"]]
    assert not [place for place in [visitor.page.url, *places] if code in place or "#" in place]


def go_to_decision(visitor: Visitor, pair: Pair, issued: Json) -> None:
    """The invited node shows the decision, after the way over the inviter's page and the sign-in."""
    visitor.page.goto(issued["url"])
    visitor.sees("You have an invitation to a connection")
    expect(visitor.page.get_by_label("Code of the invitation")).to_have_value(issued["code"])
    leaves_no_code(visitor, issued["code"])
    visitor.look_around("20-invitation-code")
    visitor.press("Show the invitation")
    visitor.sees("Acme invites you")
    visitor.look_around("21-invitation-of-acme")
    visitor.page.get_by_label("Node URL of your instance").fill(pair.globex.issuer)
    visitor.press("Make the link")
    onward = visitor.page.get_by_role("link", name="Continue to")
    expect(onward).to_be_visible()
    visitor.look_around("22-invitation-handed-over")
    onward.click()
    visitor.sees("You have an invitation to a connection")
    expect(visitor.page.get_by_label("Code of the invitation")).to_have_value(issued["code"])
    leaves_no_code(visitor, issued["code"])
    visitor.press("Show the invitation")
    visitor.sees("Sign in to Globex")
    visitor.sign_in()
    visitor.sees("Accept this invitation?")
    leaves_no_code(visitor, issued["code"])


@pytest.mark.parametrize(
    ("width", "color_scheme"), [(WIDE, "light"), (PHONE, "dark")], ids=["wide", "phone in the dark"]
)
def test_an_invited_admin_follows_the_link_and_both_sides_are_active(
    browser: Browser, pair: Pair, width: int, color_scheme: Any
) -> None:
    visitor, issued = pair.visitor(browser, width, color_scheme), invite(pair)
    go_to_decision(visitor, pair, issued)
    visitor.reads(pair.acme.node.url.removeprefix("http://"), "script", "See items", "claimed, not verified")
    visitor.look_around("23-invitation-decision")
    visitor.press("Accept")
    visitor.sees("You accepted the invitation")
    code = claimed(pair, issued)["comparison_code"]
    visitor.reads("must confirm that it was you", code)
    visitor.look_around("24-invitation-accepted")
    path = f"/v1/invitations/{issued['id']}/confirmation"
    pair.acme.call("PUT", path, {"decision": "confirm"})
    visitor.sees("The connection is active")  # the page looks again by itself
    visitor.look_around("25-invitation-active")
    leaves_no_code(visitor, issued["code"])
    visitor.leave()
    assert pair.acme.call("GET", f"/v1/connections/{issued['connection']}")["state"] == "active"
    secret_part = issued["code"].split(".")[1]
    for node in (pair.acme.node, pair.globex.node):
        assert secret_part[-60:] not in (node.folder / "serve.log").read_text(errors="replace")
    assert not [url for url in visitor.navigations if secret_part in url.partition("#")[0]]


def test_a_pasted_code_is_kept_over_the_sign_in_and_rejected_with_a_reason(
    browser: Browser, pair: Pair
) -> None:
    visitor, issued = pair.visitor(browser), invite(pair)
    visitor.page.goto(f"{pair.globex.issuer}/invite")
    visitor.page.get_by_label("Code of the invitation").fill(issued["url"])
    visitor.press("Show the invitation")
    visitor.sign_in()
    visitor.sees("Accept this invitation?")
    reason = visitor.page.get_by_label("Reason, if you reject")
    reason.fill("We have one already.")
    reason.press("Enter")  # a decision is made with its own button only
    visitor.sees("Accept this invitation?")
    visitor.press("Reject")
    visitor.sees("You rejected the invitation")
    visitor.leave()
    path = f"/v1/invitations/{issued['id']}"
    shown = until(lambda: pair.acme.call("GET", path), accept=lambda found: found["state"] == "rejected")
    assert shown["reason"] == "We have one already."


def test_without_scripts_the_link_is_pasted(browser: Browser, pair: Pair) -> None:
    issued = invite(pair)
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(issued["url"])
    page.get_by_label("Code of the invitation").fill(issued["url"])
    page.get_by_role("button", name="Show the invitation").click()
    expect(page.get_by_role("heading", name="Acme invites you")).to_be_visible()
    context.close()


def test_another_link_opened_in_the_same_tab_takes_the_place_of_the_first(
    browser: Browser, pair: Pair
) -> None:
    visitor = pair.visitor(browser)
    first, second = invite(pair), invite(pair)
    visitor.page.goto(first["url"])
    visitor.page.evaluate("url => { location.href = url }", second["url"])
    expect(visitor.page.get_by_label("Code of the invitation")).to_have_value(second["code"])
    leaves_no_code(visitor, second["code"])
    visitor.leave()
