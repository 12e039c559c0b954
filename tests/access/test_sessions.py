"""People sign in with the instance's own account, and have full rights on exactly this instance."""

import pytest
from sqlmodel import select

from service.access.models import SessionKind, SignInSession
from service.access.sign_in import MOST_PER_ACCOUNT, find_sign_in, sign_in
from service.database.sessions import reading
from service.instances.operations import get_by_slug
from service.platforms.interface import Credential, Person, SignInFailure, SignInReason
from tests.odd_platform import UNREACHABLE, OddPlatform
from tests.small_node import ALICE, BOB, PUBLIC_URL, SmallNode, running

pytestmark = pytest.mark.anyio
ODDITY = {"platform": "oddity", "url": "https://odd.example"}


async def test_an_admin_gets_a_session_of_thirty_minutes(both: SmallNode) -> None:
    instance = await both.add_instance()
    body = (await both.sign_in()).json()
    assert body["instance"] == instance["id"]
    assert body["display_name"] == "Alice Admin"
    assert body["expires_at"] == "2030-01-02T03:34:05Z"
    bearer = f"Bearer {body['token']}"
    current = (await both.call("GET", "/v1/sessions/current", bearer)).json()
    assert current["login"] == "alice"
    assert "token" not in current
    both.clock.advance(30 * 60)
    late = await both.call("GET", "/v1/sessions/current", bearer)
    assert late.status_code == 401
    assert 'error="invalid_token"' in late.headers["www-authenticate"]


async def test_a_member_is_told_what_is_missing(node: SmallNode) -> None:
    await node.add_instance()
    answer = await node.sign_in(values=BOB)
    assert answer.status_code == 403
    assert answer.json()["code"] == "not-an-admin"
    assert "alice" in answer.json()["missing"]
    async with reading(node.node.database) as session:
        assert (await session.exec(select(SignInSession))).all() == []


async def test_wrong_credentials_are_told_in_the_words_of_the_platform(node: SmallNode) -> None:
    await node.add_instance()
    answer = await node.sign_in(values={**ALICE, "password": "a wrong {secret}"})
    assert answer.status_code == 401
    assert "The sandbox does not know" in answer.json()["detail"]
    assert answer.headers["www-authenticate"] == 'Bearer realm="parley"'
    assert "secret" not in answer.text


@pytest.mark.parametrize("name", ["acme", f"{PUBLIC_URL}/i/acme", f"{PUBLIC_URL}/i/acme/", "id"])
async def test_the_instance_is_named_by_id_slug_or_node_url(node: SmallNode, name: str) -> None:
    instance = await node.add_instance()
    answer = await node.sign_in(instance["id"] if name == "id" else name)
    assert answer.status_code == 201


@pytest.mark.parametrize(
    "name", ["other", "ins_0", "ins_\x00", "ACME", "https://other.example/i/acme", "\x00", "acme\n"]
)
async def test_an_instance_that_does_not_exist_is_not_found(both: SmallNode, name: str) -> None:
    await both.add_instance()
    assert (await both.sign_in(name)).status_code == 404


@pytest.mark.parametrize(
    ("method", "values", "pointer"),
    [
        ("telepathy", {}, "/method"),
        ("password", {"login": "alice"}, "/values/password"),
        ("password", {"login": "", "password": "x"}, "/values/login"),
        ("password", {**ALICE, "otp/1": "1"}, "/values/otp~11"),
        ("password", {"login": "alice", "password": "\x00"}, "/values/password"),
        ("password", {"login": "alice", "password": 1}, "/values/password"),
        ("password", {"login": "alice", "password": "x" * 1001}, "/values/password"),
    ],
)
async def test_a_fault_is_pointed_at(
    node: SmallNode, method: str, values: dict[str, object], pointer: str
) -> None:
    await node.add_instance()
    body = {"instance": "acme", "method": method, "values": values}
    answer = await node.client.post("/v1/sessions", json=body)
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]
    if pointer == "/method":
        assert answer.json()["options"] == [{"value": "password", "label": "Login and password"}]


async def test_lone_surrogates_are_a_fault_of_the_request(node: SmallNode) -> None:
    await node.add_instance()
    raw = b'{"instance": "acme", "method": "password", "values": {"login": "alice", "password": "\\ud800"}}'
    answer = await node.client.post("/v1/sessions", content=raw, headers={"content-type": "application/json"})
    assert answer.status_code == 422


async def test_a_tracker_that_is_down_is_no_fault_of_the_person(sqlite_url: str) -> None:
    async with running(sqlite_url, registry=OddPlatform(person=UNREACHABLE).registry()) as node:
        await node.add_instance(**ODDITY)
        answer = await node.sign_in()
    assert answer.status_code == 424
    problem = answer.json()
    assert problem["code"] == "platform-unreachable"
    assert problem["detail"] == UNREACHABLE.detail
    assert problem["upstream"] == {"reason": "unreachable", "host": "odd.example"}
    assert answer.headers["retry-after"]


async def test_a_password_change_that_is_due_is_the_persons_to_do(sqlite_url: str) -> None:
    due = SignInFailure(SignInReason.PASSWORD_CHANGE_DUE, "Change the password in Oddity first.")
    async with running(sqlite_url, registry=OddPlatform(person=due).registry()) as node:
        await node.add_instance(**ODDITY)
        assert (await node.sign_in()).status_code == 401


async def test_nothing_waits_for_the_database_while_a_platform_is_asked(sqlite_url: str) -> None:
    platform = OddPlatform()
    async with running(sqlite_url, registry=platform.registry()) as node:
        await node.add_instance(**ODDITY)
        platform.meanwhile = lambda: node.add_instance(f"meanwhile-{len(platform.calls)}")
        assert (await node.sign_in()).status_code == 201


