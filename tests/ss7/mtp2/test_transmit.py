"""Q.703 (07/96) 5: numbering, acknowledgement, retransmission; and the pace at which messages are handed down."""

import pytest

from tandem.core.timers import TimerTable
from tandem.ss7.mtp2.configuration import LinkConfiguration, LinkCounters, Timer
from tandem.ss7.mtp2.link import blocks
from tandem.ss7.mtp2.primitives import LinkCongested, LinkCongestionCeased, SendUnits
from tandem.ss7.mtp2.units import Status, decode_unit

pytestmark = pytest.mark.usefixtures("ss7_loops")


class Bench:
    def __init__(self, **changes):
        changes.setdefault("bit_rate", 1e9)
        self.configuration = LinkConfiguration(**changes)
        self.extended = self.configuration.format == "extended"
        self.counters = LinkCounters()
        self.outputs = []
        self.timers = TimerTable()
        transmitter, _ = blocks(self.configuration)
        self.transmitter = transmitter(self.configuration, self.timers, self.counters, self.outputs)
        self.transmitter.start()
        self.transmitter.send_msu(0.0)
        self.flush()

    def flush(self, now=0.0):
        """What went down: (FSN, FIB) of each unit queued, and of the fill."""
        self.transmitter.flush(now)
        sent = [output for output in self.outputs if isinstance(output, SendUnits)]
        units = [decode_unit(unit, self.extended) for output in sent for unit in output.units]
        fills = [decode_unit(output.fill, self.extended) for output in sent]
        self.outputs[:] = [output for output in self.outputs if not isinstance(output, SendUnits)]
        return [(unit.fsn, unit.fib) for unit in units], fills[-1] if fills else None

    def send(self, count, now=0.0):
        for number in range(count):
            self.transmitter.send(b"\x85" + number.to_bytes(2, "big"))
        return self.flush(now)


def test_messages_are_numbered_and_the_fill_has_the_last_number():
    bench = Bench()
    units, fill = bench.send(3)
    assert units == [(0, 1), (1, 1), (2, 1)]
    assert (fill.fsn, fill.fib, fill.bsn, fill.bib) == (2, 1, 127, 1)


def test_a_new_bsn_only_replaces_the_fill():
    bench = Bench()
    bench.transmitter.set_backward(5, 0)
    units, fill = bench.flush()
    assert units == []
    assert (fill.bsn, fill.bib, fill.fsn) == (5, 0, 127)
    assert bench.flush() == ([], None)


@pytest.mark.parametrize(
    ("changes", "window"), [({}, 127), ({"format": "extended"}, 4095), ({"max_unacknowledged": 8}, 8)]
)
def test_no_more_than_the_window_is_unacknowledged(changes, window):
    bench = Bench(**changes, congestion_onset=4096, transmission_buffer=5000)
    units, _ = bench.send(window + 5)
    assert len(units) == window
    bench.transmitter.acknowledged(2, 1, 0.0)  # three of them
    units, _ = bench.flush()
    assert [fsn for fsn, _ in units] == [(window + i) % bench.configuration.unit_format.modulus for i in range(3)]


def test_t7_runs_while_anything_is_unacknowledged():
    bench = Bench()
    assert not bench.timers.is_running(Timer.T7)
    bench.send(2, now=1.0)
    assert bench.timers.deadline(Timer.T7) == 2.0
    bench.send(1, now=1.5)
    assert bench.timers.deadline(Timer.T7) == 2.0
    bench.transmitter.acknowledged(0, 1, 1.7)
    assert bench.timers.deadline(Timer.T7) == 2.7
    bench.transmitter.acknowledged(0, 1, 1.8)  # nothing new
    assert bench.timers.deadline(Timer.T7) == 2.7
    bench.transmitter.acknowledged(2, 1, 1.9)
    assert not bench.timers.is_running(Timer.T7)


def test_expected_bsn():
    bench = Bench()
    bench.send(3)
    bench.transmitter.acknowledged(0, 1, 0.0)
    assert [bsn for bsn in range(128) if bench.transmitter.is_expected(bsn)] == [0, 1, 2]


def test_negative_acknowledgement_sends_the_rest_again_before_anything_new():
    bench = Bench()
    bench.send(5)
    bench.transmitter.acknowledged(1, 0, 0.5)
    units, fill = bench.send(1, now=0.5)
    assert units == [(2, 0), (3, 0), (4, 0), (5, 0)]
    assert (fill.fsn, fill.fib) == (5, 0)
    assert bench.counters.messages_retransmitted == 3
    assert bench.counters.messages_sent == 6
    assert bench.timers.deadline(Timer.T7) == 1.5


