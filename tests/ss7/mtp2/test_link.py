"""Q.703 (07/96) figure 8 and the whole of level 2: one link alone, and two back to back."""

import itertools
import random

import pytest
from support.mtp2_pair import Mtp2Pair

from tandem.core.errors import EncodeError
from tandem.ss7.mtp2.alignment import AlignmentState
from tandem.ss7.mtp2.configuration import EimParameters, LinkConfiguration, SuermParameters
from tandem.ss7.mtp2.link import TRANSITIONS, LinkInput, SignallingLink
from tandem.ss7.mtp2.primitives import (
    LinkInService,
    LinkOutOfService,
    LinkState,
    MessageReceived,
    RemoteProcessorOutage,
    RemoteProcessorRecovered,
    RetrievedBsnt,
    RetrievedMessages,
    SendUnits,
)
from tandem.ss7.mtp2.units import BASIC, Status, decode_unit

pytestmark = pytest.mark.usefixtures("ss7_loops")

I, S = LinkInput, LinkState  # noqa: E741
FISU = bytes.fromhex("ffff00")
STATUS = {I[status.name]: bytes([0xFF, 0xFF, 1, status]) for status in Status}


def fisu(bsn, bib, fsn, fib):
    return BASIC.header(bsn, bib, fsn, fib, 0)


def message(bsn, bib, fsn, fib, msu):
    return BASIC.header(bsn, bib, fsn, fib, len(msu)) + msu


class Single:
    """One link, with the peer played by hand."""

    def __init__(self, **changes):
        self.link = SignallingLink(LinkConfiguration(**changes))
        self.now = 0.0
        self.told = []
        self.down = []
        self.drain()

    def drain(self):
        for output in self.link.outputs():
            (self.down if isinstance(output, SendUnits) else self.told).append(output)

    def do(self, method, *arguments):
        getattr(self.link, method)(*arguments, self.now)
        self.drain()

    def hear(self, *units):
        self.do("receive", units)

    def wait(self, seconds):
        self.now += seconds
        self.link.handle_timers(self.now)
        self.drain()

    @property
    def repeating(self):
        return self.down[-1].fill

    def reach(self, state):
        """Bring the link into `state` as a peer would."""
        if state is S.OUT_OF_SERVICE:
            return self
        self.do("set_emergency", True)
        if state is S.ALIGNED_NOT_READY:
            self.do("local_processor_outage")
        self.do("start")
        if state is S.INITIAL_ALIGNMENT:
            return self
        self.hear(STATUS[I.SIE])
        self.wait(0.5)
        if state in (S.IN_SERVICE, S.PROCESSOR_OUTAGE):
            self.hear(FISU)
        if state is S.PROCESSOR_OUTAGE:
            self.hear(STATUS[I.SIPO])
        assert self.link.state is state
        return self


def test_it_begins_out_of_service():
    single = Single()
    assert single.link.state is S.OUT_OF_SERVICE
    assert single.down == [SendUnits((bytes.fromhex("ffff0103"),), bytes.fromhex("ffff0103"))]
    assert single.told == []


def test_played_back_alignment_of_a_real_neighbour():
    """libss7, emergency alignment: each unit once, as the repeat filter below lets them through."""
    single = Single()
    single.do("set_emergency", True)
    single.do("start")
    assert single.repeating == bytes.fromhex("ffff0100")
    single.hear(bytes.fromhex("ffff0100"))
    assert single.repeating == bytes.fromhex("ffff0102")
    assert single.link.alignment_state is AlignmentState.ALIGNED
    single.hear(bytes.fromhex("ffff0102"))
    single.wait(0.5)
    assert single.repeating == FISU
    assert single.link.state is S.ALIGNED_READY
    single.hear(FISU)
    assert single.told == [LinkInService()]
    single.do("send", b"\x85\x01\x02")
    assert single.down[-1] == SendUnits((bytes.fromhex("ff80 03 850102"),), bytes.fromhex("ff8000"))
    single.hear(fisu(0, 1, 127, 1))
    assert single.link.pending_messages == 0


def test_a_peer_that_is_further_on_than_we_are():
    """Its FISU comes while we are proving, once, and is what we wait for afterwards."""
    single = Single()
    single.do("start")
    single.hear(STATUS[I.SIN])  # one is enough for aligned and proving: the peer goes on sending it
    assert single.link.alignment_state is AlignmentState.PROVING
    single.wait(4.0)
    single.hear(FISU)
    single.wait(4.2)
    assert single.link.state is S.IN_SERVICE


