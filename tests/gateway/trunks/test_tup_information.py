"""Who calls, asked across TUP, ISUP and SIP; metering pulses, the operator's signal and malicious calls beside it."""

from dataclasses import replace

import pytest
from support.node_pair import ADDRESS, OFFER, Bench
from support.outcomes import PROTOCOLS, Scene
from support.transit import Transit

from tandem.gateway.calls.model import InformationReply, InformationRequest, Nature, Number, Setup
from tandem.gateway.sip.primitives import IncomingInvite, InviteRequest
from tandem.gateway.trunks import tup_information as enquiry
from tandem.ss7.isup.cause import CauseIndicators
from tandem.ss7.isup.codes import MessageType as I
from tandem.ss7.isup.indicators import CallingPartysCategory
from tandem.ss7.isup.messages import Message as IsupMessage
from tandem.ss7.isup.numbers import CallingPartyNumber
from tandem.ss7.isup.services import AddressResponse, InformationIndicators, InformationRequestIndicators
from tandem.ss7.isup.supplementary import McidRequestIndicators, McidResponseIndicators
from tandem.ss7.isup.variants import Variant
from tandem.ss7.tup.codes import MessageType as T
from tandem.ss7.tup.fields import CallingLineIdentity
from tandem.ss7.tup.fields import Nature as TupNature
from tandem.ss7.tup.messages import Charging, GeneralForwardSetup, GeneralRequest, MeteringPulses, Signal

CALLER = CallingPartyNumber(digits="30555", nature=3)
INF = [
    InformationIndicators(calling_party_address=AddressResponse.INCLUDED, calling_partys_category=True),
    CALLER,
    CallingPartysCategory(category=11),
]


def begun(transit, calling=""):
    """A call to the right without a calling number; its numbers at the left and at the right."""
    call = transit.setup(calling=calling)
    transit.run(0.2)
    return call, transit.right.offered[-1].call


def talking(transit, calling=""):
    call, far = begun(transit, calling)
    transit.at("right", "do", far, "alert")
    transit.run(0.2)
    transit.at("right", "do", far, "answer")
    transit.run(0.2)
    transit.ladder.clear()
    return call, far


def send(transit, side, call, *message):
    """An outer exchange sends a message of a call."""
    transit.sides[side].exchange.send(call, *message, transit.now)
    transit.run(0.2)


def last_tup(transit):
    """What the TUP exchange at the right was told with GSM."""
    return transit.told[-1]


def noting(transit, side="right"):
    """Keep the messages that an outer TUP exchange hears."""
    transit.told = []
    note = transit.sides[side].note

    def also(output):
        if getattr(output, "message", None) is not None and hasattr(output, "call"):
            transit.told.append(output.message)
        note(output)

    transit.sides[side].note = also
    return transit


def leaves_questions(transit):
    """The TUP exchange at the left answers GRQ when the test says so."""
    group = transit.left.exchange._kernel.groups["g"]
    group.configuration = replace(group.configuration, answer_requests=False)
    return transit


def over(transit, call):
    transit.release("left", call, 16)
    transit.run(5)
    assert transit.all_idle()
    (record,) = transit.records
    return record


def warnings(transit):
    return [line.text for line in transit.lines if line.level == "warning"]


ASKED = GeneralRequest(category=True, calling_line=True)


def test_grq_becomes_inr_and_inf_gsm():
    transit = noting(Transit("isup", "tup"))
    call, far = begun(transit)
    send(transit, "right", far, ASKED)
    assert transit.ladder[-2:] == ["right GRQ <", "left INR <"]
    asked = transit.left.said[-1].get(InformationRequestIndicators)
    assert asked == InformationRequestIndicators(calling_party_address=True, calling_partys_category=True)
    send(transit, "left", call, I.INF, INF)
    assert transit.ladder[-2:] == ["left INF >", "right GSM >"]
    answer = last_tup(transit)
    assert (answer.category, answer.calling_line) == (11, CallingLineIdentity("30555", TupNature.NATIONAL))
    record = over(transit, call)
    assert (record.incoming.calling, record.outgoing.calling) == ("30555", "30555")


def test_what_the_iam_said_is_not_asked_again():
    transit = noting(Transit("isup", "tup"))
    call, far = begun(transit, calling="5551")
    send(transit, "right", far, ASKED)
    assert transit.ladder[-2:] == ["right GRQ <", "right GSM >"]
    assert last_tup(transit).calling_line.digits == "5551"
    over(transit, call)


