"""A person who reloads a page that does not come, does what each page offers, and starts again where it ends."""

from collections.abc import Awaitable, Callable

import httpx

from tests.nodes import Network, Person

RELOADS = 3
LONGEST_WAY = 16


class GaveUp(Exception):
    """The page did not come, however often it was reloaded."""


class PatientPerson(Person):
    """Somebody who verifies admin access without knowing what goes wrong; `pause` is what they wait for."""

    def __init__(self, network: Network, pause: Callable[[], Awaitable[None]]) -> None:
        super().__init__(network)
        self.pause = pause

    async def send(self, request: httpx.Request) -> httpx.Response:
        for _ in range(RELOADS):
            try:
                return await super().send(request)
            except httpx.TransportError:
                await self.pause()
        raise GaveUp

    async def verify(self, start_url: str, *, decision: str = "accept", login: str = "alice") -> None:
        """Go from the start page as far as the pages lead; a second time where the first was a dead end."""
        try:
            for _ in range(2):
                await self.open(start_url)
                await self._follow(start_url, decision, login)
                if self.url == start_url and self.status == httpx.codes.OK:
                    return
        except GaveUp:
            return

    async def _follow(self, start_url: str, decision: str, login: str) -> None:
        """Do what the page offers, until it offers nothing."""
        for _ in range(LONGEST_WAY):
            form = next(iter(self.forms()), None)
            if form is None:
                return
            if "login" in form.fields:
                await self.sign_in(login)
            elif decision in {button.value for button in form.buttons}:
                await self.submit(button=decision)
            elif self.url == start_url:
                await self.submit()
            else:
                return
        raise AssertionError(f"the pages lead nowhere: {self.visited}")
