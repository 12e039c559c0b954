"""What adapters share: the three steps that prove an admin, and a credential that is proven before each reading."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

from service.egress.client import Egress
from service.platforms.answers import unexpected
from service.platforms.calls import Access
from service.platforms.description import PermissionNeed, PlatformDescription
from service.platforms.interface import (
    Credential,
    Field,
    Fingerprint,
    ItemType,
    Person,
    Project,
    ProjectNotVisible,
    Right,
    SignInFailure,
    SignInReason,
)

# Of a server that is away or tired nothing is learnt; every other failure is a stranger turned away.
_NOTHING_LEARNT = frozenset({SignInReason.UNREACHABLE, SignInReason.RATE_LIMITED})


@dataclass(frozen=True, slots=True)
class Account:
    """An account that the platform named in answer to a credential; `unverified` is that answer."""

    id: str
    login: str
    name: str
    unverified: Any = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Measured:
    """The permissions that an account has; None where that cannot be told.

    `where` says where to grant what is missing, where that is not what the description says. `unknown` are single
    permissions that cannot be told, while others can.
    """

    permissions: frozenset[str] | None
    where: str | None = None
    unknown: frozenset[str] = frozenset()

    def rights(self, description: PlatformDescription) -> tuple[Right, ...]:
        """Return what each permission that a scope needs comes to."""
        return tuple(self._right(need) for need in description.permissions)

    def _right(self, need: PermissionNeed) -> Right:
        known = self.permissions is not None and need.permission not in self.unknown
        return Right(
            scope=need.scope,
            permission=need.permission,
            granted=need.permission in (self.permissions or ()) if known else None,
            measured=known,
            where_to_grant=self.where or need.where_to_grant,
        )


UNMEASURED = Measured(None)


class Adapter(ABC):
    """A platform asked over HTTP. What stands first is what each one writes; the rest follows from it."""

    description: PlatformDescription

    @abstractmethod
    async def fingerprint(self, egress: Egress, base_url: str) -> Fingerprint | None:
        """Return what a stranger sees at the URL, None for another platform; raises EgressFailure for no answer."""

    @abstractmethod
    async def open(self, egress: Egress, base_url: str, credential: Credential) -> Access:
        """Return the access that this credential gives.

        What the platform could never accept is a SignInFailure (`not_accepted`), and is not sent.
        """

    @abstractmethod
    async def who(self, access: Access) -> Account:
        """Return the account of this credential; nothing but a positive answer is one. A SignInFailure otherwise."""

    @abstractmethod
    async def missing_for_admin(self, access: Access, account: Account) -> str | None:
        """Return None only for the positive fact that this account is an admin here.

        Otherwise a sentence names what it lacks in the platform's own words, and where an admin grants it.
        """

    @abstractmethod
    async def measure(self, access: Access, account: Account, project_id: str | None) -> Measured:
        """Return the permissions of this account in a project; without one, in at least one project."""

    @abstractmethod
    async def read_projects(self, access: Access, account: Account) -> tuple[Project, ...]:
        """Return the projects that this account sees."""

    @abstractmethod
    async def read_item_types(
        self, access: Access, account: Account, project_id: str
    ) -> tuple[ItemType, ...]:
        """Return the kinds of items of this project; raises ProjectNotVisible."""

    @abstractmethod
    async def read_fields(self, access: Access, account: Account, project_id: str) -> tuple[Field, ...]:
        """Return the fields of this project's items, the platform's own first; raises ProjectNotVisible."""

    async def refuse_strangers(self, access: Access) -> None:
        """The server knows nobody without a credential.

        Where a proxy or a cache answers for anybody, it proves nothing, and the credential stays here.
        """
        try:
            await self.who(access.as_stranger())
        except SignInFailure as failure:
            if failure.reason in _NOTHING_LEARNT:
                raise
            return
        raise unexpected(self.description.label, "it names an account to a caller that has none")

    async def sign_in(self, egress: Egress, base_url: str, credential: Credential) -> Person:
        """Return the account that the platform confirms right now, and whether it is an admin."""
        access = await self.open(egress, base_url, credential)
        await self.refuse_strangers(access)
        account = await self.who(access)
        missing = await self.missing_for_admin(access, account)
        return Person(account.id, account.login, account.name, missing is None, missing)

    async def rights(
        self, egress: Egress, base_url: str, credential: Credential | None, project_id: str | None = None
    ) -> tuple[Right, ...]:
        """Return each permission that a scope needs: measured with a credential, else declared only."""
        if credential is None:
            return UNMEASURED.rights(self.description)
        access, account = await self._prove(egress, base_url, credential)
        try:
            measured = await self.measure(access, account, project_id)
        except ProjectNotVisible:
            measured = Measured(frozenset())
        return measured.rights(self.description)

    async def projects(self, egress: Egress, base_url: str, credential: Credential) -> tuple[Project, ...]:
        """Return the projects that this account sees, up to a limit."""
        return await self.read_projects(*await self._prove(egress, base_url, credential))

    async def item_types(
        self, egress: Egress, base_url: str, credential: Credential, project_id: str
    ) -> tuple[ItemType, ...]:
        """Return the kinds of items of this project; raises ProjectNotVisible."""
        return await self.read_item_types(*await self._prove(egress, base_url, credential), project_id)

    async def fields(
        self, egress: Egress, base_url: str, credential: Credential, project_id: str
    ) -> tuple[Field, ...]:
        """Return the fields of this project's items, the platform's own first; raises ProjectNotVisible."""
        return await self.read_fields(*await self._prove(egress, base_url, credential), project_id)

    async def _prove(self, egress: Egress, base_url: str, credential: Credential) -> tuple[Access, Account]:
        """Return the access and the account that it proves: some platforms give public data to a wrong one."""
        access = await self.open(egress, base_url, credential)
        return access, await self.who(access)
