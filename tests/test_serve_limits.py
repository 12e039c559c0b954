"""The limits of a real process: at the socket, and by the address that a trusted proxy names."""

import socket
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from service.limits.table import SIGN_INS_BY_SOURCE
from tests.deadlines import PATIENCE_SECONDS
from tests.processes import NodeProcess, started_node


@pytest.fixture
def node(tmp_path: Path) -> Iterator[NodeProcess]:
    with started_node(tmp_path, "acme", rate_limits="true") as node:
        node.wait_until_ready()
        yield node


def sign_in(client: httpx.Client, forwarded_for: str) -> httpx.Response:
    return client.post("/v1/sessions", json={}, headers={"X-Forwarded-For": forwarded_for})


def test_a_real_process_counts_by_the_address_that_its_proxy_names_and_cuts_off_large_heads(
    node: NodeProcess,
) -> None:
    """Only what the trusted proxy itself added counts: whoever sends the header cannot choose a source."""
    with httpx.Client(base_url=node.url, trust_env=False, timeout=PATIENCE_SECONDS) as client:
        answers = [
            sign_in(client, f"203.0.113.{number}, 192.0.2.1") for number in range(SIGN_INS_BY_SOURCE.most + 1)
        ]
        elsewhere = sign_in(client, "192.0.2.2")
    assert [answer.status_code for answer in answers] == [422] * SIGN_INS_BY_SOURCE.most + [429]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    assert elsewhere.status_code == 422
    address = urlsplit(node.url)
    with closing(socket.create_connection((address.hostname, address.port), PATIENCE_SECONDS)) as raw:
        with suppress(OSError):
            raw.sendall(b"GET /livez HTTP/1.1\r\nHost: here\r\nX: " + b"x" * 200_000)
        with suppress(ConnectionResetError):
            assert raw.recv(1_000).startswith(b"HTTP/1.1 431 Request Header Fields Too Large")
    assert httpx.get(node.url + "/livez", trust_env=False).status_code == 200
    assert "Traceback" not in node.server.said()
