"""Every reason why a code cannot be used, and how it comes to that."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from service.database.sessions import transaction
from service.instance_keys.operations import signing_key
from service.instances.models import Instance
from service.invitations.invitation.models import Invitation
from service.trust.signatures import Purpose, sign, unverified_claims
from service.words import Network
from tests.forged_tokens import write
from tests.invitations.claimant import Claimant
from tests.invitations.invited import Invited, make_private
from tests.nodes import RunningNode

Arrange = Callable[[Invited, str], Awaitable[str]]
OLD_KEY = {"alg": "ES256", "typ": "connection-invitation+jwt", "kid": "k" * 43}


@dataclass(frozen=True)
class Unusable:
    """A code that came to this: the reason of its preview, and the problem of its acceptance."""

    reason: str
    problem: str
    status: int
    arrange: Arrange


async def no_code(_invited: Invited, _code: str) -> str:
    return "INVITE-1234"


async def changed(_invited: Invited, code: str) -> str:
    head, claims, signature = code.split(".")
    return (
        f"{head}.{claims}.{signature[::-1]}" if signature[0] == "A" else f"{head}.{claims}.A{signature[1:]}"
    )


async def of_a_key_that_is_gone(_invited: Invited, code: str) -> str:
    return write(OLD_KEY, unverified_claims(code))


async def signed_anew(invited: Invited, code: str, **claims: object) -> str:
    """Return the code as a node without our manners could have written it."""
    a = invited.pair.a
    async with transaction(a.node.database) as session:
        key = await signing_key(session, a.node.sealer, str(a.instance["id"]))
    return sign(Purpose.INVITATION, {**unverified_claims(code), **claims}, key)


async def for_visual(invited: Invited, code: str) -> str:
    return await signed_anew(invited, code, mode="visual")


async def for_nothing(invited: Invited, code: str) -> str:
    return await signed_anew(invited, code, scope="everything")


async def for_an_unknown_mode(invited: Invited, code: str) -> str:
    return await signed_anew(invited, code, mode="magic")


async def forgotten(invited: Invited, code: str) -> str:
    async with transaction(invited.pair.a.node.database) as session:
        row = await session.get(Invitation, str(unverified_claims(code)["jti"]))
        await session.delete(row)
    return code


async def for_somebody_else(invited: Invited, code: str) -> str:
    return str((await invited.invite(expected_partner="https://c.test/i/c"))["code"])


async def of_last_week(invited: Invited, code: str) -> str:
    invited.pair.clock.advance(timedelta(hours=72, seconds=11).total_seconds())
    return code


async def replaced(invited: Invited, code: str) -> str:
    await invited.invite()
    return code


async def taken(invited: Invited, code: str) -> str:
    await Claimant(invited.pair.network, invited.pair.a).claimed(code)
    return code


async def rejected(invited: Invited, code: str) -> str:
    await taken(invited, code)
    await invited.confirm({"id": unverified_claims(code)["jti"]}, "reject")
    return code


async def locked(invited: Invited, code: str) -> str:
    claimant = Claimant(invited.pair.network, invited.pair.a)
    for _ in range(5):
        await claimant.asks(code, secret="w" * 43)
    return code


async def set_network(node: RunningNode, network: Network) -> None:
    async with transaction(node.node.database) as session:
        instance = await session.get(Instance, str(node.instance["id"]))
        assert instance is not None
        instance.network = network
        session.add(instance)


async def from_a_private_side(invited: Invited, code: str) -> str:
    await set_network(invited.pair.a, Network.PRIVATE)
    return code


async def between_private_sides(invited: Invited, code: str) -> str:
    await make_private(invited.pair)
    return await from_a_private_side(invited, code)


async def for_a_mode_that_is_gone(invited: Invited, code: str) -> str:
    invited.pair.network.rewrite = (b',"basic"', b',"basis"')
    return code


async def from_no_sandbox(invited: Invited, code: str) -> str:
    invited.pair.network.rewrite = (b'"sandbox":true', b'"sandbox":false')
    return code


async def of_another_version(invited: Invited, code: str) -> str:
    invited.pair.network.rewrite = (b'"parley_version":"1"', b'"parley_version":"2"')
    return code


async def of_nobody(invited: Invited, code: str) -> str:
    invited.pair.network.down.add("a.test")
    return code


async def of_a_silent_node(invited: Invited, code: str) -> str:
    invited.pair.network.lose_requests = ["/invitations/status"]
    return code


async def of_no_node(invited: Invited, code: str) -> str:
    invited.pair.network.rewrite = (b"parley_version", b"other_version")
    return code


UNUSABLE = (
    Unusable("malformed", "invitation-unknown", 404, no_code),
    Unusable("malformed", "invitation-unknown", 404, for_an_unknown_mode),
    Unusable("malformed", "invitation-unknown", 404, for_nothing),
    Unusable("signature", "invitation-unknown", 404, changed),
    Unusable("wrong_key", "invitation-unusable", 410, of_a_key_that_is_gone),
    Unusable("unknown", "invitation-unknown", 404, forgotten),
    Unusable("wrong_instance", "option-not-available", 409, for_somebody_else),
    Unusable("expired", "invitation-unusable", 410, of_last_week),
    Unusable("revoked", "invitation-unusable", 410, replaced),
    Unusable("used", "invitation-unusable", 410, taken),
    Unusable("rejected", "invitation-unusable", 410, rejected),
    Unusable("locked", "invitation-unusable", 410, locked),
    Unusable("both_sides_private", "both-sides-private", 409, between_private_sides),
    Unusable("inviter_private", "destination-incompatible", 424, from_a_private_side),
    Unusable("mode_not_offered", "destination-incompatible", 424, for_a_mode_that_is_gone),
    Unusable("mode_not_offered", "destination-incompatible", 424, for_visual),
    Unusable("sandbox", "destination-incompatible", 424, from_no_sandbox),
    Unusable("version", "destination-incompatible", 424, of_another_version),
    Unusable("refused", "destination-unreachable", 424, of_nobody),
    Unusable("refused", "destination-unreachable", 424, of_a_silent_node),
    Unusable("not_a_node", "destination-unreachable", 424, of_no_node),
)
