"""An example of each request and answer, as a run of the service recorded it: `make examples` records anew."""

import json
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
    """The operation shows what was recorded of it.

    This is done to the finished description, for the framework drops each null from an example.
    """
    recorded = recorded_examples().get(operation["operationId"], {})
    if "request" in recorded:
        operation["requestBody"]["content"][JSON]["example"] = recorded["request"]
    for status, answer in recorded.get("responses", {}).items():
        operation["responses"][status]["content"][JSON]["example"] = answer
