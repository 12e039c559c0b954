"""Whoever may see invitations finds them, page by page, and their codes nowhere."""

import json
from typing import Any

import pytest
import structlog
from sqlmodel import select

from service.access.scopes import SCOPES
from service.database.sessions import reading
from service.invitations.invitation.models import Invitation
from service.trust.signatures import unverified_claims
from tests.invitations.claimant import Claimant, secret_of
from tests.invitations.dumps import dump
from tests.invitations.invited import Invited
from tests.pairs import DETAILS, Pair, read

pytestmark = pytest.mark.anyio
Json = dict[str, Any]


async def test_sent_and_received_ones_are_listed_newest_first_and_by_filter(
    pair: Pair, invited: Invited
) -> None:
    issued = [await invited.invite() for _ in range(3)]
    accepted = await invited.accept(issued[-1])
    listed = (await pair.a.read("/v1/invitations"))["items"]
    assert [item["id"] for item in listed] == [each["id"] for each in reversed(issued)]
    assert {item["direction"] for item in listed} == {"sent"}
    revoked = (await pair.a.read("/v1/invitations?state=revoked&direction=sent"))["items"]
    assert [item["id"] for item in revoked] == [issued[1]["id"], issued[0]["id"]]
    assert (await pair.a.read("/v1/invitations?direction=received"))["items"] == []
    received = (await pair.b.read("/v1/invitations?direction=received&state=claiming"))["items"]
    assert [item["id"] for item in received] == [accepted["id"]]
    assert received[0]["inviter"] == {"host": "a.test", "node_url": pair.a.issuer}
    for query in ("state=lost", "direction=up"):
        assert (await pair.a.api.get(f"/v1/invitations?{query}")).status_code == 422


async def test_pages_go_on_where_the_last_one_ended(pair: Pair, invited: Invited) -> None:
    issued = [(await invited.invite())["id"] for _ in range(5)]
    seen: list[str] = []
    path = "/v1/invitations?limit=2"
    while path:
        answer = await pair.a.api.get(path)
        page = read(answer, 200)
        assert len(page["items"]) <= 2
        seen += [item["id"] for item in page["items"]]
        path = answer.links["next"]["url"] if page["next_page_token"] else ""
    assert seen == issued[::-1]
    assert (await pair.a.api.get("/v1/invitations?page_token=nonsense")).status_code == 400


