from __future__ import annotations

import itertools
import os
import socket

import pytest
from support.e1d_daemon import Daemon

from tandem.hardware.alarms import Alarm
from tandem.hardware.e1d_client import PATIENCE, RETRY, E1dClient, Wanted


class Story:
    """A client of a daemon, and what it reported."""

    def __init__(self, path, **changes) -> None:
        self.opened: list[list[int]] = []
        self.closed = 0
        self.now = 0.0
        wanted = Wanted(**{"path": str(path), "interface": 0, "line": 0, "timeslots": (1, 16), "buffer": 160} | changes)
        self.client = E1dClient(wanted, self.opened.append, self._close)

    def _close(self):
        self.closed += 1

    def run(self, *daemons, turns=5):
        for _ in range(turns):
            self.client.serve(self.now)
            for daemon in daemons:
                daemon.serve()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ctl"


@pytest.fixture
def daemon(path):
    daemon = Daemon(str(path))
    yield daemon
    daemon.close()


@pytest.fixture
def story(path):
    story = Story(path)
    yield story
    story.client.close()
    for descriptor in itertools.chain(*story.opened):
        os.close(descriptor)


def test_timeslots_are_opened(story, daemon):
    story.run(daemon)
    assert story.client.is_open
    assert [len(found) for found in story.opened] == [2]
    assert [request[:4] for request in daemon.requests] == [(1, 0, 0, 0xFF), (4, 0, 0, 1), (4, 0, 0, 16)]
    for key, descriptor in zip([(0, 0, 1), (0, 0, 16)], story.opened[0], strict=True):
        daemon.timeslots[key].send(b"hello")
        assert os.read(descriptor, 10) == b"hello"


def test_a_line_that_is_off_is_switched_on(story, daemon):
    daemon.modes[0, 0] = 0
    story.run(daemon, turns=8)
    assert story.client.is_open
    assert (3, 0, 0, 0xFF, b"\x20") in daemon.requests


@pytest.mark.parametrize(("mode", "told"), [(0x21, "a superchannel"), (0x22, "E1oIP"), (0x77, "mode 0x77")])
def test_a_line_used_otherwise_is_left_alone(story, daemon, mode, told):
    daemon.modes[0, 0] = mode
    story.run(daemon)
    assert not story.client.is_open
    assert told in story.client.trouble
    assert all(request[0] == 1 for request in daemon.requests)


def test_no_daemon_is_told_and_asked_for_again(story, path):
    story.run()
    assert "is osmo-e1d running?" in story.client.trouble
    daemon = Daemon(str(path))
    story.run(daemon)
    assert not story.client.is_open, "before its time"
    story.now = RETRY
    story.run(daemon)
    assert story.client.is_open
    daemon.close()


def test_a_line_that_is_not_there(path, daemon):
    story = Story(path, interface=5)
    story.run(daemon)
    assert "no line 0 on interface 5" in story.client.trouble
    story.client.close()


def test_a_timeslot_in_use_and_taking_it_over(path, daemon, story):
    story.run(daemon)
    other = Story(path)
    other.run(daemon)
    assert "timeslot 1 is in use" in other.client.trouble
    third = Story(path, take_over=True)
    third.run(daemon)
    assert third.client.is_open
    for each in (other, third):
        each.client.close()
        for descriptor in itertools.chain(*each.opened):
            os.close(descriptor)


def test_a_daemon_that_ends_and_comes_back(story, daemon, path):
    story.run(daemon)
    daemon.close()
    story.run()
    assert story.closed == 1
    assert "ended or restarts" in story.client.trouble
    again = Daemon(str(path))
    story.now = RETRY
    story.run(again)
    assert story.client.is_open
    assert story.client.connections == 2
    again.close()


def test_alarms_of_our_line_alone(story, daemon):
    story.run(daemon)
    daemon.event(0x40, 0, 1)
    daemon.event(0x44, 0, 0)
    story.run(daemon)
    assert story.client.alarms == {Alarm.RAI}
    daemon.event(0x45, 0, 0)
    daemon.event(0x7F, 0, 0)  # Sa bits: none of ours
    story.run(daemon)
    assert story.client.alarms == frozenset()


def test_a_daemon_that_says_nothing(story, path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(str(path))
        listener.listen()
        story.run()
        assert story.client.trouble == "osmo-e1d is asked for the line"
        story.now = PATIENCE
        story.run(turns=1)
        assert "does not answer" in story.client.trouble
    assert story.closed == 0, "nothing had been opened"


def test_something_else_that_answers(story, path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(str(path))
        listener.listen()
        story.run(turns=1)
        connection, _ = listener.accept()
        connection.send(b"HTTP/1.1 400 Bad Request")
        story.run(turns=1)
        connection.close()
    assert "another protocol" in story.client.trouble
