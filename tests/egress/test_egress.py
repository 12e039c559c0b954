"""A call brings back one capped answer or one named reason, over real TLS on loopback."""

import base64
from contextlib import aclosing
from pathlib import Path

import httpx
import pytest
import trustme

from service.egress.client import Answer, Egress, EgressFailure, EgressPolicy, Reason
from tests.tls_peers import JSON, Peer, egress_to, listening


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"], scope="session")
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """Both event loops: they raise different exceptions for the same accident."""
    return "asyncio", {"use_uvloop": request.param}


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


async def ask(peer: Peer, authority: trustme.CA) -> Answer:
    async with listening(peer, authority), aclosing(egress_to(peer, authority)) as egress:
        return await egress.request("GET", peer.url)


async def fail(peer: Peer, authority: trustme.CA, *, seconds: float = 5.0) -> Reason:
    async with listening(peer, authority), aclosing(egress_to(peer, authority, seconds=seconds)) as egress:
        with pytest.raises(EgressFailure) as failure:
            await egress.request("GET", peer.url)
    return failure.value.reason


@pytest.mark.anyio
async def test_an_answer_comes_back_whole(authority: trustme.CA) -> None:
    head = b"HTTP/1.1 201 Created\r\nX-Shout: YES\r\nContent-Type: application/json\r\n"
    answer = await ask(Peer(head + b'Content-Length: 12\r\n\r\n{"answer":1}'), authority)

    assert answer.status == 201
    assert answer.headers["x-shout"] == "YES"
    assert answer.json() == {"answer": 1}


@pytest.mark.anyio
async def test_the_peer_hears_what_was_meant_and_nothing_else(authority: trustme.CA) -> None:
    peer = Peer(keeps_open=True)
    async with listening(peer, authority), aclosing(egress_to(peer, authority)) as egress:
        await egress.request(
            "GET", peer.url, headers={"accept-encoding": "gzip"}, basic_auth=("alice", "pä:ss")
        )
        await egress.request("POST", peer.url, json={"a": 1})
        await egress.request("POST", peer.url, form={"a": "1 &"})

    get, json, form = (heard.lower() for heard in peer.heard)
    assert b"accept-encoding: identity\r\n" in get
    assert b"gzip" not in get
    assert b"authorization: basic " + base64.b64encode("alice:pä:ss".encode()).lower() in get
    assert json.endswith(b'\r\n\r\n{"a":1}')
    assert b"content-type: application/json\r\n" in json
    assert form.endswith(b"\r\n\r\na=1+%26")
    assert b"authorization" not in json + form


@pytest.mark.anyio
async def test_calls_share_one_connection_but_no_cookies(authority: trustme.CA) -> None:
    peer = Peer(JSON.replace(b"\r\n\r\n", b"\r\nSet-Cookie: session=1; Path=/\r\n\r\n"), keeps_open=True)
    async with listening(peer, authority), aclosing(egress_to(peer, authority)) as egress:
        await egress.request("GET", peer.url)
        await egress.request("GET", peer.url)

    assert peer.connections == 1
    assert b"cookie" not in peer.heard[1].lower()


