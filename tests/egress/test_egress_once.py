"""What is sent is sent once: a password that was refused by silence is not shown a second time."""

import asyncio

import pytest

from service.egress.client import Egress, EgressFailure, EgressPolicy, Reason
from tests.tls_peers import LOOPBACK

pytestmark = pytest.mark.anyio
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


async def test_a_request_whose_connection_breaks_before_the_answer_is_not_sent_again() -> None:
    """The connection was used before, so an HTTP client may take it for one that was closed meanwhile."""
    shown: list[bytes] = []

    async def on_connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                if b"authorization" in head.lower():
                    shown.append(head)
                    return
                writer.write(ANSWER)
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(on_connect, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    policy = EgressPolicy(allow_cidrs=LOOPBACK, ports=frozenset({port}), development=True)
    egress, url = Egress(policy), f"http://127.0.0.1:{port}/"
    async with server:
        await egress.request("GET", url)
        with pytest.raises(EgressFailure) as caught:
            await egress.request("GET", url, basic_auth=("admin", "wrong"))
        await egress.aclose()
    assert caught.value.reason is Reason.CONNECTION_LOST
    assert len(shown) == 1
