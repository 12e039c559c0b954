"""P8, each check by itself: an attestation that does not answer this attempt ends it, and the draft is back."""

from typing import Any

import pytest

from service.authorization.tokens import exchange as tokens
from service.trust import signatures
from service.trust.signatures import Purpose, SigningKey
from tests.pairs import Pair

pytestmark = pytest.mark.anyio

OTHER_KEY = signatures.load_key(signatures.generate_key())
LIES: dict[str, dict[str, Any]] = {
    "nonce": {"nonce": "n" * 43},
    "shared_id": {"shared_id": "00000000-0000-4000-8000-000000000000"},
    "instance": {"instance": "https://elsewhere.test/tracker"},
    "scope": {"scope": "items:read everything:else"},
    "cnf.jkt": {"cnf": {"jkt": OTHER_KEY.kid}},
    "iss": {"iss": "https://evil.test/i/b-tracker"},
    "aud": {"aud": "https://evil.test/i/a-tracker/oauth/client.json"},
    "auth_time": {"auth_time": 1_000_000_000},
    "exp": {"exp": 1_000_000_000},
}


def attest_with(monkeypatch: pytest.MonkeyPatch, lie: dict[str, Any], key: SigningKey | None = None) -> None:
    """Node B's attestations say something else, signed by its own key unless another is given."""
    true_sign = signatures.sign

    def sign(purpose: Purpose, claims: dict[str, Any], own: SigningKey, **more: Any) -> str:
        if purpose is Purpose.ATTESTATION:
            return true_sign(purpose, {**claims, **lie}, key or own, **more)
        return true_sign(purpose, claims, own, **more)

    monkeypatch.setattr(tokens, "sign", sign)


async def accept(pair: Pair) -> dict[str, Any]:
    """Return the connection after an admin at B accepted and both nodes did what they could."""
    draft = await pair.draft()
    person = await pair.to_consent(await pair.session(draft))
    await person.submit(button="accept")
    await pair.work()
    return await pair.shown(draft)


@pytest.mark.parametrize("claim", LIES)
async def test_an_attestation_with_a_wrong_claim_ends_the_attempt(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, claim: str
) -> None:
    attest_with(monkeypatch, LIES[claim])
    back = await accept(pair)
    assert back["state"] == "draft"
    assert back["last_error"]["code"] == "destination-refused"
    assert back["last_error"]["upstream"]["reason"] == "attestation_invalid"
    assert [item["state"] for item in await pair.listed_at_b()] == ["closed"]


async def test_an_attestation_signed_by_another_key_ends_the_attempt(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    attest_with(monkeypatch, {}, OTHER_KEY)
    back = await accept(pair)
    assert back["last_error"]["upstream"] == {
        "reason": "attestation_invalid",
        "host": pair.b.issuer,
        "description": "kid",
    }


async def test_less_scope_than_asked_is_taken_as_it_is(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    attest_with(monkeypatch, {"scope": "items:read"})
    shown = await accept(pair)
    assert (shown["state"], shown["scope"]) == ("active", ["items:read"])


async def test_a_bearer_token_is_refused(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = await pair.draft()
    person = await pair.to_consent(await pair.session(draft))
    await person.submit(button="accept")
    pair.network.rewrite = (b'"token_type":"DPoP"', b'"token_type":"Bearer"')
    await pair.a.work()
    assert (await pair.shown(draft))["last_error"]["upstream"]["reason"] == "unexpected_answer"


async def test_the_snapshot_of_the_other_nodes_keys_is_used_for_the_whole_attempt(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = await pair.draft()
    person = await pair.to_consent(await pair.session(draft))
    before = len([each for each in pair.network.seen if each.url.path.endswith(("/jwks", "/i/b-tracker"))])
    await person.submit(button="accept")
    await pair.a.work()
    after = len([each for each in pair.network.seen if each.url.path.endswith(("/jwks", "/i/b-tracker"))])
    assert (await pair.shown(draft))["state"] == "active"
    assert after == before