def test_the_presentation_of_the_number_goes_along():
    transit = noting(Transit("isup", "tup"))
    call, far = begun(transit)
    send(transit, "right", far, ASKED)
    send(transit, "left", call, I.INF, [INF[0], CallingPartyNumber(digits="30555", nature=3, presentation=1)])
    assert last_tup(transit).calling_line.restricted
    over(transit, call)


def test_a_caller_that_has_no_number_is_told_so():
    transit = noting(Transit("isup", "tup"))
    call, far = begun(transit)
    send(transit, "right", far, ASKED)
    none = InformationIndicators(calling_party_address=AddressResponse.NOT_AVAILABLE)
    send(transit, "left", call, I.INF, [none])
    answer = last_tup(transit)
    assert (answer.category, answer.calling_line) == (10, None)
    transit.run(16)
    assert transit.node.control.calls  # T33 was stopped
    over(transit, call)


def test_no_inf_within_t33_ends_the_call():
    """Q.764 2.1.6: the connection is released and maintenance is told."""
    transit = Transit("isup", "tup")
    call, far = begun(transit)
    send(transit, "right", far, ASKED)
    transit.run(20)
    assert transit.left.released[call] == 102
    assert far in transit.right.released
    assert transit.all_idle()
    (record,) = transit.records
    assert (record.cause, record.diagnostic) == (102, "T33 expired: no INF")
    assert any("T33" in text for text in warnings(transit))


def test_a_peer_that_does_not_know_inr_costs_no_call():
    transit = noting(Transit("isup", "tup"))
    call, far = begun(transit)
    send(transit, "right", far, ASKED)
    send(transit, "left", call, I.CFN, [CauseIndicators(97, diagnostics=bytes([I.INR]))])
    assert last_tup(transit).calling_line is None
    transit.run(16)
    over(transit, call)


def test_the_operator_may_have_nobody_asked():
    transit = noting(Transit("isup", "tup"))
    transit.node.isup.trunks["left"].configuration.information_requests = False
    call, far = begun(transit)
    send(transit, "right", far, ASKED)
    assert transit.ladder[-2:] == ["right GRQ <", "right GSM >"]
    assert last_tup(transit).calling_line is None
    over(transit, call)


def test_the_caller_gives_up_while_it_is_asked():
    transit = Transit("isup", "tup")
    call, far = begun(transit)
    send(transit, "right", far, ASKED)
    over(transit, call)
    assert not transit.node.isup._asked
    assert not transit.node.tup._enquiries.asking


def test_a_late_question_is_answered_with_what_is_known():
    """INR belongs to the set-up of a call."""
    transit = noting(Transit("isup", "tup"))
    call, far = talking(transit)
    send(transit, "right", far, ASKED)
    assert transit.ladder == ["right GRQ <", "right GSM >"]
    over(transit, call)


def inquire(transit, far, **asked):
    send(transit, "right", far, I.INR, [InformationRequestIndicators(**asked)])


def test_inr_becomes_grq_and_gsm_inf():
    transit = leaves_questions(Transit("tup", "isup"))
    call, far = begun(transit)
    inquire(transit, far, calling_party_address=True, calling_partys_category=True)
    assert transit.ladder[-2:] == ["right INR <", "left GRQ <"]
    send(transit, "left", call, GeneralForwardSetup(category=11, calling_line=CallingLineIdentity("777")))
    assert transit.ladder[-2:] == ["left GSM >", "right INF >"]
    information = transit.right.said[-1]
    assert information.get(InformationIndicators).calling_party_address == AddressResponse.INCLUDED
    assert information.get(CallingPartyNumber).digits == "777"
    assert information.get(CallingPartysCategory).category == 11
    assert over(transit, call).incoming.calling == "777"


def test_no_gsm_is_an_inf_without_a_number():
    """INFORMATION ends before the T33 of the exchange that asks."""
    transit = leaves_questions(Transit("tup", "isup"))
    call, far = begun(transit)
    inquire(transit, far, calling_party_address=True)
    transit.run(11)
    assert transit.ladder[-1] == "right INF >"
    information = transit.right.said[-1]
    assert information.get(InformationIndicators).calling_party_address == AddressResponse.NOT_AVAILABLE
    transit.run(20)
    over(transit, call)


