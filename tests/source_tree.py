"""The source code as data, for the rules that tests/test_architecture.py holds it to."""

import ast
import importlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parent.parent
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """One Python file: where it is, what it says, and how it is called as a module."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        """The path as people write it: service/api/connections.py."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def module(self) -> str:
        """The module's dotted name; a package is named by its folder."""
        return self.name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def package(self) -> str:
        """The noun that the file belongs to, or an empty string for service/*.py."""
        parts = self.path.relative_to(ROOT).parts
        return parts[1] if len(parts) > 2 else ""

    @property
    def is_router(self) -> bool:
        """True for the outermost layer: the file that gives paths to operations."""
        targets = [node.targets for node in self.tree.body if isinstance(node, ast.Assign)]
        return any(isinstance(name, ast.Name) and name.id == "router" for names in targets for name in names)

    def at(self, node: ast.AST) -> str:
        """Name the place in a form that editors open."""
        return f"{self.name}:{getattr(node, 'lineno', 1)}"


@cache
def sources(*folders: str) -> tuple[Source, ...]:
    """Return every Python file below these folders of the project."""
    paths = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return tuple(_read(path) for path in paths)


def _read(path: Path) -> Source:
    text = path.read_text(encoding="utf-8")
    return Source(path, text, ast.parse(text, filename=str(path)))


def imported_modules(tree: ast.AST) -> Iterator[tuple[ast.stmt, str]]:
    """Yield each import with the dotted name of what it takes: `from a import b` takes a.b."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node, f"{node.module}.{alias.name}") for alias in node.names)


def is_within(name: str, modules: Iterable[str]) -> bool:
    """True where the dotted name is one of these modules, or something inside one."""
    return any(name == module or name.startswith(f"{module}.") for module in modules)


def functions(tree: ast.AST) -> Iterator[FunctionNode]:
    """Yield every function and method, nested ones too."""
    yield from (node for node in ast.walk(tree) if isinstance(node, FunctionNode))


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    """Yield every call."""
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def length(node: FunctionNode) -> int:
    """Return the lines from `def` to the last statement."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def called_name(call: ast.Call) -> str:
    """Return the last part of what is called: `advance` for `database.advance(…)`."""
    match call.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return ""


def resolve(module: ModuleType, expression: ast.expr) -> object:
    """Return what a dotted name means inside the module, or None for anything else."""
    match expression:
        case ast.Name(id=name):
            return getattr(module, name, None)
        case ast.Attribute(value=value, attr=name):
            return getattr(resolve(module, value), name, None)
        case _:
            return None


def load(found: Iterable[Source]) -> dict[Source, ModuleType]:
    """Import each file under its own name."""
    return {source: importlib.import_module(source.module) for source in found}
