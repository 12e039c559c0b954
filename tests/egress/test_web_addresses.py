"""People paste links of every kind; each place has one spelling, and what is no place is refused in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.egress.client import EgressFailure, EgressPolicy, check_url
from service.egress.web_addresses import (
    UnusableUrl,
    is_below,
    issuer_of_page,
    normalise,
    prefixes,
    well_known,
)

SPELLINGS = {
    "as it is": ("https://acme.atlassian.net", "https://acme.atlassian.net"),
    "a link deep inside": (
        "https://acme.atlassian.net/browse/ABC-1",
        "https://acme.atlassian.net/browse/ABC-1",
    ),
    "a node URL": ("https://parley.acme.example/i/jira", "https://parley.acme.example/i/jira"),
    "a slash at the end": ("https://acme.example/redmine/", "https://acme.example/redmine"),
    "nothing but a slash": ("https://acme.example/", "https://acme.example"),
    "capitals": ("HTTPS://ACME.Example/Browse", "https://acme.example/Browse"),
    "a port": ("https://acme.example:8443/x", "https://acme.example:8443/x"),
    "the default port": ("https://acme.example:443/x", "https://acme.example/x"),
    "an empty port": ("https://acme.example:/x", "https://acme.example/x"),
    "the default port of http": ("http://127.0.0.1:80", "http://127.0.0.1"),
    "no scheme": ("acme.example/x", "https://acme.example/x"),
    "no scheme but a port": ("acme.example:8443", "https://acme.example:8443"),
    "two slashes only": ("//acme.example/x", "https://acme.example/x"),
    "spaces around": ("  https://acme.example/x \n", "https://acme.example/x"),
    "what chats copy along": ("\u200bhttps://acme.example\ufeff", "https://acme.example"),
    "a query": ("https://acme.example/issues?set_filter=1", "https://acme.example/issues"),
    "a query at once": ("https://acme.example?x=/y", "https://acme.example"),
    "a fragment": ("https://acme.example/x#note-3", "https://acme.example/x"),
    "a fragment at once": ("https://acme.example#@evil.example/", "https://acme.example"),
    "the root's dot": ("https://acme.example./x", "https://acme.example/x"),
    "dot segments": ("https://acme.example/a/./b/../c", "https://acme.example/a/c"),
    "escaped dot segments": ("https://acme.example/a/%2e%2E/c", "https://acme.example/c"),
    "more dots than path": ("https://acme.example/../../c", "https://acme.example/c"),
    "double slashes": ("https://acme.example//a//b", "https://acme.example/a/b"),
    "letters in the path": ("https://acme.example/größe", "https://acme.example/gr%C3%B6%C3%9Fe"),
    "a stray percent sign": ("https://acme.example/100%", "https://acme.example/100%25"),
    "an international host": ("https://bücher.example/x", "https://xn--bcher-kva.example/x"),
    "the same in capitals": ("BÜCHER.example", "https://xn--bcher-kva.example"),
    "the same as an A-label": ("https://XN--bcher-kva.example", "https://xn--bcher-kva.example"),
    "a full-width dot": ("https://acme\uff0eexample", "https://acme.example"),
    "an IPv6 literal": ("https://[2001:DB8:0:0::1]:8443/x", "https://[2001:db8::1]:8443/x"),
}

REFUSED = {
    "nothing": "",
    "spaces": "  \t ",
    "a user name": "https://acme.example@evil.example/",
    "a user name without scheme": "admin:secret@acme.example",
    "another scheme": "ftp://acme.example",
    "a script": "javascript:alert(1)",
    "a script that looks like a URL": "javascript://acme.example/%0aalert(1)",
    "a file": "file:///etc/passwd",
    "a mail address": "mailto:alice@acme.example",
    "data": "data:text/html,hello",
    "no host": "https:///browse/ABC-1",
    "one slash": "https:/acme.example",
    "a line break": "https://acme.example/\nx",
    "a NUL": "https://acme.example/\x00",
    "an escape character": "https://acme.example/\x1b[0m",
    "a C1 control": "https://acme.example/\x85x",
    "a backslash": "https://acme.example\\@evil.example",
    "a space in the host": "https://acme example.com",
    "a port out of range": "https://acme.example:65536",
    "port nought": "https://acme.example:0",
    "a port of letters": "https://acme.example:https",
    "an escape in the host": "https://acme%2eexample",
    "a label that is too long": f"https://{'a' * 64}.example",
    "a host that is too long": f"https://{'a.' * 130}example",
    "an empty label": "https://acme..example",
    "a hyphen at the start": "https://-acme.example",
    "a zone": "https://[fe80::1%25eth0]/",
    "half a literal": "https://[::1/x",
    "no literal": "https://[acme]/",
    "hidden direction marks in the host": "https://acme\u202eelpmaxe.example",
    "a URL of 2049 characters": "https://acme.example/" + "a" * 2028,
    "one that grows beyond 2048": "https://acme.example/" + "ä" * 1000,
}


@pytest.mark.parametrize(("pasted", "spelling"), SPELLINGS.values(), ids=SPELLINGS.keys())
def test_each_place_has_one_spelling(pasted: str, spelling: str) -> None:
    assert normalise(pasted).url == spelling


@pytest.mark.parametrize("pasted", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_place_is_refused_with_a_sentence(pasted: str) -> None:
    with pytest.raises(UnusableUrl) as refusal:
        normalise(pasted)
    assert refusal.value.detail.endswith(".")
    assert "{" not in refusal.value.detail


def test_an_international_host_is_shown_both_ways() -> None:
    address = normalise("https://bücher.example/größe")
    assert address.url == "https://xn--bcher-kva.example/gr%C3%B6%C3%9Fe"
    assert address.display_url == "https://bücher.example/gr%C3%B6%C3%9Fe"


def test_an_a_label_that_means_nothing_is_shown_as_it_is() -> None:
    assert normalise("https://xn--zzzzzzzz9.example").display_host == "xn--zzzzzzzz9.example"


@given(st.text())
def test_any_text_is_understood_or_refused(pasted: str) -> None:
    """It never raises anything else, and what it returns it returns again."""
    try:
        address = normalise(pasted)
    except UnusableUrl:
        return
    assert normalise(address.url) == address
    assert address.url.isascii()


URL_PARTS = st.lists(
    st.sampled_from(
        ["https://", "http://", "acme", ".example", "443", "8443", "[::1]", "%2e", "xn--bcher-kva"]
    )
    | st.sampled_from("/:@?#%.\\-i2eüßİ \u3002\u00ad"),
    max_size=12,
).map("".join)


@given(URL_PARTS)
def test_a_spelling_is_final(pasted: str) -> None:
    try:
        address = normalise(pasted)
    except UnusableUrl:
        return
    assert normalise(address.url) == address
    assert "@" not in address.origin
    assert not address.url.endswith("/")


@given(URL_PARTS)
def test_what_is_understood_is_what_would_be_called(pasted: str) -> None:
    """The way out reads each spelling as one URL; it refuses addresses, never the form."""
    try:
        address = normalise(pasted)
        check_url(address.url, EgressPolicy())
    except (UnusableUrl, EgressFailure):
        return
    assert address.url.startswith("https://")


def test_a_tracker_is_at_a_link_or_above_it() -> None:
    found = [base.url for base in prefixes(normalise("https://acme.example/redmine/issues/1"))]
    assert found == [
        "https://acme.example",
        "https://acme.example/redmine",
        "https://acme.example/redmine/issues",
        "https://acme.example/redmine/issues/1",
    ]


BELOW = {
    "itself": ("https://a.example/i/x", "https://a.example/i/x", True),
    "a page": ("https://a.example/i/x/sign-in", "https://a.example/i/x", True),
    "below the root": ("https://a.example/anything", "https://a.example", True),
    "a name that only begins alike": ("https://a.example/i/xy", "https://a.example/i/x", False),
    "above": ("https://a.example/i", "https://a.example/i/x", False),
    "another port": ("https://a.example:8443/i/x", "https://a.example/i/x", False),
    "another scheme": ("http://a.example/i/x", "https://a.example/i/x", False),
    "another host": ("https://b.example/i/x", "https://a.example/i/x", False),
}


@pytest.mark.parametrize(("page", "base", "expected"), BELOW.values(), ids=BELOW.keys())
def test_below_means_whole_segments_of_the_same_origin(page: str, base: str, *, expected: bool) -> None:
    assert is_below(normalise(page), normalise(base)) is expected


@pytest.mark.parametrize(
    ("page", "issuer"),
    [
        ("https://parley.acme.example/i/jira/sign-in", "https://parley.acme.example/i/jira"),
        ("https://parley.acme.example/i/jira", "https://parley.acme.example/i/jira"),
        ("https://acme.example/browse/ABC-1", "https://acme.example/browse/ABC-1"),
        ("https://acme.example/i", "https://acme.example/i"),
    ],
)
def test_a_page_of_a_node_leads_to_its_node_url(page: str, issuer: str) -> None:
    assert issuer_of_page(normalise(page)).url == issuer


def test_the_well_known_path_goes_before_the_issuers_own() -> None:
    found = well_known("/.well-known/x", normalise("https://acme.example/i/jira"))
    assert found == "https://acme.example/.well-known/x/i/jira"
