"""How names become addresses: each name is looked up once at a time, and one address out of bounds refuses them all."""

import asyncio
import socket
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

from service.egress.policy import EgressPolicy, may_dial, parse_address
from service.limits.at_once import keep_place_until

# Strangers have 20 places to make this node look at hosts and 20 for client documents (docs/limits.md): a look that
# goes on to a second slow name takes two of these, and most are left for the hosts of partners.
DNS_THREADS = 128
NUMERIC = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV


class AddressRefused(OSError):
    """This address may not be dialled; no packet was sent to it.

    An OSError, because the connector passes only these on with their cause.
    """


class SystemResolver(AbstractResolver):
    """Asks the system in threads of its own, so that names that are slow to resolve hold up nothing else.

    No look-up can be called off. So each name has one at a time, whoever asks, and whoever has a place for what
    strangers may cause keeps it until the look-up has ended: a hostile name server takes a few threads (ADR 0032).
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(DNS_THREADS, "dns")
        self._under_way: dict[tuple[str, int, int], Future[Any]] = {}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of the name; raises OSError."""
        look_up = self._look_up(host, port, family)
        keep_place_until(look_up)
        answer = asyncio.wrap_future(look_up)
        answer.add_done_callback(_retrieve)
        found = await asyncio.shield(answer)
        return [
            ResolveResult(
                hostname=host, host=str(address[0]), port=port, family=family, proto=protocol, flags=NUMERIC
            )
            for family, _, protocol, _, address in found
        ]

    def _look_up(self, host: str, port: int, family: socket.AddressFamily) -> Future[Any]:
        """Return the look-up of this name that is under way, or a new one."""
        self._under_way = {name: each for name, each in self._under_way.items() if not each.done()}
        name = (host, port, int(family))
        if name not in self._under_way:
            self._under_way[name] = self._threads.submit(
                socket.getaddrinfo, host, port, family, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
            )
        return self._under_way[name]

    async def close(self) -> None:
        """No look-up is begun any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _retrieve(answer: asyncio.Future[Any]) -> None:
    """Nobody has to wait for it any more, and asyncio does not complain about that."""
    if not answer.cancelled():
        answer.exception()


class CheckedResolver(AbstractResolver):
    """Resolves names; one address that may not be dialled refuses them all."""

    def __init__(self, policy: EgressPolicy, inner: AbstractResolver) -> None:
        self._policy = policy
        self._inner = inner

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of the name; raises OSError, AddressRefused among them."""
        found = await self._inner.resolve(host, port, family)
        for result in found:
            address = parse_address(result["host"])
            if address is None or not may_dial(host.lower(), address, self._policy):
                raise AddressRefused
        return found

    async def close(self) -> None:
        """No look-up is begun any more."""
        await self._inner.close()
