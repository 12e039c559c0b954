"""Each platform is a file that describes itself; nothing else has to know it."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from service import platforms
from service.platforms.interface import PlatformDescription
from service.platforms.registry import build_registry
from service.words import Scope

EVERY = build_registry(sandbox=True).descriptions()
FURTHER = """
from dataclasses import replace
from service.platforms.redmine import Redmine

class Further(Redmine):
    description = replace(Redmine.description, name="{name}", label="Tracker of tomorrow")

PLATFORM = Further()
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose files count as files of service/platforms."""
    monkeypatch.setattr(platforms, "__path__", [*platforms.__path__, str(tmp_path)])
    yield tmp_path
    for path in tmp_path.glob("*.py"):
        sys.modules.pop(f"service.platforms.{path.stem}", None)
        vars(platforms).pop(path.stem, None)


def test_the_sandbox_is_there_only_where_it_is_wanted() -> None:
    assert set(build_registry(sandbox=True).platforms) == {"redmine", "sandbox"}
    assert set(build_registry(sandbox=False).platforms) == {"redmine"}


def test_a_platform_is_found_by_its_name() -> None:
    registry = build_registry(sandbox=False)
    assert registry.get("redmine").description.label == "Redmine"
    with pytest.raises(KeyError):
        registry.get("sandbox")


def test_a_further_platform_is_one_file(folder: Path) -> None:
    (folder / "tomorrow.py").write_text(FURTHER.format(name="tomorrow"), encoding="utf-8")
    registry = build_registry(sandbox=False)
    assert [description.name for description in registry.descriptions()] == ["redmine", "tomorrow"]
    assert registry.get("tomorrow").description.label == "Tracker of tomorrow"
    assert [platform.description.name for platform in registry] == ["redmine", "tomorrow"]


def test_a_platform_is_named_as_its_file(folder: Path) -> None:
    (folder / "tomorrow.py").write_text(FURTHER.format(name="yesterday"), encoding="utf-8")
    with pytest.raises(ValueError, match="yesterday is in the file tomorrow"):
        build_registry(sandbox=False)


@pytest.mark.parametrize("description", EVERY, ids=lambda description: description.name)
def test_a_platform_says_everything_that_pages_and_api_show(description: PlatformDescription) -> None:
    assert {need.scope for need in description.permissions} == set(Scope)
    assert all(need.label and need.reason and need.where_to_grant for need in description.permissions)
    assert description.local is (description.local_why_not is None)
    assert description.modes
    assert description.admin_right
    assert description.tested_with


@pytest.mark.parametrize("description", EVERY, ids=lambda description: description.name)
def test_a_sign_in_method_asks_for_exactly_one_secret(description: PlatformDescription) -> None:
    assert description.sign_in
    for method in description.sign_in:
        assert [field.secret for field in method.fields].count(True) == 1
        assert len({field.name for field in method.fields}) == len(method.fields)
        assert all(field.label and field.help for field in method.fields)
