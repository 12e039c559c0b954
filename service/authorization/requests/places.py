"""How many pushed requests may wait for a decision at once: any client may push, and each is a row."""

from datetime import datetime

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from service.authorization.clients.documents import origin_of
from service.authorization.issuers import Issuer
from service.authorization.requests.models import AuthorizationRequest
from service.authorization.requests.states import AuthorizationState
from service.protocol.errors import ServerNotReady, TooOften

MOST_OF_A_HOST = 300
MOST_OF_ALL = 3_000
WAIT = {"Retry-After": "60"}


async def require_place(session: AsyncSession, issuer: Issuer, client_id: str, now: datetime) -> None:
    """One more request of this client may wait here; raises TooOften, ServerNotReady.

    A host has a share, whatever number of clients it names. Where many hosts have taken every place together,
    the clients of connections that this instance agreed to before still find one.
    """
    waiting = select(func.count()).where(
        AuthorizationRequest.instance_id == issuer.instance.id,
        AuthorizationRequest.state == AuthorizationState.REQUESTED,
        col(AuthorizationRequest.expires_at) > now,
    )
    of_host = col(AuthorizationRequest.client_id).startswith(origin_of(client_id) + "/", autoescape=True)
    if (await session.exec(waiting.where(of_host))).one() >= MOST_OF_A_HOST:
        raise TooOften("Too many requests of this host wait for a decision here.", WAIT)
    if (await session.exec(waiting)).one() < MOST_OF_ALL:
        return
    agreed = select(AuthorizationRequest.id).where(
        AuthorizationRequest.instance_id == issuer.instance.id,
        AuthorizationRequest.client_id == client_id,
        col(AuthorizationRequest.connection_id).is_not(None),
    )
    if (await session.exec(agreed.limit(1))).first() is None:
        raise ServerNotReady("Too many requests wait for a decision here.", WAIT)
