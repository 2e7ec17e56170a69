"""ISUP trunks: what is particular to the adapter; whole calls are in test_node.py."""

from dataclasses import fields, replace

import pytest
from support.node_pair import OFFER, Bench
from support.transit import Transit

from tandem.gateway.calls.half_call import HalfCall
from tandem.gateway.calls.model import Number, Setup
from tandem.gateway.media.protocol import Source, SpanChanged, TimeslotEndpoint, Tone
from tandem.gateway.sip.primitives import Ended, IncomingInvite, InviteRequest, Rejected
from tandem.gateway.trunks.circuits import PERSISTENCE
from tandem.ss7.isup.codes import MessageType
from tandem.ss7.isup.configuration import GroupConfiguration
from tandem.ss7.isup.indicators import (
    CallingPartysCategory,
    ContinuityIndicators,
    ForwardCallIndicators,
    NatureOfConnectionIndicators,
    TransmissionMediumRequirement,
)
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.numbers import CalledPartyNumber, CallingPartyNumber, SubsequentNumber
from tandem.ss7.isup.services import InformationIndicators, InformationRequestIndicators
from tandem.ss7.isup.variants import Variant


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


@pytest.mark.parametrize("medium", [7, 8, 10, 17])
def test_a_call_of_several_circuits_to_sip_is_refused(medium):
    bench = Bench().up()
    place(bench, "301", medium=medium)
    bench.run(1)
    assert bench.events("b", IncomingInvite) == []
    (record,) = bench.records["B"]
    assert (record.cause, record.result) == (65, "failed")
    assert "x 64 kbit/s" in record.diagnostic
    assert bench.all_idle()


def inquire(bench, **asked):
    """Exchange B asks A for more of the call in hand; what A answers."""
    node = bench.nodes["B"]
    (call,) = node.isup.exchange.calls()
    told = []
    node.isup._call_message = lambda call, message, now: told.append(message)
    node.isup.exchange.send(call, MessageType.INR, [InformationRequestIndicators(**asked)], bench.now)
    node._settle(bench.now)
    bench._drain("B")
    bench.run(0.5)
    (information,) = [message for message in told if message.type == MessageType.INF]
    return information


def sip_call(bench, caller="sip:4930555@127.0.0.1", **more):
    """User a calls through both gateways; the INVITE at user b."""
    request = InviteRequest(
        uri="sip:301@127.0.0.1",
        from_uri=caller,
        to_uri="sip:301@127.0.0.1",
        destination=("127.0.0.1", 5060),
        body=OFFER,
        **more,
    )
    bench.call("a", "invite", request)
    bench.run(0.5)
    return bench.events("b", IncomingInvite)


@pytest.mark.parametrize(
    ("caller", "response", "digits"),
    [("sip:4930555@127.0.0.1", 3, "4930555"), ("sip:anonymous@anonymous.invalid", 1, None)],
)
def test_a_peer_that_asks_for_the_caller_of_a_sip_call_is_answered(caller, response, digits):
    """Q.764 2.1.6: without an INF the asking exchange would release at T33."""
    bench = Bench().up()
    sip_call(bench, caller)
    information = inquire(bench, calling_party_address=True, calling_partys_category=True)
    indicators = information.get(InformationIndicators)
    assert (indicators.calling_party_address, indicators.calling_partys_category) == (response, True)
    number = information.get(CallingPartyNumber)
    assert (number and number.digits) == digits
    assert information.get(CallingPartysCategory).category == 10
    bench.run(30)
    assert bench.nodes["A"].control.calls


@pytest.mark.parametrize(("forwards", "factor", "arrives"), [(70, 1, 29), (20, 1, 18), (70, 5, 60), (9, 3, 3)])
def test_hops_are_counted_through_both_gateways(forwards, factor, arrives):
    """Max-Forwards becomes the hop counter and back, one less at each gateway (Q.1912.5)."""
    bench = Bench(sip_trunk=f"hop_factor = {factor}").up()
    (offered,) = sip_call(bench, max_forwards=forwards)
    assert int(offered.request.get("Max-Forwards")) == arrives


@pytest.mark.parametrize("forwards", [1, 2])
def test_a_call_whose_hops_are_used_up_is_refused(forwards):
    bench = Bench().up()
    assert sip_call(bench, max_forwards=forwards) == []
    (rejected,) = bench.events("a", Rejected)
    assert rejected.status == 483


@pytest.mark.parametrize(("called", "caller"), [("3" * 600, "1"), ("301", "4" * 600)])
def test_numbers_too_long_for_an_iam_are_refused(called, caller):
    bench = Bench().up()
    request = InviteRequest(
        uri=f"sip:{called}@127.0.0.1",
        from_uri=f"sip:{caller}@127.0.0.1",
        to_uri="sip:301@127.0.0.1",
        destination=("127.0.0.1", 5060),
        body=OFFER,
    )
    bench.call("a", "invite", request)
    bench.run(1)
    (rejected,) = bench.events("a", Rejected)
    assert rejected.status == 484
    assert bench.all_idle()


