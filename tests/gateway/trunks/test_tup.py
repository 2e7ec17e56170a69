"""TUP trunks in a whole gateway: to TUP, to ISUP and to SIP, both ways, and what becomes of every call."""

import itertools
import random
from contextlib import suppress
from dataclasses import fields, replace

import pytest
from support.node_pair import OFFER, Bench
from support.transit import Transit

from tandem.gateway.calls.half_call import HalfCall
from tandem.gateway.calls.model import Number, Setup
from tandem.gateway.media.protocol import Source, SpanChanged, TimeslotEndpoint, Tone
from tandem.gateway.sip.primitives import Answered, Ended, IncomingInvite, InviteRequest, Provisional, Rejected
from tandem.gateway.trunks.circuits import PERSISTENCE
from tandem.ss7.isup.primitives import CallStateError as IsupStateError
from tandem.ss7.tup.codes import MessageType as T
from tandem.ss7.tup.configuration import GroupConfiguration
from tandem.ss7.tup.fields import CallingLineIdentity, MessageIndicators
from tandem.ss7.tup.messages import (
    GeneralForwardSetup,
    GeneralRequest,
    InitialAddress,
    InitialAddressWithInformation,
    MeteringPulses,
    Signal,
)
from tandem.ss7.tup.primitives import CallStateError

PAIRS = [
    ("tup", "tup", ("itu", "itu")),
    ("tup", "tup", ("china", "itu")),
    ("tup", "isup", ("itu", "itu")),
    ("tup", "isup", ("china", "china")),
    ("isup", "tup", ("itu", "itu")),
    ("isup", "tup", ("itu", "china")),
]
pairs = pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair[0]}-{pair[1]}-{'-'.join(pair[2])}")


def configure(exchange, group, **options):
    """Options of one circuit group, where the key of the trunk would set both sides of the node."""
    target = exchange._kernel.groups[group]
    target.configuration = replace(target.configuration, **options)


def offered(transit, side="right"):
    transit.run(0.2)
    return transit.sides[side].offered[-1]


def talk(transit):
    """A call up to the answer; its numbers at the left and at the right."""
    call = transit.setup()
    far = offered(transit).call
    transit.at("right", "do", far, "alert")
    transit.run(0.5)
    transit.at("right", "do", far, "answer")
    transit.run(2)
    return call, far


def ended(transit, cause, by, result="failed"):
    """One record of the one call, every circuit idle."""
    transit.run(5)
    assert transit.all_idle()
    assert not transit.node.control.calls
    (record,) = transit.records
    assert (record.cause, record.released_by, record.result) == (cause, by, result)
    return record


@pairs
def test_success_released_by_the_calling_side(pair):
    transit = Transit(*pair)
    call, _ = talk(transit)
    assert transit.right.number(transit.right.offered[0]) == ("3012", "5551")
    assert [name for name in transit.left.heard if name in ("ACM", "ANC", "ANM")] == [
        "ACM",
        "ANC" if pair[0] == "tup" else "ANM",
    ]
    transit.release("left", call, 16)
    record = ended(transit, 16, "incoming", "answered")
    assert (record.incoming.protocol, record.outgoing.protocol) == pair[:2]
    assert record.incoming.calling == "5551"


@pairs
def test_success_released_by_the_called_side(pair):
    transit = Transit(*pair)
    call, far = talk(transit)
    transit.release("right", far, 16)
    transit.run(1)
    if pair[0] == "tup":
        assert "left CBK <" in transit.ladder
        transit.release("left", call, 16)
    elif pair[1] == "tup":
        # CBK is SUS, and the calling side clears.
        assert "SUS" in transit.left.heard
        transit.release("left", call, 16)
    transit.run(5)
    assert transit.all_idle()
    (record,) = transit.records
    assert (record.result, record.cause) == ("answered", 16)


@pairs
@pytest.mark.parametrize("cause", [1, 17, 34])
def test_failures_before_acm_are_told_by_their_own_message(pair, cause):
    transit = Transit(*pair)
    call = transit.setup()
    transit.release("right", offered(transit).call, cause)
    ended(transit, cause, "outgoing")
    assert transit.left.released[call] == cause


