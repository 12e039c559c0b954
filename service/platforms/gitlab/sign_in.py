"""Who somebody is at GitLab, and the positive facts that make an admin: GitLab leaves the flag out for others."""

import re
from urllib.parse import quote, urlsplit

from service.egress.client import Egress, EgressFailure
from service.platforms.adapter import Account
from service.platforms.answers import UNAUTHORIZED, member, not_accepted, number, text, unexpected
from service.platforms.calls import Access, glance, path_parts
from service.platforms.gitlab.description import (
    CLOUD,
    LABEL,
    MAKE_ADMIN,
    MAKE_MAINTAINER,
    MAKE_OWNER,
    NAME,
    OAUTH,
    TOKEN,
    server,
)
from service.platforms.interface import Credential, Fingerprint

OWNER, MAINTAINER = 50, 40
_TOKEN = re.compile(r"[\x21-\x7e]{1,1024}", re.ASCII)
_PART = re.compile(r"[a-z0-9_][a-z0-9_.-]{0,254}", re.IGNORECASE | re.ASCII)


def is_cloud(instance_url: str) -> bool:
    """True for gitlab.com, where nobody who signs in is an administrator of the server."""
    return (urlsplit(instance_url).hostname or "") == CLOUD


def read_namespace(instance_url: str) -> str | None:
    """Return the group, or the project, that a URL on gitlab.com names; its pages stand behind `/-/`."""
    parts = path_parts(instance_url)
    parts = parts[1:] if parts[:1] == ("groups",) else parts
    parts = parts[: parts.index("-")] if "-" in parts else parts
    return "/".join(parts) if parts and all(_PART.fullmatch(part) for part in parts) else None


def in_path(namespace: str) -> str:
    """Return a group or project as GitLab takes it in a path: its slashes escaped."""
    return quote(namespace, safe="")


async def look(egress: Egress, base_url: str) -> Fingerprint | None:
    """Return a GitLab that refuses strangers in its own words; its version it tells to accounts only."""
    url = base_url.rstrip("/")
    if is_cloud(url):
        namespace = read_namespace(url)
        if namespace is None:
            return None
        url = f"{server(url)}/{namespace}"
    answer, _ = await glance(egress, f"{server(url)}/api/v4/version")
    try:
        message = text(answer.json(), "message") if answer.status == UNAUTHORIZED else ""
    except EgressFailure:
        return None
    return Fingerprint(NAME, url, None, None) if message == "401 Unauthorized" else None


def open_access(egress: Egress, base_url: str, credential: Credential) -> Access:
    """Return the access of a token, typed or brought by OAuth; what can be none is refused unsent."""
    token = credential.values.get(
        {OAUTH: "access_token", TOKEN: "token"}.get(credential.method, ""), ""
    ).strip()
    if not _TOKEN.fullmatch(token):
        raise not_accepted(LABEL)
    headers = {"Authorization": f"Bearer {token}"} if credential.method == OAUTH else {"PRIVATE-TOKEN": token}
    return Access(egress, LABEL, f"{server(base_url)}/api/v4", headers, instance_url=base_url)


async def prove(access: Access) -> Account:
    """Return the account of the token."""
    user = await access.read("/user")
    identifier, login = number(user, "id"), text(user, "username")
    if identifier is None or not login or text(user, "state") != "active":
        raise unexpected(LABEL, "no active account")
    return Account(str(identifier), login, text(user, "name") or login, user)


async def lacks_for_admin(access: Access, account: Account) -> str | None:
    """Return None for an admin of what the URL names, else what is missing."""
    if not is_cloud(access.instance_url):
        if member(account.unverified, "is_admin") is True:
            return None
        return (
            f"GitLab does not show {account.login} as an administrator. One of its administrators can change that: "
            f"{MAKE_ADMIN}. Where Admin Mode is on, a token needs the scope admin_mode too."
        )
    namespace = read_namespace(access.instance_url)
    if namespace is None:
        return "Nobody is an admin of all of gitlab.com: the instance's URL has to name a group or a project."
    if await _is_owner(access, namespace, account) or await _is_maintainer(access, namespace):
        return None
    return (
        f"{account.login} is neither an owner of the group {namespace} nor a maintainer of a project of that name. An "
        f"owner can change that: {MAKE_OWNER}; or for a project: {MAKE_MAINTAINER}."
    )


async def _is_owner(access: Access, namespace: str, account: Account) -> bool:
    """Whether the person owns the group: also by way of a group above it, which `all` looks at."""
    membership = await access.find(f"/groups/{in_path(namespace)}/members/all/{account.id}")
    is_about = str(number(membership, "id")) == account.id and text(membership, "state") == "active"
    return is_about and (number(membership, "access_level") or 0) >= OWNER


async def _is_maintainer(access: Access, namespace: str) -> bool:
    project = await access.find(f"/projects/{in_path(namespace)}")
    if text(project, "path_with_namespace").casefold() != namespace.casefold():
        return False
    return level_of(project) >= MAINTAINER


def level_of(project: object) -> int:
    """Return the account's own level in a project, by itself or by its groups; 0 without any."""
    permissions = member(project, "permissions")
    levels = (number(member(permissions, way), "access_level") for way in ("project_access", "group_access"))
    return max(level or 0 for level in levels)
