"""Checks of each page's headers: nobody frames it, nothing runs in it, and nobody learns where it was."""

import pytest
from starlette.datastructures import MutableHeaders

from service.pages.rendering import render
from tests.pages.page_text import request
from tests.pages.sample_views import CONSENT, GIVE_CODE


@pytest.fixture
def headers() -> MutableHeaders:
    return render(request(), CONSENT).headers


@pytest.fixture
def policy(headers: MutableHeaders) -> dict[str, str]:
    """What the page's policy says, by directive."""
    directives = (part.strip().partition(" ") for part in headers["content-security-policy"].split(";"))
    return {name: value for name, _, value in directives}


def test_frame_ancestors_none(policy: dict[str, str]) -> None:
    assert policy.get("frame-ancestors") == "'none'"


def test_frame_options_deny(headers: MutableHeaders) -> None:
    """For browsers that do not know frame-ancestors."""
    assert headers.get("x-frame-options") == "DENY"


def test_referrer_policy_same_origin(headers: MutableHeaders) -> None:
    assert headers.get("referrer-policy") == "same-origin"


def test_strict_csp_without_inline_script(policy: dict[str, str]) -> None:
    assert policy.get("default-src") == "'none'"
    assert not {"script-src", "script-src-elem", "script-src-attr"} & policy.keys()


def test_strict_csp_base_uri(policy: dict[str, str]) -> None:
    """No markup may turn the form's address into another host's."""
    assert policy.get("base-uri") == "'none'"


def test_no_logo_is_loaded_from_elsewhere(policy: dict[str, str]) -> None:
    """A client's picture would be a claim that looks like a fact, and would tell its host who is reading."""
    assert policy.get("img-src") == "'self' data:"


def test_the_one_script_is_a_file_of_this_node() -> None:
    policy = render(request(), GIVE_CODE).headers["content-security-policy"]
    assert policy.endswith("; script-src 'self'")
    assert "unsafe" not in policy