@pairs
def test_no_answer(pair):
    transit = Transit(*pair)
    transit.setup()
    transit.at("right", "do", offered(transit).call, "alert")
    transit.run(240)
    (record,) = transit.records
    # ANSWER of our own circuit says 19. A caller's exchange that gives up first says T9 (ISUP), or nothing (CLF).
    assert record.result == "failed"
    own = {"tup": 16, "isup": 102}[pair[0]]
    assert (record.released_by, record.cause) in (("outgoing", 19), ("incoming", own))
    assert transit.all_idle()


@pairs
def test_abandoned_before_answer(pair):
    for alerting in (False, True):
        transit = Transit(*pair)
        call = transit.setup()
        far = offered(transit).call
        if alerting:
            transit.at("right", "do", far, "alert")
        transit.run(0.5)
        transit.release("left", call, 16)
        ended(transit, 16, "incoming")
        assert far in transit.right.released


@pairs
def test_answer_without_alerting(pair):
    transit = Transit(*pair)
    call = transit.setup()
    transit.at("right", "answer_at_once", offered(transit).call)
    transit.run(1)
    transit.release("left", call, 16)
    ended(transit, 16, "incoming", "answered")


@pairs
def test_overlap_digits_are_collected(pair):
    transit = Transit(*pair, options="overlap = true")
    call = transit.setup(digits="30", complete=False)
    transit.run(1)
    assert transit.right.offered == []
    transit.at("left", "digits", call, "1234", True)
    assert transit.right.number(offered(transit))[0] == "301234"
    transit.release("left", call, 16)
    ended(transit, 16, "incoming")


@pairs
def test_a_silent_called_side_gets_an_early_acm(pair):
    """ACM_DUE of TUP, T11 of ISUP: the calling exchange must not give up."""
    transit = Transit(*pair)
    call = transit.setup()
    transit.run(22)
    assert "left ACM <" in transit.ladder
    transit.release("left", call, 16)
    ended(transit, 16, "incoming")


@pairs
def test_the_way_is_lost_in_mid_call(pair):
    transit = Transit(*pair)
    call, _ = talk(transit)
    transit.pause()
    transit.run(20)
    assert transit.node.control.calls
    transit.release("left", call, 16)
    transit.run(30)
    transit.resume()
    transit.run(200)
    assert transit.all_idle()
    assert len(transit.records) == 1


def test_the_tandem_of_the_mission():
    """A (TUP) - TM - B (ISUP): IAI becomes IAM, ANM becomes ANC; REL of the called side CBK, CLF, RLG."""
    transit = Transit("tup", "isup")
    call, far = talk(transit)
    assert transit.ladder == [
        "left IAI >",
        "right IAM >",
        "right ACM <",
        "left ACM <",
        "right ANM <",
        "left ANC <",
    ]
    transit.ladder.clear()
    transit.release("right", far, 16)
    transit.run(1)
    assert sorted(transit.ladder) == sorted(["right REL <", "right RLC >", "left CBK <"])
    transit.ladder.clear()
    transit.release("left", call, 16)
    transit.run(1)
    assert transit.ladder == ["left CLF >", "left RLG <"]


def test_the_tandem_the_other_way_round():
    """REL of the calling side is CLF; ANC becomes ANM, CBK SUS and RAN RES."""
    transit = Transit("isup", "tup")
    call, far = talk(transit)
    assert transit.ladder == ["left IAM >", "right IAI >", "right ACM <", "left ACM <", "right ANC <", "left ANM <"]
    transit.at("right", "do", far, "suspend")
    transit.run(1)
    transit.at("right", "do", far, "resume")
    transit.run(1)
    assert transit.left.heard[-2:] == ["SUS", "RES"]
    transit.ladder.clear()
    transit.release("left", call, 16)
    transit.run(1)
    assert sorted(transit.ladder) == sorted(["left REL >", "left RLC <", "right CLF >", "right RLG <"])
    ended(transit, 16, "incoming", "answered")


@pytest.mark.parametrize(("control", "suspended"), [("calling", True), ("either", False), ("called", False)])
def test_release_control_decides_what_cbk_is(control, suspended):
    transit = Transit("isup", "tup")
    configure(transit.node.tup.exchange, "right", release_control=control)
    _, far = talk(transit)
    transit.release("right", far, 16)
    transit.run(1)
    assert ("SUS" in transit.left.heard) is suspended
    assert bool(transit.records) is not suspended
    transit.run(100)  # CLEAR_BACK
    assert transit.all_idle()
    assert [record.result for record in transit.records] == ["answered"]


