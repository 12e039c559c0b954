"""Every place where a node reads a token of somebody else: what fits there, how it is sent, and how it is refused.

A new place is a new row: whatever token is right somewhere else is then tried there, too.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
from cryptography.hazmat.primitives.asymmetric import ec

from service.database.sessions import reading
from service.instance_keys.operations import signing_key
from service.trust.signatures import Purpose, access_token_hash
from tests.authorization.stranger import Stranger
from tests.forged_tokens import claims_of, write
from tests.nodes import RunningNode

Json = dict[str, Any]
HALF_A_MINUTE = 30


@dataclass(frozen=True)
class Scene:
    """A client that has an access token for its connection and an open invitation, and the key of the node."""

    stranger: Stranger
    access_token: str
    node_key: ec.EllipticCurvePrivateKey
    node_kid: str
    invitation: Json = field(default_factory=lambda: {"jti": "none", "secret": "s" * 43})


@dataclass(frozen=True)
class Place:
    """Where a token of one purpose is read; `success` is the status that the right one gets."""

    purpose: Purpose
    send: Callable[[Scene, str], Awaitable[httpx.Response]]
    success: int
    refusal: tuple[int, str]
    url: str = ""
    method: str = "POST"

    def token(self, scene: Scene, typ: Purpose, **changes: object) -> str:
        """Return a token that is right for this place but for its `typ`, and has what that one would need."""
        mine, private = self._mine(scene)
        header = {"alg": "ES256", "typ": typ.value, **self._key(scene)}
        return write(header, {**claims_of(typ), **mine, **changes}, private)

    def _key(self, scene: Scene) -> Json:
        if self.purpose is Purpose.DPOP:
            return {"jwk": self._key_of(scene.stranger)}
        return {"kid": scene.node_kid if self.purpose is Purpose.ACCESS_TOKEN else scene.stranger.kid}

    def _key_of(self, stranger: Stranger) -> Json:
        return {name: stranger.jwk[name] for name in ("kty", "crv", "x", "y")}

    def _mine(self, scene: Scene) -> tuple[Json, ec.EllipticCurvePrivateKey]:
        """Return the claims that fit here, and the key that signs them."""
        stranger, now = scene.stranger, int(scene.stranger.asked.clock.now().timestamp())
        times = {"iat": now, "exp": now + HALF_A_MINUTE, "auth_time": now, "admin_checked_at": now}
        own = {**times, "jti": uuid4().hex}
        match self.purpose:
            case Purpose.DPOP:
                url = f"{stranger.asked.issuer}{self.url.format(shared_id=stranger.shared_id)}"
                ath = access_token_hash(scene.access_token)
                return {**own, "htm": self.method, "htu": url, "ath": ath}, stranger.private
            case Purpose.ACCESS_TOKEN:
                issuer = stranger.asked.issuer
                about = {
                    "sub": stranger.client_id,
                    "shared_id": stranger.shared_id,
                    "client_key": stranger.kid,
                    "cnf": {"jkt": stranger.kid},
                }
                return {**own, "iss": issuer, "aud": issuer, **about}, scene.node_key
            case Purpose.NODE_STATEMENT:
                about = {"shared_id": _fresh(scene), "invitation": scene.invitation["jti"], "nonce": "n" * 22}
                me = {"iss": stranger.issuer, "aud": stranger.asked.issuer, "jwk": self._key_of(stranger)}
                return {**own, **me, **about}, stranger.private
            case _:
                client = {"iss": stranger.client_id, "sub": stranger.client_id, "aud": stranger.asked.issuer}
                return {**own, **client}, stranger.private


async def _push_with_assertion(scene: Scene, token: str) -> httpx.Response:
    return await scene.stranger.push(client_assertion=token, shared_id=_fresh(scene))


async def _push_with_proof(scene: Scene, token: str) -> httpx.Response:
    return await scene.stranger.push(headers={"DPoP": token}, shared_id=_fresh(scene))


async def _ask_with_assertion(scene: Scene, token: str) -> httpx.Response:
    return await scene.stranger.connection_token(client_assertion=token)


async def _ask_with_proof(scene: Scene, token: str) -> httpx.Response:
    return await scene.stranger.connection_token(proof=token)


async def _read_with_proof(scene: Scene, token: str) -> httpx.Response:
    headers = {"Authorization": f"DPoP {scene.access_token}", "DPoP": token}
    return await scene.stranger.raw("GET", f"/connections/{scene.stranger.shared_id}", headers)


async def _activate_with_proof(scene: Scene, token: str) -> httpx.Response:
    headers = {"Authorization": f"DPoP {scene.access_token}", "DPoP": token}
    return await scene.stranger.raw("PUT", f"/connections/{scene.stranger.shared_id}/activation", headers)


async def _end_with_proof(scene: Scene, token: str) -> httpx.Response:
    headers = {"Authorization": f"DPoP {scene.access_token}", "DPoP": token}
    return await scene.stranger.raw("DELETE", f"/connections/{scene.stranger.shared_id}", headers)


async def _read_with_token(scene: Scene, token: str) -> httpx.Response:
    return await scene.stranger.call("GET", token)


async def _activate_with_token(scene: Scene, token: str) -> httpx.Response:
    return await scene.stranger.call("PUT", token, "/activation")


async def _end_with_token(scene: Scene, token: str) -> httpx.Response:
    return await scene.stranger.call("DELETE", token)


async def _register_with_statement(scene: Scene, token: str) -> httpx.Response:
    """Claim the invitation as a side that nobody can dial, so that the key is all that it shows."""
    stranger = scene.stranger
    body = {
        "client_name": "Asker",
        "client_uri": stranger.issuer,
        "token_endpoint_auth_method": "private_key_jwt",
        "grant_types": ["client_credentials"],
        "jwks": {"keys": [stranger.jwk]},
        "software_statement": token,
        "parley_instance": {**stranger.document["parley_instance"], "network": "private"},
    }
    headers = {"Authorization": f"Bearer {scene.invitation['secret']}"}
    transport = httpx.ASGITransport(stranger.asked.app)
    async with httpx.AsyncClient(transport=transport) as client:
        return await client.post(f"{stranger.asked.issuer}/oauth/register", json=body, headers=headers)


def _fresh(scene: Scene) -> str:
    """Return a shared id that was not decided on."""
    return f"{scene.stranger.shared_id[:-4]}0000"


_ASSERTION, _PROOF, _TOKEN = Purpose.CLIENT_AUTHENTICATION, Purpose.DPOP, Purpose.ACCESS_TOKEN
_NO_STATEMENT = (400, "invalid_software_statement")
_NO_CLIENT, _NO_PROOF, _NO_TOKEN = (
    (401, "invalid_client"),
    (400, "invalid_dpop_proof"),
    (401, "invalid_token"),
)
_NO_PROOF_THERE = (401, "invalid_dpop_proof")
_CONNECTION = "/connections/{shared_id}"
# In this order: the last ones end the connection.
PLACES: Mapping[str, Place] = {
    "assertion of a push": Place(_ASSERTION, _push_with_assertion, 201, _NO_CLIENT),
    "assertion at the token endpoint": Place(_ASSERTION, _ask_with_assertion, 200, _NO_CLIENT),
    "proof of a push": Place(_PROOF, _push_with_proof, 201, _NO_PROOF, "/oauth/par"),
    "proof at the token endpoint": Place(_PROOF, _ask_with_proof, 200, _NO_PROOF, "/oauth/token"),
    "statement of who is invited": Place(
        Purpose.NODE_STATEMENT, _register_with_statement, 201, _NO_STATEMENT
    ),
    "proof of a reader": Place(_PROOF, _read_with_proof, 200, _NO_PROOF_THERE, _CONNECTION, "GET"),
    "token of a reader": Place(_TOKEN, _read_with_token, 200, _NO_TOKEN),
    "proof of an activation": Place(
        _PROOF, _activate_with_proof, 200, _NO_PROOF_THERE, f"{_CONNECTION}/activation", "PUT"
    ),
    "token of an activation": Place(_TOKEN, _activate_with_token, 200, _NO_TOKEN),
    "proof of an end": Place(_PROOF, _end_with_proof, 204, _NO_PROOF_THERE, _CONNECTION, "DELETE"),
    "token of an end": Place(_TOKEN, _end_with_token, 204, _NO_TOKEN),
}


async def own_key(asked: RunningNode) -> tuple[ec.EllipticCurvePrivateKey, str]:
    """Return the private key of the instance that is asked, and its id."""
    async with reading(asked.node.database) as session:
        key = await signing_key(session, asked.node.sealer, str(asked.instance["id"]))
    jose_key: Any = key.private
    return jose_key.prepared_key, key.kid
