"""A client that is no node of ours: it signs by hand what the standards say, and whatever else a test wants."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, cast
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import uuid4

import httpx
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from service.protocol.messages import ASSERTION_TYPE
from service.trust import signatures
from service.trust.signatures import access_token_hash
from service.trust.tokens import pkce_challenge
from tests.forged_tokens import write
from tests.nodes import Network, Person, RunningNode

Json = dict[str, Any]
Headers = Mapping[str, str] | Sequence[tuple[str, str]]
VERIFIER = "v" * 43


class Stranger:
    """A host with a client document, a key, and a callback; `fetched` are the paths that it was asked for."""

    def __init__(self, network: Network, asked: RunningNode, host: str = "asker.test") -> None:
        self.network = network
        self.asked = asked
        self.host = host
        self.origin = f"https://{host}"
        self.issuer = f"{self.origin}/i/asker"
        self.client_id = f"{self.issuer}/oauth/client.json"
        self.redirect_uri = f"{self.issuer}/oauth/callback"
        self.shared_id = str(uuid4())
        self.state, self.nonce = "s" * 43, "n" * 43
        pem = signatures.generate_key()
        self.private = cast("ec.EllipticCurvePrivateKey", load_pem_private_key(pem, None))
        self.jwk = dict(signatures.load_key(pem).public_jwk)
        self.kid = self.jwk["kid"]
        self.document: Json = self.make_document()
        self.pages: dict[str, httpx.Response] = {}
        self.fetched: list[str] = []
        self.on_fetch: Callable[[], Awaitable[object]] = _nothing
        network.hosts[host] = httpx.MockTransport(self._serve)

    def make_document(self) -> Json:
        return {
            "client_id": self.client_id,
            "client_name": "Asker",
            "redirect_uris": [self.redirect_uri],
            "token_endpoint_auth_method": "private_key_jwt",
            "jwks": {"keys": [self.jwk]},
            "parley_instance": {
                "name": "Asking tracker",
                "platform": "sandbox",
                "platform_label": "Sandbox",
                "url": f"{self.origin}/tracker",
                "network": "public",
                "modes": ["visual", "script", "basic"],
                "sandbox": True,
            },
        }

    async def _serve(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == "/i/asker/oauth/callback":
            return httpx.Response(200, text="back at the asker")
        self.fetched.append(path)
        await self.on_fetch()
        if path in self.pages:
            return self.pages[path]
        if path == "/i/asker/oauth/client.json":
            return httpx.Response(200, json=self.document)
        return httpx.Response(404)

    def assertion(self, header: Mapping[str, Any] | None = None, **claims: Any) -> str:
        """Return a client assertion; a claim or header member of None is left out."""
        now = int(self.asked.clock.now().timestamp())
        right = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self.asked.issuer,
            "jti": uuid4().hex,
            "iat": now,
            "exp": now + 60,
        }
        usual = {"alg": "ES256", "typ": "client-authentication+jwt", "kid": self.kid}
        return write(_without_none(usual, header or {}), _without_none(right, claims), self.private)

    def proof(
        self, method: str, url: str, token: str | None = None, header: Json | None = None, **claims: Any
    ) -> str:
        """Return a DPoP proof of the stranger's key."""
        right = {
            "jti": uuid4().hex,
            "htm": method,
            "htu": url,
            "iat": int(self.asked.clock.now().timestamp()),
            "ath": access_token_hash(token) if token else None,
        }
        public = {name: self.jwk[name] for name in ("kty", "crv", "x", "y")}
        usual = {"alg": "ES256", "typ": "dpop+jwt", "jwk": public}
        return write(_without_none(usual, header or {}), _without_none(right, claims), self.private)

    def push_form(self, **changes: Any) -> dict[str, str]:
        right: dict[str, Any] = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": "items:read comments:read",
            "state": self.state,
            "nonce": self.nonce,
            "code_challenge": pkce_challenge(VERIFIER),
            "code_challenge_method": "S256",
            "shared_id": self.shared_id,
            "mode": "visual",
            "connection_name": "Asker to B",
            "initiator_short_name": "ASK",
            "responder_short_name": "BEE",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": self.assertion() if "client_assertion" not in changes else None,
        }
        return _without_none(right, changes)

    async def push(self, *, headers: Headers | None = None, **changes: Any) -> httpx.Response:
        return await self.post("/oauth/par", self.push_form(**changes), headers=headers)

    async def request_uri(self, **changes: Any) -> str:
        answer = await self.push(**changes)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["request_uri"])

    def authorize_url(self, request_uri: str, **more: str) -> str:
        query = {"client_id": self.client_id, "request_uri": request_uri, **more}
        return f"{self.asked.issuer}/oauth/authorize?{urlencode(query)}"

    async def visit(self, login: str = "alice", **changes: Any) -> Person:
        """Return a person in front of the decision page, signed in for it."""
        person = Person(self.network)
        await person.open(self.authorize_url(await self.request_uri(**changes)))
        await person.sign_in(login)
        return person

    async def code(self, **changes: Any) -> str:
        """Return the code of a request that an admin accepted."""
        person = await self.visit(**changes)
        await person.submit(button="accept")
        return query_of(person.url)["code"]

    def token_form(self, **changes: Any) -> dict[str, str]:
        right: dict[str, Any] = {
            "grant_type": "authorization_code",
            "redirect_uri": self.redirect_uri,
            "code_verifier": VERIFIER,
            "client_id": self.client_id,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": self.assertion() if "client_assertion" not in changes else None,
        }
        return _without_none(right, changes)

    async def redeem(self, code: str | None, *, proof: str | None = None, **changes: Any) -> httpx.Response:
        headers = {"DPoP": proof or self.proof("POST", f"{self.asked.issuer}/oauth/token")}
        return await self.post("/oauth/token", self.token_form(code=code, **changes), headers=headers)

    async def redeemed(self, **changes: Any) -> Json:
        """Return what the token endpoint answers for a fresh code."""
        answer = await self.redeem(await self.code(**changes))
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    async def connection_token(self, **changes: Any) -> httpx.Response:
        changes = {"shared_id": self.shared_id, **changes}
        usual = {"grant_type": "client_credentials", "redirect_uri": None, "code_verifier": None}
        return await self.redeem(None, **{**usual, **changes})

    async def access_token(self) -> str:
        answer = await self.connection_token()
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    async def call(self, method: str, token: str, path: str = "", **claims: Any) -> httpx.Response:
        """Return the answer of the connection's resource, or of its activation."""
        path = f"/connections/{self.shared_id}{path}"
        proof = self.proof(method, self.asked.issuer + path, token, **claims)
        return await self.raw(method, path, {"Authorization": f"DPoP {token}", "DPoP": proof})

    async def tell(self, token: str, state: str, changed_at: object) -> httpx.Response:
        """Say how the stranger's own side stands."""
        path = f"/connections/{self.shared_id}/status"
        proof = self.proof("PUT", self.asked.issuer + path, token)
        headers = {"Authorization": f"DPoP {token}", "DPoP": proof}
        return await self.raw("PUT", path, headers, json={"state": state, "changed_at": changed_at})

    async def raw(self, method: str, path: str, headers: Headers, json: object = None) -> httpx.Response:
        return await _client(self.asked).request(method, self.asked.issuer + path, headers=headers, json=json)

    async def activate(self, token: str) -> httpx.Response:
        return await self.call("PUT", token, "/activation")

    async def post(
        self, path: str, form: Mapping[str, str] | str, *, headers: Headers | None = None
    ) -> httpx.Response:
        content = form if isinstance(form, str) else urlencode(form)
        sent = httpx.Headers({"Content-Type": "application/x-www-form-urlencoded"})
        given = httpx.Headers(headers or {})
        pairs = [*given.multi_items(), *((name, sent[name]) for name in sent if name not in given)]
        return await _client(self.asked).post(self.asked.issuer + path, content=content, headers=pairs)


async def _nothing() -> None:
    """Answer at once."""


def _client(asked: RunningNode) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(asked.app, raise_app_exceptions=False))


async def listed(asked: RunningNode) -> list[Json]:
    """Return the connections that the asked node shows."""
    items: list[Json] = (await asked.api.get("/v1/connections")).json()["items"]
    return items


async def only_connection(stranger: Stranger) -> Json:
    """Return the one connection that the asked node shows."""
    (found,) = await listed(stranger.asked)
    return found


def query_of(url: str) -> dict[str, str]:
    """Return the query parameters of a URL."""
    return dict(parse_qsl(urlsplit(url).query))


def error_of(answer: httpx.Response) -> tuple[int, str]:
    """Return the status and the error code of a refusal; an answer that is none has an empty one."""
    return answer.status_code, str(answer.json().get("error", ""))


def _without_none(usual: Mapping[str, Any], changes: Mapping[str, Any]) -> Json:
    return {name: value for name, value in {**usual, **changes}.items() if value is not None}
