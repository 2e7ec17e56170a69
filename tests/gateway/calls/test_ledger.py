"""What is written down of calls while they are up."""

from support.board import Board
from support.fake_trunk import Exchange

from tandem.core.cause import Cause
from tandem.gateway.calls.model import Answer, Release
from tandem.gateway.configuration.schema import Route

CLEAR = Release(Cause.NORMAL_CALL_CLEARING)


def answered(exchange, inward="s1"):
    incoming = exchange[inward].call_in()
    outgoing = exchange["s2"].halves[-1]
    exchange.control.event(outgoing, Answer(), 5.0)
    return incoming, outgoing


def test_an_answered_call_is_written_down_provisionally():
    exchange = Exchange(Route(trunk=["s1"], to=["s2"]))
    ledger = exchange.control.ledger
    exchange["s1"].call_in()
    assert ledger.provisional == []
    exchange.control.event(exchange["s2"].halves[-1], Answer(), 5.0)
    (record,) = ledger.provisional
    assert (record.result, record.cause, record.release_time) == ("answered", 41, None)
    assert record.outgoing.trunk == "s2"
    assert "killed" in record.diagnostic


def test_one_that_waits_for_statistics_is_written_down_with_its_end():
    exchange = Exchange(Route(trunk=["s1"], to=["s2"]))
    ledger = exchange.control.ledger
    incoming, _ = answered(exchange)
    exchange.control.event(incoming, CLEAR, 8.0)
    assert exchange.control.records == []
    up, ended = ledger.provisional
    assert up.id == ended.id
    assert (ended.cause, ended.duration_ms, ended.released_by) == (16, 3000, "incoming")
    exchange.close_legs(packets_sent=7)
    (record,) = ledger.records
    assert record.id == up.id
    assert record.incoming.media == {"packets_sent": 7}
    assert len(ledger.provisional) == 2, "written only as what it is"


def test_a_call_without_statistics_is_written_at_once():
    exchange = Exchange(Route(trunk=["c1"], to=["c2"]))
    exchange["c1"].call_in()
    exchange.control.event(exchange["c2"].halves[-1], CLEAR, 1.0)
    assert exchange.control.ledger.provisional == []
    assert len(exchange.control.ledger.records) == 1


def test_a_call_that_another_one_takes_in_is_dropped():
    board = Board()
    (one, _), (two, _) = board.parked("isup/c1/1"), board.parked("isup/c2/2")
    ledger = board.control.ledger
    first, second = (record.id for record in ledger.provisional)
    board.board.bridge(one, two, board.now)
    board.settle()
    assert ledger.provisional[-1].id == first
    assert ledger.provisional[-1].linked == [second]
    assert ledger.dropped == [second]
