"""What is told of channels, and their states."""

import pytest
from support.board import STATES, Board

from tandem.core.cause import Cause
from tandem.gateway.applications.events import EVERYTHING, NOTHING, Happening, Interest
from tandem.gateway.calls.model import Alerting, Answer, Dtmf, Hold, Release, Retrieve
from tandem.gateway.configuration.schema import Route
from tandem.gateway.media.protocol import PlayDigit

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
    board.board.interest = NOTHING
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


def test_a_digit_in_signalling_is_told_and_goes_on():
    board = Board(Route(to=["c2"]))
    half = board.call_in("s1")
    board.tell(board["c2"].halves[0], Answer())
    board.exchange.media()
    board.control.signalled_digit(half, Dtmf("7", 120), board.now)
    event = board.board.events[-1]
    assert (event.what, event.data) == (Happening.DTMF, {"digit": "7", "duration_ms": "120"})
    assert event.channel.uuid == half.uuid
    assert [type(command) for command in board.exchange.media()] == [PlayDigit]


def told(board):
    events, board.board.events = board.board.events, []
    return [(event.what.name, event.channel.trunk) for event in events]


def an_ordinary_call(board):
    half = board.call_in("c1")
    (other,) = board["c2"].halves
    board.tell(other, Alerting())
    board.tell(other, Answer())
    board.tell(half, CLEAR)
    board.clear_all()
    return half, other


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({Happening.DTMF}, []),
        ({Happening.CHANNEL_ANSWER}, [("CHANNEL_ANSWER", "c2"), ("CHANNEL_ANSWER", "c1")]),
        ({Happening.CHANNEL_BRIDGE}, [("CHANNEL_BRIDGE", "c1")]),
        ({Happening.CHANNEL_HANGUP_COMPLETE}, [("CHANNEL_HANGUP_COMPLETE", "c1"), ("CHANNEL_HANGUP_COMPLETE", "c2")]),
    ],
)
def test_only_what_is_wanted_is_made(wanted, expected, monkeypatch):
    board = Board(Route(to=["c2"]))
    board.board.interest = Interest(frozenset(wanted))
    made = []
    snapshot = board.board._snapshot
    monkeypatch.setattr(board.board, "_snapshot", lambda half: made.append(half) or snapshot(half))
    half, _ = an_ordinary_call(board)
    assert sorted(told(board)) == sorted(expected)
    assert len(made) == len(expected)
    assert bool(half.uuid) == bool(expected), "without need it gets no name"


def test_states_are_told_to_who_wants_them_alone_as_to_who_wants_all():
    kinds = (Happening.CHANNEL_STATE, Happening.CHANNEL_CALLSTATE)
    found = []
    for interest in (EVERYTHING, Interest(frozenset(kinds)), *(Interest(frozenset({kind})) for kind in kinds)):
        board = Board(Route(to=["c2"]))
        board.board.interest = interest
        an_ordinary_call(board)
        events = board.board.events
        found.append([(one.what, one.channel.trunk, one.channel.state, one.channel.call_state) for one in events])
    everything, both, first, second = found
    assert both == [one for one in everything if one[0] in kinds]
    assert first == [one for one in both if one[0] is kinds[0]]
    assert second == [one for one in both if one[0] is kinds[1]]


def test_one_channel_is_followed_with_whom_it_talks_with():
    board = Board(Route(to=["c2"]))
    board.board.interest = NOTHING
    half, stranger = board.call_in("c1"), board.call_in("c1")
    other, another = board["c2"].halves
    name = board.board.uuid_of(half)
    board.board.interest = Interest(channels={name: frozenset({Happening.CHANNEL_ANSWER, Happening.CHANNEL_HANGUP})})
    board.tell(other, Answer())
    board.tell(another, Answer())
    board.tell(stranger, CLEAR)
    assert told(board) == [("CHANNEL_ANSWER", "c2"), ("CHANNEL_ANSWER", "c1")]
    assert stranger.uuid == another.uuid == ""
    board.tell(half, CLEAR)
    assert told(board) == [("CHANNEL_HANGUP", "c1"), ("CHANNEL_HANGUP", "c2")]
