"""The documents as data: their fenced blocks, their links, and every command that they show."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tests.source_tree import ROOT

FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
SHELLS = {"bash", "console", "sh"}
INLINE = re.compile(
    r"`((?:make|parley|docker|python3?|pip|curl|\.venv/bin/\S+|\.ci/run|[A-Z_]+=\S+ make)\b[^`]*)`"
)


@dataclass(frozen=True)
class Block:
    """What stands between two fences."""

    section: str
    language: str
    text: str


def read(name: str) -> str:
    """Return the text of a document of the project."""
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(name: str, section: str | None = None) -> list[Block]:
    """Return the fenced blocks of the document, or of the part below one of its headings."""
    found = []
    for title, body in _sections(read(name)):
        found += [Block(title, match["language"], match["text"]) for match in FENCE.finditer(body)]
    return [block for block in found if section in {None, block.section}]


def _sections(text: str) -> Iterator[tuple[str, str]]:
    parts = re.split(r"^##? (.+)$", text, flags=re.MULTILINE)
    yield from zip(parts[1::2], parts[2::2], strict=True)


def links(name: str) -> set[str]:
    """Return where the document's links and pictures lead, as far as that is inside the project."""
    found = set(re.findall(r"\]\(([^)\s]+)\)", read(name)))
    return {link for link in found if not link.startswith(("http://", "https://", "#"))}


def commands(name: str) -> set[tuple[str, str]]:
    """Return each command that the document shows, with the heading that it stands below."""
    found = {
        (block.section, line)
        for block in blocks(name)
        if block.language in SHELLS
        for line in _lines(block.text)
    }
    for title, body in _sections(read(name)):
        prose = " ".join(FENCE.sub("", body).split())
        found |= {(title, command) for command in INLINE.findall(prose)}
    return found


def _lines(script: str) -> list[str]:
    joined = script.replace("\\\n", " ")
    return [line.split("  #")[0].strip() for line in joined.splitlines() if line.split("#")[0].strip()]
