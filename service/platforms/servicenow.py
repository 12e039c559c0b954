"""ServiceNow: an empty list is what it says to whoever may not look, so absence never proves anything."""

import re
from collections.abc import Mapping
from typing import Any

from service.egress.client import Egress, EgressFailure
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

NAME, LABEL = "servicenow", "ServiceNow"
OAUTH, PASSWORD = "oauth", "password"
TABLE = "/api/now/table"
PAGE_SIZE = 200
ITIL = "itil"
MAKE_ADMIN = "User Administration → Users → the person → Roles → admin"
_GRANT = "ServiceNow: User Administration → Users → the connection's user → Roles → itil"
_LOGIN = re.compile(r"[^:\x00-\x1f\x7f\ud800-\udfff]{1,255}")
_PASSWORD = re.compile(r"[^\x00\ud800-\udfff]{1,1024}")
_TOKEN = re.compile(r"[\x21-\x7e]{1,4096}", re.ASCII)
_SYS_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
_TABLE_NAME = re.compile(r"[a-z][a-z0-9_]{0,79}", re.ASCII)
_CHALLENGE = re.compile(r'realm="service-now"', re.IGNORECASE)
_KINDS = {
    "string": FieldKind.LINE,
    "journal_input": FieldKind.TEXT,
    "html": FieldKind.TEXT,
    "integer": FieldKind.NUMBER,
    "decimal": FieldKind.NUMBER,
    "float": FieldKind.NUMBER,
    "boolean": FieldKind.BOOLEAN,
    "glide_date": FieldKind.DATE,
    "due_date": FieldKind.MOMENT,
    "glide_date_time": FieldKind.MOMENT,
    "glide_duration": FieldKind.DURATION,
    "reference": FieldKind.ITEM,
    "choice": FieldKind.CHOICE,
}


def _need(scope: Scope, reason: str) -> PermissionNeed:
    return PermissionNeed(scope, ITIL, "Role itil", reason, _GRANT)


DESCRIPTION = PlatformDescription(
    name=NAME,
    label=LABEL,
    modes=frozenset({Mode.SCRIPT, Mode.BASIC}),
    local=True,
    local_why_not=None,
    sign_in=(
        SignInMethod(
            OAUTH,
            "Sign in with ServiceNow",
            oauth=OAuth(
                authorize_url="{server}/oauth_auth.do",
                token_url="{server}/oauth_token.do",  # noqa: S106 - an address
                scopes=(
                    OAuthScope(
                        "useraccount", "To see who you are and your roles: there is no narrower scope."
                    ),
                ),
                user_scopes=(
                    OAuthScope("useraccount", "To read and write records as the connection's user."),
                ),
                where_to_register="ServiceNow: System OAuth → Application Registry → New → OAuth API endpoint",
                refresh_tokens=RefreshTokens.STAY,
            ),
        ),
        SignInMethod(
            PASSWORD,
            "User ID and password",
            (
                SignInField("login", "User ID", secret=False, help="Of your ServiceNow account."),
                SignInField("password", "Password", secret=True, help="Used for this one check, never kept."),
            ),
        ),
    ),
    permissions=(
        _need(Scope.ITEMS_READ, "To read the records of a table."),
        _need(Scope.ITEMS_WRITE, "To create and change records."),
        _need(Scope.COMMENTS_READ, "To read comments and work notes."),
        _need(Scope.COMMENTS_WRITE, "To add comments; work notes stay work notes."),
        _need(Scope.ATTACHMENTS_READ, "To read files."),
        _need(Scope.ATTACHMENTS_WRITE, "To attach the other side's files."),
    ),
    minimum_version=None,
    tested_with="answers made from ServiceNow's documents",
    admin_right=f"The account has the role admin ({MAKE_ADMIN}).",
    proved=Proof.FIXTURES,
    links=(
        Link(
            "https://acme.service-now.com/nav_to.do?uri=incident.do",
            "https://{name}.service-now.com",
            host=r"(?!(?:www|docs|developer|community|support)\.)(?P<name>[a-z0-9][a-z0-9-]*)\.service-now\.com",
        ),
    ),
    lobby=r"(?:(?:www|docs|developer|community|support)\.)?(?:service-now|servicenow)\.com",
)


