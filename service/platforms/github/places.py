"""What the URL of an instance names at GitHub: an owner, one repository, or a whole Enterprise Server."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from service.platforms.calls import origin, path_parts

CLOUD = frozenset({"github.com", "www.github.com"})
CLOUD_API = "https://api.github.com"
_OWNER = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38})", re.IGNORECASE | re.ASCII)
_REPOSITORY = re.compile(r"(?!\.{1,2}\Z)[a-z0-9._-]{1,100}", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class Place:
    """Where to ask, and about what; `cloud` is github.com, where nobody is an admin of everything."""

    api: str
    url: str
    cloud: bool
    owner: str | None
    repository: str | None

    @property
    def full_name(self) -> str:
        """The repository as GitHub names it in paths."""
        return f"{self.owner}/{self.repository}"


def read_place(instance_url: str) -> Place:
    """Return what the URL names; what no owner and no repository can be called is left out."""
    server, host = origin(instance_url), urlsplit(instance_url).hostname or ""
    parts = path_parts(instance_url)
    owner = parts[0] if parts and _OWNER.fullmatch(parts[0]) else None
    repository = parts[1] if owner and len(parts) > 1 and _REPOSITORY.fullmatch(parts[1]) else None
    url = "/".join(part for part in (server, owner, repository) if part)
    if host in CLOUD:
        return Place(CLOUD_API, url, cloud=True, owner=owner, repository=repository)
    if host.endswith(".ghe.com"):
        return Place(f"https://api.{host}", url, cloud=True, owner=owner, repository=repository)
    return Place(f"{server}/api/v3", url, cloud=False, owner=owner, repository=repository)


def read_full_name(project_id: str) -> str | None:
    """Return the `owner/repository` that a project's id is, None where it can be none."""
    owner, _, repository = project_id.partition("/")
    return project_id if _OWNER.fullmatch(owner) and _REPOSITORY.fullmatch(repository) else None
