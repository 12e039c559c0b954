"""Checks, server side: whose new key is learned, from where, and when not."""

from typing import cast

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from service.trust import signatures
from service.trust.signatures import SigningKey
from tests.authorization.stranger import Stranger, error_of, only_connection
from tests.instance_keys.rotations import current_key, history

pytestmark = pytest.mark.anyio


def change_key(stranger: Stranger) -> SigningKey:
    """The stranger publishes and uses another key from now on."""
    pem = signatures.generate_key()
    key = signatures.load_key(pem)
    stranger.private = cast("ec.EllipticCurvePrivateKey", load_pem_private_key(pem, None))
    stranger.jwk, stranger.kid = dict(key.public_jwk), key.kid
    stranger.document = stranger.make_document()
    return key


async def connect(stranger: Stranger) -> None:
    assert (await stranger.activate((await stranger.redeemed())["access_token"])).status_code == 200


async def test_an_active_connection_learns_what_its_client_publishes_now(stranger: Stranger) -> None:
    await connect(stranger)
    stranger.fetched.clear()
    change_key(stranger)
    token = await stranger.access_token()
    assert (await stranger.call("GET", token)).json()["state"] == "active"
    await stranger.access_token()
    assert stranger.fetched == ["/i/asker/oauth/client.json"]
    known = await history(stranger.asked, await only_connection(stranger))
    assert known == [("peer_keys.change", "published_anew")]


async def test_an_attempt_keeps_the_keys_with_which_it_began(stranger: Stranger) -> None:
    await stranger.redeemed()
    change_key(stranger)
    stranger.fetched.clear()
    assert error_of(await stranger.connection_token()) == (401, "invalid_client")
    assert stranger.fetched == []


async def test_when_the_attempt_is_over_its_client_can_be_told(stranger: Stranger) -> None:
    """Otherwise a client that lost its key on the way could never hear how it ended."""
    await stranger.redeemed()
    change_key(stranger)
    stranger.asked.clock.advance(601)
    await stranger.asked.work()
    answer = await stranger.call("GET", await stranger.access_token())
    assert answer.json()["state"] == "closed"


async def test_a_key_of_ours_is_not_learned(stranger: Stranger) -> None:
    """Who publishes it could show our own signatures as theirs."""
    await connect(stranger)
    ours = await current_key(stranger.asked)
    change_key(stranger)
    stranger.document["jwks"]["keys"].append(ours.public_jwk)
    assert error_of(await stranger.connection_token()) == (401, "invalid_client")
    assert await history(stranger.asked, await only_connection(stranger)) == []


async def test_who_holds_another_address_brings_no_key(stranger: Stranger) -> None:
    await connect(stranger)
    thief = Stranger(stranger.network, stranger.asked, "thief.test")
    thief.client_id, thief.shared_id = stranger.client_id, stranger.shared_id
    assert error_of(await thief.connection_token()) == (401, "invalid_client")
    assert thief.fetched == []
    assert await history(stranger.asked, await only_connection(stranger)) == []
    assert (await stranger.connection_token()).status_code == 200
