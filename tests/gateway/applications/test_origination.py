"""Legs of a dial string and who wins; more of it is in test_switchboard.py."""

import pytest
from support.board import Board

from tandem.core.cause import Cause
from tandem.gateway.applications.origination import number_of
from tandem.gateway.calls.model import Answer, Nature, Number, Release

CONGESTION = Release(Cause.NO_CIRCUIT_CHANNEL_AVAILABLE)


@pytest.mark.parametrize(("text", "number"), [("123", Number("123")), ("+49", Number("49", Nature.INTERNATIONAL))])
def test_numbers_as_people_write_them(text, number):
    assert number_of(text) == number


def test_a_leg_that_cannot_even_begin_is_one_that_failed():
    board = Board()
    board["c1"].refusal = CONGESTION
    board.originate("isup/c1/1|sip/s1/2")
    board.tell(board["s1"].halves[0], Answer())
    assert board.results()[0].startswith("+OK")
    board["c2"].refusal = CONGESTION
    board.originate("isup/c1/1,isup/c2/2")
    assert board.results()[1] == "-ERR NORMAL_CIRCUIT_CONGESTION"


def test_two_that_answer_at_once_leave_one():
    board = Board()
    board.originate("isup/c1/1,sip/s1/2")
    one, two = board["c1"].halves[0], board["s1"].halves[0]
    board.control.event(one, Answer(), 0.0)
    board.control.event(two, Answer(), 0.0)
    board.settle()
    assert board["c1"].released(one) is None
    assert board["s1"].released(two).cause == Cause.NON_SELECTED_USER_CLEARING
    assert len(board.results()) == 1
