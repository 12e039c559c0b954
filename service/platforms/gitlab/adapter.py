"""GitLab, as every platform is asked."""

from service.egress.client import Egress
from service.platforms.adapter import Account, Adapter, Measured
from service.platforms.calls import Access
from service.platforms.gitlab.description import DESCRIPTION
from service.platforms.gitlab.projects import measure, read_fields, read_item_types, read_projects
from service.platforms.gitlab.sign_in import lacks_for_admin, look, open_access, prove
from service.platforms.interface import Credential, Field, Fingerprint, ItemType, Platform, Project


class GitLab(Adapter):
    """What an account does not see at GitLab is not found."""

    description = DESCRIPTION

    async def fingerprint(self, egress: Egress, base_url: str) -> Fingerprint | None:
        """Return a GitLab without its version, None for what is none."""
        return await look(egress, base_url)

    async def open(self, egress: Egress, base_url: str, credential: Credential) -> Access:
        """Return the access of a token."""
        return open_access(egress, base_url, credential)

    async def who(self, access: Access) -> Account:
        """Return the account of the token."""
        return await prove(access)

    async def missing_for_admin(self, access: Access, account: Account) -> str | None:
        """Return None for an administrator of a server, or an owner of a group on gitlab.com."""
        return await lacks_for_admin(access, account)

    async def measure(self, access: Access, account: Account, project_id: str | None) -> Measured:
        """Return what the role and the token's scopes allow."""
        return await measure(access, project_id)

    async def read_projects(self, access: Access, account: Account) -> tuple[Project, ...]:
        """Return the projects."""
        return await read_projects(access)

    async def read_item_types(
        self, access: Access, account: Account, project_id: str
    ) -> tuple[ItemType, ...]:
        """Return the types of issues."""
        return await read_item_types(access, project_id)

    async def read_fields(self, access: Access, account: Account, project_id: str) -> tuple[Field, ...]:
        """Return the fields of issues."""
        return await read_fields(access, project_id)


PLATFORM: Platform = GitLab()
