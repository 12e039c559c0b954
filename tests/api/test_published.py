"""What this node publishes of its instances: complete, from its configuration alone, and cheap to read."""

import json
from collections.abc import AsyncIterator

import httpx
import pytest
from sqlmodel import col, update

from service.database.sessions import transaction
from service.discovery.node_metadata import read_node
from service.instances.models import Instance
from service.protocol import metadata
from service.protocol.messages import ClientDocument, KeySet, PublicKey
from service.trust.signatures import check_public_jwk, generate_key, load_key
from service.words import Scope
from tests.nodes import Json, Network, RunningNode, running_node
from tests.small_node import FrozenClock

pytestmark = pytest.mark.anyio
ISSUER = "https://a.test/i/a-tracker"
METADATA = "/.well-known/oauth-authorization-server/i/a-tracker"
RESOURCE = "/.well-known/oauth-protected-resource/i/a-tracker"
SANDBOX_RESOURCE = "/.well-known/oauth-protected-resource/sandbox/a-tracker"
CLIENT = "/i/a-tracker/oauth/client.json"
KEYS = "/i/a-tracker/oauth/jwks"
CARD = "/i/a-tracker"
EVERY_DOCUMENT = (METADATA, RESOURCE, SANDBOX_RESOURCE, CLIENT, KEYS, CARD)


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
async def node(sqlite_url: str, network: Network) -> AsyncIterator[RunningNode]:
    async with running_node(network, "a", sqlite_url, FrozenClock()) as one:
        yield one


