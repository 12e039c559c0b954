"""The house rules of ARCHITECTURE.md: each sentence that can be checked is checked here."""

import ast
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

from alembic import command
from alembic.script import ScriptDirectory

from service.database.migrations import migration_config
from service.database.revisions import newest_revision
from service.platforms.registry import build_registry
from tests.source_tree import (
    ROOT,
    Source,
    called_name,
    calls,
    functions,
    imported_modules,
    is_within,
    sources,
)

SERVICE = sources("service")
MODULES = {source.module for source in SERVICE}
EVERYTHING = sources("service", "tests")

# From the outside in: what stands in one line may import only what stands below it. A part of a package that others
# need further down has a line of its own.
LAYERS = (
    {"main", "cli", "commands", "demo"},
    {"api"},
    {"pages"},
    {"authorization"},
    {"invitations", "verification"},
    {"lifecycle"},
    {"channel"},
    {"connections"},
    {"invitations.invitation", "verification.session"},
    {"discovery"},  # it reads the documents of others, whose form is the protocol's
    {"protocol"},
    {"access"},
    {"instances"},
    {"instance_keys"},
    {"platforms"},
    {"events", "jobs", "retries"},
    {"openapi"},
    {"http"},
    {"node"},
    {"database"},
    {"egress"},
    {"limits"},
    {"problems"},
    {"settings"},
    {"trust"},
    {"values", "words"},
)
DEPTH = {room: depth for depth, layer in enumerate(LAYERS) for room in layer}
# The command line is the outermost of all: it starts whatever is asked for.
OUTERMOST = "service.cli"
ENTRY_FILES = {"__init__.py", "main.py", "cli.py", "settings.py", "node.py", "words.py"}
MOST_FILES_IN_A_FOLDER = 16
FEWEST_LINES = 40
# Entry points, tables and vocabularies may be short: name them with what they are.
SHORT_FILES = {
    "service/access/hash_key.py": "the one key that tokens are hashed with",
    "service/access/room.py": "the cap on tables that strangers fill",
    "service/access/scopes.py": "vocabulary",
    "service/api/platforms.py": "entry point",
    "service/api/sandbox.py": "entry point",
    "service/authorization/messages.py": "entry point",
    "service/authorization/shares.py": "the voice in which other nodes are told of limits",
    "service/commands/tables.py": "table",
    "service/database/migrations.py": "what is imported only where it is needed",
    "service/database/revisions.py": "two questions, asked from three places",
    "service/database/fair_pool.py": "one idea, replaced as a whole",
    "service/discovery/looks.py": "one limit, asked for in three places",
    "service/instance_keys/states.py": "table",
    "service/instances/models.py": "table",
    "service/pages/invitation/landing.py": "entry point",
    "service/pages/onward.py": "the one link out of a last page",
    "service/retries/models.py": "table",
    "service/retries/routes.py": "entry point",
    "service/values/texts.py": "vocabulary",
}

PURE_MODULES = {
    "service.connections.setup",
    "service.connections.upkeep",
    "service.values.state_machine",
    "service.words",
}
PURE_PACKAGES = {"service.connections.actions"}
IMPURE_LIBRARY = {"asyncio", "http", "os", "socket", "sqlite3", "time", "urllib"}

