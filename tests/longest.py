"""Print the ten longest files and functions of service/: a report, and no law. `make check` ends with it."""

import sys
from collections.abc import Iterable, Iterator

from tests.source_tree import functions, length, sources

MOST = 10
Found = tuple[int, str]


def report() -> Iterator[str]:
    """Yield both lists, the longest first."""
    service = sources("service")
    yield from _listed("files", ((source.text.count("\n"), source.name) for source in service))
    found = ((source, node) for source in service for node in functions(source.tree))
    yield from _listed(
        "functions", ((length(node), f"{source.at(node)} {node.name}") for source, node in found)
    )


def _listed(kind: str, found: Iterable[Found]) -> Iterator[str]:
    yield f"The {MOST} longest {kind} of service/:"
    yield from (f"{lines:6} {where}" for lines, where in sorted(found, reverse=True)[:MOST])


if __name__ == "__main__":
    sys.stdout.write("".join(f"{line}\n" for line in report()))