def test_what_the_iai_said_is_not_asked_again():
    transit = Transit("tup", "isup")
    call, far = begun(transit, calling="5551")
    inquire(transit, far, calling_party_address=True)
    assert transit.ladder[-2:] == ["right INR <", "right INF >"]
    over(transit, call)


def test_a_malicious_call_is_told_with_idr():
    """MAL of the called party is MCID (Q.731.7) towards an ISUP caller; the log names who it was."""
    transit = Transit("isup", "tup", ("china", "china"))
    call, far = talking(transit)
    send(transit, "right", far, Signal(T.MAL))
    assert transit.ladder == ["right MAL <", "left IDR <"]
    assert transit.left.said[-1].get(McidRequestIndicators).identification
    send(transit, "left", call, I.IRS, [McidResponseIndicators(identification_included=True), CALLER])
    transit.run(1)
    assert any("malicious call: the caller is 30555, from left/8" in text for text in warnings(transit))
    assert over(transit, call).incoming.calling == "30555"


def test_a_malicious_call_that_nobody_answers_for_goes_on():
    """T39."""
    transit = Transit("isup", "tup", ("china", "china"))
    call, far = talking(transit)
    send(transit, "right", far, Signal(T.MAL))
    transit.run(20)
    assert transit.node.control.calls
    over(transit, call)


def test_grq_with_malicious_call_becomes_idr():
    transit = noting(Transit("isup", "tup"))
    call, far = talking(transit)
    send(transit, "right", far, GeneralRequest(malicious_call=True))
    assert transit.ladder == ["right GRQ <", "left IDR <"]
    send(transit, "left", call, I.IRS, [McidResponseIndicators(identification_included=True), CALLER])
    answer = last_tup(transit)
    assert (answer.calling_line.digits, answer.malicious_call) == ("30555", True)
    over(transit, call)


@pytest.mark.parametrize(("variant", "told"), [("itu", ["left GRQ <"]), ("china", ["left MAL <", "left GRQ <"])])
def test_idr_reaches_a_tup_caller(variant, told):
    transit = Transit("tup", "isup", (variant, variant))
    call, far = talking(transit, calling="5551")
    send(transit, "right", far, I.IDR, [McidRequestIndicators(identification=True)])
    assert transit.ladder == ["right IDR <", *told, "left GSM >", "right IRS >"]
    response = transit.right.said[-1]
    assert response.get(McidResponseIndicators).identification_included
    assert response.get(CallingPartyNumber).digits == "5551"
    over(transit, call)


@pytest.mark.parametrize("kinds", [("isup", "tup"), ("tup", "isup"), ("isup", "isup")])
def test_metering_pulses_between_tup_and_the_chinese_isup(kinds):
    transit = Transit(*kinds, ("china", "china"))
    call, far = talking(transit, calling="5551")
    for pulses in (3, 260):
        if kinds[1] == "tup":
            send(transit, "right", far, MeteringPulses(pulses))
        else:
            message = IsupMessage(I.MPM, 1, variant=Variant.CHINA, body=pulses.to_bytes(2, "little") + b"\0")
            transit.right.exchange.pass_on(far, message, transit.now)
            transit.run(0.2)
    assert transit.ladder == ["right MPM <", "left MPM <"] * 2
    if kinds[0] == "isup":
        assert transit.left.said[-1].body == b"\x04\x01\0"
    record = over(transit, call)
    assert (record.outgoing.metering_pulses, record.incoming.metering_pulses) == (263, 0)


@pytest.mark.parametrize("variants", [("itu", "china")])
def test_metering_pulses_end_where_the_other_network_has_none_but_are_recorded(variants):
    transit = Transit("isup", "tup", variants)
    call, far = talking(transit)
    send(transit, "right", far, MeteringPulses(5))
    assert transit.ladder == ["right MPM <"]
    assert over(transit, call).outgoing.metering_pulses == 5


def test_the_operator_comes_in_from_tup_to_the_chinese_isup():
    transit = Transit("tup", "isup", ("china", "china"))
    call, _ = talking(transit)
    send(transit, "left", call, Signal(T.OPR))
    assert transit.ladder == ["left OPR >", "right OPR >"]
    assert transit.right.said[-1].body == b"\0"
    over(transit, call)


