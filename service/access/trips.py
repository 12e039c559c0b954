"""A person's way to the platform's own sign-in page and back: what it was for stays sealed in their browser.

Nothing is stored here meanwhile, so that nobody fills a table by leaving and not coming back. The state that comes
back has to be the one in this browser's cookie, which names the decision that the sign-in is for.
"""

import hmac
import json
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

from starlette.requests import HTTPConnection
from starlette.responses import Response

from service.access.cookies import cookie_name
from service.access.wrong_sign_ins import Try, count_try, take_back_try
from service.http import acting
from service.instances.models import Instance
from service.limits.table import source_of
from service.node import Node
from service.platforms.interface import SignInFailure, SignInReason
from service.platforms.oauth import Grant, OAuthClient, Provider, redeem
from service.trust.sealing import SealBroken, Sealer
from service.trust.tokens import new_secret

LIFETIME = timedelta(minutes=10)
SUFFIX = "-away"


@dataclass(frozen=True, slots=True)
class Trip:
    """What a person left for: `next_path` is where they go on to once they are back.

    `for_user` says that the account becomes the connection's user, and signs in nobody.
    """

    method: str
    next_path: str
    expires_at: str
    for_user: bool = False
    state: str = field(default_factory=new_secret, repr=False)
    verifier: str = field(default_factory=new_secret, repr=False)

    def is_over(self, now: datetime) -> bool:
        """True where it took too long: whoever sits there now may be somebody else."""
        return datetime.fromisoformat(self.expires_at) <= now

    def fits(self, state: str) -> bool:
        """True where this is the state that the person left with."""
        return hmac.compare_digest(self.state.encode(), state.encode(errors="surrogatepass"))


def begin_trip(method: str, next_path: str, now: datetime, *, for_user: bool = False) -> Trip:
    """Return a new trip with a state and a verifier of its own."""
    return Trip(method, next_path, (now + LIFETIME).isoformat(), for_user)


def remember(response: Response, sealer: Sealer, instance_id: str, issuer: str, trip: Trip) -> None:
    """The browser holds the trip, sealed to this instance; a later one takes its place."""
    response.set_cookie(
        cookie_name(issuer) + SUFFIX,
        sealer.seal(json.dumps(asdict(trip)).encode(), _context(instance_id)),
        max_age=int(LIFETIME.total_seconds()),
        path="/",
        secure=issuer.startswith("https://"),
        httponly=True,
        samesite="lax",
    )


def recall(request: HTTPConnection, sealer: Sealer, instance_id: str, issuer: str) -> Trip | None:
    """Return the trip that this browser began, None for none that is this instance's."""
    sealed = request.cookies.get(cookie_name(issuer) + SUFFIX)
    if sealed is None:
        return None
    try:
        return Trip(**json.loads(sealer.open(sealed, _context(instance_id))))
    except SealBroken:
        return None


async def redeem_code(
    node: Node, instance: Instance, provider: Provider, client: OAuthClient, trip: Trip, code: str
) -> Grant:
    """Return what the platform gives for this code; raises SignInFailure, RateLimited.

    A wrong code counts like a wrong password.
    """
    tried = Try(instance.id, source_of(acting.current().address), None)
    await count_try(node, tried)
    try:
        grant = await redeem(node.egress, provider, client, code=code, verifier=trip.verifier)
    except SignInFailure as failure:
        if failure.reason is not SignInReason.WRONG_CREDENTIALS:
            await take_back_try(node, tried)
        raise
    await take_back_try(node, tried)
    return grant


def forget(response: Response, issuer: str) -> None:
    """The trip is over: its answer is taken once."""
    name = cookie_name(issuer) + SUFFIX
    response.delete_cookie(
        name, path="/", secure=issuer.startswith("https://"), httponly=True, samesite="lax"
    )


def _context(instance_id: str) -> str:
    return f"trip.cookie.{instance_id}"
