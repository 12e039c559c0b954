"""Request Tracker names nobody by itself: a login is proven by its own record, and a token only as that token."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from service.egress.client import Egress
from service.platforms.adapter import Account, Adapter, Measured
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
from service.platforms.calls import Access, every_page, glance
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

NAME, LABEL = "request_tracker", "Request Tracker"
PASSWORD, TOKEN = "password", "token"
API = "/REST/2.0"
PAGE_SIZE = 100
MAKE_ADMIN = "Admin → Global → User Rights → the person → Do anything and everything (SuperUser)"
_RIGHTS = "Request Tracker: Admin → Queues → the queue → User Rights → the connection's user"
_BANNER = re.compile(r"RT/(?P<version>[0-9][^\s]{0,60})\s+401 Credentials required", re.ASCII)
_LOGIN = re.compile(r"[^:/\x00-\x1f\x7f\ud800-\udfff]{1,200}")
_PASSWORD = re.compile(r"[^\x00\ud800-\udfff]{1,1024}")
_TOKEN = re.compile(r"[\x21-\x7e]{1,512}", re.ASCII)
_ID = re.compile(r"[1-9][0-9]{0,9}", re.ASCII)
_KINDS = {
    "Freeform": FieldKind.LINE,
    "Text": FieldKind.TEXT,
    "Wikitext": FieldKind.TEXT,
    "HTML": FieldKind.TEXT,
    "Select": FieldKind.CHOICE,
    "Combobox": FieldKind.CHOICE,
    "Date": FieldKind.DATE,
    "DateTime": FieldKind.MOMENT,
}


def _need(scope: Scope, right: str, label: str, reason: str) -> PermissionNeed:
    return PermissionNeed(scope, right, label, reason, f"{_RIGHTS} → {label}")


PERMISSIONS = (
    _need(
        Scope.ITEMS_READ, "ShowTicket", "View ticket summaries", "To read the tickets that are synchronised."
    ),
    _need(
        Scope.ITEMS_WRITE, "CreateTicket", "Create tickets", "To create the other side's items as tickets."
    ),
    _need(
        Scope.ITEMS_WRITE, "ModifyTicket", "Modify tickets", "To bring the other side's changes into tickets."
    ),
    _need(
        Scope.COMMENTS_READ, "ShowTicket", "View ticket summaries", "To read the correspondence of tickets."
    ),
    _need(
        Scope.COMMENTS_WRITE,
        "ReplyToTicket",
        "Reply to tickets",
        "To add the other side's comments as replies.",
    ),
    _need(
        Scope.ATTACHMENTS_READ, "ShowTicket", "View ticket summaries", "To read files: they stand in replies."
    ),
    _need(
        Scope.ATTACHMENTS_WRITE,
        "ReplyToTicket",
        "Reply to tickets",
        "To attach the other side's files to replies.",
    ),
)
EVERYTHING = frozenset(need.permission for need in PERMISSIONS)
DESCRIPTION = PlatformDescription(
    name=NAME,
    label=LABEL,
    modes=frozenset({Mode.SCRIPT, Mode.BASIC}),
    local=True,
    local_why_not=None,
    sign_in=(
        SignInMethod(
            PASSWORD,
            "Username and password",
            (
                SignInField("login", "Username", secret=False, help="Of your Request Tracker account."),
                SignInField("password", "Password", secret=True, help="Used for this one check, never kept."),
            ),
        ),
        SignInMethod(
            TOKEN,
            "Auth token",
            (
                SignInField(
                    "token",
                    "Auth token",
                    secret=True,
                    help="From Logged in as → Settings → Auth Tokens. Used for this one check, never kept.",
                ),
            ),
        ),
    ),
    permissions=PERMISSIONS,
    minimum_version="5.0",
    tested_with="Request Tracker 5.0.3, a real server",
    admin_right=f"The account has the global right SuperUser ({MAKE_ADMIN}).",
    proved=Proof.LIVE_SERVER,
    links=(
        Link(
            "https://rt.example.com/Ticket/Display.html?id=42",
            "{origin}{context}",
            path=r"(?P<context>(?:/[^/]+)?)/(?:Ticket|Search|SelfService)/[A-Za-z]+\.html",
        ),
    ),
)


class RequestTracker(Adapter):
    """Queues stand for projects; a ticket is the one kind of items."""

    description = DESCRIPTION

    async def fingerprint(self, egress: Egress, base_url: str) -> Fingerprint | None:
        """Return its version, which the old API tells strangers in a text with the status 200."""
        url = base_url.rstrip("/")
        answer, _ = await glance(egress, f"{url}/REST/1.0/")
        banner = _BANNER.match(answer.text()) if answer.status in {200, UNAUTHORIZED} else None
        return Fingerprint(NAME, url, banner["version"], None) if banner else None

    async def open(self, egress: Egress, base_url: str, credential: Credential) -> Access:
        """Return the access of a login and password, or of an auth token."""
        values, url = credential.values, base_url.rstrip("/")
        if credential.method == PASSWORD:
            login, password = values.get("login", "").strip(), values.get("password", "")
            if _LOGIN.fullmatch(login) and _PASSWORD.fullmatch(password):
                return Access(egress, LABEL, url, basic_auth=(login, password))
        elif credential.method == TOKEN and _TOKEN.fullmatch(token := values.get("token", "").strip()):
            return Access(egress, LABEL, url, {"Authorization": f"token {token}"})
        raise not_accepted(LABEL)

    async def who(self, access: Access) -> Account:
        """Return the account: the record of the login that was typed, or the token as itself.

        No call says whose a token is, so nothing else about its owner is believed.
        """
        about = await access.read(f"{API}/rt")
        if not text(about, "Version"):
            raise unexpected(LABEL, "no version")
        if access.basic_auth is None:
            token = access.headers.get("Authorization", "")
            return Account(
                hashlib.sha256(token.encode()).hexdigest()[:32], "the auth token", "An auth token", about
            )
        login = access.basic_auth[0]
        user = await access.read(f"{API}/user/{quote(login, safe='')}")
        identifier, is_same = number(user, "id"), text(user, "Name").casefold() == login.casefold()
        if identifier is None or not is_same or text(user, "Disabled") not in {"", "0"}:
            raise unexpected(LABEL, "no account of this name")
        return Account(str(identifier), text(user, "Name"), text(user, "RealName") or login, about)

    async def missing_for_admin(self, access: Access, account: Account) -> str | None:
        """Return None where the server tells its plugins, which it does to a SuperUser alone."""
        if isinstance(member(account.unverified, "Plugins"), list):
            return None
        return (
            f"Request Tracker does not give {account.login} the right SuperUser. "
            f"A SuperUser can grant it: {MAKE_ADMIN}."
        )

    async def measure(self, access: Access, account: Account, project_id: str | None) -> Measured:
        """Return everything for a SuperUser; else only whether tickets may be created in a queue can be told."""
        if isinstance(member(account.unverified, "Plugins"), list):
            return Measured(EVERYTHING)
        if project_id is None:
            return Measured(None)
        queue = await _find_queue(access, project_id)
        links = {text(row, "ref") for row in rows(queue, "_hyperlinks")}
        granted = frozenset({"CreateTicket"} if "create" in links else ())
        return Measured(granted, unknown=EVERYTHING - {"CreateTicket"})

    async def read_projects(self, access: Access, account: Account) -> tuple[Project, ...]:
        """Return the queues that the account sees."""

        async def page(index: int) -> tuple[Project, ...]:
            asked: dict[str, str | int] = {
                "fields": "Name,Description",
                "per_page": PAGE_SIZE,
                "page": index + 1,
            }
            listed = rows(await access.read(f"{API}/queues/all", asked), "items")
            known = (row for row in listed if _ID.fullmatch(_id(row)))
            return tuple(Project(_id(row), text(row, "Name") or _id(row), _title(row)) for row in known)

        return await every_page(page, size=PAGE_SIZE, key=lambda project: project.id)

    async def read_item_types(
        self, access: Access, account: Account, project_id: str
    ) -> tuple[ItemType, ...]:
        """Return the ticket."""
        await _find_queue(access, project_id)
        return (ItemType("ticket", "Ticket"),)

    async def read_fields(self, access: Access, account: Account, project_id: str) -> tuple[Field, ...]:
        """Return the fields of tickets and the queue's custom fields, which only its own record lists."""
        queue = await _find_queue(access, project_id)
        found = list(STANDARD)
        for row in rows(queue, "TicketCustomFields"):
            if _ID.fullmatch(_id(row)):
                about = await access.find(f"{API}/customfield/{_id(row)}")
                found.append(_custom_field(row, about))
        return tuple(found)


