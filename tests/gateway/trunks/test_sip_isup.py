"""SIP-T and SIP-I: ISUP in SIP loses nothing, and what each side makes of it."""

import pytest
from msgspec.structs import replace
from support.isup_pair import ACM, SUS_NETWORK, iam
from support.isup_single import cause
from support.sip_isup_pair import CARRIES, SipIsupPair
from support.sip_messages import invite

from tandem.gateway.calls.model import Nature, Number, Presentation, Screening, Setup
from tandem.gateway.configuration.schema import SipTrunk
from tandem.gateway.sip.message import Request
from tandem.gateway.sip.multipart import Part, build
from tandem.gateway.sip.primitives import InfoReceived
from tandem.gateway.trunks import isup_mapping
from tandem.gateway.trunks.sip_isup import Encapsulation, information_of, merge_setup, refusal
from tandem.ss7.isup.codes import MessageType as M
from tandem.ss7.isup.codes import ParameterCode as P
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.numbers import CalledPartyNumber, CallingPartyNumber, SubsequentNumber
from tandem.ss7.isup.parameters import RawParameter
from tandem.ss7.isup.variants import Variant

HOPS = RawParameter(P.HOP_COUNTER, b"\x0a")
#: What an IAM may carry besides: known, national and unknown parameters, each with its octets.
MORE = [
    RawParameter(P.CALLING_PARTY_NUMBER, b"\x83\x13\x94\x08\x01"),
    HOPS,
    RawParameter(P.OPTIONAL_FORWARD_CALL_INDICATORS, b"\x80"),
    RawParameter(P.REDIRECTING_NUMBER, b"\x03\x14\x21\x43"),
    RawParameter(P.REDIRECTION_INFORMATION, b"\x33\x12"),
    RawParameter(P.ORIGINAL_CALLED_NUMBER, b"\x03\x14\x65\x87"),
    RawParameter(P.GENERIC_NUMBER, b"\x06\x03\x13\x21\x43"),
    RawParameter(P.USER_TO_USER_INFORMATION, b"\x04hello"),
    RawParameter(P.ACCESS_TRANSPORT, b"\x7d\x02\x91\x81"),
    RawParameter(P.USER_SERVICE_INFORMATION, b"\x90\x90\xa3"),
    RawParameter(P.PROPAGATION_DELAY_COUNTER, b"\x00\x07"),
    RawParameter(P.LOCATION_NUMBER, b"\x84\x17\x94\x08\x01"),
    RawParameter(P.PARAMETER_COMPATIBILITY_INFORMATION, b"\x96\x80"),
    RawParameter(0x96, b"\x01\x02\x03"),
]
BACK = [
    RawParameter(P.OPTIONAL_BACKWARD_CALL_INDICATORS, b"\x01"),
    RawParameter(P.USER_TO_USER_INFORMATION, b"\x04world"),
    RawParameter(P.PARAMETER_COMPATIBILITY_INFORMATION, b"\x97\x80"),
    RawParameter(0x97, b"\x09"),
]
#: What Q.764 has every exchange change: the hop counter counts (2.1), the propagation delay is added up (2.6).
CHANGED = {P.HOP_COUNTER, P.PROPAGATION_DELAY_COUNTER}


def content(message):
    """Parameters by code, those left out that each exchange changes."""
    return sorted((item.code, item.octets) for item in message.raw_parameters() if item.code not in CHANGED)


def parameters(items):
    return sorted((int(item.code), item.encode()) for item in items if item.code not in CHANGED)


def calling(pair, *more):
    """A call from the exchange at A; the IAM that arrives at B."""
    pair.receive("A", M.IAM, 3, *iam(), *more)
    (initial,) = pair.take("B")
    assert pair.take("A") == []
    return initial


# --- nothing is lost


