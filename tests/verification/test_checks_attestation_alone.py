"""P8: an attestation that is sound by itself, and still not the one for this attempt."""

from typing import Any

import pytest

from service.authorization.tokens import exchange as tokens
from service.trust.signatures import stamp
from tests.pairs import Pair

pytestmark = pytest.mark.anyio


async def accept(pair: Pair) -> dict[str, Any]:
    """Return the connection after an admin at B accepted and both nodes did what they could."""
    draft = await pair.draft()
    person = await pair.to_consent(await pair.session(draft))
    await person.submit(button="accept")
    await pair.work()
    return await pair.shown(draft)


async def test_a_missing_attestation_ends_the_attempt(pair: Pair) -> None:
    draft = await pair.draft()
    person = await pair.to_consent(await pair.session(draft))
    await person.submit(button="accept")
    pair.network.rewrite = (b'"connection_attestation":', b'"something_else":')
    await pair.a.work()
    back = await pair.shown(draft)
    assert back["state"] == "draft"
    assert back["last_error"]["upstream"]["description"] == "missing"


async def test_an_attestation_works_once(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other node signs a fresh one for each attempt; the same `jti` again is the same word again."""
    monkeypatch.setattr(tokens, "stamp", lambda now, life: {**stamp(now, life), "jti": "the same"})
    assert (await accept(pair))["state"] == "active"
    again = await accept(pair)
    assert again["state"] == "draft"
    assert again["last_error"]["upstream"]["description"] == "jti"


async def test_a_bearer_token_is_refused_and_nothing_active(pair: Pair) -> None:
    """A token that is bound to no key would open the connection to whoever sees it."""
    draft = await pair.draft()
    person = await pair.to_consent(await pair.session(draft))
    await person.submit(button="accept")
    pair.network.rewrite = (b'"token_type":"DPoP"', b'"token_type":"Bearer"')
    await pair.a.work()
    assert (await pair.shown(draft))["state"] == "draft"