def test_the_failure_of_another_tup_exchange_goes_through():
    transit = Transit("tup", "tup", ("china", "china"))
    call = transit.setup()
    far = offered(transit).call
    transit.right.exchange.release(far, Signal(T.STB), transit.now)
    transit.run(1)
    assert "left STB <" in transit.ladder
    assert transit.left.released[call] == 17


def test_metering_pulses_are_recorded_and_passed_on():
    transit = Transit("tup", "tup", ("china", "china"))
    call, far = talk(transit)
    for pulses in (3, 4):
        transit.right.exchange.send(far, MeteringPulses(pulses), transit.now)
        transit.run(0.5)
    assert transit.ladder.count("left MPM <") == 2
    transit.release("left", call, 16)
    record = ended(transit, 16, "incoming", "answered")
    assert (record.outgoing.metering_pulses, record.incoming.metering_pulses) == (7, 0)


def test_the_calling_line_is_asked_for():
    transit = Transit("tup", "isup")
    configure(transit.node.tup.exchange, "left", request_identity=True)
    known = GeneralForwardSetup(calling_line=CallingLineIdentity("777"))
    call = transit.left.exchange.setup("g", InitialAddress("3012", st=True), transit.now, known)
    transit.run(1)
    assert transit.ladder[:4] == ["left IAM >", "left GRQ <", "left GSM >", "right IAM >"]
    assert transit.right.number(transit.right.offered[0]) == ("3012", "777")
    transit.release("left", call, 16)
    ended(transit, 16, "incoming")


@pytest.mark.parametrize("kind", ["tup", "isup"])
def test_requests_are_passed_on_or_answered_here(kind):
    """answer_requests = false: by the TUP exchange that knows, or from what the IAM of ISUP said."""
    transit = Transit(kind, "tup")
    port = transit.node.tup.trunks["right"]
    port.configuration.answer_requests = False
    configure(transit.node.tup.exchange, "right", answer_requests=False)
    call = transit.setup()
    far = offered(transit).call
    transit.right.exchange.send(far, GeneralRequest(calling_line=True), transit.now)
    transit.run(1)
    assert ("left GRQ <" in transit.ladder) is (kind == "tup")
    assert "right GSM >" in transit.ladder
    assert "GSM" in transit.right.heard
    transit.release("left", call, 16)
    ended(transit, 16, "incoming")


def test_the_caller_who_clears_under_called_party_control():
    """CCL ends the call towards another protocol."""
    transit = Transit("tup", "isup", ("china", "itu"))
    configure(transit.left.exchange, "g", release_control="called")
    call, _ = talk(transit)
    transit.release("left", call, 16)
    record = ended(transit, 16, "incoming", "answered")
    assert [line for line in transit.ladder if line.startswith("left")][-4:] == [
        "left CCL >",
        "left CBK <",
        "left CLF >",
        "left RLG <",
    ]
    assert record.diagnostic == ""


def test_the_called_party_holds_the_call_through_two_tup_trunks():
    transit = Transit("tup", "tup", ("china", "china"), options="release_control = 'called'")
    configure(transit.left.exchange, "g", release_control="called")
    call, far = talk(transit)
    transit.release("left", call, 16)
    transit.run(30)
    assert "right CCL >" in transit.ladder
    assert transit.node.control.calls
    transit.release("right", far, 16)
    ended(transit, 16, "outgoing", "answered")


def test_continuity_is_checked_with_tone_and_loop():
    transit = Transit("tup", "isup")
    transit.left.exchange.setup(
        "g", InitialAddress("3012", st=True, indicators=MessageIndicators(continuity_check=1)), 0
    )
    transit.run(0.2)
    circuit = TimeslotEndpoint("left", transit.left.exchange.circuit_of(1))
    assert Source(circuit, circuit) in transit.media
    assert transit.right.offered == []
    transit.left.exchange.continuity_heard("g", circuit.timeslot, transit.now)
    transit.run(0.2)
    assert Source(circuit, None) in transit.media
    assert len(transit.right.offered) == 1


def test_a_lasting_line_fault_blocks_the_circuits():
    transit = Transit("tup", "tup")
    _, _ = talk(transit)
    for alarms in (["LOS"], []):
        transit.node.media_events([SpanChanged("right", alarms)], transit.now)
        transit.run(PERSISTENCE + 1)
        assert transit.node.tup.exchange.idle_circuits("right") == (0 if alarms else 8)
    transit.run(200)
    assert transit.all_idle()
    assert len(transit.records) == 1


