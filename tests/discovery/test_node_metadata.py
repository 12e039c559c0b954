"""Another node is believed only after each check on the client's side; one test for each."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from service.discovery.node_metadata import NodeSnapshot, NodeUnreadable, read_node
from service.discovery.reasons import ProbeReason
from service.trust.signatures import generate_key, load_key, thumbprint
from tests.discovery.fake_web import (
    KEY,
    NODE,
    NOW,
    FakeWeb,
    facts,
    http_date,
    metadata,
    metadata_url,
    put_node,
)

pytestmark = pytest.mark.anyio


async def read(web: FakeWeb, issuer: str = NODE, own: frozenset[str] = frozenset()) -> NodeSnapshot:
    return await read_node(web.egress(), issuer, now=NOW, own_thumbprints=own)


async def refusal(web: FakeWeb, issuer: str = NODE, own: frozenset[str] = frozenset()) -> NodeUnreadable:
    with pytest.raises(NodeUnreadable) as raised:
        await read(web, issuer, own)
    return raised.value


async def test_a_good_node_is_read_in_two_calls() -> None:
    web = FakeWeb()
    put_node(web)
    snapshot = await read(web)
    assert snapshot.issuer == snapshot.metadata.issuer == NODE
    assert snapshot.metadata.parley_instance.name == "Acme Jira"
    assert snapshot.jwks == [{name: KEY[name] for name in ("kty", "crv", "x", "y", "kid")}]
    assert snapshot.clock_skew_seconds == 0
    assert web.asked == [metadata_url(NODE), f"{NODE}/oauth/jwks"]


async def test_what_caches_keep_is_not_asked_for() -> None:
    """An old key set, or an old Date header, would be taken for the present one."""
    web = FakeWeb()
    put_node(web)
    await read(web)
    assert [request.headers["cache-control"] for request in web.requests] == ["no-cache", "no-cache"]


async def test_a_node_at_the_root_of_a_host_is_read_too() -> None:
    web = FakeWeb()
    put_node(web, "https://parley.acme.example")
    assert (await read(web, "https://parley.acme.example")).issuer == "https://parley.acme.example"


async def test_a_snapshot_can_be_stored() -> None:
    web = FakeWeb()
    put_node(web)
    stored = (await read(web)).to_json()
    assert json.loads(json.dumps(stored)) == stored


async def test_metadata_issuer_identical() -> None:
    web = FakeWeb()
    put_node(web)
    web.put(metadata_url(NODE), metadata("https://parley.evil.example/i/jira"))
    failure = await refusal(web)
    assert failure.reason is ProbeReason.NOT_A_NODE
    assert "another URL" in failure.detail


async def test_metadata_issuer_identical_to_the_last_slash() -> None:
    web = FakeWeb()
    put_node(web)
    web.put(metadata_url(NODE), {**metadata(), "issuer": f"{NODE}/"})
    assert (await refusal(web)).reason is ProbeReason.NOT_A_NODE


@pytest.mark.parametrize(
    "issuer",
    [
        f"{NODE}/",
        f"{NODE}?x=1",
        f"{NODE}#x",
        NODE.replace("parley", "PARLEY"),
        "parley.acme.example/i/jira",
        "",
    ],
)
async def test_issuer_from_an_authoritative_source_has_one_spelling(issuer: str) -> None:
    web = FakeWeb()
    put_node(web)
    assert (await refusal(web, issuer)).reason is ProbeReason.NOT_A_NODE
    assert web.asked == []


ENDPOINTS = (
    "authorization_endpoint",
    "token_endpoint",
    "pushed_authorization_request_endpoint",
    "registration_endpoint",
    "jwks_uri",
)
NOT_ITS_OWN = {
    "another host": "https://parley.evil.example/i/jira/oauth/x",
    "another port": "https://parley.acme.example:8443/i/jira/oauth/x",
    "http": "http://parley.acme.example/i/jira/oauth/x",
    "another instance of the same node": "https://parley.acme.example/i/other/oauth/x",
    "a name that only begins alike": "https://parley.acme.example/i/jira2/oauth/x",
    "dot segments that lead out": "https://parley.acme.example/i/jira/../other/x",
    "escaped dot segments": "https://parley.acme.example/i/jira/%2e%2e/other/x",
    "a user name": "https://parley.acme.example@evil.example/i/jira/x",
    "a query": f"{NODE}/oauth/x?target=evil",
    "the issuer itself": NODE,
}


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("url", NOT_ITS_OWN.values(), ids=NOT_ITS_OWN.keys())
async def test_all_endpoints_same_origin_with_the_issuer(endpoint: str, url: str) -> None:
    web = FakeWeb()
    changes: dict[str, Any] = {endpoint: url}
    put_node(web, **changes)
    failure = await refusal(web)
    assert failure.reason is ProbeReason.NOT_A_NODE
    assert "not its own" in failure.detail
    assert web.asked == [metadata_url(NODE)]


REQUIRED = {
    "s256_only": {"code_challenge_methods_supported": ["plain"]},
    "private_key_jwt": {"token_endpoint_auth_methods_supported": ["client_secret_basic"]},
    "es256": {"token_endpoint_auth_signing_alg_values_supported": ["RS256"]},
    "par_required": {"require_pushed_authorization_requests": False},
    "iss_in_the_answer": {"authorization_response_iss_parameter_supported": False},
    "dpop_es256": {"dpop_signing_alg_values_supported": ["EdDSA"]},
    "code_response": {"response_types_supported": ["token"]},
    "code_grant": {"grant_types_supported": ["client_credentials"]},
    "client_credentials_grant": {"grant_types_supported": ["authorization_code"]},
    "client_id_documents": {"client_id_metadata_document_supported": False},
}


@pytest.mark.parametrize("changes", REQUIRED.values(), ids=REQUIRED.keys())
async def test_a_node_that_lacks_what_is_required_is_refused(changes: dict[str, Any]) -> None:
    web = FakeWeb()
    put_node(web, **changes)
    failure = await refusal(web)
    assert failure.reason is ProbeReason.NOT_A_NODE
    assert "required" in failure.detail


@pytest.mark.parametrize("version", ["2", "1.1", "0", ""])
async def test_another_parley_version_is_named_as_such(version: str) -> None:
    """Also where the rest of the document is one that this node could not read."""
    web = FakeWeb()
    web.put(metadata_url(NODE), {"issuer": NODE, "parley_version": version, "new": True})
    assert (await refusal(web)).reason is ProbeReason.VERSION


FACTS_THAT_ARE_NONE = {
    "no URL": facts(url="javascript:alert(1)"),
    "a URL with a user": facts(url="https://user@acme.example"),
    "an unknown network": facts(network="secret"),
    "a name that is no text": facts(name=7),
    "a name without end": facts(name="x" * 256),
    "modes that are no list": facts(modes="visual"),
    "nothing": None,
}


@pytest.mark.parametrize("unverified", FACTS_THAT_ARE_NONE.values(), ids=FACTS_THAT_ARE_NONE.keys())
async def test_facts_of_the_wrong_form_are_refused(unverified: object) -> None:
    web = FakeWeb()
    put_node(web, parley_instance=unverified)
    assert (await refusal(web)).reason is ProbeReason.NOT_A_NODE


@pytest.mark.parametrize("body", [[], "text", None, 7, {}, {"issuer": NODE}, {"parley_version": 1}])
async def test_json_that_is_no_metadata_is_no_node(body: object) -> None:
    web = FakeWeb()
    web.put(metadata_url(NODE), body)
    assert (await refusal(web)).reason is ProbeReason.NOT_A_NODE


def private_key() -> dict[str, str]:
    return {**KEY, "d": "A" * 43}


KEYS = {
    "none": {"keys": []},
    "no set": [KEY],
    "no object": {"keys": ["key"]},
    "another curve": {"keys": [{**KEY, "crv": "P-384"}]},
    "an RSA key": {"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}]},
    "a private key": {"keys": [private_key()]},
    "a point off the curve": {"keys": [{**KEY, "x": KEY["y"], "y": KEY["x"]}]},
    "an encryption key": {"keys": [{**KEY, "use": "enc"}]},
    "another algorithm": {"keys": [{**KEY, "alg": "HS256"}]},
    "two keys with one id": {"keys": [KEY, {**load_key(generate_key()).public_jwk, "kid": KEY["kid"]}]},
    "one good and one bad": {"keys": [KEY, {**KEY, "kid": "b", "crv": "P-384"}]},
    "too many": {"keys": [{**KEY, "kid": str(number)} for number in range(11)]},
}


@pytest.mark.parametrize("keys", KEYS.values(), ids=KEYS.keys())
async def test_only_public_es256_keys_each_with_its_own_id(keys: object) -> None:
    web = FakeWeb()
    put_node(web, keys=keys)
    assert (await refusal(web)).reason is ProbeReason.NOT_A_NODE


async def test_a_key_that_is_our_own_under_another_issuer_is_refused() -> None:
    web = FakeWeb()
    put_node(web, keys={"keys": [{**KEY, "kid": "renamed"}]})
    failure = await refusal(web, own=frozenset({thumbprint(KEY)}))
    assert failure.reason is ProbeReason.NOT_A_NODE
    assert "this very instance" in failure.detail


AHEAD = {"right": 0, "an hour ahead": 3600, "an hour behind": -3600}


@pytest.mark.parametrize("seconds", AHEAD.values(), ids=AHEAD.keys())
async def test_the_date_header_tells_how_far_the_clock_is_ahead(seconds: int) -> None:
    web = FakeWeb()
    put_node(web, headers={"date": http_date(seconds)})
    assert (await read(web)).clock_skew_seconds == seconds


async def test_time_spent_in_a_cache_is_no_wrong_clock() -> None:
    web = FakeWeb()
    put_node(web, headers={"date": http_date(-240), "age": "240"})
    assert (await read(web)).clock_skew_seconds == 0


@pytest.mark.parametrize("date", ["", "yesterday", "Sun, 99 Mar 2026 12:00:00 GMT"])
async def test_a_clock_that_does_not_tell_counts_as_right(date: str) -> None:
    web = FakeWeb()
    put_node(web, headers={"date": date})
    assert (await read(web)).clock_skew_seconds == 0


NO_ANSWERS: dict[str, tuple[Callable[[], httpx.Response | Exception], ProbeReason]] = {
    "not found": (lambda: httpx.Response(404), ProbeReason.NOT_A_NODE),
    "forbidden": (lambda: httpx.Response(403), ProbeReason.NOT_A_NODE),
    "a redirect": (lambda: httpx.Response(302, headers={"location": NODE}), ProbeReason.NOT_A_NODE),
    "HTML": (lambda: httpx.Response(200, html="<p>Jira</p>"), ProbeReason.NOT_A_NODE),
    "broken JSON": (
        lambda: httpx.Response(200, text="{", headers={"content-type": "application/json"}),
        ProbeReason.NOT_A_NODE,
    ),
    "too much": (
        lambda: httpx.Response(200, json={"padding": "x" * 70_000}),
        ProbeReason.NOT_A_NODE,
    ),
    "another success": (lambda: httpx.Response(203, json=metadata()), ProbeReason.NOT_A_NODE),
    "a broken proxy": (lambda: httpx.Response(502), ProbeReason.REFUSED),
    "too many requests": (lambda: httpx.Response(429), ProbeReason.REFUSED),
    "no connection": (lambda: httpx.ConnectError("no"), ProbeReason.REFUSED),
    "a broken connection": (lambda: httpx.ReadError("no"), ProbeReason.REFUSED),
}


@pytest.mark.parametrize("which", ["metadata", "keys"])
@pytest.mark.parametrize(("answer", "reason"), NO_ANSWERS.values(), ids=NO_ANSWERS.keys())
async def test_what_is_no_answer_has_a_name(
    which: str, answer: Callable[[], httpx.Response | Exception], reason: ProbeReason
) -> None:
    web = FakeWeb()
    put_node(web)
    web.pages[metadata_url(NODE) if which == "metadata" else f"{NODE}/oauth/jwks"] = answer()
    failure = await refusal(web)
    assert failure.reason is reason
    assert failure.detail.endswith(".")


@pytest.mark.parametrize("issuer", ["http://parley.acme.example/i/jira", "https://10.0.0.1/i/jira"])
async def test_a_node_that_may_not_be_called_is_not_called(issuer: str) -> None:
    web = FakeWeb()
    put_node(web, issuer)
    assert (await refusal(web, issuer)).reason is ProbeReason.BLOCKED_ADDRESS
    assert web.asked == []
