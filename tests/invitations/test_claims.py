"""Who may claim an invitation: only the key that proves to be whom it says it is, with the secret, and once."""

from typing import Any

import httpx
import pytest

from service.trust import signatures
from tests.authorization.stranger import error_of
from tests.invitations.claimant import Claimant, secret_of
from tests.invitations.invited import Invited
from tests.pairs import Pair

pytestmark = pytest.mark.anyio
Json = dict[str, Any]
STATEMENT = (400, "invalid_software_statement")
METADATA = (400, "invalid_client_metadata")
NOBODY = (401, "invalid_token")
ANOTHER_ID = "11111111-2222-4333-8444-555555555555"


@pytest.fixture
async def code(invited: Invited) -> str:
    """The code of a fresh invitation for anybody."""
    return str((await invited.invite())["code"])


async def refused(invited: Invited, answer: httpx.Response, expected: tuple[int, str]) -> None:
    """The claim was refused in these words, and the invitation is open as it was."""
    assert error_of(answer) == expected, answer.text
    (newest, *_) = (await invited.pair.a.read("/v1/invitations"))["items"]
    assert (newest["state"], newest["claimed_by"]) == ("open", None)


async def history(invited: Invited) -> list[tuple[str, str | None]]:
    path = f"/v1/connections/{invited.draft['id']}/history?limit=100"
    return [(event["what"], event["why"]) for event in (await invited.pair.a.read(path))["items"]]


async def test_a_claim_is_its_keys_and_the_same_key_may_ask_for_ever(
    pair: Pair, invited: Invited, claimant: Claimant, code: str
) -> None:
    first = await claimant.register(code)
    assert first.status_code == 201
    assert first.headers["cache-control"] == "no-store"
    assert first.json() == {
        "client_id": claimant.client_id,
        "client_id_issued_at": int(pair.clock.now().timestamp()),
        "token_endpoint_auth_method": "private_key_jwt",
        "grant_types": ["client_credentials"],
        "shared_id": claimant.shared_id,
        "invitation_state": "claimed",
    }
    pair.clock.advance(3600)
    assert (await claimant.register(code)).json() == first.json()
    (shown,) = (await pair.a.read("/v1/invitations"))["items"]
    assert shown["claimed_by"] == {
        "host": "asker.test",
        "verified": True,
        "fingerprint": claimant.kid,
        "name": "Asking tracker",
        "platform": "sandbox",
        "url": "https://asker.test/tracker",
    }


async def test_a_private_claimant_gets_a_client_id_from_the_inviter(
    pair: Pair, invited: Invited, claimant: Claimant, code: str
) -> None:
    claimant.be_private()
    await claimant.claimed(code)
    assert claimant.client_id == f"{pair.a.issuer}/oauth/clients/{claimant.kid}"
    (shown,) = (await pair.a.read("/v1/invitations"))["items"]
    assert (shown["claimed_by"]["host"], shown["claimed_by"]["verified"]) == (None, False)
    assert (await claimant.connection_token()).status_code == 200
    primary = next(each for each in (await invited.ours())["next_actions"] if each["primary"])
    assert f"private side, fingerprint {claimant.kid}" in primary["description"].replace(
        "A private", "private"
    )


async def test_a_wrong_secret_is_refused_like_an_unknown_invitation(
    invited: Invited, claimant: Claimant, code: str
) -> None:
    wrong = await claimant.register(code, secret="w" * 43)
    unknown = await claimant.register(code, software_statement=claimant.statement(code, invitation="inv_0"))
    assert wrong.json() == unknown.json()
    await refused(invited, wrong, NOBODY)
    assert (await claimant.asks(code, secret="w" * 43)).json() == wrong.json()
    assert ("invitation.refused", "wrong_code") in await history(invited)


async def test_five_wrong_codes_lock_it_over_restarts_too(
    pair: Pair, invited: Invited, claimant: Claimant, code: str
) -> None:
    for guess in range(4):
        await claimant.asks(code, secret=str(guess) * 43)
    await pair.a.stop()
    await pair.a.start()
    assert (await claimant.register(code, secret="4" * 43)).status_code == 401
    (shown,) = (await pair.a.read("/v1/invitations"))["items"]
    assert shown["state"] == "locked"
    assert error_of(await claimant.register(code)) == (410, "invitation_unusable")
    ours = await invited.ours()
    assert (ours["state"], ours["last_error"]["reason"]) == ("draft", "locked")
    assert (await claimant.register(str((await invited.invite())["code"]))).status_code == 201


