"""The adapter against a real django-helpdesk: every situation in which a person may try to sign in."""

import pytest

from service.egress.client import Egress
from service.platforms.django_helpdesk import PLATFORM
from service.platforms.interface import (
    Credential,
    Fingerprint,
    ProjectNotVisible,
    SignInFailure,
    SignInReason,
)
from tests.trackers.tracker_server import TrackerServer

pytestmark = pytest.mark.anyio


def password(login: str, typed: str = "") -> Credential:
    return Credential("password", {"login": login, "password": typed or f"{login}-pass-1"})


@pytest.mark.parametrize(("login", "is_admin"), [("admin", True), ("norma", False), ("rita", False)])
async def test_who_is_an_admin(
    egress: Egress, django_helpdesk: TrackerServer, login: str, *, is_admin: bool
) -> None:
    person = await PLATFORM.sign_in(egress, django_helpdesk.url, password(login))
    assert (person.login, person.is_admin) == (login, is_admin)
    assert (person.missing is None) is is_admin


@pytest.mark.parametrize(
    "credential", [password("admin", "wrong"), password("nobody")], ids=["wrong", "unknown"]
)
async def test_what_is_wrong_is_refused(
    egress: Egress, django_helpdesk: TrackerServer, credential: Credential
) -> None:
    with pytest.raises(SignInFailure) as caught:
        await PLATFORM.sign_in(egress, django_helpdesk.url, credential)
    assert caught.value.reason is SignInReason.WRONG_CREDENTIALS


async def test_it_is_recognised(egress: Egress, django_helpdesk: TrackerServer) -> None:
    url = django_helpdesk.url
    assert await PLATFORM.fingerprint(egress, url) == Fingerprint("django_helpdesk", url, None, None)


async def test_queues_fields_and_rights(egress: Egress, django_helpdesk: TrackerServer) -> None:
    url = django_helpdesk.url
    everything = {each.name: each.id for each in await PLATFORM.projects(egress, url, password("admin"))}
    assert set(everything) == {"Alpha", "Secret"}
    (alpha,) = await PLATFORM.projects(egress, url, password("norma"))
    assert alpha.name == "Alpha"
    fields = {each.id: each for each in await PLATFORM.fields(egress, url, password("norma"), alpha.id)}
    assert fields["custom_severity"].options == ("Low", "Medium", "High")
    assert "Resolved" in fields["status"].options
    for login, project, granted in (
        ("norma", alpha.id, True),
        ("norma", everything["Secret"], False),
        ("rita", alpha.id, False),
    ):
        rights = await PLATFORM.rights(egress, url, password(login), project)
        assert {right.granted for right in rights} == {granted}
    with pytest.raises(ProjectNotVisible):
        await PLATFORM.fields(egress, url, password("norma"), everything["Secret"])


async def test_a_stopped_server_is_unreachable(egress: Egress, django_helpdesk: TrackerServer) -> None:
    with django_helpdesk.stopped(), pytest.raises(SignInFailure) as caught:
        await PLATFORM.sign_in(egress, django_helpdesk.url, password("admin"))
    assert caught.value.reason is SignInReason.UNREACHABLE
