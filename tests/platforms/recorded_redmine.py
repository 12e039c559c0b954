"""A Redmine that answers what a real one, version 5.0.4, once answered to the same question."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from service.egress.client import Egress, EgressPolicy
from service.platforms.interface import Credential

RESPONSES = Path(__file__).parent / "responses" / "redmine"
# Below a path, as many companies run it.
URL = "https://tracker.example.com/redmine"
WHO_AM_I = "/users/current.json"

ADMIN = Credential("password", {"login": "admin", "password": "admin-pass-1"})
ADMIN_KEY = Credential("api_key", {"api_key": "a" * 40})
NORMA = Credential("password", {"login": "norma", "password": "norma-pass-1"})
NORMA_KEY = Credential("api_key", {"api_key": "b" * 40})
SECRETS = ("admin-pass-1", "norma-pass-1", "a" * 40, "b" * 40)

LOOK = {WHO_AM_I: "fp_users_current_anon", "/login": "fp_login"}


def recorded(name: str) -> httpx.Response:
    """Return the recorded answer of this name."""
    record = json.loads((RESPONSES / f"{name}.json").read_text(encoding="utf-8"))
    return answer(record["status"], record["body"], record["headers"])


def answer(status: int, body: Any, headers: Mapping[str, str] | None = None) -> httpx.Response:
    """Return an answer with a text body as it is, anything else as JSON."""
    content = body if isinstance(body, str) else json.dumps(body)
    given = {name.lower(): value for name, value in (headers or {}).items()}
    kind = "text/html; charset=utf-8" if isinstance(body, str) else "application/json"
    return httpx.Response(status, headers={"content-type": kind, **given}, content=content)


class RecordedRedmine:
    """Which answer each path gets, without and with a credential; what nobody recorded is a 404."""

    def __init__(
        self,
        proven: Mapping[str, str | httpx.Response],
        anonymous: Mapping[str, str | httpx.Response] = LOOK,
    ) -> None:
        self.proven = proven
        self.anonymous = anonymous
        self.requests: list[httpx.Request] = []
        self.transport = httpx.MockTransport(self._answer)
        self.egress = Egress(EgressPolicy(), transport=self.transport)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answers = self.proven if shows_credential(request) else self.anonymous
        path = request.url.path.removeprefix("/redmine")
        found = answers.get(f"{path}?{request.url.query.decode()}", answers.get(path))
        if found is None or not request.url.path.startswith("/redmine/"):
            return answer(404, "")
        return recorded(found) if isinstance(found, str) else found

    @property
    def credentials_shown(self) -> int:
        """How often a credential left this machine."""
        return sum(shows_credential(request) for request in self.requests)


def shows_credential(request: httpx.Request) -> bool:
    """True where the request carries a password or a key."""
    return "authorization" in request.headers or "x-redmine-api-key" in request.headers
