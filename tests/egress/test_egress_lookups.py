"""A name server that is slow on purpose holds up who asked for its names, and nobody else."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing

import pytest

from service.egress.client import Egress, EgressFailure, EgressPolicy, Reason
from service.egress.host_names import DNS_THREADS
from service.limits import at_once
from service.limits.at_once import AtOnce, Full

pytestmark = pytest.mark.anyio
MOST = 3
DEADLINE_SECONDS = 0.05


class SlowNames:
    """The system's resolver: names that begin with `slow` are answered when the test says so, others not at all."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.may_answer = threading.Event()

    def __call__(self, host: str, *_: object, **__: object) -> list[object]:
        self.asked.append(host)
        if host.startswith("slow"):
            self.may_answer.wait(30)
        raise socket.gaierror(socket.EAI_NONAME, "unknown")


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowNames]:
    names = SlowNames()
    monkeypatch.setattr("service.egress.client.socket.getaddrinfo", names)
    monkeypatch.setattr(at_once, "WAIT_SECONDS", 0.0)
    yield names
    names.may_answer.set()


@pytest.fixture
async def egress(names: SlowNames) -> AsyncIterator[Egress]:
    async with aclosing(Egress(EgressPolicy(timeout_seconds=DEADLINE_SECONDS))) as egress:
        yield egress


async def call(egress: Egress, host: str) -> Reason:
    """Return why the call failed; every call here does."""
    with pytest.raises(EgressFailure) as failure:
        await egress.request("GET", f"https://{host}/")
    return failure.value.reason


async def soon(egress: Egress, host: str) -> Reason:
    """Return why the call failed, once it was not for being late: a machine under load may be slow itself."""
    for _ in range(100):
        reason = await call(egress, host)
        if reason is not Reason.TIMEOUT:
            return reason
    return Reason.TIMEOUT


async def test_a_slow_name_is_looked_up_once_however_many_ask(egress: Egress, names: SlowNames) -> None:
    calls = (call(egress, "slow.example") for _ in range(2 * DNS_THREADS))
    assert set(await asyncio.gather(*calls)) == {Reason.TIMEOUT}
    assert await soon(egress, "partner.example") is Reason.DNS
    assert names.asked.count("slow.example") == 1
    names.may_answer.set()
    assert await soon(egress, "slow.example") is Reason.DNS


async def test_who_gave_up_waiting_for_a_slow_name_keeps_the_place_until_it_is_answered(
    egress: Egress, names: SlowNames
) -> None:
    """Places are for strangers: however many slow names they think of, most look-ups are left for partners."""
    places = AtOnce()

    async def ask(host: str) -> Reason | None:
        try:
            async with places.place("strangers", MOST):
                return await call(egress, host)
        except Full:
            return None

    answers = [await ask(f"slow{number}.example") for number in range(2 * MOST)]
    assert answers == [Reason.TIMEOUT] * MOST + [None] * MOST
    assert len(names.asked) == MOST
    assert await soon(egress, "partner.example") is Reason.DNS
    names.may_answer.set()
    assert await soon(egress, "slow0.example") is Reason.DNS
    assert await ask("other.example") is not None
