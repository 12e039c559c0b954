"""A private node as a process of its own, which listens at a Unix socket only: it joins and lives by dialling out."""

import socket
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from tempfile import TemporaryDirectory

import pytest

from tests.deadlines import until
from tests.lifecycle.test_pausing import status_of
from tests.processes import Instance, Json, started_node

DETAILS = {"local_short_name": "Shop", "destination_short_name": "Depot"}


@dataclass(frozen=True)
class Sides:
    """The side that invites, the one that nobody can dial, and a trap at the address that this one names."""

    public: Instance
    private: Instance
    trap: socket.socket

    def invite(self, *, confirmation_required: bool = True) -> tuple[Json, Json]:
        """Return a draft of the public side for an unknown partner, and its invitation with the code."""
        body = {"destination": {"type": "private"}, "details": DETAILS, "mode": "script"}
        draft = self.public.call("POST", "/v1/connections", body, expected=201)
        wanted = {"confirmation_required": confirmation_required}
        path = f"/v1/connections/{draft['id']}/invitations"
        return draft, self.public.call("POST", path, wanted, expected=201)

    def accept(self, issued: Json) -> Json:
        """Return the connection that the private side has from now on."""
        body = {"code": issued["code"]}
        accepted = self.private.call("POST", "/v1/invitation-acceptances", body, expected=201)
        return show(self.private, accepted["connection"])

    def connected(self) -> tuple[Json, Json]:
        """Return an active connection as each side shows it."""
        draft, issued = self.invite(confirmation_required=False)
        theirs = self.accept(issued)
        return reaches(self.public, draft, "active", "active"), reaches(
            self.private, theirs, "active", "active"
        )

    def an_hour_passes(self) -> None:
        """The private side's next look at the other side is due."""
        assert self._is_due_now("probe_status")

    def asks_again(self) -> None:
        """The private side does not wait any longer before it asks whether it was confirmed."""
        self._is_due_now("claim_invitation")

    def _is_due_now(self, kind: str) -> int:
        """Return how many jobs of this kind wait for nothing any more."""
        file = self.private.node.folder / "parley.db"
        with closing(sqlite3.connect(file, timeout=30)) as database, database:
            due = "UPDATE job SET run_at = created_at WHERE kind = ? AND done_at IS NULL"
            return database.execute(due, [kind]).rowcount

    def require_never_dialled(self) -> None:
        """Nobody has ever opened a connection to the address that the private side names."""
        with pytest.raises(BlockingIOError):
            self.trap.accept()


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sides]:
    folder = tmp_path_factory.mktemp("private")
    with ExitStack() as stack:
        short = stack.enter_context(TemporaryDirectory(prefix="parley-"))
        public = stack.enter_context(started_node(folder, "shop"))
        private = stack.enter_context(started_node(folder, "depot", uds=f"{short}/parley.sock"))
        port = int(private.public_url.rpartition(":")[2])
        trap = stack.enter_context(closing(socket.create_server(("127.0.0.1", port))))
        trap.settimeout(0)
        for node in (public, private):
            node.wait_until_ready()
        hidden = private.add_instance("depot", "sandbox", "", "--private")
        yield Sides(public.add_instance(), hidden, trap)


def show(side: Instance, connection_id: object) -> Json:
    return side.call("GET", f"/v1/connections/{connection_id}")


def reaches(side: Instance, connection: Json, *states: str) -> Json:
    """Return the connection once this side shows these two states: its own, and the other side's."""
    return until(lambda: show(side, connection["id"]), accept=lambda shown: status_of(shown) == states)


def test_it_previews_accepts_and_becomes_active_by_dialling_out(sides: Sides) -> None:
    draft, issued = sides.invite()
    preview = sides.private.call("POST", "/v1/invitation-previews", {"code": issued["code"]})
    assert (preview["usable"], preview["inviter"]["node_url"]) == (True, sides.public.issuer)
    theirs = sides.accept(issued)
    path = f"/v1/invitations/{issued['id']}"
    claimed = until(lambda: sides.public.call("GET", path), accept=lambda shown: shown["state"] == "claimed")
    assert claimed["claimed_by"]["verified"] is False
    received = sides.private.call("GET", f"/v1/invitations/{theirs['invitation']}")
    assert received["comparison_code"] == claimed["comparison_code"]
    sides.public.call("PUT", f"{path}/confirmation", {"decision": "confirm"})
    until(sides.asks_again, accept=lambda _: show(sides.public, draft["id"])["state"] == "active")
    ours = reaches(sides.public, draft, "active", "active")
    theirs = reaches(sides.private, theirs, "active", "active")
    assert ours["shared_id"] == theirs["shared_id"]
    assert ours["destination"]["node_url"] is None
    sides.require_never_dialled()


def test_either_side_pauses_and_resumes_and_the_other_one_learns_it(sides: Sides) -> None:
    ours, theirs = sides.connected()
    for side, own in ((sides.private, theirs), (sides.public, ours)):
        other, its = (sides.public, ours) if side is sides.private else (sides.private, theirs)
        path = f"/v1/connections/{own['id']}/activation"
        side.call("DELETE", path)
        if other is sides.private:
            sides.an_hour_passes()
        reaches(other, its, "active", "deactivated")
        side.call("POST", path)
        if other is sides.private:
            sides.an_hour_passes()
        reaches(other, its, "active", "active")
    sides.require_never_dialled()


def test_it_is_seen_by_the_other_side_whenever_it_asks(sides: Sides) -> None:
    ours, _ = sides.connected()
    before = show(sides.public, ours["id"])["destination"]["last_seen_at"]
    sides.an_hour_passes()
    until(
        lambda: show(sides.public, ours["id"])["destination"]["last_seen_at"], accept=lambda at: at > before
    )
    check = sides.public.call("POST", f"/v1/connections/{ours['id']}/checks")
    assert check["ok"] is True
    sides.require_never_dialled()


def test_it_learns_by_itself_that_the_other_side_has_closed(sides: Sides) -> None:
    ours, theirs = sides.connected()
    sides.public.call("DELETE", f"/v1/connections/{ours['id']}")
    sides.an_hour_passes()
    assert reaches(sides.private, theirs, "closed", "closed")["reason"] == "closed_by_peer"
    sides.require_never_dialled()


def test_the_other_side_is_told_that_it_has_closed(sides: Sides) -> None:
    ours, theirs = sides.connected()
    sides.private.call("DELETE", f"/v1/connections/{theirs['id']}")
    assert reaches(sides.public, ours, "closed", "closed")["reason"] == "closed_by_peer"
    assert reaches(sides.private, theirs, "closed", "closed")["reason"] == "closed_here"
    sides.require_never_dialled()
