"""django-helpdesk names nobody: a login is proven by what it may ask, an admin by being allowed to make accounts."""

import re
from collections.abc import Mapping
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

from service.egress.client import Egress
from service.platforms.adapter import Account, Adapter, Measured
from service.platforms.answers import (
    FORBIDDEN,
    member,
    not_accepted,
    number,
    read_json,
    require_accepted,
    rows,
    text,
    unexpected,
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
    SignInFailure,
    SignInReason,
)
from service.words import Mode, Scope

NAME, LABEL = "django_helpdesk", "django-helpdesk"
PASSWORD = "password"  # noqa: S105 - the name of a sign-in method
API = "/api"
STAFF = "is_staff"
PAGE_SIZE = 100
MAKE_ADMIN = "the site's administration → Users → the account → Superuser status"
_STAFF = "django-helpdesk: the site's administration → Users → the connection's user → Staff status"
_LISTS = frozenset({"tickets", "user_tickets", "followups", "followups-attachments"})
_LOGIN = re.compile(r"[^:\x00-\x1f\x7f\ud800-\udfff]{1,150}")
_PASSWORD = re.compile(r"[^\x00\ud800-\udfff]{1,1024}")
# Before 2.4 every agent might make accounts, and the page that says so does not name what it asks for.
_CHECKS_THE_RIGHT = "DjangoModelPermissions"
_KINDS = {
    "email": FieldKind.LINE,
    "url": FieldKind.LINE,
    "slug": FieldKind.LINE,
    "integer": FieldKind.NUMBER,
    "decimal": FieldKind.NUMBER,
    "float": FieldKind.NUMBER,
    "boolean": FieldKind.BOOLEAN,
    "date": FieldKind.DATE,
    "datetime": FieldKind.MOMENT,
    "duration": FieldKind.DURATION,
    "choice": FieldKind.CHOICE,
    "multiple choice": FieldKind.CHOICES,
}
_RELATIONS = {"assigned_to": FieldKind.PERSON, "merged_to": FieldKind.ITEM}
_NO_FIELDS = frozenset({"queue", "attachment"})


def _need(scope: Scope, reason: str) -> PermissionNeed:
    return PermissionNeed(scope, STAFF, "Staff status", reason, _STAFF)


PERMISSIONS = (
    _need(Scope.ITEMS_READ, "To read the tickets that are synchronised."),
    _need(Scope.ITEMS_WRITE, "To create and change tickets as the other side does."),
    _need(Scope.COMMENTS_READ, "To read follow-ups."),
    _need(Scope.COMMENTS_WRITE, "To add the other side's comments as follow-ups."),
    _need(Scope.ATTACHMENTS_READ, "To read the files of follow-ups."),
    _need(Scope.ATTACHMENTS_WRITE, "To attach the other side's files to follow-ups."),
)
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
                SignInField("login", "Username", secret=False, help="Of your account at the help desk."),
                SignInField("password", "Password", secret=True, help="Used for this one check, never kept."),
            ),
        ),
    ),
    permissions=PERMISSIONS,
    minimum_version="2.4",
    tested_with="django-helpdesk 2.6.1, a real server",
    admin_right=f"The account is staff and may make accounts, as a superuser may ({MAKE_ADMIN}).",
    proved=Proof.LIVE_SERVER,
    links=(
        Link(
            "https://desk.example.com/helpdesk/tickets/42/",
            "{origin}{context}",
            path=r"(?P<context>(?:/(?!agent/|admin/)[^/]+)?)/tickets/[0-9]+/?",
        ),
    ),
)


