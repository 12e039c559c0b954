"""Who somebody is at GitHub, and the positive facts that make an admin: a pending owner is none."""

import re

from service.egress.client import Egress
from service.platforms.adapter import Account
from service.platforms.answers import (
    FORBIDDEN,
    member,
    not_accepted,
    number,
    read_json,
    require_accepted,
    text,
    unexpected,
)
from service.platforms.calls import Access, glance
from service.platforms.github.description import (
    APPROVE_APP,
    LABEL,
    MAKE_OWNER,
    MAKE_REPOSITORY_ADMIN,
    NAME,
    OAUTH,
    TOKEN,
)
from service.platforms.github.places import Place, read_place
from service.platforms.interface import Credential, Fingerprint

HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
NOT_FOUND = 404
_REALM = re.compile(r'basic\s+realm="github"', re.IGNORECASE)
_TOKEN = re.compile(r"[\x21-\x7e]{1,1024}", re.ASCII)


async def look(egress: Egress, base_url: str) -> Fingerprint | None:
    """Return GitHub's version where it tells one; a server in private mode refuses in its own words."""
    place = read_place(base_url)
    if place.cloud and place.owner is None:
        return None
    answer, meta = await glance(egress, f"{place.api}/meta", HEADERS)
    version = text(meta, "installed_version") or answer.headers.get("x-github-enterprise-version", "")[:40]
    is_github = (
        bool(version)
        or isinstance(member(meta, "verifiable_password_authentication"), bool)
        or (place.cloud and "x-github-request-id" in answer.headers)
        or bool(_REALM.match(answer.headers.get("www-authenticate", "")))
    )
    if not is_github:
        return None
    return Fingerprint(NAME, place.url, version or None, place.owner)


def open_access(egress: Egress, base_url: str, credential: Credential) -> Access:
    """Return the access of a token, typed or brought by OAuth; what can be none is refused unsent."""
    token = credential.values.get(
        {OAUTH: "access_token", TOKEN: "token"}.get(credential.method, ""), ""
    ).strip()
    if not _TOKEN.fullmatch(token):
        raise not_accepted(LABEL)
    return Access(
        egress,
        LABEL,
        read_place(base_url).api,
        {"Authorization": f"Bearer {token}"},
        open_headers=HEADERS,
        own_challenge=_REALM,
        instance_url=base_url,
    )


async def prove(access: Access) -> Account:
    """Return the account of the token."""
    user = await access.read("/user")
    identifier, login = number(user, "id"), text(user, "login")
    if identifier is None or not login:
        raise unexpected(LABEL, "no account")
    return Account(str(identifier), login, text(user, "name") or login, user)


async def lacks_for_admin(access: Access, place: Place, account: Account) -> str | None:
    """Return None for an admin of what the URL names, else what is missing."""
    if place.repository is not None:
        return await _lacks_in_repository(access, place, account)
    if place.owner is None:
        return _lacks_on_server(place, account)
    if place.owner.casefold() == account.login.casefold():
        return None
    return await _lacks_in_organisation(access, place, account)


async def _lacks_in_organisation(access: Access, place: Place, account: Account) -> str | None:
    answer = await access.ask(f"/user/memberships/orgs/{place.owner}")
    if answer.status == FORBIDDEN:
        return f"The organisation {place.owner} hides its members from this application. An owner can {APPROVE_APP}."
    how = f"An owner of {place.owner} can change that: {MAKE_OWNER}."
    if answer.status == NOT_FOUND:
        return f"{account.login} is no member of {place.owner}, or the token lacks the scope read:org. {how}"
    require_accepted(LABEL, answer, access.own_challenge)
    membership = read_json(LABEL, answer)
    if not _is_about(membership, place, account):
        raise unexpected(LABEL, "the membership of somebody else")
    if member(membership, "role") != "admin":
        return f"{account.login} is not an owner of the organisation {place.owner}. {how}"
    if member(membership, "state") != "active":
        return f"{account.login} has yet to accept the invitation to {place.owner}: open it on GitHub."
    return None


def _is_about(membership: object, place: Place, account: Account) -> bool:
    organisation = text(member(membership, "organization"), "login")
    person = number(member(membership, "user"), "id")
    return organisation.casefold() == str(place.owner).casefold() and str(person) == account.id


async def _lacks_in_repository(access: Access, place: Place, account: Account) -> str | None:
    repository = await access.find(f"/repos/{place.full_name}")
    how = f"An admin of {place.full_name} can change that: {MAKE_REPOSITORY_ADMIN}."
    if text(repository, "full_name").casefold() != place.full_name.casefold():
        return f"{account.login} does not see {place.full_name}, or the token lacks the scope repo. {how}"
    if member(member(repository, "permissions"), "admin") is True:
        return None
    return f"{account.login} is not an admin of the repository {place.full_name}. {how}"


def _lacks_on_server(place: Place, account: Account) -> str | None:
    if place.cloud:
        return "Nobody is an admin of all of GitHub: the instance's URL has to name an organisation or a repository."
    if member(account.unverified, "site_admin") is True:
        return None
    return (
        f"{account.login} is not a site administrator of this GitHub. A site administrator can change that: "
        "Site admin → Users → the person → Admin → Site admin."
    )
