"""Jira Cloud: permissions are answered to strangers too, so `myself` comes first and has to name an account."""

import re
from urllib.parse import urlsplit

from service.egress.client import Egress
from service.platforms import jira
from service.platforms.adapter import Account, Adapter, Measured
from service.platforms.answers import member, not_accepted, objects, rows, text, unexpected
from service.platforms.calls import Access, every_page, glance
from service.platforms.description import (
    Link,
    OAuth,
    OAuthScope,
    PlatformDescription,
    Proof,
    RefreshTokens,
    SignInField,
    SignInMethod,
)
from service.platforms.interface import (
    Credential,
    Field,
    Fingerprint,
    ItemType,
    Platform,
    Project,
    SignInFailure,
    SignInReason,
)
from service.words import Mode

NAME, LABEL = "jira_cloud", "Jira Cloud"
OAUTH, API_TOKEN = "oauth", "api_token"
API = "/rest/api/3"
GATEWAY = "https://api.atlassian.com"
PAGE_SIZE = 50
MAKE_ADMIN = "Settings → System → Global permissions → Administer Jira → a group of the person"
_EMAIL = re.compile(r"[^\s:@]{1,254}@[^\s:@]{1,253}")
_TOKEN = re.compile(r"[\x21-\x7e]{1,4096}", re.ASCII)
_CLOUD_ID = re.compile(r"[0-9a-zA-Z-]{1,64}", re.ASCII)

DESCRIPTION = PlatformDescription(
    name=NAME,
    label=LABEL,
    modes=frozenset(Mode),
    local=True,
    local_why_not=None,
    sign_in=(
        SignInMethod(
            OAUTH,
            "Sign in with Atlassian",
            oauth=OAuth(
                authorize_url="https://auth.atlassian.com/authorize",
                token_url="https://auth.atlassian.com/oauth/token",  # noqa: S106 - an address
                scopes=(
                    OAuthScope("read:jira-user", "To see who you are."),
                    OAuthScope("read:jira-work", "To see whether you administer this Jira."),
                ),
                user_scopes=(
                    OAuthScope("read:jira-user", "To see who the connection's user is."),
                    OAuthScope("read:jira-work", "To read issues, comments and files."),
                    OAuthScope("write:jira-work", "To write issues, comments and files."),
                    OAuthScope("offline_access", "To go on while nobody is signed in."),
                ),
                where_to_register="developer.atlassian.com: My apps → Create → OAuth 2.0 integration → Authorization",
                refresh_tokens=RefreshTokens.ROTATE,
                extra_parameters=(("audience", "api.atlassian.com"), ("prompt", "consent")),
            ),
        ),
        SignInMethod(
            API_TOKEN,
            "E-mail address and API token",
            (
                SignInField("email", "E-mail address", secret=False, help="Of your Atlassian account."),
                SignInField(
                    "token",
                    "API token",
                    secret=True,
                    help="From id.atlassian.com → Security → API tokens. Used for this one check, never kept.",
                ),
            ),
        ),
    ),
    permissions=jira.PERMISSIONS,
    minimum_version=None,
    tested_with="mocks made from Atlassian's own description of the API; sign-in page and gateway by fixtures",
    admin_right=f"The account has the global permission Administer Jira ({MAKE_ADMIN}).",
    proved=Proof.VENDORS_DESCRIPTION,
    links=(
        Link(
            "https://acme.atlassian.net/jira/software/projects/SHOP/boards/3",
            "https://{site}.atlassian.net",
            host=r"(?P<site>[a-z0-9][a-z0-9-]*)\.atlassian\.net",
            path=r"(?!/wiki(/|$)).*",
        ),
        Link("https://acme.jira.com/browse/SHOP-1", "{origin}", host=r"[a-z0-9][a-z0-9-]*\.jira\.com"),
    ),
    lobby=r"(?:(?:www|id|home|start|admin)\.)?atlassian\.(?:com|net)",
)


