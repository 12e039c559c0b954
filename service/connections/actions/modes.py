"""The modes as a person chooses them: what each means, and why one is not to be had."""

from collections.abc import Iterable, Mapping

from service.connections.actions.shape import Choice
from service.connections.setup import SetUp
from service.words import Mode

LABELS: Mapping[Mode, str] = {
    Mode.VISUAL: "Visual: configure both sides in one place",
    Mode.SCRIPT: "Script: configure with sync rules only; visual is then not available",
    Mode.BASIC: "Basic: fixed rules; may later be upgraded",
}


def choices(setup: SetUp, modes: Iterable[Mode]) -> tuple[Choice, ...]:
    """Return these modes; one that the destination cannot have is disabled and says why."""
    refusals = setup.mode_refusals
    return tuple(
        Choice(mode, LABELS[mode], disabled=mode in refusals, why=refusals.get(mode)) for mode in modes
    )