async def test_a_token_for_another_instance_sees_none_of_them(pair: Pair, invited: Invited) -> None:
    issued = await invited.invite()
    new = {"slug": "other", "name": "Other", "platform": "sandbox"}
    other = await pair.post("/v1/instances", new)
    wanted = {"name": "other", "scopes": sorted(SCOPES), "instances": [other["id"]]}
    token = (await pair.post("/v1/access-tokens", wanted))["token"]
    headers = {"Authorization": f"Bearer {token}"}
    listed = await pair.a.api.get("/v1/invitations", headers=headers)
    assert listed.json()["items"] == []
    path = f"/v1/invitations/{issued['id']}"
    for method, target, body in (
        ("GET", path, None),
        ("DELETE", path, None),
        ("PUT", f"{path}/confirmation", {"decision": "confirm"}),
        ("POST", f"/v1/connections/{invited.draft['id']}/invitations", {}),
    ):
        refused = await pair.a.api.request(method, target, json=body, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (404, "not-found")
    assert (await invited.shown(issued))["state"] == "open"


@pytest.mark.parametrize("scopes", [["connections:write", "connections:read"], ["invitations:read"]])
async def test_inviting_and_accepting_need_the_scope(pair: Pair, invited: Invited, scopes: list[str]) -> None:
    code = (await invited.invite())["code"]
    wanted = {"name": "narrow", "scopes": scopes, "instances": [pair.b.instance["id"]]}
    made = await pair.b.api.post("/v1/access-tokens", json=wanted)
    headers = {"Authorization": f"Bearer {made.json()['token']}"}
    for path in ("previews", "acceptances", "rejections"):
        refused = await pair.b.api.post(f"/v1/invitation-{path}", json={"code": code}, headers=headers)
        assert (refused.status_code, refused.json()["required_scope"]) == (403, "invitations:write")


async def test_a_token_for_invitations_alone_accepts_as_its_admin_would(pair: Pair, invited: Invited) -> None:
    code = (await invited.invite())["code"]
    scopes = ["invitations:read", "invitations:write"]
    wanted = {"name": "automation", "scopes": scopes, "instances": [pair.b.instance["id"]]}
    made = read(await pair.b.api.post("/v1/access-tokens", json=wanted), 201)
    headers = {"Authorization": f"Bearer {made['token']}"}
    answer = await pair.b.api.post("/v1/invitation-acceptances", json={"code": code}, headers=headers)
    accepted = read(answer, 201)
    assert accepted["instance"] == pair.b.instance["id"]
    events = (await pair.b.read(f"/v1/connections/{accepted['connection']}/history"))["items"]
    assert {event["actor"]["name"] for event in events} == {"automation"}


async def test_the_partner_chooses_its_names(pair: Pair, invited: Invited) -> None:
    issued = await invited.invite(confirmation_required=False)
    accepted = await invited.accept(
        issued,
        local_short_name="Bee",
        destination_short_name="Ay",
        name="Our partner",
        description="Ours",
        metadata={"team": "7"},
    )
    await pair.work()
    theirs = await pair.b.read(f"/v1/connections/{accepted['connection']}")
    assert (theirs["local"]["short_name"], theirs["destination"]["short_name"]) == ("Bee", "Ay")
    assert (theirs["name"], theirs["description"], theirs["metadata"]) == (
        "Our partner",
        "Ours",
        {"team": "7"},
    )
    assert (await invited.ours())["local"]["short_name"] == DETAILS["local_short_name"]


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"local_short_name": "same", "destination_short_name": "same"}, 422, "validation-failed"),
        ({"local_short_name": "1st"}, 422, "validation-failed"),
        ({"return_url": "https://evil.test/"}, 422, "url-not-allowed"),
        ({"surprise": 1}, 422, "validation-failed"),
    ],
)
async def test_what_the_partner_cannot_choose(
    pair: Pair, invited: Invited, more: Json, status: int, code: str
) -> None:
    issued = await invited.invite()
    assert (await invited.accept(issued, expected=status, **more))["code"] == code
    assert await pair.listed_at_b() == []


async def test_the_code_is_shown_once_and_only_its_hash_is_kept(
    pair: Pair, invited: Invited, claimant: Claimant
) -> None:
    with structlog.testing.capture_logs() as logged:
        issued = await invited.invite()
        code, secret = issued["code"], secret_of(issued["code"])
        everything = [await invited.shown(issued), await invited.ours()]
        everything += [await pair.a.read("/v1/invitations"), await invited.preview(issued)]
        everything.append((await claimant.register(code, secret="w" * 43)).json())
        everything.append(await invited.accept(issued))
        await pair.work()
        everything += [await invited.accept(issued), *await invited.both()]
        await invited.confirm(issued)
        pair.clock.advance(60)
        await pair.work()
        for node, row in zip((pair.a, pair.b), await invited.both(), strict=True):
            assert row["state"] == "active"
            everything.append(await node.read(f"/v1/connections/{row['id']}/history?limit=100"))
            everything.append({"database": await dump(node)})
    text = json.dumps([*everything, *logged], default=str)
    signature = code.rpartition(".")[2]
    assert secret not in text
    assert signature not in text
    asked = [str(request.url) + str(request.headers.get("referer")) for request in pair.network.seen]
    assert not any(secret in url or signature in url for url in asked)
    claims = unverified_claims(code)
    assert len(secret) >= 43
    async with reading(pair.a.node.database) as session:
        kept = (await session.exec(select(Invitation).where(Invitation.id == claims["jti"]))).one()
    assert kept.secret_hash is not None
    assert pair.a.node.hasher.match(secret, kept.secret_hash)
    assert kept.secret_sealed is None


async def test_two_codes_have_nothing_in_common(invited: Invited) -> None:
    first, second = [unverified_claims((await invited.invite())["code"]) for _ in range(2)]
    assert first["jti"] != second["jti"]
    assert first["secret"] != second["secret"]


async def test_the_answer_with_the_code_is_stored_nowhere(pair: Pair, invited: Invited) -> None:
    answer = await pair.a.api.post(f"/v1/connections/{invited.draft['id']}/invitations", json={})
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["location"].endswith(f"/v1/invitations/{answer.json()['id']}")