def test_messages_are_logged_by_name():
    transit = Transit("tup", "isup")
    transit.setup()
    transit.run(0.5)
    told = [line for line in transit.lines if line.subject == "tup 0-1-3"]
    assert any(line.shape == "<" and " IAI" in line.text for line in told)
    assert any(line.subject.startswith("isup") and "IAM" in line.text for line in transit.lines)


def test_shut_down_blocks_every_circuit():
    transit = Transit("tup", "isup")
    talk(transit)
    transit.node.shut_down(transit.now)
    transit.run(10)
    (record,) = transit.records
    assert record.released_by == "gateway"
    for call in transit.left.exchange.calls():
        transit.release("left", call, 16)
    transit.run(10)
    assert transit.node.idle
    assert transit.node.tup.exchange.idle_circuits("left") == 0


@pytest.mark.parametrize(
    ("setup", "cause"),
    [(Setup(Number("")), 28), (Setup(Number("30x")), 28), (Setup(Number("301"), hop_counter=1), 25)],
    ids=["none", "no digits", "hops"],
)
def test_what_tup_cannot_send_is_refused(setup, cause):
    transit = Transit("tup", "tup")
    port = transit.node.tup.trunks["right"]
    assert port.offer(HalfCall(port, incoming=False), setup, transit.now).cause == cause
    assert transit.all_idle()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kinds", list(itertools.product(("tup", "isup"), repeat=2))[:3], ids=str)
def test_random_calls_leave_nothing_behind(seed, kinds):
    """Calls both ways that end in every way, also where both ends seize one circuit: one record each, none stuck."""
    choose = random.Random(seed)
    transit = Transit(*kinds)
    seen = {"left": 0, "right": 0}
    for _ in range(150):
        side = choose.choice(("left", "right"))
        exchange = transit.sides[side]
        fate = choose.random()
        with suppress(CallStateError, IsupStateError):
            if fate < 0.3:
                transit.setup(side, digits=str(choose.randrange(100, 10**9)))
            elif fate < 0.6 and exchange.offered:
                transit.at(
                    side, "do", choose.choice(exchange.offered).call, choose.choice(("alert", "progress", "answer"))
                )
            elif fate < 0.7 and exchange.offered:
                transit.at(side, "do", choose.choice(exchange.offered).call, choose.choice(("suspend", "resume")))
            elif calls := exchange.exchange.calls():
                transit.release(side, choose.choice(calls), choose.choice((1, 16, 17, 34, 42)))
        transit.run(choose.choice((0.0, 0.004, 0.02, 0.5, 5)))
        seen[side] += 1
    for side in ("left", "right"):
        for call in transit.sides[side].exchange.calls():
            transit.release(side, call, 16)
    transit.run(400)
    for side in ("left", "right"):
        for call in transit.sides[side].exchange.calls():
            transit.release(side, call, 16)
    transit.run(400)
    assert transit.all_idle()
    assert not transit.node.control.calls
    assert len({record.id for record in transit.records}) == len(transit.records) > 5


# --- SIP beside TUP, with all of MTP between two gateways


def sip_call(bench):
    request = InviteRequest(
        uri="sip:301@127.0.0.1",
        from_uri="sip:555@127.0.0.1",
        to_uri="sip:301@127.0.0.1",
        destination=("127.0.0.1", 5060),
        body=OFFER,
    )
    call = bench.call("a", "invite", request)
    bench.run_until(lambda: bench.events("b", IncomingInvite), 5)
    return call, bench.events("b", IncomingInvite)[-1].call


VARIANTS = pytest.mark.parametrize("linkset", ["", 'variant = "china"'], ids=["itu", "china"])


@VARIANTS
@pytest.mark.parametrize("by", ["a", "b"])
def test_sip_to_tup_to_sip(linkset, by):
    bench = Bench(user_part="tup", linkset=linkset, trunk='release_control = "either"').up()
    call, far = sip_call(bench)
    bench.call("b", "respond", far, 180)
    bench.run(0.5)
    assert bench.events("a", Provisional)
    bench.call("b", "respond", far, 200, body=OFFER)
    bench.run(1)
    assert bench.events("a", Answered)
    bench.call(by, "bye", call if by == "a" else far, ())
    bench.run(2)
    assert bench.events("b" if by == "a" else "a", Ended)
    for name in "AB":
        (record,) = bench.records[name]
        assert (record.result, record.cause) == ("answered", 16)
    assert bench.all_idle()


