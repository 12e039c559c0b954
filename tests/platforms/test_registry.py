"""Each platform is a file that describes itself; nothing else has to know it."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from service import platforms
from service.platforms.description import PlatformDescription
from service.platforms.recognition import read_pasted, recognise
from service.platforms.registry import build_registry
from service.words import Scope
from tests.source_tree import ROOT

EVERY = build_registry(sandbox=True).descriptions()
FURTHER = """
from dataclasses import replace
from service.platforms.redmine.adapter import Redmine

class Further(Redmine):
    description = replace(Redmine.description, name="{name}", label="Tracker of tomorrow")

PLATFORM = Further()
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose files count as files of service/platforms."""
    monkeypatch.setattr(platforms, "__path__", [*platforms.__path__, str(tmp_path)])
    yield tmp_path
    for path in tmp_path.iterdir():
        for module in [name for name in sys.modules if name.startswith(f"service.platforms.{path.stem}")]:
            sys.modules.pop(module)
        vars(platforms).pop(path.stem, None)


def test_the_sandbox_is_there_only_where_it_is_wanted() -> None:
    everything = set(build_registry(sandbox=True).platforms)
    assert everything - set(build_registry(sandbox=False).platforms) == {"sandbox"}
    assert "redmine" in everything


def test_a_platform_is_found_by_its_name() -> None:
    registry = build_registry(sandbox=False)
    assert registry.get("redmine").description.label == "Redmine"
    with pytest.raises(KeyError):
        registry.get("sandbox")


def test_a_further_platform_is_one_file(folder: Path) -> None:
    (folder / "tomorrow.py").write_text(FURTHER.format(name="tomorrow"), encoding="utf-8")
    registry = build_registry(sandbox=False)
    names = [description.name for description in registry.descriptions()]
    assert {"redmine", "tomorrow"} <= set(names)
    assert names == sorted(names)
    assert registry.get("tomorrow").description.label == "Tracker of tomorrow"


def test_a_further_platform_may_be_a_folder(folder: Path) -> None:
    (folder / "tomorrow").mkdir()
    (folder / "tomorrow" / "__init__.py").write_text("", encoding="utf-8")
    (folder / "tomorrow" / "adapter.py").write_text(FURTHER.format(name="tomorrow"), encoding="utf-8")
    assert build_registry(sandbox=False).get("tomorrow").description.label == "Tracker of tomorrow"


def test_a_platform_is_named_as_its_file(folder: Path) -> None:
    (folder / "tomorrow.py").write_text(FURTHER.format(name="yesterday"), encoding="utf-8")
    with pytest.raises(ValueError, match=r"yesterday is in service\.platforms\.tomorrow"):
        build_registry(sandbox=False)


@pytest.mark.parametrize("description", EVERY, ids=lambda description: description.name)
def test_a_platform_has_its_page(description: PlatformDescription) -> None:
    """What to register, which rights, what a missing one looks like, and how the adapter was proved."""
    page = (ROOT / "docs" / "platforms" / f"{description.name}.md").read_text(encoding="utf-8")
    assert description.label in page
    assert f"<!-- platform: {description.name} -->" in page


@pytest.mark.parametrize("description", EVERY, ids=lambda description: description.name)
def test_the_links_of_a_platform_are_recognised_as_its_own(description: PlatformDescription) -> None:
    for link in description.links:
        found = recognise(EVERY, read_pasted(link.example))
        assert found is not None, link.example
        assert found.platform == description.name, link.example


@pytest.mark.parametrize("description", EVERY, ids=lambda description: description.name)
def test_a_platform_says_everything_that_pages_and_api_show(description: PlatformDescription) -> None:
    assert {need.scope for need in description.permissions} == set(Scope)
    assert all(need.label and need.reason and need.where_to_grant for need in description.permissions)
    assert description.local is (description.local_why_not is None)
    assert description.modes
    assert description.admin_right
    assert description.tested_with


@pytest.mark.parametrize("description", EVERY, ids=lambda description: description.name)
def test_a_sign_in_method_asks_for_exactly_one_secret_or_leads_elsewhere(
    description: PlatformDescription,
) -> None:
    assert description.sign_in
    for method in description.sign_in:
        if method.oauth is not None:
            assert not method.fields
            assert all(scope.name and scope.reason for scope in method.oauth.scopes)
            assert method.oauth.where_to_register
            continue
        assert [field.secret for field in method.fields].count(True) == 1
        assert len({field.name for field in method.fields}) == len(method.fields)
        assert all(field.label and field.help for field in method.fields)
