"""A node that keeps to the protocol in everything but what a test has it say: each lie stands alone."""

import json
from collections.abc import Callable, Mapping
from typing import Any, cast
from urllib.parse import parse_qsl, urlencode

import httpx
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from service.trust import signatures
from service.trust.keys import decode_base64url
from tests.discovery.fake_web import metadata
from tests.forged_tokens import write
from tests.nodes import Network
from tests.small_node import FrozenClock

Json = dict[str, Any]
Lie = Callable[[Json], httpx.Response | Json]
ACCESS_TOKEN = "hostile-access-token-of-some-length"
CODE = "c" * 43


class HostileNode:
    """Answers at `https://{host}/i/evil`; `lies` change its answers, `asked` is every request that it got.

    A lie gets the true body and returns another one, or a whole answer. The steps are named `metadata`, `jwks`,
    `par`, `authorize` (the query of the callback), `token`, `attestation` (its claims), `header` (of the
    attestation), `activation`, `status`, `end`; of an inviter `invited` (how the invitation stands) and `registered`.
    """

    def __init__(self, network: Network, clock: FrozenClock, host: str = "evil.test") -> None:
        self.clock = clock
        self.host = host
        self.issuer = f"https://{host}/i/evil"
        self.lies: dict[str, Lie] = {}
        self.asked: list[httpx.Request] = []
        self.pushed: dict[str, str] = {}
        self.state = "consented"
        pem = signatures.generate_key()
        self.private = cast("ec.EllipticCurvePrivateKey", load_pem_private_key(pem, None))
        self.jwk = dict(signatures.load_key(pem).public_jwk)
        network.hosts[host] = httpx.MockTransport(self._serve)

    def was_asked(self, part: str) -> list[httpx.Request]:
        """Return the requests whose path has this part."""
        return [request for request in self.asked if part in request.url.path]

    def attestation(self) -> str:
        """Return the word of this node that its admin accepted what was pushed, as true as its lies let it be."""
        client_key = self._thumbprint_of_client()
        now = int(self.clock.now().timestamp())
        claims = {
            "iss": self.issuer,
            "aud": self.pushed["client_id"],
            "sub": "somebody",
            "role": "admin",
            "name": "Somebody",
            "auth_time": now,
            "admin_checked_at": now,
            "nonce": self.pushed["nonce"],
            "shared_id": self.pushed["shared_id"],
            "instance": f"https://{self.host}/tracker",
            "scope": self.pushed["scope"],
            "cnf": {"jkt": client_key},
            "jti": f"{self.host} {self.pushed['shared_id']}",
            "iat": now,
            "exp": now + 600,
        }
        header = {"alg": "ES256", "typ": "connection-attestation+jwt", "kid": self.jwk["kid"]}
        return write(self._say("header", header), self._say("attestation", claims), self.private)

    def last_form(self) -> dict[str, str]:
        """Return the form of the last request that came."""
        return dict(parse_qsl(self.asked[-1].content.decode()))

    def refuse_the_code(self, true: Json) -> httpx.Response | Json:
        """Say of every code that it was used before; other tokens are given."""
        is_code = "code" in self.last_form()
        return httpx.Response(400, json={"error": "invalid_grant"}) if is_code else true

    def callback(self, **changes: str | None) -> str:
        """Return where this node sends the browser back to; None leaves a parameter out."""
        query = {"code": CODE, "state": self.pushed["state"], "iss": self.issuer, **changes}
        kept = {name: value for name, value in query.items() if value is not None}
        return f"{self.pushed['redirect_uri']}?{urlencode(kept)}"

    def invitation(self, header: Json | None = None, **changes: object) -> str:
        """Return the code of an invitation, with these changes; None leaves a claim or a header member out."""
        now = int(self.clock.now().timestamp())
        claims = {
            "iss": self.issuer,
            "aud": "any",
            "jti": "an-invitation",
            "instance": f"https://{self.host}/tracker",
            "scope": "items:read",
            "mode": "basic",
            "secret": "s" * 43,
            "iat": now,
            "exp": now + 3600,
        }
        right = {"alg": "ES256", "typ": "connection-invitation+jwt", "kid": self.jwk["kid"]}
        return write(_given({**right, **(header or {})}), _given({**claims, **changes}), self.private)

    async def _serve(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        path = request.url.path
        if path.endswith("/oauth/par"):
            self.pushed = dict(parse_qsl(request.content.decode()))
        if path.endswith("/oauth/authorize"):
            return httpx.Response(303, headers={"location": self._location()})
        for end, (step, status, true) in self._pages(request.method).items():
            if path.endswith(end):
                said = self._say(step, true())
                return said if isinstance(said, httpx.Response) else as_json(said, status)
        if request.method == "DELETE":
            self.state = "closed"
            said = self._say("end", {})
            return said if isinstance(said, httpx.Response) else httpx.Response(204)
        return httpx.Response(404)

    def _pages(self, method: str) -> Mapping[str, tuple[str, int, Callable[[], Json]]]:
        pages: dict[str, tuple[str, int, Callable[[], Json]]] = {
            "/.well-known/oauth-authorization-server/i/evil": ("metadata", 200, self._metadata),
            "/oauth/jwks": ("jwks", 200, lambda: {"keys": [self.jwk]}),
            "/oauth/par": ("par", 201, lambda: {"request_uri": "urn:request:" + "r" * 30, "expires_in": 300}),
            "/oauth/token": ("token", 200, self._token),
            "/invitations/status": ("invited", 200, self._invited),
            "/oauth/register": ("registered", 201, self._registered),
            "/activation": ("activation", 200, self._activation),
        }
        if method == "GET" and self.pushed:
            pages[f"/connections/{self.pushed['shared_id']}"] = ("status", 200, self._status)
        return pages

    def _say(self, step: str, true: Json) -> Any:
        lie = self.lies.get(step)
        return lie(true) if lie else true

    def _location(self) -> str:
        said = self._say("authorize", {"code": CODE, "state": self.pushed["state"], "iss": self.issuer})
        return self.callback(**{"code": None, "state": None, "iss": None, **said})

    def _metadata(self) -> Json:
        own = {
            "name": "A friendly tracker",
            "platform": "sandbox",
            "platform_label": "Sandbox",
            "url": f"https://{self.host}/tracker",
            "network": "public",
            "modes": ["visual", "script", "basic"],
            "sandbox": True,
        }
        registers_at = f"{self.issuer}/oauth/register"
        return metadata(self.issuer, registration_endpoint=registers_at, parley_instance=own)

    def _token(self) -> Json:
        answer = {
            "access_token": ACCESS_TOKEN,
            "token_type": "DPoP",
            "expires_in": 300,
            "scope": "connection",
            "shared_id": self.pushed["shared_id"],
        }
        if "code" in self.last_form():
            self.state = "redeemed"
            answer["connection_attestation"] = self.attestation()
        return answer

    def _activation(self) -> Json:
        self.state = "active"
        return self._status()

    def _status(self) -> Json:
        return {"shared_id": self.pushed["shared_id"], "state": self.state}

    def _invited(self) -> Json:
        return {
            "state": "open",
            "mode": "basic",
            "scope": ["items:read"],
            "connection_name": "Evil to A",
            "inviter_short_name": "E",
            "partner_short_name": "A",
            "confirmation_required": False,
            "expires_at": "2035-01-01T00:00:00Z",
            "interval": 5,
        }

    def _registered(self) -> Json:
        """Whoever registers is confirmed at once, as the client that it says it is."""
        body = json.loads(self.asked[-1].content)
        self.pushed = {"shared_id": read_part(body["software_statement"], 1)["shared_id"]}
        return {
            "client_id": f"{body['client_uri']}/oauth/client.json",
            "client_id_issued_at": int(self.clock.now().timestamp()),
            "token_endpoint_auth_method": "private_key_jwt",
            "grant_types": ["client_credentials"],
            "shared_id": self.pushed["shared_id"],
            "invitation_state": "confirmed",
        }

    def _thumbprint_of_client(self) -> str:
        """Return the key that the client proved with its last DPoP proof."""
        proof = self.asked[-1].headers["dpop"]
        return signatures.thumbprint(read_part(proof, 0)["jwk"])


def _given(part: Json) -> Json:
    return {name: value for name, value in part.items() if value is not None}


def read_part(token: str, index: int) -> Json:
    """Return the header (0) or the claims (1) of a token that nobody verified."""
    found: Json = json.loads(decode_base64url(token.split(".")[index]))
    return found


def as_json(body: object, status: int = 200) -> httpx.Response:
    """Return an answer whose body is this JSON."""
    return httpx.Response(status, json=body)
