"""An example of each request and answer, as a run of the service recorded it: `make examples` records anew."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

RECORDED = Path(__file__).with_suffix(".json")
JSON = "application/json"
JsonObject = dict[str, Any]


@cache
def recorded_examples() -> JsonObject:
    """Return, by operation, its recorded request and its recorded answers by status."""
    found: JsonObject = json.loads(RECORDED.read_text(encoding="utf-8"))
    return found


def add_examples(operation: JsonObject) -> None:
    """The operation shows what was recorded of it: one example, or one for each of its uses.

    This is done to the finished description, for the framework drops each null from an example.
    """
    recorded = recorded_examples().get(operation["operationId"], {})
    for use, example in recorded.get("uses", {}).items():
        for media, value in _shown(operation, example):
            media.setdefault("examples", {})[use] = {"value": value}
    for media, value in _shown(operation, recorded):
        media["example"] = value


def _shown(operation: JsonObject, example: JsonObject) -> Iterator[tuple[JsonObject, object]]:
    """Yield each media type of the operation of which something was recorded, and that."""
    if "request" in example:
        (media,) = operation["requestBody"]["content"].values()
        yield media, example["request"]
    for status, answer in example.get("responses", {}).items():
        yield operation["responses"][status]["content"][JSON], answer
