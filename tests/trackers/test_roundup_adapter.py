"""The adapter against a real Roundup: every situation in which a person may try to sign in."""

import pytest

from service.egress.client import Egress
from service.platforms.interface import Credential, Fingerprint, SignInFailure, SignInReason
from service.platforms.roundup import PLATFORM
from tests.trackers.tracker_server import TrackerServer

pytestmark = pytest.mark.anyio


def password(login: str) -> Credential:
    return Credential("password", {"login": login, "password": f"{login}-pass-1"})


@pytest.mark.parametrize(("login", "is_admin"), [("admin", True), ("norma", False)])
async def test_who_is_an_admin(egress: Egress, roundup: TrackerServer, login: str, *, is_admin: bool) -> None:
    person = await PLATFORM.sign_in(egress, roundup.url, password(login))
    assert (person.login, person.is_admin) == (login, is_admin)


async def test_it_is_recognised(egress: Egress, roundup: TrackerServer) -> None:
    assert await PLATFORM.fingerprint(egress, roundup.url) == Fingerprint("roundup", roundup.url, None, None)


async def test_the_tracker_and_its_fields(egress: Egress, roundup: TrackerServer) -> None:
    assert [each.id for each in await PLATFORM.projects(egress, roundup.url, password("norma"))] == ["issue"]
    fields = {
        each.id: each for each in await PLATFORM.fields(egress, roundup.url, password("norma"), "issue")
    }
    assert "resolved" in fields["status"].options
    assert len(fields["priority"].options) > 1
    assert all(right.granted for right in await PLATFORM.rights(egress, roundup.url, password("admin")))


async def test_a_wrong_password_is_refused_and_a_fourth_one_locks(
    egress: Egress, roundup: TrackerServer
) -> None:
    """Each sign-in shows the password once; what the tracker says of too many is passed on with its time."""
    wrong = Credential("password", {"login": "rita", "password": "wrong"})
    failures = []
    for _ in range(6):
        with pytest.raises(SignInFailure) as caught:
            await PLATFORM.sign_in(egress, roundup.url, wrong)
        failures.append(caught.value)
    assert [failure.reason for failure in failures[:3]] == [SignInReason.WRONG_CREDENTIALS] * 3
    assert failures[-1].reason is SignInReason.RATE_LIMITED
    assert failures[-1].retry_after


async def test_a_stopped_tracker_is_unreachable(egress: Egress, roundup: TrackerServer) -> None:
    with roundup.stopped(), pytest.raises(SignInFailure) as caught:
        await PLATFORM.sign_in(egress, roundup.url, password("admin"))
    assert caught.value.reason is SignInReason.UNREACHABLE