def test_a_peer_that_was_there_before_us():
    single = Single()
    single.hear(STATUS[I.SIO])
    assert single.link.state is S.OUT_OF_SERVICE
    single.do("start")
    assert single.link.alignment_state is AlignmentState.ALIGNED
    assert bytes.fromhex("ffff0100") in [unit for output in single.down for unit in output.units]


@pytest.mark.parametrize(("state", "event"), list(itertools.product(S, I)))
def test_every_input_is_defined_in_every_state(state, event):
    single = Single().reach(state)
    link = single.link
    single.told.clear()
    before = (link.state, link.alignment_state)
    match event:
        case I.START | I.STOP | I.LOCAL_PROCESSOR_OUTAGE | I.LOCAL_PROCESSOR_RECOVERED:
            single.do(event.name.lower())
        case I.EMERGENCY:
            single.do("set_emergency", True)
        case I.FISU_MSU:
            single.hear(FISU)
        case _ if event in STATUS:
            single.hear(STATUS[event])
        case _:
            link._handle(event, single.now)
            link._finish(single.now)
            single.drain()
    if (state, event) not in TRANSITIONS and state is not S.INITIAL_ALIGNMENT:
        assert (link.state, link.alignment_state) == before
        assert single.told == []
    fill = decode_unit(single.repeating).status
    assert (
        fill
        in {
            S.OUT_OF_SERVICE: {Status.SIOS},
            S.INITIAL_ALIGNMENT: {Status.SIO, Status.SIE},
            S.ALIGNED_READY: {None},
            S.ALIGNED_NOT_READY: {Status.SIPO},
            S.IN_SERVICE: {None},
            S.PROCESSOR_OUTAGE: {Status.SIPO if link.local_outage else None},
        }[link.state]
    )
    went_out = link.state is S.OUT_OF_SERVICE and state is not S.OUT_OF_SERVICE
    assert any(isinstance(told, LinkOutOfService) for told in single.told) is (went_out and event is not I.STOP)
    if link.state is S.OUT_OF_SERVICE:
        assert link.next_deadline() is None


@pytest.mark.parametrize(
    ("state", "unit", "failing"),
    [
        (S.ALIGNED_READY, I.SIN, False),  # the peer still proves
        (S.ALIGNED_READY, I.SIE, False),
        (S.ALIGNED_READY, I.SIO, True),
        (S.ALIGNED_READY, I.SIOS, True),
        (S.IN_SERVICE, I.SIN, True),
        (S.IN_SERVICE, I.SIE, True),
        (S.IN_SERVICE, I.SIO, True),
        (S.IN_SERVICE, I.SIOS, True),
        (S.PROCESSOR_OUTAGE, I.SIN, True),
        (S.PROCESSOR_OUTAGE, I.SIB, False),
    ],
)
def test_what_the_peer_sends_can_end_service(state, unit, failing):
    single = Single().reach(state)
    single.hear(STATUS[unit])
    assert (single.link.state is S.OUT_OF_SERVICE) is failing
    assert (LinkOutOfService(f"peer sends {unit.name}") in single.told) is failing


def test_t1_limits_the_wait_for_the_peer():
    single = Single().reach(S.ALIGNED_READY)
    single.wait(44.9)
    assert single.link.state is S.ALIGNED_READY
    single.wait(0.2)
    assert single.told == [LinkOutOfService("peer did not finish proving (T1)")]
    assert single.repeating == STATUS[I.SIOS]


def test_t7_ends_the_wait_for_an_acknowledgement():
    single = Single().reach(S.IN_SERVICE)
    single.do("send", b"\x85\x01\x02")
    assert single.link.next_deadline() == pytest.approx(1.5)
    single.wait(1.0)
    assert single.told[-1] == LinkOutOfService("peer acknowledges too late (T7)")
    single.do("retrieve_bsnt")
    single.do("retrieval_request", 127)
    assert single.told[-2:] == [RetrievedBsnt(127), RetrievedMessages((b"\x85\x01\x02",))]


def test_in_service_nothing_is_given_away():
    single = Single().reach(S.IN_SERVICE)
    single.do("send", b"\x85\x01\x02")
    single.do("retrieval_request", 127)
    assert single.told[-1] == RetrievedMessages(())
    assert single.link.pending_messages == 1


