"""Jira Cloud and Azure DevOps against mocks made from the vendors' own descriptions of their APIs.

What a mock cannot know, who is an admin and whose credential is wrong or over, comes from recorded answers.
"""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from service.egress.client import Egress, EgressPolicy
from service.platforms.azure_devops import PLATFORM as AZURE_DEVOPS
from service.platforms.interface import Credential, FieldKind, SignInFailure, SignInReason
from service.platforms.jira_cloud import PLATFORM as JIRA_CLOUD
from tests.interop.described import Described, mocks, reply

SITE = "https://acme.atlassian.net"
API_TOKEN = Credential("api_token", {"email": "mia@example.com", "token": "ATATT3xFfGF0" + "a" * 20})
JIRA = "/rest/api/3"
ORGANISATION = "https://dev.azure.com/contoso"
TOKEN = Credential("token", {"token": "a" * 52})
BY_OAUTH = Credential("oauth", {"access_token": "eyJ" + "a" * 60})
NAMESPACE, PROJECT = "3e65f728-f8bc-4ecd-8764-7e378b19bfa7", "eb6e4656-77fc-42a1-9181-4c6d8e9da5d1"
CONNECTION_DATA = "/contoso/_apis/connectionData"
SIGN_IN_PAGE = "<html><head><title>Azure DevOps Services | Sign In</title></head><body></body></html>"

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def jira() -> Iterator[dict[str, int]]:
    with mocks("jira-cloud") as ports:
        yield ports


@pytest.fixture(scope="module")
def azure() -> Iterator[dict[str, int]]:
    with mocks("ado-core", "ado-security", "ado-wit") as ports:
        yield ports


def through(transport: httpx.AsyncBaseTransport) -> Egress:
    return Egress(EgressPolicy(), transport=transport)


def permissions(*granted: str) -> httpx.Response:
    """Return what Jira answers about the permissions that were asked for."""
    asked = ("ADMINISTER", "SYSTEM_ADMIN", "BROWSE_PROJECTS", "CREATE_ISSUES", "EDIT_ISSUES", "ADD_COMMENTS")
    told = {name: {"key": name, "type": "GLOBAL", "havePermission": name in granted} for name in asked}
    return reply({"permissions": told})


async def test_jira_is_recognised_by_what_it_tells_strangers(jira: dict[str, int]) -> None:
    about = {
        "baseUrl": SITE,
        "deploymentType": "Cloud",
        "serverTitle": "Acme",
        "version": "1001.0.0-SNAPSHOT",
    }
    found = await JIRA_CLOUD.fingerprint(through(Described(jira, {f"{JIRA}/serverInfo": reply(about)})), SITE)
    assert found is not None
    assert (found.platform, found.title) == ("jira_cloud", "Acme")
    # What the description's own example leaves out is no Jira Cloud.
    assert await JIRA_CLOUD.fingerprint(through(Described(jira, {})), SITE) is None


@pytest.mark.parametrize(
    ("granted", "is_admin"),
    [(("ADMINISTER",), True), (("SYSTEM_ADMIN",), True), (("BROWSE_PROJECTS",), False), ((), False)],
    ids=["admin", "system admin", "member", "nothing"],
)
async def test_jiras_account_is_read_as_described_and_admins_are_who_is_said_to_be(
    jira: dict[str, int], granted: tuple[str, ...], *, is_admin: bool
) -> None:
    described = Described(jira, {f"{JIRA}/mypermissions": permissions(*granted)})
    person = await JIRA_CLOUD.sign_in(through(described), SITE, API_TOKEN)
    assert (person.account_id, person.display_name) == ("5b10a2844c20165700ede21g", "Mia Krystof")
    assert person.is_admin is is_admin
    assert (person.missing is None) is is_admin


async def test_jiras_own_example_of_permissions_makes_nobody_an_admin(jira: dict[str, int]) -> None:
    assert not (await JIRA_CLOUD.sign_in(through(Described(jira, {})), SITE, API_TOKEN)).is_admin


async def test_a_wrong_or_expired_credential_of_jira_is_refused_as_described(jira: dict[str, int]) -> None:
    """The description knows one answer to both; a stranger gets it as well."""
    described = Described(jira, {}, refusing=401)
    with pytest.raises(SignInFailure) as caught:
        await JIRA_CLOUD.sign_in(through(described), SITE, API_TOKEN)
    assert caught.value.reason is SignInReason.WRONG_CREDENTIALS
    assert described.paths == [f"{JIRA}/myself"] * 2


