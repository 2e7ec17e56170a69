"""Q.703 (07/96) 7 and figure 9: initial alignment control, alone and between two links."""

import itertools

import pytest
from support.mtp2_pair import Mtp2Pair

from tandem.core.timers import TimerTable
from tandem.ss7.mtp2.alignment import TRANSITIONS, Alignment, AlignmentControl, AlignmentInput, AlignmentState
from tandem.ss7.mtp2.configuration import LinkConfiguration, LinkCounters, Timer
from tandem.ss7.mtp2.primitives import LinkInService, LinkOutOfService, LinkState
from tandem.ss7.mtp2.transmit import Transmitter
from tandem.ss7.mtp2.units import UnitKind, decode_unit

I, S = AlignmentInput, AlignmentState  # noqa: E741


class Bench:
    """Alignment control with a transmitter whose fill unit can be looked at."""

    def __init__(self, emergency=False):
        configuration = LinkConfiguration()
        counters = LinkCounters()
        self.outputs = []
        self.timers = TimerTable()
        self.transmitter = Transmitter(configuration, self.timers, counters, self.outputs)
        self.control = AlignmentControl(configuration, self.timers, self.transmitter, counters)
        self.control.emergency = emergency

    def feed(self, *events, now=0.0):
        for event in events:
            end = self.control.handle(event, now)
        return end

    @property
    def sending(self):
        self.transmitter.flush(0.0)
        return decode_unit(self.outputs[-1].fill).status

    def running(self):
        return {timer for timer in Timer if self.timers.is_running(timer)}


@pytest.mark.parametrize(
    ("emergency", "peer", "sent", "period"),
    [
        (False, I.SIN, 1, 8.2),
        (False, I.SIE, 1, 0.5),
        (True, I.SIN, 2, 0.5),
        (True, I.SIE, 2, 0.5),
    ],
)
def test_proving_is_short_when_either_end_is_urgent(emergency, peer, sent, period):
    bench = Bench(emergency)
    bench.feed(I.START)
    assert (bench.sending, bench.running()) == (0, {Timer.T2})
    bench.feed(I.SIO, now=1.0)
    assert (bench.control.state, bench.sending, bench.running()) == (S.ALIGNED, sent, {Timer.T3})
    bench.feed(peer, now=2.0)
    assert (bench.control.state, bench.running()) == (S.PROVING, {Timer.T4})
    assert bench.timers.deadline(Timer.T4) == 2.0 + period
    assert bench.feed(I.T4_EXPIRY) == Alignment(True)
    assert (bench.control.state, bench.running()) == (S.IDLE, set())


def test_emergency_asked_for_while_proving_shortens_it():
    bench = Bench()
    bench.feed(I.START, I.SIN, I.SIN)
    assert bench.timers.deadline(Timer.T4) == 8.2
    bench.feed(I.EMERGENCY, now=3.0)
    assert (bench.sending, bench.timers.deadline(Timer.T4)) == (2, 3.5)


def test_emergency_of_the_peer_while_proving_shortens_it_once():
    bench = Bench()
    bench.feed(I.START, I.SIN, I.SIN)
    bench.feed(I.SIE, now=3.0)
    bench.feed(I.SIE, now=3.2)
    assert (bench.sending, bench.timers.deadline(Timer.T4)) == (1, 3.5)


def test_emergency_asked_for_while_aligned():
    bench = Bench()
    bench.feed(I.START, I.SIO, I.EMERGENCY)
    assert (bench.control.state, bench.sending) == (S.ALIGNED, 2)
    bench.feed(I.SIN)
    assert bench.timers.deadline(Timer.T4) == 0.5


def test_sio_while_proving_goes_back_to_aligned():
    bench = Bench()
    bench.feed(I.START, I.SIN, I.SIN, I.SIO)
    assert (bench.control.state, bench.running(), bench.sending) == (S.ALIGNED, {Timer.T3}, 1)


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        ((I.START, I.T2_EXPIRY), "T2"),
        ((I.START, I.SIO, I.T3_EXPIRY), "T3"),
        ((I.START, I.SIO, I.SIOS), "SIOS"),
        ((I.START, I.SIO, I.SIN, I.SIOS), "SIOS"),
        ((I.START, I.SIO, I.SIN, *[I.ABORT_PROVING] * 5), "5 times"),
    ],
)
def test_alignment_that_is_not_possible(events, reason):
    bench = Bench()
    end = bench.feed(*events)
    assert end is not None
    assert not end.complete
    assert reason in end.reason
    assert (bench.control.state, bench.running()) == (S.IDLE, set())