def test_message_length_limits():
    single = Single(max_sif=62).reach(S.IN_SERVICE)
    for size in (0, 2, 64):
        with pytest.raises(EncodeError):
            single.link.send(bytes(size), single.now)
    for size in (3, 63):
        single.do("send", bytes(size))
    assert single.link.counters.messages_sent == 2
    single.hear(message(1, 1, 0, 1, bytes(64)))  # longer than agreed
    single.hear(b"\xff\xff", b"\xff\xff\x05\x85\x00\x00", b"")  # shorter than its header, or than it says
    assert single.link.counters.units_discarded == 4
    single.hear(message(1, 1, 0, 1, bytes(63)))
    assert single.told[-1] == MessageReceived(bytes(63))


def test_status_field_of_two_octets_is_understood():
    single = Single()
    single.do("start")
    single.hear(bytes.fromhex("ffff020100"))
    assert single.link.alignment_state is AlignmentState.PROVING


def test_spare_status_is_ignored():
    single = Single().reach(S.IN_SERVICE)
    single.hear(bytes.fromhex("ffff0106"))
    assert single.link.state is S.IN_SERVICE


def test_an_abnormal_fisu_that_is_repeated_fails_the_link():
    single = Single().reach(S.IN_SERVICE)
    single.do("monitor", 20, 0, 0)
    single.hear(fisu(50, 1, 127, 1))
    single.do("monitor", 1300, 0, 0)
    assert single.link.state is S.IN_SERVICE
    single.do("monitor", 1300, 0, 0)
    assert single.told[-1] == LinkOutOfService("two of three units with abnormal BSN (Q.703 5.3)")


def test_an_abnormal_fisu_seen_once_does_no_harm():
    single = Single().reach(S.IN_SERVICE)
    single.hear(fisu(50, 1, 127, 1))
    single.do("monitor", 20, 0, 0)
    single.hear(FISU)
    for _ in range(5):
        single.do("monitor", 1300, 0, 0)
    assert single.link.state is S.IN_SERVICE


def test_message_before_the_first_fisu_brings_the_link_into_service():
    single = Single().reach(S.ALIGNED_READY)
    single.hear(message(127, 1, 0, 1, b"msu"))
    assert single.told == [LinkInService(), MessageReceived(b"msu")]


def test_local_processor_outage_while_aligning():
    single = Single().reach(S.ALIGNED_NOT_READY)
    assert decode_unit(single.repeating).status == Status.SIPO
    single.hear(FISU)
    assert (single.link.state, single.told) == (S.PROCESSOR_OUTAGE, [LinkInService()])
    single.do("local_processor_recovered")
    assert (single.link.state, single.repeating) == (S.IN_SERVICE, FISU)


def test_outages_at_both_ends():
    single = Single().reach(S.IN_SERVICE)
    single.do("local_processor_outage")
    single.hear(STATUS[I.SIPO])
    single.do("send", b"\x85\x01\x02")
    single.do("local_processor_recovered")
    assert (single.link.state, single.repeating) == (S.PROCESSOR_OUTAGE, FISU)
    assert single.told == [LinkInService(), RemoteProcessorOutage()]
    single.hear(FISU)
    assert single.link.state is S.IN_SERVICE
    assert single.told[-1] == RemoteProcessorRecovered()
    assert len(single.down[-1].units) == 1


@pytest.mark.parametrize("kind", ["basic", "extended"])
@pytest.mark.parametrize(("delay", "loss"), [(0.003, 0.0), (0.003, 0.02), (0.003, 0.3), (0.03, 0.1), (0.27, 0.01)])
def test_every_message_arrives_once_and_in_order(kind, delay, loss):
    # The monitor is put to sleep: error correction is to be seen beyond what it lets pass.
    configuration = LinkConfiguration(format=kind, t7=2.0, suerm=SuermParameters(threshold=10**9))
    for seed in range(2):
        pair = Mtp2Pair(seed=seed, delay=delay, configuration=configuration)
        pair.start()
        for line in pair.lines:
            line.loss = loss
        rng = random.Random(seed)
        sent = ([], [])
        for number in range(1000):
            for side in (0, 1):
                sent[side].append(b"\x85" + number.to_bytes(4, "big") + bytes(rng.randrange(8, 60)))
                pair.send(side, sent[side][-1])
            if rng.random() < 0.8:
                pair.run(rng.random() * 0.03)
        pair.run_until(lambda sent=sent, pair=pair: [len(m) for m in pair.messages] == [len(m) for m in sent], 300.0)
        assert pair.messages == (sent[1], sent[0])
        pair.run_until(lambda pair=pair: pair.a.pending_messages == pair.b.pending_messages == 0)
        retransmitted = pair.a.counters.messages_retransmitted
        assert (retransmitted > 0) is (loss > 0)
        assert pair.a.state is pair.b.state is S.IN_SERVICE


