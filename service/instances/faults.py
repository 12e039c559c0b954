"""Faults that only meaning shows, pointed at as the framework points at faults of form."""

from typing import Any

from service.problems.tree import ValidationFailed


def not_valid(pointer: str, code: str, detail: str, **members: Any) -> ValidationFailed:
    """Return the refusal that points at one member of the body (RFC 6901) and says what is wrong with it."""
    fault = {"pointer": pointer, "parameter": None, "code": code, "detail": detail}
    return ValidationFailed(literal(detail), errors=[fault], **members)


def literal(sentence: str) -> str:
    """Return the sentence as a template that says just this: its braces name no member."""
    return sentence.replace("{", "{{").replace("}", "}}")
