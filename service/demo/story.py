"""What the demo tells, step by step; every answer is compared with what is told."""

from collections.abc import Callable
from typing import Any

from service.demo.invitations import tell_invitations
from service.demo.telling import BrowserLike, Narrator, NodeLike, expect, primary, require, wait_for

DETAILS = {"local_short_name": "Acme", "destination_short_name": "Globex"}


def tell(
    out: Narrator,
    acme: NodeLike,
    globex: NodeLike,
    hidden: NodeLike,
    new_browser: Callable[[], BrowserLike],
) -> None:
    """Tell all chapters; raise DemoFailed at the first difference."""
    out.title("Two nodes are up, each with its own SQLite file and one sandbox instance")
    for node in (acme, globex):
        out.say(f"  {node.name}: {node.url}   node URL for partners: {node.issuer}")
    out.say(f"  {hidden.name}: a private instance on the second node, which no other node may dial")
    connection = _draft(out, acme, globex)
    _verify(out, acme, globex, connection, new_browser())
    _denied(out, acme, globex, new_browser())
    tell_invitations(out, acme, globex, hidden)
    _local(out, acme)
    _out_of_order(out, acme)


def _draft(out: Narrator, acme: NodeLike, globex: NodeLike) -> dict[str, Any]:
    out.title("A program at acme sets up a connection: it always performs the action marked primary")
    probe = acme.call("POST", "/v1/destination-probes", 200, {"instance": acme.name, "url": globex.issuer})
    expect(probe["outcome"], "node_found", "the probe's outcome")
    out.say(f"  probe {globex.issuer}: {probe['outcome']}, {probe['platform']} {probe['instance_name']!r}")
    connection = acme.call("POST", "/v1/connections", 201, {})
    answers = {
        "destination": {"type": "public", "url": globex.issuer},
        "details": DETAILS,
        "mode": {"mode": "visual"},
    }
    for step, answer in answers.items():
        action = primary(connection)
        expect(action["id"], step, "the primary action")
        connection = acme.call(action["method"], action["href"], 200, answer)
        out.say(f"  {action['method']} {action['href']} {answer}  → next: {connection['current_step']}")
    expect(connection["allowed_steps"][-1], "access", "the last allowed step")
    return connection


def _verify(
    out: Narrator, acme: NodeLike, globex: NodeLike, connection: dict[str, Any], browser: BrowserLike
) -> None:
    out.title("Alice proves in the browser that she is an admin on the other side")
    session = _begin(acme, connection)
    out.say(f"  opens {session['start_url']}")
    _start(browser, session)
    out.say(f"  signs in at acme as alice, reads the code {session['comparison_code']}, presses Continue")
    browser.submit({"login": "alice", "password": "alice-sandbox"})
    require(session["comparison_code"] in browser.page, "the other side's page shows another code")
    require(browser.url.startswith(globex.url), "the browser is not at globex")
    out.say(f"  signs in at globex as alice, sees the same code {session['comparison_code']}, presses Accept")
    browser.submit(button="accept")
    expect(browser.url, session["start_url"], "where the browser ends")
    shown = wait_for(acme, f"/v1/connections/{connection['id']}", "active")
    listed = globex.call("GET", "/v1/connections?state=active", 200)["items"]
    expect([item["shared_id"] for item in listed], [shown["shared_id"]], "the connections of globex")
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
    shown = wait_for(acme, f"/v1/connections/{connection['id']}", "draft")
    expect(shown["last_error"]["code"], "verification-denied", "the reason")
    expect(
        (shown["mode"], shown["destination"]["node_url"]),
        ("basic", globex.issuer),
        "the answers given before",
    )
    out.say(f"  acme: {shown['state']}, because: {shown['last_error']['detail']}")
    out.say(f"  the way out: {primary(shown)['label']}")


def _local(out: Narrator, acme: NodeLike) -> None:
    out.title("A local connection, between two projects of the same instance")
    details = {"local_short_name": "Support", "destination_short_name": "Development"}
    body = {"destination": {"type": "local"}, "details": details, "mode": "script"}
    connection = acme.call("POST", "/v1/connections", 201, body)
    action = primary(connection)
    shown = acme.call(action["method"], action["href"], 200)
    expect((shown["state"], shown["destination"]["state"]), ("active", "active"), "both sides")
    out.say(f"  {action['method']} {action['href']}  → {shown['name']!r} is {shown['state']} on both sides")


def _out_of_order(out: Narrator, acme: NodeLike) -> None:
    out.title("A call out of order gets a clear answer, and changes nothing")
    connection = acme.call("POST", "/v1/connections", 201, {})
    problem = acme.call("PUT", f"/v1/connections/{connection['id']}/mode", 409, {"mode": "visual"})
    expect(problem["code"], "step-not-allowed", "the problem's code")
    expect(problem["allowed_steps"], ["destination"], "the allowed steps")
    out.say(f"  409 {problem['title']}: {problem['detail']}")
    out.say(f"  the way out: {problem['next_actions'][0]['method']} {problem['next_actions'][0]['href']}")
    again = acme.call("GET", f"/v1/connections/{connection['id']}", 200)
    expect(again["revision"], connection["revision"], "the revision")


def _begin(acme: NodeLike, connection: dict[str, Any]) -> dict[str, Any]:
    action = primary(connection)
    expect(action["operation_id"], "createVerificationSession", "the primary operation")
    return acme.call(action["method"], action["href"], 201)


def _start(browser: BrowserLike, session: dict[str, Any]) -> None:
    browser.open(session["start_url"])
    browser.submit({"login": "alice", "password": "alice-sandbox"})
    require(session["comparison_code"] in browser.page, "the start page shows no comparison code")
    browser.submit()
