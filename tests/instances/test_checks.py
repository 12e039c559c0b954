"""A check names what is wrong and what to do; a tracker that is down is a result, not a fault."""

from dataclasses import replace
from typing import Any

import pytest
from sqlmodel import select

from service.database.sessions import transaction
from service.egress.client import Reason
from service.instances.models import Instance
from service.platforms.interface import Fingerprint, Project, SignInFailure, SignInReason
from tests.odd_platform import UNREACHABLE, OddPlatform
from tests.small_node import ALICE, BOB, SmallNode, running

pytestmark = pytest.mark.anyio
FOUND = Fingerprint("oddity", "https://odd.example", "1.2", "Odd")


async def _check(node: SmallNode, **more: Any) -> dict[str, Any]:
    instance = await node.add_instance("checked", **more)
    answer = await node.call("POST", f"/v1/instances/{instance['id']}/checks")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def _check_odd(url: str, platform: OddPlatform) -> tuple[bool, dict[str, Any], list[dict[str, Any]]]:
    """Return whether all is well, each check by name, and the rights."""
    credential = {"method": "password", "values": ALICE}
    async with running(url, registry=platform.registry()) as node:
        found = await _check(node, platform="oddity", url="https://odd.example", credential=credential)
    return found["ok"], {check["name"]: check for check in found["checks"]}, found["rights"]


async def test_with_an_admins_credential_all_is_measured(both: SmallNode) -> None:
    found = await _check(both, credential={"method": "password", "values": ALICE})
    assert found["ok"] is True
    assert [(check["name"], check["ok"], check["fix"]) for check in found["checks"]] == [
        ("address", True, None),
        ("sign_in", True, None),
        ("rights", True, None),
        ("projects", True, None),
    ]
    assert all(right["measured"] and right["granted"] for right in found["rights"])
    assert found["checked_at"] == "2030-01-02T03:04:05Z"


async def test_a_right_that_lacks_is_named_with_the_place_to_grant_it(node: SmallNode) -> None:
    found = await _check(node, credential={"method": "password", "values": BOB})
    rights = next(check for check in found["checks"] if check["name"] == "rights")
    assert found["ok"] is False
    assert rights["ok"] is False
    assert rights["detail"] == "The connection's user lacks: Create and change items, Attach files."
    assert "alice" in rights["fix"]


async def test_without_a_credential_rights_are_declared_and_say_so(node: SmallNode) -> None:
    found = await _check(node)
    sign_in = found["checks"][-1]
    assert (sign_in["name"], sign_in["ok"]) == ("sign_in", None)
    assert "credential" in sign_in["fix"]
    assert found["ok"] is True
    assert {(right["measured"], right["granted"]) for right in found["rights"]} == {(False, None)}


@pytest.mark.parametrize("found", [Reason.DNS, Reason.TIMEOUT, Reason.BLOCKED_ADDRESS, None])
async def test_an_address_without_the_platform_is_a_result(sqlite_url: str, found: Reason | None) -> None:
    platform = OddPlatform(found=found)
    ok, checks, rights = await _check_odd(sqlite_url, platform)
    assert not ok
    assert checks["address"]["ok"] is False
    assert (found or "no Oddity") in checks["address"]["detail"]
    assert checks["sign_in"]["ok"] is None
    assert not any(right["measured"] for right in rights)
    assert platform.calls == []


async def test_a_version_that_is_too_old_is_named_and_kept_for_partners(sqlite_url: str) -> None:
    platform = OddPlatform(found=Fingerprint("oddity", "https://odd.example", "1.2", None))
    platform.description = replace(platform.description, minimum_version="2.0")
    ok, checks, _ = await _check_odd(sqlite_url, platform)
    assert not ok
    assert checks["address"]["detail"] == "Oddity 1.2 is too old: 2.0 is the oldest that works."
    assert "updated" in checks["address"]["fix"]
    async with running(sqlite_url, registry=platform.registry()) as node:
        (shown,) = (await node.call("GET", "/v1/instances")).json()["items"]
    assert shown["identity"]["version"] == "1.2"


async def test_a_credential_that_no_longer_works_is_named(sqlite_url: str) -> None:
    wrong = SignInFailure(SignInReason.WRONG_CREDENTIALS, "Oddity does not accept this password.")
    ok, checks, rights = await _check_odd(sqlite_url, OddPlatform(found=FOUND, person=wrong))
    assert not ok
    assert checks["address"]["detail"] == "Oddity 1.2 answers at https://odd.example."
    assert checks["sign_in"]["detail"] == wrong.detail
    assert "PATCH" in checks["sign_in"]["fix"]
    assert "rights" not in checks
    assert not any(right["measured"] for right in rights)


async def test_a_tracker_that_stops_answering_is_a_result(sqlite_url: str) -> None:
    _, checks, _ = await _check_odd(sqlite_url, OddPlatform(found=FOUND, person=UNREACHABLE))
    assert checks["sign_in"]["ok"] is False
    assert "PATCH" not in checks["sign_in"]["fix"]


async def test_a_user_that_sees_no_project_is_named(sqlite_url: str) -> None:
    _, checks, _ = await _check_odd(sqlite_url, OddPlatform(found=FOUND))
    assert checks["projects"]["ok"] is False
    assert "member" in checks["projects"]["fix"]


async def test_rights_that_the_platform_does_not_tell_are_no_rights_that_it_grants(sqlite_url: str) -> None:
    platform = OddPlatform(
        found=FOUND, granted=frozenset({"view", "edit"}), untold=frozenset({"comment", "attach"})
    )
    ok, checks, _ = await _check_odd(sqlite_url, replace(platform, seen=(Project("1", "one", "One"),)))
    assert ok
    assert checks["rights"]["ok"] is None
    assert checks["rights"]["detail"].startswith("Oddity does not tell whether the connection's user has: ")
    assert checks["rights"]["fix"] == "See that it is granted: Oddity: Roles"


async def test_a_credential_of_another_instance_does_not_open(node: SmallNode) -> None:
    await node.add_instance("rich", credential={"method": "password", "values": ALICE})
    poor = await node.add_instance("poor")
    async with transaction(node.node.database) as session:
        rows = {row.slug: row for row in (await session.exec(select(Instance))).all()}
        rows["poor"].credential_sealed = rows["rich"].credential_sealed
    answer = await node.call("POST", f"/v1/instances/{poor['id']}/checks")
    assert answer.status_code == 200
    assert answer.json()["checks"][1]["ok"] is False
    assert "sealed" in answer.json()["checks"][1]["detail"]


async def test_a_reader_may_check(node: SmallNode) -> None:
    instance = await node.add_instance()
    reader = await node.token("instances:read", instances=[instance["id"]])
    assert (await node.call("POST", f"/v1/instances/{instance['id']}/checks", reader)).status_code == 200
