"""Somebody with the code of an invitation, in front of the pages of either node."""

from typing import Any

from tests.invitations.invited import Invited
from tests.nodes import Person
from tests.pages.page_text import Page
from tests.pairs import Pair

Json = dict[str, Any]


async def give_code(pair: Pair, issuer: str, code: str, person: Person | None = None) -> Person:
    """Return a person who has pasted the code into the page of this issuer."""
    person = person or await pair.person()
    await person.open(f"{issuer}/invite")
    await person.submit({"code": code})
    return person


async def at_decision(invited: Invited, issued: Json, login: str = "alice") -> Person:
    """Return a person at the invited node, signed in, in front of the decision."""
    pair = invited.pair
    person = await give_code(pair, pair.b.issuer, issued["url"])
    assert "/sign-in?" in person.url
    await person.sign_in(login)
    assert person.url == f"{pair.b.issuer}/invite"
    await person.submit({"code": issued["url"]})
    return person


async def accepted(invited: Invited, issued: Json) -> Person:
    """Return the person who has accepted, in front of the page that shows how it stands."""
    person = await at_decision(invited, issued)
    await person.submit(button="accept")
    return person


def words(person: Person) -> str:
    """Return what the person reads on the page, in one line."""
    page = Page()
    page.feed(person.page)
    return page.text
