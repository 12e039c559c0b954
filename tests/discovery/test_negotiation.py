"""What two platforms can do with each other, told before anything is set up: each pair of those that there are."""

from itertools import product

import pytest

from service.discovery.modes import Side, mode_options, refusals
from service.platforms.description import PlatformDescription
from service.platforms.registry import build_registry
from service.words import DestinationType, Mode, Network

EVERY = build_registry(sandbox=False).descriptions()
PAIRS = list(product(EVERY, EVERY))
# Of the product: what each platform offers is its own data, and this is what that data has to say.
VISUAL = {"azure_devops", "jira_cloud", "jira_data_center", "redmine", "zendesk"}
NOT_LOCAL = {"azure_devops", "github"}


def side(description: PlatformDescription) -> Side:
    modes = frozenset(mode.value for mode in description.modes)
    return Side(
        description.label, modes, Network.PUBLIC, sandbox=False, local_why_not=description.local_why_not
    )


def pair_id(pair: tuple[PlatformDescription, PlatformDescription]) -> str:
    return f"{pair[0].name} with {pair[1].name}"


@pytest.mark.parametrize("pair", PAIRS, ids=pair_id)
def test_a_mode_is_possible_where_both_platforms_offer_it(
    pair: tuple[PlatformDescription, PlatformDescription],
) -> None:
    here, there = pair
    refused = refusals(mode_options(DestinationType.PUBLIC, side(here), side(there)))
    possible = set(Mode) - set(refused)
    assert (Mode.VISUAL in possible) is ({here.name, there.name} <= VISUAL)
    assert {Mode.SCRIPT, Mode.BASIC} <= possible
    for why in refused.values():
        assert any(platform.label in why for platform in pair), (
            "a refusal names the platform that it comes from"
        )


@pytest.mark.parametrize("description", EVERY, ids=lambda description: description.name)
def test_local_is_possible_where_the_platform_offers_it(description: PlatformDescription) -> None:
    refused = refusals(mode_options(DestinationType.LOCAL, side(description)))
    is_offered = set(refused) != set(Mode)
    assert is_offered is description.local
    assert is_offered or set(refused.values()) == {description.local_why_not}
    assert description.name not in NOT_LOCAL or not is_offered


@pytest.mark.parametrize("description", EVERY, ids=lambda description: description.name)
def test_an_older_or_newer_node_refuses_every_mode_for_its_reason(description: PlatformDescription) -> None:
    obstacle = "The other node speaks another version of the protocol than this one."
    refused = refusals(mode_options(DestinationType.PUBLIC, side(description), obstacle=obstacle))
    assert refused == dict.fromkeys(Mode, obstacle)
