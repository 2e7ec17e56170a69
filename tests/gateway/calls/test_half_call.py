"""One side of a call."""

from support.fake_trunk import Exchange

from tandem.gateway.calls.half_call import HalfCall, MultirateTrunk, Trunk
from tandem.gateway.media.protocol import TimeslotEndpoint


def test_a_new_half_call_has_nothing_yet():
    trunk: Trunk = Exchange()["c1"]
    half = HalfCall(trunk, incoming=True)
    assert (half.handle, half.reference, half.endpoint, half.call) == (-1, "", None, None)
    assert not half.released
    assert not half.hears_early


def test_half_calls_are_themselves_and_no_other():
    """They are keys and list members: two with equal fields are still two."""
    trunk = Exchange()["c1"]
    one, two = HalfCall(trunk, incoming=True), HalfCall(trunk, incoming=True)
    assert one != two
    assert len({one, two}) == 2
    assert one.leg is not two.leg


def test_the_timeslots_of_a_half_call_come_in_order():
    half = HalfCall(Exchange()["c1"], incoming=True)
    assert half.endpoints == ()
    slots = tuple(TimeslotEndpoint("e1", number) for number in (3, 4, 5))
    half.endpoint, half.more_endpoints = slots[0], slots[1:]
    assert half.endpoints == slots


def test_a_trunk_says_itself_that_it_carries_several_timeslots():
    assert not isinstance(Exchange()["c1"], MultirateTrunk)
