"""Who sits in front of this browser, at one instance."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.requests import Request
from starlette.responses import RedirectResponse

from service.access.cookies import read_cookie
from service.access.models import SignInSession
from service.access.sign_in import find_sign_in
from service.database.sessions import reading
from service.http import acting
from service.http.acting import ActorKind
from service.instances.models import Instance
from service.instances.operations import issuer_of
from service.node import Node

SEE_OTHER = 303


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person who is signed in at the instance, in this browser."""

    sign_in: SignInSession
    issuer: str


async def find_visitor(
    session: AsyncSession, node: Node, request: Request, instance: Instance, *, until: datetime | None = None
) -> Visitor | None:
    """Return who is signed in, or None; `until` asks for a session that lasts long enough to finish."""
    issuer = issuer_of(node.settings, instance.slug)
    secret = read_cookie(request, issuer)
    if secret is None:
        return None
    found = await find_sign_in(session, node.hasher, secret, instance.id, node.clock.now())
    if found is None or (until is not None and found.expires_at < until):
        return None
    acting.identify(ActorKind.PERSON, found.account_id, found.display_name)
    return Visitor(found, issuer)


async def find_browser(request: Request, node: Node, instance: Instance) -> str | None:
    """Return the id of this browser where somebody is signed in at the instance with it already."""
    async with reading(node.database) as session:
        visitor = await find_visitor(session, node, request, instance)
    return visitor.sign_in.browser_id if visitor else None


def to_sign_in(issuer: str, next_path: str) -> RedirectResponse:
    """Send the browser to the instance's sign-in page, and from there to `next_path`."""
    return RedirectResponse(f"{issuer}/sign-in?{urlencode({'next': next_path})}", SEE_OTHER)
