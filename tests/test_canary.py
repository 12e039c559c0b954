"""A whole run of real processes, success, denial, invitation, kill -9: no secret is anywhere but where it belongs."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from service.trust.signatures import unverified_claims
from tests import databases, wizard
from tests.canary import (
    Secrets,
    WatchedBrowser,
    command_lines,
    databases_of,
    leaks_of_urls,
    looks_like_a_secret,
)
from tests.deadlines import until
from tests.holding_proxy import HoldingProxy, Side, holding_proxy
from tests.processes import Instance, NodeProcess, started_node
from tests.wizard import Attempt

ALICE = {"login": "alice", "password": "alice-sandbox"}
WRONG = {"login": "alice", "password": "canary-wrong-password"}
KINDS = {
    *("access_token", "client_assertion", "code", "code_verifier", "connection_attestation", "cookie"),
    *("form_token", "hash_key", "initial_access_token", "invitation", "metrics_token", "password"),
    *("private_key", "proof", "request_uri", "sandbox_password", "sealing_key", "service_token"),
    *("session_token", "software_statement", "state"),
}


@dataclass
class Run:
    """Two nodes, everything that opens something at them, and what they answered."""

    a: Instance
    b: Instance
    proxy: HoldingProxy
    secrets: Secrets
    after_the_kill: list[bytes]
    answers: list[str]

    @property
    def nodes(self) -> tuple[NodeProcess, NodeProcess]:
        return self.a.node, self.b.node

    def browser(self) -> WatchedBrowser:
        return WatchedBrowser(self.secrets)

    def call(self, method: str, path: str, token: str | None = None, body: object = None) -> httpx.Response:
        """Return the answer of node A, refused or not; it is searched with all others."""
        headers = {"Authorization": f"Bearer {token or self.a.token}"}
        answer = httpx.request(
            method, self.a.node.url + path, json=body, headers=headers, timeout=20, trust_env=False
        )
        self.answers.append(answer.text)
        self.secrets.urls.append(str(answer.request.url))
        return answer


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.exhaustive)])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Everything has happened once; both nodes still run."""
    folder: Path = tmp_path_factory.mktemp("canary")
    with ExitStack() as stack:
        proxy = stack.enter_context(holding_proxy())

        def start(name: str, public_url: str = "") -> NodeProcess:
            url = ""
            if request.param == "postgres":
                server, template = (
                    request.getfixturevalue(fixture) for fixture in ("postgres_url", "postgres_template")
                )
                url = stack.enter_context(databases.postgres_copy(server, template))
            told = {"log_level": "DEBUG", "metrics_token": f"canary-metrics-token-{name}"}
            return stack.enter_context(
                started_node(folder, name, database_url=url, public_url=public_url, **told)
            )

        a, b = start("a"), start("b", proxy.url)
        proxy.target = b.url
        for node in (a, b):
            node.wait_until_ready()
        run = Run(a.add_instance(), b.add_instance(), proxy, Secrets(), [], [])
        agree_in_spite_of_a_kill(run)
        deny_after_slips(run)
        invite(run)
        be_invited(run)
        ask_for_what_is_refused(run)
        collect(run)
        yield run


def to_consent(browser: WatchedBrowser, attempt: Attempt) -> None:
    browser.open(attempt.start_url)
    browser.submit(ALICE)
    browser.submit()
    browser.submit(ALICE)


def agree_in_spite_of_a_kill(run: Run) -> None:
    """Node A dies while the answer to its code is on the way, and finishes when it is back."""
    held = run.proxy.hold("POST", "/oauth/token", Side.ANSWER)
    attempt = wizard.begin(run.a, run.b)
    with closing(run.browser()) as browser:
        to_consent(browser, attempt)
        browser.submit(button="accept")
        held.wait()
        run.a.node.kill()
        run.after_the_kill.extend(databases_of(run.nodes))
        held.drop()
        run.a.node.start()
        wizard.agree(attempt)
        browser.open(attempt.start_url)
        run.answers += [browser.page, str(attempt.connection())]


def deny_after_slips(run: Run) -> None:
    """A wrong password on both sides, an answer opened in another browser, then a denial."""
    attempt = wizard.begin(run.a, run.b)
    with closing(run.browser()) as browser, closing(run.browser()) as other:
        browser.open(attempt.start_url)
        browser.submit(WRONG)
        browser.submit(ALICE)
        browser.submit()
        browser.submit(WRONG)
        browser.submit(ALICE)
        browser.submit(button="deny")
        callback = next(url for url in reversed(run.secrets.urls) if "/oauth/callback?" in url)
        other.open(callback)
        run.secrets.urls.remove(callback)  # this one is the thief's
    shown = attempt.reaches("draft")
    history = run.call("GET", f"/v1/connections/{shown['id']}/history")
    assert "sign_in.refused" in history.text
    assert "callback.refused" in history.text


def invite(run: Run) -> None:
    """An invitation is made here, looked at and rejected there."""
    draft = wizard.draft(run.a, run.b.issuer, "basic")
    code = str(run.call("POST", f"/v1/connections/{draft['id']}/invitations", body={}).json()["code"])
    run.answers.pop()  # shown once, to who made it
    run.secrets.add("invitation", code)
    run.b.call("POST", "/v1/invitation-previews", {"code": code})
    run.call("GET", "/v1/invitations")
    run.call("GET", f"/v1/connections/{draft['id']}/history")