class ServiceNow(Adapter):
    """Tables that extend Task stand for projects, each with one kind of items: its records."""

    description = DESCRIPTION

    async def fingerprint(self, egress: Egress, base_url: str) -> Fingerprint | None:
        """Return a ServiceNow that refuses strangers in its own words."""
        url = base_url.rstrip("/")
        answer, _ = await glance(egress, f"{url}{TABLE}/sys_user?sysparm_limit=1")
        challenge = answer.headers.get("www-authenticate", "")
        try:
            message = text(member(answer.json(), "error"), "message")
        except EgressFailure:
            message = ""
        is_ours = _CHALLENGE.search(challenge) or message == "User Not Authenticated"
        return (
            Fingerprint(NAME, url, None, None)
            if answer.status == UNAUTHORIZED and is_ours and message
            else None
        )

    async def open(self, egress: Egress, base_url: str, credential: Credential) -> Access:
        """Return the access of a login and password, or of a token brought by OAuth."""
        values, url = credential.values, base_url.rstrip("/")
        if credential.method == PASSWORD:
            login, password = values.get("login", "").strip(), values.get("password", "")
            if _LOGIN.fullmatch(login) and _PASSWORD.fullmatch(password):
                return Access(egress, LABEL, url, basic_auth=(login, password), own_challenge=_CHALLENGE)
        elif credential.method == OAUTH and _TOKEN.fullmatch(token := values.get("access_token", "")):
            return Access(egress, LABEL, url, {"Authorization": f"Bearer {token}"}, own_challenge=_CHALLENGE)
        raise not_accepted(LABEL)

    async def who(self, access: Access) -> Account:
        """Return the account of the session, which is exactly one record that is active."""
        asked = {
            "sysparm_query": "sys_id=javascript:gs.getUserID()",
            "sysparm_fields": "sys_id,user_name,name,active",
            "sysparm_limit": "2",
        }
        found = rows(await access.read(f"{TABLE}/sys_user", asked), "result")
        if len(found) != 1 or not _SYS_ID.fullmatch(text(found[0], "sys_id")):
            raise unexpected(LABEL, "no account")
        login = text(found[0], "user_name")
        if text(found[0], "active") != "true" or not login or login == "guest":
            raise unexpected(LABEL, "no active account")
        if access.basic_auth is not None and login.casefold() != access.basic_auth[0].casefold():
            raise unexpected(LABEL, "another account")
        return Account(found[0]["sys_id"], login, text(found[0], "name") or login)

    async def missing_for_admin(self, access: Access, account: Account) -> str | None:
        """Return None where the account's own active role admin is listed; an empty list proves nothing."""
        if "admin" in await _roles(access, account):
            return None
        return (
            f"ServiceNow does not show the role admin for {account.login}, or does not let this account see its roles. "
            f"An administrator can grant it: {MAKE_ADMIN}."
        )

    async def measure(self, access: Access, account: Account, project_id: str | None) -> Measured:
        """Return all rights for itil and admin; other roles may grant the same, which cannot be told."""
        if project_id is not None:
            await _find_table(access, project_id)
        return Measured(frozenset({ITIL})) if await _roles(access, account) & {ITIL, "admin"} else UNMEASURED

    async def read_projects(self, access: Access, account: Account) -> tuple[Project, ...]:
        """Return the tables that extend Task."""

        async def page(index: int) -> tuple[Project, ...]:
            asked: dict[str, str | int] = {
                "sysparm_query": "super_class.name=task^ORDERBYname",
                "sysparm_fields": "name,label",
                "sysparm_limit": PAGE_SIZE,
                "sysparm_offset": index * PAGE_SIZE,
            }
            listed = rows(await access.read(f"{TABLE}/sys_db_object", asked), "result")
            names = (row for row in listed if _TABLE_NAME.fullmatch(text(row, "name")))
            return tuple(Project(row["name"], row["name"], text(row, "label")) for row in names)

        return await every_page(page, size=PAGE_SIZE, key=lambda project: project.id)

    async def read_item_types(
        self, access: Access, account: Account, project_id: str
    ) -> tuple[ItemType, ...]:
        """Return the table itself: its records are of one kind."""
        return (ItemType(project_id, await _find_table(access, project_id)),)

    async def read_fields(self, access: Access, account: Account, project_id: str) -> tuple[Field, ...]:
        """Return the fields of the table and of Task, which it extends, with their choices."""
        await _find_table(access, project_id)
        of_both = f"nameIN{project_id},task"
        asked = {
            "sysparm_query": f"{of_both}^elementISNOTEMPTY^active=true",
            "sysparm_fields": "element,column_label,internal_type,mandatory",
            "sysparm_limit": "1000",
        }
        fields = rows(await access.read(f"{TABLE}/sys_dictionary", asked), "result")
        asked = {
            "sysparm_query": f"{of_both}^language=en^inactive=false^ORDERBYsequence",
            "sysparm_fields": "element,label",
            "sysparm_limit": "2000",
        }
        choices: dict[str, list[str]] = {}
        for row in rows(await access.read(f"{TABLE}/sys_choice", asked), "result"):
            choices.setdefault(text(row, "element"), []).append(text(row, "label"))
        found: dict[str, Field] = {}
        for row in fields:
            found.setdefault(text(row, "element"), _field(row, tuple(choices.get(text(row, "element"), ()))))
        return tuple(found.values())


async def _roles(access: Access, account: Account) -> frozenset[str]:
    """Return the active roles that are listed for this very account, inherited ones too."""
    asked = {
        "sysparm_query": f"user={account.id}^role.nameINadmin,itil^state=active",
        "sysparm_fields": "user,role.name,state",
        "sysparm_limit": "20",
    }
    listed = rows(await access.find(f"{TABLE}/sys_user_has_role", asked), "result")
    return frozenset(
        text(row, "role.name")
        for row in listed
        if text(row.get("user"), "value") == account.id and text(row, "state") == "active"
    )


async def _find_table(access: Access, project_id: str) -> str:
    """Return what the table is called; raises ProjectNotVisible."""
    if not _TABLE_NAME.fullmatch(project_id):
        raise ProjectNotVisible
    asked = {"sysparm_query": f"name={project_id}", "sysparm_fields": "name,label", "sysparm_limit": "1"}
    found = rows(await access.find(f"{TABLE}/sys_db_object", asked), "result")
    if not found or text(found[0], "name") != project_id:
        raise ProjectNotVisible
    return text(found[0], "label") or project_id


def _field(row: Mapping[str, Any], options: tuple[str, ...]) -> Field:
    inner = row.get("internal_type")
    type_ = (text(inner, "value") if isinstance(inner, dict) else text(row, "internal_type")) or "unknown"
    kind = FieldKind.CHOICE if options else _KINDS.get(type_, FieldKind.OTHER)
    required = text(row, "mandatory") == "true"
    return Field(text(row, "element"), text(row, "column_label"), type_, required, options, kind)


PLATFORM: Platform = ServiceNow()
