"""What the documents say is so: their links lead somewhere, and every command they show is run somewhere."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from service.main import create_app
from service.settings import Environment, Settings
from service.trust.sealing import new_key
from tests.documents import commands, links, read
from tests.source_tree import ROOT

DOCUMENTS = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "docs/adr/README.md",
    "docs/checks.md",
    "docs/invitation.md",
    "docs/messages.md",
    "docs/operating.md",
    "docs/reliability.md",
    "docs/settings.md",
]
PAGES = sorted((ROOT / "docs/adr").glob("0*.md"))
HEADINGS = ["Context", "Decision", "Consequences", "Alternatives"]
LONGEST_PAGE = 60

# Blocks of these parts are run by tests/test_readme.py as they stand.
RUN_AS_THEY_STAND = {
    ("README.md", "A set-up in five curls"),
    ("docs/invitation.md", "An invitation in seven curls"),
    ("docs/messages.md", "A message in four curls"),
    ("docs/operating.md", "A node of your own"),
    ("docs/operating.md", "In production"),
}
# What else is shown, and the test that runs it.
RUN_BY = {
    "make serve": "tests/test_readme.py::test_make_serve_runs_a_node_that_can_be_tried_at_once",
    "make parley": "tests/test_readme.py::test_make_serve_runs_a_node_that_can_be_tried_at_once",
    "make docs": "tests/test_documents.py::test_what_the_documents_show_of_the_code_is_so",
    "make examples": "tests/openapi/test_every_operation.py::test_the_examples_of_the_description_come_from_this_walk",
    "make": "tests/test_documents.py::test_make_alone_lists_what_there_is",
    "parley serve": "tests/test_readme.py::test_production_has_a_replica_and_a_worker_on_postgresql",
    "parley migrate": "tests/test_cli.py::test_migrate_makes_a_database_that_only_its_owner_reads",
    ".venv/bin/python -m pytest": "tests/test_documents.py::test_one_test_can_be_run_alone",
}
NOT_RUN = {
    "make lock": "asks the package registry, and changes the lock files",
    ".venv/bin/pre-commit install": "needs git, and changes the clone; it runs what `make check` runs",
    ".ci/run": "runs the tests themselves",
}


@pytest.mark.parametrize("name", [*DOCUMENTS, *(path.relative_to(ROOT).as_posix() for path in PAGES)])
def test_links_lead_to_files_of_the_project(name: str) -> None:
    folder = (ROOT / name).parent
    assert [link for link in links(name) if not (folder / link.partition("#")[0]).exists()] == []


@pytest.mark.parametrize(
    "name", ["README.md", "CONTRIBUTING.md", "docs/invitation.md", "docs/operating.md", "docs/settings.md"]
)
def test_every_command_that_is_shown_is_run_by_a_test_or_by_ci(name: str) -> None:
    steps = {f"make {target}" for target in re.findall(r"^ *step make (\S+)", read(".ci/run"), re.MULTILINE)}
    known = [*steps, *RUN_BY, *NOT_RUN]
    unknown = [
        command
        for section, command in commands(name)
        if (name, section) not in RUN_AS_THEY_STAND
        if not any(_is(command, one) for one in known)
    ]
    assert unknown == []


def _is(command: str, known: str) -> bool:
    """True for the known command with arguments or variables of its own; `make` alone has neither."""
    words = [word for word in command.split() if not re.match(r"[A-Z_]+=", word)]
    return words == ["make"] if known == "make" else words[: len(known.split())] == known.split()


def test_what_is_said_to_run_a_command_exists() -> None:
    for place in RUN_BY.values():
        path, _, function = place.partition("::")
        assert f"def {function}" in read(path), place


def _make(*arguments: str) -> str:
    """Return what make printed; what is installed here stays as it is."""
    done = subprocess.run(  # noqa: S603 - our own Makefile
        ["make", "-C", str(ROOT), "-o", ".venv/.ready", *arguments],  # noqa: S607 - who runs tests has make
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_what_the_documents_show_of_the_code_is_so() -> None:
    """On a mismatch run `make docs`: it writes the diagrams and tables of both documents anew."""
    _make("docs", "ARGS=--check")


def test_make_alone_lists_what_there_is() -> None:
    shown = _make()
    targets = re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE)
    assert targets
    assert all(f"make {target} " in shown for target in targets)


def test_one_test_can_be_run_alone() -> None:
    (shown,) = [command for _, command in commands("CONTRIBUTING.md") if "pytest" in command]
    arguments = shown.split()[1:]
    done = subprocess.run(  # noqa: S603 - a command of our own document
        [sys.executable, *arguments, "-q", "-p", "no:cacheprovider"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_a_decision_is_one_page_with_the_same_four_parts_and_stands_in_the_list(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"# {page.stem[:4]}: ")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS
    assert len(text.splitlines()) <= LONGEST_PAGE
    assert f"| [{page.stem[:4]}]({page.name}) | " in read("docs/adr/README.md")


def test_each_decision_has_a_number_of_its_own() -> None:
    """A gap is a decision that somebody is still working on."""
    numbers = [page.name[:4] for page in PAGES]
    assert sorted(set(numbers)) == sorted(numbers)


# What the README says is not there yet, and the path that it will have.
NOT_THERE = {
    "Invitations": "/v1/invitations",
    "Webhooks": "/v1/webhook-endpoints",
    "an event stream": "/v1/events/stream",
}


@pytest.fixture(scope="module")
def paths() -> set[str]:
    """Every path of the API."""
    settings = Settings(
        env=Environment.DEVELOPMENT, public_url="http://127.0.0.1:8000", sealing_keys=SecretStr(new_key())
    )
    return set(create_app(settings).openapi()["paths"])


@pytest.mark.parametrize("name", [*DOCUMENTS[:4], "docs/invitation.md", "docs/operating.md"])
def test_paths_that_are_named_exist(name: str, paths: set[str]) -> None:
    named = set(re.findall(r"`(?:GET |POST |PUT |DELETE )?(/[a-z][\w/{}-]*)`", read(name)))
    assert named - paths - {"/docs", "/redoc", "/v1"} == set()


@pytest.mark.parametrize("what", NOT_THERE)
def test_what_is_said_not_to_be_there_is_not_there(what: str, paths: set[str]) -> None:
    """Who adds it tells the README."""
    missing = read("README.md").partition("## What is not there yet")[2].partition("\n## ")[0]
    assert (what in " ".join(missing.split())) is (NOT_THERE[what] not in paths)


def test_a_change_that_users_notice_has_a_place_to_be_told() -> None:
    assert "## [Unreleased]" in read("CHANGELOG.md")


def test_git_takes_no_key_and_no_database_of_a_node_that_runs_here() -> None:
    """Whoever follows the documents in a clone has these files in it."""
    assert {".parley/", "sealing-keys", "*.db", "*.db-*"} <= set(read(".gitignore").splitlines())
