#!/usr/bin/env python3
"""Writes what the documents show of the code, between their markers: `make docs`. With --check, only compares."""

import ast
import importlib
import re
import sys
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from service.limits.table import FLOODS, GUESSES
from service.platforms.description import Proof
from service.platforms.registry import build_registry
from service.settings import Settings
from service.values.state_machine import StateMachine
from service.words import Mode
from tests.faults.tables import RELIABILITY
from tests.security.table import SECTIONS
from tests.table_bounds import BOUNDS

ROOT = Path(__file__).parent.parent
MACHINE = re.compile(r"(?P<open><!-- machine: (?P<name>\S+) -->\n).*?(?P<close>\n```\n)", re.DOTALL)
TABLE = re.compile(r"(?P<open><!-- (?P<name>\w+) -->\n).*?(?P<close><!-- end of (?P=name) -->)", re.DOTALL)
PLATFORM = re.compile(
    r"(?P<open><!-- platform: (?P<name>\w+) -->\n).*?(?P<close><!-- end of platform -->)", re.DOTALL
)
WITHOUT_DEFAULT = {"public_url", "sealing_keys"}


def machines() -> Mapping[str, StateMachine[Any, Any]]:
    """Return every state machine of the service by its name."""
    paths = sorted((ROOT / "service").rglob("states.py"))
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths]
    found = [importlib.import_module(name).MACHINE for name in names]
    return {machine.name: machine for machine in found}