def test_a_saturated_line_with_errors_does_not_run_into_t7():
    pair = Mtp2Pair(configuration=LinkConfiguration(t7=0.5, suerm=SuermParameters(threshold=10**9)))
    pair.start()
    pair.lines[0].loss = 0.05
    sent = [b"\x85" + number.to_bytes(2, "big") + bytes(250) for number in range(400)]
    for msu in sent:
        pair.send(0, msu)
    pair.run_until(lambda: len(pair.messages[1]) == len(sent))
    assert pair.messages[1] == sent
    assert pair.a.counters.messages_retransmitted < 100


def test_link_of_many_timeslots_in_the_extended_format():
    pair = Mtp2Pair(configuration=LinkConfiguration.high_speed())
    pair.start(emergency=True)
    sent = [b"\x85" + number.to_bytes(4, "big") + bytes(30) for number in range(5000)]
    pair.lines[0].loss = 0.0001
    began = pair.now
    for begin in range(0, 5000, 100):
        for msu in sent[begin : begin + 100]:
            pair.send(0, msu)
        pair.run(0.01)
    pair.run_until(lambda: len(pair.messages[1]) == len(sent))
    assert pair.messages[1] == sent
    assert pair.now - began < 1.5  # what takes 27 s at 64 kbit/s
    assert max(len(unit) for unit in pair.lines[0].sent) == 6 + 35


@pytest.mark.parametrize(
    "configuration", [LinkConfiguration(), LinkConfiguration(eim=EimParameters(), t7=2.0)], ids=["SUERM", "EIM"]
)
def test_a_cut_line_fails_the_link_and_nothing_is_lost_by_retrieval(configuration):
    pair = Mtp2Pair(configuration=configuration)
    pair.start()
    sent = [b"\x85" + number.to_bytes(2, "big") + bytes(40) for number in range(60)]
    for msu in sent[:30]:
        pair.send(0, msu)
    pair.run(0.1)
    for line in pair.lines:
        line.cut = True
    for msu in sent[30:]:
        pair.send(0, msu)
    cut = pair.now
    pair.run_until(lambda: pair.a.state is pair.b.state is S.OUT_OF_SERVICE)
    assert pair.now - cut < 0.7
    for told in pair.indications:
        assert "too many errored" in told[-1].reason
    pair.b.retrieve_bsnt(pair.now)
    pair.drain()
    pair.a.retrieval_request(pair.indications[1][-1].bsnt, pair.now)
    pair.drain()
    assert pair.messages[1] + list(pair.indications[0][-1].msus) == sent
    assert 0 < len(pair.messages[1]) < 60
    for line in pair.lines:
        line.cut = False
    pair.start()  # and it comes back
    pair.send(0, b"\x85again")
    pair.run(0.2)
    assert pair.messages[1][-1] == b"\x85again"


def test_error_rates_at_either_side_of_what_the_suerm_endures():
    for loss, fails in ((0.002, False), (0.02, True)):
        pair = Mtp2Pair(seed=3)
        pair.start()
        pair.lines[0].loss = loss
        pair.run(30.0)
        assert (pair.b.counters.failures == 1) is fails
        if fails:
            assert "SUERM" in pair.indications[1][-1].reason
            assert pair.indications[0][-1] == LinkOutOfService("peer sends SIOS")


def test_stop_at_one_end_ends_service_at_the_other():
    pair = Mtp2Pair()
    pair.start()
    pair.a.stop(pair.now)
    pair.run(0.1)
    assert pair.a.state is pair.b.state is S.OUT_OF_SERVICE
    assert pair.indications[0] == [LinkInService()]
    assert pair.indications[1] == [LinkInService(), LinkOutOfService("peer sends SIOS")]


def test_stop_and_start_within_a_tick_is_noticed():
    pair = Mtp2Pair()
    pair.start()
    pair.a.stop(pair.now)
    pair.a.start(pair.now)
    pair.drain()
    pair.run(0.1)
    assert pair.b.state is S.OUT_OF_SERVICE
    pair.b.start(pair.now)
    pair.run_until(lambda: pair.a.state is pair.b.state is S.IN_SERVICE)


