"""Which modes a connection can have and, for each that it cannot, why not: from the facts of both sides."""

from dataclasses import dataclass
from enum import StrEnum

from service.words import DestinationType, Mode, Network


class Need(StrEnum):
    """What somebody must have before a mode can be set up."""

    ADMIN_ACCESS_HERE = "admin_access_here"
    ADMIN_ACCESS_THERE = "admin_access_there"
    PUBLIC_INSTANCE_HERE = "public_instance_here"
    ADMIN_ACCESS_THERE_OR_INVITATION = "admin_access_there_or_invitation"
    INVITATION = "invitation"


NEED_LABELS = {
    Need.ADMIN_ACCESS_HERE: "An admin of the instance here, or a token for it.",
    Need.ADMIN_ACCESS_THERE: "An admin of the other side's instance signs in there and accepts.",
    Need.ADMIN_ACCESS_THERE_OR_INVITATION: (
        "An admin of the other side's instance signs in there and accepts, or accepts your invitation there."
    ),
    Need.PUBLIC_INSTANCE_HERE: "The instance here is public: the other side's node calls it.",
    Need.INVITATION: "An invitation that the partner accepts on their own node.",
}

NEEDS = {
    DestinationType.PUBLIC: (
        Need.ADMIN_ACCESS_HERE,
        Need.ADMIN_ACCESS_THERE_OR_INVITATION,
        Need.PUBLIC_INSTANCE_HERE,
    ),
    DestinationType.PRIVATE: (Need.ADMIN_ACCESS_HERE, Need.INVITATION, Need.PUBLIC_INSTANCE_HERE),
    DestinationType.LOCAL: (Need.ADMIN_ACCESS_HERE,),
}
NEEDS_OF_VISUAL = (Need.ADMIN_ACCESS_HERE, Need.ADMIN_ACCESS_THERE, Need.PUBLIC_INSTANCE_HERE)
BOTH_PRIVATE = (
    "Both sides are private, so neither node can reach the other: one of the two instances has to be public, and "
    "invites the other one."
)


@dataclass(frozen=True, slots=True)
class Side:
    """What decides about modes on one side; of the other side these are its node's claims.

    `too_old` says in a sentence that the tracker's version does not work.
    """

    platform_label: str
    modes: frozenset[str]
    network: Network
    sandbox: bool
    local_why_not: str | None = None
    too_old: str | None = None


@dataclass(frozen=True, slots=True)
class ModeOption:
    """One mode; `why_not` is None exactly where it is possible, and `needs` is known either way."""

    mode: Mode
    possible: bool
    why_not: str | None
    needs: tuple[Need, ...]


def mode_options(
    destination: DestinationType, here: Side, there: Side | None = None, *, obstacle: str | None = None
) -> tuple[ModeOption, ...]:
    """Return every mode for this kind of destination.

    `there` is None where nothing is known of the other side. `obstacle` is a sentence that stands in the way
    of all of them, such as an unknown node or a wrong clock.
    """
    return tuple(_option(mode, destination, here, there, obstacle) for mode in Mode)


def refusals(options: tuple[ModeOption, ...]) -> dict[str, str]:
    """Return why not, for each mode that is not possible."""
    return {option.mode.value: option.why_not for option in options if option.why_not is not None}


def _option(
    mode: Mode, destination: DestinationType, here: Side, there: Side | None, obstacle: str | None
) -> ModeOption:
    why_not = (
        obstacle
        or _platform_limit(mode, destination, here, there)
        or _network_limit(mode, destination, here, there)
    )
    verifies = mode is Mode.VISUAL and destination is DestinationType.PUBLIC
    return ModeOption(mode, why_not is None, why_not, NEEDS_OF_VISUAL if verifies else NEEDS[destination])


def _platform_limit(mode: Mode, destination: DestinationType, here: Side, there: Side | None) -> str | None:
    if destination is DestinationType.LOCAL and here.local_why_not is not None:
        return here.local_why_not
    if there is not None and here.sandbox != there.sandbox:
        return "A sandbox instance connects to sandbox instances only: choose one, or leave the sandbox."
    for side in (here, there):
        if side is not None and side.too_old is not None:
            return side.too_old
        if side is not None and mode not in side.modes:
            offered = ", ".join(known for known in Mode if known in side.modes) or "none that this node knows"
            return f"{side.platform_label} does not offer {mode}; it offers: {offered}."
    return None


def are_both_private(destination: DestinationType, here: Side, there: Side | None) -> bool:
    """True where neither side can reach the other; a destination without a URL counts as private."""
    if here.network is not Network.PRIVATE or destination is DestinationType.LOCAL:
        return False
    return destination is DestinationType.PRIVATE or (there is not None and there.network is Network.PRIVATE)


def _network_limit(mode: Mode, destination: DestinationType, here: Side, there: Side | None) -> str | None:
    """Return why the two networks rule this mode out."""
    if destination is DestinationType.LOCAL:
        return None
    if destination is DestinationType.PRIVATE and mode is Mode.VISUAL:
        return "Visual needs an admin to sign in on both sides, and a private destination cannot be reached."
    if are_both_private(destination, here, there):
        return BOTH_PRIVATE
    if here.network is Network.PUBLIC:
        return None
    if mode is Mode.VISUAL:
        return "Visual needs an instance here that the other node can reach: make this one public."
    return (
        "The instance here is private, so the partner has to invite you: send them the name and the address of "
        f"this instance and the mode {mode}, then accept the code that they send."
    )