def settings_table() -> str:
    """Return one row for each variable that an operator sets."""
    lines = ["| variable | default | |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = "**required**" if name in WITHOUT_DEFAULT else f"`{_shown(field.default)}`"
        lines.append(f"| `PARLEY_{name.upper()}` | {default.replace('``', '')} | {field.description} |")
    return "\n".join(lines)


def _shown(value: object) -> str:
    """Return the default as it would be written into the environment."""
    match value:
        case bool():
            return str(value).lower()
        case tuple() | frozenset():
            return ",".join(str(each) for each in sorted(value))
        case SecretStr():
            return value.get_secret_value()
        case _:
            return str(value)


def packages_table() -> str:
    """Return one row for each package, with the sentence that defines it."""
    return _told((f"{path.parent.name}/", path) for path in sorted((ROOT / "service").glob("*/__init__.py")))


def _told(files: Iterable[tuple[str, Path]]) -> str:
    rows = []
    for name, path in files:
        sentence = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split("\n")[0]
        rows.append(f"| `{name}` | {sentence.replace('|', chr(92) + '|')} |")
    return "\n".join(["| | |", "|---|---|", *rows])


def checks_table() -> str:
    """Return one row for each check of the handshake, in the sections of its table."""
    lines = ["| check | in the design | made in | proved by |", "|---|---|---|---|"]
    for section, checks in SECTIONS.items():
        lines.append(f"| **{section}** | | | |")
        for check in checks:
            words = check.words.replace("|", "\\|")
            lines.append(f"| `{check.id}` | {words} | `{check.file}` | `{check.test.split('::')[-1]}` |")
    return "\n".join(lines)


def limits_table() -> str:
    """Return one row for each limit on how often something may be done."""
    lines = ["| limit | most | within | counted in |", "|---|---|---|---|"]
    for place, limits in (("the database", GUESSES), ("each process", FLOODS)):
        for limit in limits:
            minutes = int(limit.window.total_seconds()) // 60
            lines.append(f"| `{limit.name}` | {limit.most} | {minutes} min | {place} |")
    return "\n".join(lines)


def bounds_table() -> str:
    """Return one row for each table of the database: who fills it, how far, and what empties it."""
    lines = ["| table | filled by | at most | emptied |", "|---|---|---|---|"]
    lines += [
        f"| `{name}` | {bound.filled_by} | {bound.cap} | {bound.emptied} |"
        for name, bound in sorted(BOUNDS.items())
    ]
    return "\n".join(lines)


def promises_table(*tests: str) -> str:
    """Return one row for each test of these files and folders: what it says in its name, and where it stands."""
    lines = ["| what holds | test |", "|---|---|"]
    for path in (path for name in tests for path in _tests_in(ROOT / name)):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        place = f"[`{path.name}`](../{path.relative_to(ROOT).as_posix()})"
        sentences = [name[5:].replace("_", " ").capitalize() for name in names if name.startswith("test_")]
        lines += [f"| {sentence} | {place} |" for sentence in sentences]
    return "\n".join(lines)


def _tests_in(path: Path) -> list[Path]:
    return sorted(path.glob("test_*.py")) if path.is_dir() else [path]


PROVED = {
    Proof.LIVE_SERVER: "against a real server",
    Proof.EMULATOR: "against an emulator that others wrote, and answers made from the vendor's description",
    Proof.VENDORS_DESCRIPTION: "against mocks made from the vendor's own API description; not against a live instance",
    Proof.FIXTURES: "against answers made by hand from the vendor's documents; not against a live instance",
}


def platform_facts(name: str) -> str:
    """Return what a platform says of itself: proof, modes, sign-in, scopes, and rights with where to grant them."""
    said = build_registry(sandbox=True).get(name).description
    local = "yes" if said.local_why_not is None else f"no. {said.local_why_not}"
    lines = [
        "| | |",
        "|---|---|",
        f"| proved | {PROVED[said.proved]}: {said.tested_with} |",
        f"| oldest version | {said.minimum_version or 'any'} |",
        f"| modes | {', '.join(mode for mode in Mode if mode in said.modes)} |",
        f"| local connections | {local} |",
        f"| an admin is | {said.admin_right} |",
    ]
    for method in said.sign_in:
        asks = (
            "on its own page (OAuth 2 with PKCE)"
            if method.oauth
            else "with " + ", ".join(field.label for field in method.fields)
        )
        lines.append(f"| sign-in `{method.id}` | {method.label}: {asks} |")
    for oauth in (method.oauth for method in said.sign_in if method.oauth):
        lines += [
            "",
            f"Register this node as an application: {oauth.where_to_register}",
            "",
            "| OAuth scope | why |",
            "|---|---|",
        ]
        lines += [f"| `{scope.name}` | {scope.reason} |" for scope in oauth.scopes]
    lines += ["", "| scope | right | why | where an admin grants it |", "|---|---|---|---|"]
    lines += [
        f"| `{need.scope}` | {need.label} (`{need.permission}`) | {need.reason} | {need.where_to_grant} |"
        for need in said.permissions
    ]
    return "\n".join(lines)


def platforms_table() -> str:
    """Return one row for each platform: its page, how it was proved, what it offers."""
    lines = ["| platform | proved | modes | local | sign-in |", "|---|---|---|---|---|"]
    for said in build_registry(sandbox=True).descriptions():
        modes = ", ".join(mode for mode in Mode if mode in said.modes)
        ways = ", ".join(method.label for method in said.sign_in)
        proved, local = said.proved.replace("_", " "), "yes" if said.local else "no"
        lines.append(f"| [{said.label}]({said.name}.md) | {proved} | {modes} | {local} | {ways} |")
    return "\n".join(lines)


def proofs_table() -> str:
    """Return one row for each way in which adapters were proved, with the platforms that were."""
    lines = ["| the adapter was tried | platforms |", "|---|---|"]
    descriptions = build_registry(sandbox=True).descriptions()
    for proof in Proof:
        names = [
            f"[{said.label}](docs/platforms/{said.name}.md)" for said in descriptions if said.proved is proof
        ]
        lines.append(f"| {PROVED[proof]} | {', '.join(names)} |")
    return "\n".join(lines)


def worked_example() -> str:
    """Return the adapter that exists in the tests only, as it stands there."""
    text = (ROOT / "tests/platforms/worked_example.py").read_text(encoding="utf-8")
    return f"```python\n{text}```"


TABLES = {
    "worked_example": worked_example,
    "platforms": platforms_table,
    "proofs": proofs_table,
    "limits": limits_table,
    "tables": bounds_table,
    "settings": settings_table,
    "packages": packages_table,
    "checks": checks_table,
    "kills": partial(promises_table, "tests/test_worker_killed.py", "tests/test_replica_killed.py"),
    "crowds": partial(promises_table, "tests/crowds"),
    "outages": partial(promises_table, "tests/outages"),
    **RELIABILITY,
}


def filled(text: str) -> str:
    """Return the text with each table and diagram that it has markers for."""
    found = machines()

    def drawn(match: re.Match[str]) -> str:
        return f"{match['open']}```mermaid\n{found[match['name']].mermaid()}{match['close']}"

    def listed(match: re.Match[str]) -> str:
        return f"{match['open']}{TABLES[match['name']]()}\n{match['close']}"

    def described(match: re.Match[str]) -> str:
        return f"{match['open']}{platform_facts(match['name'])}\n{match['close']}"

    return PLATFORM.sub(described, TABLE.sub(listed, MACHINE.sub(drawn, text)))


def main() -> int:
    """Return 0 when nothing differs (any more)."""
    differing = []
    for name in (
        "ARCHITECTURE.md",
        "README.md",
        *(f"docs/{each}.md" for each in ("checks", "limits", "reliability", "settings")),
        *(path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "docs/platforms").glob("*.md"))),
    ):
        path = ROOT / name
        present = path.read_text(encoding="utf-8")
        if filled(present) != present:
            differing.append(name)
            if "--check" not in sys.argv:
                path.write_text(filled(present), encoding="utf-8")
    if differing:
        sys.stdout.write(f"{', '.join(differing)}: not what the code says; `make docs` writes it anew\n")
    return 1 if differing and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
