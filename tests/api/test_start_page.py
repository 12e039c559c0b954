"""The node's bare address: a page for people, JSON for programs."""

import httpx
import pytest

from tests.nodes import Network, running_node
from tests.small_node import FrozenClock

pytestmark = pytest.mark.anyio
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


async def look(database_url: str, **settings: object) -> tuple[httpx.Response, httpx.Response]:
    """Return what a browser and what a program gets from a node with a public and a private instance."""
    async with running_node(Network(), "a", database_url, FrozenClock(), **settings) as node:
        hidden = {"slug": "hidden", "name": "Hidden desk", "platform": "sandbox", "network": "private"}
        assert (await node.api.post("/v1/instances", json=hidden)).status_code == 201
        async with httpx.AsyncClient(transport=node.door, base_url=node.url) as anybody:
            return await anybody.get("/", headers=BROWSER), await anybody.get("/")


async def test_a_browser_gets_a_page_that_names_no_instance(database_url: str) -> None:
    page, index = await look(database_url)
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert "script-src" not in page.headers["content-security-policy"]
    assert "This is a Parley node" in page.text
    for link in ("/docs", "/redoc", "/v1/problem-types"):
        assert f'href="{link}"' in page.text
    assert "/i/a" not in page.text
    assert index.json()["service"] == "Parley"


async def test_it_names_the_public_instances_that_the_operator_lists(database_url: str) -> None:
    page, _ = await look(database_url, listed_instances=("a-tracker", "hidden", "nobody"))
    assert 'href="/i/a-tracker/invite"' in page.text
    assert "Hidden desk" not in page.text
    assert "nobody" not in page.text
