"""Redmine, as every platform is asked: each call proves its credential anew before it reads anything."""

from service.egress.client import Egress
from service.platforms.adapter import Account, Adapter, Measured
from service.platforms.calls import Access
from service.platforms.interface import Credential, Field, Fingerprint, ItemType, Platform, Project
from service.platforms.redmine.description import DESCRIPTION
from service.platforms.redmine.projects import measure, read_fields, read_item_types, read_projects
from service.platforms.redmine.sign_in import lacks_for_admin, look, open_access, prove, require_rest_api


class Redmine(Adapter):
    """Redmine answers public data to a wrong key, so nothing but its who-am-I ever counts as a sign-in."""

    description = DESCRIPTION

    async def fingerprint(self, egress: Egress, base_url: str) -> Fingerprint | None:
        """Return its title, None when it is no Redmine; raises EgressFailure for no answer."""
        return await look(egress, base_url.rstrip("/"))

    async def open(self, egress: Egress, base_url: str, credential: Credential) -> Access:
        """Return the access of a login and password, or of an API key."""
        return open_access(egress, base_url.rstrip("/"), credential)

    async def refuse_strangers(self, access: Access) -> None:
        """Strangers are refused before each who-am-I, see `who`."""

    async def who(self, access: Access) -> Account:
        """Return the account: its REST API is on and refuses strangers, and names this one."""
        await require_rest_api(access)
        return await prove(access)

    async def missing_for_admin(self, access: Access, account: Account) -> str | None:
        """Return None only where Redmine says admin in so many words."""
        return lacks_for_admin(account)

    async def measure(self, access: Access, account: Account, project_id: str | None) -> Measured:
        """Return what the account's roles permit, in this project or in at least one."""
        return await measure(access, account, project_id)

    async def read_projects(self, access: Access, account: Account) -> tuple[Project, ...]:
        """Return the projects that the account sees, at most two thousand."""
        return await read_projects(access)

    async def read_item_types(
        self,
        access: Access,
        account: Account,
        project_id: str,
    ) -> tuple[ItemType, ...]:
        """Return the project's trackers."""
        return await read_item_types(access, project_id)

    async def read_fields(self, access: Access, account: Account, project_id: str) -> tuple[Field, ...]:
        """Return the fields of the project's issues."""
        return await read_fields(access, account.unverified, project_id)


PLATFORM: Platform = Redmine()