def test_every_parameter_of_a_call_is_the_same_at_both_ends():
    """IAM, ACM, CPG, ANM, SUS, RES, a message that the call knows nothing of, and REL, octet for octet."""
    pair = SipIsupPair()
    initial = calling(pair, *MORE)
    assert content(initial) == parameters(iam() + MORE)
    assert initial.raw(P.HOP_COUNTER) == b"\x08", "each of two gateways counts"
    cic = initial.cic
    for kind, fixed in (
        (M.ACM, ACM),
        (M.CPG, [RawParameter(P.EVENT_INFORMATION, b"\x02")]),
        (M.ANM, []),
        (M.SUS, SUS_NETWORK),
        (M.RES, SUS_NETWORK),
        (M.USR, [RawParameter(P.USER_TO_USER_INFORMATION, b"\x04abc")]),
    ):
        items = fixed + (BACK if kind not in (M.USR, M.SUS, M.RES) else [])
        pair.receive("B", kind, cic, *items)
        (message,) = pair.take("A")
        assert (message.type, message.cic) == (kind, 3)
        assert content(message) == parameters(items), kind
    pair.receive("A", M.USR, 3, RawParameter(P.USER_TO_USER_INFORMATION, b"\x04def"))
    (message,) = pair.take("B")
    assert (message.type, message.raw(P.USER_TO_USER_INFORMATION)) == (M.USR, b"\x04def")
    hold = [
        RawParameter(P.EVENT_INFORMATION, b"\x02"),
        RawParameter(P.GENERIC_NOTIFICATION_INDICATOR, b"\xf9"),
        BACK[1],
    ]
    pair.receive("A", M.CPG, 3, *hold)
    (message,) = pair.take("B")
    assert (message.type, content(message)) == (M.CPG, parameters(hold))
    released = [cause(31, 5), RawParameter(P.USER_TO_USER_INFORMATION, b"\x04bye"), BACK[3], BACK[2]]
    pair.receive("A", M.REL, 3, *released)
    (message,) = pair.take("B")
    assert (message.type, content(message)) == (M.REL, parameters(released))
    assert "BYE" in pair.names()
    pair.receive("B", M.RLC, cic)
    assert [record.cause for name in "AB" for record in pair.records[name]] == [31, 31]


@pytest.mark.parametrize("stage", ["before", "after ACM"])
def test_a_refusal_loses_nothing(stage):
    pair = SipIsupPair()
    initial = calling(pair)
    if stage != "before":
        pair.receive("B", M.ACM, initial.cic, *ACM)
        pair.take("A")
    items = [cause(17, 4), RawParameter(P.USER_TO_USER_INFORMATION, b"\x04busy"), BACK[3], BACK[2]]
    pair.receive("B", M.REL, initial.cic, *items)
    (message,) = [found for found in pair.take("A") if found.type is M.REL]
    assert content(message) == parameters(items)
    refused = pair.said("486 INVITE")
    assert refused.content_type == "application/isup"


def test_giving_up_loses_nothing():
    pair = SipIsupPair()
    initial = calling(pair)
    items = [cause(16, 0), BACK[1]]
    pair.receive("A", M.REL, 3, *items)
    message = next(found for found in pair.take("B") if found.type is M.REL)
    assert content(message) == parameters(items)
    assert initial.cic == message.cic
    assert pair.said("CANCEL").content_type == "application/isup"


def test_con_without_acm():
    pair = SipIsupPair()
    initial = calling(pair)
    items = [*ACM, RawParameter(P.CONNECTED_NUMBER, b"\x03\x13\x21\x43")]
    pair.receive("B", M.CON, initial.cic, *items)
    (message,) = pair.take("A")
    assert (message.type, content(message)) == (M.CON, parameters(items))


# --- how it looks in SIP


def test_the_invite():
    """RFC 3204 and RFC 3372: multipart/mixed, version and base, signal, the message from its type octet on."""
    pair = SipIsupPair('isup_variant = "itu"\nisup_version = "tandem"\nisup_base = "etsi356"')
    calling(pair)
    request = pair.invite()
    assert request.content_type == "multipart/mixed"
    assert request.get("MIME-Version") == "1.0"
    sdp, isup = request.parts()
    assert sdp.media_type == "application/sdp"
    assert (isup.parameter("version"), isup.parameter("base")) == ("tandem", "etsi356")
    assert (isup.disposition, isup.required) == ("signal", True)
    assert isup.body[0] == M.IAM
    assert Message.parse(b"\0\0" + isup.body).get(CalledPartyNumber).digits == "123456"


def test_the_messages_of_a_whole_call():
    pair = SipIsupPair()
    initial = calling(pair)
    for kind, items in ((M.ACM, ACM), (M.ANM, []), (M.SUS, SUS_NETWORK)):
        pair.receive("B", kind, initial.cic, *items)
    pair.receive("B", M.REL, initial.cic, cause(16))
    carried = {}
    for name, (_, message) in zip(pair.names(), pair.sip, strict=True):
        part = message.part("application/isup")
        if part is not None:
            carried.setdefault(name, M(part.body[0]).name)
    assert carried == {
        "INVITE": "IAM",
        "180 INVITE": "ACM",
        "200 INVITE": "ANM",
        "INFO": "SUS",
        "BYE": "REL",
        "200 BYE": "RLC",
    }


