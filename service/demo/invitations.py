"""What the demo tells of invitations: one that is confirmed, one that is rejected, and one for a private side."""

from typing import Any

from service.demo.telling import Narrator, NodeLike, expect, primary, require, wait_for


def tell_invitations(out: Narrator, acme: NodeLike, globex: NodeLike, hidden: NodeLike) -> None:
    """Tell the three chapters; `hidden` is an instance that no other node can reach."""
    _confirmed(out, acme, globex)
    _rejected(out, acme, globex)
    _private(out, acme, hidden)


def _confirmed(out: Narrator, acme: NodeLike, globex: NodeLike) -> None:
    out.title("Without admin access to the other side: acme invites, globex accepts, acme confirms")
    connection = _draft(acme, "Partner")
    issued = _invite(acme, connection)
    out.say(f"  acme makes a code, good until {issued['expires_at']}; as a link: {issued['url'][:48]}…")
    preview = globex.call("POST", "/v1/invitation-previews", 200, {"code": issued["code"]})
    expect((preview["usable"], preview["mode"]), (True, "script"), "the preview")
    out.say(f"  globex looks at it: from {preview['inviter']['host']} (verified), mode {preview['mode']}")
    accepted = globex.call("POST", "/v1/invitation-acceptances", 201, {"code": issued["code"]})
    claimed = wait_for(acme, f"/v1/invitations/{issued['id']}", "claimed")
    code = claimed["comparison_code"]
    expect(accepted["comparison_code"], code, "the comparison code of globex")
    require(claimed["claimed_by"]["verified"], "the host of globex is not verified")
    out.say(
        f"  acme sees who accepted: {claimed['claimed_by']['host']} (verified), code {code} on both sides"
    )
    action = primary(acme.call("GET", f"/v1/connections/{connection['id']}", 200))
    expect(action["id"], "confirm", "the primary action")
    decision = {"decision": "confirm", "comparison_code": accepted["comparison_code"]}
    acme.call(action["method"], action["href"], 200, decision)
    out.say(f"  {action['method']} {action['href']}; globex asks every five seconds whether it is confirmed")
    _both_active(out, acme, connection, globex, accepted)


def _rejected(out: Narrator, acme: NodeLike, globex: NodeLike) -> None:
    out.title("An invitation is rejected: the inviter reads why, and may invite again at once")
    connection = _draft(acme, "Sales")
    issued = _invite(acme, connection)
    reason = "We work with your other tracker already."
    globex.call("POST", "/v1/invitation-rejections", 201, {"code": issued["code"], "reason": reason})
    shown = wait_for(acme, f"/v1/invitations/{issued['id']}", "rejected")
    expect(shown["reason"], reason, "the reason at acme")
    draft = wait_for(acme, f"/v1/connections/{connection['id']}", "draft")
    out.say(f"  acme: {draft['state']}, because: {draft['last_error']['detail']}")
    again = _invite(acme, draft)
    require(again["code"] != issued["code"], "the second code is the first one")
    preview = globex.call("POST", "/v1/invitation-previews", 200, {"code": again["code"]})
    require(preview["usable"], "the second code cannot be used")
    out.say(f"  acme invites again: {again['state']}; and globex could accept that one")


def _private(out: Narrator, acme: NodeLike, hidden: NodeLike) -> None:
    out.title(f"A private side, {hidden.name}: no node can reach it, so it only ever dials out")
    destination = {"type": "public", "url": acme.issuer}
    body = {"destination": destination, "details": _details("Acme")}
    told = primary(hidden.call("POST", "/v1/connections", 201, body))
    expect(told["id"], "ask_for_invitation", "what a private side is told to do")
    out.say(f"  {hidden.name} starts, and is told: {told['label']}")
    connection = _draft(acme, "Depot")
    issued = _invite(acme, connection, confirmation_required=False)
    accepted = hidden.call("POST", "/v1/invitation-acceptances", 201, {"code": issued["code"]})
    _both_active(out, acme, connection, hidden, accepted)
    claimed = acme.call("GET", f"/v1/invitations/{issued['id']}", 200)["claimed_by"]
    expect((claimed["host"], claimed["verified"]), (None, False), "the host of a private side")
    out.say(f"  acme knows it by its key alone: private, fingerprint {claimed['fingerprint']}")


def _draft(acme: NodeLike, partner: str) -> dict[str, Any]:
    """Return a draft for a partner of whom acme has no URL."""
    body = {"destination": {"type": "private"}, "details": _details(partner), "mode": "script"}
    connection = acme.call("POST", "/v1/connections", 201, body)
    expect(connection["destination"]["url"], None, "the address of the unknown side")
    return connection


def _details(partner: str) -> dict[str, str]:
    return {"local_short_name": "Here", "destination_short_name": partner}


def _invite(acme: NodeLike, connection: dict[str, Any], **wanted: object) -> dict[str, Any]:
    action = primary(connection)
    expect(action["operation_id"], "createInvitation", "the primary operation")
    return acme.call(action["method"], action["href"], 201, wanted)


def _both_active(
    out: Narrator, acme: NodeLike, connection: dict[str, Any], other: NodeLike, accepted: dict[str, Any]
) -> None:
    ours = wait_for(acme, f"/v1/connections/{connection['id']}", "active")
    theirs = wait_for(other, f"/v1/connections/{accepted['connection']}", "active")
    expect(theirs["shared_id"], ours["shared_id"], "the shared id of the other side")
    out.say(f"  {ours['name']!r} is {ours['state']} at {acme.name}, {theirs['state']} at {other.name}")
