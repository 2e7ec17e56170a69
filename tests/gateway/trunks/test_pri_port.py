"""A PRI as a trunk: what it refuses by itself, and what it leaves out where a call is not far enough."""

import pytest
from support.transit import Transit
from support.transit_access import pri_side

from tandem.core.cause import Cause
from tandem.gateway.calls.half_call import HalfCall
from tandem.gateway.calls.model import Alerting, Answer, Number, Setup
from tandem.gateway.media.protocol import TimeslotEndpoint

SIDES = (pri_side("network"), pri_side("user"))


@pytest.fixture
def line():
    return Transit(*SIDES, more={side: side for side in SIDES})


def offer(line, setup):
    port = line.node.pri.trunks["right"]
    half = HalfCall(port, incoming=False)
    return port, half, port.offer(half, setup, line.now)


def test_a_call_takes_a_channel(line):
    port, half, refusal = offer(line, Setup(Number("123"), None))
    assert refusal is None
    assert half.reference == "right/1"
    assert half.endpoint == TimeslotEndpoint("right", 1)
    assert port.halves == {half.handle: half}
    assert half.leg.protocol == "pri"


@pytest.mark.parametrize(
    ("setup", "cause"),
    [
        (Setup(Number("123"), None, hop_counter=1), Cause.EXCHANGE_ROUTING_ERROR),
        (Setup(Number(""), None), Cause.INVALID_NUMBER_FORMAT),
        (Setup(Number("1" * 300), None), Cause.INVALID_NUMBER_FORMAT),
    ],
)
def test_calls_that_cannot_be_offered(line, setup, cause):
    port, half, refusal = offer(line, setup)
    assert refusal.cause == cause
    assert half.endpoint is None
    assert not port.halves


def test_without_a_channel_or_a_link(line):
    for _ in range(8):
        assert offer(line, Setup(Number("123"), None))[2] is None
    assert offer(line, Setup(Number("123"), None))[2].cause == Cause.NO_CIRCUIT_CHANNEL_AVAILABLE
    line.sides["right"].reach(line.node, "right", False, line.now)
    line.run(30)
    assert offer(line, Setup(Number("123"), None))[2].cause == Cause.DESTINATION_OUT_OF_ORDER


def test_what_a_call_is_not_ready_for_is_left_out(line):
    """An answer to a call that we offer ourselves makes no sense: told to who looks closely, and nothing is sent."""
    port, half, _ = offer(line, Setup(Number("123"), None))
    line.node.lines.clear()
    port.send(half, Alerting(), line.now)
    port.send(half, Answer(), line.now)
    assert [text.subject for text in line.node.lines if text.shape == "!"] == ["right/1", "right/1"]