async def test_jiras_projects_types_and_fields_are_read_as_described(jira: dict[str, int]) -> None:
    """The description of a single project was not kept, so this one is recorded."""
    project = f"{JIRA}/project/10000"
    described = Described(
        jira,
        {
            project: reply({"id": "10000", "key": "EX", "name": "Example"}),
            f"{JIRA}/mypermissions": permissions("BROWSE_PROJECTS", "EDIT_ISSUES"),
        },
        undescribed=frozenset({project}),
    )
    egress = through(described)
    assert [each.id for each in await JIRA_CLOUD.projects(egress, SITE, API_TOKEN)] == ["10000", "10001"]
    assert [each.name for each in await JIRA_CLOUD.item_types(egress, SITE, API_TOKEN, "10000")] == ["Bug"]
    (field,) = await JIRA_CLOUD.fields(egress, SITE, API_TOKEN, "10000")
    assert (field.id, field.name, field.required) == ("assignee", "Assignee", True)
    rights = await JIRA_CLOUD.rights(egress, SITE, API_TOKEN, "10000")
    granted = {right.permission for right in rights if right.granted}
    assert granted == {"BROWSE_PROJECTS", "EDIT_ISSUES"}


def azure_answers(*, allowed: bool | None = True) -> dict[str, httpx.Response]:
    """Return what is recorded of an organisation in which the account may, or may not, change the settings."""
    user = {
        "id": "d6245f20-2af8-44f4-9451-8107cb2767db",
        "subjectDescriptor": "aad.ZDYyNDVmMjA",
        "providerDisplayName": "Olga",
        "isActive": True,
        "properties": {"Account": {"$type": "System.String", "$value": "olga@example.com"}},
    }
    actions = [{"bit": 1, "name": "GENERIC_READ"}, {"bit": 2, "name": "GENERIC_WRITE"}]
    namespace = {"namespaceId": NAMESPACE, "name": "Collection", "actions": actions}
    return {
        CONNECTION_DATA: reply({"authenticatedUser": user, "instanceId": PROJECT}),
        "/contoso/_apis/securitynamespaces": reply({"count": 1, "value": [namespace]}),
        f"/contoso/_apis/permissions/{NAMESPACE}/2": reply({"count": 1, "value": [allowed]}),
    }


# Read by every client of Microsoft's, and in no description that Microsoft publishes.
UNDESCRIBED = frozenset({CONNECTION_DATA, "/contoso/_apis/securitynamespaces"})


@pytest.mark.parametrize(
    ("allowed", "is_admin"), [(True, True), (False, False), (None, False)], ids=["admin", "member", "untold"]
)
async def test_azures_right_is_asked_as_described(
    azure: dict[str, int], *, allowed: bool | None, is_admin: bool
) -> None:
    described = StrangersGoToSignIn(azure, azure_answers(allowed=allowed), undescribed=UNDESCRIBED)
    person = await AZURE_DEVOPS.sign_in(through(described), ORGANISATION, TOKEN)
    assert (person.login, person.is_admin) == ("olga@example.com", is_admin)
    assert described.paths[-1] == f"/contoso/_apis/permissions/{NAMESPACE}/2"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (reply(SIGN_IN_PAGE, 203), SignInReason.UNEXPECTED_ANSWER),
        (
            reply("", 302, location="https://spsprodcus1.vssps.visualstudio.com/_signin"),
            SignInReason.UNEXPECTED_ANSWER,
        ),
        (reply("", 401), SignInReason.WRONG_CREDENTIALS),
    ],
    ids=["expired: 203 with a page", "expired: redirect", "wrong"],
)
async def test_a_wrong_or_expired_token_of_azure_is_nobody(
    azure: dict[str, int], answer: httpx.Response, reason: SignInReason
) -> None:
    described = StrangersGoToSignIn(azure, {CONNECTION_DATA: answer}, undescribed=UNDESCRIBED)
    with pytest.raises(SignInFailure) as caught:
        await AZURE_DEVOPS.sign_in(through(described), ORGANISATION, TOKEN)
    assert caught.value.reason is reason
    assert described.paths == [CONNECTION_DATA] * 2


async def test_azures_projects_types_and_fields_are_read_as_described(azure: dict[str, int]) -> None:
    """Microsoft has examples of lists; the project that is asked for alone is recorded."""
    alone = {f"/contoso/_apis/projects/{PROJECT}": reply({"id": PROJECT, "name": "Fabrikam-Fiber-TFVC"})}
    egress = through(Described(azure, {**azure_answers(), **alone}, undescribed=UNDESCRIBED))
    projects = await AZURE_DEVOPS.projects(egress, ORGANISATION, BY_OAUTH)
    assert [project.name for project in projects] == ["Fabrikam-Fiber-TFVC", "Fabrikam-Fiber-Git", "TestGit"]
    types = {
        each.name: each.id for each in await AZURE_DEVOPS.item_types(egress, ORGANISATION, BY_OAUTH, PROJECT)
    }
    assert types["Bug"] == "Microsoft.VSTS.WorkItemTypes.Bug"
    fields = {each.id: each for each in await AZURE_DEVOPS.fields(egress, ORGANISATION, BY_OAUTH, PROJECT)}
    title = fields["System.Title"]
    assert (title.name, title.required, title.kind) == ("Title", True, FieldKind.LINE)


class StrangersGoToSignIn(Described):
    """An organisation that is closed to strangers leads them to a page, as it does with an expired token."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if "authorization" in request.headers:
            return await super().handle_async_request(request)
        self.paths.append(request.url.path)
        return reply(SIGN_IN_PAGE, 203)
