"""Two nodes and everybody who uses them: a walk that asks every operation for what it is there for."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from sqlmodel import select

from service.database.sessions import transaction
from service.instances.models import Instance
from service.invitations.invitation.models import Invitation
from tests.exchanges import Log, Recorder, operations
from tests.nodes import Network, Person, RunningNode
from tests.small_node import FrozenClock

Json = dict[str, Any]


@dataclass
class Walk:
    """The asking node, the asked one, and what goes between all of them."""

    a: RunningNode
    b: RunningNode
    network: Network
    clock: FrozenClock
    log: Log

    @classmethod
    def begin(cls, a: RunningNode, b: RunningNode, network: Network, clock: FrozenClock) -> "Walk":
        """Write down from here on whatever reaches one of the nodes."""
        log = Log(operations(a.app.openapi()))
        for node in (a, b):
            host = httpx.URL(node.url).host
            network.hosts[host] = Recorder(network.hosts[host], log)
        return cls(a, b, network, clock, log)

    async def call(self, method: str, path: str, body: object = None, **more: Any) -> Json:
        """Return what the asking node answers to who may do everything; a moment later it is a moment later."""
        headers = {"Authorization": self.a.api.headers["Authorization"], **more.pop("headers", {})}
        async with httpx.AsyncClient(transport=self.network, base_url=self.a.url, headers=headers) as client:
            answer = await client.request(method, path, json=body, **more)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        self.clock.advance(1)
        found: Json = answer.json() if answer.content and is_json(answer) else {}
        return found

    async def everything(self) -> None:
        """Every operation has done its work at least once."""
        await self.look_around()
        await self.administer()
        await self.sign_in()
        await self.sign_in_elsewhere()
        await self.connect_locally()
        await self.answer_step_by_step()
        await self.connect()
        await self.invite()
        await self.move()

    async def look_around(self) -> None:
        """What everybody may read."""
        slug = self.a.slug
        for path in ("/", "/livez", "/readyz", "/metrics", "/v1/platforms", "/v1/lifecycle", "/v1/me"):
            await self.call("GET", path)
        for path in ("/v1/problem-types", "/v1/problem-types/step-not-allowed", f"/sandbox/{slug}"):
            await self.call("GET", path)
        for kind in (f"oauth-authorization-server/i/{slug}", f"oauth-protected-resource/i/{slug}"):
            await self.call("GET", f"/.well-known/{kind}")
        await self.call("GET", f"/.well-known/oauth-protected-resource/sandbox/{slug}")
        for path in ("", "/oauth/client.json", "/oauth/jwks"):
            await self.call("GET", f"/i/{slug}{path}")

    async def administer(self) -> None:
        """Instances and the tokens for them."""
        new = {"slug": "beta", "name": "Beta's tracker", "platform": "sandbox"}
        instance = await self.call("POST", "/v1/instances", new)
        path = f"/v1/instances/{instance['id']}"
        await self.call("GET", "/v1/instances")
        await self.call("GET", path)
        await self.call("PATCH", path, {"name": "Beta's new tracker"})
        await self.call("POST", f"{path}/checks")
        await self.call("POST", f"{path}/key-rotations", {"kind": "planned"})
        await self.call("GET", f"{path}/keys")
        scopes = ["connections:read", "connections:write"]
        wanted = {"name": "sync engine", "scopes": scopes, "instances": [instance["id"]]}
        token = await self.call("POST", "/v1/access-tokens", wanted)
        await self.call("GET", "/v1/access-tokens")
        await self.call("DELETE", f"/v1/access-tokens/{token['id']}")
        await self.call("DELETE", path)

    async def sign_in(self) -> None:
        """A person instead of a service."""
        values = {"login": "alice", "password": "alice-sandbox"}
        wanted = {"instance": self.a.slug, "method": "password", "values": values}
        session = await self.call("POST", "/v1/sessions", wanted)
        person = {"Authorization": f"Bearer {session['token']}"}
        await self.call("GET", "/v1/sessions/current", headers=person)
        await self.call("DELETE", "/v1/sessions/current", headers=person)

    async def sign_in_elsewhere(self) -> None:
        """A person on the platform's own page, and back."""
        self.network.hosts["gitlab.test"] = httpx.MockTransport(_gitlab)
        new = {"slug": "delta", "name": "Delta's tracker", "platform": "gitlab", "url": "https://gitlab.test"}
        client = {"client_id": "parley", "client_secret": "a-secret"}
        await self.call("POST", "/v1/instances", {**new, "oauth_client": client})
        async with httpx.AsyncClient(transport=self.network, base_url=self.a.url) as browser:
            away = await browser.get("/i/delta/sign-in/away/oauth", params={"next": "/i/delta/invite"})
            state = parse_qs(urlsplit(away.headers["location"]).query)["state"][0]
            back = await browser.get("/i/delta/sign-in/return", params={"state": state, "code": "a-code"})
            assert back.headers["location"] == "/i/delta/invite"
            asked = await browser.get("/i/delta/connection-user")
            assert asked.headers["location"].startswith(f"{self.a.url}/i/delta/sign-in?")

    async def connect_locally(self) -> None:
        """A connection of an instance with itself."""
        details = {"local_short_name": "here", "destination_short_name": "there"}
        draft = await self.call(
            "POST",
            "/v1/connections",
            {
                "instance": self.a.slug,
                "destination": {"type": "local"},
                "details": details,
                "mode": "basic",
            },
        )
        await self.call("POST", f"/v1/connections/{draft['id']}/activation")
        await self.call("DELETE", f"/v1/connections/{draft['id']}/activation")

    async def answer_step_by_step(self) -> None:
        """The wizard, and an attempt that is cancelled."""
        destination = {"type": "public", "url": self.b.issuer}
        await self.call("POST", "/v1/destination-probes", {"instance": self.a.slug, "url": self.b.issuer})
        draft = await self.call("POST", "/v1/connections", {"instance": self.a.slug})
        path = f"/v1/connections/{draft['id']}"
        await self.call("PUT", f"{path}/destination", destination)
        details = {"local_short_name": "acme", "destination_short_name": "partner"}
        await self.call("PUT", f"{path}/details", details)
        await self.call("PUT", f"{path}/mode", {"mode": "visual"})
        await self.call("PATCH", path, {"description": "Tickets of the joint project."})
        session = await self.call("POST", f"{path}/verification-sessions", {"purpose": "set_up"})
        await self.call("DELETE", f"/v1/verification-sessions/{session['id']}")

    async def connect(self) -> None:
        """An admin proves access on the other side, both sides agree, look at each other, and end it."""
        draft = await self.call(
            "POST",
            "/v1/connections",
            {
                "instance": self.a.slug,
                "destination": {"type": "public", "url": self.b.issuer},
                "details": {"local_short_name": "acme2", "destination_short_name": "partner2"},
                "mode": "visual",
            },
        )
        path = f"/v1/connections/{draft['id']}"
        session = await self.call("POST", f"{path}/verification-sessions", {"purpose": "set_up"})
        await self.agree(session["start_url"])
        await self.a.work()
        await self.call("GET", f"/v1/verification-sessions/{session['id']}")
        await self.call("GET", path)
        await self.call("GET", f"{path}/history")
        await self.call("GET", "/v1/connections?limit=2")
        await self.call("POST", f"{path}/checks")
        await self.carry(path)
        await self.call("DELETE", f"{path}/activation")
        await self.a.work()
        await self.call("POST", f"{path}/activation")
        self.clock.advance(3_700)
        await self.a.work()
        await self.call("DELETE", path)
        await self.a.work()

    async def carry(self, path: str) -> None:
        """A message goes over the connection, and one comes back."""
        there = (await self.b.read("/v1/connections?state=active"))["items"][0]["id"]
        answer = {"body": {"kind": "issue.taken", "key": "SHOP-42"}}
        await self.b.api.post(f"/v1/connections/{there}/messages", json=answer)
        message = {"kind": "issue.changed", "key": "SHOP-42", "title": "The door sticks"}
        await self.call("POST", f"{path}/messages", {"body": message})
        await self.a.work()
        await self.call("GET", f"{path}/messages")
        await self.call("PUT", f"{path}/messages/taken", {"sequence": 1})
        await self.call("GET", f"{path}/sync-status")

    async def invite(self) -> None:
        """The partner joins by an invitation; others are rejected and revoked."""
        drafts = [
            await self.call("POST", "/v1/connections", self.unknown(name)) for name in ("one", "two", "three")
        ]
        issued = [
            await self.call("POST", f"/v1/connections/{draft['id']}/invitations", {}) for draft in drafts
        ]
        taken, unwanted, revoked = issued
        code = {"code": taken["code"], "instance": self.b.slug}
        await self.call_b("/v1/invitation-previews", code)
        await self.call_b("/v1/invitation-acceptances", code)
        reason = {"reason": "We work with your other tracker already."}
        await self.call_b("/v1/invitation-rejections", {**code, "code": unwanted["code"], **reason})
        await self.b.work()
        await self.call("GET", "/v1/invitations?limit=2")
        await self.call("PUT", f"/v1/invitations/{taken['id']}/confirmation", {"decision": "confirm"})
        await self.call("DELETE", f"/v1/invitations/{revoked['id']}")
        self.clock.advance(60)
        await self.b.work()
        await self.call("GET", f"/v1/invitations/{taken['id']}")
        await self.invite_by_pages()

    async def invite_by_pages(self) -> None:
        """A person reads what the code is at the inviter's node, and accepts at their own."""
        draft = await self.call("POST", "/v1/connections", self.unknown("four"))
        issued = await self.call("POST", f"/v1/connections/{draft['id']}/invitations", {})
        alice = Person(self.network)
        await alice.open(f"{self.a.issuer}/invite")
        await alice.submit({"code": issued["code"]})
        assert "Accept it at your own node" in alice.page, alice.page
        for _ in ("before the sign-in", "after it"):
            await alice.open(f"{self.b.issuer}/invite")
            await alice.submit({"code": issued["code"]})
            if "/sign-in?" in alice.url:
                await alice.sign_in()
        await alice.submit(button="accept")
        assert "You accepted the invitation" in alice.page, alice.page

    async def move(self) -> None:
        """The node was under another URL before, and its partner knows it by that one."""
        before = f"{self.a.url}/i/before"
        async with transaction(self.b.node.database) as session:
            for received in (await session.exec(select(Invitation))).all():
                received.inviter_issuer = before
        async with transaction(self.a.node.database) as session:
            instance = await session.get(Instance, str(self.a.instance["id"]))
            assert instance is not None
            instance.identity = {"node_url": before}
        await self.call("POST", f"/v1/instances/{self.a.instance['id']}/moves", {"kind": "moved"})
        await self.a.work()

    def unknown(self, name: str) -> Json:
        """Return a draft for a partner without a URL."""
        return {
            "instance": self.a.slug,
            "destination": {"type": "private"},
            "details": {"local_short_name": "acme", "destination_short_name": name},
            "mode": "basic",
        }

    async def call_b(self, path: str, body: object) -> Json:
        """Return what the asked node answers to its own admin."""
        headers = {"Authorization": self.b.api.headers["Authorization"]}
        async with httpx.AsyncClient(transport=self.network, base_url=self.b.url, headers=headers) as client:
            answer = await client.post(path, json=body)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        found: Json = answer.json()
        return found

    async def agree(self, start_url: str) -> None:
        """The same admin signs in on both sides and accepts."""
        alice = Person(self.network)
        await alice.open(start_url)
        await alice.sign_in()
        await alice.submit()
        await alice.sign_in()
        await alice.submit(button="accept")
        assert alice.url == start_url, alice.page


def is_json(answer: httpx.Response) -> bool:
    return "json" in answer.headers["content-type"]


def _gitlab(request: httpx.Request) -> httpx.Response:
    """A GitLab that knows one administrator, by one token."""
    if request.url.path == "/oauth/token":
        return httpx.Response(200, json={"access_token": "a-token", "token_type": "Bearer"})
    if request.headers.get("authorization") != "Bearer a-token":
        return httpx.Response(401, json={"message": "401 Unauthorized"})
    return httpx.Response(200, json={"id": 1, "username": "root", "state": "active", "is_admin": True})