class JiraCloud(Adapter):
    """A site on atlassian.net; by OAuth its API stands at Atlassian's gateway."""

    description = DESCRIPTION

    async def fingerprint(self, egress: Egress, base_url: str) -> Fingerprint | None:
        """Return what `serverInfo` tells strangers; only a deployment of the kind Cloud is one."""
        url = base_url.rstrip("/")
        _, info = await glance(egress, f"{url}{API}/serverInfo")
        if text(info, "deploymentType") != "Cloud":
            return None
        return Fingerprint(NAME, url, text(info, "version") or None, text(info, "serverTitle") or None)

    async def open(self, egress: Egress, base_url: str, credential: Credential) -> Access:
        """Return the access of an API token to the site, or of an OAuth token to the site's place at the gateway."""
        values, url = credential.values, base_url.rstrip("/")
        if credential.method == API_TOKEN:
            email, token = values.get("email", "").strip(), values.get("token", "").strip()
            if _EMAIL.fullmatch(email) and _TOKEN.fullmatch(token):
                return Access(egress, LABEL, url, basic_auth=(email, token), instance_url=url)
        elif credential.method == OAUTH and _TOKEN.fullmatch(token := values.get("access_token", "")):
            headers = {"Authorization": f"Bearer {token}"}
            gateway = Access(egress, LABEL, GATEWAY, headers, instance_url=url)
            cloud_id = await _find_site(gateway, url)
            return Access(egress, LABEL, f"{GATEWAY}/ex/jira/{cloud_id}", headers, instance_url=url)
        raise not_accepted(LABEL)

    async def who(self, access: Access) -> Account:
        """Return the account, which has to be active."""
        user = await access.read(f"{API}/myself")
        account_id = text(user, "accountId")
        if not account_id or member(user, "active") is not True:
            raise unexpected(LABEL, "no active account")
        name = text(user, "displayName") or account_id
        return Account(account_id, text(user, "emailAddress") or name, name)

    async def missing_for_admin(self, access: Access, account: Account) -> str | None:
        """Return None for who administers this Jira."""
        asked = {"permissions": f"{jira.ADMINISTER},{jira.SYSTEM_ADMIN}"}
        answer = await access.read(f"{API}/mypermissions", asked)
        return None if jira.is_admin(answer) else jira.not_an_admin(account, MAKE_ADMIN)

    async def measure(self, access: Access, account: Account, project_id: str | None) -> Measured:
        """Return what Jira grants in the project; without one, in at least one project."""
        asked = {"permissions": ",".join(sorted(jira.NEEDED))}
        if project_id is not None:
            project = await jira.find_project(access, API, project_id)
            asked["projectId"] = text(project, "id")
        return jira.measured(await access.read(f"{API}/mypermissions", asked))

    async def read_projects(self, access: Access, account: Account) -> tuple[Project, ...]:
        """Return the projects that the account sees, at most a thousand."""

        async def page(number: int) -> tuple[Project, ...]:
            asked: dict[str, str | int] = {"startAt": number * PAGE_SIZE, "maxResults": PAGE_SIZE}
            listed = rows(await access.read(f"{API}/project/search", asked), "values")
            found = (Project(text(row, "id"), text(row, "key"), text(row, "name")) for row in listed)
            return tuple(project for project in found if project.id)

        return await every_page(page, size=PAGE_SIZE, key=lambda project: project.id)

    async def read_item_types(
        self, access: Access, account: Account, project_id: str
    ) -> tuple[ItemType, ...]:
        """Return the issue types of the project."""
        return await jira.read_item_types(access, API, project_id, "issueTypes")

    async def read_fields(self, access: Access, account: Account, project_id: str) -> tuple[Field, ...]:
        """Return the fields of the project's issues."""
        return await jira.read_fields(access, API, project_id, "issueTypes", "fields")


async def _find_site(gateway: Access, instance_url: str) -> str:
    """Return the cloud id of the instance, where the person allowed access to it; a person may have many sites."""
    host = urlsplit(instance_url).hostname
    for site in objects(await gateway.read("/oauth/token/accessible-resources")):
        if urlsplit(text(site, "url")).hostname == host and _CLOUD_ID.fullmatch(text(site, "id")):
            return text(site, "id")
    raise SignInFailure(
        SignInReason.RIGHT_MISSING,
        f"Atlassian gives no access to {host} with this sign-in. Sign in again, and choose {host} on Atlassian's page.",
    )


PLATFORM: Platform = JiraCloud()