def test_errors_abort_normal_proving_at_four_and_a_correct_unit_begins_it_again():
    bench = Bench()
    bench.feed(I.START, I.SIN, I.SIN)
    control = bench.control
    control.monitor(100, 3, 0, now=1.0)
    assert bench.timers.deadline(Timer.T4) == 8.2
    control.monitor(0, 1, 0, now=2.0)
    assert bench.timers.deadline(Timer.T4) == 8.2  # Q.703 figure 9: the period goes on until a correct unit comes
    control.monitor(0, 50, 0, now=2.5)  # the monitor has stopped
    control.monitor(1, 0, 0, now=3.0)
    assert bench.timers.deadline(Timer.T4) == 11.2


def test_period_that_ends_without_a_correct_unit_begins_again():
    bench = Bench(emergency=True)
    bench.feed(I.START, I.SIN, I.SIN)
    assert bench.control.monitor(0, 1, 0, now=0.4) is None
    assert bench.feed(I.T4_EXPIRY, now=0.5) is None
    assert bench.timers.deadline(Timer.T4) == 1.0


@pytest.mark.parametrize(("state", "event"), list(itertools.product(S, I)))
def test_every_input_is_defined_in_every_state(state, event):
    paths = {S.IDLE: (), S.NOT_ALIGNED: (I.START,), S.ALIGNED: (I.START, I.SIN), S.PROVING: (I.START, I.SIN, I.SIN)}
    bench = Bench()
    if paths[state]:
        bench.feed(*paths[state])
    assert bench.control.state is state
    before = bench.running()
    end = bench.feed(event)
    if (state, event) not in TRANSITIONS:
        assert (end, bench.control.state, bench.running()) == (None, state, before)
    running = {S.IDLE: set(), S.NOT_ALIGNED: {Timer.T2}, S.ALIGNED: {Timer.T3}, S.PROVING: {Timer.T4}}
    assert bench.running() == running[bench.control.state]
    assert (end is None) or bench.control.state is S.IDLE


@pytest.mark.parametrize(("emergency", "earliest"), [(True, 0.5), (False, 8.2)])
def test_two_links_align(emergency, earliest):
    pair = Mtp2Pair(delay=0.01)
    pair.start(emergency)
    assert earliest < pair.now < earliest + 0.2
    assert pair.indications == ([LinkInService()], [LinkInService()])


def test_one_urgent_end_is_enough():
    pair = Mtp2Pair()
    pair.b.set_emergency(True, 0.0)
    for link in pair.links:
        link.start(0.0)
    pair.run_until(lambda: pair.a.state is pair.b.state is LinkState.IN_SERVICE)
    assert pair.now < 0.8


def test_the_end_that_starts_later_is_waited_for():
    pair = Mtp2Pair()
    pair.a.start(0.0)
    pair.run(15.0)  # less than T2
    pair.b.start(pair.now)
    pair.run_until(lambda: pair.a.state is pair.b.state is LinkState.IN_SERVICE)
    assert 23.2 < pair.now < 23.4


def test_nobody_there():
    pair = Mtp2Pair()
    pair.a.start(0.0)
    pair.run(20.1)
    assert pair.indications[0] == [LinkOutOfService("no sign of alignment from the peer (T2)")]
    assert pair.a.state is LinkState.OUT_OF_SERVICE
    pair.a.start(pair.now)  # the peer's SIOS is old news now, and must not spoil the next attempt
    pair.run(1.0)
    assert pair.a.alignment_state is S.NOT_ALIGNED


def test_a_line_with_errors_is_not_proved():
    pair = Mtp2Pair()
    pair.a.start(0.0)
    pair.b.start(0.0)
    pair.run(0.5)
    pair.lines[0].loss = 0.01  # of 1300 units a second
    pair.run(10.0)
    assert pair.indications[1] == [LinkOutOfService("proving aborted 5 times for errors (Q.703 7.3)")]
    assert pair.indications[0] == [LinkOutOfService("peer sends SIOS")]
    assert pair.b.counters.alignments_failed == 1
    assert pair.b.counters.provings_aborted == 5


def test_some_errors_only_make_proving_longer():
    pair = Mtp2Pair()
    pair.a.start(0.0)
    pair.b.start(0.0)
    pair.run(4.0)
    pair.lines[0].loss = 0.2
    pair.run(0.03)
    pair.lines[0].loss = 0.0
    pair.run_until(lambda: pair.a.state is pair.b.state is LinkState.IN_SERVICE)
    assert 12.0 < pair.now < 12.6
    assert pair.b.counters.provings_aborted >= 1


def test_what_is_sent_while_aligning():
    pair = Mtp2Pair()
    pair.start(emergency=True)
    sent = [decode_unit(unit) for unit in pair.lines[0].sent]
    story = [key for key, _ in itertools.groupby(unit.status for unit in sent)]
    assert story == [3, 0, 2, None]
    assert sent[-1].kind is UnitKind.FISU
    assert all((unit.bsn, unit.bib, unit.fsn, unit.fib) == (127, 1, 127, 1) for unit in sent)
