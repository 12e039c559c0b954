# ruff: noqa: INP001 - it is read, copied and tried on its own
"""A client that sets up any connection and knows no step of it: it performs the primary action, and reads again."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx

Json = dict[str, Any]
Hand = Callable[[Json, Json], Awaitable[None]]


async def follow(api: httpx.AsyncClient, path: str, answers: Mapping[str, str], hand: Hand) -> Json:
    """Return the connection once nothing is left to do.

    `answers` are your values by the names of fields. `hand` gets each action and what it answered: it opens the page
    of an `open_url` for a person, gives the code of a `share` to the partner, and waits where the action says so.
    """
    while True:
        connection: Json = (await api.get(path)).raise_for_status().json()
        action = next((each for each in connection["next_actions"] if each["primary"]), None)
        if action is None:
            return connection
        answer: Json = {}
        if action["kind"] == "submit":
            body = fill(action["fields"], answers)
            response = await api.request(action["method"], action["href"], json=body)
            answer = response.raise_for_status().json()
        await hand(action, answer)


def fill(fields: list[Json], answers: Mapping[str, str]) -> Json:
    """Return the body of a form: what is visible and has a value. Your own values come before suggested ones."""
    body: Json = {}
    for field in fields:
        is_visible = all(body.get(name) == value for name, value in (field["visible_when"] or {}).items())
        value = answers.get(field["name"], field["value"])
        if is_visible and value is not None:
            body[field["name"]] = value
    return body
