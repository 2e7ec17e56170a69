"""Numbers, window, acknowledgement and retrieval of messages."""

import pytest

from tandem.core.sigtran.primitives import SendMessage
from tandem.core.timers import TimerTable
from tandem.ss7.mtp2.primitives import LinkCongested, LinkCongestionCeased
from tandem.ss7.sigtran.m2pa_configuration import M2paConfiguration, M2paCounters, Timer
from tandem.ss7.sigtran.m2pa_messages import SEQUENCE_MASK, parse_m2pa
from tandem.ss7.sigtran.m2pa_transmit import Transmitter


class Bench:
    def __init__(self, **settings):
        self.outputs = []
        self.timers = TimerTable()
        self.counters = M2paCounters()
        self.transmitter = Transmitter(M2paConfiguration("x", **settings), self.timers, self.counters, self.outputs)
        self.transmitter.start()
        self.transmitter.resume(0.0)

    def sent(self):
        found = [parse_m2pa(output.octets) for output in self.outputs if isinstance(output, SendMessage)]
        self.outputs.clear()
        return found


def test_numbers_begin_after_all_ones_and_wrap():
    bench = Bench()
    bench.transmitter.send(b"one", 0.0)
    bench.transmitter.send(b"two", 0.0)
    assert [(message.fsn, message.bsn) for message in bench.sent()] == [(0, SEQUENCE_MASK), (1, SEQUENCE_MASK)]
    bench.transmitter._acknowledged = SEQUENCE_MASK - 2
    assert bench.transmitter.fsn == SEQUENCE_MASK
    bench.transmitter.send(b"three", 0.0)
    assert bench.sent()[0].fsn == 0
    bench.transmitter.acknowledged(0, 0.0)
    assert bench.transmitter.pending == 0


def test_the_window_holds_messages_back():
    bench = Bench(window=2)
    for number in range(5):
        bench.transmitter.send(bytes([number]), 0.0)
    assert len(bench.sent()) == 2
    assert not bench.transmitter.is_expected(2)
    bench.transmitter.acknowledged(0, 0.0)
    assert [message.msu for message in bench.sent()] == [b"\x02"]
    assert bench.transmitter.pending == 4


def test_t7_runs_while_something_is_unacknowledged():
    bench = Bench(t7=2.0)
    bench.transmitter.send(b"one", 1.0)
    bench.transmitter.send(b"two", 2.0)
    assert bench.timers.deadline(Timer.T7) == 3.0
    bench.transmitter.acknowledged(0, 2.5)
    assert bench.timers.deadline(Timer.T7) == 4.5
    bench.transmitter.acknowledged(1, 2.6)
    assert not bench.timers.is_running(Timer.T7)


def test_acknowledgements_ride_on_messages_or_go_alone():
    bench = Bench(ack_messages=3, ack_delay=0.1)
    for number in range(2):
        bench.transmitter.bsn = number
        bench.transmitter.accepted(0.0)
    assert bench.sent() == []
    assert bench.timers.deadline(Timer.ACK) == 0.1
    bench.transmitter.send(b"one", 0.05)
    assert bench.sent()[0].bsn == 1
    assert not bench.timers.is_running(Timer.ACK)
    for _ in range(3):
        bench.transmitter.accepted(0.0)
    (alone,) = bench.sent()
    assert (alone.msu, alone.fsn) == (b"", 0)
    bench.transmitter.acknowledge()
    assert bench.sent() == []


@pytest.mark.parametrize(
    ("fsnc", "expected"),
    [(SEQUENCE_MASK, b"abcd"), (0, b"bcd"), (1, b"cd"), (None, b"cd"), (77, b"cd")],
)
def test_retrieval(fsnc, expected):
    bench = Bench(window=2)
    for msu in (b"a", b"b", b"c", b"d"):
        bench.transmitter.send(msu, 0.0)
    assert b"".join(bench.transmitter.retrieve(fsnc)) == expected
    assert bench.transmitter.pending == 0


def test_rewind_sends_again_with_the_same_numbers():
    bench = Bench()
    for msu in (b"a", b"b", b"c"):
        bench.transmitter.send(msu, 0.0)
    bench.sent()
    bench.transmitter.close()
    bench.transmitter.rewind(0)
    bench.transmitter.resume(1.0)
    assert [(message.fsn, message.msu) for message in bench.sent()] == [(1, b"b"), (2, b"c")]
    assert bench.counters.messages_retransmitted == 2


def test_congestion_and_a_full_buffer():
    bench = Bench(window=1, congestion_onset=4, congestion_abatement=1, transmission_buffer=6)
    for number in range(9):
        bench.transmitter.send(bytes([number]), 0.0)
    assert bench.outputs.count(LinkCongested()) == 1
    assert bench.counters.messages_discarded == 2
    for number in range(6):
        bench.transmitter.acknowledged(number, 0.0)
    assert bench.outputs.count(LinkCongestionCeased()) == 1
