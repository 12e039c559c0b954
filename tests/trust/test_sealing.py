"""A sealed secret opens with its key and in its row, and nowhere else."""

import base64

import pytest
from hypothesis import given, strategies

from service.trust.sealing import SealBroken, Sealer, new_key, parse_keys

CONTEXT = "credential.secret.1"
OLD, NEW = ("old", b"o" * 32), ("new", b"n" * 32)


@given(strategies.binary(max_size=200), strategies.text(max_size=20))
def test_what_was_sealed_opens_again(plain: bytes, context: str) -> None:
    sealer = Sealer([NEW])
    sealed = sealer.seal(plain, context)

    assert sealed.startswith("v1.new.")
    assert sealer.open(sealed, context) == plain


def test_equal_secrets_are_sealed_differently() -> None:
    sealer = Sealer([NEW])

    assert sealer.seal(b"secret", CONTEXT) != sealer.seal(b"secret", CONTEXT)
    assert "secret" not in base64.b64decode(
        sealer.seal(b"secret", CONTEXT).split(".")[2] + "==", b"-_"
    ).decode("latin")


def test_a_secret_does_not_open_in_another_row() -> None:
    sealer = Sealer([NEW])

    with pytest.raises(SealBroken):
        sealer.open(sealer.seal(b"secret", CONTEXT), "credential.secret.2")


@given(strategies.integers(0, 10_000), strategies.characters(max_codepoint=255))
def test_no_letter_can_be_changed_unnoticed(place: int, letter: str) -> None:
    sealer = Sealer([NEW, OLD])
    sealed = sealer.seal(b"secret", CONTEXT)
    place %= len(sealed)
    changed = sealed[:place] + letter + sealed[place + 1 :]

    try:
        assert sealer.open(changed, CONTEXT) == b"secret"
    except SealBroken:
        assert changed != sealed
    else:
        assert changed[:-1] == sealed[:-1]


@pytest.mark.parametrize(
    "text",
    ["", "secret", "v1", "v1.new", "v1.new.", "v1.new.AAAA", "v2.new.AAAA", "v1..AAAA", "....", "\u00e9"],
)
def test_what_is_not_sealed_is_named_so(text: str) -> None:
    with pytest.raises(SealBroken):
        Sealer([NEW]).open(text, CONTEXT)
    if "AAAA" not in text:
        with pytest.raises(SealBroken, match="not a sealed secret"):
            Sealer([NEW]).needs_reseal(text)


def test_keys_rotate() -> None:
    before, between, after = Sealer([OLD]), Sealer([NEW, OLD]), Sealer([NEW])
    sealed = before.seal(b"secret", CONTEXT)

    assert not before.needs_reseal(sealed)
    assert between.needs_reseal(sealed)
    again = between.seal(between.open(sealed, CONTEXT), CONTEXT)
    assert not between.needs_reseal(again)
    assert after.open(again, CONTEXT) == b"secret"
    with pytest.raises(SealBroken, match="No key 'old'"):
        after.open(sealed, CONTEXT)


def test_the_id_of_a_key_is_not_enough() -> None:
    with pytest.raises(SealBroken):
        Sealer([("new", b"x" * 32)]).open(Sealer([NEW]).seal(b"secret", CONTEXT), CONTEXT)


def test_keys_are_read_from_settings() -> None:
    first, second = new_key(), new_key()
    keys = parse_keys(f"{first}, {second}")

    assert [kid for kid, _ in keys] == [first.split(":")[0], second.split(":")[0]]
    assert all(len(key) == 32 for _, key in keys)
    assert Sealer(keys).open(Sealer(keys).seal(b"secret", CONTEXT), CONTEXT) == b"secret"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "key 1 must read kid:base64"),
        ("nonsense", "key 1 must read kid:base64"),
        (f"{new_key()},", "key 2 must read kid:base64"),
        (":" + "A" * 44, "key 1"),
        ("k1:not base64!", "key 1 is not valid base64"),
        ("k1:AAAA", "key 1 must be 32 bytes long, not 3"),
        (f"{new_key()},k2:AAAA", "key 2 must be 32 bytes long"),
        ("k.1:" + base64.b64encode(b"k" * 32).decode(), "key 1 needs a key id"),
        (",".join(["k1:" + base64.b64encode(b"k" * 32).decode()] * 2), "key id of its own"),
    ],
    ids=[
        "empty",
        "no colon",
        "trailing comma",
        "no id",
        "no base64",
        "short",
        "second short",
        "odd id",
        "twice",
    ],
)
def test_keys_that_cannot_be_used_say_why(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as refusal:
        parse_keys(text)
    assert "AAAA" not in str(refusal.value)


def test_a_sealer_needs_sound_keys() -> None:
    for keys in ([], [NEW, NEW], [("new", b"short")], [("", b"n" * 32)]):
        with pytest.raises(ValueError, match=r"key"):
            Sealer(keys)
