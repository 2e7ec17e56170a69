"""What is told of channels, and their states."""

import pytest
from support.board import STATES, Board

from tandem.core.cause import Cause
from tandem.gateway.applications.events import Happening
from tandem.gateway.calls.model import Alerting, Answer, Hold, Release, Retrieve
from tandem.gateway.configuration.schema import Route

CLEAR = Release(Cause.NORMAL_CALL_CLEARING)


def states(board, half):
    """What was told of the states of a channel: state, or state of the call before and now."""
    told = []
    for event in board.board.events:
        if event.what in STATES and event.channel.uuid == half.uuid:
            if event.what is Happening.CHANNEL_CALLSTATE:
                told.append(f"{event.data['original']} {event.channel.call_state}")
            else:
                told.append(event.channel.state if event.what is Happening.CHANNEL_STATE else "destroyed")
    return told


@pytest.mark.parametrize(("inward", "outward"), [("c1", "s2"), ("s1", "c2")])
def test_each_state_is_told_once(inward, outward):
    board = Board(Route(to=[outward]))
    one = board.call_in(inward)
    (other,) = board[outward].halves
    board.tell(other, Alerting())
    board.tell(other, Answer())
    board.tell(one, Hold())
    board.tell(one, Retrieve())
    board.tell(one, CLEAR)
    board.clear_all()
    end = ["hangup", "ACTIVE HANGUP", "destroyed"]
    assert states(board, one) == ["routing", "bridged", "DOWN ACTIVE", "ACTIVE HELD", "HELD ACTIVE", *end]
    assert states(board, other) == [
        "routing",
        "DOWN RINGING",
        "bridged",
        "RINGING ACTIVE",
        *end,
    ]
    assert board.board._states == {}


def test_applications_are_states_too():
    board = Board()
    half = board.call_application("c1", "answer", "sleep 100", "park")
    board.run(1)
    board.tell(half, CLEAR)
    board.clear_all()
    assert states(board, half) == [
        "routing",
        "executing",
        "DOWN ACTIVE",
        "parked",
        "hangup",
        "ACTIVE HANGUP",
        "destroyed",
    ]


def test_nothing_is_told_to_nobody():
    board = Board(Route(to=["c2"]))
    board.board.listening = False
    half = board.call_in("c1")
    board.tell(board["c2"].halves[0], Answer())
    board.tell(half, CLEAR)
    board.clear_all()
    assert board.board.events == []
    assert board.board._states == {}


def test_a_channel_that_is_gone_is_none():
    board = Board(Route(to=["c2"]))
    half = board.call_in("c1")
    name = board.board.uuid_of(half)
    assert board.board.find(name) is half
    assert board.board.exists(name)
    board.tell(half, CLEAR)
    board.clear_all()
    assert not board.board.exists(name)
    with pytest.raises(LookupError, match=name):
        board.board.find(name)
