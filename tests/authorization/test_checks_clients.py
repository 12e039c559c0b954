"""Checks, server side: who may push a request at all."""

from typing import Any

import httpx
import pytest

from service.limits.table import FETCHES_BY_HOST, FETCHES_BY_SOURCE, PUSHES_BY_CLIENT
from tests.authorization.stranger import Stranger, error_of
from tests.forged_tokens import part
from tests.nodes import Network, Person, RunningNode

pytestmark = pytest.mark.anyio
DOCUMENT = "/i/asker/oauth/client.json"


async def test_a_client_that_proves_its_key_may_push(stranger: Stranger) -> None:
    answer = await stranger.push()
    assert answer.status_code == 201
    assert answer.json()["expires_in"] == 300
    assert answer.headers["Cache-Control"] == "no-store"


async def test_unauthenticated_par_refused(stranger: Stranger) -> None:
    answer = await stranger.push(client_assertion=None, client_assertion_type=None)
    assert error_of(answer) == (401, "invalid_client")
    assert stranger.fetched == []


async def test_the_assertion_says_what_kind_it_is(stranger: Stranger) -> None:
    answer = await stranger.push(
        client_assertion_type="urn:ietf:params:oauth:client-assertion-type:saml2-bearer"
    )
    assert error_of(answer) == (401, "invalid_client")
    assert stranger.fetched == []


