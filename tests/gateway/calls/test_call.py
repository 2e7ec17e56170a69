"""What a call's record says."""

from support.fake_trunk import Exchange

from tandem.core.cause import Cause
from tandem.gateway.calls.call import Call
from tandem.gateway.calls.half_call import HalfCall
from tandem.gateway.calls.model import Number, Release, Setup

SETUP = Setup(Number("12"))


def test_a_record_of_a_call_that_is_up_has_no_end():
    half = HalfCall(Exchange()["s1"], incoming=True)
    call = Call("x-1", half, SETUP, iter(()), 10.0, alerting_time=11.0, answer_time=12.5)
    record = call.record(Release(Cause.TEMPORARY_FAILURE), "N", lambda now: 1_700_000_000 + now)
    assert (record.id, record.node, record.outgoing, record.route) == ("x-1", "N", None, "")
    assert record.setup_time == "2023-11-14T22:13:30.000Z"
    assert record.answer_time == "2023-11-14T22:13:32.500Z"
    assert (record.release_time, record.duration_ms, record.post_dial_delay_ms) == (None, 0, 1000)
    assert (record.result, record.cause, record.released_by) == ("answered", 41, "gateway")
    call.release_time = 14.0
    assert call.record(Release(), "N", float).duration_ms == 1500


def test_a_call_that_was_not_answered_has_failed():
    half = HalfCall(Exchange()["s1"], incoming=True)
    call = Call("x-1", half, SETUP, iter(()), 10.0, release_time=11.0)
    record = call.record(Release(Cause.USER_BUSY), "N", float)
    assert (record.result, record.cause, record.duration_ms, record.post_dial_delay_ms) == ("failed", 17, 0, None)


def test_a_call_that_has_ended_is_put_into_words_once():
    trunk = Exchange()["s1"]
    call = Call("x-1", HalfCall(trunk, incoming=True), SETUP, iter(()), 10.0)
    assert call.record(Release(), "N", float) is not call.record(Release(), "N", float)
    call.release, call.release_time = Release(Cause.USER_BUSY), 11.0
    ended = call.record(call.release, "N", float)
    call.incoming.leg.media = {"packets_sent": 7}
    assert call.record(call.release, "N", float) is ended
    assert (ended.cause, ended.incoming.media) == (17, {"packets_sent": 7})
    call.outgoing = HalfCall(trunk, incoming=False)
    assert call.record(call.release, "N", float).outgoing is call.outgoing.leg
    call.incoming = HalfCall(trunk, incoming=True)
    assert call.record(call.release, "N", float).incoming is call.incoming.leg
    assert call.record(Release(), "N", float).cause == 16
