"""A body becomes a value only where it says it is JSON, and is ordinary JSON."""

import json

import pytest

from service.egress.client import Answer, EgressFailure, Reason


def answer(body: bytes | str, media_type: str = "application/json") -> Answer:
    return Answer(200, {"content-type": media_type}, body if isinstance(body, bytes) else body.encode())


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "Application/JSON; charset=utf-8",
        "application/problem+json",
        "application/jwk-set+json",
    ],
)
def test_json_media_types(media_type: str) -> None:
    assert answer('{"a": [1, "\\u00e9", null]}', media_type).json() == {"a": [1, "é", None]}


@pytest.mark.parametrize(
    "media_type",
    ["", "text/html", "text/json", "application/jsonp", "application/json, text/html", "x/application/json"],
)
def test_other_media_types_are_not_read(media_type: str) -> None:
    with pytest.raises(EgressFailure) as failure:
        answer("{}", media_type).json()

    assert failure.value.reason is Reason.NOT_JSON


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html>",
        "{",
        "{} {}",
        "NaN",
        "[Infinity]",
        "[-Infinity]",
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        '"\\ud800"',
        '{"\\udfff": 1}',
        '"\\u0000"',
        "1" * 5000,
        "[" * 33 + "]" * 33,
        "[" * 20_000,
        '{"a":' * 33 + "1" + "}" * 33,
        '["]]]]]]", ' + "[" * 32 + "]" * 33,
        '["\\"]]]]", ' + "[" * 32 + "]" * 33,
    ],
)
def test_what_is_not_ordinary_json(body: bytes | str) -> None:
    with pytest.raises(EgressFailure) as failure:
        answer(body).json()

    assert failure.value.reason is Reason.NOT_JSON


@pytest.mark.parametrize(
    "value", [[[]] * 100, ["[[[["] * 100, {"\\": "{" * 100}, "\U0001f600", "\\u0000", "\x01"]
)
def test_ordinary_json_with_many_brackets(value: object) -> None:
    assert answer(json.dumps(value)).json() == value


def test_the_deepest_nesting_that_is_read() -> None:
    assert answer("[" * 32 + "]" * 32).json()


def test_text_never_fails() -> None:
    assert answer(b"caf\xe9").text() == "caf\N{REPLACEMENT CHARACTER}"
