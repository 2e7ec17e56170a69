from dataclasses import FrozenInstanceError

import pytest
from support.board import Board

from tandem.gateway.applications.events import ChannelEvent, Happening


def test_an_event_holds_the_channel_as_it_was():
    board = Board()
    uuid, _ = board.parked("isup/c1/30")
    first = next(event for event in board.board.events if event.what is Happening.CHANNEL_CREATE)
    assert (first.channel.uuid, first.channel.state, first.channel.answered) == (uuid, "routing", False)
    assert (first.channel.direction, first.channel.protocol, first.channel.destination_number) == (
        "outbound",
        "isup",
        "30",
    )
    now = board.board.dump(uuid)
    assert (now.state, now.answered, now.application) == ("parked", True, "park")


def test_events_are_values():
    event = ChannelEvent(Happening.DTMF, 1.0, None, {"digit": "1"})
    assert event == ChannelEvent(Happening.DTMF, 1.0, None, {"digit": "1"})
    with pytest.raises(FrozenInstanceError):
        event.time = 2.0
