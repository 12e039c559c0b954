"""How a node says that its database is in trouble: to a program, to another node, to a person, to an operator."""

from http import HTTPStatus

import httpx

from tests.nodes import RunningNode


def is_clear(answer: httpx.Response) -> bool:
    """True for an answer that was kept, and for a refusal that says to come again; anything else is a fault."""
    if answer.status_code != HTTPStatus.SERVICE_UNAVAILABLE:
        return answer.status_code < HTTPStatus.BAD_REQUEST
    return int(answer.headers["retry-after"]) > 0


def say_unavailable(answer: httpx.Response, sentence: str) -> None:
    """A program is told what is wrong, and when to come again."""
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["detail"]) == (503, "unavailable", sentence)
    assert problem["retry"] == "after_delay"
    assert int(answer.headers["retry-after"]) > 0


async def tell_everybody(node: RunningNode, sentence: str, *, reading_too: bool) -> None:
    """Whoever asks is told the same, each in their own words; the process itself lives."""
    say_unavailable(await node.api.post("/v1/connections", json={"instance": node.slug}), sentence)
    shown = await node.api.get("/v1/connections")
    if reading_too:
        say_unavailable(shown, sentence)
    else:
        assert shown.status_code == HTTPStatus.OK
    ready = await node.api.get("/readyz")
    say_unavailable(ready, sentence)
    assert set(ready.json()["checks"]) == {"database"}
    assert (await node.api.get("/livez")).status_code == HTTPStatus.OK


def tell_other_nodes(answer: httpx.Response, sentence: str) -> None:
    """Another node is told in the words of OAuth, and comes again."""
    assert (answer.status_code, answer.json()) == (
        503,
        {"error": "temporarily_unavailable", "error_description": sentence},
    )
    assert int(answer.headers["retry-after"]) > 0


async def tell_people(node: RunningNode, path: str, sentence: str) -> None:
    """A person reads a page."""
    page = await node.api.get(path, headers={"Accept": "text/html"})
    assert (page.status_code, page.headers["content-type"].partition(";")[0]) == (503, "text/html")
    assert sentence in page.text


async def say_ready(node: RunningNode) -> None:
    """The node works again, and nobody started it anew."""
    ready = await node.api.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "ok"), ready.text
