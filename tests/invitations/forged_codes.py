"""Codes as nobody but the inviter's own node could have signed them, with another secret inside."""

from service.database.sessions import reading
from service.instance_keys.operations import signing_key
from service.trust.signatures import Purpose, sign, unverified_claims
from service.trust.tokens import new_secret
from tests.nodes import RunningNode


async def with_another_secret(node: RunningNode, code: str) -> str:
    """Return the code with a secret that the invitation never had."""
    async with reading(node.node.database) as session:
        key = await signing_key(session, node.node.sealer, str(node.instance["id"]))
    return sign(Purpose.INVITATION, {**unverified_claims(code), "secret": new_secret()}, key)
