"""The sandbox is a work-management system to try things out with: two people, two projects, some items."""

import httpx
import pytest
from fastapi import FastAPI

from service.api.sandbox import router
from service.egress.client import Egress, EgressFailure, EgressPolicy, Reason
from service.platforms.interface import (
    Credential,
    Fingerprint,
    ProjectNotVisible,
    SignInFailure,
    SignInReason,
)
from service.platforms.sandbox import PLATFORM
from tests.platforms.recorded_redmine import answer, recorded

URL = "https://parley.example.com/sandbox/acme"

pytestmark = pytest.mark.anyio


def credential(login: str, password: str) -> Credential:
    return Credential("password", {"login": login, "password": password})


ALICE = credential("alice", "alice-sandbox")
BOB = credential("bob", "bob-sandbox")


def node() -> Egress:
    """Return a way out that leads to a node with the sandbox on."""
    app = FastAPI()
    app.include_router(router)
    return Egress(EgressPolicy(), transport=httpx.ASGITransport(app))


def host(response: httpx.Response) -> Egress:
    """Return a way out that leads to a host with this one answer."""
    return Egress(EgressPolicy(), transport=httpx.MockTransport(lambda _: response))


async def test_alice_is_the_admin() -> None:
    person = await PLATFORM.sign_in(node(), URL, ALICE)
    assert (person.login, person.is_admin, person.missing) == ("alice", True, None)


async def test_bob_is_a_member_and_reads_what_he_lacks() -> None:
    person = await PLATFORM.sign_in(node(), URL, BOB)
    assert (person.login, person.is_admin) == ("bob", False)
    assert person.missing is not None
    assert "alice" in person.missing


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(credential("alice", "bob-sandbox"), id="another's password"),
        pytest.param(credential("alice", ""), id="no password"),
        pytest.param(credential("mallory", "nobody"), id="unknown login"),
        pytest.param(credential("", ""), id="nothing"),
        pytest.param(credential("alice", "alice-sandbox "), id="one character more"),
        pytest.param(credential("alice", "\ud800"), id="half a character"),
        pytest.param(Credential("password", {}), id="no fields"),
        pytest.param(Credential("api_key", ALICE.values), id="another method"),
    ],
)
async def test_nobody_else_signs_in_or_reads(wrong: Credential) -> None:
    for call in (PLATFORM.sign_in, PLATFORM.projects, PLATFORM.rights):
        with pytest.raises(SignInFailure) as caught:
            await call(node(), URL, wrong)
        assert caught.value.reason is SignInReason.WRONG_CREDENTIALS
        assert "alice-sandbox" in caught.value.detail


async def test_an_instance_is_recognised_by_what_its_url_answers() -> None:
    found = await PLATFORM.fingerprint(node(), f"{URL}/")
    assert found == Fingerprint("sandbox", URL, version="1", title="Sandbox acme")


@pytest.mark.parametrize(
    "response",
    [
        pytest.param(answer(404, {"parley_sandbox": "1"}), id="not found"),
        pytest.param(answer(200, '{"parley_sandbox": "1"}'), id="a page"),
        pytest.param(answer(200, ["parley_sandbox"]), id="a list"),
        pytest.param(answer(200, {"parley_sandbox": None}), id="no version"),
        pytest.param(answer(200, "x" * 70_000), id="too large"),
        pytest.param(recorded("norm_projects"), id="a redmine"),
    ],
)
async def test_anything_else_is_no_sandbox(response: httpx.Response) -> None:
    assert await PLATFORM.fingerprint(host(response), URL) is None


async def test_a_host_that_may_not_be_called_is_a_failure() -> None:
    with pytest.raises(EgressFailure) as caught:
        await PLATFORM.fingerprint(node(), "https://10.0.0.1/sandbox/acme")
    assert caught.value.reason is Reason.BLOCKED_ADDRESS


async def test_the_url_of_an_instance_shows_projects_items_and_fields() -> None:
    shown = (await node().request("GET", URL)).json()
    assert [project["key"] for project in shown["projects"]] == ["WEB", "APP"]
    types = {item_type["id"] for item_type in shown["item_types"]}
    fields = {field["id"] for field in shown["fields"]}
    for project in shown["projects"]:
        assert project["items"]
        assert {item["type"] for item in project["items"]} <= types
        assert all(set(item["fields"]) <= fields for item in project["items"])


async def test_only_plain_slugs_are_instances() -> None:
    answered = await node().request("GET", "https://parley.example.com/sandbox/%3Cscript%3E")
    assert answered.status == 422


async def test_a_project_has_types_and_fields() -> None:
    (first, second) = await PLATFORM.projects(node(), URL, BOB)
    assert (first.key, second.key) == ("WEB", "APP")
    assert [kind.name for kind in await PLATFORM.item_types(node(), URL, BOB, first.id)] == ["Bug", "Task"]
    fields = await PLATFORM.fields(node(), URL, BOB, second.id)
    assert [field.id for field in fields if field.required] == ["title", "status"]


@pytest.mark.parametrize("call", [PLATFORM.item_types, PLATFORM.fields], ids=["types", "fields"])
async def test_there_is_no_third_project(call: object) -> None:
    assert callable(call)
    with pytest.raises(ProjectNotVisible):
        await call(node(), URL, ALICE, "3")


@pytest.mark.parametrize(
    ("who", "project", "granted"),
    [
        pytest.param(ALICE, None, {"view", "edit", "comment", "attach"}, id="alice"),
        pytest.param(BOB, "1", {"view", "comment"}, id="bob"),
        pytest.param(ALICE, "3", set(), id="a project that is missing"),
    ],
)
async def test_rights_are_measured(who: Credential, project: str | None, granted: set[str]) -> None:
    rights = await PLATFORM.rights(node(), URL, who, project)
    assert {right.permission for right in rights if right.granted} == granted
    assert all(right.measured for right in rights)


async def test_rights_without_a_credential_are_declared_only() -> None:
    rights = await PLATFORM.rights(node(), URL, None)
    assert {(right.granted, right.measured) for right in rights} == {(None, False)}
