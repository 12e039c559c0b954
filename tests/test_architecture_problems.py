"""The house rule about refusals: each has a name, a meaning, and a place in the API's description."""

import ast
import importlib
from collections.abc import Iterator
from typing import Any

import pytest

from service.problems.tree import Problem
from tests.source_tree import ROOT, calls, load, resolve, sources

SERVICE = sources("service")


def _descendants(kind: type[Problem]) -> Iterator[type[Problem]]:
    for child in kind.__subclasses__():
        yield child
        yield from _descendants(child)


MODULES = load(source for source in SERVICE if source.module != "service.main")
PROBLEMS = sorted(
    {
        kind
        for kind in _descendants(Problem)
        if hasattr(kind, "slug") and kind.__module__.startswith("service.")
    },
    key=lambda kind: kind.__name__,
)
each_problem = pytest.mark.parametrize("problem", PROBLEMS, ids=lambda kind: kind.slug)


def test_there_are_problems_to_check() -> None:
    """Rule 5: an empty list would make every rule below hold."""
    assert PROBLEMS or not (ROOT / "service/main.py").exists()


def test_each_slug_is_unique() -> None:
    """Rule 5: a client that knows the slug knows the problem."""
    slugs = [problem.slug for problem in PROBLEMS]
    assert sorted(slugs) == sorted(set(slugs))


@each_problem
def test_each_problem_says_what_it_means(problem: type[Problem]) -> None:
    """Rule 5: the docstring is what the catalogue shows."""
    assert (vars(problem).get("__doc__") or "").strip()


@each_problem
def test_each_problem_is_raised_somewhere(problem: type[Problem]) -> None:
    """Rule 5: a documented refusal that never comes makes clients write code for nothing."""
    assert problem in _raised()


@each_problem
def test_each_problem_is_declared_by_an_endpoint(
    problem: type[Problem], declared: set[tuple[int, str]]
) -> None:
    """Rule 5: who reads the description of the API is surprised by nothing."""
    assert (problem.status, problem.slug) in declared


def _raised() -> set[object]:
    """Return what is raised, or made to be raised by another, anywhere in the service."""
    return {
        resolve(module, expression)
        for source, module in MODULES.items()
        for expression in _raising(source.tree)
    }


def _raising(tree: ast.AST) -> Iterator[ast.expr]:
    yield from (call.func for call in calls(tree))
    yield from (node.exc for node in ast.walk(tree) if isinstance(node, ast.Raise) and node.exc)


@pytest.fixture(scope="module")
def declared() -> set[tuple[int, str]]:
    """Every status with every word that the OpenAPI document says about it."""
    document = _openapi()
    operations = [
        operation
        for path in document["paths"].values()
        for operation in path.values()
        if isinstance(operation, dict) and "responses" in operation
    ]
    return {
        (int(status), word)
        for operation in operations
        for status, response in operation["responses"].items()
        if status.isdigit()
        for word in _words(response, document, frozenset())
    }


def _openapi() -> dict[str, Any]:
    main = importlib.import_module("service.main")
    settings = importlib.import_module("service.settings")
    sealing = importlib.import_module("service.trust.sealing")
    chosen = settings.Settings(
        env="development", public_url="http://127.0.0.1:8000", sealing_keys=sealing.new_key(), sandbox=True
    )
    document: dict[str, Any] = main.create_app(chosen).openapi()
    return document


def _words(node: object, document: dict[str, Any], seen: frozenset[str]) -> Iterator[str]:
    """Yield the last part of every string below the node, references followed."""
    match node:
        case {"$ref": str(reference)} if reference not in seen:
            target: Any = document
            for step in reference.removeprefix("#/").split("/"):
                target = target[step]
            yield from _words(target, document, seen | {reference})
        case dict():
            for key, value in node.items():
                yield key
                yield from _words(value, document, seen)
        case list():
            for value in node:
                yield from _words(value, document, seen)
        case str():
            yield node.rsplit("/", maxsplit=1)[-1]