@pytest.mark.parametrize("variant", [Variant.CHINA, Variant.ANSI])
def test_other_variants(variant):
    """Both ends and the messages between them are of the variant."""
    pair = SipIsupPair(f'isup_variant = "{variant.value}"', (variant, variant))
    first = (
        iam()
        if variant is Variant.CHINA
        else [item for item in iam() if item.code != P.TRANSMISSION_MEDIUM_REQUIREMENT]
    )
    more = [RawParameter(P.USER_SERVICE_INFORMATION, b"\x90\x90\xa2")] if variant is Variant.ANSI else []
    pair.receive("A", M.IAM, 3, *first, *more)
    (initial,) = pair.take("B")
    assert content(initial) == parameters(first + more)
    part = pair.invite().part("application/isup")
    assert part.parameter("base") == ("ansi00" if variant is Variant.ANSI else "itu-t92+")
    pair.receive("B", M.ACM, initial.cic, *ACM)
    (message,) = pair.take("A")
    assert content(message) == parameters(ACM)


def test_between_variants_messages_are_adapted():
    pair = SipIsupPair(CARRIES, (Variant.ITU, Variant.ANSI))
    initial = calling(pair)
    assert initial.raw(P.USER_SERVICE_INFORMATION) == b"\x90\x90\xa2"
    assert P.TRANSMISSION_MEDIUM_REQUIREMENT not in initial


def test_our_own_refusal_has_a_rel():
    """A local reply: B takes no calls."""
    pair = SipIsupPair()
    pair.nodes["B"].control.accepting = False
    pair.receive("A", M.IAM, 3, *iam())
    (message,) = pair.take("A")
    refused = next(found for _, found in pair.sip if getattr(found, "status", 0) >= 400)
    part = refused.part("application/isup")
    assert part.body[0] == message.type == M.REL
    assert content(Message.parse(b"\0\0" + part.body)) == content(message)


def test_a_plain_sip_peer_gets_no_isup_and_gives_none():
    pair = SipIsupPair("")
    initial = calling(pair)
    assert pair.invite().content_type == "application/sdp"
    pair.receive("B", M.ACM, initial.cic, *ACM)
    pair.receive("B", M.SUS, initial.cic, *SUS_NETWORK)
    assert "INFO" not in pair.names()


@pytest.mark.parametrize(("handling", "status"), [("required", "415 INVITE"), ("optional", "100 INVITE")])
def test_a_peer_that_does_not_carry_isup(handling, status):
    """RFC 3204 6: the call is refused, or taken as plain SIP."""
    pair = SipIsupPair(f'{CARRIES}\nisup_handling = "{handling}"', other_sip="")
    pair.receive("A", M.IAM, 3, *iam())
    assert status in pair.names()
    assert bool(pair.take("B")) is (handling == "optional")
    if handling == "required":
        assert "application/isup" in pair.said(status).values("Accept")


# --- precedence


TRUNK = SipTrunk(name="t", peer="192.0.2.1", isup_variant="itu")


def merged(sip, *more, trunk=TRUNK, country=""):
    message = Message.build(M.IAM, 0, [*iam(), *more])
    return merge_setup(sip, message, trunk, country)


def test_the_called_number_is_that_of_the_request_uri():
    same = merged(Setup(Number("123456")))
    assert same.called == Number("123456", Nature.NATIONAL)
    assert merged(Setup(Number("49123456", Nature.INTERNATIONAL)), country="49").called.nature is Nature.NATIONAL
    assert merged(Setup(Number("999"))).called == Number("999")


CALLING = CallingPartyNumber(digits="800", nature=3, presentation=0, screening=3)


def test_the_calling_number():
    other = Number("100", screening=Screening.NETWORK)
    assert merged(Setup(Number("123456"), other), CALLING).calling.digits == "800"
    assert merged(Setup(Number("123456"), other)).calling == other
    sip = SipTrunk(name="t", peer="192.0.2.1", isup_variant="itu", isup_precedence="sip")
    assert merged(Setup(Number("123456"), other), CALLING, trunk=sip).calling == other
    hidden = Number("800", presentation=Presentation.RESTRICTED)
    assert merged(Setup(Number("123456"), hidden), CALLING).calling.presentation is Presentation.RESTRICTED