class DjangoHelpdesk(Adapter):
    """Queues stand for projects; a ticket is the one kind of items."""

    description = DESCRIPTION

    async def fingerprint(self, egress: Egress, base_url: str) -> Fingerprint | None:
        """Return a help desk whose API lists its parts to anybody, or whose sign-in page says who made it."""
        url = base_url.rstrip("/")
        _, parts = await glance(egress, f"{url}{API}/")
        if isinstance(parts, dict) and parts.keys() >= _LISTS:
            return Fingerprint(NAME, url, None, None)
        page, _ = await glance(egress, f"{url}/login/")
        is_one = page.status == 200 and b'content="Django Helpdesk Team"' in page.body  # noqa: PLR2004
        return Fingerprint(NAME, url, None, None) if is_one else None

    async def open(self, egress: Egress, base_url: str, credential: Credential) -> Access:
        """Return the access of a username and password."""
        login, password = credential.values.get("login", "").strip(), credential.values.get("password", "")
        if credential.method == PASSWORD and _LOGIN.fullmatch(login) and _PASSWORD.fullmatch(password):
            return Access(egress, LABEL, base_url.rstrip("/"), basic_auth=(login, password))
        raise not_accepted(LABEL)

    async def who(self, access: Access) -> Account:
        """Return the login that was typed, once it was let in where every account is, and no stranger.

        A wrong password is a 403 here, as a missing right is elsewhere.
        """
        answer = await access.ask(f"{API}/user_tickets/?page_size=1")
        try:
            require_accepted(LABEL, answer)
        except SignInFailure as failure:
            raise (not_accepted(LABEL) if failure.reason is SignInReason.RIGHT_MISSING else failure) from None
        listed = read_json(LABEL, answer)
        if type(member(listed, "count")) is not int or not isinstance(member(listed, "results"), list):
            raise unexpected(LABEL, "no list of tickets")
        login = access.basic_auth[0] if access.basic_auth else ""
        return Account(login, login, login)

    async def missing_for_admin(self, access: Access, account: Account) -> str | None:
        """Return None where this account is offered the form of new accounts, by a server that checks the right."""
        about = await _options(access, "/users/")
        if isinstance(member(_offered(about), "username"), dict):
            if _CHECKS_THE_RIGHT in str(member(about, "description")):
                return None
            return (
                "This django-helpdesk lets every agent make accounts, so it cannot say who is an administrator. "
                "Its operator can update it to 2.4 or later."
            )
        return (
            f"The account {account.login} may not make accounts at this django-helpdesk, as an administrator may. "
            f"An administrator can change that: {MAKE_ADMIN}."
        )

    async def measure(self, access: Access, account: Account, project_id: str | None) -> Measured:
        """Return the staff status: staff may do everything in the queues that they see."""
        if not _offered(await _options(access, "/tickets/")):
            return Measured(frozenset())
        if project_id is not None:
            await self._find_queue(access, account, project_id)
        return Measured(frozenset({STAFF}))

    async def read_projects(self, access: Access, account: Account) -> tuple[Project, ...]:
        """Return the queues of the form for new tickets: no call lists them.

        Where the site shows no forms, the queues of the tickets that the account sees, by number.
        """
        forms = await replace(access, open_headers={"Accept": "text/html"}).ask(f"{API}/tickets/?page_size=1")
        if forms.status == 200 and (queues := _queues(forms.text())):  # noqa: PLR2004
            return tuple(Project(identifier, identifier, name) for identifier, name in queues.items())

        async def page(index: int) -> tuple[dict[str, Any], ...]:
            asked: dict[str, str | int] = {"page_size": PAGE_SIZE, "page": index + 1}
            return rows(await access.find(f"{API}/tickets/", asked), "results")

        tickets = await every_page(page, size=PAGE_SIZE, key=lambda row: str(number(row, "id")))
        known = sorted({queue for row in tickets if (queue := number(row, "queue")) is not None})
        return tuple(Project(str(queue), str(queue), f"Queue {queue}") for queue in known)

    async def read_item_types(
        self, access: Access, account: Account, project_id: str
    ) -> tuple[ItemType, ...]:
        """Return the ticket."""
        await self._find_queue(access, account, project_id)
        return (ItemType("ticket", "Ticket"),)

    async def read_fields(self, access: Access, account: Account, project_id: str) -> tuple[Field, ...]:
        """Return the fields that a ticket takes, the site's own among them."""
        await self._find_queue(access, account, project_id)
        offered = _offered(await _options(access, "/tickets/"))
        return tuple(
            _field(name, about)
            for name, about in offered.items()
            if name not in _NO_FIELDS and member(about, "read_only") is False
        )

    async def _find_queue(self, access: Access, account: Account, project_id: str) -> None:
        """Raise ProjectNotVisible where this account sees no queue of this id."""
        if project_id not in {queue.id for queue in await self.read_projects(access, account)}:
            raise ProjectNotVisible


async def _options(access: Access, path: str) -> Any:
    """Return what a list says of itself to this account; None where it may not ask."""
    answer = await access.ask(f"{API}{path}", method="OPTIONS")
    if answer.status == FORBIDDEN:
        return None
    require_accepted(LABEL, answer)
    return read_json(LABEL, answer)


def _offered(about: Any) -> Mapping[str, Any]:
    """Return the fields that this account may send; empty where it may send nothing."""
    fields = member(member(about, "actions"), "POST")
    return fields if isinstance(fields, dict) else {}


def _field(name: str, about: Any) -> Field:
    type_ = text(about, "type")
    kind = _RELATIONS.get(name) or _KINDS.get(type_, FieldKind.OTHER)
    if type_ == "string":
        kind = FieldKind.TEXT if number(about, "max_length") is None else FieldKind.LINE
    options = (text(choice, "display_name") for choice in rows(about, "choices"))
    return Field(
        id=name,
        name=text(about, "label") or name,
        type=type_,
        required=member(about, "required") is True,
        options=tuple(option for option in options if option),
        kind=kind,
    )


class _QueueForm(HTMLParser):
    """Collects id and name of each queue that the form offers."""

    def __init__(self) -> None:
        super().__init__()
        self.queues: dict[str, str] = {}
        self._is_inside = False
        self._open = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        about = dict(attrs)
        if tag == "select":
            self._is_inside = about.get("name") == "queue"
        elif tag == "option" and self._is_inside:
            value = about.get("value") or ""
            self._open = value if re.fullmatch(r"[1-9][0-9]{0,9}", value, re.ASCII) else ""

    def handle_endtag(self, tag: str) -> None:
        self._open = ""
        self._is_inside = self._is_inside and tag != "select"

    def handle_data(self, data: str) -> None:
        if self._open:
            self.queues[self._open] = (self.queues.get(self._open, "") + data).strip()[:255]


def _queues(page: str) -> dict[str, str]:
    form = _QueueForm()
    form.feed(page)
    return {identifier: name for identifier, name in form.queues.items() if name}


PLATFORM: Platform = DjangoHelpdesk()
