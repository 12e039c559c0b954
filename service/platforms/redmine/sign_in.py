"""The three steps that prove who somebody is at a Redmine, and each way in which they may fail."""

import html
import re
from enum import StrEnum

from service.egress.client import Answer, Egress, EgressFailure, Reason
from service.platforms.adapter import Account
from service.platforms.answers import (
    FORBIDDEN,
    UNAUTHORIZED,
    member,
    no_answer,
    number,
    read_json,
    text,
    unexpected,
)
from service.platforms.calls import MAX_BYTES, Access
from service.platforms.interface import Credential, Fingerprint, SignInFailure, SignInReason
from service.platforms.redmine.description import API_KEY, DESCRIPTION, ENABLE_API, MAKE_ADMIN, PASSWORD

LABEL = DESCRIPTION.label
WHO_AM_I = "/users/current.json"

_REALM = re.compile(r'basic\s+realm="redmine api"', re.IGNORECASE)
_MARK = re.compile(r'<meta\s+name="description"\s+content="Redmine"', re.IGNORECASE)
_TITLE = re.compile(r"<title>([^<]{1,500})</title>", re.IGNORECASE)
_API_KEY = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)
_LOGIN = re.compile(r"[^:\x00-\x1f\x7f\ud800-\udfff]{1,255}")
_PASSWORD = re.compile(r"[^\x00\ud800-\udfff]{1,1024}")


class RestApi(StrEnum):
    """What an anonymous who-am-I shows; Redmine refuses it in two ways, and in no third."""

    ON = "on"
    MAYBE_OFF = "maybe_off"
    NOT_REDMINE = "not_redmine"


async def look(egress: Egress, base_url: str) -> Fingerprint | None:
    """Return what an anonymous look finds; Redmine tells its title and never its version."""
    try:
        rest_api = _rest_api(await egress.request("GET", base_url + WHO_AM_I))
        if rest_api is RestApi.NOT_REDMINE:
            return None
        page = await _login_page(egress, base_url)
    except EgressFailure as failure:
        if failure.reason in {Reason.TOO_LARGE, Reason.NOT_JSON}:
            return None
        raise
    if rest_api is RestApi.MAYBE_OFF and not _MARK.search(page):
        return None
    title = _TITLE.search(page)
    return Fingerprint(DESCRIPTION.name, base_url, None, _one_line(title[1]) if title else None)


async def prove(access: Access) -> Account:
    """Return the account that this credential belongs to: the only call that a wrong one cannot pass.

    Call `require_rest_api` before. A refused credential is never shown again.
    """
    answer = await access.ask(WHO_AM_I)
    if answer.status == UNAUTHORIZED:
        raise _not_accepted(answer, is_password=access.basic_auth is not None)
    if answer.status == FORBIDDEN:
        raise SignInFailure(
            SignInReason.PASSWORD_CHANGE_DUE,
            "Redmine wants this account to change its password first. Sign in to Redmine itself, change it, "
            "and come back; or use the account's API key.",
        )
    user = member(read_json(LABEL, answer), "user")
    identifier, login = number(user, "id"), text(user, "login")
    if identifier is None or not login:
        raise unexpected(LABEL, "no account")
    if access.basic_auth is not None and login.casefold() != access.basic_auth[0].casefold():
        raise unexpected(LABEL, "another account; to sign in with a key, choose API key")
    name = f"{text(user, 'firstname')} {text(user, 'lastname')}".strip()
    return Account(str(identifier), login, name or login, user)


def open_access(egress: Egress, base_url: str, credential: Credential) -> Access:
    """Return the access that this credential gives; what Redmine could never accept is refused unsent."""
    values = credential.values
    if credential.method == API_KEY:
        key = values.get("api_key", "").strip()
        if _API_KEY.fullmatch(key):
            return Access(egress, LABEL, base_url, {"X-Redmine-API-Key": key})
    elif credential.method == PASSWORD:
        login, password = values.get("login", "").strip(), values.get("password", "")
        if _LOGIN.fullmatch(login) and _PASSWORD.fullmatch(password):
            return Access(egress, LABEL, base_url, basic_auth=(login, password))
    raise SignInFailure(
        SignInReason.WRONG_CREDENTIALS,
        "This is neither a login and password nor an API key as Redmine has them. "
        "Fill in every field of one of the two.",
    )


def lacks_for_admin(account: Account) -> str | None:
    """Return None for an admin, which is only what Redmine says in so many words; else what is missing."""
    if member(account.unverified, "admin") is True:
        return None
    return (
        f"The Redmine account {account.login} is not an administrator. "
        f"An administrator of Redmine can change that: {MAKE_ADMIN}."
    )


async def require_rest_api(access: Access) -> None:
    """The URL is a Redmine whose REST API is on: it refuses who shows no credential.

    Where a proxy or a cache answers for anybody, it proves nothing, and the credential stays here.
    """
    answer = await access.as_stranger().ask(WHO_AM_I)
    rest_api = _rest_api(answer)
    if rest_api is RestApi.ON:
        return
    try:
        page = await _login_page(access.egress, access.base_url) if rest_api is RestApi.MAYBE_OFF else ""
    except EgressFailure as failure:
        raise no_answer(LABEL, failure.reason) from None
    if not _MARK.search(page):
        raise unexpected(LABEL, f"HTTP status {answer.status} to a caller without an account")
    raise SignInFailure(
        SignInReason.API_SWITCHED_OFF,
        f"The REST API of this Redmine is switched off. An administrator can switch it on: {ENABLE_API}.",
    )


def _rest_api(answer: Answer) -> RestApi:
    challenge = answer.headers.get("www-authenticate")
    if answer.status == UNAUTHORIZED and challenge and _REALM.match(challenge):
        return RestApi.ON
    if answer.status == FORBIDDEN and challenge is None:
        return RestApi.MAYBE_OFF
    return RestApi.NOT_REDMINE


async def _login_page(egress: Egress, base_url: str) -> str:
    """Return the page that says Redmine even to strangers; empty where there is none."""
    answer = await egress.request("GET", f"{base_url}/login", max_bytes=MAX_BYTES)
    is_page = answer.status == 200 and answer.headers.get("content-type", "").startswith("text/html")  # noqa: PLR2004
    return answer.text() if is_page else ""


def _one_line(unverified_html: str) -> str | None:
    return " ".join(html.unescape(unverified_html).split())[:120] or None


def _not_accepted(answer: Answer, *, is_password: bool) -> SignInFailure:
    """Return why: Redmine leaves its challenge out only for a right password that needs a second factor."""
    if not is_password:
        sentence = (
            "Redmine does not accept this API key, or the account is locked. "
            "Copy the key again from My account → API access key."
        )
    elif "www-authenticate" in answer.headers:
        sentence = (
            "Redmine does not accept this login and password, or the account is locked. "
            "Try them in Redmine itself; its administrators can unlock an account."
        )
    else:
        sentence = (
            "This account uses two-factor authentication, so Redmine accepts no password here. "
            "Use the account's API key: My account → API access key."
        )
    return SignInFailure(SignInReason.WRONG_CREDENTIALS, sentence)
