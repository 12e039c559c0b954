"""What a program does at a node to set up a connection, step by step, over HTTP."""

from dataclasses import dataclass

from tests.deadlines import until
from tests.processes import Instance, Json

DETAILS = {"local_short_name": "Here", "destination_short_name": "There"}


@dataclass(frozen=True)
class Attempt:
    """A draft of one instance for another, and its present verification session."""

    asking: Instance
    asked: Instance
    connection_id: str
    session: Json

    @property
    def start_url(self) -> str:
        return str(self.session["start_url"])

    @property
    def code(self) -> str:
        return str(self.session["comparison_code"])

    def connection(self) -> Json:
        return self.asking.call("GET", f"/v1/connections/{self.connection_id}")

    def reaches(self, state: str) -> Json:
        """Return the connection once it is in this state."""
        return until(self.connection, accept=lambda shown: shown["state"] == state)

    def again(self) -> "Attempt":
        """Return the next attempt for the same draft."""
        return Attempt(
            self.asking, self.asked, self.connection_id, begin_session(self.asking, self.connection_id)
        )


def draft(asking: Instance, destination_url: str, mode: str = "visual") -> Json:
    """Return a draft that waits for its admin access to be verified."""
    body = {"destination": {"type": "public", "url": destination_url}, "details": DETAILS, "mode": mode}
    return asking.call("POST", "/v1/connections", body, expected=201)


def begin_session(asking: Instance, connection_id: str) -> Json:
    """Return a fresh verification session of this draft."""
    return asking.call("POST", f"/v1/connections/{connection_id}/verification-sessions", expected=201)


def begin(asking: Instance, asked: Instance, mode: str = "visual") -> Attempt:
    """Return an attempt whose start page may be opened."""
    made = draft(asking, asked.issuer, mode)
    return Attempt(asking, asked, made["id"], begin_session(asking, made["id"]))


def agree(attempt: Attempt) -> str:
    """Both sides are active and name the same shared id, which is returned; there is no second connection."""
    shown = attempt.reaches("active")
    listed = attempt.asked.call("GET", "/v1/connections")["items"]
    same = [item for item in listed if item["shared_id"] == shown["shared_id"]]
    assert [item["state"] for item in same] == ["active"]
    assert shown["destination"]["state"] == same[0]["destination"]["state"] == "active"
    return str(shown["shared_id"])
