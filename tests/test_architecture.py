"""The house rules of ARCHITECTURE.md: each sentence that can be checked is checked here."""

import ast
import re
import statistics
import sys

from alembic import command

from service.database.engine import migration_config
from tests.source_tree import (
    ROOT,
    Source,
    called_name,
    calls,
    functions,
    imported_modules,
    is_within,
    length,
    sources,
)

SERVICE = sources("service")
EVERYTHING = sources("service", "tests")

# From the outside in: a package may import only from those below it; the kernel, service/*.py, is below all.
LAYERS = (
    {"lifecycle", "pages", "authorization"},
    {"connections"},
    {"verification_sessions", "invitations"},
    {"discovery"},  # it reads the documents of others, whose form is the protocol's
    {"protocol"},
    {"access"},
    {"instances"},
    {"instance_keys"},
    {"platforms"},
    {"events", "jobs"},
    {""},
)
DEPTH = {package: depth for depth, layer in enumerate(LAYERS) for package in layer}
# These put the parts together, so they may import all of them.
COMPOSERS = {
    "service.main",
    "service.cli",
    "service.commands.operations",
    "service.demo.run",
    "service.commands.resealing",
    "service.commands.tables",
}

PURE_FILES = {
    "states",
    "setup",
    "next_actions",
    "halted_actions",
    "access_actions",
    "invitation_actions",
    "actions",
    "running",
    "mode_choices",
    "running_actions",
    "state_machine",
    "words",
}
IMPURE_LIBRARY = {"asyncio", "http", "os", "socket", "sqlite3", "time", "urllib"}

ONLY_IN = {
    "jose": {"service.trust.signatures"},
    "httpx": {"service.egress.client", "service.demo.run"},
    "httpx_aiohttp": {"service.egress.client"},
    "aiohttp": {"service.egress.client"},
    "requests": set(),
    "urllib3": set(),
    "urllib.request": set(),
    "http.client": set(),
    "ftplib": set(),
    "smtplib": set(),
    "socket": {"service.egress.client", "service.demo.run"},
    "ssl": {"service.egress.client"},
}
# What opens a connection without importing anything more than asyncio.
DIALS = {"open_connection", "create_connection", "create_datagram_endpoint", "sock_connect", "urlopen"}
NAMES_THAT_SAY_NOTHING = {
    "utils",
    "util",
    "helpers",
    "helper",
    "common",
    "core",
    "base",
    "manager",
    "service",
}

LONGEST_FILE, LONGEST_FUNCTION, MOST_EXCEPTIONS = 300, 40, 3
MEDIAN_FILE, MEDIAN_FUNCTION = 80, 8
# "service/example.py" or "service/example.py:function" -> why splitting it would hurt the reader.
EXCEPTIONS: dict[str, str] = {}


def test_pure_files_import_the_standard_library_and_each_other_only() -> None:
    """Rule 1: what may happen, and in which order, is tested without a request, a row or a clock."""
    faults = [
        f"{source.at(node)} imports {name}"
        for source in SERVICE
        if source.path.stem in PURE_FILES
        for node, name in imported_modules(source.tree)
        if not _is_pure(name)
    ]
    assert not faults


def _is_pure(name: str) -> bool:
    top, _, rest = name.partition(".")
    if top == "service":
        return bool(PURE_FILES & set(rest.split(".")))
    return top in sys.stdlib_module_names and top not in IMPURE_LIBRARY


def test_a_commit_is_made_in_one_file() -> None:
    """Rule 2: who looks for the moment at which something holds finds it in database.py."""
    found = {
        source.module for source in SERVICE for call in calls(source.tree) if called_name(call) == "commit"
    }
    assert found <= {"service.database.sessions"}


def test_the_time_is_asked_in_one_file() -> None:
    """Rule 2: every other function is given the time, so that a test can move it."""
    clocks = re.compile(r"(datetime\.(now|utcnow|today)|date\.today|\btime\.time(_ns)?|\bfunc\.now)$")
    faults = [
        f"{source.at(node)} asks {ast.unparse(node)}"
        for source in SERVICE
        if source.module != "service.values.clock"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute) and clocks.search(ast.unparse(node))
    ]
    assert not faults


def test_dangerous_libraries_are_imported_in_one_file_each() -> None:
    """Rule 2: tokens are checked by one wrapper around jose, and one guarded client leaves the machine."""
    faults = [
        f"{source.at(node)} imports {name}"
        for source in SERVICE
        for node, name in imported_modules(source.tree)
        for library, allowed in ONLY_IN.items()
        if is_within(name, {library})
        if source.module not in allowed
    ]
    assert not faults


def test_nothing_dials_by_itself() -> None:
    """Rule 2: what is called, is called through egress.py, where its address is looked at."""
    assert not [
        source.at(call) for source in SERVICE for call in calls(source.tree) if called_name(call) in DIALS
    ]


