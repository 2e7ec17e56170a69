"""ISUP trunks: what is particular to the adapter; whole calls are in test_node.py."""

from support.node_pair import OFFER, Bench

from tandem.gateway.media.protocol import Source, SpanChanged, TimeslotEndpoint
from tandem.gateway.sip.primitives import Ended, IncomingInvite
from tandem.gateway.trunks.isup import PERSISTENCE
from tandem.ss7.isup.codes import MessageType
from tandem.ss7.isup.indicators import (
    CallingPartysCategory,
    ForwardCallIndicators,
    NatureOfConnectionIndicators,
    TransmissionMediumRequirement,
)
from tandem.ss7.isup.numbers import CalledPartyNumber, SubsequentNumber


def place(bench, digits, **called):
    """A call from exchange A without any SIP user: straight into its ISUP."""
    exchange = bench.nodes["A"].isup.exchange
    parameters = [
        NatureOfConnectionIndicators(),
        ForwardCallIndicators(),
        CallingPartysCategory(),
        TransmissionMediumRequirement(),
        CalledPartyNumber(digits=digits, nature=3, **called),
    ]
    call = exchange.setup("pstn", parameters, bench.now)
    bench.nodes["A"]._settle(bench.now)
    bench._drain("A")
    return call


def test_overlap_digits_are_collected_until_the_end_signal():
    bench = Bench(trunk="overlap = true").up()
    call = place(bench, "30")
    bench.run(1)
    assert bench.events("b", IncomingInvite) == []
    bench.nodes["A"].isup.exchange.send(call, MessageType.SAM, [SubsequentNumber(digits="12", st=True)], bench.now)
    bench.nodes["A"]._settle(bench.now)
    bench._drain("A")
    bench.run(1)
    (offered,) = bench.events("b", IncomingInvite)
    assert offered.request.uri.user == "3012"


def test_overlap_ends_by_timer_too():
    bench = Bench(trunk="overlap = true\ntimers = { t10 = 4 }").up()
    place(bench, "30")
    bench.run(10)
    (offered,) = bench.events("b", IncomingInvite)
    assert offered.request.uri.user == "30"


def test_a_silent_called_side_gets_an_early_acm():
    """T11: the SIP side says nothing but 100, and the other exchange's T7 must not end the call (Q.764 2.1.4.8)."""
    bench = Bench().up()
    place(bench, "301", st=True)
    bench.run(40)
    states = bench.nodes["A"].isup.exchange.circuit_states("pstn")
    assert states[1].state.name == "OUT_WAIT_ANM"


def test_a_lasting_line_fault_blocks_its_circuits_and_releases_their_calls():
    bench = Bench().up()
    place(bench, "301", st=True)
    bench.run(0.5)
    offered = bench.events("b", IncomingInvite)[0]
    bench.call("b", "respond", offered.call, 200, body=OFFER)
    bench.run(0.5)
    node = bench.nodes["B"]
    node.media_events([SpanChanged("e1", ["LOS"])], bench.now)
    bench._drain("B")
    bench.run(PERSISTENCE / 2)
    assert not any(view.blocking for view in node.isup.exchange.circuit_states("pstn").values())
    bench.run(PERSISTENCE)
    assert all(view.blocking for view in node.isup.exchange.circuit_states("pstn").values())
    assert bench.events("b", Ended)
    node.media_events([SpanChanged("e1", [])], bench.now)
    bench._drain("B")
    bench.run_until(bench.all_idle, 120)


def test_a_short_line_fault_does_nothing():
    bench = Bench().up()
    node = bench.nodes["B"]
    node.media_events([SpanChanged("e1", ["AIS"])], bench.now)
    bench.run(1)
    node.media_events([SpanChanged("e1", [])], bench.now)
    bench.run(10)
    assert bench.all_idle()


def test_the_circuit_goes_idle_when_the_call_does():
    bench = Bench().up()
    call = place(bench, "301", st=True)
    bench.run(0.5)
    bench.nodes["A"].isup.exchange.release(call, 16, bench.now)
    bench.nodes["A"]._settle(bench.now)
    bench._drain("A")
    bench.run(1)
    circuit = TimeslotEndpoint("e1", 1)
    assert [c for c in bench.media["B"] if isinstance(c, Source)][-1] == Source(circuit, None)
