import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.analyser_traffic import Stream

from tandem.gateway.analyser.dchannel import DChannelTracker
from tandem.gateway.analyser.model import Message, Protocol, Where
from tandem.isdn.q931.codes import MessageType as Q

NUMBERS = bytes.fromhex("1803a98381") + bytes.fromhex("6c0421803939") + bytes.fromhex("7004a1313233")
CAUSE_16 = bytes.fromhex("08028090")
CAUSE_17 = bytes.fromhex("08028191")


@pytest.fixture
def stream():
    return Stream(DChannelTracker)


def test_a_call_from_setup_to_release_complete(stream):
    stream.q931(Q.SETUP, NUMBERS)
    for kind in (Q.CALL_PROCEEDING, Q.ALERTING, Q.CONNECT):
        stream.q931(kind, sender="network", flag=1)
    stream.q931(Q.DISCONNECT, CAUSE_16)
    stream.q931(Q.RELEASE, sender="network", flag=1)
    stream.q931(Q.RELEASE_COMPLETE)
    (record,) = stream.done
    assert (record.calling, record.called, record.cic, record.call_id) == ("99", "123", 1, "1")
    assert (record.progress, record.alerting, record.answered, record.released, record.completed) == (2, 3, 4, 5, 7)
    assert (record.released_by, record.cause, record.outcome) == ("calling", 16, "answered")
    assert (record.source, record.destination) == ("user", "network")


def test_the_same_reference_of_the_other_side_is_another_call(stream):
    stream.q931(Q.SETUP, NUMBERS)
    stream.q931(Q.SETUP, NUMBERS, sender="network")
    stream.q931(Q.RELEASE_COMPLETE, CAUSE_17, sender="user", flag=1)
    assert [(record.source, record.outcome) for record in stream.done] == [("network", "busy")]
    stream.tracker.close()
    assert len(stream.done) == 2


def test_a_repeated_setup_and_digits_that_follow(stream):
    stream.q931(Q.SETUP, NUMBERS)
    stream.q931(Q.SETUP, NUMBERS)
    stream.q931(Q.INFORMATION, bytes.fromhex("7003a13435"))
    stream.tracker.close()
    (record,) = stream.done
    assert record.called == "12345"
    assert [message.summary for message in record.messages] == ["99 to 123", "repeated", "45"]


def test_what_has_no_call_reference_is_supervision(stream):
    stream.q931(Q.RESTART, reference=0)
    stream.q931(Q.CONNECT, reference=9)
    assert [message.type for message in stream.tracker.supervision] == ["RESTART"]


@given(st.lists(st.tuples(st.sampled_from(list(Q)), st.binary(max_size=30), st.booleans())))
def test_any_octets(messages):
    stream = Stream(DChannelTracker)
    for kind, octets, h225 in messages:
        head = bytes((8, len(octets) & 3)) + bytes(4)
        protocol = Protocol.H225 if h225 else Protocol.Q931
        stream.tracker.take(Message(1, 0.0, protocol, kind.name, Where("a", "b"), head + octets))
    stream.tracker.close()