async def test_wrong_codes_do_not_lock_what_somebody_has(
    pair: Pair, invited: Invited, claimant: Claimant, code: str
) -> None:
    await claimant.claimed(code)
    for _ in range(7):
        await claimant.asks(code, secret="w" * 43)
    assert (await claimant.asks(code)).json()["state"] == "claimed"


async def test_another_key_after_the_claim_gets_nothing(
    pair: Pair, invited: Invited, claimant: Claimant, code: str
) -> None:
    await claimant.claimed(code)
    other = Claimant(pair.network, pair.a, "other.test")
    other.shared_id = claimant.shared_id
    assert error_of(await other.register(code)) == NOBODY
    assert ("invitation.refused", "invalid_token") in await history(invited)
    (shown,) = (await pair.a.read("/v1/invitations"))["items"]
    assert shown["claimed_by"]["host"] == "asker.test"


async def test_the_claim_with_another_shared_id_is_another_claim(claimant: Claimant, code: str) -> None:
    await claimant.claimed(code)
    statement = claimant.statement(code, shared_id=ANOTHER_ID)
    assert error_of(await claimant.register(code, software_statement=statement)) == NOBODY


async def test_a_statement_about_another_invitation_needs_its_secret(
    invited: Invited, claimant: Claimant, code: str
) -> None:
    other = str((await invited.invite())["code"])
    answer = await claimant.register(other, secret=secret_of(code))
    await refused(invited, answer, NOBODY)


async def test_a_statement_for_another_issuer_is_refused(
    pair: Pair, invited: Invited, claimant: Claimant, code: str
) -> None:
    statement = claimant.statement(code, aud=pair.b.issuer)
    await refused(invited, await claimant.register(code, software_statement=statement), STATEMENT)


async def test_a_statement_of_another_key_is_refused(invited: Invited, claimant: Claimant, code: str) -> None:
    victim = signatures.load_key(signatures.generate_key()).public_jwk
    claimant.be_private()
    await refused(invited, await claimant.register(code, jwks={"keys": [dict(victim)]}), STATEMENT)


async def test_a_statement_by_another_client_uri_is_refused(
    pair: Pair, invited: Invited, claimant: Claimant, code: str
) -> None:
    statement = claimant.statement(code, iss=pair.b.issuer)
    await refused(invited, await claimant.register(code, software_statement=statement), STATEMENT)


async def test_an_expired_statement_is_refused(
    pair: Pair, invited: Invited, claimant: Claimant, code: str
) -> None:
    statement = claimant.statement(code)
    pair.clock.advance(71)
    await refused(invited, await claimant.register(code, software_statement=statement), STATEMENT)


async def test_a_reflected_statement_is_refused(
    pair: Pair, invited: Invited, claimant: Claimant, code: str
) -> None:
    claimant.be_private()
    statement = claimant.statement(code, iss=pair.a.issuer)
    answer = await claimant.register(code, software_statement=statement, client_uri=pair.a.issuer)
    await refused(invited, answer, STATEMENT)


async def test_a_statement_jti_works_once(invited: Invited, claimant: Claimant, code: str) -> None:
    first = claimant.statement(code, jti="j" * 32)
    assert (await claimant.register(code, software_statement=first)).status_code == 201
    claimant.shared_id = ANOTHER_ID
    other = str((await invited.invite())["code"])
    again = claimant.statement(other, jti="j" * 32)
    await refused(invited, await claimant.register(other, software_statement=again), STATEMENT)


async def test_a_registration_has_one_key_in_it(invited: Invited, claimant: Claimant, code: str) -> None:
    other = dict(signatures.load_key(signatures.generate_key()).public_jwk)
    both = {"keys": [claimant.public_members(), other]}
    await refused(invited, await claimant.register(code, jwks=both), METADATA)


async def test_a_registered_key_is_without_a_private_part(
    invited: Invited, claimant: Claimant, code: str
) -> None:
    private = {"keys": [{**claimant.public_members(), "d": claimant.jwk["x"]}]}
    await refused(invited, await claimant.register(code, jwks=private), METADATA)


