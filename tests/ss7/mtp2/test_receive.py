"""Q.703 (07/96) 5: acceptance of units, acknowledgement, and what is abnormal."""

import pytest

from tandem.core.timers import TimerTable
from tandem.ss7.mtp2.configuration import LinkConfiguration, LinkCounters
from tandem.ss7.mtp2.link import blocks
from tandem.ss7.mtp2.units import decode_unit

pytestmark = pytest.mark.usefixtures("ss7_loops")


class Bench:
    """A receiver; `unit` feeds it and `answer` is the BSN and BIB that go back."""

    def __init__(self, sent=0):
        configuration = LinkConfiguration(bit_rate=1e9)
        self.counters = LinkCounters()
        self.outputs = []
        self.failures = []
        transmitter, receiver = blocks(configuration)
        self.transmitter = transmitter(configuration, TimerTable(), self.counters, self.outputs)
        self.receiver = receiver(
            configuration,
            self.transmitter,
            self.counters,
            self.outputs,
            lambda reason, now: self.failures.append(reason),
        )
        self.transmitter.start()
        self.transmitter.send_msu(0.0)
        self.receiver.resume()
        for _ in range(sent):
            self.transmitter.send(b"msu")
        self.transmitter.flush(0.0)
        self.outputs.clear()
        self.taken = []

    def unit(self, fsn, fib=1, msu=None, bsn=127, bib=1):
        normal = self.receiver.check(bsn, bib, fib, 0.0)
        if normal:
            self.receiver.accept(fsn, fib, msu)
        self.taken += [output.msu for output in self.outputs]
        self.outputs.clear()
        return normal

    @property
    def answer(self):
        self.transmitter.send_busy()  # have it say again what it repeats
        self.transmitter.flush(0.0)
        unit = decode_unit(self.outputs.pop().fill)
        return unit.bsn, unit.bib


def test_messages_in_sequence_are_taken_and_acknowledged():
    bench = Bench()
    for number in range(300):
        bench.unit(number % 128, msu=bytes([0x85, 0, number % 128]))
        assert bench.answer == (number % 128, 1)
    assert len(bench.taken) == 300
    assert bench.counters.octets_received == 900


def test_a_message_seen_before_is_dropped_in_silence():
    bench = Bench()
    bench.unit(0, msu=b"one")
    bench.unit(0, msu=b"one")
    assert bench.taken == [b"one"]
    assert bench.answer == (0, 1)


def test_a_missing_message_is_asked_for_once():
    bench = Bench()
    bench.unit(0, msu=b"one")
    bench.unit(2, msu=b"three")
    assert bench.answer == (0, 0)
    bench.unit(3, msu=b"four")  # sent before the peer heard of it
    bench.unit(3)
    assert bench.answer == (0, 0)
    assert bench.counters.negative_acknowledgements_sent == 1
    bench.unit(1, fib=0, msu=b"two")
    bench.unit(2, fib=0, msu=b"three")
    assert bench.taken == [b"one", b"two", b"three"]
    assert bench.answer == (2, 0)


def test_a_fisu_tells_that_the_last_message_was_lost():
    bench = Bench()
    bench.unit(127)
    assert bench.answer == (127, 1)
    bench.unit(0)
    assert bench.answer == (127, 0)


def test_a_retransmission_that_is_lost_too_is_asked_for_again():
    bench = Bench()
    bench.unit(1, msu=b"two")
    bench.unit(1, fib=0, msu=b"two")  # the retransmission began, but 0 was lost
    assert bench.answer == (127, 1)
    bench.unit(0, fib=1, msu=b"one")
    assert bench.taken == [b"one"]


def test_two_of_three_abnormal_bsn_fail_the_link():
    bench = Bench(sent=3)
    assert bench.unit(127, bsn=1)
    assert not bench.unit(127, bsn=60)
    assert bench.failures == []
    assert bench.receiver.is_suspicious
    assert bench.unit(127, bsn=2)
    assert not bench.unit(127, bsn=61)
    assert bench.failures == ["two of three units with abnormal BSN (Q.703 5.3)"]


def test_one_abnormal_bsn_of_three_is_endured_and_its_message_discarded():
    bench = Bench()
    for number in range(0, 120, 3):
        bench.unit(number, msu=b"msu", bsn=127)
        bench.unit(number + 1, msu=b"msu", bsn=127)
        assert not bench.unit(number + 2, msu=b"bad", bsn=3)
        bench.unit(number + 2, msu=b"msu", bsn=127)
    assert bench.failures == []
    assert set(bench.taken) == {b"msu"}
    assert not bench.unit(0, bsn=9)
    bench.unit(119)
    bench.unit(119)
    assert not bench.receiver.is_suspicious


def test_two_of_three_abnormal_fib_fail_the_link():
    bench = Bench()
    assert not bench.unit(127, fib=0)
    assert bench.unit(127, fib=1)
    assert not bench.unit(127, fib=0)
    assert bench.failures == ["two of three units with abnormal FIB (Q.703 5.3)"]


def test_fib_is_not_abnormal_while_a_retransmission_is_awaited():
    bench = Bench(sent=2)
    bench.unit(1, msu=b"two")
    for _ in range(5):
        assert bench.unit(1, fib=1, bsn=0)
    assert bench.failures == []
    assert bench.transmitter.pending == 1  # its acknowledgement counts


@pytest.mark.parametrize("msu", [b"one", None])
def test_what_was_refused_in_a_processor_outage_is_asked_for_afterwards(msu):
    bench = Bench()
    bench.receiver.refuse()
    bench.unit(0, msu=msu)
    assert bench.taken == []
    assert bench.answer == (127, 1)
    bench.receiver.resume()
    assert bench.answer == (127, 0)


def test_nothing_is_asked_for_when_nothing_was_refused():
    bench = Bench()
    bench.receiver.refuse()
    bench.unit(127)
    bench.receiver.resume()
    assert bench.answer == (127, 1)


def test_congestion_takes_messages_but_acknowledges_later():
    bench = Bench()
    bench.unit(0, msu=b"one")
    bench.receiver.hold_acknowledgements()
    bench.unit(1, msu=b"two")
    bench.unit(3, msu=b"four")
    assert bench.answer == (0, 1)
    assert bench.taken == [b"one", b"two"]
    bench.receiver.release_acknowledgements()
    assert bench.answer == (1, 0)


def test_congestion_that_loses_nothing_asks_for_nothing():
    bench = Bench()
    bench.receiver.hold_acknowledgements()
    bench.unit(0, msu=b"one")
    bench.unit(0)
    bench.receiver.release_acknowledgements()
    assert bench.answer == (0, 1)
