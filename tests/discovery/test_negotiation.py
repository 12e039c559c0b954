"""What two platforms can do with each other, told before anything is set up: each pair of those that there are."""

from dataclasses import replace
from itertools import product

import pytest

from service.database.sessions import transaction
from service.discovery.modes import Side, mode_options, refusals
from service.instances.identity import remember_version
from service.instances.operations import get_by_slug
from service.platforms.description import PlatformDescription
from service.platforms.registry import build_registry
from service.words import DestinationType, Mode, Network
from tests.nodes import RunningNode
from tests.pairs import DETAILS, Pair, read

EVERY = build_registry(sandbox=False).descriptions()
PAIRS = list(product(EVERY, EVERY))
# Of the product: what each platform offers is its own data, and this is what that data has to say.
VISUAL = {"azure_devops", "jira_cloud", "jira_data_center", "redmine", "zendesk"}
NOT_LOCAL = {"azure_devops", "github"}
URLS = {
    "azure_devops": "https://dev.azure.com/contoso",
    "github": "https://github.com/acme",
    "redmine": "https://redmine.acme.example",
    "servicenow": "https://acme.service-now.com",
    "zendesk": "https://acme.zendesk.com",
}


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


@pytest.mark.parametrize(
    ("version", "works"),
    [
        ("5.0.4", True),
        ("5.0", True),
        ("5", True),
        ("10.1", True),
        ("4.2.11", False),
        (None, True),
        ("unknown", True),
    ],
)
def test_a_tracker_that_is_too_old_rules_out_every_mode_on_either_side(
    version: str | None, *, works: bool
) -> None:
    redmine = next(each for each in EVERY if each.name == "redmine")
    old = replace(side(redmine), too_old=redmine.too_old(version))
    for here, there in ((old, side(redmine)), (side(redmine), old)):
        refused = refusals(mode_options(DestinationType.PUBLIC, here, there))
        assert (refused == {}) is works
        assert works or set(refused.values()) == {"Redmine 4.2.11 is too old: 5.0 is the oldest that works."}


@pytest.mark.parametrize(
    ("here", "there", "possible", "why"),
    [
        ("github", "redmine", {"script", "basic"}, "GitHub does not offer visual"),
        ("redmine", "servicenow", {"script", "basic"}, "ServiceNow does not offer visual"),
        ("azure_devops", "zendesk", {"visual", "script", "basic"}, None),
    ],
)
@pytest.mark.anyio
async def test_two_nodes_tell_what_is_possible_before_anything_is_set_up(
    pair: Pair, here: str, there: str, possible: set[str], why: str | None
) -> None:
    """The probe says it, and a mode that is not possible is refused with the ones that are."""
    pair.a.slug = await front(pair.a, here)
    pair.b.slug = await front(pair.b, there)
    found = await pair.post(
        "/v1/destination-probes", {"instance": pair.a.slug, "url": pair.b.issuer}, expected=200
    )
    assert {option["mode"] for option in found["modes"] if option["possible"]} == possible
    if why is not None:
        body = {
            "instance": pair.a.slug,
            "destination": {"type": "public", "url": pair.b.issuer},
            "details": DETAILS,
            "mode": "visual",
        }
        refused = await pair.post("/v1/connections", body, expected=409)
        assert why in refused["detail"]
        assert {option["value"] for option in refused["options"] if not option["disabled"]} == possible


@pytest.mark.anyio
async def test_local_is_refused_where_the_platform_does_not_have_it(pair: Pair) -> None:
    pair.a.slug = await front(pair.a, "github")
    body = {"instance": pair.a.slug, "destination": {"type": "local"}}
    refused = await pair.post("/v1/connections", body, expected=409)
    assert "GitHub" in refused["detail"]
    draft = await pair.post("/v1/connections", {"instance": pair.a.slug})
    (choice,) = [
        option
        for field in draft["next_actions"][0]["fields"]
        for option in field.get("options") or []
        if option["value"] == "local"
    ]
    assert choice["disabled"]
    assert "GitHub" in choice["why"]


@pytest.mark.parametrize(("theirs", "older"), [("2", "this one is older"), ("0", "the other one is older")])
@pytest.mark.anyio
async def test_a_node_of_another_version_is_refused_and_the_older_one_is_named(
    pair: Pair, theirs: str, older: str
) -> None:
    pair.network.rewrite = (b'"parley_version":"1"', f'"parley_version":"{theirs}"'.encode())
    body = {"instance": pair.a.slug, "url": pair.b.issuer}
    found = await pair.post("/v1/destination-probes", body, expected=200)
    assert all(older in option["why_not"] for option in found["modes"])
    refused = await pair.post(
        "/v1/connections",
        {"instance": pair.a.slug, "destination": {"type": "public", "url": pair.b.issuer}},
        expected=424,
    )
    assert older in refused["detail"]


@pytest.mark.anyio
async def test_the_version_that_a_check_finds_is_told_to_partners(pair: Pair) -> None:
    pair.b.slug = await front(pair.b, "redmine")
    async with transaction(pair.b.node.database) as session:
        instance = await get_by_slug(session, pair.b.slug)
        await remember_version(session, instance, "4.2.11", pair.clock.now())
    pair.a.slug = await front(pair.a, "zendesk")
    found = await pair.post(
        "/v1/destination-probes", {"instance": pair.a.slug, "url": pair.b.issuer}, expected=200
    )
    assert found["version"] == "4.2.11"
    assert {option["why_not"] for option in found["modes"]} == {
        "Redmine 4.2.11 is too old: 5.0 is the oldest that works."
    }


async def front(node: RunningNode, platform: str) -> str:
    """Return the slug of a new instance of this platform."""
    slug = f"{node.slug}-{platform}".replace("_", "-")
    body = {"slug": slug, "name": platform, "platform": platform, "url": URLS[platform]}
    read(await node.api.post("/v1/instances", json=body), 201)
    return slug
