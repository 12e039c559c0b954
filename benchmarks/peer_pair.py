"""The best-known pair of peers: npm's openid-client as the asking side, oidc-provider as the asked one."""

import json
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from benchmarks.browser import Browser, WentWrong
from benchmarks.contenders import Contender
from benchmarks.databases import database_server
from benchmarks.http_client import HttpClient
from benchmarks.processes import ROOT, free_port, served

PEERS = ROOT / "benchmarks" / "peers"
CLIENT_ID = "bench"


@asynccontextmanager
async def peer_pair(kind: str, folder: Path) -> AsyncIterator[Contender]:
    """Give both, ready; `make bench-peers` has installed them."""
    with ExitStack() as stack:
        database = stack.enter_context(database_server(kind, "client", "provider"))
        at = {"client": free_port(), "provider": free_port()}
        issuer, callback = (f"http://127.0.0.1:{at['provider']}", f"http://127.0.0.1:{at['client']}/callback")
        key = _new_key()
        registered = {
            "client_id": CLIENT_ID,
            "redirect_uris": [callback],
            "token_endpoint_auth_method": "private_key_jwt",
            "token_endpoint_auth_signing_alg": "ES256",
            "id_token_signed_response_alg": "ES256",
            "require_pushed_authorization_requests": True,
            "dpop_bound_access_tokens": True,
            "jwks": {"keys": [{name: value for name, value in key.items() if name != "d"}]},
        }
        arguments = {
            "provider": (json.dumps(registered),),
            "client": (issuer, CLIENT_ID, json.dumps(key)),
        }
        servers = []
        for name in ("provider", "client"):
            url = (
                database.url(name)
                .removeprefix("sqlite+aiosqlite:///")
                .replace("+asyncpg://postgres:@/", "://localhost/")
            )
            command = ["node", str(PEERS / f"{name}.js"), str(at[name]), url, *arguments[name]]
            servers.append(
                stack.enter_context(served(name, command, at[name], folder, {"NODE_ENV": "production"}))
            )
        for server in servers:
            await server.wait_until("/.well-known/openid-configuration")
        asking = servers[1].url

        async def flow(http: HttpClient) -> int:
            return await connect(http, asking)

        yield Contender("peers", tuple(servers), database, flow)


async def connect(http: HttpClient, asking: str) -> int:
    """From the start to a token: somebody signs in at the provider and consents."""
    browser = Browser(http)
    await browser.open(f"{asking}/start")
    await browser.submit({"login": "alice", "password": "alice"})
    await browser.submit()
    if "connected" not in browser.page:
        raise WentWrong(f"not connected: {browser.page[:300]}")
    return browser.requests


def _new_key() -> dict[str, str]:
    """Return a private key as a JWK."""
    numbers = ec.generate_private_key(ec.SECP256R1()).private_numbers()
    public = numbers.public_numbers
    values = {"x": public.x, "y": public.y, "d": numbers.private_value}
    return {
        "kty": "EC",
        "crv": "P-256",
        "kid": "client",
        "alg": "ES256",
        "use": "sig",
        **{name: _encoded(value) for name, value in values.items()},
    }


def _encoded(number: int) -> str:
    return urlsafe_b64encode(number.to_bytes(32)).rstrip(b"=").decode()
