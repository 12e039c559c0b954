"""Suggested names can be used as they are: in scripts, and beside each other."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.connections.actions.next import SHORT_NAME_PATTERN as ACCEPTED
from service.discovery.names import MAX_SHORT_NAME, SHORT_NAME_PATTERN, name_of_host, short_name, suggest

HOSTS = {
    "acme.atlassian.net": "acme",
    "www.acme.example": "acme",
    "redmine.acme.example": "redmine acme",
    "jira.example": "jira",
    "acme": "acme",
    "192.0.2.7": "192.0.2.7",
    "[2001:db8::1]": "[2001:db8::1]",
}


@pytest.mark.parametrize(("host", "name"), HOSTS.items())
def test_a_host_is_called_by_what_says_whose_it_is(host: str, name: str) -> None:
    assert name_of_host(host) == name


@pytest.mark.parametrize(
    ("called", "short"),
    [
        ("Acme Jira", "acme_jira"),
        ("Müller & Söhne GmbH", "muller_sohne_gmbh"),
        ("Große Straße", "grosse_strasse"),
        ("Łódź", "lodz"),
        ("42 Inc.", "inc"),
        ("x" * 50, "x" * 30),
        ("株式会社", ""),
        ("123", ""),
    ],
)
def test_a_short_name_is_an_identifier(called: str, short: str) -> None:
    assert short_name(called) == short


def test_what_has_no_latin_letter_still_gets_names() -> None:
    names = suggest("株式会社", "有限会社")
    assert (names.local_short_name, names.destination_short_name) == ("here", "there")
    assert names.name == "here to there"


@given(st.text(max_size=80), st.text(max_size=80))
def test_both_names_fit_and_differ(local: str, destination: str) -> None:
    """Also when both sides have one name, which is the rule for a local connection."""
    for other in (destination, local):
        names = suggest(local, other)
        assert names.local_short_name != names.destination_short_name
        for name in (names.local_short_name, names.destination_short_name):
            assert re.fullmatch(SHORT_NAME_PATTERN, name)
            assert re.fullmatch(ACCEPTED, name)
            assert len(name) <= MAX_SHORT_NAME
        assert len(names.name) <= 255


def test_a_name_that_already_ends_like_the_second_one() -> None:
    names = suggest("a" * 28 + "_2", "a" * 28 + "_2")
    assert names.local_short_name != names.destination_short_name
