"""GitHub, as every platform is asked."""

from service.egress.client import Egress
from service.platforms.adapter import Account, Adapter, Measured
from service.platforms.calls import Access
from service.platforms.github.description import DESCRIPTION
from service.platforms.github.places import read_place
from service.platforms.github.projects import measure, read_fields, read_item_types, read_projects
from service.platforms.github.sign_in import lacks_for_admin, look, open_access, prove
from service.platforms.interface import Credential, Field, Fingerprint, ItemType, Platform, Project


class GitHub(Adapter):
    """What an account lacks at GitHub is often not forbidden but not found."""

    description = DESCRIPTION

    async def fingerprint(self, egress: Egress, base_url: str) -> Fingerprint | None:
        """Return the version of an Enterprise Server, None for what is no GitHub."""
        return await look(egress, base_url)

    async def open(self, egress: Egress, base_url: str, credential: Credential) -> Access:
        """Return the access of a token."""
        return open_access(egress, base_url, credential)

    async def refuse_strangers(self, access: Access) -> None:
        """GitHub's own API answers strangers sixty times an hour and no more, and nothing stands in front of it."""
        if not read_place(access.instance_url).cloud:
            await super().refuse_strangers(access)

    async def who(self, access: Access) -> Account:
        """Return the account of the token."""
        return await prove(access)

    async def missing_for_admin(self, access: Access, account: Account) -> str | None:
        """Return None for an active owner, for the account itself, or for an admin of the repository."""
        return await lacks_for_admin(access, read_place(access.instance_url), account)

    async def measure(self, access: Access, account: Account, project_id: str | None) -> Measured:
        """Return what the role and the token's scopes allow."""
        return await measure(access, read_place(access.instance_url), project_id)

    async def read_projects(self, access: Access, account: Account) -> tuple[Project, ...]:
        """Return the repositories."""
        return await read_projects(access, read_place(access.instance_url))

    async def read_item_types(
        self, access: Access, account: Account, project_id: str
    ) -> tuple[ItemType, ...]:
        """Return the issue types."""
        return await read_item_types(access, project_id)

    async def read_fields(self, access: Access, account: Account, project_id: str) -> tuple[Field, ...]:
        """Return the fields of issues."""
        return await read_fields(access, project_id)


PLATFORM: Platform = GitHub()
