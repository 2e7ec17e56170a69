"""Associations of the library in one process, packets by hand, the clock ours."""

import random
from collections import deque

import pytest
from support.associations import needs_usrsctp

from tandem.gateway.sctp.configuration import SctpParameters
from tandem.gateway.sctp.engine import Association, Listener, engine

pytestmark = needs_usrsctp

PARAMETERS = SctpParameters(streams=5, heartbeat=1.0, rto_initial=0.2, rto_min=0.1, rto_max=0.4, max_retransmissions=3)


class Wire:
    """A listener and an association, with a wire between that loses packets."""

    def __init__(self, loss=0.0, parameters=PARAMETERS):
        self.engine = engine()
        self.now = 1000.0
        self.random = random.Random(1)
        self.loss = loss
        self.packets = deque()
        self.log = {"near": [], "far": []}
        self.messages = {"near": [], "far": []}
        self.far = None
        self.parameters = parameters
        self.tokens = [self.engine.open_token(lambda packet, to=to: self.carry(packet, to)) for to in (1, 0)]
        self.listener = Listener(self.engine, self.tokens[1], 2905, parameters, self.accepted)
        self.near = Association.connect(self.engine, self.tokens[0], 0, 2905, parameters, **self.callbacks("near"))

    def carry(self, packet, to):
        if self.random.random() >= self.loss:
            self.packets.append((to, packet))

    def callbacks(self, name):
        return {
            "up": lambda streams: self.log[name].append(("up", streams)),
            "down": lambda reason, was_up: self.log[name].append(("down", reason, was_up)),
            "message": lambda *message: self.messages[name].append(message),
        }

    def accepted(self, handle, port):
        self.far = Association(self.engine, handle, send_queue=100, **self.callbacks("far"))

    def run(self, seconds):
        end = self.now + seconds
        while self.now < end:
            self.now += 0.01
            while self.packets:
                to, packet = self.packets.popleft()
                self.engine.packet_received(self.tokens[to], packet)
            self.engine.advance_to(self.now)

    def close(self):
        for item in (self.near, self.far, self.listener):
            if item is not None:
                item.close()
        for token in self.tokens:
            self.engine.close_token(token)


@pytest.fixture
def make():
    wires = []

    def make(**settings):
        wires.append(Wire(**settings))
        return wires[-1]

    yield make
    for wire in wires:
        wire.close()


def test_association_with_streams_and_identifiers(make):
    wire = make()
    wire.run(0.2)
    assert wire.log == {"near": [("up", 5)], "far": [("up", 5)]}
    wire.near.send(b"one", 4, 3)
    wire.far.send(b"two" * 20_000, 0, 5)
    wire.run(0.5)
    assert wire.messages == {"far": [(b"one", 4, 3)], "near": [(b"two" * 20_000, 0, 5)]}


def test_nothing_is_lost_or_out_of_order_on_a_bad_path(make):
    wire = make(
        loss=0.1,
        parameters=SctpParameters(streams=5, rto_initial=0.1, rto_min=0.05, rto_max=0.2, max_retransmissions=50),
    )
    wire.run(5)
    for number in range(500):
        wire.near.send(number.to_bytes(2, "big"), number % 5, 3)
    wire.run(60)
    for stream in range(5):
        numbers = [int.from_bytes(octets, "big") for octets, found, _ in wire.messages["far"] if found == stream]
        assert numbers == list(range(stream, 500, 5))


def test_shutdown_is_in_order(make):
    wire = make()
    wire.run(0.2)
    wire.near.send(b"last", 0, 3)
    wire.near.shut_down()
    wire.run(1)
    assert wire.messages["far"] == [(b"last", 0, 3)]
    assert wire.log["near"][-1] == ("down", "shut down", True)
    assert wire.log["far"][-1] == ("down", "shut down", True)


def test_abort_is_seen_by_the_peer(make):
    wire = make()
    wire.run(0.2)
    wire.near.abort("test")
    wire.run(0.2)
    assert wire.log["near"][-1] == ("down", "test", True)
    assert wire.log["far"][-1][0] == "down"


def test_a_dead_path_is_noticed_by_what_is_sent(make):
    # Heartbeats go by the machine's own clock within the library: test_packets has them.
    wire = make()
    wire.run(0.2)
    wire.loss = 1.0
    wire.near.send(b"x", 0, 3)
    wire.run(15)
    assert [event[0] for event in wire.log["near"]] == ["up", "down"]


def test_a_peer_that_never_answers(make):
    wire = make(loss=1.0)
    wire.run(15)
    assert len(wire.log["near"]) == 1
    assert wire.log["near"][0][0] == "down"
    assert wire.log["near"][0][2] is False


def test_a_peer_that_takes_nothing_is_given_up(make):
    wire = make()
    wire.run(0.2)
    wire.loss = 1.0
    for _ in range(2000):
        wire.far.send(bytes(1000), 0, 3)
    assert wire.log["far"][-1] == ("down", "the peer takes no messages", True)


def test_junk_in_place_of_packets(make):
    wire = make()
    wire.run(0.2)
    source = random.Random(2)
    for _ in range(500):
        wire.engine.packet_received(wire.tokens[0], source.randbytes(source.randrange(80)))
    wire.engine.packet_received(987_654, b"nobody")
    wire.near.send(b"still there", 0, 3)
    wire.run(0.2)
    assert wire.messages["far"] == [(b"still there", 0, 3)]
