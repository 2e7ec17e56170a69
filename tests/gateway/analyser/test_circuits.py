import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.analyser_traffic import ALERTING, CPG_ALERTING, PLAIN, Stream, cause, numbers

from tandem.gateway.analyser.circuits import CircuitTracker, point_code
from tandem.gateway.analyser.model import Message, Protocol, Where
from tandem.ss7.isup.codes import MessageType as I
from tandem.ss7.isup.indicators import ForwardCallIndicators, NatureOfConnectionIndicators
from tandem.ss7.isup.numbers import SubsequentNumber
from tandem.ss7.isup.parameters import RawParameter
from tandem.ss7.tup.address_messages import InitialAddress
from tandem.ss7.tup.codes import MessageType as T
from tandem.ss7.tup.variants import Variant


@pytest.fixture
def stream():
    return Stream(CircuitTracker)


def iam(stream, called="123456", calling="987", **where):
    fixed = [
        NatureOfConnectionIndicators(),
        ForwardCallIndicators(),
        RawParameter(9, b"\x0a"),
        RawParameter(2, b"\x03"),
    ]
    stream.isup(I.IAM, [*fixed, *numbers(called, calling)], **where)


def back(stream, kind, *parameters, **where):
    stream.isup(kind, parameters, opc=2, dpc=1, **where)


def test_a_call_from_iam_to_rlc(stream):
    iam(stream)
    back(stream, I.ACM, ALERTING)
    back(stream, I.ANM)
    back(stream, I.REL, cause(16))
    stream.isup(I.RLC)
    (record,) = stream.done
    assert (record.called, record.calling, record.called_nature) == ("123456", "987", "national")
    assert (record.start, record.alerting, record.answered, record.released, record.completed) == (1, 2, 3, 4, 5)
    assert (record.opc, record.dpc, record.cic, record.cause, record.released_by) == (1, 2, 7, 16, "called")
    assert (record.outcome, record.post_dial_delay, record.duration) == ("answered", 1.0, 1.0)
    assert [(m.type, m.forward) for m in record.messages] == [
        ("IAM", True),
        ("ACM", False),
        ("ANM", False),
        ("REL", False),
        ("RLC", True),
    ]
    assert record.messages[3].summary == "cause 16"


def test_progress_then_alerting_by_cpg(stream):
    iam(stream)
    back(stream, I.ACM, PLAIN)
    back(stream, I.CPG, CPG_ALERTING)
    stream.isup(I.REL, [cause(16)])
    back(stream, I.RLC)
    (record,) = stream.done
    assert (record.progress, record.alerting, record.outcome) == (2.0, 3.0, "abandoned")


def test_digits_of_sam_are_added(stream):
    iam(stream, called="12")
    stream.isup(I.SAM, [SubsequentNumber(digits="34")])
    stream.tracker.close()
    assert stream.done[0].called == "1234"


def test_what_is_about_the_circuit_is_among_the_messages_of_its_call(stream):
    iam(stream)
    back(stream, I.CFN, cause(99))
    back(stream, I.ACM, ALERTING)
    stream.tracker.close()
    assert [(m.type, m.forward) for m in stream.done[0].messages] == [("IAM", True), ("CFN", False), ("ACM", False)]
    assert [message.type for message, _ in stream.tracker.supervision] == ["CFN"]


def test_a_circuit_that_the_other_end_does_not_have(stream):
    iam(stream)
    back(stream, I.UCIC)
    (record,) = stream.done
    assert (record.outcome, record.released_by, record.cause) == ("failed", "called", None)


def test_circuits_and_relations_do_not_mix(stream):
    iam(stream)
    iam(stream, cic=8)
    iam(stream, opc=5)
    stream.isup(I.REL, [cause(34)], opc=2, dpc=1, cic=8)
    stream.isup(I.RLC, cic=8)
    assert [record.cic for record in stream.done] == [8]
    assert stream.done[0].outcome == "failed"


def test_resets_end_calls(stream):
    iam(stream)
    iam(stream, cic=9)
    iam(stream, cic=12)
    stream.isup(I.RSC)
    assert [(record.cic, record.outcome, record.released_by) for record in stream.done] == [(7, "failed", "calling")]
    stream.isup(I.GRS, opc=2, dpc=1, body=b"\x01\x01\x03")
    assert [record.cic for record in stream.done] == [7, 9]
    assert [message.type for message, _ in stream.tracker.supervision] == ["RSC", "GRS"]


def test_supervision_is_no_call(stream):
    back(stream, I.BLO)
    back(stream, I.ANM)
    stream.tracker.close()
    assert stream.done == []
    assert [(message.type, cic) for message, cic in stream.tracker.supervision] == [("BLO", 7), ("ANM", 7)]


