"""The closed sets of words that the wire, the tables and the API share."""

from enum import StrEnum

VERSION = "0.1.0"


class Mode(StrEnum):
    """How a connection is configured once it is active."""

    VISUAL = "visual"
    SCRIPT = "script"
    BASIC = "basic"


class DestinationType(StrEnum):
    """Where the other side is: reachable, not reachable, or the same instance."""

    PUBLIC = "public"
    PRIVATE = "private"
    LOCAL = "local"


class Network(StrEnum):
    """Whether other nodes can reach an instance's own node."""

    PUBLIC = "public"
    PRIVATE = "private"


class Role(StrEnum):
    """Which side of a connection's set-up this node is."""

    INITIATOR = "initiator"
    RESPONDER = "responder"


class Scope(StrEnum):
    """What the connection's user may do on an instance."""

    ITEMS_READ = "items:read"
    ITEMS_WRITE = "items:write"
    COMMENTS_READ = "comments:read"
    COMMENTS_WRITE = "comments:write"
    ATTACHMENTS_READ = "attachments:read"
    ATTACHMENTS_WRITE = "attachments:write"


SCOPE_SENTENCES = {
    Scope.ITEMS_READ: "Read items.",
    Scope.ITEMS_WRITE: "Create and change items.",
    Scope.COMMENTS_READ: "Read comments.",
    Scope.COMMENTS_WRITE: "Write comments.",
    Scope.ATTACHMENTS_READ: "Read attachments.",
    Scope.ATTACHMENTS_WRITE: "Add attachments.",
}
