"""M2PA links back to back and on their own; MTP3 over them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.m2pa_pair import M2paPair
from support.m2pa_points import M2paPoints

from tandem.core.errors import EncodeError
from tandem.core.sigtran.primitives import SendMessage
from tandem.ss7.mtp2.primitives import (
    LinkInService,
    LinkOutOfService,
    LinkState,
    RemoteProcessorOutage,
    RemoteProcessorRecovered,
    RetrievedBsnt,
    RetrievedMessages,
)
from tandem.ss7.mtp3 import Configuration, LinkConfiguration, LinksetConfiguration, SignallingPoint
from tandem.ss7.mtp3.primitives import PauseIndication, ResumeIndication, TransferIndication, TransferRequest
from tandem.ss7.sigtran.m2pa import M2paLink
from tandem.ss7.sigtran.m2pa_configuration import M2paConfiguration
from tandem.ss7.sigtran.m2pa_messages import SEQUENCE_MASK, LinkStatus, StatusMessage, UserData, parse_m2pa


def msus(count, start=0):
    return [b"\x85\x00\x00" + number.to_bytes(4, "big") for number in range(start, start + count)]


def statuses(pair, side):
    return [message.status.name for sender, _, message in pair.sent if sender == side and hasattr(message, "status")]


# Alignment


def test_alignment_runs_its_course():
    pair = M2paPair()
    pair.start(emergency=False)
    said = list(dict.fromkeys(statuses(pair, 0)))
    assert said == ["OUT_OF_SERVICE", "ALIGNMENT", "PROVING_NORMAL", "READY"]
    assert pair.indications == ([LinkInService()], [LinkInService()])
    assert 8.0 < pair.now < 9.0
    streams = {stream for _, stream, message in pair.sent if isinstance(message, StatusMessage)}
    assert streams == {0}


def test_one_emergency_is_enough_for_both():
    pair = M2paPair()
    pair.connect()
    pair.a.set_emergency(True, 0.0)
    for link in pair.links:
        link.start(0.0)
    pair.drain()
    pair.run_until(lambda: pair.a.state is pair.b.state is LinkState.IN_SERVICE)
    assert pair.now < 1.0


def test_emergency_during_proving_shortens_it():
    pair = M2paPair()
    pair.connect()
    for link in pair.links:
        link.start(0.0)
    pair.drain()
    pair.run(2)
    pair.b.set_emergency(True, pair.now)
    pair.drain()
    pair.run_until(lambda: pair.a.state is pair.b.state is LinkState.IN_SERVICE)
    assert pair.now < 3.0


@pytest.mark.parametrize("late", [0.1, 5.0, 19.0])
def test_an_end_may_start_later(late):
    pair = M2paPair(t4_normal=1.0)
    pair.connect()
    pair.a.start(0.0)
    pair.drain()
    pair.run(late)
    pair.b.start(pair.now)
    pair.drain()
    pair.run_until(lambda: pair.a.state is pair.b.state is LinkState.IN_SERVICE, 5.0)
    assert pair.a.counters.alignments_failed == 0


def test_a_link_started_without_association_waits_for_one():
    pair = M2paPair(t4_normal=1.0)
    for link in pair.links:
        link.start(0.0)
    pair.run(15)
    pair.connect()
    pair.run(15)
    assert pair.a.state is LinkState.IN_SERVICE
    other = M2paPair()
    other.a.start(0.0)
    other.run(21)
    assert other.indications[0] == [LinkOutOfService("peer does not align (T2)")]


@pytest.mark.parametrize(
    ("lost", "reason"), [("ALIGNMENT", "T2"), ("PROVING_NORMAL", "T3"), ("READY", "T1")], ids=["T2", "T3", "T1"]
)
def test_alignment_that_gets_stuck_is_reported(lost, reason):
    pair = M2paPair(t1=3.0)
    following = [LinkStatus[lost], *LinkStatus] if lost == "ALIGNMENT" else [LinkStatus[lost]]
    pair.drop = lambda side, message: side == 1 and isinstance(message, StatusMessage) and message.status in following
    pair.connect()
    for link in pair.links:
        link.start(0.0)
    pair.drain()
    pair.run(30)
    assert reason in pair.indications[0][0].reason
    assert pair.a.counters.alignments_failed + pair.a.counters.failures == 1


# Messages


def test_messages_flow_both_ways_in_order():
    pair = M2paPair()
    pair.start()
    pair.send(0, *msus(300))
    pair.send(1, *msus(200, 5000))
    pair.run(1)
    assert pair.messages == (msus(200, 5000), msus(300))
    assert pair.a.pending_messages == pair.b.pending_messages == 0
    assert {stream for _, stream, message in pair.sent if isinstance(message, UserData)} == {1}


def test_messages_sent_before_the_link_is_in_service_wait_for_it():
    pair = M2paPair()
    pair.connect()
    for link in pair.links:
        link.start(0.0)
    pair.send(0, *msus(3))
    pair.run(20)
    assert pair.messages[1] == msus(3)


def test_everything_is_acknowledged_soon_without_traffic_back():
    pair = M2paPair()
    pair.start()
    pair.send(0, *msus(5))
    pair.run(0.2)
    acknowledgements = [message.bsn for side, _, message in pair.sent if side == 1 and isinstance(message, UserData)]
    assert acknowledgements == [3, 4]  # the fourth at once, the last after a delay


def test_user_data_that_overtakes_ready_is_taken():
    pair = M2paPair(skew=0.4)
    pair.connect()
    for link in pair.links:
        link.set_emergency(True, 0.0)
        link.start(0.0)
    pair.drain()
    pair.run_until(lambda: LinkState.IN_SERVICE in (pair.a.state, pair.b.state))
    side = 0 if pair.a.state is LinkState.IN_SERVICE else 1
    pair.send(side, *msus(2))
    pair.run(2)
    assert pair.messages[1 - side] == msus(2)
    assert pair.a.state is pair.b.state is LinkState.IN_SERVICE


def test_a_message_that_cannot_be_sent_is_refused():
    link = M2paLink(M2paConfiguration("x"))
    with pytest.raises(EncodeError):
        link.send(b"\x85\x00", 0.0)
    with pytest.raises(EncodeError):
        link.send(bytes(274), 0.0)


def test_lost_acknowledgements_fail_the_link():
    pair = M2paPair()
    pair.start()
    pair.drop = lambda side, message: side == 1 and isinstance(message, UserData)
    pair.send(0, *msus(1))
    pair.run(3)
    assert pair.indications[0][-1] == LinkOutOfService("peer acknowledges too late (T7)")
    assert pair.indications[1][-1] == LinkOutOfService("the peer says out of service")


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (UserData(SEQUENCE_MASK, 5, b"\x85\0\0"), "FSN 5 in place of 0"),
        (UserData(3, 0, b"\x85\0\0"), "BSN 3 acknowledges what was not sent"),
    ],
)
def test_numbers_that_do_not_agree_fail_the_link(message, reason):
    pair = M2paPair()
    pair.start()
    pair.a.receive(message.encode(), 1, pair.now)
    pair.drain()
    assert pair.indications[0][-1] == LinkOutOfService(reason)


def test_a_repeated_message_is_dropped():
    pair = M2paPair()
    pair.start()
    pair.send(0, *msus(2))
    pair.run(1)
    pair.b.receive(UserData(SEQUENCE_MASK, 0, msus(1)[0]).encode(), 1, pair.now)
    pair.drain()
    assert pair.messages[1] == msus(2)
    assert pair.b.counters.unexpected == 1
    assert pair.b.state is LinkState.IN_SERVICE


# Failure and retrieval


def test_lost_association_and_what_can_be_retrieved():
    pair = M2paPair()
    pair.start()
    pair.send(0, *msus(4))
    pair.run(1)
    pair.drop = lambda side, message: side == 0
    pair.send(0, *msus(3, 4))
    pair.disconnect()
    pair.send(0, *msus(2, 7))
    assert pair.indications[0][-1] == LinkOutOfService("association lost")
    pair.b.retrieve_bsnt(pair.now)
    pair.drain()
    bsnt = pair.indications[1][-1]
    assert bsnt == RetrievedBsnt(3)
    pair.a.retrieval_request(bsnt.bsnt, pair.now)
    pair.drain()
    assert pair.indications[0][-1] == RetrievedMessages(tuple(msus(5, 4)))
    pair.drop = lambda side, message: False
    pair.connect()
    pair.restart()
    pair.send(0, *msus(2, 90))
    pair.run(1)
    assert pair.messages[1] == msus(4) + msus(2, 90)


def test_a_link_in_service_gives_nothing_away():
    pair = M2paPair()
    pair.start()
    pair.send(0, *msus(2))
    pair.a.retrieval_request(SEQUENCE_MASK, pair.now)
    pair.drain()
    assert pair.indications[0][-1] == RetrievedMessages(())


def test_stop_is_not_reported_here_but_there():
    pair = M2paPair()
    pair.start()
    pair.a.stop(pair.now)
    pair.drain()
    pair.run(1)
    assert pair.indications[0] == [LinkInService()]
    assert pair.indications[1][-1] == LinkOutOfService("the peer says out of service")
    assert pair.a.next_deadline() is None


# Processor outage


def test_processor_outage_loses_and_repeats_nothing():
    pair = M2paPair()
    pair.start()
    pair.send(0, *msus(10))
    pair.run(1)
    pair.b.local_processor_outage(pair.now)
    pair.drain()
    pair.send(0, *msus(5, 10))  # on their way while a does not know yet
    pair.run(1)
    assert pair.indications[0][-1] == RemoteProcessorOutage()
    assert pair.a.state is pair.b.state is LinkState.PROCESSOR_OUTAGE
    pair.send(0, *msus(5, 15))
    pair.send(1, *msus(3, 500))
    pair.run(30)
    assert pair.messages == ([], msus(10))
    pair.b.local_processor_recovered(pair.now)
    pair.drain()
    pair.run(1)
    assert pair.indications[0][-1] == RemoteProcessorRecovered()
    assert pair.messages == (msus(3, 500), msus(20))
    assert pair.a.state is pair.b.state is LinkState.IN_SERVICE


def test_a_peer_that_does_not_send_again_loses_nothing_either():
    link = M2paLink(M2paConfiguration("x", t4_emergency=0.1))
    link.connected(0.0)
    link.set_emergency(True, 0.0)
    link.start(0.0)
    for status in (LinkStatus.ALIGNMENT, LinkStatus.PROVING_NORMAL, LinkStatus.READY):
        link.receive(StatusMessage(SEQUENCE_MASK, SEQUENCE_MASK, status).encode(), 0, 0.0)
    link.handle_timers(0.2)
    assert link.state is LinkState.IN_SERVICE
    link.local_processor_outage(0.3)
    link.receive(UserData(SEQUENCE_MASK, 0, b"\x85\0\0").encode(), 1, 0.4)
    link.local_processor_recovered(0.5)
    recovered = [parse_m2pa(output.octets) for output in link.outputs() if isinstance(output, SendMessage)][-1]
    assert recovered == StatusMessage(SEQUENCE_MASK, SEQUENCE_MASK, LinkStatus.PROCESSOR_RECOVERED)
    link.receive(StatusMessage(SEQUENCE_MASK, 0, LinkStatus.READY).encode(), 1, 0.6)
    assert [output.msu for output in link.outputs() if hasattr(output, "msu")] == [b"\x85\0\0"]
    link.receive(UserData(SEQUENCE_MASK, 1, b"\x85\0\1").encode(), 1, 0.7)
    assert [output.msu for output in link.outputs() if hasattr(output, "msu")] == [b"\x85\0\1"]


def test_outage_of_both_ends():
    pair = M2paPair()
    pair.start()
    for link in pair.links:
        link.local_processor_outage(pair.now)
    pair.drain()
    pair.send(0, *msus(3))
    pair.run(5)
    pair.a.local_processor_recovered(pair.now)
    pair.drain()
    pair.run(5)
    assert pair.a.state is LinkState.PROCESSOR_OUTAGE
    pair.b.local_processor_recovered(pair.now)
    pair.drain()
    pair.run(5)
    assert pair.a.state is pair.b.state is LinkState.IN_SERVICE
    assert pair.messages[1] == msus(3)


def test_outage_before_alignment():
    pair = M2paPair()
    pair.a.local_processor_outage(0.0)
    pair.connect()
    for link in pair.links:
        link.set_emergency(True, 0.0)
        link.start(0.0)
    pair.drain()
    pair.run(3)
    assert pair.indications == ([LinkInService()], [LinkInService(), RemoteProcessorOutage()])
    pair.a.local_processor_recovered(pair.now)
    pair.drain()
    pair.run(1)
    assert pair.a.state is pair.b.state is LinkState.IN_SERVICE


# Busy


def test_busy_holds_the_peer_back():
    pair = M2paPair()
    pair.start()
    pair.b.set_busy(True, pair.now)
    pair.drain()
    pair.run(0.1)
    pair.send(0, *msus(4))
    pair.run(3)
    assert pair.messages[1] == []
    pair.b.set_busy(False, pair.now)
    pair.drain()
    pair.run(1)
    assert pair.messages[1] == msus(4)
    assert pair.a.counters.remote_congestions == 1


def test_busy_for_too_long_fails_the_link():
    pair = M2paPair()
    pair.start()
    pair.b.set_busy(True, pair.now)
    pair.drain()
    pair.run(5)
    assert pair.indications[0][-1] == LinkOutOfService("peer was congested too long (T6)")


# MTP3 over M2PA


def test_level_3_uses_these_links_as_any_other():
    codes = (100, 200)
    links = (1, 2)

    def point(own, far):
        linkset = LinksetConfiguration("far", far, tuple(LinkConfiguration(link, link - 1) for link in links))
        return SignallingPoint(Configuration(own, (linkset,)))

    network = M2paPoints((point(*codes), point(*reversed(codes))), links)
    network.start()
    for link in links:
        network.connect(link)
    network.run(30)
    assert [item for item in network.said[0] if isinstance(item, ResumeIndication)] == [ResumeIndication(200)]
    for sls in range(16):
        network.transfer(0, TransferRequest(5, 200, sls, b"\x01\x00\x12"))
    network.run(1)
    assert sum(isinstance(item, TransferIndication) for item in network.said[1]) == 16
    assert all(network.links[0][link].counters.messages_sent > 8 for link in links)  # tests and their share
    network.disconnect(1)
    network.run(3)
    for sls in range(16):
        network.transfer(0, TransferRequest(5, 200, sls, b"\x01\x00\x12"))
    network.run(1)
    assert sum(isinstance(item, TransferIndication) for item in network.said[1]) == 32
    assert PauseIndication(200) not in network.said[0][1:]


# Whatever comes


@st.composite
def input_(draw):
    choice = draw(st.integers(0, 3))
    if choice == 0:
        return draw(st.binary(max_size=40))
    numbers = st.sampled_from([0, 1, 2, SEQUENCE_MASK, SEQUENCE_MASK - 1]) | st.integers(0, SEQUENCE_MASK)
    if choice == 1:
        return UserData(draw(numbers), draw(numbers), draw(st.binary(max_size=10))).encode()
    if choice == 2:
        return StatusMessage(draw(numbers), draw(numbers), draw(st.sampled_from(LinkStatus))).encode()
    return draw(st.sampled_from(["start", "stop", "send", "outage", "recovered", "busy", "idle", "up", "down", "time"]))


@settings(max_examples=200)
@given(st.lists(input_(), max_size=40))
def test_whatever_comes_the_link_still_works(inputs):
    link = M2paLink(M2paConfiguration("x", transmission_buffer=300))
    now = 0.0
    for item in inputs:
        now += 0.05
        if isinstance(item, bytes):
            link.receive(item, 1, now)
        elif item == "send":
            link.send(b"\x85\0\0", now)
        elif item == "time":
            now += 3.0
        else:
            {
                "start": link.start,
                "stop": link.stop,
                "outage": link.local_processor_outage,
                "recovered": link.local_processor_recovered,
                "busy": lambda now: link.set_busy(True, now),
                "idle": lambda now: link.set_busy(False, now),
                "up": link.connected,
                "down": link.disconnected,
            }[item](now)
        link.handle_timers(now)
        assert len(link.outputs()) < 100
    link.stop(now)
    link.disconnected(now)
    assert link.next_deadline() is None
    assert link.state is LinkState.OUT_OF_SERVICE


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 1), st.integers(1, 30)), max_size=20), st.booleans())
def test_outages_and_busy_periods_lose_nothing(events, skewed):
    pair = M2paPair(skew=0.05 if skewed else 0.0, t6=1000.0)
    pair.start()
    sent = [0, 0]
    for kind, side, amount in events:
        link = pair.links[side]
        if kind == 0:
            pair.send(side, *msus(amount, sent[side]))
            sent[side] += amount
        elif kind == 1:
            link.local_processor_outage(pair.now)
        elif kind == 2:
            link.local_processor_recovered(pair.now)
        else:
            link.set_busy(kind == 3, pair.now)
        pair.drain()
        pair.run(amount / 100)
    pair.run(2)
    for link in pair.links:
        link.local_processor_recovered(pair.now)
        link.set_busy(False, pair.now)
    pair.drain()
    pair.run(5)
    assert pair.messages == (msus(sent[1]), msus(sent[0]))
    assert pair.a.state is pair.b.state is LinkState.IN_SERVICE
