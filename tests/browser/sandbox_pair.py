"""Two real nodes with a sandbox each, and the ways through their pages that most tests begin with."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import Literal

from playwright.sync_api import Browser

from tests import wizard
from tests.chromium import WIDE, Visitor
from tests.processes import Instance
from tests.wizard import Attempt


@dataclass(frozen=True)
class Pair:
    """Two sandbox instances, each on a node of its own; acme asks globex."""

    acme: Instance
    globex: Instance

    def begin(self) -> Attempt:
        return wizard.begin(self.acme, self.globex)

    def visitor(
        self, browser: Browser, width: int = WIDE, color_scheme: Literal["light", "dark"] = "light"
    ) -> Visitor:
        origins = self.acme.node.url, self.globex.node.url
        return Visitor(browser, *origins, width=width, color_scheme=color_scheme)


def go_to_start(visitor: Visitor, attempt: Attempt) -> None:
    """The start page is shown to a signed-in admin."""
    visitor.page.goto(attempt.start_url)
    visitor.sees("Sign in to Acme")
    visitor.sign_in()
    visitor.sees("Here to There")


def go_to_decision(visitor: Visitor, attempt: Attempt) -> None:
    """The decision page of the other side is shown to an admin there."""
    go_to_start(visitor, attempt)
    visitor.page.get_by_role("button").click()
    visitor.sees("Sign in to Globex")
    visitor.sign_in()
    visitor.sees("Accept this connection?")


def age(instance: Instance, statement: str, *values: str) -> None:
    """The node's row is older than it was: time cannot be turned in another process."""
    with closing(sqlite3.connect(instance.node.folder / "parley.db", timeout=10)) as connection:
        assert connection.execute(statement, values).rowcount == 1
        connection.commit()
