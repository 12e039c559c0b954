"""Why an invitation cannot be used, as a problem with the way out."""

from service.instances.faults import literal
from service.invitations.invited.preview import Inspection
from service.problems.tree import (
    BothSidesPrivate,
    DestinationIncompatible,
    DestinationUnreachable,
    InvitationUnknown,
    InvitationUnusable,
    OptionNotAvailable,
    Problem,
)

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
