"""A table is the law: which state follows which event, and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

State = TypeVar("State", bound=StrEnum)
Event = TypeVar("Event", bound=StrEnum)


class IllegalTransition(Exception):
    """The event is not allowed in this state; nothing was changed."""

    def __init__(self, state: StrEnum, event: StrEnum, allowed: frozenset[StrEnum]) -> None:
        self.state = state
        self.event = event
        self.allowed = allowed
        super().__init__(f"{event} is not allowed in state {state}; allowed: {sorted(allowed) or 'nothing'}")


@dataclass(frozen=True, slots=True)
class StateMachine(Generic[State, Event]):
    """The states of one noun, and the events that lead from one to the next."""

    name: str
    initial: State
    table: Mapping[tuple[State, Event], State]

    def next(self, state: State, event: Event) -> State:
        """Return the state that follows; raise IllegalTransition where the table has none."""
        try:
            return self.table[state, event]
        except KeyError:
            raise IllegalTransition(state, event, frozenset(self.allowed(state))) from None

    def allowed(self, state: State) -> frozenset[Event]:
        """Return the events that the table knows in this state."""
        return frozenset(event for at, event in self.table if at == state)

    def states(self) -> tuple[State, ...]:
        """Return every state, in the order in which they are written down."""
        return tuple(type(self.initial))

    def terminal(self) -> frozenset[State]:
        """Return the states that no event leaves."""
        leaving = {state for state, _ in self.table}
        return frozenset(state for state in self.states() if state not in leaving)

    def mermaid(self) -> str:
        """Return the machine as a Mermaid state diagram."""
        lines = ["stateDiagram-v2", f"    [*] --> {self.initial}"]
        lines += [f"    {at} --> {to}: {event}" for (at, event), to in self.table.items()]
        lines += [f"    {state} --> [*]" for state in self.states() if state in self.terminal()]
        return "\n".join(lines)