def be_invited(run: Run) -> None:
    """The other side invites; the code is looked at and accepted here, and both are active."""
    details = {"local_short_name": "Here", "destination_short_name": "There"}
    wanted = {"destination": {"type": "private"}, "details": details, "mode": "basic"}
    path = f"/v1/connections/{run.b.call('POST', '/v1/connections', wanted, expected=201)['id']}"
    code = str(
        run.b.call("POST", f"{path}/invitations", {"confirmation_required": False}, expected=201)["code"]
    )
    run.secrets.add("invitation", code)
    run.secrets.add("initial_access_token", str(unverified_claims(code)["secret"]))
    run.call("POST", "/v1/invitation-previews", body={"code": code})
    accepted = run.call("POST", "/v1/invitation-acceptances", body={"code": code})
    assert accepted.status_code == 201, accepted.text
    until(lambda: run.b.call("GET", path), accept=lambda shown: shown["state"] == "active")
    run.answers.append(str(run.b.call("GET", f"{path}/history")))
    run.call("POST", "/v1/invitation-acceptances", body={"code": code})


def ask_for_what_is_refused(run: Run) -> None:
    """What opens something stands where it does not belong; the refusal must not say it again."""
    values = {"login": "alice", "password": ALICE["password"]}
    wanted = {"instance": run.a.slug, "method": "password", "values": values}
    session = run.call("POST", "/v1/sessions", body=wanted).json()["token"]
    run.answers.pop()
    run.secrets.add("session_token", session)
    run.secrets.add("service_token", run.a.token, run.b.token)
    (code, *_), (invitation, *_) = run.secrets.kinds["code"], run.secrets.kinds["invitation"]
    for body in (
        {**wanted, "values": {**values, "otp": "1"}},
        {**wanted, "values": {**values, "password": ["alice-sandbox"]}},
        {**wanted, "instance": session},
        {**wanted, "values": WRONG},
        {"instance": run.a.slug, "method": ALICE["password"], "values": {}},
    ):
        run.call("POST", "/v1/sessions", body=body)
    run.call("POST", "/v1/invitation-previews", body={"code": invitation[:-4] + "AAAA"})
    run.call("POST", "/v1/invitation-previews", body={"kode": invitation})
    run.call("GET", "/v1/me", token=session + "x")
    run.call("POST", "/v1/connections", body={"token": session, "code": code})
    run.call("GET", "/metrics", token=run.a.token)
    measured = run.call("GET", "/metrics", token=run.a.node.server.environment["PARLEY_METRICS_TOKEN"])
    assert "parley_http_requests_total" in measured.text
    run.call("GET", f"/i/{run.a.slug}/oauth/callback?state=unknown&code={code}")
    run.secrets.urls.pop()


def collect(run: Run) -> None:
    """What the nodes said to each other is known, too."""
    for exchange in run.proxy.answered:
        run.secrets.watch(exchange)
    for node in run.nodes:
        run.secrets.of_the_node(node)


def test_something_of_each_kind_was_there_to_be_leaked(run: Run) -> None:
    assert set(run.secrets.kinds) == KINDS
    assert len(run.secrets.refusals) >= 4
    for kind, values in run.secrets.kinds.items():
        assert run.secrets.found_in(f"… {next(iter(values))} …") == [kind]


def test_logs_have_no_secret(run: Run) -> None:
    for node in run.nodes:
        said = node.server.said()
        assert said.count("\n") > 5
        assert run.secrets.found_in(said) == []
        assert looks_like_a_secret(said) == []


def test_no_address_has_a_secret_but_those_of_the_protocol(run: Run) -> None:
    assert leaks_of_urls(run.secrets) == []


def test_an_answer_came_back_in_one_address_once(run: Run) -> None:
    callbacks = [url for url in run.secrets.urls if "/oauth/callback?" in url and "code=" in url]
    assert len(callbacks) == len(set(callbacks)) == 1


def test_refusals_pages_and_histories_have_no_secret(run: Run) -> None:
    said = "\n".join([*run.secrets.refusals, *run.answers])
    assert "problem-types" in said
    # Each form has a token of its own; and the sandbox tells everybody its passwords, being no real system.
    assert run.secrets.found_in(said, "form_token", "sandbox_password") == []
    assert looks_like_a_secret(said) == []


def test_the_list_of_processes_has_no_secret(run: Run) -> None:
    lines = b"\n".join(command_lines())
    assert b"serve" in lines
    assert run.secrets.found_in(lines) == []


def test_the_databases_have_no_secret_in_the_open(run: Run) -> None:
    """An attestation is the other side's word about a decision: signed, for one reader, and nothing that opens."""
    active = run.a.call("GET", "/v1/connections?state=active")["items"]
    shared_id = str(active[0]["shared_id"]).encode()
    now = list(databases_of(run.nodes))
    assert any(shared_id in found for found in now)
    for found in [*run.after_the_kill, *now]:
        assert run.secrets.found_in(found, "connection_attestation") == []