def test_negative_acknowledgement_of_nothing_still_turns_the_fib():
    bench = Bench()
    bench.transmitter.acknowledged(127, 0, 0.0)
    assert bench.flush()[1].fib == 0


def test_acknowledgement_overtaking_the_retransmission():
    bench = Bench(bit_rate=64_000.0)
    for _ in range(4):
        bench.transmitter.send(bytes(270))
    bench.flush(0.0)
    bench.flush(0.2)
    bench.transmitter.acknowledged(127, 0, 0.2)
    bench.transmitter.acknowledged(2, 0, 0.2)
    assert [fsn for fsn, _ in bench.flush(1.0)[0]] == [3]


def test_line_is_given_no_more_than_it_takes():
    bench = Bench(bit_rate=64_000.0, queue_ahead=0.06, congestion_onset=4096)
    msu = bytes(40)
    sent, now = 0, 0.0
    for _ in range(120):
        bench.transmitter.send(msu)
    while now < 0.5:
        sent += len(bench.flush(now)[0])
        assert sent * 46 * 8 <= 64_000 * (now + 0.06) + 46 * 8
        deadline = bench.timers.deadline(Timer.PACE)
        if deadline is None:
            break
        assert deadline > now
        now = deadline
        assert list(bench.timers.expired(now)) == [Timer.PACE]
    assert sent * 46 * 8 > 0.9 * 64_000 * now


def test_messages_wait_while_something_else_is_sent():
    bench = Bench()
    bench.transmitter.send_status(Status.SIPO)
    units, fill = bench.send(2)
    assert [unit for unit in units] == [(127, 1)]  # the LSSU itself, once
    assert fill.status == Status.SIPO
    assert bench.transmitter.pending == 2
    bench.transmitter.send_fisu()
    assert bench.flush() == ([], decode_unit(bytes.fromhex("ffff00")))
    bench.transmitter.send_msu(0.0)
    assert bench.flush()[0] == [(0, 1), (1, 1)]


def test_t7_rests_while_messages_wait():
    bench = Bench()
    bench.send(1)
    bench.transmitter.send_fisu()
    assert bench.timers.next_deadline() is None
    bench.transmitter.send_msu(3.0)
    assert bench.timers.deadline(Timer.T7) == 4.0


def test_busy_peer_starts_t6_once_and_restarts_t7():
    bench = Bench()
    bench.send(2)
    bench.transmitter.remote_busy(0.3)
    bench.transmitter.remote_busy(0.4)
    assert bench.timers.deadline(Timer.T7) == 1.4
    assert bench.timers.deadline(Timer.T6) == 4.3
    assert bench.counters.remote_congestions == 1
    bench.transmitter.acknowledged(0, 1, 0.5)
    assert not bench.timers.is_running(Timer.T6)


def test_congestion_is_told_at_its_thresholds():
    bench = Bench(congestion_onset=6, congestion_abatement=3, transmission_buffer=10)
    bench.send(5)
    assert bench.outputs == []
    bench.send(1)
    assert bench.outputs == [LinkCongested()]
    bench.transmitter.acknowledged(1, 1, 0.0)
    assert bench.outputs == [LinkCongested()]
    bench.transmitter.acknowledged(2, 1, 0.0)
    assert bench.outputs == [LinkCongested(), LinkCongestionCeased()]


def test_full_buffer_discards():
    bench = Bench(transmission_buffer=256)
    bench.transmitter.send_fisu()
    bench.send(300)
    assert bench.transmitter.pending == 256
    assert bench.counters.messages_discarded == 44


@pytest.mark.parametrize(("fsnc", "count"), [(0, 4), (1, 3), (2, 2), (None, 1), (77, 1), (127, 1)])
def test_retrieval_gives_what_the_peer_has_not_got(fsnc, count):
    bench = Bench(max_unacknowledged=3)
    bench.send(1)
    bench.transmitter.acknowledged(0, 1, 0.0)
    for number in range(1, 5):
        bench.transmitter.send(bytes([0x85, 0, number]))
    bench.flush()
    assert [msu[2] for msu in bench.transmitter.retrieve(fsnc)] == [1, 2, 3, 4][4 - count :]
    assert bench.transmitter.pending == 0


def test_status_field_of_two_octets():
    bench = Bench(status_octets=2)
    bench.transmitter.send_status(Status.SIOS)
    bench.transmitter.flush(0.0)
    assert bench.outputs == [SendUnits((bytes.fromhex("ffff020300"),), bytes.fromhex("ffff020300"))]
