"""A row of the table of ADR 0011: the line that makes a check, what switches it off, and the test that notices."""

import re
from dataclasses import dataclass

_NO_WORD = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Check:
    """One check. `line` stands once in `file`; with `mutation` in its place `test` fails, and no other line changes.

    `words` are those of the design of the handshake. The test is named after the check: each word of `id` is in it.
    """

    id: str
    words: str
    file: str
    line: str
    mutation: str
    test: str

    @property
    def names_its_test(self) -> bool:
        """True where whoever reads the id recognises the test."""
        return set(self.id.split("-")) <= set(_NO_WORD.sub(" ", self.test.lower()).split())
