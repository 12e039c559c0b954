"""Tomorrow, a tracker that exists in this file only: the worked example of docs/platforms/adding.md."""

from service.egress.client import Egress
from service.platforms.adapter import Account, Adapter, Measured
from service.platforms.answers import member, not_accepted, number, rows, text, unexpected, words
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

LABEL = "Tomorrow"
KINDS = {"string": FieldKind.LINE, "text": FieldKind.TEXT, "select": FieldKind.CHOICE}


def _need(scope: Scope, right: str, reason: str) -> PermissionNeed:
    return PermissionNeed(scope, right, right.capitalize(), reason, f"Tomorrow: Settings → Members → {right}")


DESCRIPTION = PlatformDescription(
    name="tomorrow",
    label=LABEL,
    modes=frozenset({Mode.SCRIPT, Mode.BASIC}),
    local=True,
    local_why_not=None,
    sign_in=(
        SignInMethod(
            "token", "API token", (SignInField("token", "API token", secret=True, help="Profile → Tokens."),)
        ),
    ),
    permissions=(
        _need(Scope.ITEMS_READ, "read", "To read the tickets that are to be synchronised."),
        _need(Scope.ITEMS_WRITE, "write", "To bring the other side's changes in."),
        _need(Scope.COMMENTS_READ, "read", "To read comments: they come with the ticket."),
        _need(Scope.COMMENTS_WRITE, "write", "To add the other side's comments."),
        _need(Scope.ATTACHMENTS_READ, "read", "To read files: they come with the ticket."),
        _need(Scope.ATTACHMENTS_WRITE, "write", "To attach the other side's files."),
    ),
    minimum_version="2",
    tested_with="answers of this example's own test",
    admin_right="The account has the role owner.",
    proved=Proof.FIXTURES,
    links=(
        Link(
            "https://acme.tomorrow.example/t/7",
            "https://{tenant}.tomorrow.example",
            host=r"(?P<tenant>[a-z0-9-]+)\.tomorrow\.example",
        ),
    ),
)


class Tomorrow(Adapter):
    """A missing ticket and one out of sight look alike; a stranger gets 401."""

    description = DESCRIPTION

    async def fingerprint(self, egress: Egress, base_url: str) -> Fingerprint | None:
        """Return the version and the title, which anybody may read."""
        _, about = await glance(egress, f"{base_url.rstrip('/')}/api/about")
        if text(about, "product") != LABEL:
            return None
        return Fingerprint(
            DESCRIPTION.name, base_url.rstrip("/"), text(about, "version"), text(about, "title")
        )

    async def open(self, egress: Egress, base_url: str, credential: Credential) -> Access:
        """Return the access of an API token."""
        token = credential.values.get("token", "").strip()
        if credential.method != "token" or not token.isascii() or not token.isprintable():
            raise not_accepted(LABEL)
        return Access(egress, LABEL, f"{base_url.rstrip('/')}/api", {"Authorization": f"Bearer {token}"})

    async def who(self, access: Access) -> Account:
        """Return the account behind the token."""
        me = await access.read("/me")
        identifier, login = number(me, "id"), text(me, "login")
        if identifier is None or not login:
            raise unexpected(LABEL, "no account")
        return Account(str(identifier), login, text(me, "name") or login, me)

    async def missing_for_admin(self, access: Access, account: Account) -> str | None:
        """Return None for the role owner and for nothing else."""
        if member(account.unverified, "role") == "owner":
            return None
        return f"{account.login} is not an owner. An owner of Tomorrow can change that: Settings → Members → Owner."

    async def measure(self, access: Access, account: Account, project_id: str | None) -> Measured:
        """Return the rights that the token has, which are the same in each project."""
        if project_id is not None:
            await self._project(access, project_id)
        return Measured(frozenset(words(account.unverified, "rights")))

    async def read_projects(self, access: Access, account: Account) -> tuple[Project, ...]:
        """Return the projects, a hundred a page."""

        async def page(index: int) -> tuple[Project, ...]:
            answer = await access.read("/projects", {"page": index + 1, "size": 100})
            return tuple(
                Project(text(row, "key"), text(row, "key"), text(row, "name"))
                for row in rows(answer, "projects")
            )

        return await every_page(page, size=100, key=lambda project: project.id)

    async def read_item_types(
        self, access: Access, account: Account, project_id: str
    ) -> tuple[ItemType, ...]:
        """Return the types of the project."""
        project = await self._project(access, project_id)
        return tuple(ItemType(name, name) for name in words(project, "types"))

    async def read_fields(self, access: Access, account: Account, project_id: str) -> tuple[Field, ...]:
        """Return the fields of the project."""
        return tuple(
            Field(
                id=text(row, "id"),
                name=text(row, "name"),
                type=text(row, "type"),
                required=member(row, "required") is True,
                options=words(row, "options"),
                kind=KINDS.get(text(row, "type"), FieldKind.OTHER),
            )
            for row in rows(await self._project(access, project_id), "fields")
        )

    async def _project(self, access: Access, project_id: str) -> object:
        project = await access.find(f"/projects/{project_id}") if project_id.isalnum() else None
        if not text(project, "key"):
            raise ProjectNotVisible
        return project


PLATFORM: Platform = Tomorrow()
