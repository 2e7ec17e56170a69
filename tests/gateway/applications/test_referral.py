"""Transfers that a party asks for, between fake trunks."""

import pytest
from support.board import Board

from tandem.core.cause import Cause
from tandem.gateway.calls.model import Alerting, Answer, Hold, Number, Release, Retrieve
from tandem.gateway.configuration.schema import Route
from tandem.gateway.media.protocol import Source, Tone

CLEAR = Release(Cause.NORMAL_CALL_CLEARING)
BUSY = Release(Cause.USER_BUSY)


class Bench(Board):
    """A caller on `c1` talks with a SIP phone that asks for transfers to `s2`."""

    def __init__(self):
        super().__init__(Route(trunk=["s1"], to=["s2"], fallback_causes=()), Route(to=["s1"]))
        self.party = self.call_in("c1")
        (self.phone,) = self["s1"].halves
        self.tell(self.phone, Answer())
        self.told = []

    def refer(self, number="900", replaced=None):
        number = None if number is None else Number(number)
        done = self.board.refer(self.phone, number, replaced, lambda said, _: self.told.append(said), self.now)
        self.settle()
        return done

    def end(self, *halves):
        for half in halves:
            if not half.released:
                self.tell(half, CLEAR)
        self.clear_all()
        assert self.control.calls == {}
        assert self.board.applications.sessions == {}
        assert self.board._referrals == {}


def talk(one, two):
    return {(one.endpoint, two.endpoint), (two.endpoint, one.endpoint)}


def joined(bench):
    return {(item.sink, item.source) for item in bench.exchange.media() if isinstance(item, Source) and item.source}


def test_whom_is_called_is_joined_and_who_asked_released():
    bench = Bench()
    bench.tell(bench.phone, Hold())
    assert bench.refer()
    (target,) = bench["s2"].halves
    bench.exchange.media()
    bench.tell(target, Alerting())
    assert bench.exchange.media() == [Tone(bench.party.endpoint, "ringback")]
    assert not bench.phone.released
    bench.tell(target, Answer())
    assert bench.told == [Alerting(), Answer()]
    assert bench["s1"].released(bench.phone) is not None
    assert bench["c1"].to(bench.party)[-1] == Retrieve()
    assert talk(bench.party, target) <= joined(bench)
    bench.end(target)
    records = bench.control.records
    assert len(records) == 2
    assert [len(record.linked) for record in sorted(records, key=lambda record: len(record.linked))] == [0, 2]


def test_a_transfer_that_fails_leaves_the_call_as_it_was():
    bench = Bench()
    bench.refer()
    (target,) = bench["s2"].halves
    bench.tell(target, Alerting())
    bench.exchange.media()
    bench.tell(target, BUSY)
    assert bench.told == [Alerting(), BUSY]
    assert joined(bench) == talk(bench.party, bench.phone)
    assert bench.refer()  # and another may follow
    bench.tell(bench["s2"].halves[1], Answer())
    bench.end(bench.party)


def test_a_number_that_no_route_allows_is_told():
    bench = Bench()
    bench.control.routing.rules.clear()
    assert bench.refer()
    assert [said.cause for said in bench.told] == [Cause.NO_ROUTE_TO_DESTINATION]
    bench.end(bench.party)


@pytest.mark.parametrize("answers", [True, False])
def test_who_asked_may_hang_up_at_once(answers):
    bench = Bench()
    bench.refer()
    (target,) = bench["s2"].halves
    bench.tell(bench.phone, CLEAR)
    assert not bench.party.released
    bench.exchange.media()
    if answers:
        bench.tell(target, Answer())
        assert talk(bench.party, target) <= joined(bench)
        bench.end(target)
    else:
        bench.tell(target, BUSY)
        assert bench["c1"].released(bench.party) == BUSY
        bench.end()
    assert all(record.linked or record.outgoing.trunk == "s1" for record in bench.control.records)


def test_a_party_that_hangs_up_takes_the_new_call_along():
    bench = Bench()
    bench.refer()
    (target,) = bench["s2"].halves
    bench.tell(bench.party, CLEAR)
    assert bench["s2"].released(target) is not None
    bench.end()


def test_the_partners_of_two_calls_of_one_phone_are_joined():
    bench = Bench()
    second = bench["s1"].call_in("800", bench.now)
    bench.settle()
    (target,) = bench["s2"].halves
    bench.tell(target, Answer())
    bench.exchange.media()
    assert bench.refer("800", replaced=second)
    assert bench.told == [Answer()]
    assert talk(bench.party, target) <= joined(bench)
    assert second.released
    assert bench.phone.released
    bench.end(target)
    assert len(bench.control.records) == 3


def test_a_call_that_takes_the_place_of_another():
    bench = Bench()
    attempts = bench.board.replacing(bench.phone, bench.party.call.setup)
    new = bench["s2"].call_in("1", bench.now, attempts=attempts)
    bench.settle()
    assert bench["s2"].to(new) == [Answer()]
    assert bench.phone.released
    assert not bench.party.released
    assert talk(bench.party, new) <= joined(bench)
    bench.end(new)


def test_what_cannot_be_transferred():
    bench = Bench()
    assert not bench.refer(None)
    assert bench.refer()
    assert not bench.refer()  # one at a time
    bench.end(bench.party)
    assert not bench.refer()
    lone = Board()
    _, half = lone.parked("isup/c1/1")
    assert not lone.board.refer(half, Number("1"), None, print, 0.0)
    assert lone.board.replacing(half, half.call.setup) is None