def test_a_release_that_nobody_completes_is_given_out(stream):
    iam(stream)
    back(stream, I.REL, cause(17))
    stream.tracker.expire(100.0)
    assert [(record.outcome, record.completed) for record in stream.done] == [("busy", None)]


def test_a_call_of_tup(stream):
    address = InitialAddress("5551234").body(Variant.ITU)
    stream.tup(T.IAM, address)
    stream.tup(T.ACM, b"\x05", opc=2, dpc=1)
    stream.tup(T.ANC, opc=2, dpc=1)
    stream.tup(T.CBK, opc=2, dpc=1)
    stream.tup(T.CLF)
    stream.tup(T.RLG, opc=2, dpc=1)
    (record,) = stream.done
    assert (record.protocol, record.called, record.cic) == ("tup", "5551234", 0x27)
    assert (record.alerting, record.answered, record.released, record.completed) == (2, 3, 4, 6)
    assert (record.released_by, record.outcome) == ("called", "answered")


def test_a_call_of_tup_that_fails(stream):
    stream.tup(T.IAM, InitialAddress("5551234").body(Variant.ITU))
    stream.tup(T.SSB, opc=2, dpc=1)
    stream.tup(T.CLF)
    stream.tup(T.RLG, opc=2, dpc=1)
    assert [(record.outcome, record.cause) for record in stream.done] == [("busy", 17)]


def test_re_answer_takes_the_release_back(stream):
    stream.tup(T.IAM, InitialAddress("5551234").body(Variant.ITU))
    for kind in (T.ANC, T.CBK, T.RAN):
        stream.tup(kind, opc=2, dpc=1)
    stream.tup(T.CLF)
    stream.tup(T.RLG, opc=2, dpc=1)
    assert [(record.released_by, record.released) for record in stream.done] == [("calling", 5.0)]


def test_point_codes_as_written():
    assert point_code(0x0102, "itu") == "0-32-2"
    assert point_code(7, "") == "7"


@given(st.lists(st.tuples(st.sampled_from(["IAM", "REL", "ACM", "GRS", "RLC", "CPG", "SAM"]), st.binary(max_size=20))))
def test_any_octets(messages):
    stream = Stream(CircuitTracker)
    for kind, octets in messages:
        padded = octets + bytes(max(0, 3 - len(octets)))
        for protocol in (Protocol.ISUP, Protocol.TUP):
            where = Where(opc=1, dpc=2, variant="itu")
            stream.tracker.take(Message(1, 0.0, protocol, kind, where, padded))
    stream.tracker.close()


@pytest.mark.parametrize(("cic", "winner"), [(8, "isup-2"), (7, "isup-1")])
def test_dual_seizure(stream, cic, winner):
    """Even circuits are of the exchange with the higher point code, here 2, odd ones of the other (Q.764 2.9.1.4)."""
    for opc, dpc in ((1, 2), (2, 1)):
        iam(stream, opc=opc, dpc=dpc, cic=cic, after=0.1)
    assert [(found[1], found[2]) for found in stream.tracker.collisions] == [(cic, 1)]
    ends = (1, 2) if winner == "isup-1" else (2, 1)
    stream.isup(I.ANM, opc=ends[1], dpc=ends[0], cic=cic)
    stream.tracker.close()
    assert {record.id: record.outcome for record in stream.done} == {
        winner: "answered",
        ({"isup-1", "isup-2"} - {winner}).pop(): "failed",
    }


def test_two_probes_see_one_call(stream):
    for after in (1.0, 0.01):
        iam(stream, after=after)
    back(stream, I.ACM, ALERTING)
    back(stream, I.REL, cause(16), after=2.0)
    back(stream, I.REL, cause(16), after=0.01)
    back(stream, I.REL, cause(16), after=15.0)
    stream.tracker.close()
    (record,) = stream.done
    kept = [(message.type, message.duplicate) for message in record.messages]
    assert kept == [("IAM", False), ("IAM", True), ("ACM", False), ("REL", False), ("REL", True), ("REL", False)]


def test_who_is_asked_for_in_vain_waits_no_longer():
    """The circuit of a GRA is looked for: what else waits there is given up when its time has come, not later."""
    stream = Stream(CircuitTracker)
    for cic in (7, 8):
        iam(stream, cic=cic, after=0.0)
        back(stream, I.REL, cause(16), cic=cic, after=10.0 * (cic == 8))
    back(stream, I.GRA, body=b"\1\2\1\0", cic=7)
    stream.tracker.expire(65.0)
    assert [record.cic for record in stream.done] == [7]
