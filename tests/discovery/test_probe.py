"""What a probe answers: one test for each outcome, each source and each reason."""

from collections.abc import AsyncIterator

import httpx
import pytest

from service.discovery.probes import ASK_FOR_NODE_URL, Outcome
from service.discovery.reasons import ProbeReason
from service.problems.tree import UrlNotAllowed
from service.words import DestinationType, Network
from tests.discovery.asking_node import OWN_TRACKER, PUBLIC_URL, Asker, asking_node
from tests.discovery.fake_web import (
    NODE,
    TRACKER,
    FakeWeb,
    facts,
    http_date,
    metadata_url,
    put_node,
    put_resource,
    resource_url,
)

pytestmark = pytest.mark.anyio
DEEP_LINK = f"{TRACKER}/browse/ABC-1"


@pytest.fixture
def web() -> FakeWeb:
    return FakeWeb()


@pytest.fixture
async def asker(sqlite_url: str, web: FakeWeb) -> AsyncIterator[Asker]:
    async with asking_node(sqlite_url, web.egress()) as one:
        yield one


async def test_a_node_url_is_a_node(asker: Asker, web: FakeWeb) -> None:
    put_node(web)
    found = await asker.ask(f"  {NODE}/?from=mail ")
    assert (found.outcome, found.reason, found.fix) == (Outcome.NODE_FOUND, None, None)
    assert (found.issuer, found.normalised_url) == (NODE, NODE)
    assert (found.platform, found.version, found.instance_name) == ("jira_cloud", "10.3", "Acme Jira")
    assert found.type is DestinationType.PUBLIC
    assert found.names.local_short_name == "beta"
    assert found.names.destination_short_name == "acme_jira"
    assert found.names.name == "beta to acme_jira"
    assert all(mode.possible for mode in found.modes)
    assert found.clock_skew_seconds == 0
    assert found.snapshot is not None


async def test_a_page_of_a_node_is_its_node(asker: Asker, web: FakeWeb) -> None:
    put_node(web)
    assert (await asker.ask(f"{NODE}/sign-in?x=1")).issuer == NODE


async def test_a_nodes_word_for_its_tracker_is_only_a_claim(asker: Asker, web: FakeWeb) -> None:
    put_node(web)
    found = await asker.ask(NODE)
    assert (found.tracker_url, found.tracker_url_confirmed) == (TRACKER, False)


async def test_a_tracker_that_names_the_node_confirms_its_claim(asker: Asker, web: FakeWeb) -> None:
    put_node(web)
    put_resource(web)
    found = await asker.ask(NODE)
    assert (found.tracker_url, found.tracker_url_confirmed) == (TRACKER, True)


async def test_a_deep_link_leads_to_the_node_that_the_host_names(asker: Asker, web: FakeWeb) -> None:
    put_node(web)
    put_resource(web)
    found = await asker.ask(DEEP_LINK)
    assert (found.outcome, found.issuer, found.tracker_url_confirmed) == (Outcome.NODE_FOUND, NODE, True)
    assert found.normalised_url == DEEP_LINK
    assert found.tracker_url == TRACKER


async def test_a_tracker_below_a_path_names_its_node_there(asker: Asker, web: FakeWeb) -> None:
    put_node(web, parley_instance=facts(url=f"{TRACKER}/redmine"))
    put_resource(web, f"{TRACKER}/redmine")
    found = await asker.ask(f"{TRACKER}/redmine/issues/1")
    assert (found.issuer, found.tracker_url) == (NODE, f"{TRACKER}/redmine")


DOUBTFUL = {
    "a node that fronts another tracker": facts(url="https://other.acme.example"),
    "a node that fronts another path": facts(url=f"{TRACKER}/jira"),
}


@pytest.mark.parametrize("claim", DOUBTFUL.values(), ids=DOUBTFUL.keys())
async def test_a_host_cannot_name_a_node_that_does_not_name_it(
    asker: Asker, web: FakeWeb, claim: dict[str, object]
) -> None:
    put_node(web, parley_instance=claim)
    put_resource(web)
    found = await asker.ask(TRACKER)
    assert (found.outcome, found.reason) == (Outcome.NOTHING_THERE, ProbeReason.NOT_A_NODE)
    assert found.issuer is None


