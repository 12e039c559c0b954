"""Jira Data Center: some versions answer 200 to a login that they refuse, and say so in a header only."""

import re

from service.egress.client import Egress
from service.platforms import jira
from service.platforms.adapter import Account, Adapter, Measured
from service.platforms.answers import member, not_accepted, objects, text, unexpected
from service.platforms.calls import Access, glance
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
from service.platforms.interface import Credential, Field, Fingerprint, ItemType, Platform, Project
from service.words import Mode

NAME, LABEL = "jira_data_center", "Jira Data Center"
OAUTH, TOKEN, PASSWORD = "oauth", "token", "password"
API = "/rest/api/2"
MOST_PROJECTS = 2_000
MAKE_ADMIN = "Administration → System → Global permissions → Jira Administrators → a group of the person"
_LOGIN = re.compile(r"[^:\x00-\x1f\x7f\ud800-\udfff]{1,255}")
_PASSWORD = re.compile(r"[^\x00\ud800-\udfff]{1,1024}")
_TOKEN = re.compile(r"[\x21-\x7e]{1,4096}", re.ASCII)

DESCRIPTION = PlatformDescription(
    name=NAME,
    label=LABEL,
    modes=frozenset(Mode),
    local=True,
    local_why_not=None,
    sign_in=(
        SignInMethod(
            TOKEN,
            "Personal access token",
            (
                SignInField(
                    "token",
                    "Personal access token",
                    secret=True,
                    help="From your profile → Personal Access Tokens. Used for this one check, never kept.",
                ),
            ),
        ),
        SignInMethod(
            PASSWORD,
            "Username and password",
            (
                SignInField("login", "Username", secret=False, help="Of your Jira account."),
                SignInField(
                    "password",
                    "Password",
                    secret=True,
                    help="From Jira 11 on an administrator has to allow this. Used for this one check, never kept.",
                ),
            ),
        ),
        SignInMethod(
            OAUTH,
            "Sign in with Jira",
            oauth=OAuth(
                authorize_url="{server}/rest/oauth2/latest/authorize",
                token_url="{server}/rest/oauth2/latest/token",  # noqa: S106 - an address
                scopes=(
                    OAuthScope(
                        "ADMIN", "To see whether you administer Jira, which it hides from lesser scopes."
                    ),
                ),
                user_scopes=(OAuthScope("WRITE", "To read and write issues, comments and files."),),
                where_to_register="Administration → Applications → Application links → Create link → External",
                refresh_tokens=RefreshTokens.ROTATE,
            ),
        ),
    ),
    permissions=jira.PERMISSIONS,
    minimum_version="8.14",
    tested_with="answers made from Atlassian's documents",
    admin_right=f"The account has the global permission Jira (System) Administrators ({MAKE_ADMIN}).",
    proved=Proof.FIXTURES,
    links=(
        Link(
            "https://tracker.example.com/jira/browse/SHOP-1",
            "{origin}{context}",
            path=r"(?P<context>(?:/[^/]+)?)/browse/(?-i:[A-Z][A-Z0-9_]+)(?:-[0-9]+)?/?",
        ),
        Link(
            "https://tracker.example.com/secure/RapidBoard.jspa",
            "{origin}{context}",
            path=r"(?P<context>(?:/[^/]+)?)/secure/[A-Za-z!]+\.jspa",
        ),
        Link(
            "https://tracker.example.com/jira/projects/SHOP/issues/SHOP-1",
            "{origin}{context}",
            path=r"(?P<context>(?:/[^/]+)?)/projects/(?-i:[A-Z][A-Z0-9_]+)/(?:issues|summary|versions|board)(?:/.*)?",
        ),
    ),
)


class JiraDataCenter(Adapter):
    """A Jira on a server of its own, also below a path."""

    description = DESCRIPTION

    async def fingerprint(self, egress: Egress, base_url: str) -> Fingerprint | None:
        """Return what `serverInfo` tells strangers; a Jira that is closed to them shows nothing."""
        url = base_url.rstrip("/")
        _, info = await glance(egress, f"{url}{API}/serverInfo")
        if not text(info, "version") or text(info, "deploymentType") not in {"Server", "Data Center"}:
            return None
        return Fingerprint(NAME, url, text(info, "version"), text(info, "serverTitle") or None)

    async def open(self, egress: Egress, base_url: str, credential: Credential) -> Access:
        """Return the access of a token, typed or brought by OAuth, or of a login and password."""
        values, url = credential.values, base_url.rstrip("/")
        if credential.method == PASSWORD:
            login, password = values.get("login", "").strip(), values.get("password", "")
            if _LOGIN.fullmatch(login) and _PASSWORD.fullmatch(password):
                return Access(egress, LABEL, url, basic_auth=(login, password))
        token = values.get({TOKEN: "token", OAUTH: "access_token"}.get(credential.method, ""), "").strip()
        if not _TOKEN.fullmatch(token):
            raise not_accepted(LABEL)
        return Access(egress, LABEL, url, {"Authorization": f"Bearer {token}"})

    async def who(self, access: Access) -> Account:
        """Return the account, which has to be active and, with a password, the one that was typed."""
        user = await access.read(f"{API}/myself")
        login, key = text(user, "name"), text(user, "key")
        if not login or not key or member(user, "active") is not True:
            raise unexpected(LABEL, "no active account")
        if access.basic_auth is not None and login.casefold() != access.basic_auth[0].casefold():
            raise unexpected(LABEL, "another account")
        return Account(key, login, text(user, "displayName") or login)

    async def missing_for_admin(self, access: Access, account: Account) -> str | None:
        """Return None for an administrator of Jira or of its system; `mypermissions` lists them all."""
        answer = await access.read(f"{API}/mypermissions")
        return None if jira.is_admin(answer) else jira.not_an_admin(account, MAKE_ADMIN)

    async def measure(self, access: Access, account: Account, project_id: str | None) -> Measured:
        """Return what Jira grants in the project; without one, in at least one project."""
        asked = {}
        if project_id is not None:
            asked["projectId"] = text(await jira.find_project(access, API, project_id), "id")
        return jira.measured(await access.read(f"{API}/mypermissions", asked))

    async def read_projects(self, access: Access, account: Account) -> tuple[Project, ...]:
        """Return the projects that the account sees, at most two thousand: Jira lists them all at once."""
        listed = objects(await access.read(f"{API}/project"))[:MOST_PROJECTS]
        found = (Project(text(row, "id"), text(row, "key"), text(row, "name")) for row in listed)
        return tuple(project for project in found if project.id)

    async def read_item_types(
        self, access: Access, account: Account, project_id: str
    ) -> tuple[ItemType, ...]:
        """Return the issue types of the project."""
        return await jira.read_item_types(access, API, project_id, "values")

    async def read_fields(self, access: Access, account: Account, project_id: str) -> tuple[Field, ...]:
        """Return the fields of the project's issues."""
        return await jira.read_fields(access, API, project_id, "values", "values")


PLATFORM: Platform = JiraDataCenter()