#: Fields of a circuit group that no key of the trunk sets by its own name, with what does.
ELSEWHERE = {
    "own_point_code": "point_code of the linkset",
    "peer_point_code": "peer_point_code, or the adjacent one of the linkset",
    "cics": "circuits",
    "variant": "variant of the linkset",
}
CHOSEN = """\
selection = "highest"
control = "all"
overlap = true
minimum_digits = 3
maximum_digits = 9
supervises = false
reset_at_start = false
role = "end"
unrecognised = "discard"
continuity_check = 4
relay_continuity = true
propagation_delay = 25
satellite = true
times_suspension = true
timers = { t9 = 100 }
"""


def test_every_option_of_a_circuit_group_is_reached_from_the_configuration():
    plain = Bench().nodes["A"].isup.exchange.groups["pstn"]
    chosen = Bench(trunk=CHOSEN).nodes["A"].isup.exchange.groups["pstn"]
    names = {item.name for item in fields(GroupConfiguration)} - {"name"}
    differ = {name for name in names if getattr(plain, name) != getattr(chosen, name)}
    assert differ == names - ELSEWHERE.keys()
    assert chosen.timers == {"T9": 100.0}
    defaults = {item.name: item.default for item in fields(GroupConfiguration)}
    assert all(getattr(plain, name) == defaults[name] for name in differ - {"timers"})


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


def chinese_call(left, right, control):
    """An answered call between two Chinese trunks; its numbers at either side. `control` is of the right one."""
    transit = Transit(left, right, ("china", "china"), options=f'release_control = "{control}"')
    if left == "tup":
        outer = transit.left.exchange._kernel.groups["g"]
        outer.configuration = replace(outer.configuration, release_control="called")
    call = transit.setup()
    transit.run(0.2)
    far = transit.right.offered[-1].call
    transit.at("right", "do", far, "alert")
    transit.run(0.2)
    transit.at("right", "do", far, "answer")
    transit.run(0.2)
    transit.ladder.clear()
    return transit, call, far


def caller_clears(transit, call):
    """CCL, as each protocol sends it."""
    if transit.left.service.name == "TUP":
        transit.release("left", call, 16)
    else:
        message = Message(MessageType.CCL, 1, variant=Variant.CHINA, body=b"\0")
        transit.left.exchange.pass_on(call, message, transit.now)
    transit.run(20)


@pytest.mark.parametrize(("left", "right"), [("tup", "isup"), ("isup", "tup"), ("isup", "isup")])
def test_the_called_party_ends_a_call_of_the_chinese_isup(left, right):
    """CCL goes on, and the call stays until the called side ends it (GF 001-9001, YDN 038)."""
    transit, call, far = chinese_call(left, right, "called")
    caller_clears(transit, call)
    assert transit.ladder == ["left CCL >", "right CCL >"]
    assert transit.node.control.calls
    transit.release("right", far, 16)
    transit.run(5)
    assert ("left REL <" if left == "isup" else "left CBK <") in transit.ladder
    assert transit.all_idle()
    (record,) = transit.records
    assert (record.result, record.cause, record.released_by) == ("answered", 16, "outgoing")


@pytest.mark.parametrize("right", ["tup", "isup"])
def test_the_called_party_may_not_hold_a_call(right):
    """release_control = "calling": a caller who clears has ended the call."""
    transit, call, _ = chinese_call("tup", right, "calling")
    caller_clears(transit, call)
    assert not transit.node.control.calls
    assert transit.all_idle()
    assert "right CCL >" not in transit.ladder


def test_a_caller_of_the_chinese_isup_clears():
    transit, call, _ = chinese_call("isup", "tup", "calling")
    caller_clears(transit, call)
    assert sorted(transit.ladder) == sorted(["left CCL >", "left REL <", "left RLC >", "right CLF >", "right RLG <"])
    assert transit.all_idle()
    (record,) = transit.records
    assert (record.cause, record.released_by) == (16, "incoming")


def test_a_call_whose_previous_circuit_is_checked_is_relayed():
    """Q.764 2.1.8: an IAM that says so goes on at once, and what comes back waits for COT."""
    bench = Bench(trunk="relay_continuity = true", sip_trunk='preconditions = "required"').up()
    call = place(bench, "301", continuity=2, st=True)
    bench.run(1)
    (offered,) = bench.events("b", IncomingInvite)
    assert b"a=curr:qos local none" in offered.body
    bench.call("b", "respond", offered.call, 180)  # a peer that does not wait
    bench.run(1)
    exchange = bench.nodes["A"].isup.exchange
    assert exchange.circuit_states("pstn")[1].state.name == "OUT_WAIT_ACM"
    exchange.send(call, MessageType.COT, [ContinuityIndicators(successful=True)], bench.now)
    bench.nodes["A"]._settle(bench.now)
    bench._drain("A")
    bench.run(1)
    assert exchange.circuit_states("pstn")[1].state.name == "OUT_WAIT_ANM"
