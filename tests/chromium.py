"""A real browser, and a person in front of it from whom no error, foreign host or unreadable page is hidden."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, Request, expect, sync_playwright

WIDE, PHONE = 1280, 320
# Two nodes finish within a second; a machine under load gets its time.
expect.set_options(timeout=30_000)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@contextmanager
def started_chromium() -> Iterator[Browser]:
    """Debian's Chromium; a machine without it fails, because a page that nobody looked at is not tested."""
    chromium = shutil.which("chromium")
    assert chromium, "chromium is missing: make test-browser installs it"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield started
        started.close()


def complaints(page: Page, *own_origins: str) -> list[str]:
    """Return a list that grows with each error, blocked thing, dialog and request to another server."""
    heard: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        # The status of a problem page is the page's own message.
        if message.type in {"error", "warning"} and "status of 4" not in message.text:
            heard.append(message.text)

    def on_dialog(dialog: Dialog) -> None:
        heard.append(dialog.message)
        dialog.dismiss()

    def on_request(request: Request) -> None:
        if not request.url.startswith((*own_origins, "data:", "blob:")):
            heard.append(request.url)

    page.on("console", on_console)
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("dialog", on_dialog)
    page.on("request", on_request)
    return heard


class Visitor:
    """One person with a browser profile of their own, who may go to these origins and nowhere else."""

    def __init__(
        self,
        browser: Browser,
        *own_origins: str,
        width: int = WIDE,
        color_scheme: Literal["light", "dark"] = "light",
    ) -> None:
        self.context = browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme=color_scheme
        )
        self.page = self.context.new_page()
        self.heard = complaints(self.page, *own_origins)
        self.navigations: list[str] = []
        self.page.on(
            "request",
            lambda sent: self.navigations.append(sent.url) if sent.is_navigation_request() else None,
        )
        self.width = width

    def leave(self) -> None:
        """The browser is closed; nothing was wrong on any page."""
        self.context.close()
        assert self.heard == []

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def sign_in(self, login: str = "alice", password: str = "") -> None:
        self.page.get_by_label("Login", exact=True).fill(login)
        self.page.get_by_label("Password", exact=True).fill(password or f"{login}-sandbox")
        self.page.get_by_role("button", name="Sign in").first.click()

    def sees(self, heading: str) -> None:
        """This is the page with this heading."""
        expect(self.page.get_by_role("heading", name=heading, level=1)).to_be_visible()

    def reads(self, *told: str) -> None:
        """The page says all this."""
        for sentence in told:
            expect(self.page.locator("body")).to_contain_text(sentence)

    def look_around(self, name: str) -> None:
        """The page is readable by everybody and fits its window; it is kept where PARLEY_SCREENSHOTS says."""
        found = Axe().run(self.page).response["violations"]
        assert [(finding["id"], finding["nodes"]) for finding in found] == []
        sideways = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert self.page.evaluate(sideways) == 0
        if folder := os.environ.get("PARLEY_SCREENSHOTS"):
            path = Path(folder) / f"{self.width}-{name}.png"
            self.page.screenshot(path=path, full_page=True)
