"""Zendesk: its who-am-I answers 200 to strangers too, so only an account with an id and a role is one."""

import re
from collections.abc import Mapping
from typing import Any

from service.egress.client import Egress
from service.platforms.adapter import UNMEASURED, Account, Adapter, Measured
from service.platforms.answers import UNAUTHORIZED, member, not_accepted, number, rows, text, unexpected
from service.platforms.calls import Access, every_page, glance
from service.platforms.description import (
    Link,
    OAuth,
    OAuthScope,
    PermissionNeed,
    PlatformDescription,
    Proof,
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

NAME, LABEL = "zendesk", "Zendesk"
OAUTH, API_TOKEN = "oauth", "api_token"
WHO_AM_I = "/api/v2/users/me.json"
PAGE_SIZE = 100
READ, EDIT, COMMENT = "ticket_access", "ticket_editing", "ticket_comment_access"
MAKE_ADMIN = "Admin Center → People → Team members → the person → Role: Admin"
_ROLES = "Zendesk: Admin Center → People → Team → Roles → the role of the connection's user"
_EMAIL = re.compile(r"[^\s:@/]{1,254}@[^\s:@/]{1,253}")
_TOKEN = re.compile(r"[\x21-\x7e]{1,1024}", re.ASCII)
_TYPES = ("question", "incident", "problem", "task")
_KINDS = {
    "subject": FieldKind.LINE,
    "text": FieldKind.LINE,
    "regexp": FieldKind.LINE,
    "description": FieldKind.TEXT,
    "textarea": FieldKind.TEXT,
    "integer": FieldKind.NUMBER,
    "decimal": FieldKind.NUMBER,
    "checkbox": FieldKind.BOOLEAN,
    "date": FieldKind.DATE,
    "status": FieldKind.CHOICE,
    "custom_status": FieldKind.CHOICE,
    "tickettype": FieldKind.CHOICE,
    "priority": FieldKind.CHOICE,
    "tagger": FieldKind.CHOICE,
    "multiselect": FieldKind.CHOICES,
    "assignee": FieldKind.PERSON,
    "lookup": FieldKind.ITEM,
}


def _need(scope: Scope, permission: str, label: str, reason: str) -> PermissionNeed:
    return PermissionNeed(scope, permission, label, reason, f"{_ROLES} → {label}")


DESCRIPTION = PlatformDescription(
    name=NAME,
    label=LABEL,
    modes=frozenset(Mode),
    local=True,
    local_why_not=None,
    sign_in=(
        SignInMethod(
            OAUTH,
            "Sign in with Zendesk",
            oauth=OAuth(
                authorize_url="{server}/oauth/authorizations/new",
                token_url="{server}/oauth/tokens",  # noqa: S106 - an address
                scopes=(OAuthScope("read", "To see who you are, and your role."),),
                user_scopes=(
                    OAuthScope("read", "To read tickets, comments and files."),
                    OAuthScope("write", "To write tickets, comments and files."),
                ),
                where_to_register="Zendesk: Admin Center → Apps and integrations → APIs → OAuth clients",
            ),
        ),
        SignInMethod(
            API_TOKEN,
            "E-mail address and API token",
            (
                SignInField("email", "E-mail address", secret=False, help="Of your Zendesk account."),
                SignInField(
                    "token",
                    "API token",
                    secret=True,
                    help="From Admin Center → Apps and integrations → APIs. Used for this one check, never kept.",
                ),
            ),
        ),
    ),
    permissions=(
        _need(Scope.ITEMS_READ, READ, "Tickets: which tickets agents can access", "To read the tickets."),
        _need(Scope.ITEMS_WRITE, EDIT, "Tickets: edit ticket properties", "To create and change tickets."),
        _need(Scope.COMMENTS_READ, READ, "Tickets: which tickets agents can access", "To read comments."),
        _need(Scope.COMMENTS_WRITE, COMMENT, "Tickets: public and private comments", "To add comments."),
        _need(Scope.ATTACHMENTS_READ, READ, "Tickets: which tickets agents can access", "To read files."),
        _need(
            Scope.ATTACHMENTS_WRITE,
            COMMENT,
            "Tickets: public and private comments",
            "To attach files to comments.",
        ),
    ),
    minimum_version=None,
    tested_with="answers made from Zendesk's documents",
    admin_right=f"The account's role is Admin ({MAKE_ADMIN}).",
    proved=Proof.FIXTURES,
    links=(
        Link(
            "https://acme.zendesk.com/agent/tickets/42",
            "https://{name}.zendesk.com",
            host=r"(?!(?:www|support|developer|help)\.)(?P<name>[a-z0-9][a-z0-9-]*)\.zendesk\.com",
        ),
    ),
    lobby=r"(?:(?:www|support|developer|help)\.)?zendesk\.com",
)


class Zendesk(Adapter):
    """Zendesk has no projects: its groups of agents stand for them."""

    description = DESCRIPTION

    async def fingerprint(self, egress: Egress, base_url: str) -> Fingerprint | None:
        """Return a Zendesk that names the anonymous user, or that cannot authenticate a stranger."""
        url = base_url.rstrip("/")
        answer, found = await glance(egress, url + WHO_AM_I)
        user = member(found, "user")
        is_anonymous = (
            isinstance(user, dict) and user.get("id") is None and text(user, "name") == "Anonymous user"
        )
        is_refusal = answer.status == UNAUTHORIZED and b"Couldn't authenticate you" in answer.body
        return Fingerprint(NAME, url, None, None) if is_anonymous or is_refusal else None

    async def open(self, egress: Egress, base_url: str, credential: Credential) -> Access:
        """Return the access of an API token, or of a token brought by OAuth."""
        values, url = credential.values, base_url.rstrip("/")
        if credential.method == API_TOKEN:
            email, token = values.get("email", "").strip(), values.get("token", "").strip()
            if _EMAIL.fullmatch(email) and _TOKEN.fullmatch(token):
                return Access(egress, LABEL, url, basic_auth=(f"{email}/token", token))
        elif credential.method == OAUTH and _TOKEN.fullmatch(token := values.get("access_token", "")):
            return Access(egress, LABEL, url, {"Authorization": f"Bearer {token}"})
        raise not_accepted(LABEL)

    async def who(self, access: Access) -> Account:
        """Return the account, which has an id and a role, is active and not suspended."""
        user = member(await access.read(WHO_AM_I), "user")
        identifier, role = number(user, "id"), text(user, "role")
        is_usable = member(user, "active") is True and member(user, "suspended") is not True
        if identifier is None or not role or not is_usable:
            raise unexpected(LABEL, "no active account")
        name = text(user, "name") or str(identifier)
        return Account(str(identifier), text(user, "email") or name, name, user)

    async def missing_for_admin(self, access: Access, account: Account) -> str | None:
        """Return None for the role admin."""
        if text(account.unverified, "role") == "admin":
            return None
        return f"The Zendesk role of {account.login} is not Admin. An admin can change that: {MAKE_ADMIN}."

    async def measure(self, access: Access, account: Account, project_id: str | None) -> Measured:
        """Return what the role allows, in every group: admins all, agents what their custom role says."""
        if project_id is not None:
            await _find_group(access, project_id)
        role, custom = text(account.unverified, "role"), number(account.unverified, "custom_role_id")
        if role not in {"admin", "agent"}:
            return Measured(frozenset())
        if role == "admin" or custom is None:
            return Measured(frozenset({READ, EDIT, COMMENT}))
        found = member(await access.find(f"/api/v2/custom_roles/{custom}.json"), "custom_role")
        allowed = member(found, "configuration")
        if not isinstance(allowed, dict):
            return UNMEASURED
        granted = {READ} | ({EDIT} if allowed.get(EDIT) is True else set())
        return Measured(frozenset(granted | ({COMMENT} if allowed.get(COMMENT) == "public" else set())))

    async def read_projects(self, access: Access, account: Account) -> tuple[Project, ...]:
        """Return the groups that are not deleted."""

        async def page(index: int) -> tuple[Project, ...]:
            asked: dict[str, str | int] = {"per_page": PAGE_SIZE, "page": index + 1}
            listed = rows(await access.read("/api/v2/groups.json", asked), "groups")
            usable = (row for row in listed if number(row, "id") and member(row, "deleted") is not True)
            return tuple(Project(str(row["id"]), str(row["id"]), text(row, "name")) for row in usable)

        return await every_page(page, size=PAGE_SIZE, key=lambda project: project.id)

    async def read_item_types(
        self, access: Access, account: Account, project_id: str
    ) -> tuple[ItemType, ...]:
        """Return the four types of tickets."""
        await _find_group(access, project_id)
        return tuple(ItemType(each, each.capitalize()) for each in _TYPES)

    async def read_fields(self, access: Access, account: Account, project_id: str) -> tuple[Field, ...]:
        """Return the active ticket fields, which are the same in every group."""
        await _find_group(access, project_id)

        async def page(index: int) -> tuple[Field, ...]:
            asked: dict[str, str | int] = {"per_page": PAGE_SIZE, "page": index + 1}
            listed = rows(await access.read("/api/v2/ticket_fields.json", asked), "ticket_fields")
            return tuple(_field(row) for row in listed if number(row, "id") and member(row, "active") is True)

        return await every_page(page, size=PAGE_SIZE, key=lambda field: field.id)


async def _find_group(access: Access, project_id: str) -> None:
    """The group is there; raises ProjectNotVisible."""
    is_number = project_id.isascii() and project_id.isdecimal()
    answer = await access.find(f"/api/v2/groups/{project_id}.json") if is_number else None
    if str(number(member(answer, "group"), "id")) != project_id:
        raise ProjectNotVisible


def _field(row: Mapping[str, Any]) -> Field:
    type_ = text(row, "type") or "unknown"
    choices = rows(row, "custom_field_options") or rows(row, "system_field_options")
    return Field(
        id=str(row["id"]),
        name=text(row, "title"),
        type=type_,
        required=member(row, "required") is True,
        options=tuple(text(choice, "value") for choice in choices if text(choice, "value")),
        kind=_KINDS.get(type_, FieldKind.OTHER),
    )


PLATFORM: Platform = Zendesk()