@pytest.mark.parametrize(
    ("name", "claims", "header"),
    [
        ("iss and sub differ", {"sub": "https://asker.test/other"}, {}),
        ("iss is another client", {"iss": "https://c.test/c.json", "sub": "https://c.test/c.json"}, {}),
        ("aud is another issuer", {"aud": "https://c.test/i/c"}, {}),
        ("aud is a list", {"aud": ["https://b.test/i/b-tracker"]}, {}),
        ("aud is the endpoint", {"aud": "https://b.test/i/b-tracker/oauth/par"}, {}),
        ("no aud", {"aud": None}, {}),
        ("no exp", {"exp": None}, {}),
        ("expired", {"iat": 1_000_000_000, "exp": 1_000_000_060}, {}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_cheap_checks_before_any_fetch(
    stranger: Stranger, name: str, claims: dict[str, Any], header: dict[str, Any]
) -> None:
    answer = await stranger.push(client_assertion=stranger.assertion(header, **claims))
    assert error_of(answer) == (401, "invalid_client")
    assert stranger.fetched == []


@pytest.mark.parametrize(
    "assertion",
    ["", "x", "a.b.c", "e30", "e30.e30", "e30.e30.", f"e30.{part([1])}.x", f"{part([1])}.e30.x", "." * 3],
)
async def test_what_is_no_jwt_causes_no_fetch(stranger: Stranger, assertion: str) -> None:
    assert error_of(await stranger.push(client_assertion=assertion)) == (401, "invalid_client")
    assert stranger.fetched == []


async def test_an_assertion_over_8_kb_causes_no_fetch(stranger: Stranger) -> None:
    assertion = stranger.assertion(padding="x" * 8192)
    assert error_of(await stranger.push(client_assertion=assertion)) == (401, "invalid_client")
    assert stranger.fetched == []


async def test_a_client_id_over_2048_characters_causes_no_fetch(stranger: Stranger) -> None:
    client_id = "https://asker.test/" + "x" * 2030
    assertion = stranger.assertion(iss=client_id, sub=client_id)
    answer = await stranger.connection_token(client_id=client_id, client_assertion=assertion)
    assert error_of(answer) == (401, "invalid_client")
    assert stranger.fetched == []


async def test_a_client_authenticates_in_one_way_only(stranger: Stranger) -> None:
    assert error_of(await stranger.push(client_secret="s")) == (400, "invalid_request")
    assert stranger.fetched == []


async def test_client_id_is_the_one_that_the_assertion_proves(stranger: Stranger) -> None:
    answer = await stranger.push(client_id="https://asker.test/i/asker/oauth/other.json")
    assert error_of(answer) == (401, "invalid_client")
    assert stranger.fetched == []


@pytest.mark.parametrize(
    ("name", "claims", "header"),
    [
        ("typ of another purpose", {}, {"typ": "dpop+jwt"}),
        ("typ JWT", {}, {"typ": "JWT"}),
        ("alg", {}, {"alg": "HS256"}),
        ("crit", {}, {"crit": ["exp"]}),
        ("jku", {}, {"jku": "https://asker.test/keys"}),
        ("x5u", {}, {"x5u": "https://asker.test/keys"}),
        ("b64", {}, {"b64": False}),
        ("unknown kid", {}, {"kid": "other"}),
        ("no kid", {}, {"kid": None}),
        ("no jti", {"jti": None}, {}),
        ("lives over 60 s", {"exp": 4_000_000_000}, {}),
        ("made in the future", {"iat": 4_000_000_000, "exp": 4_000_000_010}, {}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_the_assertion_is_verified_for_its_purpose(
    stranger: Stranger, name: str, claims: dict[str, Any], header: dict[str, Any]
) -> None:
    answer = await stranger.push(client_assertion=stranger.assertion(header, **claims))
    assert error_of(answer) == (401, "invalid_client")


async def test_an_assertion_signed_with_another_key_is_refused(stranger: Stranger) -> None:
    signed = stranger.assertion().split(".")
    other = Stranger(stranger.network, stranger.asked, "other.test").assertion().split(".")
    answer = await stranger.push(client_assertion=".".join([*signed[:2], other[2]]))
    assert error_of(answer) == (401, "invalid_client")


async def test_absent_typ_tolerated_from_foreign_clients(stranger: Stranger) -> None:
    assert (await stranger.push(client_assertion=stranger.assertion({"typ": None}))).status_code == 201


async def test_a_jti_works_once(stranger: Stranger) -> None:
    assertion = stranger.assertion()
    assert (await stranger.push(client_assertion=assertion)).status_code == 201
    assert error_of(await stranger.push(client_assertion=assertion)) == (401, "invalid_client")


async def test_a_refused_request_does_not_use_up_its_assertion(stranger: Stranger) -> None:
    assertion = stranger.assertion()
    await stranger.push(client_assertion=assertion, redirect_uri="https://asker.test/elsewhere")
    assert (await stranger.push(client_assertion=assertion)).status_code == 201


@pytest.mark.parametrize(
    "client_id",
    [
        "http://asker.test/i/asker/oauth/client.json",
        "https://asker.test",
        "https://asker.test/client.json?x=1",
        "https://asker.test/client.json#x",
        "https://user@asker.test/client.json",
        "https://asker.test/a/../client.json",
        "https://asker.test/%2e%2e/client.json",
        "https://ASKER.test/client.json",
        "https://asker.test:0443/client.json",
        "javascript:alert(1)",
        "http://127.0.0.1:9/client.json",
    ],
)
async def test_client_id_must_be_an_https_url(stranger: Stranger, client_id: str) -> None:
    assertion = stranger.assertion(iss=client_id, sub=client_id)
    answer = await stranger.push(client_id=client_id, client_assertion=assertion)
    assert answer.status_code in {400, 401}
    assert stranger.fetched == []


async def test_an_own_instance_is_no_client_of_itself(stranger: Stranger) -> None:
    """`iss` is not the own issuer (reflection)."""
    own = f"{stranger.asked.issuer}/oauth/client.json"
    redirect = f"{stranger.asked.issuer}/oauth/callback"
    assertion = stranger.assertion(iss=own, sub=own)
    before = len(stranger.network.seen)
    answer = await stranger.push(client_id=own, redirect_uri=redirect, client_assertion=assertion)
    assert error_of(answer) == (401, "invalid_client")
    assert len(stranger.network.seen) == before


async def test_a_key_that_is_our_own_under_another_issuer_is_refused(stranger: Stranger) -> None:
    keys = await stranger.asked.api.get(f"{stranger.asked.issuer}/oauth/jwks")
    stranger.document["jwks"]["keys"] += keys.json()["keys"]
    assert error_of(await stranger.push()) == (401, "invalid_client")


async def test_another_instance_of_this_node_may_ask_with_its_own_key(
    b: RunningNode, network: Network
) -> None:
    """Two instances of one node are two issuers; each has its own key."""
    made = await b.api.post("/v1/instances", json={"slug": "second", "name": "Second", "platform": "sandbox"})
    assert made.status_code == 201
    draft = await b.api.post(
        "/v1/connections",
        json={
            "instance": "second",
            "destination": {"type": "public", "url": b.issuer},
            "details": {"local_short_name": "S", "destination_short_name": "B"},
            "mode": "basic",
        },
    )
    made = await b.api.post(f"/v1/connections/{draft.json()['id']}/verification-sessions")
    assert made.status_code == 201, made.text
    person = Person(network)
    await person.open(made.json()["start_url"])
    await person.sign_in()
    await person.submit()
    assert person.url.startswith(f"{b.issuer}/sign-in?"), person.page


async def test_rate_limits_per_source_and_target_host(stranger: Stranger) -> None:
    """Of the limits the lower one holds: that of the source, and that of the host where others used it up."""
    stranger.pages[DOCUMENT] = httpx.Response(404)
    counts = stranger.asked.node.counts
    counts.enabled = True
    most = FETCHES_BY_SOURCE.most
    answers = [await stranger.push() for _ in range(most + 1)]
    assert [error_of(answer)[0] for answer in answers] == [401] * most + [429]
    assert error_of(answers[-1]) == (429, "temporarily_unavailable")
    assert answers[-1].headers["retry-after"] == "60"
    assert len(stranger.fetched) == most
    stranger.asked.clock.advance(60)
    for _ in range(FETCHES_BY_HOST.most):
        counts.spend(stranger.asked.clock.now(), (FETCHES_BY_HOST, stranger.host))
    assert error_of(await stranger.push())[0] == 429
    assert len(stranger.fetched) == most


async def test_one_client_that_asks_too_much_keeps_nobody_else_out(stranger: Stranger) -> None:
    stranger.asked.node.counts.enabled = True
    other = Stranger(stranger.network, stranger.asked, "other.test")
    answers = [(await stranger.push()).status_code for _ in range(PUSHES_BY_CLIENT.most + 1)]
    assert answers == [201] * PUSHES_BY_CLIENT.most + [429]
    assert (await other.push()).status_code == 201