def test_an_iam_says_nothing_of_a_way_that_is_not_whole():
    """COT is not carried: SIP has preconditions for it."""
    part = Encapsulation(SipTrunk(name="t", isup_variant="itu")).initial(
        Setup(Number("301", Nature.NATIONAL), continuity_pending=True), ""
    )
    assert Message.parse(b"\0\0" + part.body).raw(P.NATURE_OF_CONNECTION_INDICATORS) == b"\0"


def test_the_hops_that_are_fewer():
    assert merged(Setup(Number("1"), hop_counter=31), HOPS).hop_counter == 10
    assert merged(Setup(Number("1"), hop_counter=3), HOPS).hop_counter == 3
    assert merged(Setup(Number("1"), hop_counter=3)).hop_counter is None, "ISUP that does not count hops goes on so"


def test_a_changed_called_number_goes_out_changed():
    setup = merged(Setup(Number("999", Nature.NATIONAL)))
    onward = Message.build(M.IAM, 1, isup_mapping.iam_parameters(setup, 3, 10, ""))
    assert onward.get(CalledPartyNumber).digits == "999"


# --- bodies that cannot be used


def body(*several):
    kind, octets = build(several, "edge")
    request = invite("sip:1@x", f"Content-Type: {kind}")
    request.body = octets
    return request


SDP = Part("application/sdp", b"v=0\r\n")


@pytest.mark.parametrize(
    ("part", "carries", "status"),
    [
        (Part("application/isup", b"\x0c\0", {}, "signal", True), False, 415),
        (Part("application/isup", b"\x0c\0", {}, "signal", False), False, None),
        (Part("application/isup", b"", {}, "signal", True), True, 415),
        (Part("application/pidf+xml", b"x", {}, "render", True), True, 415),
        (Part("application/pidf+xml", b"x"), True, None),
    ],
)
def test_what_must_be_understood(part, carries, status):
    assert refusal(body(SDP, part), Encapsulation(TRUNK) if carries else None) == status


def test_a_malformed_body_is_refused():
    request = invite("sip:1@x", "Content-Type: multipart/mixed;boundary=x")
    request.body = b"nonsense"
    assert refusal(request, None) == 400


def test_messages_of_circuits_are_not_carried():
    encapsulation = Encapsulation(TRUNK)
    for kind in (M.RLC, M.BLO, M.UCIC):
        message = Message.build(kind, 0)
        assert encapsulation.transparent(information_of(message)) is None


# --- digits one by one where ISUP is carried

OVERLAP = 'isup_variant = "itu"\noverlap = "invites"'
SAM_12 = RawParameter(P.SUBSEQUENT_NUMBER, b"\x00\x21")
SAM_3_ST = RawParameter(P.SUBSEQUENT_NUMBER, b"\x00\xf3")


def dialled_on():
    """ISUP, SIP-I, ISUP: an IAM with four digits, a SAM with two, a SAM with one and ST."""
    pair = SipIsupPair(OVERLAP, circuits="overlap = true\npass_digits = true")
    pair.receive("A", M.IAM, 3, *iam(b"\x87\x65"), *MORE)
    (initial,) = pair.take("B")
    pair.receive("A", M.SAM, 3, SAM_12)
    pair.receive("A", M.SAM, 3, SAM_3_ST)
    return pair, initial


def invited(pair):
    """Request-URI and called number of the IAM of each INVITE."""
    found = []
    for _, message in pair.sip:
        if isinstance(message, Request) and message.method == "INVITE":
            called = Message.parse(b"\0\0" + message.part("application/isup").body).get(CalledPartyNumber)
            found.append((message.uri.user, called.digits, called.st))
    return found


