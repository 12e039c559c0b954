"""What a caller may do, as words: only those that some endpoint asks for."""

from typing import Literal

ScopeName = Literal[
    "connections:read",
    "connections:write",
    "invitations:read",
    "invitations:write",
    "instances:read",
    "instances:write",
    "messages:read",
    "messages:write",
    "tokens:write",
]
SCOPES: dict[ScopeName, str] = {
    "connections:read": "See connections and their set-up.",
    "connections:write": "Set up, change and close connections.",
    "invitations:read": "See invitations, sent and received.",
    "invitations:write": "Invite partners, confirm them, accept and reject invitations.",
    "instances:read": "See instances and test them.",
    "instances:write": "Add, change and remove instances.",
    "messages:read": "Get and take the messages that arrive over connections.",
    "messages:write": "Send messages over connections.",
    "tokens:write": "Make, see and revoke service tokens, never with more rights than one's own.",
}
INSTANCE_SCOPES: tuple[ScopeName, ...] = (
    "connections:read",
    "connections:write",
    "invitations:read",
    "invitations:write",
    "instances:read",
    "instances:write",
    "messages:read",
    "messages:write",
)
