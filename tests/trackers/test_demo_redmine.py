"""`make demo ARGS=--redmine` connects the machine's real Redmine."""

from contextlib import nullcontext

import pytest

from service.demo.run import run_demo
from tests.trackers.tracker_server import TrackerServer


def test_the_real_redmine_takes_part_in_the_demo(
    redmine: TrackerServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It runs for the other tests already, so the demo starts no second one, and tells this chapter alone."""
    monkeypatch.setattr("service.demo.run.tell", lambda *_: None)
    monkeypatch.setattr("service.demo.trackers.running_redmine", lambda _port: nullcontext(redmine.url))
    assert run_demo(once=True, redmine=True) == 0
    told = capsys.readouterr().out
    assert "the real Redmine of this machine" in told
    assert "'Jira to Redmine' is active at jira and at redmine" in told
