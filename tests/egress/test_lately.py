"""What is remembered of good answers, for how long, and what has it forgotten."""

import httpx
import pytest

from service.egress.answers import Answer
from service.egress.client import Egress, EgressPolicy
from service.egress.lately import MOST_ANSWERS, MOST_BYTES, Lately, Remembering
from service.values.moments import seconds_ahead
from tests.small_node import NOW, FrozenClock

pytestmark = pytest.mark.anyio
ISSUER = "https://b.test/i/b"
METADATA = "https://b.test/.well-known/oauth-authorization-server/i/b"
HEADERS = {"content-type": "application/json", "date": "Wed, 02 Jan 2030 03:04:05 GMT"}


def answer(body: bytes = b"{}", status: int = 200, **headers: str) -> Answer:
    return Answer(status, {**HEADERS, **headers}, body)


class Host:
    """A host whose answers are counted."""

    def __init__(self) -> None:
        self.clock, self.lately, self.asked = FrozenClock(), Lately(), 0
        self.status = 200
        self._egress = Egress(EgressPolicy(), transport=httpx.MockTransport(self._answer))

    def way_out(self, *, fresh: bool = False) -> Remembering:
        return Remembering(self._egress, self.lately, self.clock, fresh=fresh)

    def _answer(self, _: httpx.Request) -> httpx.Response:
        self.asked += 1
        return httpx.Response(self.status, headers=HEADERS, content=b'"%d"' % self.asked)


async def test_a_host_is_asked_once_in_a_minute() -> None:
    host = Host()
    first = await host.way_out().request("GET", METADATA)
    host.clock.advance(59)
    again = await host.way_out().request("GET", METADATA)
    assert (again.body, host.asked) == (first.body, 1)
    host.clock.advance(1)
    assert (await host.way_out().request("GET", METADATA)).body != first.body
    assert host.asked == 2


async def test_who_asks_for_fresh_answers_gets_them_and_others_get_the_same() -> None:
    host = Host()
    await host.way_out().request("GET", METADATA)
    fresh = await host.way_out(fresh=True).request("GET", METADATA)
    assert (fresh.body, host.asked) == (b'"2"', 2)
    assert (await host.way_out().request("GET", METADATA)).body == fresh.body


async def test_another_kind_of_answer_is_another_question() -> None:
    host = Host()
    for accept in ("application/json", "text/html"):
        await host.way_out().request("GET", METADATA, headers={"Accept": accept})
    assert host.asked == 2


@pytest.mark.parametrize("options", [{"json": {}}, {"form": {}}, {"basic_auth": ("a", "b")}])
async def test_only_plain_reads_are_remembered(options: dict[str, object]) -> None:
    host = Host()
    for _ in range(2):
        await host.way_out().request("GET", METADATA, **options)
        await host.way_out().request("POST", METADATA)
    assert host.asked == 4


async def test_a_refusal_is_not_remembered_and_ends_what_was() -> None:
    host = Host()
    await host.way_out().request("GET", METADATA)
    host.status = 503
    await host.way_out(fresh=True).request("GET", METADATA)
    host.status = 200
    assert (await host.way_out().request("GET", METADATA)).body == b'"3"'


def test_the_other_clock_is_read_as_well_from_a_remembered_answer() -> None:
    lately, clock = Lately(), FrozenClock()
    lately.keep((METADATA, ""), answer(), clock.now())
    clock.advance(45)
    found = lately.find((METADATA, ""), clock.now())
    assert found is not None
    assert seconds_ahead(found.headers, clock.now()) == seconds_ahead(HEADERS, NOW)


@pytest.mark.parametrize(
    "unfit", [answer(b"x" * (MOST_BYTES + 1)), answer(status=404), answer(status=302), answer(age="5")]
)
def test_what_is_not_remembered(unfit: Answer) -> None:
    lately = Lately()
    lately.keep((METADATA, ""), unfit, NOW)
    assert lately.find((METADATA, ""), NOW) is None


def test_what_seems_to_come_from_the_future_is_asked_anew() -> None:
    """The clock was set back: nobody knows how old it is."""
    lately, clock = Lately(), FrozenClock()
    lately.keep((METADATA, ""), answer(), clock.now())
    clock.advance(-1)
    assert lately.find((METADATA, ""), clock.now()) is None


def test_all_is_forgotten_that_is_of_an_issuer_or_names_it() -> None:
    lately = Lately()
    bodies = {METADATA: ISSUER, f"{ISSUER}/oauth/jwks": "keys", "https://tracker.test/.well-known/x": ISSUER}
    for url, body in {**bodies, "https://c.test/x": "another"}.items():
        lately.keep((url, ""), answer(body.encode()), NOW)
    lately.forget(ISSUER)
    assert [lately.find((url, ""), NOW) for url in bodies] == [None] * 3
    assert lately.find(("https://c.test/x", ""), NOW) is not None


def test_no_more_than_so_many_are_remembered() -> None:
    lately = Lately()
    for number in range(MOST_ANSWERS + 1):
        lately.keep((f"https://{number}.test/", ""), answer(), NOW)
    assert lately.find(("https://0.test/", ""), NOW) is None
    assert lately.find(("https://1.test/", ""), NOW) is not None
