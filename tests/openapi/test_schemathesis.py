"""A tool that knows the description only tries to break the service, with every check that it has."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import databases
from tests.served_node import served_node

FOLDER = Path(__file__).parent / "schemathesis"
# Each phase runs once. Which limits of a schema a database can store is what the stricter one of the two tells;
# cases by chance, and stories of several requests, are tried where the most of them can be had.
PHASES = {"sqlite": ["examples,fuzzing,stateful", "20"], "postgres": ["coverage", "1"]}
LONGEST_SECONDS = 540


@pytest.mark.exhaustive
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_schemathesis_finds_nothing(
    kind: str, request: pytest.FixtureRequest, sqlite_template: Path, tmp_path: Path
) -> None:
    database_url = request.getfixturevalue("sqlite_url" if kind == "sqlite" else "postgres_database_url")
    other_url = databases.sqlite_copy(sqlite_template, tmp_path / "other.db")
    phases, cases = PHASES[kind]
    with served_node(database_url, other_url) as node:
        found = subprocess.run(  # noqa: S603 - what is run stands here
            [
                *(sys.executable, "-m", "schemathesis.cli"),
                *("--config-file", str(FOLDER / "schemathesis.toml"), "--no-color"),
                *("run", f"{node.url}/openapi.json", "--url", node.url),
                *("--header", f"Authorization: {node.authorization}"),
                *("--checks", "all", "--phases", phases, "--max-examples", cases),
                *("--generation-deterministic", "--continue-on-failure"),
            ],
            cwd=tmp_path,
            env={**os.environ, "SCHEMATHESIS_HOOKS": str(FOLDER / "checks.py")},
            capture_output=True,
            text=True,
            timeout=LONGEST_SECONDS,
            check=False,
        )
    assert found.returncode == 0, found.stdout[-20_000:] + found.stderr[-2_000:]
    assert "API Operations" in found.stdout
