"""The server of Tomorrow, the platform that exists in tests only, with a sign-in page of its own."""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

import httpx
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from service.platforms.description import OAuth, OAuthScope, RefreshTokens, SignInMethod
from service.platforms.interface import Credential
from service.platforms.registry import Registry, build_registry
from tests.platforms.worked_example import DESCRIPTION, Tomorrow

HOST = "acme.tomorrow.example"
URL = f"https://{HOST}"
CLIENT = {"client_id": "parley-at-acme", "client_secret": "a-secret-of-the-client"}
TOKENS = {"olga": "o" * 40, "max": "m" * 40}
PEOPLE = {
    "olga": {"id": 7, "login": "olga", "name": "Olga", "role": "owner", "rights": ["read", "write"]},
    "max": {"id": 8, "login": "max", "name": "Max", "role": "member", "rights": ["read"]},
}
WITH_PAGE = replace(
    DESCRIPTION,
    sign_in=(
        SignInMethod(
            "oauth",
            "Sign in with Tomorrow",
            oauth=OAuth(
                authorize_url="{server}/oauth/authorize",
                token_url="{server}/oauth/token",
                scopes=(OAuthScope("profile", "To see who you are."),),
                user_scopes=(OAuthScope("tickets", "To read and write tickets."),),
                where_to_register="Tomorrow: Settings → Applications",
                refresh_tokens=RefreshTokens.ROTATE,
                extra_parameters=(("audience", "tomorrow"),),
            ),
        ),
        *DESCRIPTION.sign_in,
    ),
)


class TomorrowWithPage(Tomorrow):
    """The worked example, and people may sign in on its own page."""

    description = WITH_PAGE

    async def open(self, egress, base_url, credential):  # type: ignore[no-untyped-def]
        token = credential.values.get("access_token" if credential.method == "oauth" else "token", "")
        return await super().open(egress, base_url, Credential("token", {"token": token}))


def registry() -> Registry:
    """Return the node's platforms with this one among them."""
    return Registry({**build_registry(sandbox=True).platforms, "tomorrow": TomorrowWithPage()})


@dataclass
class TomorrowServer:
    """Who signs in on its page is `person`; codes are redeemed once, by the client that they are for."""

    person: str = "olga"
    trouble: httpx.Response | None = None
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)
    redeemed: int = 0
    fresh: dict[str, str] = field(default_factory=dict)
    refreshed: int = 0

    def app(self) -> FastAPI:
        app = FastAPI()
        app.add_api_route("/api/about", self.about)
        app.add_api_route("/api/me", self.me)
        app.add_api_route("/api/projects", self.projects)
        app.add_api_route("/oauth/authorize", self.authorize, response_class=HTMLResponse)
        app.add_api_route("/oauth/decide", self.decide, methods=["POST"])
        app.add_api_route("/oauth/token", self.token, methods=["POST"])
        return app

    def about(self) -> dict[str, str]:
        return {"product": "Tomorrow", "version": "2.1", "title": "Acme"}

    def me(self, request: Request) -> Response:
        shown = request.headers.get("authorization", "").removeprefix("Bearer ")
        for login, token in TOKENS.items():
            if shown in {token, f"access-{login}"}:
                return JSONResponse(PEOPLE[login])
        return JSONResponse({"error": "who are you?"}, 401)

    def projects(self) -> dict[str, list[dict[str, str]]]:
        return {"projects": [{"key": "WEB", "name": "Website"}]}

    def authorize(self, request: Request) -> HTMLResponse:
        asked = dict(request.query_params)
        self.asked.append(asked)
        inputs = "".join(
            f'<input type="hidden" name="{name}" value="{value}">' for name, value in asked.items()
        )
        return HTMLResponse(
            f'<form method="post" action="/oauth/decide">{inputs}'
            '<button name="answer" value="agree">Agree</button>'
            '<button name="answer" value="cancel">Cancel</button></form>'
        )

    async def decide(self, request: Request) -> RedirectResponse:
        form = {name: str(value) for name, value in (await request.form()).items()}
        answer = {"state": form["state"]}
        if form["answer"] == "agree":
            code = secrets.token_urlsafe()
            self.codes[code] = {**form, "login": self.person}
            answer["code"] = code
        else:
            answer |= {"error": "access_denied", "error_description": "<script>alert(1)</script>"}
        return RedirectResponse(f"{form['redirect_uri']}?{urlencode(answer)}", 302)

    async def token(self, request: Request) -> Response:
        if self.trouble is not None:
            trouble = self.trouble
            return Response(trouble.content, trouble.status_code, dict(trouble.headers))
        form = {name: str(value) for name, value in (await request.form()).items()}
        if {name: form.get(name) for name in CLIENT} != CLIENT:
            return JSONResponse({"error": "invalid_client"}, 401)
        if form.get("grant_type") == "refresh_token":
            self.refreshed += 1
            login = self.fresh.pop(form["refresh_token"], None)
            return JSONResponse({"error": "invalid_grant"}, 400) if login is None else self._grant(login)
        asked = self.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            asked is None
            or asked["redirect_uri"] != form["redirect_uri"]
            or asked["code_challenge"] != challenge
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        self.redeemed += 1
        return self._grant(asked["login"])

    def _grant(self, login: str) -> Response:
        """Give an access token, and a refresh token that works once."""
        again = secrets.token_urlsafe()
        self.fresh[again] = login
        given = {"access_token": f"access-{login}", "token_type": "bearer", "expires_in": 7200}
        return JSONResponse({**given, "refresh_token": again})

    def transport(self) -> httpx.AsyncBaseTransport:
        return httpx.ASGITransport(self.app())
