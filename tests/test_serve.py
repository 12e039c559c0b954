"""`parley serve` as a process: it owns its file, lets others write beside it, and finishes what it began."""

import re
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from service.demo import free_port, node_environment, parley_command
from tests.deadlines import until
from tests.processes import NodeProcess, started_node

SECONDS = 30


@pytest.fixture
def node(tmp_path: Path) -> Iterator[NodeProcess]:
    with started_node(tmp_path, "acme") as node:
        node.wait_until_ready()
        yield node


def serve(environment: dict[str, str], port: str) -> subprocess.CompletedProcess[str]:
    """Return how a `parley serve` ended that should not go on."""
    return subprocess.run(  # noqa: S603 - our own command line
        parley_command("serve", "--port", port),
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )


def test_a_second_process_on_one_sqlite_file_is_told_so_and_the_first_goes_on(node: NodeProcess) -> None:
    done = serve(node.server.environment, str(free_port()))
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(
        r"Another `parley serve` owns \S+/parley\.db\. Stop it, choose another PARLEY_DATA_DIR, "
        r"or use PostgreSQL \(PARLEY_DATABASE_URL\) for several processes\.\n",
        done.stderr,
    )
    assert httpx.get(node.url + "/readyz", trust_env=False).json()["status"] == "ok"


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


def test_started_again_it_knows_what_it_knew(node: NodeProcess) -> None:
    acme = node.add_instance("acme")
    made = acme.call("POST", "/v1/connections", {}, expected=201)
    node.server.stop()
    node.start()
    assert acme.call("GET", f"/v1/connections/{made['id']}")["state"] == "draft"


def test_a_port_that_is_taken_ends_it_with_a_sentence(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = str(taken.getsockname()[1])
        done = serve(node_environment(f"http://127.0.0.1:{port}", tmp_path), port)
    assert done.returncode != 0
    assert "address already in use" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
