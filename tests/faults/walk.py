"""A set-up step by step: whoever walks along may do something at any of them, and it goes on all the same."""

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from tests.faults.patient_person import GaveUp, PatientPerson
from tests.faults.stage import Stage
from tests.faults.steps import Event, Step

Json = dict[str, Any]
TWENTY_MINUTES = 20 * 60
AFTER_A_BACKOFF = 10


@dataclass
class Walk:
    """One set-up by a person who tries each step, also where the pages do not offer it any more."""

    stage: Stage
    person: PatientPerson = field(init=False)
    session: Json = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.person = PatientPerson(self.stage.network, self.stage.revive)

    async def steps(self) -> AsyncIterator[Step]:
        """Stop at each step in its order."""
        stage, person, network = self.stage, self.person, self.stage.network
        self.session = await stage.pair.session(stage.draft)
        yield Step.CREATED
        await person.open(self.session["start_url"])
        await self._sign_in()
        yield Step.SIGNED_IN
        await self._press()
        yield Step.PUSHED
        await self._sign_in()
        yield Step.ASKED
        network.hold_back = "/oauth/callback"
        await self._press("accept")
        network.hold_back = None
        yield Step.ACCEPTED
        await person.open(person.url)
        yield Step.RETURNED
        async for step in self._finish():
            yield step

    async def _finish(self) -> AsyncIterator[Step]:
        """The part without the person, with each answer lost once."""
        pair, network = self.stage.pair, self.stage.network
        network.lose_answers = ["/oauth/token"]
        await pair.work()
        yield Step.REDEEMED
        network.lose_requests = ["/activation"]
        pair.clock.advance(AFTER_A_BACKOFF)
        await pair.work()
        yield Step.VERIFIED
        network.lose_requests, network.lose_answers = [], ["/activation"]
        pair.clock.advance(AFTER_A_BACKOFF)
        await pair.work()
        yield Step.COMMITTED
        network.lose_answers = []
        pair.clock.advance(AFTER_A_BACKOFF)
        await pair.work()
        yield Step.ACTIVE

    async def let(self, event: Event) -> None:
        """It happens."""
        pair = self.stage.pair
        match event:
            case Event.TIME:
                pair.clock.advance(TWENTY_MINUTES)
                await pair.work()
            case Event.CANCEL:
                await pair.a.api.delete(f"/v1/verification-sessions/{self.session['id']}")
            case Event.CLOSE_A:
                await pair.a.api.delete(f"/v1/connections/{self.stage.draft['id']}")
            case Event.DENY:
                await self._press("deny")
            case Event.CLOSE_B:
                there = (await pair.listed_at_b())[0]
                await pair.b.api.delete(f"/v1/connections/{there['id']}")

    async def _sign_in(self) -> None:
        with suppress(LookupError, GaveUp):
            await self.person.sign_in()

    async def _press(self, button: str | None = None) -> None:
        """A page without such a button is a dead end, and the person stays there."""
        with suppress(LookupError, GaveUp):
            await self.person.submit(button=button)
