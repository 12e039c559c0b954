"""What a peer wrote cannot mislead: it stays text, stays short and hides nothing."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from service.pages.untrusted_text import Spelling, claim, host_spelling, url_spelling


def test_ordinary_names_stay_as_they_are() -> None:
    for name in ("Acme Jira", "Müller & Söhne", "株式会社アクメ", "שלום", "O'Brien", "नमस्ते"):
        assert claim(name) == name


@pytest.mark.parametrize(
    ("unverified", "shown"),
    [
        ("Acme \u202emoc.live", "Acme [U+202E]moc.live"),
        ("\u2066Jira\u2069", "[U+2066]Jira[U+2069]"),
        ("\u200fAcme", "[U+200F]Acme"),
        ("bell\u0007", "bell[U+0007]"),
        ("null\u0000byte", "null[U+0000]byte"),
        ("tag\U000e0041", "tag[U+E0041]"),
        ("private\ue000", "private[U+E000]"),
    ],
)
def test_characters_that_turn_or_control_the_text_become_visible_marks(unverified: str, shown: str) -> None:
    assert claim(unverified) == shown


def test_characters_that_draw_nothing_are_left_out() -> None:
    assert claim("Ac\u200bme\u00ad \u2060Ji\ufeffra\u3164") == "Acme Jira"


def test_lines_and_wide_gaps_become_one_space() -> None:
    assert claim("Acme\r\n\r\nVerified:\tyes\u2028\u00a0 now") == "Acme Verified: yes now"


def test_accents_do_not_pile_up_over_the_lines_above() -> None:
    assert claim("A" + "\u0310" * 500 + "cme") == "A" + "\u0310" * 3 + "cme"


def test_ten_kilobytes_are_cut_and_the_cut_shows() -> None:
    shown = claim("W" * 10_240)
    assert len(shown) == 120
    assert shown.endswith("W…")


def test_a_text_of_nothing_says_so() -> None:
    assert claim("") == claim(" \u200b\ufeff ") == "(empty)"


def test_text_that_calls_itself_safe_markup_is_still_only_text() -> None:
    assert type(claim(Markup("<b>Acme</b>"))) is str


@given(st.text(max_size=3_000))
def test_nothing_hidden_and_nothing_long_gets_through(unverified: str) -> None:
    shown = claim(unverified)
    assert 0 < len(shown) <= 120
    assert not [character for character in shown if unicodedata.category(character).startswith("C")]


@pytest.mark.parametrize(
    ("host", "spelling"),
    [
        ("Parley.Acme.Example", Spelling("parley.acme.example", None)),
        ("localhost:8001", Spelling("localhost:8001", None)),
        ("[::1]:8001", Spelling("[::1]:8001", None)),
        ("xn--80ak6aa92e.com", Spelling("xn--80ak6aa92e.com", "аррӏе.com")),  # noqa: RUF001 - the trap itself
        ("\u0430pple.example:8443", Spelling("xn--pple-43d.example:8443", "\u0430pple.example:8443")),
        ("münchen.example", Spelling("xn--mnchen-3ya.example", "münchen.example")),
        ("xn--zzzzzz.example", Spelling("xn--zzzzzz.example", None)),
        ("a\u202eb.example", Spelling("a[u+202e]b.example", None)),
        ("\u0430pple\U0001f4a9.example", Spelling("[U+0430]pple[U+1F4A9].example", None)),
    ],
)
def test_a_host_is_spelled_as_computers_read_it_and_as_people_would(host: str, spelling: Spelling) -> None:
    assert host_spelling(host) == spelling


def test_a_long_host_keeps_its_end_because_the_end_says_whose_it_is() -> None:
    spelling = host_spelling("accounts.bank.example." * 30 + "evil.example")
    assert spelling.ascii.endswith(".evil.example")
    assert len(spelling.ascii) == 260


@pytest.mark.parametrize(
    ("url", "spelling"),
    [
        ("https://acme.example/jira?x=1", Spelling("https://acme.example/jira?x=1", None)),
        ("https://\u0430pple.example/", Spelling("https://xn--pple-43d.example/", "\u0430pple.example")),
        ("https://acme.example@evil.example/", Spelling("https://acme.example@evil.example/", None)),
        (
            "https://\u0430cme.example@evil.example/",
            Spelling("https://[U+0430]cme.example@evil.example/", None),
        ),
        ("https://[broken/", Spelling("https://[broken/", None)),
        ("no URL at all", Spelling("no URL at all", None)),
    ],
)
def test_a_url_is_shown_with_its_host_spelled_out(url: str, spelling: Spelling) -> None:
    assert url_spelling(url) == spelling


@given(st.text(max_size=600))
def test_no_address_breaks_the_page_or_gets_long(unverified: str) -> None:
    host = host_spelling(unverified).ascii
    assert host.replace("…", "").isascii()
    assert len(host) > 0
    assert 0 < len(url_spelling(unverified).ascii) <= 4_000