async def test_a_document_about_another_resource_says_nothing(asker: Asker, web: FakeWeb) -> None:
    put_node(web)
    web.put(resource_url(TRACKER), {"resource": f"{TRACKER}/x", "authorization_servers": [NODE]})
    assert (await asker.ask(TRACKER)).outcome is Outcome.NOTHING_THERE


async def test_a_redirect_of_the_document_is_not_followed(asker: Asker, web: FakeWeb) -> None:
    put_node(web)
    document = {"resource": TRACKER, "authorization_servers": [NODE]}
    web.pages[resource_url(TRACKER)] = httpx.Response(302, json=document, headers={"location": f"{NODE}/x"})
    assert (await asker.ask(TRACKER)).outcome is Outcome.NOTHING_THERE


async def test_the_instances_own_urls_are_recognised_without_a_call(asker: Asker, web: FakeWeb) -> None:
    for url in (
        OWN_TRACKER,
        f"{OWN_TRACKER}/issues/1",
        f"{PUBLIC_URL}/i/beta",
        f"{PUBLIC_URL}/i/beta/sign-in",
    ):
        found = await asker.ask(url)
        assert found.outcome is Outcome.OWN_INSTANCE
        assert found.type is DestinationType.LOCAL
        assert "local" in found.detail
        assert all(mode.possible for mode in found.modes)
        assert found.names.local_short_name != found.names.destination_short_name
    assert web.asked == []


async def test_another_instance_of_this_node_is_found_by_its_tracker(asker: Asker, web: FakeWeb) -> None:
    await asker.add("gamma", "https://redmine.gamma.example")
    put_node(web, f"{PUBLIC_URL}/i/gamma", parley_instance=facts(url="https://redmine.gamma.example"))
    found = await asker.ask("https://redmine.gamma.example/issues/1")
    assert (found.outcome, found.issuer) == (Outcome.NODE_FOUND, f"{PUBLIC_URL}/i/gamma")


async def test_a_private_instance_of_this_node_is_not_given_away(asker: Asker, web: FakeWeb) -> None:
    """The answer is the same as for a tracker that this node has never heard of."""
    await asker.add("secret", "https://redmine.secret.example", Network.PRIVATE)
    put_node(web, f"{PUBLIC_URL}/i/secret", parley_instance=facts(url="https://redmine.secret.example"))
    hidden = await asker.ask("https://redmine.secret.example")
    unknown = await asker.ask("https://redmine.nobody.example")
    assert hidden.outcome is unknown.outcome is Outcome.NOTHING_THERE
    assert (hidden.reason, hidden.detail, hidden.issuer) == (unknown.reason, unknown.detail, unknown.issuer)


async def test_a_neighbour_below_the_own_tracker_is_the_neighbour(asker: Asker, web: FakeWeb) -> None:
    await asker.add("delta", f"{OWN_TRACKER}/delta")
    put_node(web, f"{PUBLIC_URL}/i/delta", parley_instance=facts(url=f"{OWN_TRACKER}/delta"))
    assert (await asker.ask(f"{OWN_TRACKER}/delta/issues")).issuer == f"{PUBLIC_URL}/i/delta"
    assert (await asker.ask(f"{OWN_TRACKER}/issues")).outcome is Outcome.OWN_INSTANCE


async def test_a_silent_neighbour_is_not_replaced_by_the_asking_instance(asker: Asker, web: FakeWeb) -> None:
    await asker.add("delta", f"{OWN_TRACKER}/delta")
    found = await asker.ask(f"{OWN_TRACKER}/delta")
    assert (found.outcome, found.issuer) == (Outcome.NOTHING_THERE, f"{PUBLIC_URL}/i/delta")
    assert not any("/i/beta" in url for url in web.asked)


async def test_a_tracker_on_the_nodes_own_host_leaves_other_node_urls_alone(
    sqlite_url: str, web: FakeWeb
) -> None:
    put_node(web, f"{PUBLIC_URL}/i/gamma")
    async with asking_node(sqlite_url, web.egress(), url=PUBLIC_URL) as asker:
        assert (await asker.ask(f"{PUBLIC_URL}/i/gamma")).outcome is Outcome.NODE_FOUND
        assert (await asker.ask(f"{PUBLIC_URL}/issues/1")).outcome is Outcome.OWN_INSTANCE


