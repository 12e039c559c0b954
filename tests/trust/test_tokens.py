"""Tokens are recognised before any look-up, kept only as keyed hashes, and compared in constant time."""

import string

import pytest
from hypothesis import given, strategies

from service.trust.tokens import (
    COMPARISON_ALPHABET,
    Hasher,
    comparison_code,
    is_well_formed,
    new_secret,
    new_token,
    pkce_challenge,
)

LETTERS = string.ascii_letters + string.digits + "-_. \u00e9"


def test_a_new_token_is_well_formed_and_never_the_same() -> None:
    tokens = {new_token("ply") for _ in range(200)}

    assert len(tokens) == 200
    for token in tokens:
        assert len(token) == len("ply_") + 43 + 6
        assert token.removeprefix("ply_").isalnum()
        assert is_well_formed(token, "ply")
        assert not is_well_formed(token, "plx")


@given(strategies.integers(0, 52), strategies.sampled_from(LETTERS))
def test_one_wrong_letter_is_noticed(place: int, letter: str) -> None:
    token = new_token("ply")
    mistyped = token[:place] + letter + token[place + 1 :]

    assert is_well_formed(mistyped, "ply") == (mistyped == token)


@given(strategies.text(max_size=80))
def test_no_other_text_is_a_token(text: str) -> None:
    assert not is_well_formed(text, "ply")
    assert not is_well_formed(f"ply_{text}", "ply")


def test_a_token_cut_lengthened_or_spaced_is_noticed() -> None:
    token = new_token("ply")

    for other in (
        token[:-1],
        token[1:],
        token + "A",
        f" {token}",
        f"{token}\n",
        token.lower(),
        f"ply_{token}",
    ):
        assert not is_well_formed(other, "ply")


def test_a_hash_matches_its_secret_and_key_only() -> None:
    hasher = Hasher(b"k" * 32)
    stored = hasher.hash("secret")

    assert stored == hasher.hash("secret")
    assert len(stored) == 64
    assert hasher.match("secret", stored)
    for secret in ("", "Secret", "secret ", "s\u00e9cret", "\ud800", "secret\x00"):
        assert not hasher.match(secret, stored)
    assert not Hasher(b"x" * 32).match("secret", stored)
    for broken in ("", "secret", stored[:-1], stored.upper(), "\u00e9" * 64):
        assert not hasher.match("secret", broken)


def test_a_short_hashing_key_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Hasher(b"short")


def test_secrets_have_the_bits_that_were_asked_for() -> None:
    assert len(new_secret()) == 43
    assert len(new_secret(128)) == 22
    assert new_secret() != new_secret()


def test_a_comparison_code_is_the_same_on_both_screens() -> None:
    code = comparison_code("https://a.example", "https://b.example", "shared-1")

    assert code == comparison_code("https://a.example", "https://b.example", "shared-1")
    assert len(code) == 9
    assert code[4] == "-"
    assert set(code) <= {*COMPARISON_ALPHABET, "-"}
    assert not set("01IOLU") & set(COMPARISON_ALPHABET)


@given(
    strategies.lists(strategies.text(max_size=5), max_size=4),
    strategies.lists(strategies.text(max_size=5), max_size=4),
)
def test_other_parts_give_another_comparison_code(parts: list[str], others: list[str]) -> None:
    assert (comparison_code(*parts) == comparison_code(*others)) == (parts == others)


def test_the_split_into_parts_counts() -> None:
    codes = {
        comparison_code("ab", "c"),
        comparison_code("a", "bc"),
        comparison_code("abc"),
        comparison_code("abc", ""),
    }

    assert len(codes) == 4


def test_the_challenge_is_that_of_rfc_7636() -> None:
    # Appendix B.
    assert (
        pkce_challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
        == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    )
