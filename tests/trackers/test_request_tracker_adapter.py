"""The adapter against a real Request Tracker: every situation in which a person may try to sign in."""

import pytest

from service.egress.client import Egress
from service.platforms.interface import Credential, ProjectNotVisible, SignInFailure, SignInReason
from service.platforms.request_tracker import PLATFORM
from tests.trackers.tracker_server import TrackerServer

PASSWORDS = {"root": "admin-pass-1", "norma": "norma-pass-1", "rita": "rita-pass-1"}
pytestmark = pytest.mark.anyio


def password(login: str) -> Credential:
    return Credential("password", {"login": login, "password": PASSWORDS[login]})


def token(server: TrackerServer, login: str) -> Credential:
    return Credential("token", {"token": (server.state / f"token.{login}").read_text(encoding="utf-8")})


@pytest.mark.parametrize(("login", "is_admin"), [("root", True), ("norma", False)], ids=["superuser", "user"])
async def test_who_is_an_admin(
    egress: Egress, request_tracker: TrackerServer, login: str, *, is_admin: bool
) -> None:
    for credential in (password(login), token(request_tracker, login)):
        person = await PLATFORM.sign_in(egress, request_tracker.url, credential)
        assert person.is_admin is is_admin
        assert (person.missing is None) is is_admin
    assert (await PLATFORM.sign_in(egress, request_tracker.url, password(login))).login == login


@pytest.mark.parametrize(
    "credential",
    [
        Credential("password", {"login": "root", "password": "wrong"}),
        Credential("password", {"login": "nobody", "password": "wrong"}),
        Credential("token", {"token": "1-14-" + "d" * 32}),
    ],
    ids=["wrong password", "unknown login", "wrong token"],
)
async def test_wrong_credentials(
    egress: Egress, request_tracker: TrackerServer, credential: Credential
) -> None:
    with pytest.raises(SignInFailure) as caught:
        await PLATFORM.sign_in(egress, request_tracker.url, credential)
    assert caught.value.reason is SignInReason.WRONG_CREDENTIALS


async def test_it_tells_its_version_to_strangers(egress: Egress, request_tracker: TrackerServer) -> None:
    found = await PLATFORM.fingerprint(egress, request_tracker.url)
    assert found is not None
    assert (found.platform, str(found.version)[:2]) == ("request_tracker", "5.")


async def test_queues_fields_and_rights(egress: Egress, request_tracker: TrackerServer) -> None:
    (alpha,) = [
        each
        for each in await PLATFORM.projects(egress, request_tracker.url, password("norma"))
        if each.key == "Alpha"
    ]
    for login, options in (("root", {"Low", "Medium", "High"}), ("norma", set[str]())):
        listed = await PLATFORM.fields(egress, request_tracker.url, password(login), alpha.id)
        (severity,) = [each for each in listed if each.name == "Severity"]
        assert set(severity.options) == options  # the catalogue of custom fields is for administrators
    rights = await PLATFORM.rights(egress, request_tracker.url, password("norma"), alpha.id)
    assert {right.granted for right in rights if right.permission == "CreateTicket"} == {True}
    everything = await PLATFORM.rights(egress, request_tracker.url, password("root"), alpha.id)
    assert all(right.granted for right in everything)
    seen = await PLATFORM.projects(egress, request_tracker.url, password("root"))
    (secret,) = [each for each in seen if each.key == "Secret"]
    with pytest.raises(ProjectNotVisible):
        await PLATFORM.fields(egress, request_tracker.url, password("norma"), secret.id)


async def test_a_stopped_tracker_is_unreachable(egress: Egress, request_tracker: TrackerServer) -> None:
    with request_tracker.stopped(), pytest.raises(SignInFailure) as caught:
        await PLATFORM.sign_in(egress, request_tracker.url, password("root"))
    assert caught.value.reason is SignInReason.UNREACHABLE