async def test_the_nearest_of_several_partners_is_meant(asker: Asker, web: FakeWeb) -> None:
    put_node(web)
    at_root, below = {TRACKER: f"{NODE}-root"}, {f"{TRACKER}/browse": NODE}
    assert (await asker.ask(DEEP_LINK, {**at_root, **below})).issuer == NODE
    assert (await asker.ask(DEEP_LINK, {**below, **at_root})).issuer == NODE


async def test_past_partners_are_remembered(asker: Asker, web: FakeWeb) -> None:
    put_node(web)
    partners = {"https://other.example": "https://other.example/i/x", f"{TRACKER}/": NODE}
    found = await asker.ask(DEEP_LINK, partners)
    assert (found.outcome, found.issuer, found.tracker_url_confirmed) == (Outcome.NODE_FOUND, NODE, False)


async def test_the_operators_list_is_the_last_resort(sqlite_url: str, web: FakeWeb) -> None:
    put_node(web)
    put_node(web, f"{NODE}2")
    async with asking_node(sqlite_url, web.egress(), known_nodes=f"{TRACKER}={NODE}") as asker:
        assert (await asker.ask(DEEP_LINK)).issuer == NODE
        assert (await asker.ask(DEEP_LINK, {TRACKER: f"{NODE}2"})).issuer == f"{NODE}2"


async def test_a_list_helps_where_the_tracker_cannot_be_called(asker: Asker, web: FakeWeb) -> None:
    put_node(web)
    assert (await asker.ask("https://10.1.2.3/x", {"https://10.1.2.3": NODE})).issuer == NODE


async def test_a_known_node_that_is_silent_is_named_with_its_reason(asker: Asker, web: FakeWeb) -> None:
    web.pages[metadata_url(NODE)] = httpx.Response(503)
    found = await asker.ask(TRACKER, {TRACKER: NODE})
    assert (found.outcome, found.reason) == (Outcome.NOTHING_THERE, ProbeReason.REFUSED)
    assert found.issuer == NODE
    assert "A node is known" in found.detail


def put_redmine(web: FakeWeb, url: str) -> None:
    refused = {"www-authenticate": 'Basic realm="Redmine API"'}
    web.pages[f"{url}/users/current.json"] = httpx.Response(401, headers=refused)
    page = '<meta name="description" content="Redmine"><title>Acme projects</title>'
    web.pages[f"{url}/login"] = httpx.Response(200, html=page)


@pytest.mark.parametrize("base", ["https://acme.example", "https://acme.example/redmine"])
async def test_a_tracker_without_a_known_node_gets_the_way_out(asker: Asker, web: FakeWeb, base: str) -> None:
    put_redmine(web, base)
    found = await asker.ask(f"{base}/issues/1")
    assert (found.outcome, found.reason, found.issuer) == (Outcome.NODE_UNKNOWN, None, None)
    assert (found.platform, found.instance_name, found.tracker_url) == ("redmine", "Acme projects", base)
    assert "node URL" in str(found.fix)
    assert "don't have a URL" in str(found.fix)
    assert not any(mode.possible for mode in found.modes)
    assert all(str(found.fix) in str(mode.why_not) for mode in found.modes)


async def test_a_host_with_something_else_is_not_a_node(asker: Asker, web: FakeWeb) -> None:
    web.pages["https://acme.example"] = httpx.Response(200, html="<p>Welcome</p>")
    found = await asker.ask("acme.example")
    assert (found.outcome, found.reason) == (Outcome.NOTHING_THERE, ProbeReason.NOT_A_NODE)
    assert found.names.destination_short_name == "acme"
    assert not any(mode.possible for mode in found.modes)


async def test_a_host_that_refuses_is_an_answer(asker: Asker, web: FakeWeb) -> None:
    web.hosts_down["acme.example"] = httpx.ConnectError("refused")
    found = await asker.ask("https://acme.example")
    assert (found.outcome, found.reason) == (Outcome.NOTHING_THERE, ProbeReason.REFUSED)


async def test_another_version_is_told_before_the_set_up(asker: Asker, web: FakeWeb) -> None:
    put_node(web, parley_version="2")
    found = await asker.ask(NODE)
    assert (found.outcome, found.reason, found.issuer) == (Outcome.NODE_FOUND, ProbeReason.VERSION, NODE)
    assert found.snapshot is None
    assert all("update" in str(mode.why_not) for mode in found.modes)