@VARIANTS
@pytest.mark.parametrize(("status", "cause"), [(486, 17), (404, 1), (503, 41)])
def test_a_sip_refusal_goes_through_tup(linkset, status, cause):
    bench = Bench(user_part="tup", linkset=linkset).up()
    _, far = sip_call(bench)
    bench.call("b", "respond", far, status)
    bench.run(2)
    (rejected,) = bench.events("a", Rejected)
    told = {41: 31}.get(cause, cause)
    assert [bench.records[name][0].cause for name in "AB"] == [told, cause]
    assert rejected.status == {17: 486, 1: 404, 31: 480}[told]
    assert bench.all_idle()


def test_a_sip_caller_gives_up_and_nobody_answers():
    bench = Bench(user_part="tup").up()
    call, far = sip_call(bench)
    bench.call("b", "respond", far, 180)
    bench.run(0.5)
    bench.call("a", "cancel", call, ())
    bench.run(2)
    assert bench.events("a", Rejected)[0].status == 487
    _, far = sip_call(bench)
    bench.call("b", "respond", far, 180)
    bench.run(200)
    assert len(bench.events("a", Rejected)) == 2
    assert [len(bench.records[name]) for name in "AB"] == [2, 2]
    assert bench.all_idle()


def test_the_link_fails_in_mid_call():
    bench = Bench(user_part="tup").up()
    call, far = sip_call(bench)
    bench.call("b", "respond", far, 200, body=OFFER)
    bench.run(1)
    bench.cut = True
    bench.run(20)
    bench.call("a", "bye", call, ())
    bench.run(20)
    bench.cut = False
    bench.run_until(bench.all_idle, 300)
    assert [len(bench.records[name]) for name in "AB"] == [1, 1]


# --- configuration

#: Fields of a circuit group that no key of the trunk sets by its own name.
ELSEWHERE = {"own_point_code", "peer_point_code", "cics", "variant", "answer_without_line"}
CHOSEN = """\
selection = "highest"
control = "all"
overlap = true
minimum_digits = 3
maximum_digits = 9
supervises = false
release_control = "either"
request_identity = true
answer_requests = false
reset_at_start = false
group_messages_twice = false
group_messages_confirmed = true
continuity_check = 4
satellite = true
timers = { t6 = 7, answer = 100 }
"""


def test_every_option_of_a_circuit_group_is_reached_from_the_configuration():
    plain = Bench(user_part="tup").nodes["A"].tup.exchange.groups["pstn"]
    chosen = Bench(user_part="tup", trunk=CHOSEN).nodes["A"].tup.exchange.groups["pstn"]
    names = {item.name for item in fields(GroupConfiguration)} - {"name"}
    assert {name for name in names if getattr(plain, name) != getattr(chosen, name)} == names - ELSEWHERE
    assert chosen.timers == {"T6": 7.0, "ANSWER": 100.0}
    defaults = {item.name: item.default for item in fields(GroupConfiguration)}
    assert all(getattr(plain, name) == defaults[name] for name in names - ELSEWHERE - {"timers"})


def test_the_calling_line_may_wait_until_it_is_asked_for():
    transit = Transit("isup", "tup")
    transit.node.tup.trunks["right"].configuration.calling_line = "on request"
    call = transit.setup()
    far = offered(transit).call
    assert not isinstance(transit.right.offered[0].message, InitialAddressWithInformation)
    transit.right.exchange.send(far, GeneralRequest(calling_line=True), transit.now)
    transit.run(0.5)
    assert "right GSM >" in transit.ladder
    transit.release("left", call, 16)
    ended(transit, 16, "incoming")


def test_a_failure_tone_is_heard_before_cfl():
    transit = Transit("tup", "isup", options="failure_tone_seconds = 3")
    transit.setup()
    transit.release("right", offered(transit).call, 17)
    transit.run(1)
    assert any(isinstance(command, Tone) and command.name == "busy" for command in transit.media)
    assert transit.ladder[-1] != "left CFL <"
    transit.run(3)
    assert "left CFL <" in transit.ladder
    ended(transit, 17, "outgoing")
