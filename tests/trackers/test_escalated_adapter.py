"""The adapter against a real Escalated: every situation in which a person may try to sign in."""

import pytest

from service.egress.client import Egress
from service.platforms.escalated import PLATFORM
from service.platforms.interface import (
    Credential,
    Fingerprint,
    ProjectNotVisible,
    SignInFailure,
    SignInReason,
)
from tests.trackers.tracker_server import TrackerServer

pytestmark = pytest.mark.anyio


def made_of(letter: str) -> Credential:
    """Return the token of admin (a), norma (b), admin but narrowed (c), nobody (d), or one that has expired (e)."""
    return Credential("token", {"token": letter * 40})


def instance(server: TrackerServer) -> str:
    return f"{server.url}/support"


@pytest.mark.parametrize(
    ("token", "login", "is_admin"),
    [
        ("a", "admin@example.test", True),
        ("c", "admin@example.test", False),
        ("b", "norma@example.test", False),
    ],
    ids=["admin", "admin with a narrowed token", "agent"],
)
async def test_who_is_an_admin(
    egress: Egress, escalated: TrackerServer, token: str, login: str, *, is_admin: bool
) -> None:
    person = await PLATFORM.sign_in(egress, instance(escalated), made_of(token))
    assert (person.login, person.is_admin) == (login, is_admin)
    assert (person.missing is None) is is_admin


@pytest.mark.parametrize("token", ["d", "e"], ids=["unknown", "expired"])
async def test_a_token_that_does_not_count_is_refused(
    egress: Egress, escalated: TrackerServer, token: str
) -> None:
    with pytest.raises(SignInFailure) as caught:
        await PLATFORM.sign_in(egress, instance(escalated), made_of(token))
    assert caught.value.reason is SignInReason.WRONG_CREDENTIALS


async def test_it_is_recognised_at_its_folder_and_at_its_host(
    egress: Egress, escalated: TrackerServer
) -> None:
    expected = Fingerprint("escalated", instance(escalated), None, None)
    assert await PLATFORM.fingerprint(egress, instance(escalated)) == expected
    assert await PLATFORM.fingerprint(egress, escalated.url) == expected


async def test_departments_fields_and_rights(egress: Egress, escalated: TrackerServer) -> None:
    url = instance(escalated)
    (department,) = await PLATFORM.projects(egress, url, made_of("b"))
    assert department.name == "Alpha"
    fields = {each.id for each in await PLATFORM.fields(egress, url, made_of("b"), department.id)}
    assert {"subject", "description", "status", "priority", "tags"} <= fields
    rights = await PLATFORM.rights(egress, url, made_of("b"), department.id)
    assert {right.permission: right.granted for right in rights} == {"agent": True, "files": False}
    with pytest.raises(ProjectNotVisible):
        await PLATFORM.fields(egress, url, made_of("b"), "99")


async def test_a_stopped_server_is_unreachable(egress: Egress, escalated: TrackerServer) -> None:
    with escalated.stopped(), pytest.raises(SignInFailure) as caught:
        await PLATFORM.sign_in(egress, instance(escalated), made_of("a"))
    assert caught.value.reason is SignInReason.UNREACHABLE


async def test_too_many_calls_say_for_how_long(
    egress: Egress, escalated: TrackerServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server counts each minute anew; a start begins with nothing counted."""
    monkeypatch.setenv("RATE", "4")
    with escalated.stopped():
        pass
    reasons = [await reason_of_failure(egress, instance(escalated)) for _ in range(6)]
    monkeypatch.delenv("RATE")
    with escalated.stopped():
        pass
    assert reasons[0] is None
    assert reasons[-1] == (SignInReason.RATE_LIMITED, 60)


async def reason_of_failure(egress: Egress, url: str) -> tuple[SignInReason, int | None] | None:
    try:
        await PLATFORM.sign_in(egress, url, made_of("b"))
    except SignInFailure as failure:
        return failure.reason, failure.retry_after
    return None