async def get(node: RunningNode, path: str, **headers: str) -> httpx.Response:
    """Ask without a token, as everybody may."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await node.api.get(path, headers={"Authorization": "", **named})


async def change(node: RunningNode, **values: object) -> None:
    async with transaction(node.node.database) as session:
        await session.exec(update(Instance).where(col(Instance.slug) == node.slug).values(**values))


async def test_another_node_accepts_what_is_published(node: RunningNode) -> None:
    """Each check that we make of others holds for ourselves."""
    snapshot = await read_node(node.node.egress, ISSUER, now=node.clock.now())
    assert snapshot.metadata.parley_instance.platform == "sandbox"
    assert snapshot.metadata.parley_instance.modes == ["visual", "script", "basic"]
    assert snapshot.metadata.parley_instance.sandbox
    assert snapshot.metadata.parley_instance.url == "https://a.test/sandbox/a-tracker"


async def test_the_metadata_names_every_endpoint_and_nothing_weaker(node: RunningNode) -> None:
    found = (await get(node, METADATA)).json()
    assert found["issuer"] == ISSUER
    assert {
        name: url.removeprefix(ISSUER) for name, url in found.items() if name.endswith(("point", "_uri"))
    } == {
        "authorization_endpoint": "/oauth/authorize",
        "token_endpoint": "/oauth/token",
        "pushed_authorization_request_endpoint": "/oauth/par",
        "registration_endpoint": "/oauth/register",
        "jwks_uri": "/oauth/jwks",
    }
    assert found["require_pushed_authorization_requests"] is True
    assert found["authorization_response_iss_parameter_supported"] is True
    assert found["client_id_metadata_document_supported"] is True
    assert found["response_types_supported"] == ["code"]
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert found["token_endpoint_auth_methods_supported"] == ["private_key_jwt"]
    assert found["token_endpoint_auth_signing_alg_values_supported"] == ["ES256"]
    assert found["dpop_signing_alg_values_supported"] == ["ES256"]
    assert found["parley_version"] == "1"


@pytest.mark.parametrize("path", EVERY_DOCUMENT)
async def test_issuer_from_configuration_never_from_host(node: RunningNode, path: str) -> None:
    forged = {
        "host": "evil.example",
        "x_forwarded_host": "evil.example",
        "x_forwarded_proto": "http",
        "forwarded": "host=evil.example;proto=http",
    }
    honest, lied_to = await get(node, path), await get(node, path, **forged)
    assert honest.status_code == lied_to.status_code == 200
    assert honest.content == lied_to.content
    assert b"evil" not in lied_to.content


@pytest.mark.parametrize("path", EVERY_DOCUMENT)
async def test_a_document_that_did_not_change_is_not_sent_again(node: RunningNode, path: str) -> None:
    first = await get(node, path)
    assert first.headers["content-type"] == "application/json"
    assert first.headers["cache-control"] == "public, max-age=300"
    etag = first.headers["etag"]
    for condition in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = await get(node, path, if_none_match=condition)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
        assert again.headers["cache-control"] == "public, max-age=300"
    assert (await get(node, path, if_none_match='"other"')).status_code == 200


async def test_a_change_is_seen(node: RunningNode) -> None:
    before = (await get(node, CLIENT)).headers["etag"]
    await change(node, name="Renamed")
    after = await get(node, CLIENT, if_none_match=before)
    assert (after.status_code, after.json()["client_name"]) == (200, "Renamed")


@pytest.mark.parametrize("path", EVERY_DOCUMENT)
async def test_reading_what_is_published_makes_no_call(
    node: RunningNode, network: Network, path: str
) -> None:
    await get(node, path)
    assert network.seen == []


async def test_the_version_is_the_one_that_was_stored(node: RunningNode) -> None:
    assert (await get(node, METADATA)).json()["parley_instance"]["version"] is None
    await change(node, identity={"version": "5.0.4"})
    assert (await get(node, METADATA)).json()["parley_instance"]["version"] == "5.0.4"


async def test_the_client_document_is_at_its_own_client_id(node: RunningNode) -> None:
    found = (await get(node, CLIENT)).json()
    document = ClientDocument.model_validate(found)
    assert document.client_id == f"https://a.test{CLIENT}"
    assert document.redirect_uris == [f"{ISSUER}/oauth/callback"]
    assert "jwks_uri" not in found
    assert found["grant_types"] == ["authorization_code", "client_credentials"]
    assert found["dpop_bound_access_tokens"] is True
    assert found["token_endpoint_auth_signing_alg"] == "ES256"
    assert set(found["scope"].split()) == {scope.value for scope in Scope}
    assert found["parley_instance"] == (await get(node, METADATA)).json()["parley_instance"]


async def test_the_largest_client_document_is_one_that_others_read(node: RunningNode) -> None:
    """Others read five kilobytes: the longest name and address, and two keys while they are rotated."""
    settings = node.node.settings.model_copy(
        update={"public_url": f"https://{'a' * 60}.{'b' * 60}.example:8443"}
    )
    description = node.app.state.platforms.get("sandbox").description
    instance = Instance.model_validate(
        {
            **{name: getattr(await stored(node), name) for name in Instance.model_fields},
            "slug": "s" * 63,
            "name": "\U0001f600" * 100,
            "url": "https://" + "c" * 2040,
        }
    )
    keys = [load_key(generate_key()).public_jwk for _ in range(2)]
    document = metadata.client(settings, instance, description, keys).model_dump_json()
    assert len(document.encode()) <= 5 * 1024


async def stored(node: RunningNode) -> Instance:
    async with transaction(node.node.database) as session:
        found = await session.get(Instance, node.instance["id"])
    assert found is not None
    return found


@pytest.mark.parametrize("path", [KEYS, CLIENT])
async def test_only_public_parts_of_keys_are_published(node: RunningNode, path: str) -> None:
    found: Json = (await get(node, path)).json()
    raw = found if path == KEYS else found["jwks"]
    keys = KeySet.model_validate(raw).keys
    assert len(keys) == 1
    unverified = json.loads((await get(node, KEYS)).text)["keys"][0]
    assert set(unverified) == {"kty", "crv", "x", "y", "kid", "alg", "use"}
    assert check_public_jwk(unverified)["kid"] == unverified["kid"]


def test_a_private_part_cannot_pass_into_a_key_set() -> None:
    key = {**load_key(generate_key()).public_jwk, "d": "secret"}
    assert "secret" not in metadata.key_set([key]).model_dump_json()
    assert "d" not in PublicKey.model_fields


async def test_the_sandbox_names_its_node_in_turn(node: RunningNode) -> None:
    assert (await get(node, SANDBOX_RESOURCE)).json() == {
        "resource": "https://a.test/sandbox/a-tracker",
        "authorization_servers": [ISSUER],
    }
    assert (await get(node, RESOURCE)).json() == {"resource": ISSUER, "authorization_servers": [ISSUER]}


async def test_no_sandbox_speaks_for_a_tracker_elsewhere(node: RunningNode) -> None:
    await change(node, url="https://elsewhere.example")
    assert (await get(node, SANDBOX_RESOURCE)).status_code == 404


@pytest.mark.parametrize("slug", ["nobody", "A-TRACKER", "a-tracker%00", "%ff", "..%2fadmin", "x" * 300])
@pytest.mark.parametrize("path", EVERY_DOCUMENT)
async def test_an_unknown_instance_is_a_problem(node: RunningNode, path: str, slug: str) -> None:
    answer = await get(node, path.replace("a-tracker", slug))
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "not-found"


async def test_an_instance_whose_platform_is_switched_off_is_not_served(node: RunningNode) -> None:
    await change(node, platform="abandoned")
    assert {(await get(node, path)).status_code for path in EVERY_DOCUMENT} == {404}


async def test_a_private_instance_is_published_on_its_own_network(node: RunningNode) -> None:
    await change(node, network="private")
    assert (await get(node, METADATA)).json()["parley_instance"]["network"] == "private"


async def test_the_node_url_itself_says_what_it_is(node: RunningNode) -> None:
    answer = await get(node, CARD)
    card = answer.json()
    assert (card["object"], card["issuer"], answer.headers["vary"]) == ("node", ISSUER, "Accept")
    for link in card["links"].values():
        assert (await get(node, link)).status_code == 200


async def test_a_browser_gets_a_page_that_shows_names_as_text(node: RunningNode) -> None:
    await change(node, name="<script>alert(1)</script>")
    answer = await get(node, CARD, accept="text/html,application/xhtml+xml,*/*;q=0.8")
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["vary"] == "Accept"
    assert ISSUER in answer.text.replace("<wbr>", "")
    assert "<script" not in answer.text
    assert "&lt;script&gt;" in answer.text
