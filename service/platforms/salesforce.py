"""Salesforce: what the signed-in user may do in the whole organisation is one row, which everybody may read."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from service.egress.client import Egress
from service.platforms.adapter import Account, Adapter, Measured
from service.platforms.answers import member, not_accepted, objects, rows, text, unexpected
from service.platforms.calls import Access, glance
from service.platforms.description import (
    Link,
    OAuth,
    OAuthScope,
    PermissionNeed,
    PlatformDescription,
    Proof,
    RefreshTokens,
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

NAME, LABEL = "salesforce", "Salesforce"
OAUTH = "oauth"
DATA = "/services/data"
API = f"{DATA}/v59.0"
MAKE_ADMIN = "Setup → Users → the person → Profile: System Administrator"
ADMIN_RIGHTS = ("PermissionsModifyAllData", "PermissionsManageUsers", "PermissionsCustomizeApplication")
STANDARD = frozenset({"Case", "Task", "WorkOrder", "Incident", "Problem", "ChangeRequest"})
COMMENT, FILE = "CaseComment", "ContentVersion"
_GRANT = "Salesforce: Setup → Permission Sets → the one of the connection's user → Object Settings"
_TOKEN = re.compile(r"[\x21-\x7e]{1,4096}", re.ASCII)
_OBJECT = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}", re.ASCII)
_USER = re.compile(r"005[A-Za-z0-9]{12,15}", re.ASCII)
_VERSION = re.compile(r"[0-9]{1,3}\.0", re.ASCII)
_KINDS = {
    "string": FieldKind.LINE,
    "email": FieldKind.LINE,
    "phone": FieldKind.LINE,
    "url": FieldKind.LINE,
    "textarea": FieldKind.TEXT,
    "int": FieldKind.NUMBER,
    "double": FieldKind.NUMBER,
    "currency": FieldKind.NUMBER,
    "percent": FieldKind.NUMBER,
    "boolean": FieldKind.BOOLEAN,
    "date": FieldKind.DATE,
    "datetime": FieldKind.MOMENT,
    "picklist": FieldKind.CHOICE,
    "combobox": FieldKind.CHOICE,
    "multipicklist": FieldKind.CHOICES,
    "reference": FieldKind.ITEM,
}


def _need(scope: Scope, right: str, reason: str) -> PermissionNeed:
    return PermissionNeed(scope, right, right, reason, f"{_GRANT} → {right.replace(': ', ' → ')}")


DESCRIPTION = PlatformDescription(
    name=NAME,
    label=LABEL,
    modes=frozenset({Mode.SCRIPT, Mode.BASIC}),
    local=True,
    local_why_not=None,
    sign_in=(
        SignInMethod(
            OAUTH,
            "Sign in with Salesforce",
            oauth=OAuth(
                authorize_url="{server}/services/oauth2/authorize",
                token_url="{server}/services/oauth2/token",  # noqa: S106 - an address
                scopes=(
                    OAuthScope("api", "To see who you are, and whether you administer the organisation."),
                ),
                user_scopes=(
                    OAuthScope("api", "To read and write records, comments and files."),
                    OAuthScope("refresh_token", "To go on while nobody is signed in."),
                ),
                where_to_register="Salesforce: Setup → App Manager → New Connected App → Enable OAuth Settings",
                refresh_tokens=RefreshTokens.STAY,
            ),
        ),
    ),
    permissions=(
        _need(Scope.ITEMS_READ, "Object: Read", "To read the records."),
        _need(Scope.ITEMS_WRITE, "Object: Create", "To create the other side's items as records."),
        _need(Scope.ITEMS_WRITE, "Object: Edit", "To bring the other side's changes into records."),
        _need(Scope.COMMENTS_READ, "Case Comments: Read", "To read comments."),
        _need(Scope.COMMENTS_WRITE, "Case Comments: Create", "To add the other side's comments."),
        _need(Scope.ATTACHMENTS_READ, "Files: Read", "To read files."),
        _need(Scope.ATTACHMENTS_WRITE, "Files: Create", "To attach the other side's files."),
    ),
    minimum_version="59.0",
    tested_with="answers made from Salesforce's documents",
    admin_right=f"The account may modify all data, manage users and customise the application ({MAKE_ADMIN}).",
    proved=Proof.FIXTURES,
    links=(
        Link(
            "https://acme.lightning.force.com/lightning/r/Case/5003000000D8cuIAAR/view",
            "https://{domain}{kind}.my.salesforce.com",
            host=r"(?P<domain>[a-z0-9][a-z0-9-]*)(?P<kind>(?:\.(?:sandbox|develop|trailblaze|scratch))?)\.(?:lightning\.force|my\.salesforce-setup)\.com",
        ),
        Link(
            "https://acme.my.salesforce.com/5003000000D8cuI",
            "{origin}",
            host=r"[a-z0-9][a-z0-9-]*(?:\.(?:sandbox|develop|trailblaze|scratch))?\.my\.salesforce\.com",
        ),
    ),
    lobby=r"(?:(?:www|login|test)\.)?salesforce\.com",
)


class Salesforce(Adapter):
    """Objects stand for projects, record types for kinds of items."""

    description = DESCRIPTION

    async def fingerprint(self, egress: Egress, base_url: str) -> Fingerprint | None:
        """Return the newest API version, which Salesforce lists to strangers."""
        url = base_url.rstrip("/")
        _, listed = await glance(egress, f"{url}{DATA}/")
        versions = [
            text(row, "version") for row in objects(listed) if text(row, "url").startswith(f"{DATA}/v")
        ]
        known = [version for version in versions if _VERSION.fullmatch(version)]
        return Fingerprint(NAME, url, max(known, key=float), None) if known else None

    async def open(self, egress: Egress, base_url: str, credential: Credential) -> Access:
        """Return the access of a token brought by OAuth."""
        token = credential.values.get("access_token", "") if credential.method == OAUTH else ""
        if not _TOKEN.fullmatch(token):
            raise not_accepted(LABEL)
        url = base_url.rstrip("/")
        return Access(egress, LABEL, url, {"Authorization": f"Bearer {token}"}, instance_url=url)

    async def who(self, access: Access) -> Account:
        """Return the account, which is active in the organisation of this very instance."""
        user = await access.read("/services/oauth2/userinfo")
        identifier, login = text(user, "user_id"), text(user, "preferred_username")
        if not _USER.fullmatch(identifier) or not login or member(user, "active") is not True:
            raise unexpected(LABEL, "no active account")
        home = text(member(user, "urls"), "custom_domain")
        if home and urlsplit(home).hostname != urlsplit(access.base_url).hostname:
            raise unexpected(LABEL, "an account of another organisation")
        return Account(identifier, login, text(user, "name") or login)

    async def missing_for_admin(self, access: Access, account: Account) -> str | None:
        """Return None where all three rights of an administrator are granted, each in so many words."""
        query = f"SELECT {', '.join(ADMIN_RIGHTS)} FROM UserPermissionAccess LIMIT 1"  # noqa: S608 - fixed words
        found = rows(await access.read(f"{API}/query", {"q": query}), "records")
        if len(found) == 1 and all(found[0].get(right) is True for right in ADMIN_RIGHTS):
            return None
        return (
            f"{account.login} lacks one of Modify All Data, Manage Users and Customize Application. "
            f"An administrator of Salesforce can change that: {MAKE_ADMIN}."
        )

    async def measure(self, access: Access, account: Account, project_id: str | None) -> Measured:
        """Return what the descriptions of the objects say that this account may do; a case without a project."""
        described = {
            "Object": await _describe(access, project_id or "Case"),
            "Case Comments": await access.find(f"{API}/sobjects/{COMMENT}/describe"),
            "Files": await access.find(f"{API}/sobjects/{FILE}/describe"),
        }
        flags = {"Read": "queryable", "Create": "createable", "Edit": "updateable"}
        return Measured(
            frozenset(
                f"{name}: {right}"
                for name, answer in described.items()
                for right, flag in flags.items()
                if member(answer, flag) is True
            )
        )

    async def read_projects(self, access: Access, account: Account) -> tuple[Project, ...]:
        """Return the objects that hold items: those of customer service, and custom ones that have pages."""
        listed = rows(await access.read(f"{API}/sobjects"), "sobjects")
        usable = (
            row
            for row in listed
            if member(row, "queryable") is True and _OBJECT.fullmatch(text(row, "name"))
            if text(row, "name") in STANDARD or (row.get("custom") is True and row.get("layoutable") is True)
        )
        return tuple(Project(row["name"], row["name"], text(row, "label")) for row in usable)

    async def read_item_types(
        self, access: Access, account: Account, project_id: str
    ) -> tuple[ItemType, ...]:
        """Return the record types that this account may use."""
        listed = rows(await _describe(access, project_id), "recordTypeInfos")
        usable = (row for row in listed if row.get("active") is True and row.get("available") is True)
        return tuple(ItemType(text(row, "recordTypeId"), text(row, "name")) for row in usable)

    async def read_fields(self, access: Access, account: Account, project_id: str) -> tuple[Field, ...]:
        """Return the fields of the object that this account sees."""
        listed = rows(await _describe(access, project_id), "fields")
        return tuple(_field(row) for row in listed if _OBJECT.fullmatch(text(row, "name")))


async def _describe(access: Access, project_id: str) -> Any:
    """Return the description of the object; raises ProjectNotVisible."""
    if not _OBJECT.fullmatch(project_id):
        raise ProjectNotVisible
    found = await access.find(f"{API}/sobjects/{project_id}/describe")
    if text(found, "name") != project_id:
        raise ProjectNotVisible
    return found


def _field(row: Mapping[str, Any]) -> Field:
    type_ = text(row, "type") or "unknown"
    options = (text(value, "value") for value in rows(row, "picklistValues") if value.get("active") is True)
    needs_value = row.get("nillable") is False and row.get("createable") is True
    kind = _KINDS.get(type_, FieldKind.OTHER)
    if type_ == "reference" and "User" in (row.get("referenceTo") or ()):
        kind = FieldKind.PERSON
    return Field(
        id=text(row, "name"),
        name=text(row, "label"),
        type=type_,
        required=needs_value and row.get("defaultedOnCreate") is not True,
        options=tuple(option for option in options if option),
        kind=kind,
    )


PLATFORM: Platform = Salesforce()