def test_congested_receiver_holds_the_sender_back():
    pair = Mtp2Pair()
    pair.start()
    pair.b.set_busy(True, pair.now)
    sent = [b"\x85" + number.to_bytes(2, "big") + bytes(20) for number in range(40)]
    for msu in sent[:20]:
        pair.send(0, msu)
    pair.run(2.5)  # more than T7
    assert pair.a.state is S.IN_SERVICE
    assert pair.a.pending_messages == 20
    assert pair.a.counters.remote_congestions == 1
    statuses = [decode_unit(unit).status for unit in pair.lines[1].sent]
    assert 24 <= statuses.count(Status.SIB) <= 27  # every T5
    pair.b.set_busy(False, pair.now)
    for msu in sent[20:]:
        pair.send(0, msu)
    pair.run(1.0)
    assert pair.messages[1] == sent
    assert pair.a.pending_messages == 0
    pair.run(10.0)
    assert pair.a.state is S.IN_SERVICE


def test_congestion_that_lasts_fails_the_link():
    pair = Mtp2Pair()
    pair.start()
    pair.b.set_busy(True, pair.now)
    pair.send(0, b"\x85\x01\x02")
    pair.run(4.2)
    assert pair.indications[0][-1] == LinkOutOfService("peer was congested too long (T6)")


def test_processor_outage_holds_messages_and_loses_none():
    pair = Mtp2Pair()
    pair.start()
    sent = [b"\x85" + number.to_bytes(2, "big") + bytes(100) for number in range(30)]
    for msu in sent[:10]:
        pair.send(0, msu)
    pair.b.local_processor_outage(pair.now)
    pair.drain()
    pair.run(0.5)
    assert pair.indications[0][-1] == RemoteProcessorOutage()
    assert pair.messages[1] == []
    for msu in sent[10:]:
        pair.send(0, msu)
    pair.send(1, b"\x85from b")
    pair.run(20.0)
    assert pair.a.state is pair.b.state is S.PROCESSOR_OUTAGE
    pair.b.local_processor_recovered(pair.now)
    pair.drain()
    pair.run(3.0)
    assert pair.indications[0][-1] == RemoteProcessorRecovered()
    assert pair.messages == ([b"\x85from b"], sent)
    assert pair.a.state is pair.b.state is S.IN_SERVICE


@pytest.mark.parametrize("seed", range(20))
def test_any_octets_from_the_peer_are_survived(seed):
    rng = random.Random(seed)
    single = Single(format=rng.choice(["basic", "extended"]))
    for _ in range(300):
        match rng.randrange(8):
            case 0:
                single.do(rng.choice(["start", "stop", "local_processor_outage", "local_processor_recovered"]))
            case 1:
                single.wait(rng.random())
            case 2:
                single.do("send", rng.randbytes(rng.randrange(3, 274)))
            case 3:
                single.do("monitor", rng.randrange(20), rng.randrange(3), rng.randrange(20))
            case 4:
                single.do("set_busy", rng.random() < 0.5)
            case 5:
                single.do("retrieval_request", rng.choice([None, 0, 127, 4095]))
            case _:
                form = single.link.configuration.unit_format
                body = rng.choice([b"", bytes([rng.randrange(8)]), rng.randbytes(rng.randrange(280))])
                numbers = [rng.choice([0, 1, 2, form.modulus - 1]), rng.randrange(2)]
                numbers += [rng.choice([0, 1, 2, form.modulus - 1]), rng.randrange(2)]
                single.hear(form.header(*numbers, len(body)) + body, rng.randbytes(rng.randrange(12)))
    single.do("stop")
    assert single.link.state is S.OUT_OF_SERVICE
    assert single.link.next_deadline() is None


def test_flush_after_processor_outage_discards_what_is_old():
    pair = Mtp2Pair()
    pair.start()
    pair.b.local_processor_outage(pair.now)
    pair.drain()
    pair.run(0.2)
    for number in range(5):
        pair.send(0, bytes([0x85, 0, number]))
    pair.run(1.0)
    pair.b.local_processor_recovered(pair.now)
    pair.a.flush_buffers(pair.now)
    pair.drain()
    pair.run(0.5)
    assert pair.messages[1] == []
    assert pair.a.counters.messages_flushed == 5
    for number in range(5, 8):
        pair.send(0, bytes([0x85, 0, number]))
    pair.run(0.5)
    assert [msu[2] for msu in pair.messages[1]] == [5, 6, 7]
    assert pair.a.state is pair.b.state is LinkState.IN_SERVICE


def test_flush_out_of_service_leaves_messages_for_retrieval():
    it = Single().reach(S.IN_SERVICE)
    it.do("send", b"\x85\x01\x02")
    it.hear(STATUS[I.SIOS])
    it.do("flush_buffers")
    it.do("retrieval_request", 127)
    assert it.told[-1] == RetrievedMessages((b"\x85\x01\x02",))
