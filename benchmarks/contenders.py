"""Who is measured: a pair of nodes with its database, and what one whole set-up with it is."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from benchmarks.cpu import cpu_seconds, resident_megabytes
from benchmarks.databases import Server
from benchmarks.http_client import HttpClient
from benchmarks.processes import Served

Flow = Callable[[HttpClient], Awaitable[int]]
"""Does one whole set-up and returns how many requests it took; raises where it does not reach its end."""


Check = Callable[[HttpClient], Awaitable[int]]
"""Returns how many set-ups both sides agree on; raises where they differ."""


async def nothing_to_check(_http: HttpClient) -> int:
    """What keeps no connections has none that the sides could see differently."""
    return 0


@dataclass(frozen=True, slots=True)
class Contender:
    """A pair of servers on one kind of database."""

    name: str
    servers: tuple[Served, ...]
    database: Server
    flow: Flow
    count_agreed: Check = nothing_to_check
    counts: Callable[[], Mapping[str, Mapping[str, int]]] = field(default=dict)

    def cpu(self) -> tuple[float, float]:
        """Return the CPU seconds of its servers, and those of its database server."""
        of_servers = sum(cpu_seconds(server.pid) for server in self.servers)
        return of_servers, cpu_seconds(self.database.pid) if self.database.pid else 0.0

    def megabytes(self) -> list[float]:
        """Return what each server has in memory."""
        return [resident_megabytes(server.pid) for server in self.servers]
