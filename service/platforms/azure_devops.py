"""Azure DevOps: a bad or expired token gets 203 or a redirect with a page, so only plain JSON ever counts."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from service.egress.client import Egress
from service.platforms.adapter import UNMEASURED, Account, Adapter, Measured
from service.platforms.answers import UNAUTHORIZED, member, not_accepted, rows, text, unexpected
from service.platforms.calls import Access, every_page, glance
from service.platforms.description import (
    Link,
    OAuth,
    OAuthScope,
    PermissionNeed,
    PlatformDescription,
    Proof,
    RefreshTokens,
    SignInField,
    SignInMethod,
)
from service.platforms.interface import (
    Credential,
    Field,
    FieldKind,
    Fingerprint,
    ItemType,
    Platform,
    Project,
    ProjectNotVisible,
)
from service.words import Mode, Scope

NAME, LABEL = "azure_devops", "Azure DevOps"
OAUTH, TOKEN = "oauth", "token"
VERSION = "7.1"
PAGE_SIZE = 100
MOST_TYPES = 25
ENTRA = "https://login.microsoftonline.com/organizations/oauth2/v2.0"
# Microsoft's id of Azure DevOps itself, the same in every tenant.
RESOURCE = "499b84ac-1321-427f-aa17-267ca6975798"
COLLECTION, WRITE_SETTINGS, EVERYTHING = "Collection", "GENERIC_WRITE", "NAMESPACE:"
PUBLIC = "System:PublicAccess"
MAKE_ADMIN = "Organization settings → Permissions → Project Collection Administrators → Members"
_AREAS = "Azure DevOps: Project settings → Project configuration → Areas → Security → the connection's user"
_TOKEN = re.compile(r"[\x21-\x7e]{1,8192}", re.ASCII)
_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_KINDS = {
    "string": FieldKind.LINE,
    "plainText": FieldKind.TEXT,
    "html": FieldKind.TEXT,
    "history": FieldKind.TEXT,
    "integer": FieldKind.NUMBER,
    "double": FieldKind.NUMBER,
    "boolean": FieldKind.BOOLEAN,
    "dateTime": FieldKind.MOMENT,
    "identity": FieldKind.PERSON,
    "picklistString": FieldKind.CHOICE,
    "picklistInteger": FieldKind.CHOICE,
    "picklistDouble": FieldKind.CHOICE,
    "treePath": FieldKind.CHOICE,
}


def _need(scope: Scope, label: str, reason: str) -> PermissionNeed:
    return PermissionNeed(scope, label, label, reason, f"{_AREAS} → {label}")


READ, WRITE = "View work items in this node", "Edit work items in this node"
COMMENT = "Edit work item comments in this node"
DESCRIPTION = PlatformDescription(
    name=NAME,
    label=LABEL,
    modes=frozenset(Mode),
    local=False,
    local_why_not="Two projects of one Azure DevOps organisation cannot be connected with each other.",
    sign_in=(
        SignInMethod(
            OAUTH,
            "Sign in with Microsoft",
            oauth=OAuth(
                authorize_url=f"{ENTRA}/authorize",
                token_url=f"{ENTRA}/token",
                scopes=(
                    OAuthScope(
                        f"{RESOURCE}/user_impersonation", "To see who you are and what you administer."
                    ),
                ),
                user_scopes=(
                    OAuthScope(f"{RESOURCE}/user_impersonation", "To read and write work items."),
                    OAuthScope("offline_access", "To go on while nobody is signed in."),
                ),
                where_to_register="Microsoft Entra admin center → App registrations → New registration",
                refresh_tokens=RefreshTokens.ROTATE,
            ),
        ),
        SignInMethod(
            TOKEN,
            "Personal access token",
            (
                SignInField(
                    "token",
                    "Personal access token",
                    secret=True,
                    help="From User settings → Personal access tokens, with Work Items (Read) and Security (Manage). "
                    "Used for this one check, never kept.",
                ),
            ),
        ),
    ),
    permissions=(
        _need(Scope.ITEMS_READ, READ, "To read the work items that are synchronised."),
        _need(Scope.ITEMS_WRITE, WRITE, "To create and change work items."),
        _need(Scope.COMMENTS_READ, READ, "To read comments: they stand with the work item."),
        _need(Scope.COMMENTS_WRITE, COMMENT, "To add the other side's comments."),
        _need(Scope.ATTACHMENTS_READ, READ, "To read files: they stand with the work item."),
        _need(Scope.ATTACHMENTS_WRITE, WRITE, "To attach the other side's files."),
    ),
    minimum_version=None,
    tested_with="mocks made from Microsoft's own descriptions of the API; who somebody is by fixtures",
    admin_right=f"The account may change the settings of the organisation ({MAKE_ADMIN}).",
    proved=Proof.VENDORS_DESCRIPTION,
    links=(
        Link(
            "https://dev.azure.com/contoso/Shop/_workitems/edit/42",
            "https://dev.azure.com/{organisation}",
            host=r"(?:ssh\.)?dev\.azure\.com",
            path=r"/(?:v3/)?(?P<organisation>[A-Za-z0-9][A-Za-z0-9-]*)(?:/.*)?",
        ),
        Link(
            "contoso@vs-ssh.visualstudio.com:v3/contoso/Shop/Shop",
            "https://dev.azure.com/{organisation}",
            host=r"vs-ssh\.visualstudio\.com",
            path=r"/v3/(?P<organisation>[A-Za-z0-9][A-Za-z0-9-]*)(?:/.*)?",
        ),
        Link(
            "https://contoso.visualstudio.com/Shop/_boards/board/t/Team",
            "https://dev.azure.com/{organisation}",
            host=r"(?!vs-ssh\.)(?P<organisation>[a-z0-9][a-z0-9-]*)\.visualstudio\.com",
        ),
    ),
    lobby=r"(?:(?:www|app|aex)\.)?(?:dev\.azure|visualstudio|vssps\.visualstudio)\.com",
)


class AzureDevOps(Adapter):
    """An organisation on dev.azure.com."""

    description = DESCRIPTION

    async def fingerprint(self, egress: Egress, base_url: str) -> Fingerprint | None:
        """Return an organisation that says in its own headers whose it is; also one that is closed to strangers."""
        url = base_url.rstrip("/")
        answer, found = await glance(egress, f"{url}/_apis/connectionData?api-version=7.1-preview.1")
        is_open = (
            _GUID.fullmatch(text(found, "instanceId")) and member(found, "authenticatedUser") is not None
        )
        is_closed = answer.status in {203, 302, UNAUTHORIZED} and "x-tfs-session" in answer.headers
        return Fingerprint(NAME, url, None, None) if is_open or is_closed else None

    async def open(self, egress: Egress, base_url: str, credential: Credential) -> Access:
        """Return the access of a personal access token, or of a token brought by OAuth."""
        url = base_url.rstrip("/")
        token = credential.values.get({TOKEN: "token", OAUTH: "access_token"}.get(credential.method, ""), "")
        if not _TOKEN.fullmatch(token.strip()):
            raise not_accepted(LABEL)
        if credential.method == TOKEN:
            return Access(egress, LABEL, url, basic_auth=("", token.strip()))
        return Access(egress, LABEL, url, {"Authorization": f"Bearer {token.strip()}"})

    async def who(self, access: Access) -> Account:
        """Return the account; strangers are named too where an organisation is public, and are none."""
        answer = await access.read("/_apis/connectionData", {"api-version": "7.1-preview.1"})
        user = member(answer, "authenticatedUser")
        identifier, descriptor = text(user, "id"), text(user, "descriptor") or text(user, "subjectDescriptor")
        is_stranger = descriptor.startswith(PUBLIC) or member(user, "isActive") is not True
        if not _GUID.fullmatch(identifier) or not descriptor or is_stranger:
            raise unexpected(LABEL, "no account")
        login = text(member(member(user, "properties"), "Account"), "$value")
        name = text(user, "providerDisplayName") or login or identifier
        return Account(identifier, login or name, name)

    async def missing_for_admin(self, access: Access, account: Account) -> str | None:
        """Return None where the account itself has the write bit of the whole collection, found by its name."""
        namespace, bit = await _find_right(access, COLLECTION, WRITE_SETTINGS)
        asked = {"tokens": EVERYTHING, "alwaysAllowAdministrators": "false", "api-version": VERSION}
        answer = await access.find(f"/_apis/permissions/{namespace}/{bit}", asked) if namespace else None
        if member(answer, "value") == [True] and member(answer, "value")[0] is True:
            return None
        return (
            f"{account.login} may not change the settings of this organisation, or the token may not tell. "
            f"An administrator can change that: {MAKE_ADMIN}. A token needs Security (Manage)."
        )

    async def measure(self, access: Access, account: Account, project_id: str | None) -> Measured:
        """Return that it cannot be told: Azure DevOps grants these rights by area, and not by project."""
        if project_id is not None:
            await _find_project(access, project_id)
        return UNMEASURED

    async def read_projects(self, access: Access, account: Account) -> tuple[Project, ...]:
        """Return the projects that are in use."""

        async def page(index: int) -> tuple[Project, ...]:
            asked: dict[str, str | int] = {
                "$top": PAGE_SIZE,
                "$skip": index * PAGE_SIZE,
                "stateFilter": "wellFormed",
                "api-version": VERSION,
            }
            listed = rows(await access.read("/_apis/projects", asked), "value")
            return tuple(
                Project(text(row, "id"), text(row, "name"), text(row, "name"))
                for row in listed
                if _GUID.fullmatch(text(row, "id"))
            )

        return await every_page(page, size=PAGE_SIZE, key=lambda project: project.id)

    async def read_item_types(
        self, access: Access, account: Account, project_id: str
    ) -> tuple[ItemType, ...]:
        """Return the work item types that are not disabled."""
        project = await _find_project(access, project_id)
        answer = await access.read(f"/{project}/_apis/wit/workitemtypes", {"api-version": VERSION})
        usable = (row for row in rows(answer, "value") if row.get("isDisabled") is not True)
        return tuple(ItemType(text(row, "referenceName"), text(row, "name")) for row in usable)

    async def read_fields(self, access: Access, account: Account, project_id: str) -> tuple[Field, ...]:
        """Return the fields of all work item types; required where each type requires it."""
        kinds = (await self.read_item_types(access, account, project_id))[:MOST_TYPES]
        about = await access.read(f"/{project_id}/_apis/wit/fields", {"api-version": VERSION})
        types = {text(row, "referenceName"): row for row in rows(about, "value")}
        screens = [
            rows(
                await access.read(
                    f"/{project_id}/_apis/wit/workitemtypes/{quote(kind.name, safe='')}/fields",
                    {"$expand": "allowedValues", "api-version": VERSION},
                ),
                "value",
            )
            for kind in kinds
        ]
        found: dict[str, Field] = {}
        for row in (row for screen in screens for row in screen):
            name = text(row, "referenceName")
            required = all(_requires(screen, name) for screen in screens)
            found.setdefault(name, _field(row, types.get(name, {}), required=required))
        return tuple(found.values())


async def _find_right(access: Access, namespace: str, action: str) -> tuple[str, int]:
    """Return the id of the namespace and the bit of the action, by their names; an empty id where it is not told."""
    for row in rows(await access.find("/_apis/securitynamespaces", {"api-version": VERSION}), "value"):
        if text(row, "name") == namespace and _GUID.fullmatch(text(row, "namespaceId")):
            for each in rows(row, "actions"):
                bit = each.get("bit")
                if text(each, "name") == action and type(bit) is int and bit > 0:
                    return text(row, "namespaceId"), bit
    return "", 0


async def _find_project(access: Access, project_id: str) -> str:
    """Return the id of the project; raises ProjectNotVisible."""
    if not _GUID.fullmatch(project_id):
        raise ProjectNotVisible
    found = await access.find(f"/_apis/projects/{project_id}", {"api-version": VERSION})
    if text(found, "id").casefold() != project_id.casefold():
        raise ProjectNotVisible
    return project_id


def _requires(screen: tuple[dict[str, Any], ...], name: str) -> bool:
    return any(text(row, "referenceName") == name and row.get("alwaysRequired") is True for row in screen)


def _field(row: Mapping[str, Any], about: Mapping[str, Any], *, required: bool) -> Field:
    type_, allowed = text(about, "type") or "unknown", row.get("allowedValues")
    options = tuple(value for value in allowed if isinstance(value, str)) if isinstance(allowed, list) else ()
    kind = FieldKind.CHOICE if options else _KINDS.get(type_, FieldKind.OTHER)
    if about.get("isIdentity") is True:
        kind, options = FieldKind.PERSON, ()
    return Field(text(row, "referenceName"), text(row, "name"), type_, required, options, kind)


PLATFORM: Platform = AzureDevOps()
