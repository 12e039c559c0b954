"""The pages in a real browser: readable by everybody, at each width and in each colour scheme."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.chromium import complaints
from tests.pages.sample_views import VIEWS

WIDE, PHONE = 1280, 320


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": WIDE, "height": 800})
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [WIDE, PHONE])
@pytest.mark.parametrize("name", VIEWS)
def test_each_page_is_readable_by_everybody(
    browser: Browser, pages_url: str, name: str, width: int, color_scheme: Literal["light", "dark"]
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=color_scheme)
    page = context.new_page()
    heard = complaints(page, pages_url)
    page.goto(f"{pages_url}/pages/{name}")
    findings = Axe().run(page)
    sideways = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    context.close()
    assert [(finding["id"], finding["nodes"]) for finding in findings.response["violations"]] == []
    assert sideways == 0
    assert heard == []


@pytest.mark.parametrize("width", [WIDE, PHONE])
@pytest.mark.parametrize(("name", "no"), [("consent", "Deny"), ("invited", "Reject")])
def test_a_no_and_accept_have_the_same_size_and_the_same_looks(
    page: Page, pages_url: str, width: int, name: str, no: str
) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{pages_url}/pages/{name}")
    deny, accept = (page.get_by_role("button", name=answer, exact=True) for answer in (no, "Accept"))
    deny_box, accept_box = deny.bounding_box(), accept.bounding_box()
    assert deny_box is not None
    assert accept_box is not None
    assert abs(deny_box["width"] - accept_box["width"]) < 1
    assert abs(deny_box["height"] - accept_box["height"]) < 1
    assert deny_box["height"] >= 44
    looks = (
        "e => { const s = getComputedStyle(e); return [s.color, s.background, s.font, s.border, s.opacity] }"
    )
    assert deny.evaluate(looks) == accept.evaluate(looks)


def test_the_keyboard_reaches_both_answers_and_shows_where_it_is(page: Page, pages_url: str) -> None:
    page.goto(f"{pages_url}/pages/consent")
    reached = []
    for _ in range(3):
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        expect(focused).to_be_in_viewport()
        outline = (
            "e => { const s = getComputedStyle(e); return [s.outlineStyle, parseFloat(s.outlineWidth)] }"
        )
        assert focused.evaluate(outline) == ["solid", 3]
        reached.append(focused.inner_text())
    assert reached == ["Skip to the content", "Deny", "Accept"]


def test_the_error_leads_to_the_field_and_the_field_tells_the_error(page: Page, pages_url: str) -> None:
    page.goto(f"{pages_url}/pages/sign-in-error")
    page.get_by_role("alert").get_by_role("link").click()
    login = page.get_by_label("Login", exact=True)
    expect(login).to_be_focused()
    expect(login).to_have_accessible_description(
        "Redmine does not accept this login and password. Check both."
    )


def test_a_decision_leads_back_to_the_verified_origin(page: Page, pages_url: str) -> None:
    asking = pages_url.replace("127.0.0.1", "localhost")
    page.goto(f"{pages_url}/pages/consent?form_action_origin={asking}")
    page.get_by_role("button", name="Accept").click()
    page.wait_for_url(f"{asking}/pages/active?decision=accept")


def test_a_decision_leads_to_no_other_origin(page: Page, pages_url: str) -> None:
    page.goto(f"{pages_url}/pages/consent")
    with page.expect_console_message() as refusal:
        page.get_by_role("button", name="Deny").click()
    assert "form-action" in refusal.value.text
    assert page.url == f"{pages_url}/pages/consent"


def test_a_waiting_page_looks_again_by_itself(page: Page, pages_url: str) -> None:
    page.goto(f"{pages_url}/pages/pending")
    with page.expect_navigation(url="**/pages/pending", timeout=15_000):
        pass


def test_swagger_ui_tries_a_call_with_nothing_from_another_server(page: Page, pages_url: str) -> None:
    heard = complaints(page, pages_url)
    page.goto(f"{pages_url}/docs")
    page.get_by_text("Say hello").click()
    page.get_by_placeholder("name").fill("Norma")
    page.get_by_role("button", name="Execute").click()
    expect(page.locator(".live-responses-table")).to_contain_text('"greeting": "Hello Norma"')
    assert heard == []


def test_redoc_shows_and_searches_with_nothing_from_another_server(page: Page, pages_url: str) -> None:
    heard = complaints(page, pages_url)
    page.goto(f"{pages_url}/redoc")
    expect(page.get_by_role("heading", name="Say hello")).to_be_visible()
    page.get_by_role("textbox").fill("hello")
    expect(page.locator('[data-role="search:results"]')).to_contain_text("Say hello")
    assert heard == []