ONLY_IN = {
    "jose": {"service.trust.signatures"},
    "httpx": {"service.egress.client", "service.demo.run"},
    "httpx_aiohttp": {"service.egress.client"},
    "aiohttp": {"service.egress.client", "service.egress.host_names"},
    "requests": set(),
    "urllib3": set(),
    "urllib.request": set(),
    "http.client": set(),
    "ftplib": set(),
    "smtplib": set(),
    "socket": {"service.egress.client", "service.egress.host_names", "service.demo.run"},
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


def test_pure_files_import_the_standard_library_and_each_other_only() -> None:
    """Rule 1: what may happen, and in which order, is tested without a request, a row or a clock."""
    faults = [
        f"{source.at(node)} imports {name}"
        for source in SERVICE
        if _is_pure(source.module)
        for node, name in imported_modules(source.tree)
        if not _keeps_pure(name)
    ]
    assert not faults


def _is_pure(module: str) -> bool:
    return module.endswith(".states") or is_within(module, PURE_MODULES | PURE_PACKAGES)


def _keeps_pure(name: str) -> bool:
    top = name.partition(".")[0]
    if top == "service":
        return _is_pure(_module_of(name))
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
        if source.module != "service.values.moments"
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


def test_no_import_runs_up() -> None:
    """Rule 6: each file imports only what lies below its own room; the line of each room is in LAYERS."""
    faults = [
        f"{source.at(node)} imports {name}"
        for source in SERVICE
        if source.module not in {OUTERMOST, "service"}
        for node, name in imported_modules(source.tree)
        if is_within(name, {"service"}) and (target := _room_of(name)) != _room_of(source.module)
        if DEPTH[_room_of(source.module)] >= DEPTH[target]
    ]
    assert not faults


def test_no_imports_run_in_a_circle() -> None:
    """Rule 6: of two files one is read first, inside of a room too."""
    imports = {
        source.module: {
            _module_of(name) for _, name in imported_modules(source.tree) if name.startswith("service.")
        }
        for source in SERVICE
    }
    while leaves := {module for module, needs in imports.items() if not needs & set(imports) - {module}}:
        imports = {module: needs for module, needs in imports.items() if module not in leaves}
    assert not imports


def _module_of(name: str) -> str:
    """Return the module that an import is served by: the longest beginning of its name that is a file or a package."""
    while name not in MODULES:
        name = name.rpartition(".")[0]
    return name


def _room_of(name: str) -> str:
    """Return the room of this module: the most precise one that LAYERS names."""
    room = name.removeprefix("service.")
    while room not in DEPTH:
        room, _, last = room.rpartition(".")
        assert last, f"{name} needs its place in LAYERS"
    return room


def test_only_entry_files_stand_flat() -> None:
    """The first folder that a newcomer opens shows the rooms, and where to begin."""
    assert {source.path.name for source in SERVICE if not source.package} == ENTRY_FILES


def test_a_folder_is_taken_in_at_a_glance() -> None:
    """A folder with more files than this is two rooms; each platform is a room, also where it is one file."""
    rooms = {ROOT / "service" / "platforms" / name for name in _platforms()}
    counted = [source.path for source in SERVICE if source.path.name != "__init__.py"]
    counts = Counter(path.parent for path in counted if path not in rooms)
    assert not {folder: count for folder, count in counts.items() if count > MOST_FILES_IN_A_FOLDER}


def test_a_file_is_a_thought() -> None:
    """What is only ever read together stands together; a short file says what makes it one."""
    short = {
        source.name
        for source in SERVICE
        if source.path.name != "__init__.py" and source.package and _lines(source) < FEWEST_LINES
    }
    assert short == set(SHORT_FILES)


def test_no_two_names_of_a_folder_differ_by_an_ending() -> None:
    """Nobody should have to guess between claim, claims, claimed and claiming."""
    stems: dict[tuple[Path, str], list[str]] = {}
    for source in SERVICE:
        stem = re.sub(r"(ings?|eds?|es|s|e)$", "", source.path.stem)
        stems.setdefault((source.path.parent, stem), []).append(source.name)
    assert not [names for names in stems.values() if len(names) > 1]


def test_routers_stand_where_the_plan_says_and_main_alone_imports_them() -> None:
    """Rule 6: the REST API is in api/, pages in pages/, what other nodes ask in authorization/router.py."""
    routers = {source.module for source in SERVICE if source.is_router}
    strays = {module for module in routers if not is_within(module, {"service.api", "service.pages"})}
    faults = [
        f"{source.at(node)} imports {name}"
        for source in SERVICE
        if source.module != "service.main"
        for node, name in imported_modules(source.tree)
        if is_within(name, routers)
    ]
    assert strays == {"service.authorization.router"}
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


def test_the_newest_migration_is_the_one_with_the_highest_number() -> None:
    """What runs knows it without the tool that migrates."""
    assert newest_revision() == ScriptDirectory.from_config(migration_config("")).get_current_head()


def test_what_runs_does_not_load_what_only_migrates() -> None:
    """Its ten megabytes would stay for as long as the node runs."""
    asked = "import sys, service.main; print('alembic' in sys.modules)"
    command_line = [sys.executable, "-c", asked]
    found = subprocess.run(command_line, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    assert found.stdout == "False\n"


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


def test_each_package_begins_with_its_guide() -> None:
    """One sentence says what the noun is; then every file and folder is named, in the order in which to read them."""
    guides = {source.path.parent: source for source in SERVICE if source.path.name == "__init__.py"}
    folders = {source.path.parent for source in SERVICE}
    assert folders == set(guides), "each folder is a package"
    faults = []
    for folder, source in guides.items():
        sentence, _, guide = (ast.get_docstring(source.tree) or "").partition("\n\n")
        rooms = {f"{each.name}/" for each in folders if each.parent == folder}
        files = {each.name for each in folder.glob("*.py")} - {"__init__.py"}
        missing = (files if source.package else ENTRY_FILES - {"__init__.py"}) | (
            rooms if source.package else set()
        )
        missing = {name for name in missing if f"`{name}`" not in guide}
        if folder.name == "platforms":
            missing -= _platforms()
        if missing or not sentence.endswith(".") or ast.unparse(source.tree).count("import "):
            faults.append(f"{source.name}: {sorted(missing)}")
    assert not faults


def _platforms() -> set[str]:
    """The files and folders that are platforms: the registry finds them, and adding one changes nothing else."""
    names = build_registry(sandbox=True).platforms
    return {f"{name}{end}" for name in names for end in (".py", "/")}


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
    assert not sorted(f"{source.package}/" for source in SERVICE if f"{source.package}/" not in text)


def test_every_file_that_the_map_names_exists() -> None:
    """What says where to add a platform, a step or a page is of use only while the place is there."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z_]+(?:/[a-z_]+)*/[a-z_]+\.(?:py|md))`", text))
    rows = text.partition("## Where would I add")[2].partition("\n## ")[0].count("\n| ") - 1
    assert rows == 10
    assert named
    assert not sorted(
        name for name in named if not any((base / name).exists() for base in (ROOT, ROOT / "service"))
    )
