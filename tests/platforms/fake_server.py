"""A platform's server that answers what a table says, and the traps that no adapter may fall into."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from service.egress.client import Egress, EgressPolicy
from service.platforms.interface import Credential, Platform, SignInFailure, SignInReason

CREDENTIAL_HEADERS = frozenset({"authorization", "private-token", "x-redmine-api-key"})
# Anything shorter may be a word of a sentence.
SHORT = 7
Answers = Mapping[str, httpx.Response | Any]


def reply(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> httpx.Response:
    """Return an answer: text is a page, anything else is JSON."""
    kind = "text/html; charset=utf-8" if isinstance(body, str) else "application/json"
    content = body if isinstance(body, str) else json.dumps(body)
    return httpx.Response(status, headers={"content-type": kind, **(headers or {})}, content=content)


NOT_FOUND = reply({"message": "Not Found"}, 404)
REFUSED = reply({"message": "Requires authentication"}, 401)


class FakeServer:
    """Answers by the most exact key there is: URL with query, URL, path with query, path.

    A POST is looked for as `POST <key>` first. A value that is no response is the JSON of a 200. `strangers` is
    what callers without a credential get: 401, unless it says otherwise.
    """

    def __init__(
        self, proven: Answers, strangers: Answers | None = None, *, otherwise: httpx.Response = NOT_FOUND
    ) -> None:
        self.proven = proven
        self.strangers = strangers or {}
        self.otherwise = otherwise
        self.requests: list[httpx.Request] = []
        self.transport = httpx.MockTransport(self._answer)
        self.egress = Egress(EgressPolicy(), transport=self.transport)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if shows_credential(request):
            return _find(self.proven, request) or _copy(self.otherwise)
        return _find(self.strangers, request) or _copy(REFUSED)

    @property
    def credentials_shown(self) -> int:
        """How often a credential left this machine."""
        return sum(shows_credential(request) for request in self.requests)

    def asked(self, path: str) -> list[httpx.Request]:
        """Return the requests to this path, of strangers too."""
        return [request for request in self.requests if request.url.path == path]


def shows_credential(request: httpx.Request) -> bool:
    """True where the request carries a password, a key or a token."""
    return bool(CREDENTIAL_HEADERS & set(request.headers))


def _find(answers: Answers, request: httpx.Request) -> httpx.Response | None:
    url = request.url
    query = f"?{url.query.decode()}" if url.query else ""
    path = url.raw_path.decode().partition("?")[0]
    place = f"{url.scheme}://{url.netloc.decode()}{path}"
    for key in (place + query, place, path + query, path):
        for name in (f"{request.method} {key}", key):
            if name in answers:
                found = answers[name]
                return _copy(found) if isinstance(found, httpx.Response) else reply(found)
    return None


def _copy(response: httpx.Response) -> httpx.Response:
    return httpx.Response(response.status_code, headers=response.headers, content=response.content)


@dataclass(frozen=True, slots=True)
class Trap:
    """An answer that looks like success to a careless reader, or that must not be asked for again."""

    name: str
    answer: httpx.Response
    reasons: frozenset[SignInReason] = frozenset({SignInReason.UNEXPECTED_ANSWER})

    def __str__(self) -> str:
        return self.name


PAGE = "<html><title>Sign in</title><form action='/login'></form></html>"
WRONG = frozenset({SignInReason.WRONG_CREDENTIALS})
# At the call that says who somebody is. What one platform alone does is a trap in that platform's own test file.
TRAPS = (
    Trap("200 with a page", reply(PAGE)),
    Trap("203 with a page", reply(PAGE, 203)),
    Trap("200 with nothing", httpx.Response(200)),
    Trap("204", httpx.Response(204)),
    Trap("null", reply(None)),
    Trap("an empty object", reply({})),
    Trap("an empty list", reply([])),
    Trap("text as JSON", reply(b"".decode(), headers={"content-type": "application/json"})),
    Trap("redirect to a sign-in page", httpx.Response(302, headers={"location": "https://sso.example.com/"})),
    Trap("201", reply({"id": 1}, 201)),
    Trap("404", NOT_FOUND),
    Trap("401", REFUSED, WRONG),
    Trap("403", reply({}, 403), frozenset({SignInReason.RIGHT_MISSING, SignInReason.WRONG_CREDENTIALS})),
    Trap("429", reply({}, 429, {"Retry-After": "30"}), frozenset({SignInReason.RATE_LIMITED})),
    Trap("503 with a page", reply(PAGE, 503), frozenset({SignInReason.UNREACHABLE})),
    Trap(
        "CAPTCHA",
        reply(
            {}, 403, {"X-Authentication-Denied-Reason": "CAPTCHA_CHALLENGE; login-url=https://x.example.com/"}
        ),
        frozenset({SignInReason.LOCKED_OUT}),
    ),
    Trap(
        "200 with a refusal in a header",
        reply({"id": 1}, 200, {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"}),
        WRONG,
    ),
    Trap("more than anybody reads", reply({"id": 1, "filler": "x" * 5_000_000})),
)


async def require_no_way_in(
    platform: Platform, server: FakeServer, url: str, credential: Credential, trap: Trap
) -> SignInFailure:
    """Nobody is signed in, for the trap's reason; the credential was shown at most once, and is told nowhere."""
    with pytest.raises(SignInFailure) as caught:
        await platform.sign_in(server.egress, url, credential)
    failure = caught.value
    assert failure.reason in trap.reasons, failure
    assert server.credentials_shown <= 1
    secrets = [value for value in credential.values.values() if len(value) > SHORT]
    assert not [value for value in secrets if value in failure.detail]
    return failure
