"""What came back from a call: capped, decoded, and parsed only after its shape was checked."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from service.egress.policy import EgressFailure, Reason

MAX_DEPTH = 32
_JSON_TYPE = re.compile(r"application/(?:[a-z0-9!#$&^_.+-]+\+)?json", re.ASCII)
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
# A string may end with the text: looking for the end of each unclosed one would take quadratic time.
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]+|\\.)*+"?|[\[\]{}]', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer: the header names are lower-case, the body is whole and within its limit."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON; raises EgressFailure(not_json) for another type or hostile nesting."""
        media_type = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        try:
            text = self.body.decode()
            if not _JSON_TYPE.fullmatch(media_type) or _depth(text) > MAX_DEPTH:
                raise EgressFailure(Reason.NOT_JSON)
            value = json.loads(text, parse_constant=_refuse_constant)
            if "\\u" in text:
                _refuse_unstorable(value)
        except ValueError:
            raise EgressFailure(Reason.NOT_JSON) from None
        return value

    def text(self) -> str:
        """Return the body as text; what is not UTF-8 becomes a replacement character."""
        return self.body.decode(errors="replace")


def _depth(text: str) -> int:
    """Return how deep the arrays and objects nest, without building them."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return 0
    depth = deepest = 0
    for match in _STRING_OR_BRACKET.finditer(text):
        mark = match[0]
        if mark in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif mark in "]}":
            depth -= 1
    return deepest


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _refuse_unstorable(value: object) -> None:
    """Refuse lone surrogates and NUL: neither reaches UTF-8 or a PostgreSQL text column."""
    written = json.dumps(value, ensure_ascii=False)
    written.encode()
    if _NUL.search(written):
        raise ValueError("NUL")
