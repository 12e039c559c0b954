"""Where a person goes on to from the last page: back to the application that asked, or to their instance."""

from urllib.parse import parse_qsl, urlencode, urlsplit

from service.connections.models import Connection
from service.instances.models import Instance


def onward(connection: Connection | None, instance: Instance, result: str) -> tuple[str, str]:
    """Return the address of the button, and what it says."""
    if connection is None or connection.return_url is None:
        return instance.url, f"Go to {instance.name}"
    return with_result(connection.return_url, connection.id, result), "Go on"


def with_result(return_url: str, connection_id: str, result: str) -> str:
    """Return the URL with the connection and how it ended, in place of what it said of them itself.

    Whoever takes them reads the connection for what is true: anybody can type an address.
    """
    address = urlsplit(return_url)
    told = {"connection": connection_id, "result": result}
    kept = [pair for pair in parse_qsl(address.query, keep_blank_values=True) if pair[0] not in told]
    return address._replace(query=urlencode([*kept, *told.items()])).geturl()