async def test_the_grant_client_credentials_is_asked_for(
    invited: Invited, claimant: Claimant, code: str
) -> None:
    await refused(invited, await claimant.register(code, grant_types=["password"]), METADATA)


async def test_a_key_of_our_own_is_not_claimed_with(
    pair: Pair, invited: Invited, claimant: Claimant, code: str
) -> None:
    (own,) = (await pair.a.read(f"/i/{pair.a.slug}/oauth/jwks"))["keys"]
    claimant.publish(claimant.jwk, own)
    await refused(invited, await claimant.register(code), (401, "invalid_client"))


async def test_the_expected_partner_alone_may_claim(pair: Pair, claimant: Claimant) -> None:
    invited = Invited(pair, await pair.draft("basic"))
    code = str((await invited.invite())["code"])
    await refused(invited, await claimant.register(code), (400, "unapproved_software_statement"))
    assert ("invitation.refused", "unapproved_software_statement") in await history(invited)


async def test_the_expected_partner_who_says_to_be_private_shows_its_key_all_the_same(
    pair: Pair, claimant: Claimant
) -> None:
    invited = Invited(pair, await pair.draft("basic"))
    code = str((await invited.invite())["code"])
    claimant.facts["network"] = "private"
    claimant.issuer = pair.b.issuer
    await refused(invited, await claimant.register(code), METADATA)


async def test_a_public_issuer_publishes_the_key_that_claims(
    invited: Invited, claimant: Claimant, code: str
) -> None:
    claimant.change_key()
    await refused(invited, await claimant.register(code), METADATA)
    claimant.publish(claimant.jwk)
    assert (await claimant.register(code)).status_code == 201


async def test_a_public_issuer_that_is_away_may_claim_later(
    pair: Pair, invited: Invited, claimant: Claimant, code: str
) -> None:
    pair.network.down.add("asker.test")
    answer = await claimant.register(code)
    await refused(invited, answer, (503, "temporarily_unavailable"))
    assert answer.headers["retry-after"]
    pair.network.down.clear()
    assert (await claimant.register(code)).status_code == 201


async def test_a_public_issuer_without_a_node_cannot_claim(
    invited: Invited, claimant: Claimant, code: str
) -> None:
    claimant.pages.clear()
    await refused(invited, await claimant.register(code), METADATA)


@pytest.mark.parametrize("network", ["public", "private"])
async def test_a_sandbox_connects_with_a_sandbox_only(
    invited: Invited, claimant: Claimant, code: str, network: str
) -> None:
    claimant.facts |= {"sandbox": False, "network": network}
    claimant.publish(claimant.jwk)
    await refused(invited, await claimant.register(code), METADATA)


async def test_a_shared_id_in_use_is_not_claimed_with(pair: Pair, claimant: Claimant) -> None:
    ours, _ = await pair.connected()
    invited = await Invited.begin(pair)
    code = str((await invited.invite())["code"])
    claimant.shared_id = ours["shared_id"]
    await refused(invited, await claimant.register(code), METADATA)


@pytest.mark.parametrize("scheme", ["Basic", "DPoP", ""])
async def test_the_secret_is_a_bearer_token(
    invited: Invited, claimant: Claimant, code: str, scheme: str
) -> None:
    body = claimant.registration(code)
    answer = await claimant.send(body, {"Authorization": f"{scheme} {secret_of(code)}".strip()})
    await refused(invited, answer, NOBODY)


async def test_an_initial_token_is_in_one_header(invited: Invited, claimant: Claimant, code: str) -> None:
    headers = httpx.Headers([("Authorization", f"Bearer {secret_of(code)}"), ("Authorization", "Bearer x")])
    await refused(invited, await claimant.send(claimant.registration(code), headers), NOBODY)


@pytest.mark.parametrize(
    "body", [[], None, {}, {"jwks": {"keys": "all"}}, {"jwks": None}, {"software_statement": "x" * 9000}]
)
async def test_what_is_no_registration_is_refused(invited: Invited, claimant: Claimant, body: Any) -> None:
    code = str((await invited.invite())["code"])
    whole = {**claimant.registration(code), **body} if body else body
    answer = await claimant.send(whole, {"Authorization": f"Bearer {secret_of(code)}"})
    assert answer.status_code == 400
