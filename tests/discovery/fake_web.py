"""A web that a test writes: which URL answers what, and what is asked of it."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx

from service.egress.client import Egress, EgressPolicy
from service.trust.signatures import generate_key, load_key

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NODE = "https://parley.acme.example/i/jira"
TRACKER = "https://tracker.acme.example"
KEY = load_key(generate_key()).public_jwk
Document = dict[str, Any]


@dataclass
class FakeWeb:
    """Answers by URL. What nobody put there is a 404; an exception is raised instead of an answer."""

    pages: dict[str, httpx.Response | Exception] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    requests: list[httpx.Request] = field(default_factory=list)
    hosts_down: dict[str, Exception] = field(default_factory=dict)

    def put(self, url: str, document: object, **headers: str) -> None:
        body = json.dumps(document)
        answered = {"content-type": "application/json", "date": http_date(), **headers}
        self.pages[url] = httpx.Response(200, text=body, headers=answered)

    async def answer(self, request: httpx.Request) -> httpx.Response:
        url = str(request.url).removesuffix("/") if request.url.path == "/" else str(request.url)
        self.asked.append(url)
        self.requests.append(request)
        if down := self.hosts_down.get(request.url.host):
            raise down
        page = self.pages.get(url) or httpx.Response(404, text="not here")
        if isinstance(page, Exception):
            raise page
        return httpx.Response(page.status_code, headers=page.headers, content=page.content)

    def egress(self, policy: EgressPolicy | None = None) -> Egress:
        return Egress(policy or EgressPolicy(), transport=httpx.MockTransport(self.answer))


def http_date(seconds_ahead: float = 0) -> str:
    return format_datetime(NOW + timedelta(seconds=seconds_ahead), usegmt=True)


def metadata(issuer: str = NODE, **changes: object) -> Document:
    """Return what a good node publishes, written out by hand: a test must not trust the code under test."""
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oauth/authorize",
        "token_endpoint": f"{issuer}/oauth/token",
        "pushed_authorization_request_endpoint": f"{issuer}/oauth/par",
        "jwks_uri": f"{issuer}/oauth/jwks",
        "require_pushed_authorization_requests": True,
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "client_credentials"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["ES256"],
        "dpop_signing_alg_values_supported": ["ES256"],
        "authorization_response_iss_parameter_supported": True,
        "client_id_metadata_document_supported": True,
        "scopes_supported": ["items:read"],
        "parley_version": "1",
        "parley_instance": facts(),
        **changes,
    }


def facts(**changes: object) -> Document:
    return {
        "name": "Acme Jira",
        "platform": "jira_cloud",
        "platform_label": "Jira Cloud",
        "url": TRACKER,
        "network": "public",
        "version": "10.3",
        "modes": ["visual", "script", "basic"],
        "sandbox": False,
        **changes,
    }


def put_node(
    web: FakeWeb,
    issuer: str = NODE,
    *,
    keys: object = None,
    headers: dict[str, str] | None = None,
    **changes: object,
) -> None:
    """A node is at the issuer: its metadata and its keys."""
    document = metadata(issuer, **changes)
    web.put(metadata_url(issuer), document, **(headers or {}))
    web.put(f"{issuer}/oauth/jwks", {"keys": [KEY]} if keys is None else keys)


def metadata_url(issuer: str) -> str:
    return _inserted(issuer, "/.well-known/oauth-authorization-server")


def resource_url(resource: str) -> str:
    return _inserted(resource, "/.well-known/oauth-protected-resource")


def put_resource(web: FakeWeb, resource: str = TRACKER, *issuers: str) -> None:
    """The tracker's own host says which issuer speaks for it."""
    document = {"resource": resource, "authorization_servers": list(issuers) or [NODE]}
    web.put(resource_url(resource), document)


def _inserted(url: str, well_known: str) -> str:
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host}{well_known}{slash}{path}"