@pytest.mark.anyio
async def test_a_redirect_is_an_answer_and_is_not_followed(authority: trustme.CA) -> None:
    peer = Peer(b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", keeps_open=True)
    answer = await ask(peer, authority)

    assert (answer.status, answer.headers["location"]) == (302, "/elsewhere")
    assert len(peer.heard) == 1


@pytest.mark.anyio
async def test_proxy_and_netrc_settings_of_the_machine_are_ignored(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login root password secret")
    monkeypatch.setenv("NETRC", str(netrc))
    proxy, peer = Peer(), Peer()
    async with listening(proxy, None), listening(peer, authority):
        for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "HTTP_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        async with aclosing(egress_to(peer, authority)) as egress:
            await egress.request("GET", peer.url)

    assert proxy.connections == 0
    assert b"authorization" not in peer.heard[0].lower()


@pytest.mark.anyio
async def test_a_certificate_of_another_authority_is_refused(authority: trustme.CA) -> None:
    peer = Peer()
    async with listening(peer, trustme.CA()), aclosing(egress_to(peer, authority)) as egress:
        with pytest.raises(EgressFailure) as failure:
            await egress.request("GET", peer.url)

    assert failure.value.reason is Reason.TLS
    assert peer.heard == []


@pytest.mark.anyio
async def test_a_certificate_of_another_name_is_refused(authority: trustme.CA) -> None:
    peer = Peer()
    async with listening(peer, authority, "tracker.example"), aclosing(egress_to(peer, authority)) as egress:
        with pytest.raises(EgressFailure) as failure:
            await egress.request("GET", peer.url)

    assert failure.value.reason is Reason.TLS
    assert peer.heard == []


@pytest.mark.anyio
async def test_a_server_without_tls_is_a_tls_failure(authority: trustme.CA) -> None:
    peer = Peer(speaks_first=True)
    async with listening(peer, None), aclosing(egress_to(peer, authority)) as egress:
        with pytest.raises(EgressFailure) as failure:
            await egress.request("GET", peer.url)

    assert failure.value.reason is Reason.TLS


@pytest.mark.anyio
async def test_a_port_where_nobody_listens_refuses(authority: trustme.CA) -> None:
    peer = Peer()
    async with listening(peer, authority):
        pass
    async with aclosing(egress_to(peer, authority)) as egress:
        with pytest.raises(EgressFailure) as failure:
            await egress.request("GET", peer.url)

    assert failure.value.reason is Reason.REFUSED


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("says", "reason"),
    [
        (b"", Reason.CONNECTION_LOST),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345", Reason.CONNECTION_LOST),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", Reason.CONNECTION_LOST),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", Reason.CONNECTION_LOST),
        (b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 100_000 + b"\r\n\r\n", Reason.CONNECTION_LOST),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n" + b"x" * 65_537, Reason.TOO_LARGE),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 65_537, Reason.TOO_LARGE),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\ncut", Reason.CONNECTION_LOST),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", Reason.NOT_JSON),
        (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: identity, br\r\nContent-Length: 2\r\n\r\n{}",
            Reason.NOT_JSON,
        ),
    ],
    ids=[
        "silence",
        "cut",
        "bad-chunk",
        "ssh",
        "long-header",
        "too-large",
        "endless",
        "cut-chunk",
        "gzip",
        "br",
    ],
)
async def test_what_is_no_answer_has_a_name(authority: trustme.CA, says: bytes, reason: Reason) -> None:
    assert await fail(Peer(says), authority) is reason


@pytest.mark.anyio
@pytest.mark.parametrize(
    "says",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nX-Slow: ",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345",
        b"HTTP/1.1 100\r\n\r\n",
    ],
    ids=["silent", "header", "body", "continue"],
)
async def test_one_deadline_spans_the_whole_call(authority: trustme.CA, says: bytes) -> None:
    assert await fail(Peer(says, keeps_open=True), authority, seconds=0.3) is Reason.TIMEOUT


@pytest.mark.anyio
async def test_a_call_may_ask_for_less_or_more_than_the_usual_limit(authority: trustme.CA) -> None:
    says = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 70000\r\n\r\n" + b"\xff" * 70_000
    peer = Peer(says, keeps_open=True)
    async with listening(peer, authority), aclosing(egress_to(peer, authority)) as egress:
        answer = await egress.request("GET", peer.url, max_bytes=70_000)
        with pytest.raises(EgressFailure) as failure:
            await egress.request("GET", peer.url, max_bytes=69_999)

    assert answer.text() == "\N{REPLACEMENT CHARACTER}" * 70_000
    assert failure.value.reason is Reason.TOO_LARGE


@pytest.mark.anyio
async def test_development_speaks_plain_http_to_loopback() -> None:
    peer = Peer()
    async with listening(peer, None), aclosing(Egress(EgressPolicy(development=True))) as egress:
        answer = await egress.request("GET", f"http://localhost:{peer.port}/")

    assert answer.json() == {}


@pytest.mark.anyio
@pytest.mark.parametrize("secret", ["a\r\nX-Forged: 1", "a\nb", "a\x00b", "p\u00e4ss", "\ud800"])
async def test_a_secret_of_a_peer_cannot_forge_a_header(secret: str) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200))
    async with aclosing(Egress(EgressPolicy(), transport)) as egress:
        with pytest.raises(EgressFailure):
            await egress.request("GET", "https://tracker.example/", headers={"Authorization": secret})


@pytest.mark.anyio
async def test_a_given_transport_does_not_lift_the_url_check() -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return httpx.Response(200, json={"ok": True})

    async with aclosing(Egress(EgressPolicy(), httpx.MockTransport(answer))) as egress:
        assert (await egress.request("GET", "https://tracker.example/a")).json() == {"ok": True}
        for url in ("http://tracker.example/", "https://127.0.0.1/", "https://localhost/"):
            with pytest.raises(EgressFailure):
                await egress.request("GET", url)

    assert seen == ["https://tracker.example/a"]
