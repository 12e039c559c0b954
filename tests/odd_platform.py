"""A platform that answers as a test says, for what the sandbox never does."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

from service.egress.client import Egress, EgressFailure, Reason
from service.platforms.description import PermissionNeed
from service.platforms.interface import (
    Credential,
    Field,
    Fingerprint,
    ItemType,
    Person,
    Project,
    Right,
    SignInFailure,
    SignInReason,
)
from service.platforms.registry import Registry, build_registry
from service.platforms.sandbox import DESCRIPTION, PERMISSIONS

UNREACHABLE = SignInFailure(SignInReason.UNREACHABLE, "Oddity {did} not answer in time. Try again.")
OLGA = Person("7", "olga", "Olga", is_admin=True, missing=None)


async def nothing() -> None:
    """Nothing happens."""


@dataclass
class OddPlatform:
    """Each part of its behaviour is a field."""

    person: Person | SignInFailure = OLGA
    found: Fingerprint | Reason | None = None
    granted: frozenset[str] = frozenset({"view"})
    untold: frozenset[str] = frozenset()
    seen: tuple[Project, ...] = ()
    meanwhile: Callable[[], Awaitable[Any]] = nothing
    calls: list[str] = field(default_factory=list)
    description = replace(DESCRIPTION, name="oddity", label="Oddity")

    async def fingerprint(self, egress: Egress, base_url: str) -> Fingerprint | None:
        await self.meanwhile()
        if isinstance(self.found, Reason):
            raise EgressFailure(self.found)
        return self.found

    async def sign_in(self, egress: Egress, base_url: str, credential: Credential) -> Person:
        self.calls.append("sign_in")
        await self.meanwhile()
        if isinstance(self.person, SignInFailure):
            raise self.person
        return self.person

    def _tells(self, credential: Credential | None, need: PermissionNeed) -> bool:
        return credential is not None and need.permission not in self.untold

    async def rights(
        self, egress: Egress, base_url: str, credential: Credential | None, project_id: str | None = None
    ) -> tuple[Right, ...]:
        return tuple(
            Right(
                need.scope,
                need.permission,
                need.permission in self.granted if self._tells(credential, need) else None,
                measured=self._tells(credential, need),
                where_to_grant="Oddity: Roles",
            )
            for need in PERMISSIONS
        )

    async def projects(self, egress: Egress, base_url: str, credential: Credential) -> tuple[Project, ...]:
        return self.seen

    async def item_types(
        self, egress: Egress, base_url: str, credential: Credential, project_id: str
    ) -> tuple[ItemType, ...]:
        return ()

    async def fields(
        self, egress: Egress, base_url: str, credential: Credential, project_id: str
    ) -> tuple[Field, ...]:
        return ()

    def registry(self) -> Registry:
        """Return the node's platforms with this one among them."""
        return Registry({**build_registry(sandbox=True).platforms, "oddity": self})
