"""Other partners for the parties of calls between fake trunks."""

from support.fake_trunk import Exchange

from tandem.core.cause import Cause
from tandem.gateway.calls.model import Answer, Hold, Number, Release, Retrieve, Setup
from tandem.gateway.calls.routing import Attempt
from tandem.gateway.configuration.schema import Route
from tandem.gateway.media.protocol import Source

CLEAR = Release(Cause.NORMAL_CALL_CLEARING)


def talk(exchange, inward, outward):
    one = exchange[inward].call_in()
    other = exchange[outward].halves[-1]
    exchange.control.event(other, Answer(), 1.0)
    return one, other


def anew(trunk):
    """A setup, and one attempt on `trunk`."""
    setup = Setup(Number("9"))
    return setup, (Attempt("anew", trunk, setup, 21, frozenset()),)


def two_calls():
    exchange = Exchange(Route(trunk=["c1"], to=["c2"]), Route(trunk=["s1"], to=["s2"]))
    return exchange, talk(exchange, "c1", "c2"), talk(exchange, "s1", "s2")


def test_one_of_each_of_two_calls_are_joined():
    exchange, (a, b), (c, d) = two_calls()
    exchange.media()
    assert exchange.control.join(a, d, 5.0)
    assert (a.other, d.other) == (d, a)
    assert exchange["c2"].released(b).diagnostic == "joined to another call"
    assert exchange["s1"].released(c).diagnostic == "joined to another call"
    assert exchange.media()[-2:] == [Source(a.endpoint, d.endpoint, False), Source(d.endpoint, a.endpoint, False)]


def test_what_cannot_be_joined():
    exchange, (a, _), (c, _) = two_calls()
    assert not exchange.control.join(a, a, 5.0)
    exchange.control.event(c, CLEAR, 5.0)
    assert not exchange.control.join(a, c, 6.0)
    fresh = exchange["c1"].call_in()
    assert not exchange.control.join(a, fresh, 6.0), "it is not answered"


def test_parties_that_are_parted_are_no_longer_held_and_each_has_its_own_call():
    exchange, (a, b), _ = two_calls()
    exchange.control.event(a, Hold(), 2.0)
    assert exchange.control.transfer_both(a, anew("s2"), anew("s1"), 3.0)
    assert exchange["c2"].to(b)[-1] == Retrieve(), "who held it has nothing to do with it any more"
    assert a.call is not b.call
    assert {half.trunk.name for half in (a.other, b.other)} == {"s1", "s2"}
    assert not a.released
    assert not b.released


def test_only_parties_that_talk_are_parted():
    exchange = Exchange(Route(trunk=["c1"], to=["c2"]))
    one = exchange["c1"].call_in()
    assert not exchange.control.transfer_both(one, anew("s2"), anew("s1"), 3.0), "it rings still"
    exchange.control.event(one, CLEAR, 4.0)
    assert not exchange.control.transfer_both(one, anew("s2"), anew("s1"), 5.0)