def test_imports_follow_the_direction() -> None:
    """Rule 6: a router may import any package; everything else only what lies below it."""
    assert {source.package for source in SERVICE} <= set(DEPTH), "a new package needs its place in LAYERS"
    faults = [
        f"{source.at(node)} imports {name}"
        for source in SERVICE
        if source.module not in COMPOSERS and not source.is_router
        for node, name in imported_modules(source.tree)
        if (target := _package_of(name)) is not None and target != source.package
        if DEPTH[source.package] >= DEPTH[target]
    ]
    assert not faults


def _package_of(name: str) -> str | None:
    parts = name.split(".")
    if parts[0] != "service" or len(parts) == 1:
        return None
    return parts[1] if parts[1] in DEPTH else ""


def test_routers_are_imported_by_main_only() -> None:
    """Rule 6: the outermost layer has nobody above it but the composition root."""
    routers = {source.module for source in SERVICE if source.is_router}
    faults = [
        f"{source.at(node)} imports {name}"
        for source in SERVICE
        if source.module != "service.main"
        for node, name in imported_modules(source.tree)
        if is_within(name, routers)
    ]
    assert not faults


def test_composers_are_imported_by_nobody_below() -> None:
    """Rule 6: the composition root is where imports end."""
    faults = [
        f"{source.at(node)} imports {name}"
        for source in SERVICE
        if source.module not in COMPOSERS
        for node, name in imported_modules(source.tree)
        if is_within(name, COMPOSERS)
    ]
    assert not faults


def test_imports_stand_at_the_top_of_a_file() -> None:
    """Rule 6: only cli.py imports inside functions, because `parley --help` must not load a web framework."""
    faults = [
        f"{source.at(node)} imports {name} inside {function.name}"
        for source in SERVICE
        if source.module != "service.cli"
        for function in functions(source.tree)
        for node, name in imported_modules(function)
    ]
    assert not faults


def test_the_migrations_folder_is_no_package() -> None:
    """Rule 7: an __init__.py there would shadow the library of the same name."""
    assert not list((ROOT / "alembic").rglob("__init__.py"))


def test_the_migrations_make_the_tables_that_the_code_declares(database_url: str) -> None:
    """Rule 7: `alembic check` raises where a model and the migrated database differ."""
    command.check(migration_config(database_url))


def test_files_and_functions_stay_small() -> None:
    """Rule 8: when one grows, find the noun that wants its own room."""
    assert len(EXCEPTIONS) <= MOST_EXCEPTIONS
    assert all(EXCEPTIONS.values()), "an exception needs its reason"
    long_files = {source.name: lines for source in EVERYTHING if (lines := _lines(source)) > LONGEST_FILE}
    long_functions = {
        f"{source.name}:{function.name}": lines
        for source in EVERYTHING
        for function in functions(source.tree)
        if (lines := length(function)) > LONGEST_FUNCTION
    }
    assert set(long_files) | set(long_functions) == set(EXCEPTIONS), {**long_files, **long_functions}


def test_most_files_and_functions_are_much_smaller() -> None:
    """Rule 8: the median file has at most 80 lines, the median function at most 8."""
    files = statistics.median(_lines(source) for source in SERVICE)
    inside = statistics.median(length(function) for source in SERVICE for function in functions(source.tree))
    print(f"median: {files} lines a file, {inside} lines a function")  # noqa: T201 - shown where the test fails
    assert files <= MEDIAN_FILE
    assert inside <= MEDIAN_FUNCTION


def _lines(source: Source) -> int:
    return len(source.text.splitlines())


def test_names_of_files_say_what_is_inside() -> None:
    """Nothing is called utils: a person who knows the word finds the file."""
    faults = [
        source.name
        for source in EVERYTHING
        if NAMES_THAT_SAY_NOTHING & set(source.path.relative_to(ROOT).with_suffix("").parts[1:])
    ]
    assert not faults


def test_each_package_is_one_noun_defined_in_one_sentence() -> None:
    """A package that needs two sentences is two packages."""
    faults = [
        source.name
        for source in SERVICE
        if source.path.name == "__init__.py"
        and not re.fullmatch(r'"""[^."\n]+(\.\w[^."\n]*)*\."""\n', source.text)
    ]
    folders = {source.path.parent for source in SERVICE}
    assert not faults
    assert not [folder for folder in folders if not (folder / "__init__.py").exists()]


def test_no_test_waits_for_time_to_pass() -> None:
    """A test that sleeps is slow on a good day and wrong on a bad one; the clock is injected instead."""
    faults = [
        source.at(call)
        for source in sources("tests")
        for call in calls(source.tree)
        if called_name(call) == "sleep" and [ast.unparse(argument) for argument in call.args] != ["0"]
    ]
    assert not faults


def test_the_map_names_every_room() -> None:
    """ARCHITECTURE.md tells where each line of code lives; a room it does not name is not found."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    rooms = {
        source.path.name for source in SERVICE if not source.package and source.path.name != "__init__.py"
    }
    rooms |= {f"{source.package}/" for source in SERVICE if source.package}
    assert not sorted(room for room in rooms if room not in text)
