"""The table of types and modes, and each reason why one of them is not possible."""

from dataclasses import replace
from itertools import product

import pytest

from service.discovery.modes import ModeOption, Need, Side, mode_options, refusals
from service.values.moments import clock_obstacle
from service.words import DestinationType, Mode, Network

ALL = frozenset(Mode)
HERE = Side(platform_label="Redmine", modes=ALL, network=Network.PUBLIC, sandbox=False)
THERE = Side(platform_label="Jira Cloud", modes=ALL, network=Network.PUBLIC, sandbox=False)
PUBLIC, PRIVATE, LOCAL = DestinationType.PUBLIC, DestinationType.PRIVATE, DestinationType.LOCAL

# From a private instance nothing is possible: its partner invites it.
POSSIBLE = {
    (PUBLIC, Network.PUBLIC): ALL,
    (PUBLIC, Network.PRIVATE): frozenset(),
    (PRIVATE, Network.PUBLIC): frozenset({Mode.SCRIPT, Mode.BASIC}),
    (PRIVATE, Network.PRIVATE): frozenset(),
    (LOCAL, Network.PUBLIC): ALL,
    (LOCAL, Network.PRIVATE): ALL,
}


def possible(options: tuple[ModeOption, ...]) -> frozenset[Mode]:
    return frozenset(option.mode for option in options if option.possible)


@pytest.mark.parametrize(
    ("destination", "network"), POSSIBLE.keys(), ids=[f"{to}-from-{at}" for to, at in POSSIBLE]
)
def test_the_table(destination: DestinationType, network: Network) -> None:
    there = THERE if destination is PUBLIC else None
    options = mode_options(destination, replace(HERE, network=network), there)
    assert possible(options) == POSSIBLE[destination, network]


@pytest.mark.parametrize(("destination", "mode"), list(product(DestinationType, Mode)))
def test_every_mode_is_listed_with_its_needs_and_why_not(destination: DestinationType, mode: Mode) -> None:
    for network in Network:
        options = mode_options(destination, replace(HERE, network=network))
        option = next(option for option in options if option.mode is mode)
        assert option.needs
        assert (option.why_not is None) is option.possible


def test_visual_is_never_possible_to_a_private_destination() -> None:
    why = refusals(mode_options(PRIVATE, HERE))
    assert list(why) == ["visual"]
    assert "sign in on both sides" in why["visual"]


def test_a_private_instance_here_is_told_what_would_help() -> None:
    why = refusals(mode_options(PUBLIC, replace(HERE, network=Network.PRIVATE), THERE))
    assert set(why) == {"visual", "script", "basic"}
    assert "make this one public" in why["visual"]
    assert "send them the name and the address" in why["basic"]


@pytest.mark.parametrize(
    ("destination", "there"), [(PUBLIC, replace(THERE, network=Network.PRIVATE)), (PRIVATE, None)]
)
def test_two_private_sides_are_told_that_one_must_be_public(
    destination: DestinationType, there: Side | None
) -> None:
    why = refusals(mode_options(destination, replace(HERE, network=Network.PRIVATE), there))
    assert "has to be public" in why["basic"]
    assert why["basic"] == why["script"]


NEEDS = {
    PUBLIC: {Need.ADMIN_ACCESS_HERE, Need.ADMIN_ACCESS_THERE_OR_INVITATION, Need.PUBLIC_INSTANCE_HERE},
    PRIVATE: {Need.ADMIN_ACCESS_HERE, Need.INVITATION, Need.PUBLIC_INSTANCE_HERE},
    LOCAL: {Need.ADMIN_ACCESS_HERE},
}


@pytest.mark.parametrize("destination", DestinationType)
def test_what_a_mode_needs_is_said_before_one_starts(destination: DestinationType) -> None:
    for option in mode_options(destination, HERE):
        if option.mode is Mode.VISUAL and destination is PUBLIC:
            assert Need.ADMIN_ACCESS_THERE in option.needs
        else:
            assert set(option.needs) == NEEDS[destination]


def test_a_mode_that_the_platform_here_lacks_is_refused_in_its_name() -> None:
    here = replace(HERE, platform_label="GitHub", modes=frozenset({"script", "basic"}))
    options = mode_options(PUBLIC, here, THERE)
    assert possible(options) == {Mode.SCRIPT, Mode.BASIC}
    assert refusals(options) == {"visual": "GitHub does not offer visual; it offers: script, basic."}


def test_a_mode_that_the_other_side_lacks_is_refused_in_its_name() -> None:
    there = replace(THERE, modes=frozenset({"basic", "telepathic"}))
    options = mode_options(PUBLIC, HERE, there)
    assert possible(options) == {Mode.BASIC}
    assert refusals(options)["script"] == "Jira Cloud does not offer script; it offers: basic."


def test_modes_that_only_the_other_side_knows_help_nobody() -> None:
    why = refusals(mode_options(PUBLIC, HERE, replace(THERE, modes=frozenset({"telepathic"}))))
    assert "none that this node knows" in why["basic"]


def test_local_is_not_offered_where_the_platform_says_so() -> None:
    here = replace(HERE, local_why_not="GitHub has no admins of two repositories at once.")
    assert set(refusals(mode_options(LOCAL, here)).values()) == {here.local_why_not}
    assert possible(mode_options(PUBLIC, here, THERE)) == ALL


@pytest.mark.parametrize(("here", "there"), list(product([True, False], repeat=2)))
def test_the_sandbox_connects_to_the_sandbox_only(*, here: bool, there: bool) -> None:
    options = mode_options(PUBLIC, replace(HERE, sandbox=here), replace(THERE, sandbox=there))
    assert possible(options) == (ALL if here is there else frozenset())
    if here is not there:
        assert all("sandbox" in sentence for sentence in refusals(options).values())


def test_an_obstacle_stands_in_the_way_of_every_mode() -> None:
    options = mode_options(PUBLIC, HERE, THERE, obstacle="The clock is wrong.")
    assert refusals(options) == dict.fromkeys(["visual", "script", "basic"], "The clock is wrong.")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, None), (10, None), (-10, None), (10.6, "11 seconds ahead of"), (-3600, "3600 seconds behind")],
)
def test_clocks_may_differ_by_ten_seconds(seconds: float, words: str | None) -> None:
    sentence = clock_obstacle(seconds)
    assert (sentence is None) == (words is None)
    assert words is None or words in str(sentence)
