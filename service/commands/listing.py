"""What an operator reads of a node, a line for each thing, and the token that they take back."""

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import select

from service.access.models import ServiceToken
from service.access.operations import list_tokens, revoke_token
from service.access.principals import Principal
from service.access.scopes import SCOPES
from service.commands.operations import opened
from service.database.pagination import PageRequest
from service.instances.models import Instance
from service.instances.operations import issuer_of
from service.settings import Settings

# Who may start a process with the node's keys may do everything.
OPERATOR = Principal("service", "operator", "operator", frozenset(SCOPES), instance_ids=None)
NO_INSTANCE = "There is no instance yet. Add one with `parley instance add`."
NONE_MADE = "There is no token yet. Make one with `parley token create`."


async def instance_lines(settings: Settings) -> str:
    """Return each instance with its node URL, its platform, its own URL and whether others reach it."""
    async with opened(settings) as (_, session, _now):
        instances = (await session.exec(select(Instance).order_by(Instance.slug))).all()
    rows = [
        (each.slug, issuer_of(settings, each.slug), each.platform, each.url, each.network)
        for each in instances
    ]
    return _aligned(rows) or NO_INSTANCE


async def token_lines(settings: Settings) -> str:
    """Return each token that opens something: its id, its name, for which instances, its scopes, and its times."""
    found: list[ServiceToken] = []
    async with opened(settings) as (_, session, now):
        slugs = {each.id: each.slug for each in (await session.exec(select(Instance))).all()}
        asked: PageRequest | None = PageRequest()
        while asked is not None:
            page = await list_tokens(session, OPERATOR, asked)
            found += page.rows
            asked = PageRequest(token=page.next_page_token) if page.next_page_token else None
    rows = [
        (token.id, token.name, _instances(token, slugs), _scopes(token), *_times(token))
        for token in found
        if token.expires_at is None or token.expires_at > now
    ]
    return _aligned(rows) or NONE_MADE


async def take_back(settings: Settings, token_id: str) -> str:
    """The token opens nothing any more."""
    async with opened(settings) as (_, session, now):
        await revoke_token(session, OPERATOR, token_id, now)
    return f"{token_id} opens nothing any more."


def _instances(token: ServiceToken, slugs: dict[str, str]) -> str:
    if token.instance_ids is None:
        return "all instances"
    return ",".join(sorted(slugs[each] for each in token.instance_ids if each in slugs))


def _scopes(token: ServiceToken) -> str:
    return "all scopes" if set(token.scopes) == set(SCOPES) else ",".join(token.scopes)


def _times(token: ServiceToken) -> tuple[str, str]:
    used = f"used {_day(token.last_used_at)}" if token.last_used_at else "never used"
    return used, f"until {_day(token.expires_at)}" if token.expires_at else ""


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _aligned(rows: Iterable[tuple[str, ...]]) -> str:
    """Return the rows with their columns below each other, two spaces and more apart."""
    table = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    ]
    return "\n".join(lines)
