"""A static page of another team, from another origin, that knows no step: it goes through every kind of set-up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.sandbox_pair import Pair
from tests.chromium import Visitor
from tests.processes import Instance

NAMES = {"Short name of this side": "Shop", "Short name of the other side": "Desk"}


class Admin:
    """Somebody at the front end of another team, for one instance."""

    def __init__(self, browser: Browser, pair: Pair, instance: Instance, front_end: str) -> None:
        self.instance = instance
        self.visitor = Visitor(browser, front_end, pair.acme.node.url, pair.globex.node.url)
        self.page = self.visitor.page
        self.url = f"{front_end}/?node={quote(instance.node.url, safe='')}&instance={instance.slug}"
        me = instance.call("GET", "/v1/me")["instances"][0]
        instance.call("PATCH", f"/v1/instances/{me}", {"return_urls": [self.url]})
        self.page.goto(self.url)
        self.visitor.sign_in()
        self.visitor.sees("Begin")

    def fill(self, **values: str) -> None:
        for label, value in values.items():
            self.page.get_by_label(label, exact=True).fill(value)

    def answer(self, kind: str, mode: str, url: str = "") -> None:
        """The draft has a destination, names and a mode; the page is loaded anew in between."""
        self.visitor.press("New connection")
        self.page.get_by_label("Type").select_option(kind)
        if url:
            self.fill(**{"URL of the other side": url})
        self.visitor.press("Choose the destination")
        expect(self.page.get_by_role("button", name="Name the connection")).to_be_visible()
        self.page.reload()
        self.fill(**NAMES)
        self.visitor.press("Name the connection")
        expect(self.page.get_by_role("button", name="Change the names")).to_be_visible()
        self.page.get_by_label("Mode", exact=True).select_option(mode)
        self.visitor.press("Choose the mode")

    def invites(self) -> str:
        """Return the code that the page shows."""
        self.visitor.press("Invite the partner")
        self.visitor.sees("The connection is pending")
        return self.page.locator("#code").inner_text()

    def accepts(self, code: str) -> None:
        self.fill(**{"Code from the partner": code})
        self.visitor.press("Accept")
        self.visitor.sees("The connection is pending")

    def reads_code(self) -> str:
        return self.page.locator(".comparison-code").inner_text()

    def confirms(self, code: str) -> None:
        self.page.get_by_label("Decision").select_option("confirm")
        self.fill(**{"Comparison code that your partner reads to you": code})
        self.visitor.press("Confirm who accepted the invitation")


@pytest.fixture
def here(browser: Browser, pair: Pair, front_end: str) -> Iterator[Admin]:
    admin = Admin(browser, pair, pair.acme, front_end)
    yield admin
    admin.visitor.leave()


@pytest.fixture
def there(browser: Browser, pair: Pair, front_end: str) -> Iterator[Admin]:
    admin = Admin(browser, pair, pair.globex, front_end)
    yield admin
    admin.visitor.leave()


def test_public_and_verified(here: Admin, pair: Pair) -> None:
    here.answer("public", "visual", pair.globex.issuer)
    here.visitor.press("I have admin access to the other side")
    here.visitor.press("Verify admin access in the browser")
    here.visitor.sees("Sign in to Acme")
    here.visitor.sign_in()
    here.page.get_by_role("button").click()
    here.visitor.sees("Sign in to Globex")
    here.visitor.sign_in()
    here.visitor.press("Accept")
    here.visitor.sees("The connection is active")
    here.page.get_by_role("link", name="Go on").click()
    here.page.wait_for_url(re.compile(re.escape(here.url) + r"&connection=con_[0-9a-f]{32}&result=active"))
    here.visitor.sees("The connection is active")


@pytest.mark.parametrize(("kind", "mode"), [("public", "script"), ("private", "basic")])
def test_by_an_invitation(here: Admin, there: Admin, pair: Pair, kind: str, mode: str) -> None:
    here.answer(kind, mode, pair.globex.issuer if kind == "public" else "")
    there.accepts(here.invites())
    here.page.reload()
    here.confirms(there.reads_code())
    here.visitor.sees("The connection is active")
    there.visitor.sees("The connection is active")


def test_local(here: Admin) -> None:
    here.answer("local", "basic")
    here.visitor.press("Activate")
    here.visitor.sees("The connection is active")
    here.page.reload()
    here.visitor.sees("The connection is active")


def test_a_page_of_an_origin_that_is_not_listed_reads_nothing(
    browser: Browser, pair: Pair, front_end: str
) -> None:
    page = browser.new_page()
    page.goto(front_end.replace("127.0.0.1", "localhost") + f"/?node={quote(pair.acme.node.url, safe='')}")
    page.get_by_label("Login").fill("alice")
    page.get_by_label("Password").fill("alice-sandbox")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("Failed to fetch")
    page.close()
