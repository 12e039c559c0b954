"""`parley serve` as a process: it owns its file, lets others write beside it, and finishes what it began."""

import re
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest

from service.demo.run import free_port, node_environment, parley_command
from tests.deadlines import until
from tests.processes import NodeProcess, started_node

SECONDS = 120


@pytest.fixture
def node(tmp_path: Path) -> Iterator[NodeProcess]:
    with started_node(tmp_path, "acme") as node:
        node.wait_until_ready()
        yield node


def serve(environment: dict[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    """Return how a `parley serve` ended that should not go on."""
    return subprocess.run(  # noqa: S603 - our own command line
        parley_command("serve", *options),
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )


def test_a_second_process_on_one_sqlite_file_is_told_so_and_the_first_goes_on(node: NodeProcess) -> None:
    done = serve(node.server.environment, "--port", str(free_port()))
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(
        r"Another `parley serve` owns \S+/parley\.db\. Stop it, choose another PARLEY_DATA_DIR, "
        r"or use PostgreSQL \(PARLEY_DATABASE_URL\) for several processes\.\n",
        done.stderr,
    )
    assert httpx.get(node.url + "/readyz", trust_env=False).json()["status"] == "ok"


@pytest.mark.exhaustive
def test_short_commands_write_beside_it(node: NodeProcess) -> None:
    acme = node.add_instance("acme")
    assert acme.call("GET", "/v1/instances")["items"][0]["slug"] == "acme"
    token = node.run("token", "create", "--instance", "acme").strip()
    answer = httpx.get(f"{node.url}/v1/me", headers={"Authorization": f"Bearer {token}"}, trust_env=False)
    assert answer.status_code == 200


def test_told_to_stop_it_finishes_the_request_that_it_began(node: NodeProcess) -> None:
    """The request waits for a host that answers only after the node was told to stop."""
    acme = node.add_instance("acme")
    assert node.server.process is not None
    with closing(socket.create_server(("127.0.0.1", 0))) as slow, ThreadPoolExecutor() as threads:
        slow.settimeout(SECONDS)
        url = f"http://127.0.0.1:{slow.getsockname()[1]}/i/slow"
        asked = threads.submit(acme.call, "POST", "/v1/destination-probes", {"url": url})
        with closing(slow.accept()[0]) as connection:
            node.server.process.terminate()
            until(lambda: "Shutting down" in node.server.said())
            assert node.server.process.poll() is None, "it does not end before its answer"
            with pytest.raises(httpx.TransportError):
                httpx.get(node.url + "/livez", trust_env=False)
            connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        slow.close()
        assert asked.result(SECONDS)["outcome"] == "nothing_there"
    node.server.process.wait(SECONDS)
    assert "Finished server process" in node.server.said()
    assert "Traceback" not in node.server.said()


def test_told_to_stop_it_lets_nobody_wait_on(tmp_path: Path) -> None:
    """Who waits for a change gets the connection as it is, long before the time that they would have waited."""
    with started_node(tmp_path, "acme", log_level="DEBUG") as node:
        node.wait_until_ready()
        _stop_while_somebody_waits(node)


def _stop_while_somebody_waits(node: NodeProcess) -> None:
    acme = node.add_instance("acme")
    path = f"/v1/connections/{acme.call('POST', '/v1/connections', {}, expected=201)['id']}"
    headers = {"Authorization": f"Bearer {acme.token}", "Prefer": "wait=30"}
    assert node.server.process is not None
    with node.http() as client, ThreadPoolExecutor() as threads:
        asked = threads.submit(client.get, path, headers=headers, timeout=SECONDS)
        until(lambda: "waits_for_a_change" in node.server.said())
        node.server.process.terminate()
        answer = asked.result(5)
    assert (answer.status_code, answer.json()["state"]) == (200, "draft")
    node.server.process.wait(5)
    assert "Traceback" not in node.server.said()


@pytest.mark.exhaustive
def test_started_again_it_knows_what_it_knew(node: NodeProcess) -> None:
    acme = node.add_instance("acme")
    made = acme.call("POST", "/v1/connections", {}, expected=201)
    node.server.stop()
    node.start()
    assert acme.call("GET", f"/v1/connections/{made['id']}")["state"] == "draft"


@pytest.mark.exhaustive
def test_a_port_that_is_taken_ends_it_with_a_sentence(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = str(taken.getsockname()[1])
        done = serve(node_environment(f"http://127.0.0.1:{port}", tmp_path), "--port", port)
    assert done.returncode != 0
    assert "address already in use" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """The name of a Unix socket has room for a short path only."""
    with TemporaryDirectory(prefix="parley-") as folder:
        yield Path(folder)


def test_on_a_unix_socket_it_needs_no_port_and_believes_the_proxy_in_front(
    tmp_path: Path, short_folder: Path
) -> None:
    with started_node(tmp_path, "acme", uds=f"{short_folder}/parley.sock") as node:
        node.wait_until_ready()
        acme = node.add_instance("acme")
        with pytest.raises(httpx.ConnectError):
            httpx.get(node.url + "/livez", trust_env=False)
        with node.http() as client:
            assert client.get("/metrics").status_code == 200
            headers = {
                "Authorization": f"Bearer {acme.token}",
                "X-Forwarded-For": "198.51.100.9, 203.0.113.7",
            }
            made = client.post("/v1/connections", json={}, headers=headers).json()
        (event,) = acme.call("GET", f"/v1/connections/{made['id']}/history")["items"]
        assert event["actor"]["address"] == "203.0.113.7"


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("socket_name", "said"),
    [
        ("nowhere/parley.sock", "There is no folder"),
        ("s" * 120, "at most 103 bytes"),
        (".", "is there already, and is no socket"),
    ],
    ids=["no folder", "too long", "taken"],
)
def test_a_socket_that_cannot_be_ends_it_with_a_sentence(tmp_path: Path, socket_name: str, said: str) -> None:
    environment = node_environment("http://127.0.0.1:8000", tmp_path)
    done = serve(environment, "--uds", str(tmp_path / socket_name))
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