@pytest.mark.parametrize("far", ["tup", "isup"])
def test_the_operator_comes_in_from_the_chinese_isup(far):
    transit = Transit("isup", far, ("china", "china"))
    call, _ = talking(transit)
    transit.left.exchange.pass_on(call, IsupMessage(I.OPR, 1, variant=Variant.CHINA, body=b"\0"), transit.now)
    transit.run(0.2)
    assert transit.ladder == ["left OPR >", "right OPR >"]
    over(transit, call)


@pytest.mark.parametrize(("caller", "line"), [("sip:100@127.0.0.1", "100"), ("sip:anonymous@anonymous.invalid", None)])
def test_for_a_sip_caller_the_call_answers(caller, line):
    """Nobody can be asked: what the INVITE said is told, and that there is no number where it had none."""
    bench = Bench(user_part="tup").up()
    request = InviteRequest(
        uri="sip:301@127.0.0.1", from_uri=caller, to_uri="sip:301@127.0.0.1", destination=ADDRESS["A"], body=OFFER
    )
    bench.call("a", "invite", request)
    bench.run_until(lambda: bench.events("b", IncomingInvite), 20)
    node, told = bench.nodes["B"], []
    (call,) = node.tup.exchange.calls()
    node.tup._call_message = lambda call, message, now: told.append(message)
    node.tup.exchange.send(call, GeneralRequest(calling_line=True, malicious_call=True), bench.now)
    node._settle(bench.now)
    bench._drain("B")
    bench.run(0.5)
    (answer,) = told
    assert (answer.calling_line and answer.calling_line.digits, answer.malicious_call) == (line, line is not None)


def test_an_answer_that_nobody_waits_for_says_nothing():
    """The attempt that asked has failed meanwhile, and another is under way."""
    transit = Transit("isup", "tup")
    call, _ = begun(transit)
    (known,) = transit.node.control.calls.values()
    transit.ladder.clear()
    transit.node.control.event(known.incoming, InformationReply(Number("1")), transit.now)
    transit.run(0.2)
    assert (transit.ladder, warnings(transit)) == ([], [])
    over(transit, call)


def test_questions_and_answers_in_the_words_of_tup():
    request = GeneralRequest(category=True, malicious_call=True, hold=True)
    asked = enquiry.request_of(request)
    assert asked == InformationRequest(calling=True, category=True, malicious=True, hold=True)
    assert enquiry.general_request(asked).calling_line
    reply = enquiry.reply_of(GeneralForwardSetup(category=20, calling_line=CallingLineIdentity("77"), hold=True))
    assert reply == InformationReply(Number("77", Nature.NATIONAL), 11, None, hold=True)


def test_identity_on_request():
    setup = Setup(Number("301"), Number("555"), category=11)
    request = GeneralRequest(category=True, calling_line=True, malicious_call=True)
    answer = enquiry.information(request, setup, TupNature.NATIONAL, 10, "")
    assert (answer.category, answer.calling_line.digits, answer.malicious_call) == (11, "555", True)
    unknown = enquiry.information(request, Setup(Number("301"), category=40), TupNature.NATIONAL, 10, "")
    assert (unknown.category, unknown.calling_line, unknown.malicious_call) == (10, None, False)


@pytest.mark.parametrize(("far", "goes_on"), [("tup", True), ("isup", False)])
def test_charging_goes_to_tup_only(far, goes_on):
    """The content of CHG is national: it means nothing elsewhere."""
    transit = Transit(far, "tup")
    call, there = talking(transit, calling="5551")
    send(transit, "right", there, Charging(rest=b"\x01\x02"))
    assert transit.ladder == ["right CHG <", *(["left CHG <"] if goes_on else [])]
    over(transit, call)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("calling", ["5551", ""])
def test_a_tup_exchange_learns_who_calls_from_any_protocol(protocol, calling):
    """What the call was set up with is told; what a SIP or PRI caller has not said, nobody can."""
    scene = noting(Scene((protocol, "tup")))
    if protocol == "isup":
        scene.node.isup.trunks["left"].configuration.information_requests = False
    call = scene.setup(calling=calling)
    scene.run(0.5)
    send(scene, "right", scene.right.offered[0].call, ASKED)
    scene.run(12)
    assert "right GSM >" in scene.ladder
    line = last_tup(scene).calling_line
    assert (line and line.digits) == (calling or None)
    scene.end("left", call)
    scene.run(5)
    assert scene.all_idle()
