"""The page behind an invitation's link, at the node of who invites: what it is, and the way to one's own node."""

import pytest

from service.egress.web_addresses import UnusableUrl
from service.invitations.invitation.operations import MOST_WRONG_CODES
from service.invitations.invitation.states import InvitationState
from service.pages.invitation.hand_over import read_node_url
from service.settings import Environment, Settings
from tests.invitations.forged_codes import with_another_secret
from tests.invitations.invited import Invited
from tests.invitations.page_visits import give_code, words
from tests.nodes import Person
from tests.pairs import Pair

pytestmark = pytest.mark.anyio


async def shown(pair: Pair, code: str) -> Person:
    return await give_code(pair, pair.a.issuer, code)


async def test_anybody_with_the_code_reads_what_it_is(pair: Pair) -> None:
    invited = await Invited.begin(pair, mode="script")
    issued = await invited.invite(scope=["items:read"])
    person = await shown(pair, issued["code"])
    assert person.status == 200
    for told in (
        "A invites you",
        "A to B",
        "script",
        "Read items.",
        "confirms that it was you",
        "Good until",
    ):
        assert told in words(person)
    assert "Write comments." not in person.page
    assert (await invited.shown(issued))["state"] == "open"


@pytest.mark.parametrize("pasted", ["{url}", "  {code}\r\n", "{halves}"], ids=["link", "code", "over lines"])
async def test_the_code_may_be_pasted_as_it_came(pair: Pair, pasted: str) -> None:
    issued = await (await Invited.begin(pair)).invite()
    url, code = issued["url"], issued["code"]
    halves = f"{url[:300]}\r\n  {url[300:]}"
    person = await shown(pair, pasted.format(url=url, code=code, halves=halves))
    assert "A invites you" in words(person)


async def test_the_code_is_in_no_address(pair: Pair) -> None:
    invited = await Invited.begin(pair)
    issued = await invited.invite()
    person = await shown(pair, issued["code"])
    await person.submit({"node_url": pair.b.issuer})
    sent = [str(each.url) + str(each.headers) for each in pair.network.seen]
    assert not [address for address in sent if issued["code"][-40:] in address]
    assert not [url for url in person.visited if "#" in url or "?" in url]


async def test_the_link_leads_to_the_node_of_the_invited_admin(pair: Pair) -> None:
    issued = await (await Invited.begin(pair)).invite()
    person = await shown(pair, issued["code"])
    assert 'rel="noreferrer"' not in person.page
    await person.submit({"node_url": f" {pair.b.issuer}/sign-in "})
    assert f'rel="noreferrer" href="{pair.b.issuer}/invite#{issued["code"]}"' in person.page


async def test_an_expected_partner_gets_the_link_at_once_and_no_other(pair: Pair) -> None:
    invited = await Invited.begin(pair)
    issued = await invited.invite(expected_partner=pair.b.issuer)
    person = await shown(pair, issued["code"])
    assert f'href="{pair.b.issuer}/invite#{issued["code"]}"' in person.page
    assert person.forms() == []


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("http://b.test/i/b-tracker", "begins with https://"),
        ("https://a.test/i/a-tracker", "the instance that invites"),
        ("javascript:alert(1)", ""),
        ("https://user@b.test/i/x", ""),
    ],
    ids=["http", "own", "script", "user"],
)
async def test_only_a_node_url_becomes_a_link(pair: Pair, typed: str, why: str) -> None:
    issued = await (await Invited.begin(pair)).invite()
    person = await shown(pair, issued["code"])
    await person.submit({"node_url": typed})
    assert person.status == 422
    assert why in words(person)
    assert 'role="alert"' in person.page
    assert "/invite#" not in person.page


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/i/b", "http://localhost:1/i/b", "http://[::1]:1/i/b"])
async def test_http_is_for_loopback_in_development(pair: Pair, url: str) -> None:
    strict: Settings = pair.a.settings
    loose = strict.model_copy(update={"env": Environment.DEVELOPMENT})
    assert read_node_url(loose, pair.a.issuer, url) == url
    with pytest.raises(UnusableUrl):
        read_node_url(strict, pair.a.issuer, url)
    with pytest.raises(UnusableUrl):
        read_node_url(loose, pair.a.issuer, "http://b.test/i/b")


@pytest.mark.parametrize("end", ["revoked", "used", "rejected", "expired"])
async def test_the_holder_of_the_true_secret_reads_why_it_cannot_be_used(pair: Pair, end: str) -> None:
    invited = await Invited.begin(pair)
    issued = await invited.invite()
    match end:
        case "revoked":
            await pair.a.api.delete(f"/v1/invitations/{issued['id']}")
        case "used":
            await invited.accept(issued)
            await pair.work()
        case "rejected":
            body = {"code": issued["code"], "instance": pair.b.slug}
            await pair.b.api.post("/v1/invitation-rejections", json=body)
            await pair.work()
        case _:
            pair.clock.advance(73 * 3_600)
    person = await shown(pair, issued["code"])
    why = {"used": "was accepted already"}.get(end, end)
    assert why in words(person)
    assert "new invitation" in person.page
    assert "Make the link" not in person.page


async def test_a_wrong_code_reads_nothing_and_the_fifth_locks(pair: Pair) -> None:
    invited = await Invited.begin(pair)
    issued = await invited.invite()
    wrong = await with_another_secret(pair.a, issued["code"])
    for _ in range(MOST_WRONG_CODES):
        person = await shown(pair, wrong)
        assert person.status == 422
        assert "does not know this invitation" in person.page
        assert "A to B" not in person.page
    assert (await invited.shown(issued))["state"] == InvitationState.LOCKED
    assert "locked after wrong codes" in words(await shown(pair, issued["code"]))


@pytest.mark.parametrize("code", ["x", "a.b.c", "", "https://a.test/i/a-tracker/invite#"])
async def test_what_is_no_code_is_told_and_asked_for_again(pair: Pair, code: str) -> None:
    person = await shown(pair, code)
    assert person.status == 422
    assert "This is no invitation code." in person.page
    assert person.forms()[0].fields.keys() == {"code"}


async def test_a_code_that_this_node_did_not_sign_is_no_guess(pair: Pair) -> None:
    """Else anybody could lock an invitation by its id alone."""
    invited = await Invited.begin(pair)
    issued = await invited.invite()
    head, claims, signature = issued["code"].split(".")
    for _ in range(MOST_WRONG_CODES + 1):
        person = await shown(pair, f"{head}.{claims}.{signature[::-1]}")
        assert person.status == 422
    assert (await invited.shown(issued))["state"] == "open"


@pytest.mark.parametrize("origin", ["https://evil.test", "null", ""])
async def test_a_form_of_another_site_shows_nothing(pair: Pair, origin: str) -> None:
    issued = await (await Invited.begin(pair)).invite()
    person = await pair.person()
    headers = {"Origin": origin} if origin else {}
    answer = await person.client.post(
        f"{pair.a.issuer}/invite", data={"code": issued["code"]}, headers=headers
    )
    assert answer.status_code == 401
    assert "invites you" not in answer.text
