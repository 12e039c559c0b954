"""A connection of a paused instance, as actions: say what became of the instance, or close the connection here."""

from dataclasses import replace

from service.connections.actions.access import close
from service.connections.actions.shape import Action, Answers, Choice, Field, Kind


def while_halted(answers: Answers) -> tuple[Action, ...]:
    """Return the way out, and the one thing that calls nobody while nothing is said."""
    closing = "Ends it here. The other side hears of it once the instance is said to have moved, and never from a copy."
    return (_say_what_became(answers), replace(close(answers), description=closing))


def _say_what_became(answers: Answers) -> Action:
    kinds = (
        Choice("moved", "It has moved: its connections stay, and partners are told"),
        Choice("copied", "This is a copy: its connections stay with the original, and are closed here"),
    )
    return Action(
        id="move_instance",
        kind=Kind.SUBMIT,
        primary=True,
        label="Say what became of the instance",
        description=(
            f"The instance is paused. {answers.why_paused} Until somebody says whether it has moved or is a copy, it "
            "speaks to no other node. Or set PARLEY_PUBLIC_URL back."
        ),
        operation_id="moveInstance",
        method="POST",
        href=f"/v1/instances/{answers.instance_id}/moves",
        fields=(Field("kind", "What became of it", "choice", required=True, options=kinds),),
        required_scope="instances:write",
    )
