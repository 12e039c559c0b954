"""Checks, server side: what a client shows at its own address, and for how long it counts."""

from typing import Any

import httpx
import pytest

from service.authorization.clients.documents import check_client_id
from service.database.sessions import reading, transaction
from service.protocol.errors import InvalidClient
from service.protocol.replay import CachedDocument
from service.settings import Settings
from service.trust import signatures
from service.trust.sealing import new_key
from tests.authorization.stranger import Stranger, error_of
from tests.forged_tokens import P384, part

pytestmark = pytest.mark.anyio
DOCUMENT = "/i/asker/oauth/client.json"

BAD_DOCUMENTS: dict[str, dict[str, Any]] = {
    "another client_id": {"client_id": "https://asker.test/i/asker/oauth/other.json"},
    "no client_id": {"client_id": None},
    "no redirect_uris": {"redirect_uris": []},
    "another authentication": {"token_endpoint_auth_method": "none"},
    "no keys": {"jwks": {"keys": []}},
    "neither jwks nor jwks_uri": {"jwks": None},
    "jwks and jwks_uri": {"jwks_uri": "https://asker.test/jwks"},
    "jwks_uri of another origin": {"jwks": None, "jwks_uri": "https://keys.test/jwks"},
    "jwks_uri of another port": {"jwks": None, "jwks_uri": "https://asker.test:8443/jwks"},
    "jwks_uri of another scheme": {"jwks": None, "jwks_uri": "http://asker.test/jwks"},
    "an RSA key": {"jwks": {"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}]}},
}


@pytest.mark.parametrize("name", BAD_DOCUMENTS)
async def test_the_client_document_must_be_valid(stranger: Stranger, name: str) -> None:
    """Each would do but for the one thing that is wrong with it: the keys are right and can be read."""
    stranger.pages["/jwks"] = httpx.Response(200, json={"keys": [stranger.jwk]})
    stranger.network.hosts["keys.test"] = stranger.network.hosts["asker.test"]
    changed = {**stranger.document, **BAD_DOCUMENTS[name]}
    stranger.document = {member: value for member, value in changed.items() if value is not None}
    assert error_of(await stranger.push()) == (401, "invalid_client")


async def test_keys_valid_p256_and_without_a_private_part(stranger: Stranger) -> None:
    sound = dict(stranger.jwk)
    other = signatures.load_key(signatures.generate_key()).public_jwk
    for change in ({"d": "AQAB"}, {"crv": "P-384"}, {"y": other["y"]}):
        stranger.document["jwks"] = {"keys": [{**sound, **change}]}
        assert error_of(await stranger.push()) == (401, "invalid_client"), change


async def test_a_p384_key_is_refused(stranger: Stranger) -> None:
    numbers = P384.public_key().public_numbers()
    jwk = {
        "kty": "EC",
        "crv": "P-384",
        "x": part(numbers.x.to_bytes(48)),
        "y": part(numbers.y.to_bytes(48)),
    }
    stranger.document["jwks"] = {"keys": [{**jwk, "kid": stranger.kid}]}
    assert error_of(await stranger.push()) == (401, "invalid_client")


async def test_jwks_uri_of_the_same_origin_is_read(stranger: Stranger) -> None:
    del stranger.document["jwks"]
    stranger.document["jwks_uri"] = "https://asker.test/jwks"
    stranger.pages["/jwks"] = httpx.Response(200, json={"keys": [stranger.jwk]})
    assert (await stranger.push()).status_code == 201
    assert stranger.fetched == [DOCUMENT, "/jwks"]


async def test_a_client_document_over_5_kb_is_refused(stranger: Stranger) -> None:
    stranger.document["padding"] = "x" * 5 * 1024
    assert error_of(await stranger.push()) == (401, "invalid_client")


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(404),
        httpx.Response(302, headers={"Location": "https://c.test/"}),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json=["a list"]),
        httpx.Response(200, content=b"[" * 5000, headers={"Content-Type": "application/json"}),
    ],
    ids=["missing", "redirect", "html", "list", "deep"],
)
async def test_what_is_no_document_is_no_client(stranger: Stranger, answer: httpx.Response) -> None:
    stranger.pages[DOCUMENT] = answer
    assert error_of(await stranger.push()) == (401, "invalid_client")


async def test_a_client_whose_host_does_not_answer_may_try_again(stranger: Stranger) -> None:
    stranger.network.down.add("asker.test")
    answer = await stranger.push()
    assert error_of(answer) == (503, "temporarily_unavailable")
    assert answer.headers["Retry-After"]
    stranger.network.down.clear()
    stranger.pages[DOCUMENT] = httpx.Response(500)
    assert error_of(await stranger.push()) == (503, "temporarily_unavailable")


async def test_a_document_is_cached_for_an_hour_at_most(stranger: Stranger) -> None:
    await stranger.push()
    stranger.asked.clock.advance(3599)
    await stranger.push()
    assert stranger.fetched == [DOCUMENT]
    stranger.asked.clock.advance(1)
    await stranger.push()
    assert stranger.fetched == [DOCUMENT, DOCUMENT]


async def test_a_document_is_cached_only_after_the_client_proved_its_key(stranger: Stranger) -> None:
    forged = stranger.assertion({"kid": "other"})
    assert (await stranger.push(client_assertion=forged)).status_code == 401
    async with reading(stranger.asked.node.database) as session:
        assert await session.get(CachedDocument, stranger.client_id) is None
    await stranger.push()
    async with reading(stranger.asked.node.database) as session:
        assert await session.get(CachedDocument, stranger.client_id) is not None


async def test_a_new_key_is_found_before_the_cache_ends(stranger: Stranger) -> None:
    await stranger.push()
    renewed = Stranger(stranger.network, stranger.asked)
    assert (await renewed.push()).status_code == 201
    assert renewed.fetched == [DOCUMENT]


async def test_no_transaction_is_open_while_the_document_is_fetched(stranger: Stranger) -> None:
    """A slow stranger holds up nobody: SQLite has one writer, and it is free meanwhile."""

    async def write() -> None:
        async with transaction(stranger.asked.node.database) as session:
            session.add(CachedDocument(url="x", document="{}", fetched_at=stranger.asked.clock.now()))

    stranger.on_fetch = write
    assert (await stranger.push()).status_code == 201
    async with reading(stranger.asked.node.database) as session:
        assert await session.get(CachedDocument, "x") is not None


def test_http_only_in_development_and_on_loopback() -> None:
    """`client_id` must be an https URL."""
    values: dict[str, object] = {"sealing_keys": new_key()}
    production = Settings.model_validate({**values, "public_url": "https://b.test"})
    development = Settings.model_validate(
        {**values, "public_url": "http://127.0.0.1:8000", "env": "development"}
    )
    local = "http://127.0.0.1:9000/i/a/oauth/client.json"
    check_client_id(local, development)
    check_client_id("http://[::1]:9000/client.json", development)
    check_client_id("https://asker.test/client.json", development)
    for client_id, settings in ((local, production), ("http://asker.test/client.json", development)):
        with pytest.raises(InvalidClient):
            check_client_id(client_id, settings)
