"""Shows what an invitation is and, where it cannot be used, why. Nothing changes on either side (I3)."""

from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import urlsplit

from service.connections.names import default_name, swapped_names
from service.connections.peers import caller_of, peer_of
from service.discovery.looks import looking
from service.discovery.modes import Side, mode_options
from service.discovery.names import Names
from service.discovery.node_metadata import NodeSnapshot, NodeUnreadable, read_foreign_node
from service.discovery.probes import own_side
from service.discovery.reasons import FIXES, FROM_EGRESS, ProbeReason
from service.instances.identity import require_running
from service.instances.models import Instance
from service.instances.operations import issuer_of, platform_of
from service.invitations.invitation.codes import Code, CodeUnreadable, clean, inviter_of, read_code
from service.invitations.invitation.reasons import LATER, REASONS
from service.node import Node
from service.platforms.registry import Registry
from service.problems.tree import (
    BothSidesPrivate,
    DestinationIncompatible,
    DestinationUnreachable,
    InvitationUnknown,
    InvitationUnusable,
    OptionNotAvailable,
    Problem,
    literal,
)
from service.protocol.client import PeerRefused, PeerUnavailable
from service.protocol.messages import InvitationStatus
from service.protocol.registration import invitation_status
from service.values.moments import clock_obstacle
from service.words import DestinationType, Mode, Network


@dataclass(frozen=True, slots=True)
class Inspection:
    """An invitation as this instance sees it. Without a `reason` it can be accepted."""

    instance: Instance
    reason: str | None = None
    detail: str = "The invitation can be accepted with this instance."
    fix: str | None = None
    code: Code | None = None
    snapshot: NodeSnapshot | None = None
    status: InvitationStatus | None = None
    names: Names | None = None

    def refused(self, reason: str, detail: str | None = None, fix: str | None = None) -> Self:
        """Return why it cannot be accepted: in one word, in a sentence, and the way out."""
        known = REASONS.get(reason, ("", None))
        return replace(self, reason=reason, detail=detail or known[0], fix=fix or known[1])


async def inspect(node: Node, platforms: Registry, instance: Instance, given: str) -> Inspection:
    """Return what the invitation is, after asking the inviter's node. Call it outside of any transaction.

    Raises InstancePaused: a copy does not even look.
    """
    require_running(node.settings, instance)
    text, found = clean(given), Inspection(instance)
    try:
        snapshot = await _read_inviter(node, instance, inviter_of(text))
        found = replace(found, snapshot=snapshot)
        if apart := clock_obstacle(snapshot.clock_skew_seconds):
            return found.refused("clock_skew", apart, FIXES[ProbeReason.CLOCK_SKEW])
        code = read_code(text, snapshot.issuer, snapshot.jwks, node.clock.now())
    except CodeUnreadable as fault:
        return Inspection(instance).refused(fault.reason)
    except NodeUnreadable as failure:
        return found.refused(failure.reason.value, failure.detail, FIXES[failure.reason])
    return await _ask(node, platforms, replace(found, code=code), code, snapshot)


async def _ask(
    node: Node, platforms: Registry, found: Inspection, code: Code, snapshot: NodeSnapshot
) -> Inspection:
    instance = found.instance
    if not code.is_for(issuer_of(node.settings, instance.slug)):
        return found.refused("wrong_instance")
    caller, peer = await caller_of(node, instance.id), peer_of(snapshot.to_json())
    try:
        status = await invitation_status(caller, peer, code.reference, code.secret)
    except PeerRefused:
        return found.refused("unknown")
    except PeerUnavailable as failure:
        return found.refused(_in_one_word(failure), "The inviter's node does not answer now.", LATER)
    return _judge(platforms, replace(found, status=status), code, snapshot, status)


async def _read_inviter(node: Node, instance: Instance, issuer: str) -> NodeSnapshot:
    if issuer == issuer_of(node.settings, instance.slug):
        raise CodeUnreadable("own_invitation")
    async with looking(node, instance, urlsplit(issuer).hostname or ""):
        return await read_foreign_node(node, issuer)


def _in_one_word(failure: PeerUnavailable) -> str:
    """Return a word of the closed list, whether nothing came or a fault of the other node."""
    words = {reason.value: word for reason, word in FROM_EGRESS.items()}
    return words.get(failure.reason, ProbeReason.REFUSED).value


def _judge(
    platforms: Registry, found: Inspection, code: Code, snapshot: NodeSnapshot, status: InvitationStatus
) -> Inspection:
    """Return whether an invitation that its inviter knows can be accepted with this instance."""
    instance, facts = found.instance, snapshot.metadata.parley_instance
    here, there = swapped_names(
        (status.partner_short_name, instance.slug), (status.inviter_short_name, facts.name)
    )
    names = Names(here, there, status.connection_name.strip() or default_name(here, there))
    found = replace(found, names=names)
    if status.state != "open":
        return found.refused("used" if status.state in {"claimed", "confirmed", "active"} else status.state)
    if facts.network is Network.PRIVATE:
        return found.refused(
            "both_sides_private" if instance.network is Network.PRIVATE else "inviter_private"
        )
    obstacle = _obstacle(platforms, instance, code, snapshot)
    return found.refused(*obstacle) if obstacle else found


def _obstacle(
    platforms: Registry, instance: Instance, code: Code, snapshot: NodeSnapshot
) -> tuple[str, str] | None:
    """Return why these two sides cannot have the mode, in a word and in a sentence."""
    facts = snapshot.metadata.parley_instance
    here = own_side(instance, platform_of(platforms, instance).description)
    if facts.sandbox != here.sandbox:
        return "sandbox", REASONS["sandbox"][0]
    if code.mode is Mode.VISUAL:
        return "mode_not_offered", REASONS["mode_not_offered"][0]
    there = Side("The inviter's platform", frozenset(facts.modes), facts.network, facts.sandbox)
    # The private side of this pair may well be this one: it only ever dials out.
    as_public = Side(here.platform_label, here.modes, Network.PUBLIC, here.sandbox, here.local_why_not)
    options = mode_options(DestinationType.PUBLIC, as_public, there)
    why_not = next(option.why_not for option in options if option.mode is code.mode)
    return ("mode_not_offered", why_not) if why_not else None


UNKNOWN = frozenset({"malformed", "signature", "unknown"})
OVER = frozenset({"expired", "revoked", "rejected", "locked", "used", "wrong_key"})
INCOMPATIBLE = frozenset({"version", "clock_skew", "mode_not_offered", "sandbox", "inviter_private"})


def as_problem(found: Inspection) -> Problem:
    """Return why the invitation cannot be used, under the problem that fits its reason."""
    reason, detail, fix = found.reason or "unknown", literal(found.detail), found.fix
    host = found.code.issuer if found.code else None
    if reason in UNKNOWN:
        return InvitationUnknown(detail, fix=fix, reason=reason)
    if reason in OVER:
        return InvitationUnusable(detail, fix=fix, reason=reason)
    if reason == "both_sides_private":
        return BothSidesPrivate(detail, fix=fix)
    if reason in {"own_invitation", "wrong_instance"}:
        return OptionNotAvailable(detail, fix=fix, reason=reason, option=found.instance.id, options=[])
    upstream = {"reason": reason, "host": host or ""}
    if reason in INCOMPATIBLE:
        return DestinationIncompatible(detail, fix=fix, upstream=upstream)
    return DestinationUnreachable(detail, fix=fix, upstream=upstream)
