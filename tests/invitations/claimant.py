"""A node of nobody's that got hold of a code: it registers by hand, and lies wherever a test has it lie."""

from collections.abc import Mapping
from typing import Any, cast
from uuid import uuid4

import httpx
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from service.trust import signatures
from service.trust.signatures import unverified_claims
from tests.authorization.stranger import Stranger
from tests.discovery.fake_web import metadata
from tests.forged_tokens import write
from tests.nodes import Network, RunningNode

Json = dict[str, Any]
METADATA = "/.well-known/oauth-authorization-server/i/asker"
JWKS = "/i/asker/oauth/jwks"


class Claimant(Stranger):
    """A client at the inviter's node, with metadata and keys at its own address."""

    def __init__(self, network: Network, inviter: RunningNode, host: str = "asker.test") -> None:
        super().__init__(network, inviter, host)
        self.redirect_uri = ""
        self.facts: Json = self.document["parley_instance"]
        self.publish(self.jwk)

    def publish(self, *keys: Mapping[str, Any]) -> None:
        """These keys are at its address from now on, and nothing else changes."""
        self.document["jwks"] = {"keys": list(keys)}
        self.pages[JWKS] = httpx.Response(200, json={"keys": list(keys)})
        self.pages[METADATA] = httpx.Response(200, json=metadata(self.issuer, parley_instance=self.facts))

    def change_key(self) -> None:
        """It signs with a fresh key from now on, which it does not publish yet."""
        pem = signatures.generate_key()
        self.private = cast("ec.EllipticCurvePrivateKey", load_pem_private_key(pem, None))
        self.jwk = dict(signatures.load_key(pem).public_jwk)
        self.kid = self.jwk["kid"]

    def be_private(self) -> None:
        """It says that nobody can reach it, and from now on that is true."""
        self.facts["network"] = "private"
        self.network.down.add(self.host)

    def statement(self, code: str, **claims: Any) -> str:
        """Return its word that its key takes this invitation; a claim of None is left out."""
        now = int(self.asked.clock.now().timestamp())
        right = {
            "iss": self.issuer,
            "aud": self.asked.issuer,
            "jwk": self.public_members(),
            "shared_id": self.shared_id,
            "invitation": unverified_claims(code)["jti"],
            "nonce": uuid4().hex,
            "jti": uuid4().hex,
            "iat": now,
            "exp": now + 60,
        }
        header = {"alg": "ES256", "typ": "node-statement+jwt", "kid": self.kid}
        changed = {name: value for name, value in {**right, **claims}.items() if value is not None}
        return write(header, changed, self.private)

    def public_members(self) -> Json:
        """Return its key as others may see it."""
        return {name: self.jwk[name] for name in ("kty", "crv", "x", "y")}

    def registration(self, code: str, **changes: Any) -> Json:
        """Return what it sends to claim the invitation."""
        right = {
            "client_name": "Asking tracker",
            "client_uri": self.issuer,
            "token_endpoint_auth_method": "private_key_jwt",
            "grant_types": ["client_credentials"],
            "jwks": {"keys": [self.public_members()]},
            "software_statement": changes.pop("software_statement", None) or self.statement(code),
            "parley_instance": self.facts,
        }
        return {name: value for name, value in {**right, **changes}.items() if value is not None}

    async def register(self, code: str, *, secret: str | None = None, **changes: Any) -> httpx.Response:
        """Return what the inviter's node answers to its claim."""
        token = secret if secret is not None else secret_of(code)
        return await self.send(self.registration(code, **changes), {"Authorization": f"Bearer {token}"})

    async def send(self, body: Json, headers: Mapping[str, str]) -> httpx.Response:
        """Return what the inviter's node answers to this registration."""
        transport = httpx.ASGITransport(self.asked.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport) as client:
            return await client.post(self.asked.issuer + "/oauth/register", json=body, headers=headers)

    async def claimed(self, code: str) -> None:
        """The invitation is this claimant's."""
        answer = await self.register(code)
        assert answer.status_code == 201, answer.text
        self.client_id = answer.json()["client_id"]

    async def token(self) -> str:
        """Return an access token for what it claimed."""
        answer = await self.connection_token()
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    async def asks(self, code: str, *, secret: str | None = None) -> httpx.Response:
        """Return what the inviter's node says of the invitation to whoever has this secret."""
        claims = unverified_claims(code)
        form = {"invitation": claims["jti"], "secret": secret or claims["secret"]}
        return await self.post("/invitations/status", form)


def secret_of(code: str) -> str:
    """Return the secret that is inside a code."""
    return str(unverified_claims(code)["secret"])
