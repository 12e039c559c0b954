"""A copy of the project in which one line is another one while its test runs; the project itself stays as it is."""

import compileall
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.security.check import Check
from tests.security.nursery import Nursery
from tests.source_tree import ROOT

FOLDERS, FILES = ("service", "tests", "alembic"), ("pyproject.toml",)
SECONDS, SECONDS_FOR_ALL = 60, 400
# No plugin that these tests do without, no cache, and a summary that says which test failed and how.
OPTIONS = (
    "-q",
    "-x",
    "-rf",
    "--no-header",
    "--tb=short",
    "-p",
    "no:schemathesis",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:unraisableexception",
)
# The nursery has loaded what pytest would have liked to rewrite.
LOADED = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
ASSERTION = r"(?:assert|AssertionError|Failed: DID NOT RAISE|Failed: Regex)"


@dataclass(frozen=True)
class Run:
    """How a run of pytest ended."""

    code: int
    said: str

    def missed(self, test: str) -> bool:
        """True where this very test ran and an assertion of its own failed: no error before, no crash on the way."""
        pattern = rf"^FAILED {re.escape(test)}(?:\[.*\])? - {ASSERTION}"
        return self.code == 1 and re.search(pattern, self.said, re.MULTILINE) is not None


@dataclass(frozen=True)
class Copy:
    """The project in a folder of its own, and where pytest is started."""

    root: Path
    nursery: Nursery

    def run(self, *tests: str, seconds: int = SECONDS) -> Run:
        """Run these tests of the copy as it is now."""
        said = self.root / "said.txt"
        said.unlink(missing_ok=True)
        code = self.nursery.run_pytest(self.root, [*OPTIONS, *LOADED, *tests], said, seconds)
        return Run(code, said.read_text(encoding="utf-8"))

    @contextmanager
    def without(self, check: Check) -> Iterator[None]:
        """The check is off inside the block, and on again after it."""
        path = self.root / check.file
        original, times = path.read_text(encoding="utf-8"), path.stat()
        mutated = replaced(original, check)
        try:
            path.write_text(mutated, encoding="utf-8")
            # Another second than the original's, whose compiled file would be taken for this one otherwise.
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns + 10**12))
            yield
        finally:
            path.write_text(original, encoding="utf-8")
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def replaced(text: str, check: Check) -> str:
    """Return the file's text with the check switched off; its line must be the only one of its kind."""
    found = text.count(check.line)
    assert found == 1, f"{check.file} has this {found} times, but a row needs it once:\n{check.line}"
    assert check.mutation != check.line
    return text.replace(check.line, check.mutation)


def copy_of_the_project(folder: Path, nursery: Nursery) -> Copy:
    """Return a copy that starts as fast as the original: with its times, and with its compiled files."""
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("*.db", "security"))
    for name in FILES:
        shutil.copy2(ROOT / name, folder / name)
    compileall.compile_dir(folder / "service", quiet=1)
    return Copy(folder, nursery)
