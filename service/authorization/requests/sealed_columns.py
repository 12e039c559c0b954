"""What a request keeps sealed to itself: the code for its 60 seconds, and the state that goes back with it."""

from service.authorization.requests.models import AuthorizationRequest
from service.node import Node


def seal(node: Node, request_id: str, column: str, plain: str) -> str:
    """Return the text as the column of this request keeps it."""
    return node.sealer.seal(plain.encode(), _context(request_id, column))


def unseal(node: Node, request: AuthorizationRequest, column: str) -> str:
    """Return what the column of this request keeps."""
    return node.sealer.open(getattr(request, column), _context(request.id, column)).decode()


def _context(request_id: str, column: str) -> str:
    return f"authorization_request.{column}.{request_id}"