def _standard(name: str, label: str, kind: FieldKind, *, required: bool = False) -> Field:
    return Field(name, label, kind.value, required=required, options=(), kind=kind)


STANDARD = (
    _standard("Subject", "Subject", FieldKind.LINE, required=True),
    _standard("Content", "Content", FieldKind.TEXT),
    _standard("Status", "Status", FieldKind.CHOICE),
    _standard("Priority", "Priority", FieldKind.NUMBER),
    _standard("Owner", "Owner", FieldKind.PERSON),
    _standard("Requestor", "Requestors", FieldKind.PEOPLE),
    _standard("Cc", "Cc", FieldKind.PEOPLE),
    _standard("Starts", "Starts", FieldKind.MOMENT),
    _standard("Due", "Due", FieldKind.MOMENT),
    _standard("TimeWorked", "Time worked", FieldKind.DURATION),
)


def _id(row: Mapping[str, Any]) -> str:
    """Return an id, which is text in lists and a number in records."""
    return text(row, "id") or str(number(row, "id") or "")


def _title(row: Mapping[str, Any]) -> str:
    return text(row, "Description") or text(row, "Name")


async def _find_queue(access: Access, project_id: str) -> Any:
    """Return the queue; raises ProjectNotVisible."""
    queue = await access.find(f"{API}/queue/{project_id}") if _ID.fullmatch(project_id) else None
    if queue is None or _id(queue) != project_id:
        raise ProjectNotVisible
    return queue


def _custom_field(row: Mapping[str, Any], about: Any) -> Field:
    type_ = text(about, "Type") or "unknown"
    kind = _KINDS.get(type_, FieldKind.OTHER)
    if kind is FieldKind.CHOICE and text(about, "MaxValues") != "1":
        kind = FieldKind.CHOICES
    return Field(
        id=f"CF.{_id(row)}",
        name=text(row, "name") or text(about, "Name"),
        type=type_,
        required=False,
        options=words(about, "Values"),
        kind=kind,
    )


PLATFORM: Platform = RequestTracker()
