"""Escalated: a token says whose it is and what it may do, and counts as an admin's only where it is not narrowed."""

import re
from typing import Any

from service.egress.client import Answer, Egress, EgressFailure
from service.platforms.adapter import UNMEASURED, Account, Adapter, Measured
from service.platforms.answers import (
    UNAUTHORIZED,
    member,
    not_accepted,
    number,
    rows,
    text,
    unexpected,
    words,
)
from service.platforms.calls import Access, glance
from service.platforms.description import (
    Link,
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

NAME, LABEL = "escalated", "Escalated"
TOKEN = "token"  # noqa: S105 - the name of a sign-in method
API = "/api/v1"
WHO = f"{API}/auth/validate/"
TICKET = "ticket"
MAKE_ADMIN = "the site's user administration → the account → Staff status"
MAKE_TOKEN = "Escalated: Admin → API tokens → a token of the connection's user with the ability"  # noqa: S105
EVERY_ABILITY, ADMIN, AGENT, FILES = "*", "admin", "agent", "files"
_TOKEN = re.compile(r"[\x21-\x7e]{1,512}", re.ASCII)
_FOLDER = "/support"


def _need(scope: Scope, reason: str) -> PermissionNeed:
    return PermissionNeed(scope, AGENT, "Agent's token", reason, f"{MAKE_TOKEN} agent")


PERMISSIONS = (
    _need(Scope.ITEMS_READ, "To read the tickets that are synchronised."),
    _need(Scope.ITEMS_WRITE, "To create and change tickets as the other side does."),
    _need(Scope.COMMENTS_READ, "To read replies."),
    _need(Scope.COMMENTS_WRITE, "To add the other side's comments as replies."),
    _need(Scope.ATTACHMENTS_READ, "To read the files of tickets and replies."),
    PermissionNeed(
        Scope.ATTACHMENTS_WRITE,
        FILES,
        "Files by the API",
        "To attach the other side's files.",
        "The API of Escalated takes no files, so nobody can grant it: leave this scope out.",
    ),
)
DESCRIPTION = PlatformDescription(
    name=NAME,
    label=LABEL,
    modes=frozenset({Mode.SCRIPT, Mode.BASIC}),
    local=True,
    local_why_not=None,
    sign_in=(
        SignInMethod(
            TOKEN,
            "API token",
            (
                SignInField(
                    "token",
                    "API token",
                    secret=True,
                    help="From Admin → API tokens, with all abilities. Used for this one check, never kept.",
                ),
            ),
        ),
    ),
    permissions=PERMISSIONS,
    minimum_version="0.7",
    tested_with="Escalated 0.7.8 for Django, a real server",
    admin_right=f"The account is staff ({MAKE_ADMIN}), and its token has the ability * or admin.",
    proved=Proof.LIVE_SERVER,
    links=(
        Link(
            "https://desk.example.com/support/admin/tickets/42/",
            "{origin}{context}",
            path=r"(?P<context>(?:/[^/]+)?/support)/(?:admin|agent)/tickets/[0-9]+/?",
        ),
    ),
)


class Escalated(Adapter):
    """Departments stand for projects; a ticket is the one kind of items."""

    description = DESCRIPTION

    async def fingerprint(self, egress: Egress, base_url: str) -> Fingerprint | None:
        """Return an Escalated that turns a stranger away in its own words, at the URL or in its usual folder."""
        url = base_url.rstrip("/")
        for place in (url,) if url.endswith(_FOLDER) else (url, f"{url}{_FOLDER}"):
            answer, _ = await glance(egress, f"{place}{WHO}")
            if answer.status == UNAUTHORIZED and _words_of(answer) == {"message": "Unauthenticated."}:
                return Fingerprint(NAME, place, None, None)
        return None

    async def open(self, egress: Egress, base_url: str, credential: Credential) -> Access:
        """Return the access of a token."""
        token = credential.values.get("token", "").strip()
        if credential.method == TOKEN and _TOKEN.fullmatch(token):
            return Access(egress, LABEL, base_url.rstrip("/"), {"Authorization": f"Bearer {token}"})
        raise not_accepted(LABEL)

    async def who(self, access: Access) -> Account:
        """Return the owner of the token, who may have no name; the address is what people know them by."""
        about = await access.read(WHO, method="POST")
        user = member(about, "user")
        identifier = number(user, "id")
        if identifier is None or not isinstance(member(about, "abilities"), list):
            raise unexpected(LABEL, "no account")
        login = text(user, "email") or str(identifier)
        return Account(str(identifier), login, text(user, "name") or login, about)

    async def missing_for_admin(self, access: Access, account: Account) -> str | None:
        """Return None for the token of an admin that may do what an admin may.

        A narrowed token is what its owner gave away for less than that.
        """
        if member(account.unverified, "is_admin") is not True:
            return (
                f"The Escalated account {account.login} is not an administrator. "
                f"An administrator can change that: {MAKE_ADMIN}."
            )
        if not {EVERY_ABILITY, ADMIN} & _abilities(account):
            return (
                f"The token of {account.login} has neither the ability * nor admin. "
                "Make one with all abilities: Escalated → Admin → API tokens."
            )
        return None

    async def measure(self, access: Access, account: Account, project_id: str | None) -> Measured:
        """Return what an agent may do, for agents and admins; what others may is not told by any call."""
        if project_id is not None:
            await _find_department(access, project_id)
        is_agent = any(member(account.unverified, flag) is True for flag in ("is_agent", "is_admin"))
        if is_agent and {EVERY_ABILITY, ADMIN, AGENT} & _abilities(account):
            return Measured(frozenset({AGENT}))
        return UNMEASURED

    async def read_projects(self, access: Access, account: Account) -> tuple[Project, ...]:
        """Return the departments, which come in one answer."""
        listed = rows(await access.read(f"{API}/departments/"), "data")
        known = ((str(number(row, "id") or ""), text(row, "name")) for row in listed)
        return tuple(
            Project(identifier, identifier, name or identifier) for identifier, name in known if identifier
        )

    async def read_item_types(
        self, access: Access, account: Account, project_id: str
    ) -> tuple[ItemType, ...]:
        """Return the ticket: the types that tickets show cannot be chosen by the API."""
        await _find_department(access, project_id)
        return (ItemType(TICKET, "Ticket"),)

    async def read_fields(self, access: Access, account: Account, project_id: str) -> tuple[Field, ...]:
        """Return the fields of tickets, with the tags that there are."""
        await _find_department(access, project_id)
        tags = rows(await access.find(f"{API}/tags/"), "data")
        names = tuple(text(row, "name") for row in tags if text(row, "name"))
        return (*FIELDS, Field("tags", "Tags", "tags", required=False, options=names, kind=FieldKind.LABELS))


def _choice(name: str, label: str, *options: str) -> Field:
    return Field(name, label, "choice", required=False, options=options, kind=FieldKind.CHOICE)


FIELDS = (
    Field("subject", "Subject", "string", required=True, options=(), kind=FieldKind.LINE),
    Field("description", "Description", "text", required=True, options=(), kind=FieldKind.TEXT),
    _choice(
        "status",
        "Status",
        "open",
        "in_progress",
        "waiting_on_customer",
        "waiting_on_agent",
        "escalated",
        "resolved",
        "closed",
        "reopened",
    ),
    _choice("priority", "Priority", "low", "medium", "high", "urgent", "critical"),
    Field("assignee", "Assignee", "agent", required=False, options=(), kind=FieldKind.PERSON),
)


def _abilities(account: Account) -> set[str]:
    return set(words(account.unverified, "abilities"))


def _words_of(answer: Answer) -> Any:
    """Return the JSON of a refusal, None where it is none."""
    try:
        return answer.json()
    except EgressFailure:
        return None


async def _find_department(access: Access, project_id: str) -> None:
    """Raise ProjectNotVisible where no department has this id."""
    listed = rows(await access.read(f"{API}/departments/"), "data")
    if project_id not in {str(number(row, "id") or "") for row in listed} - {""}:
        raise ProjectNotVisible


PLATFORM: Platform = Escalated()