async def test_what_was_typed_is_stored_nowhere(node: SmallNode, sqlite_url: str) -> None:
    await node.add_instance()
    token = (await node.sign_in()).json()["token"]
    await node.node.database.close()
    path = sqlite_url.removeprefix("sqlite+aiosqlite:///")
    with open(path, "rb") as file:  # noqa: ASYNC230, PTH123 - a file of the test, read whole
        stored = file.read()
    assert b"alice" in stored
    assert b"alice-sandbox" not in stored
    assert token.encode() not in stored


async def test_who_signs_out_is_out(node: SmallNode) -> None:
    await node.add_instance()
    alice = await node.person()
    assert (await node.call("DELETE", "/v1/sessions/current", alice)).status_code == 204
    assert (await node.call("GET", "/v1/me", alice)).status_code == 401


async def test_a_service_has_no_session(node: SmallNode) -> None:
    assert (await node.call("GET", "/v1/sessions/current")).status_code == 404
    assert (await node.call("DELETE", "/v1/sessions/current")).status_code == 404


async def test_an_admin_of_one_instance_sees_no_other(both: SmallNode) -> None:
    own, other = await both.add_instance("own"), await both.add_instance("other")
    alice = await both.person("own")
    listed = (await both.call("GET", "/v1/instances", alice)).json()["items"]
    assert [instance["id"] for instance in listed] == [own["id"]]
    assert (await both.call("GET", f"/v1/instances/{own['id']}", alice)).status_code == 200
    assert (await both.call("PATCH", f"/v1/instances/{own['id']}", alice, {})).status_code == 200
    for method in ("GET", "PATCH", "DELETE"):
        assert (await both.call(method, f"/v1/instances/{other['id']}", alice, {})).status_code == 404
    assert (await both.call("POST", f"/v1/instances/{other['id']}/checks", alice)).status_code == 404


async def test_me_is_the_person(node: SmallNode) -> None:
    instance = await node.add_instance()
    me = (await node.call("GET", "/v1/me", await node.person())).json()
    assert (me["kind"], me["name"], me["account_id"]) == ("person", "Alice Admin", "1")
    assert (me["all_instances"], me["instances"]) == (False, [instance["id"]])
    assert "tokens:write" in me["scopes"]


async def test_a_page_gets_a_cookie_session_for_a_member_too(both: SmallNode) -> None:
    await both.add_instance("acme")
    other = await both.add_instance("other")
    node, platforms = both.node, both.app.state.platforms
    async with reading(node.database) as session:
        instance = await get_by_slug(session, "acme")
    credential = Credential("password", BOB)
    stored, secret = await sign_in(
        node, platforms, instance, credential, kind=SessionKind.COOKIE, for_request="aut_1"
    )
    assert (stored.is_admin, stored.for_request) == (False, "aut_1")
    assert "alice" in (stored.missing or "")
    now, hasher = both.clock.now(), node.hasher
    async with reading(node.database) as session:
        found = await find_sign_in(session, hasher, secret, instance.id, now)
        assert found is not None
        assert found.id == stored.id
        assert await find_sign_in(session, hasher, secret, other["id"], now) is None
        assert await find_sign_in(session, hasher, "pls_wrong", instance.id, now) is None
        both.clock.advance(30 * 60)
        assert await find_sign_in(session, hasher, secret, instance.id, both.clock.now()) is None


async def test_a_cookie_is_no_bearer_and_a_bearer_no_cookie(node: SmallNode) -> None:
    await node.add_instance()
    platforms, credential = node.app.state.platforms, Credential("password", ALICE)
    async with reading(node.node.database) as session:
        instance = await get_by_slug(session, "acme")
    _, cookie = await sign_in(node.node, platforms, instance, credential, kind=SessionKind.COOKIE)
    assert (await node.call("GET", "/v1/me", f"Bearer {cookie}")).status_code == 401
    bearer = (await node.person()).removeprefix("Bearer ")
    async with reading(node.node.database) as session:
        now = node.clock.now()
        assert await find_sign_in(session, node.node.hasher, bearer, instance.id, now) is None


async def test_sessions_that_are_over_are_forgotten_at_the_next_sign_in(both: SmallNode) -> None:
    await both.add_instance()
    await both.sign_in()
    both.clock.advance(31 * 60)
    await both.sign_in()
    async with reading(both.node.database) as session:
        assert len((await session.exec(select(SignInSession))).all()) == 1


async def test_who_signs_in_again_and_again_has_twenty_sessions(both: SmallNode) -> None:
    """The oldest of their own end; those of others at the instance, and their own at another one, stay."""
    for slug in ("acme", "other"):
        await both.add_instance(slug)
    elsewhere = await both.person("other")
    bearers = []
    for _ in range(MOST_PER_ACCOUNT + 2):
        bearers.append(await both.person())
        both.clock.advance(1)
    answers = [(await both.call("GET", "/v1/me", bearer)).status_code for bearer in bearers]
    assert answers == [401] * 2 + [200] * MOST_PER_ACCOUNT
    assert (await both.call("GET", "/v1/me", elsewhere)).status_code == 200


async def test_a_platform_that_was_switched_off_is_named(sqlite_url: str) -> None:
    platform = OddPlatform(person=Person("1", "o", "O", is_admin=True, missing=None))
    async with running(sqlite_url, registry=platform.registry()) as node:
        await node.add_instance(**ODDITY)
    async with running(sqlite_url) as node:
        answer = await node.sign_in()
    assert answer.status_code == 409
    assert "oddity" in answer.json()["detail"]
