"""What the demo tells, step by step; every answer is compared with what is told."""

import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TextIO

FINISH_SECONDS = 30.0
POLL_SECONDS = 0.2
DETAILS = {"local_short_name": "Acme", "destination_short_name": "Globex"}


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


def tell(out: Narrator, acme: NodeLike, globex: NodeLike, new_browser: Callable[[], BrowserLike]) -> None:
    """Tell all chapters; raise DemoFailed at the first difference."""
    out.title("Two nodes are up, each with its own SQLite file and one sandbox instance")
    for node in (acme, globex):
        out.say(f"  {node.name}: {node.url}   node URL for partners: {node.issuer}")
    connection = _draft(out, acme, globex)
    _verify(out, acme, globex, connection, new_browser())
    _denied(out, acme, globex, new_browser())
    _local(out, acme)
    _out_of_order(out, acme)
    out.say("\nAll went as told.")


def _draft(out: Narrator, acme: NodeLike, globex: NodeLike) -> dict[str, Any]:
    out.title("A program at acme sets up a connection: it always performs the action marked primary")
    probe = acme.call("POST", "/v1/destination-probes", 200, {"instance": acme.name, "url": globex.issuer})
    _expect(probe["outcome"], "node_found", "the probe's outcome")
    out.say(f"  probe {globex.issuer}: {probe['outcome']}, {probe['platform']} {probe['instance_name']!r}")
    connection = acme.call("POST", "/v1/connections", 201, {})
    answers = {
        "destination": {"type": "public", "url": globex.issuer},
        "details": DETAILS,
        "mode": {"mode": "visual"},
    }
    for step, answer in answers.items():
        action = _primary(connection)
        _expect(action["id"], step, "the primary action")
        connection = acme.call(action["method"], action["href"], 200, answer)
        out.say(f"  {action['method']} {action['href']} {answer}  → next: {connection['current_step']}")
    _expect(connection["allowed_steps"][-1], "access", "the last allowed step")
    return connection


def _verify(
    out: Narrator, acme: NodeLike, globex: NodeLike, connection: dict[str, Any], browser: BrowserLike
) -> None:
    out.title("Alice proves in the browser that she is an admin on the other side")
    session = _begin(acme, connection)
    out.say(f"  opens {session['start_url']}")
    _start(browser, session)
    out.say(f"  signs in at acme as alice, reads the code {session['comparison_code']}, presses Start")
    browser.submit({"login": "alice", "password": "alice-sandbox"})
    _require(session["comparison_code"] in browser.page, "the other side's page shows another code")
    _require(browser.url.startswith(globex.url), "the browser is not at globex")
    out.say(f"  signs in at globex as alice, sees the same code {session['comparison_code']}, presses Accept")
    browser.submit(button="accept")
    _expect(browser.url, session["start_url"], "where the browser ends")
    shown = _wait_for(acme, connection["id"], "active")
    listed = globex.call("GET", "/v1/connections?state=active", 200)["items"]
    _expect([item["shared_id"] for item in listed], [shown["shared_id"]], "the connections of globex")
    for node, side in ((acme, shown), (globex, listed[0])):
        out.say(
            f"  {node.name}: {side['name']!r} is {side['state']}, role {side['role']}, mode {side['mode']}, "
            f"local {side['local']['short_name']}, destination {side['destination']['short_name']} "
            f"({side['destination']['state']}), shared id {side['shared_id']}"
        )


def _denied(out: Narrator, acme: NodeLike, globex: NodeLike, browser: BrowserLike) -> None:
    out.title("A second attempt is denied: nothing is lost")
    body = {"destination": {"type": "public", "url": globex.issuer}, "details": DETAILS, "mode": "basic"}
    connection = acme.call("POST", "/v1/connections", 201, body)
    session = _begin(acme, connection)
    _start(browser, session)
    browser.submit({"login": "alice", "password": "alice-sandbox"})
    browser.submit(button="deny")
    shown = _wait_for(acme, connection["id"], "draft")
    _expect(shown["last_error"]["code"], "verification-denied", "the reason")
    _expect(
        (shown["mode"], shown["destination"]["node_url"]),
        ("basic", globex.issuer),
        "the answers given before",
    )
    out.say(f"  acme: {shown['state']}, because: {shown['last_error']['detail']}")
    out.say(f"  the way out: {_primary(shown)['label']}")


def _local(out: Narrator, acme: NodeLike) -> None:
    out.title("A local connection, between two projects of the same instance")
    details = {"local_short_name": "Support", "destination_short_name": "Development"}
    body = {"destination": {"type": "local"}, "details": details, "mode": "script"}
    connection = acme.call("POST", "/v1/connections", 201, body)
    action = _primary(connection)
    shown = acme.call(action["method"], action["href"], 200)
    _expect((shown["state"], shown["destination"]["state"]), ("active", "active"), "both sides")
    out.say(f"  {action['method']} {action['href']}  → {shown['name']!r} is {shown['state']} on both sides")


def _out_of_order(out: Narrator, acme: NodeLike) -> None:
    out.title("A call out of order gets a clear answer, and changes nothing")
    connection = acme.call("POST", "/v1/connections", 201, {})
    problem = acme.call("PUT", f"/v1/connections/{connection['id']}/mode", 409, {"mode": "visual"})
    _expect(problem["code"], "step-not-allowed", "the problem's code")
    _expect(problem["allowed_steps"], ["destination"], "the allowed steps")
    out.say(f"  409 {problem['title']}: {problem['detail']}")
    out.say(f"  the way out: {problem['next_actions'][0]['method']} {problem['next_actions'][0]['href']}")
    again = acme.call("GET", f"/v1/connections/{connection['id']}", 200)
    _expect(again["revision"], connection["revision"], "the revision")


def _begin(acme: NodeLike, connection: dict[str, Any]) -> dict[str, Any]:
    action = _primary(connection)
    _expect(action["operation_id"], "createVerificationSession", "the primary operation")
    return acme.call(action["method"], action["href"], 201)


def _start(browser: BrowserLike, session: dict[str, Any]) -> None:
    browser.open(session["start_url"])
    browser.submit({"login": "alice", "password": "alice-sandbox"})
    _require(session["comparison_code"] in browser.page, "the start page shows no comparison code")
    browser.submit()


def _primary(connection: dict[str, Any]) -> dict[str, Any]:
    primary = [action for action in connection["next_actions"] if action["primary"]]
    _expect(len(primary), 1, "the number of primary actions")
    return dict(primary[0])


def _wait_for(node: NodeLike, connection_id: str, state: str) -> dict[str, Any]:
    deadline = time.monotonic() + FINISH_SECONDS
    shown = node.call("GET", f"/v1/connections/{connection_id}", 200)
    while shown["state"] != state and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
        shown = node.call("GET", f"/v1/connections/{connection_id}", 200)
    _expect(shown["state"], state, "the connection's state")
    return shown


def _require(met: object, otherwise: str) -> None:
    if not met:
        raise DemoFailed(otherwise)


def _expect(found: object, told: object, what: str) -> None:
    if found != told:
        raise DemoFailed(f"{what}: told {told!r}, found {found!r}")
