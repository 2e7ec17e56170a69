from __future__ import annotations

import select

import msgspec
import pytest

from tandem.gateway.media.link import BATCH, Link, socket_pair
from tandem.gateway.media.protocol import Command, Event, SendUnits

_COMMANDS = msgspec.msgpack.Decoder(list[Command])
_EVENTS = msgspec.msgpack.Decoder(list[Event])


pytestmark = pytest.mark.usefixtures("media_loops")


def links() -> tuple[Link[Command, Event], Link[Event, Command]]:
    ours, theirs = socket_pair()
    return Link(ours, _EVENTS), Link(theirs, _COMMANDS)


def commands(count: int, size: int = 1) -> list[Command]:
    return [SendUnits(number, [bytes(size)], None) for number in range(count)]


def test_batches_arrive_in_order() -> None:
    parent, child = links()
    sent = commands(3 * BATCH + 1)
    parent.send(sent)
    parent.send([])
    assert child.receive() == sent
    assert child.receive() == []
    assert not child.closed
    parent.socket.close()
    child.receive()
    assert child.closed
    child.socket.close()


def test_nothing_is_lost_when_the_socket_is_full() -> None:
    parent, child = links()
    sent: list[Command] = []
    received: list[Command] = []
    while not parent.waiting:
        batch = commands(BATCH, 272)
        sent += batch
        parent.send(batch)
    batch = commands(5)
    sent += batch
    parent.send(batch)
    while parent.waiting:
        received += child.receive()
        assert select.select([], [parent.socket], [], 5)[1]
        parent.flush()
    received += child.receive()
    assert received == sent
    parent.socket.close()
    child.socket.close()


def test_sending_to_nobody_is_noticed() -> None:
    parent, child = links()
    child.socket.close()
    parent.send(commands(1))
    assert parent.closed
    parent.socket.close()


def test_what_was_sent_before_the_end_is_received() -> None:
    parent, child = links()
    sent = commands(2)
    parent.send(sent[:1])
    parent.send(sent[1:])
    parent.socket.close()
    assert child.receive() == sent
    assert child.closed
    assert child.receive() == []
    child.socket.close()


def test_a_closed_end_has_gone() -> None:
    parent, child = links()
    child.socket.close()
    assert child.receive() == []
    assert child.closed
    parent.socket.close()
