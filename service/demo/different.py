"""What the demo tells of two different systems: each with its own people, rights and words."""

import html
from collections.abc import Callable

from service.demo.telling import BrowserLike, Narrator, NodeLike, expect, primary, require, wait_for
from service.demo.trackers import Tracker

DETAILS = {"local_short_name": "Jira", "destination_short_name": "Redmine"}


def tell_different(
    out: Narrator,
    jira: tuple[NodeLike, Tracker],
    redmine: tuple[NodeLike, Tracker],
    new_browser: Callable[[], BrowserLike],
) -> None:
    """A Jira and a Redmine are connected; who is an admin there, each of them decides in its own way."""
    (asking, here), (asked, there) = jira, redmine
    out.title("Two different systems: each asks its own people, and says in its own words what is missing")
    out.say(f"  {asking.name}: {here.told}; {asked.name}: {there.told}")
    probe = asking.call("POST", "/v1/destination-probes", 200, {"instance": asking.name, "url": asked.issuer})
    expect((probe["outcome"], probe["platform"]), ("node_found", "redmine"), "what the probe found")
    possible = [option["mode"] for option in probe["modes"] if option["possible"]]
    out.say(f"  probe: {probe['outcome']}, {probe['platform']}; both offer {', '.join(possible)}")
    body = {"destination": {"type": "public", "url": asked.issuer}, "details": DETAILS, "mode": "visual"}
    connection = asking.call("POST", "/v1/connections", 201, {"instance": asking.name, **body})
    browser = new_browser()
    _start(browser, asking, connection, here)
    browser.submit(there.member)
    missing = "The Redmine account norma is not an administrator"
    require(missing in html.unescape(browser.page), "Redmine's own words are not on the page")
    out.say(f"  somebody who is no admin there reads: {missing} …")
    browser.submit(button="back")
    wait_for(asking, f"/v1/connections/{connection['id']}", "draft")
    out.say("  the draft is as it was; another attempt, with an admin of Redmine")
    again = asking.call("GET", f"/v1/connections/{connection['id']}", 200)
    admins = new_browser()
    _start(admins, asking, again, here)
    admins.submit(there.admin)
    require("Add notes" in admins.page, "Redmine's own permissions are not on the page")
    out.say("  reads Redmine's own permissions, from View Issues to Add notes, and presses Accept")
    admins.submit(button="accept")
    shown = wait_for(asking, f"/v1/connections/{connection['id']}", "active")
    wait_for(asked, f"/v1/connections/{_same(asked, shown['shared_id'])}", "active")
    out.say(f"  {shown['name']!r} is {shown['state']} at {asking.name} and at {asked.name}")


def _start(browser: BrowserLike, asking: NodeLike, connection: dict[str, object], here: Tracker) -> None:
    action = primary(connection)
    expect(action["operation_id"], "createVerificationSession", "the primary operation")
    session = asking.call(action["method"], action["href"], 201)
    browser.open(session["start_url"])
    browser.submit(here.admin)
    require(session["comparison_code"] in browser.page, "the start page shows no comparison code")
    browser.submit()


def _same(node: NodeLike, shared_id: str) -> str:
    listed = node.call("GET", "/v1/connections", 200)["items"]
    return str(next(item["id"] for item in listed if item["shared_id"] == shared_id))
