"""ISUP trunks: what is particular to the adapter; whole calls are in test_node.py."""

from support.node_pair import OFFER, Bench

from tandem.gateway.calls.half_call import HalfCall
from tandem.gateway.calls.model import Number, Setup
from tandem.gateway.media.protocol import Source, SpanChanged, TimeslotEndpoint, Tone
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


def place(bench, digits, more=(), medium=3, continuity=0, **called):
    """A call from exchange A without any SIP user: straight into its ISUP."""
    exchange = bench.nodes["A"].isup.exchange
    parameters = [
        NatureOfConnectionIndicators(continuity_check=continuity),
        ForwardCallIndicators(),
        CallingPartysCategory(),
        TransmissionMediumRequirement(medium=medium),
        CalledPartyNumber(digits=digits, nature=3, **called),
        *more,
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


def test_a_call_of_several_circuits_is_refused():
    bench = Bench().up()
    place(bench, "301", medium=7)
    bench.run(1)
    assert bench.events("b", IncomingInvite) == []
    assert bench.all_idle()


def test_continuity_check_with_tone_and_loop():
    bench = Bench().up()
    bench.deaf = True
    place(bench, "301", continuity=1)
    bench.run(0.5)
    circuit = TimeslotEndpoint("e1", 1)
    assert [c for c in bench.media["A"] if isinstance(c, Tone)] == [Tone(circuit, "continuity")]
    assert [c for c in bench.media["B"] if isinstance(c, Source)] == [Source(circuit, circuit)]
    assert bench.events("b", IncomingInvite) == []
    bench.nodes["A"].isup.continuity_heard(circuit, bench.now)
    bench.nodes["A"]._settle(bench.now)
    bench._drain("A")
    bench.run(0.5)
    assert Source(circuit, None) in bench.media["A"]
    assert Source(circuit, None) in bench.media["B"]
    assert len(bench.events("b", IncomingInvite)) == 1


def test_a_used_up_hop_counter_ends_the_call():
    bench = Bench().up()
    port = bench.nodes["A"].isup.trunks["pstn"]
    for hops, refused in ((0, True), (1, True), (2, False)):
        refusal = port.offer(HalfCall(port, incoming=False), Setup(Number("301"), hop_counter=hops), bench.now)
        assert (refusal is not None) is refused
        if refused:
            assert refusal.cause == 25


def test_congestion_told_by_the_peer_is_logged():
    bench = Bench().up()
    place(bench, "301", st=True)
    bench.run(0.5)
    exchange = bench.nodes["B"].isup.exchange
    exchange.congestion_level = 1
    exchange.release(exchange.calls()[0], 42, bench.now)
    bench.nodes["B"]._settle(bench.now)
    bench._drain("B")
    bench.run(0.5)
    assert any("congested (level 1)" in line.text for _, name, line in bench.lines if name == "A")
