"""A sign-in counts as wrong before the platform is asked, and is taken back where it was not."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from service.access.guesses import count_guess, forget_guesses, is_known, keep_in_mind, take_back
from service.database.sessions import transaction
from service.http import acting
from service.instances.models import Instance
from service.limits.table import (
    WRONG_SIGN_INS_BY_ACCOUNT,
    WRONG_SIGN_INS_BY_SOURCE,
    WRONG_SIGN_INS_BY_SOURCE_AND_ACCOUNT,
    Limit,
    source_of,
    too_often,
)
from service.node import Node
from service.platforms.description import PlatformDescription
from service.platforms.interface import Credential

KNOWN_SOURCE = "known-source"
KNOWN_FOR = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Try:
    """An account of an instance that somebody tries, and from where; a key that nobody guesses names no account."""

    instance_id: str
    source: str
    account: str | None

    @property
    def pair(self) -> str:
        """The account as it is tried from this source."""
        return json.dumps([self.instance_id, self.source, self.account])

    def counted(self) -> Iterator[tuple[Limit, str]]:
        """Yield each limit with its subject, in the one order in which they are locked."""
        yield WRONG_SIGN_INS_BY_SOURCE, self.source
        if self.account is not None:
            yield WRONG_SIGN_INS_BY_SOURCE_AND_ACCOUNT, self.pair
            yield WRONG_SIGN_INS_BY_ACCOUNT, json.dumps([self.instance_id, self.account])


def read_try(description: PlatformDescription, instance: Instance, credential: Credential) -> Try:
    """Return what is tried by the request that is served now."""
    fields = next(method.fields for method in description.sign_in if method.id == credential.method)
    names = [credential.values[field.name].strip().casefold() for field in fields if not field.secret]
    account = json.dumps(names) if names else None
    return Try(instance.id, source_of(acting.current().address), account)


async def count_try(node: Node, tried: Try) -> None:
    """The try is counted before it is known to be wrong; raises RateLimited, and then it does not count.

    Strangers at many addresses can use up an account's share. They do not lock out its owner by that, where
    the owner has signed in from this source before.
    """
    now = node.clock.now()
    async with transaction(node.database) as session:
        for limit, subject in tried.counted():
            standing = await count_guess(session, limit, subject, now)
            if not standing.is_over:
                continue
            if limit is WRONG_SIGN_INS_BY_ACCOUNT and await is_known(session, KNOWN_SOURCE, tried.pair, now):
                continue
            raise too_often(standing, now)


async def take_back_try(node: Node, tried: Try) -> None:
    """The try was no guess: the platform said nothing about the credential."""
    async with transaction(node.database) as session:
        for limit, subject in tried.counted():
            await take_back(session, limit, subject)


async def accept_try(session: AsyncSession, tried: Try, now: datetime) -> None:
    """The credential was right: nothing is held against this account at this source, which is known now."""
    for limit, subject in tried.counted():
        if limit is WRONG_SIGN_INS_BY_SOURCE_AND_ACCOUNT:
            await forget_guesses(session, limit, subject)
        else:
            await take_back(session, limit, subject)
    if tried.account is not None:
        await keep_in_mind(session, KNOWN_SOURCE, tried.pair, KNOWN_FOR, now)
