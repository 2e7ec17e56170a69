"""Q.703 (07/96) 6: preventive cyclic retransmission, the sending half alone and two links over a satellite."""

import random

import pytest
from support.mtp2_pair import Mtp2Pair

from tandem.core.errors import ConfigurationError
from tandem.core.timers import TimerTable
from tandem.ss7.mtp2.configuration import LinkConfiguration, LinkCounters, Timer
from tandem.ss7.mtp2.cyclic import CyclicTransmitter
from tandem.ss7.mtp2.primitives import LinkState, RetrievedMessages, SendUnits
from tandem.ss7.mtp2.units import decode_unit


class Bench:
    """A transmitter on a line that has room for about `room` messages of this test at a time."""

    def __init__(self, room=10, **changes):
        # A message of 3 octets is 9 octets of line: 0.06 s of it are `room` messages.
        rate = 0.99 * room * 9 * 8.25 / 0.06
        self.counters = LinkCounters()
        self.timers = TimerTable()
        self.outputs = []
        configuration = LinkConfiguration(error_correction="cyclic", bit_rate=rate, **changes)
        self.transmitter = CyclicTransmitter(configuration, self.timers, self.counters, self.outputs)
        self.transmitter.start()
        self.transmitter.send_msu(0.0)
        self.now = 0.0
        self.go(0.0)

    def go(self, seconds):
        """FSNs of what went down after so many seconds."""
        self.now += seconds
        self.transmitter.flush(self.now)
        sent = [unit for output in self.outputs if isinstance(output, SendUnits) for unit in output.units]
        self.outputs.clear()
        return [decode_unit(unit).fsn for unit in sent]

    def send(self, count):
        for number in range(count):
            self.transmitter.send(b"\x85" + number.to_bytes(2, "big"))
        return self.go(0.0)

    def acknowledge(self, bsn, bib=1):
        self.transmitter.acknowledged(bsn, bib, self.now)
        return self.go(0.0)


def test_what_is_not_acknowledged_is_repeated_in_turn():
    bench = Bench()
    assert bench.send(3) == [0, 1, 2, 0, 1, 2, 0, 1, 2, 0]
    assert bench.timers.is_running(Timer.PACE)
    assert bench.go(0.06) == [1, 2, 0, 1, 2, 0, 1, 2, 0, 1]
    assert bench.counters.messages_sent == 3
    assert bench.counters.messages_retransmitted == 17


def test_new_messages_go_first():
    bench = Bench(room=4)
    assert bench.send(2) == [0, 1, 0, 1]
    assert bench.send(1) == []
    assert bench.go(0.06) == [2, 2, 0, 1]


def test_acknowledgement_ends_the_repetition():
    bench = Bench(room=4)
    bench.send(3)
    bench.acknowledge(1)
    assert bench.go(0.06) == [2, 2, 2, 2]
    assert bench.acknowledge(2) == []
    assert bench.go(0.06) == []
    assert bench.go(1.0) == []


def test_an_inverted_bib_means_nothing():
    bench = Bench(room=2)
    bench.send(2)
    bench.acknowledge(0, bib=0)
    assert bench.counters.negative_acknowledgements_received == 0


@pytest.mark.parametrize("limit", [{"n1": 4}, {"n2": 12}])
def test_forced_retransmission(limit):
    """Four messages of three octets: all four are repeated before the fifth goes out, and until some are taken."""
    bench = Bench(room=6, **limit)
    assert bench.send(6) == [0, 1, 2, 3, 0, 1]
    assert bench.go(0.06) == [2, 3, 0, 1, 2, 3]
    assert bench.counters.forced_retransmissions >= 2
    assert bench.acknowledge(1) == []
    assert bench.go(0.06)[:3] == [4, 5, 2]


def test_retrieval():
    bench = Bench(room=2)
    bench.send(5)
    assert [msu[-1] for msu in bench.transmitter.retrieve(0)] == [1, 2, 3, 4]
    assert bench.go(1.0) == []


def test_flush():
    bench = Bench(room=2)
    bench.send(5)
    bench.acknowledge(0)
    bench.transmitter.flush_messages()
    assert bench.go(1.0) == []
    assert bench.send(1)[0] == 1
    assert bench.counters.messages_flushed == 4


@pytest.mark.parametrize("changes", [{"error_correction": "other"}, {"n1": 0}, {"n1": 128}, {"n2": 0}])
def test_configuration_is_checked(changes):
    with pytest.raises(ConfigurationError):
        LinkConfiguration(**changes)


@pytest.mark.parametrize(("delay", "loss"), [(0.005, 0.0), (0.27, 0.0), (0.27, 0.02), (0.1, 0.05)])
def test_every_message_arrives_once_and_in_order_over_a_satellite(delay, loss):
    configuration = LinkConfiguration(error_correction="cyclic", t7=2.0, n2=4096)
    pair = Mtp2Pair(5, loss=0.0, delay=delay, configuration=configuration)
    pair.start()
    for line in pair.lines:
        line.loss = loss
    rng = random.Random(9)
    sent = [
        [bytes([0x85, side]) + n.to_bytes(2, "big") + bytes(rng.randrange(6, 60)) for n in range(200)]
        for side in (0, 1)
    ]
    for number in range(200):
        for side in (0, 1):
            pair.send(side, sent[side][number])
        pair.run(0.02)
    for line in pair.lines:
        line.loss = 0.0
    pair.run_until(lambda: all(link.pending_messages == 0 for link in pair.links))
    assert pair.messages == (sent[1], sent[0])
    assert all(link.state is LinkState.IN_SERVICE for link in pair.links)
    assert all(link.counters.negative_acknowledgements_sent == 0 for link in pair.links)


def test_cut_line_and_retrieval():
    pair = Mtp2Pair(5, delay=0.27, configuration=LinkConfiguration(error_correction="cyclic"))
    pair.start()
    for number in range(50):
        pair.send(0, b"\x85\x00" + number.to_bytes(2, "big"))
        pair.run(0.01)
    for line in pair.lines:
        line.cut = True
    pair.run_until(lambda: all(link.state is LinkState.OUT_OF_SERVICE for link in pair.links))
    pair.b.retrieve_bsnt(pair.now)
    pair.drain()
    bsnt = pair.indications[1][-1].bsnt
    pair.a.retrieval_request(bsnt, pair.now)
    pair.drain()
    retrieved = pair.indications[0][-1]
    assert isinstance(retrieved, RetrievedMessages)
    assert [int.from_bytes(msu[2:], "big") for msu in [*pair.messages[1], *retrieved.msus]] == list(range(50))
