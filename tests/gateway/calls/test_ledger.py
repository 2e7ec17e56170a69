"""What is written down of calls while they are up."""

import msgspec
from support.board import Board
from support.fake_trunk import Exchange, FakeTrunk

from tandem.core.cause import Cause
from tandem.gateway.calls.model import Alerting, Answer, Release
from tandem.gateway.configuration.schema import Route

CLEAR = Release(Cause.NORMAL_CALL_CLEARING)


def answered(exchange, inward="s1"):
    incoming = exchange[inward].call_in()
    outgoing = exchange["s2"].halves[-1]
    exchange.control.event(outgoing, Answer(), 5.0)
    return incoming, outgoing


def test_a_call_is_written_down_provisionally_as_it_begins_rings_and_is_answered():
    exchange = Exchange(Route(trunk=["s1"], to=["s2"]))
    ledger = exchange.control.ledger
    exchange["s1"].call_in()
    (begun,) = (call.record for call in ledger.provisional())
    assert (begun.result, begun.cause, begun.alerting_time, begun.release_time) == ("failed", 41, None, None)
    assert begun.outgoing.trunk == "s2"
    exchange.control.event(exchange["s2"].halves[-1], Alerting(), 2.0)
    (rings,) = (call.record for call in ledger.provisional())
    assert (rings.id, rings.result, rings.post_dial_delay_ms) == (begun.id, "failed", 2000)
    exchange.control.event(exchange["s2"].halves[-1], Answer(), 5.0)
    (record,) = (call.record for call in ledger.provisional())
    assert (record.result, record.cause, record.release_time) == ("answered", 41, None)
    assert record.outgoing.trunk == "s2"
    assert "killed" in record.diagnostic


def test_one_that_waits_for_statistics_is_written_down_with_its_end():
    exchange = Exchange(Route(trunk=["s1"], to=["s2"]))
    ledger = exchange.control.ledger
    incoming, _ = answered(exchange)
    (up,) = (call.record for call in ledger.provisional())
    exchange.control.event(incoming, CLEAR, 8.0)
    assert exchange.control.records == []
    (ended,) = (call.record for call in ledger.provisional())
    assert up.id == ended.id
    assert (ended.cause, ended.duration_ms, ended.released_by) == (16, 3000, "incoming")
    exchange.close_legs(packets_sent=7)
    (record,) = ledger.records
    assert record.id == up.id
    assert record.incoming.media == {"packets_sent": 7}
    assert ledger.provisional() == [], "written only as what it is"


def test_a_call_without_statistics_is_written_at_once():
    exchange = Exchange(Route(trunk=["c1"], to=["c2"]))
    exchange["c1"].call_in()
    exchange.control.event(exchange["c2"].halves[-1], CLEAR, 1.0)
    assert exchange.control.ledger.provisional() == []
    assert len(exchange.control.ledger.records) == 1


def test_a_call_that_another_one_takes_in_is_dropped():
    board = Board()
    (one, _), (two, _) = board.parked("isup/c1/1"), board.parked("isup/c2/2")
    ledger = board.control.ledger
    first, second = (call.record.id for call in ledger.provisional())
    board.board.bridge(one, two, board.now)
    board.settle()
    (joined,) = (call.record for call in ledger.provisional())
    assert (joined.id, joined.linked) == (first, [second])
    assert ledger.dropped == [second]


def test_what_its_peers_would_have_to_be_told_is_written_with_it(monkeypatch):
    told = []
    monkeypatch.setattr(
        FakeTrunk, "farewell", lambda trunk, half: told.append(half) or msgspec.Raw(b'"x"'), raising=False
    )
    exchange = Exchange(Route(trunk=["s1"], to=["s2"]))
    ledger = exchange.control.ledger
    incoming, outgoing = answered(exchange)
    (call,) = ledger.provisional()
    assert [farewell.trunk for farewell in call.farewells] == ["s1", "s2"]
    assert bytes(call.farewells[0].what) == b'"x"'
    assert told == [incoming, outgoing]
    exchange.control.renewed(outgoing)
    assert len(ledger.provisional()) == 1, "its peer has moved"
    exchange.control.event(incoming, CLEAR, 8.0)
    (ended,) = ledger.provisional()
    assert ended.farewells == [], "both are released"
    exchange.control.renewed(outgoing)
    assert ledger.provisional() == []


def test_a_caller_who_hears_a_failure_tone_is_written_down_with_the_end_and_still_stands(monkeypatch):
    monkeypatch.setattr(FakeTrunk, "farewell", lambda trunk, half: msgspec.Raw(b"1"), raising=False)
    exchange = Exchange(Route(trunk=["c1"], to=["c2"]), tones={"c1": 5.0})
    exchange["c1"].call_in()
    exchange.control.ledger.provisional()
    exchange.control.event(exchange["c2"].halves[-1], Release(Cause.USER_BUSY), 1.0)
    (call,) = exchange.control.ledger.provisional()
    assert (call.record.cause, call.record.release_time is not None) == (17, True)
    assert [farewell.trunk for farewell in call.farewells] == ["c1"]
