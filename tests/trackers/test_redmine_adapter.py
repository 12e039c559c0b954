"""The adapter against a real Redmine: every situation in which a person may try to sign in."""

from collections.abc import Callable

import pytest

from service.egress.client import Egress, EgressFailure, Reason
from service.platforms.interface import (
    Credential,
    Field,
    FieldKind,
    Fingerprint,
    ItemType,
    ProjectNotVisible,
    SignInFailure,
    SignInReason,
)
from service.platforms.redmine.adapter import PLATFORM
from tests.trackers.tracker_server import TrackerServer

VIEW, ADD, EDIT, NOTE = "view_issues", "add_issues", "edit_issues", "add_issue_notes"
KEYS = {"admin": "a" * 40, "norma": "b" * 40, "rita": "c" * 40}

pytestmark = pytest.mark.anyio


def password(login: str) -> Credential:
    return Credential("password", {"login": login, "password": f"{login}-pass-1"})


def key(login: str) -> Credential:
    return Credential("api_key", {"api_key": KEYS[login]})


async def refusal(egress: Egress, redmine: TrackerServer, credential: Credential) -> SignInFailure:
    with pytest.raises(SignInFailure) as caught:
        await PLATFORM.sign_in(egress, redmine.url, credential)
    return caught.value


async def granted(egress: Egress, redmine: TrackerServer, login: str, project: str | None = None) -> set[str]:
    rights = await PLATFORM.rights(egress, redmine.url, password(login), project)
    assert all(right.measured for right in rights)
    return {right.permission for right in rights if right.granted}


@pytest.mark.parametrize("method", [password, key], ids=["by password", "by api key"])
@pytest.mark.parametrize(("login", "is_admin"), [("admin", True), ("norma", False)], ids=["admin", "member"])
async def test_who_is_an_admin(
    egress: Egress, redmine: TrackerServer, method: Callable[[str], Credential], login: str, *, is_admin: bool
) -> None:
    person = await PLATFORM.sign_in(egress, redmine.url, method(login))
    assert (person.login, person.is_admin) == (login, is_admin)
    assert (person.missing is None) is is_admin


@pytest.mark.parametrize(
    "credential",
    [
        pytest.param(Credential("password", {"login": "admin", "password": "wrong"}), id="wrong password"),
        pytest.param(Credential("password", {"login": "nobody", "password": "wrong"}), id="unknown login"),
        pytest.param(Credential("api_key", {"api_key": "d" * 40}), id="wrong api key"),
    ],
)
async def test_wrong_credentials(egress: Egress, redmine: TrackerServer, credential: Credential) -> None:
    failure = await refusal(egress, redmine, credential)
    assert failure.reason is SignInReason.WRONG_CREDENTIALS
    with pytest.raises(SignInFailure):
        await PLATFORM.projects(egress, redmine.url, credential)


async def test_a_locked_account_is_refused(egress: Egress, redmine: TrackerServer) -> None:
    with redmine.changed("lock norma", back="unlock norma"):
        for credential in (password("norma"), key("norma")):
            failure = await refusal(egress, redmine, credential)
            assert failure.reason is SignInReason.WRONG_CREDENTIALS
            assert "locked" in failure.detail
    assert (await PLATFORM.sign_in(egress, redmine.url, password("norma"))).login == "norma"


async def test_a_switched_off_rest_api_is_named_and_still_recognised(
    egress: Egress, redmine: TrackerServer
) -> None:
    with redmine.changed("rest off", back="rest on"):
        for credential in (password("admin"), key("admin")):
            failure = await refusal(egress, redmine, credential)
            assert failure.reason is SignInReason.API_SWITCHED_OFF
            assert "Enable REST web service" in failure.detail
        found = await PLATFORM.fingerprint(egress, redmine.url)
    assert found == Fingerprint("redmine", redmine.url, None, "Redmine Test")


async def test_a_due_password_change_is_named(egress: Egress, redmine: TrackerServer) -> None:
    with redmine.changed("must-change-password norma on", back="must-change-password norma off"):
        failure = await refusal(egress, redmine, password("norma"))
        person = await PLATFORM.sign_in(egress, redmine.url, key("norma"))
    assert failure.reason is SignInReason.PASSWORD_CHANGE_DUE
    assert person.login == "norma"


async def test_two_factor_authentication_asks_for_the_key(egress: Egress, redmine: TrackerServer) -> None:
    with redmine.changed("two-factor norma on", back="two-factor norma off"):
        failure = await refusal(egress, redmine, password("norma"))
        person = await PLATFORM.sign_in(egress, redmine.url, key("norma"))
    assert "two-factor" in failure.detail
    assert person.login == "norma"


async def test_a_stopped_redmine_is_unreachable(egress: Egress, redmine: TrackerServer) -> None:
    with redmine.stopped():
        failure = await refusal(egress, redmine, password("admin"))
        with pytest.raises(EgressFailure) as caught:
            await PLATFORM.fingerprint(egress, redmine.url)
    assert failure.reason is SignInReason.UNREACHABLE
    assert caught.value.reason is Reason.REFUSED


async def test_it_is_recognised_by_strangers(egress: Egress, redmine: TrackerServer) -> None:
    expected = Fingerprint("redmine", redmine.url, None, "Redmine Test")
    assert await PLATFORM.fingerprint(egress, redmine.url) == expected
    assert await PLATFORM.fingerprint(egress, f"{redmine.url}/projects") is None
    with redmine.changed("login-required on", back="login-required off"):
        assert await PLATFORM.fingerprint(egress, redmine.url) == expected


async def test_rights_are_those_of_roles_and_projects(egress: Egress, redmine: TrackerServer) -> None:
    assert await granted(egress, redmine, "admin") == {VIEW, ADD, EDIT, NOTE}
    assert await granted(egress, redmine, "admin", "secret") == {VIEW, ADD, EDIT, NOTE}
    assert await granted(egress, redmine, "norma", "alpha") == {VIEW, ADD, EDIT, NOTE}
    assert await granted(egress, redmine, "rita", "alpha") == {VIEW, ADD, NOTE}
    assert await granted(egress, redmine, "rita") == {VIEW, ADD, NOTE}
    assert await granted(egress, redmine, "norma", "secret") == set()
    assert await granted(egress, redmine, "admin", "wiki-only") == set()


async def test_projects_and_types_are_those_that_the_account_sees(
    egress: Egress, redmine: TrackerServer
) -> None:
    seen = {
        login: {project.key for project in await PLATFORM.projects(egress, redmine.url, key(login))}
        for login in ("admin", "norma")
    }
    assert seen == {"admin": {"alpha", "secret", "wiki-only"}, "norma": {"alpha", "wiki-only"}}
    types = await PLATFORM.item_types(egress, redmine.url, key("norma"), "alpha")
    assert ItemType("1", "Bug") in types
    with pytest.raises(ProjectNotVisible):
        await PLATFORM.item_types(egress, redmine.url, key("norma"), "secret")


async def test_an_admin_reads_the_fields(egress: Egress, redmine: TrackerServer) -> None:
    fields = await PLATFORM.fields(egress, redmine.url, password("admin"), "alpha")
    assert (
        Field(
            "cf_1",
            "Severity",
            "list",
            required=False,
            options=("Low", "Medium", "High"),
            kind=FieldKind.CHOICE,
        )
        in fields
    )
    assert {"subject", "due_date"} <= {field.id for field in fields}
