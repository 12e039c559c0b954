"""What every chapter of the demo is told with: a narrator, nodes, a browser, and doubts."""

import time
from collections.abc import Mapping
from typing import Any, Protocol, TextIO

FINISH_SECONDS, POLL_SECONDS = 30.0, 0.2


class DemoFailed(Exception):
    """Something was not as the demo tells it."""


class Narrator:
    """Prints the story."""

    def __init__(self, out: TextIO) -> None:
        self.out = out

    def say(self, text: str) -> None:
        """Print one line at once."""
        print(text, file=self.out, flush=True)

    def title(self, text: str) -> None:
        """Print the head of a chapter."""
        self.say(f"\n== {text}")


class NodeLike(Protocol):
    """What the story needs of a node."""

    name: str
    url: str
    issuer: str

    def call(self, method: str, path: str, expected: int, body: object = None) -> dict[str, Any]:
        """Return the answer of the expected status."""


class BrowserLike(Protocol):
    """What the story needs of a browser."""

    url: str
    page: str

    def open(self, url: str) -> None:
        """Show a page."""

    def submit(self, values: Mapping[str, str] | None = None, button: str | None = None) -> None:
        """Send the page's first form."""


def primary(connection: dict[str, Any]) -> dict[str, Any]:
    """Return the one action that is marked primary."""
    primary = [action for action in connection["next_actions"] if action["primary"]]
    expect(len(primary), 1, "the number of primary actions")
    return dict(primary[0])


def wait_for(node: NodeLike, path: str, state: str) -> dict[str, Any]:
    """Return what is at the path once it is in this state."""
    deadline = time.monotonic() + FINISH_SECONDS
    shown = node.call("GET", path, 200)
    while shown["state"] != state and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
        shown = node.call("GET", path, 200)
    expect(shown["state"], state, f"the state of {path}")
    return shown


def require(met: object, otherwise: str) -> None:
    """Raise DemoFailed where it is not so."""
    if not met:
        raise DemoFailed(otherwise)


def expect(found: object, told: object, what: str) -> None:
    """Raise DemoFailed where something else was found than is told."""
    if found != told:
        raise DemoFailed(f"{what}: told {told!r}, found {found!r}")
