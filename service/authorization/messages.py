"""The other side gives and gets messages: the answer to an exchange that it began."""

from datetime import datetime

from pydantic import ValidationError

from service.authorization.issuers import Issuer
from service.authorization.records import find_agreed
from service.authorization.tokens.access import Caller
from service.channel.exchanging import answer
from service.connections.states import ESTABLISHED
from service.database.sessions import transaction
from service.lifecycle.status import see
from service.node import Node
from service.protocol.errors import Gone, InvalidRequest, ServerNotReady
from service.protocol.messages import MessageBatch

MOST_BYTES = 320 * 1024


async def take_messages(
    node: Node, issuer: Issuer, caller: Caller, body: bytes, now: datetime
) -> MessageBatch:
    """The caller's messages are here, as far as there is room, and what waits for it goes with the answer."""
    try:
        heard = MessageBatch.model_validate_json(body)
    except ValidationError:
        raise InvalidRequest(
            "Send acknowledges, room and messages, each with sequence, id, kind and body."
        ) from None
    async with transaction(node.database) as session:
        agreement = await find_agreed(session, issuer, caller)
        if agreement.is_over or agreement.is_renewal:
            raise Gone("The connection has ended, or this is an attempt.")
        if agreement.connection is None or agreement.connection.state not in ESTABLISHED:
            raise ServerNotReady("The connection is not active on this side yet.")
        see(agreement.connection, now)
        return await answer(session, node, agreement.connection, heard, now)
