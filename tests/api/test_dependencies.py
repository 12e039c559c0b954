"""Nothing on the way of a request is handed to a thread: a plain function as a dependency would be."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from tests.pairs import Pair


def called(dependant: Dependant) -> Iterator[Callable[..., Any]]:
    """Yield what FastAPI calls before an endpoint, however deep."""
    for each in dependant.dependencies:
        if each.call is not None:
            yield each.call
        yield from called(each)


def is_async(call: Callable[..., Any]) -> bool:
    """True for what runs on the event loop; a class is called in a thread."""
    calls = (call, type(call).__call__)
    return any(inspect.iscoroutinefunction(each) or inspect.isasyncgenfunction(each) for each in calls)


@pytest.mark.anyio
async def test_every_endpoint_and_dependency_runs_on_the_event_loop(pair: Pair) -> None:
    routes = [route for route in pair.a.app.routes if isinstance(route, APIRoute)]
    assert routes
    handed_over = {
        call.__name__
        for route in routes
        for call in (route.endpoint, *called(route.dependant))
        if not is_async(call)
    }
    assert not handed_over
