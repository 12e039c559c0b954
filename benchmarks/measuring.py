"""Drives set-ups, so many at once, and takes what they cost while they run."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles

from benchmarks.browser import WentWrong
from benchmarks.contenders import Contender
from benchmarks.http_client import HttpClient


@dataclass(slots=True)
class Round:
    """What one contender did in one go."""

    flows: int
    wall: float
    cpu: float
    cpu_of_database: float
    cpu_of_driver: float
    requests: int
    seconds: list[float]
    failures: list[str] = field(default_factory=list)

    @property
    def cpu_ms(self) -> float:
        """CPU milliseconds for each flow, the database server's included."""
        return (self.cpu + self.cpu_of_database) / self.flows * 1000


async def drive(contender: Contender, flows: int, at_once: int) -> Round:
    """Do so many flows, so many at once; one that fails is told, and the others go on."""
    waiting = iter(range(flows))
    seconds: list[float] = []
    failures: list[str] = []
    requests = 0

    async def lane() -> None:
        nonlocal requests
        for _ in waiting:
            began = time.perf_counter()
            try:
                async with HttpClient() as http:
                    took = await contender.flow(http)
            except (WentWrong, TimeoutError, OSError, asyncio.IncompleteReadError, LookupError) as fault:
                failures.append(f"{type(fault).__name__}: {fault}")
            else:
                requests += took
                seconds.append(time.perf_counter() - began)

    before, driver, began = contender.cpu(), time.process_time(), time.perf_counter()
    async with asyncio.TaskGroup() as lanes:
        for _ in range(at_once):
            lanes.create_task(lane())
    wall, after = time.perf_counter() - began, contender.cpu()
    return Round(
        flows=max(len(seconds), 1),
        wall=wall,
        cpu=after[0] - before[0],
        cpu_of_database=after[1] - before[1],
        cpu_of_driver=time.process_time() - driver,
        requests=requests,
        seconds=seconds or [float("nan")],
        failures=failures,
    )


@dataclass(frozen=True, slots=True)
class Summary:
    """All rounds of one contender; times in milliseconds."""

    contender: str
    flows: int
    failed: int
    per_second: float
    p50: float
    p99: float
    cpu: float
    cpu_of_database: float
    cpu_of_driver: float
    requests: float

    @property
    def total(self) -> float:
        """CPU milliseconds for each flow, the database server's included."""
        return self.cpu + self.cpu_of_database


def summary(contender: str, rounds: Sequence[Round]) -> Summary:
    """Return the rounds as one."""
    flows = sum(each.flows for each in rounds)
    seconds = sorted(second for each in rounds for second in each.seconds)
    return Summary(
        contender=contender,
        flows=flows,
        failed=sum(len(each.failures) for each in rounds),
        per_second=flows / sum(each.wall for each in rounds),
        p50=median(seconds) * 1000,
        p99=(quantiles(seconds, n=100)[98] if len(seconds) > 1 else seconds[0]) * 1000,
        cpu=sum(each.cpu for each in rounds) / flows * 1000,
        cpu_of_database=sum(each.cpu_of_database for each in rounds) / flows * 1000,
        cpu_of_driver=sum(each.cpu_of_driver for each in rounds) / flows * 1000,
        requests=sum(each.requests for each in rounds) / flows,
    )


def ratio(one: Sequence[Round], other: Sequence[Round]) -> float:
    """Return how many times the other's CPU the one takes: the median over pairs of neighbouring rounds."""
    return median(mine.cpu_ms / theirs.cpu_ms for mine, theirs in zip(one, other, strict=True))
