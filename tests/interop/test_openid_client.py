"""openid-client, which is not ours, does the handshake at a node that really runs, and refuses what we tamper with."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import Instance, started_node

FOLDER = Path(__file__).parent
SECONDS = 120
STORIES = sorted(path.name for path in FOLDER.glob("*.test.mjs"))


@pytest.fixture(scope="session")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """A sandbox instance on a node with a process and a database of its own."""
    with started_node(tmp_path_factory.mktemp("interop"), "asked") as node:
        node.wait_until_ready()
        yield node.add_instance()


@pytest.mark.parametrize("story", STORIES)
def test_a_client_that_others_wrote(instance: Instance, story: str) -> None:
    done = subprocess.run(  # noqa: S603 - our own scripts
        ["node", "--test", "--test-reporter=tap", story],  # noqa: S607 - `make test-interop` sees to it
        cwd=FOLDER,
        env={**os.environ, "PARLEY_ISSUER": instance.issuer, "PARLEY_TOKEN": instance.token},
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    told = done.stdout + done.stderr
    counts = {name: int(count) for name, count in re.findall(r"^# (\w+) (\d+)$", done.stdout, re.MULTILINE)}
    assert done.returncode == 0, told
    written = len(re.findall(r"^test\(", (FOLDER / story).read_text(encoding="utf-8"), re.MULTILINE))
    assert counts["pass"] == counts["tests"] == written > 0, told


def test_the_lock_file_says_what_is_installed_and_not_from_where() -> None:
    lock = json.loads((FOLDER / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert {"node_modules/openid-client", "node_modules/jose"} <= set(packages)
    assert [name for name, package in packages.items() if not package.get("integrity")] == []
    assert [name for name, package in packages.items() if "resolved" in package] == []