@pytest.mark.parametrize(("seconds", "is_wrong"), [(9, False), (-10, False), (30, True), (-600, True)])
async def test_a_wrong_clock_rules_out_every_mode(
    asker: Asker, web: FakeWeb, seconds: int, *, is_wrong: bool
) -> None:
    put_node(web, headers={"date": http_date(seconds)})
    found = await asker.ask(NODE)
    assert found.outcome is Outcome.NODE_FOUND
    assert found.clock_skew_seconds == seconds
    assert found.reason is (ProbeReason.CLOCK_SKEW if is_wrong else None)
    assert all(mode.possible is not is_wrong for mode in found.modes)
    assert all("clock" in str(mode.why_not) for mode in found.modes if is_wrong)


async def test_a_private_instance_cannot_verify_and_learns_so_here(sqlite_url: str, web: FakeWeb) -> None:
    put_node(web)
    async with asking_node(sqlite_url, web.egress(), network=Network.PRIVATE) as asker:
        found = await asker.ask(NODE)
    assert found.outcome is Outcome.NODE_FOUND
    assert not any(mode.possible for mode in found.modes)
    assert all("public" in str(mode.why_not) or "invite you" in str(mode.why_not) for mode in found.modes)


async def test_a_sandbox_connects_to_sandboxes_only(sqlite_url: str, web: FakeWeb) -> None:
    put_node(web)
    put_node(web, f"{NODE}-box", parley_instance=facts(platform="sandbox", sandbox=True))
    async with asking_node(sqlite_url, web.egress(), url="", sandbox=True) as asker:
        assert all("sandbox" in str(mode.why_not) for mode in (await asker.ask(NODE)).modes)
        assert all(mode.possible for mode in (await asker.ask(f"{NODE}-box")).modes)


async def test_an_international_host_is_shown_both_ways(asker: Asker) -> None:
    found = await asker.ask("Bücher.example/Straße")
    assert found.url == "Bücher.example/Straße"
    assert found.normalised_url == "https://xn--bcher-kva.example/Stra%C3%9Fe"
    assert found.display_url == "https://bücher.example/Stra%C3%9Fe"
    assert found.names.destination_short_name == "bucher"


@pytest.mark.parametrize("url", ["https://alice@acme.example", "ftp://acme.example", "https://a\x00.example"])
async def test_what_is_no_url_of_a_host_is_refused(asker: Asker, web: FakeWeb, url: str) -> None:
    with pytest.raises(UrlNotAllowed) as refusal:
        await asker.ask(url)
    assert refusal.value.members["errors"][0]["pointer"] == "/url"
    assert web.asked == []


async def test_a_link_of_a_service_on_the_web_says_whose_it_is_and_what_to_do(
    asker: Asker, web: FakeWeb
) -> None:
    web.hosts_down["contoso.visualstudio.com"] = web.hosts_down["dev.azure.com"] = httpx.ConnectError("down")
    found = await asker.ask("https://contoso.visualstudio.com/Shop/_workitems/edit/42")
    assert (found.outcome, found.platform) == (Outcome.NODE_UNKNOWN, "azure_devops")
    assert found.tracker_url == "https://dev.azure.com/contoso"
    assert found.detail == "This is Azure DevOps, and where its Parley node is cannot be seen from there."
    assert found.fix == ASK_FOR_NODE_URL


@pytest.mark.parametrize("url", ["https://github.com", "https://dev.azure.com", "login.salesforce.com"])
async def test_a_vendors_front_page_leads_to_the_link_to_paste_instead(
    asker: Asker, web: FakeWeb, url: str
) -> None:
    found = await asker.ask(url)
    assert (found.outcome, found.reason) == (Outcome.NOTHING_THERE, ProbeReason.NOT_A_NODE)
    assert "does not say which instance there" in found.detail
    assert "Paste a link from inside the instance, such as https://" in str(found.fix)
    assert web.asked == []


async def test_a_past_partner_is_known_by_either_spelling(asker: Asker, web: FakeWeb) -> None:
    put_node(web)
    known = {"https://dev.azure.com/contoso": NODE}
    found = await asker.ask("https://contoso.visualstudio.com/Shop", known)
    assert (found.outcome, found.issuer) == (Outcome.NODE_FOUND, NODE)