def test_each_invite_has_an_iam_with_all_digits():
    pair, initial = dialled_on()
    assert initial.get(CalledPartyNumber) == CalledPartyNumber(
        digits="7856", nature=Nature.NATIONAL, inn=False, st=False
    )
    assert invited(pair) == [("7856", "7856", False), ("785612", "785612", False), ("7856123", "7856123", True)]
    assert content(initial) == parameters(iam(b"\x87\x65") + MORE)
    first, second = pair.take("B")
    assert [(one.type, one.get(SubsequentNumber)) for one in (first, second)] == [
        (M.SAM, SubsequentNumber("12")),
        (M.SAM, SubsequentNumber("3", st=True)),
    ]
    assert pair.names().count("484 INVITE") == 2
    pair.receive("B", M.ACM, initial.cic, *ACM)
    pair.receive("B", M.ANM, initial.cic)
    assert [message.type for message in pair.take("A")] == [M.ACM, M.ANM]
    pair.receive("A", M.REL, 3, cause(16))
    pair.receive("B", M.RLC, initial.cic)
    pair.run(40)
    assert [(record.result, record.outgoing.called) for name in "AB" for record in pair.records[name]] == [
        ("answered", "7856123"),
        ("answered", "7856123"),
    ]
    for node in pair.nodes.values():
        assert not node.sip._sessions
        assert set(node.sip.agent.sizes().values()) == {0}


def test_each_info_has_a_sam():
    """The in-dialog method: one INVITE, a 183 that makes the dialog, and SAM by SAM."""
    pair = SipIsupPair(OVERLAP.replace("invites", "info"), circuits="overlap = true\npass_digits = true")
    pair.receive("A", M.IAM, 3, *iam(b"\x87\x65"))
    (initial,) = pair.take("B")
    pair.receive("A", M.SAM, 3, SAM_12)
    pair.receive("A", M.SAM, 3, SAM_3_ST)
    assert invited(pair) == [("7856", "7856", False)]
    assert pair.names().count("INFO") == 2
    assert [one.get(SubsequentNumber) for one in pair.take("B")] == [
        SubsequentNumber("12"),
        SubsequentNumber("3", st=True),
    ]
    pair.receive("B", M.ACM, initial.cic, *ACM)
    pair.receive("B", M.ANM, initial.cic)
    assert [message.type for message in pair.take("A")] == [M.ACM, M.ANM]


def sam(pair, number):
    """A SAM as a part of a body."""
    message = Message.build(M.SAM, 0, [number], variant=pair.variants["A"])
    return Part("application/isup", message.encode()[2:], {"version": "x"}, "signal", True)


@pytest.mark.parametrize("all_digits", [True, False])
def test_a_sam_in_an_invite_is_taken(all_digits):
    """A peer that puts the SAM itself into its next INVITE, with all digits in the Request-URI or those before."""
    pair = SipIsupPair(OVERLAP, circuits="overlap = true\npass_digits = true")
    pair.receive("A", M.IAM, 3, *iam(b"\x87\x65"))
    (initial,) = pair.take("B")
    adapter = pair.nodes["A"].sip
    adapter.trunks["carrier"].encapsulation.initial = lambda setup, country_code: sam(pair, SAM_12)
    if not all_digits:
        ask = adapter.agent.invite
        adapter.agent.invite = lambda request, now: ask(
            replace(request, uri=request.uri.replace("785612", "7856"), to_uri=request.to_uri), now
        )
    pair.receive("A", M.SAM, 3, SAM_12)
    assert invited_uris(pair)[1:] == (["785612"] if all_digits else ["7856"])
    (further,) = pair.take("B")
    assert (further.type, further.cic, further.get(SubsequentNumber).digits) == (M.SAM, initial.cic, "12")


def invited_uris(pair):
    return [one.uri.user for _, one in pair.sip if isinstance(one, Request) and one.method == "INVITE"]


def test_a_sam_in_info_is_taken_until_the_number_is_whole():
    pair = SipIsupPair(OVERLAP, circuits="overlap = true\npass_digits = true")
    pair.receive("A", M.IAM, 3, *iam(b"\x87\x65"))
    (initial,) = pair.take("B")
    adapter = pair.nodes["B"].sip
    (call,) = adapter._sessions
    for number in (SAM_12, SAM_3_ST, SAM_12):
        part = sam(pair, number)
        message = invite("sip:1@x", "Content-Type: application/isup")
        message.body = part.body
        adapter._handle(InfoReceived(call, message), pair.now)
        pair._drain("B")
    found = pair.take("B")
    assert [(one.type, one.cic, one.get(SubsequentNumber)) for one in found] == [
        (M.SAM, initial.cic, SubsequentNumber("12")),
        (M.SAM, initial.cic, SubsequentNumber("3", st=True)),
    ]
