"""Applications as the peer of a call that a route leads to them."""

import pytest
from support.board import Board

from tandem.core.cause import Cause
from tandem.gateway.applications.trunk import ApplicationTrunk
from tandem.gateway.calls.control import APPLICATIONS
from tandem.gateway.calls.model import Answer, Release


@pytest.mark.parametrize("name", ["c1", "s1"])
def test_when_there_is_nothing_left_to_do_the_call_ends(name):
    board = Board()
    half = board.call_application(name, "answer")
    assert board[name].to(half) == [Answer(), Release(Cause.NORMAL_CALL_CLEARING)]
    board.clear_all()
    assert board.control.calls == {}
    assert board.board.applications.sessions == {}


def test_what_was_waited_for_is_forgotten_with_the_call():
    board = Board()
    half = board.call_application("c1", "sleep 5000")
    board.run(1.0)
    board.tell(half, Release(Cause.NORMAL_CALL_CLEARING))
    assert board.board.next_deadline() is None
    board.clear_all()
    assert board.control.calls == {}


def test_an_unknown_application_is_told_and_the_next_done():
    board = Board()
    half = board.call_application("c1", "sing", "hangup USER_BUSY")
    assert board["c1"].released(half).cause == Cause.USER_BUSY
    assert "there is no application 'sing'" in board.lines[0].text


def test_it_is_a_trunk_of_no_circuits():
    trunk = Board().control.trunks[APPLICATIONS]
    assert isinstance(trunk, ApplicationTrunk)
    assert not trunk.is_circuit
