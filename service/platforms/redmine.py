"""Redmine, as every platform is asked: each call proves its credential anew before it reads anything."""

from service.egress.client import Egress
from service.platforms.interface import (
    Credential,
    Field,
    Fingerprint,
    ItemType,
    Person,
    Platform,
    Project,
    Right,
)
from service.platforms.redmine_description import DESCRIPTION
from service.platforms.redmine_projects import (
    UNMEASURED,
    measure,
    read_fields,
    read_item_types,
    read_projects,
)
from service.platforms.redmine_sign_in import Access, describe_person, look, open_access, prove


class Redmine:
    """Redmine answers public data to a wrong key, so nothing but `prove` ever counts as a sign-in."""

    description = DESCRIPTION

    async def fingerprint(self, egress: Egress, base_url: str) -> Fingerprint | None:
        """Return its title, None when it is no Redmine; raises EgressFailure for no answer."""
        return await look(egress, base_url.rstrip("/"))

    async def sign_in(self, egress: Egress, base_url: str, credential: Credential) -> Person:
        """Return the account that Redmine confirms now; raises SignInFailure."""
        return describe_person(await prove(_open(egress, base_url, credential)))

    async def rights(
        self, egress: Egress, base_url: str, credential: Credential | None, project_id: str | None = None
    ) -> tuple[Right, ...]:
        """Return what the account's roles permit, in this project or in at least one."""
        if credential is None:
            return UNMEASURED.rights()
        access = _open(egress, base_url, credential)
        user = await prove(access, include="?include=memberships")
        return (await measure(access, user, project_id)).rights()

    async def projects(self, egress: Egress, base_url: str, credential: Credential) -> tuple[Project, ...]:
        """Return the projects that the account sees, at most two thousand."""
        access = _open(egress, base_url, credential)
        await prove(access)
        return await read_projects(access)

    async def item_types(
        self, egress: Egress, base_url: str, credential: Credential, project_id: str
    ) -> tuple[ItemType, ...]:
        """Return the project's trackers; raises ProjectNotVisible."""
        access = _open(egress, base_url, credential)
        await prove(access)
        return await read_item_types(access, project_id)

    async def fields(
        self, egress: Egress, base_url: str, credential: Credential, project_id: str
    ) -> tuple[Field, ...]:
        """Return the fields of the project's issues; raises ProjectNotVisible."""
        access = _open(egress, base_url, credential)
        user = await prove(access)
        return await read_fields(access, user, project_id)


def _open(egress: Egress, base_url: str, credential: Credential) -> Access:
    return open_access(egress, base_url.rstrip("/"), credential)


PLATFORM: Platform = Redmine()
