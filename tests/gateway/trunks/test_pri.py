"""PRI trunks in a whole gateway: to PRI, ISUP, TUP and SIP, both ways, and what becomes of every call."""

import random
from contextlib import suppress

import pytest
from support.transit import Transit
from support.transit_access import SDP, SipSide, pri_side

from tandem.gateway.media.protocol import Source, SpanChanged, TimeslotEndpoint, Tone
from tandem.gateway.trunks.circuits import PERSISTENCE
from tandem.isdn.q931.bearer import BearerCapability, HighLayerCompatibility, LowLayerCompatibility
from tandem.isdn.q931.cause import ProgressIndicator
from tandem.isdn.q931.channels import Service
from tandem.isdn.q931.indications import NotificationIndicator, SendingComplete
from tandem.isdn.q931.messages import MessageType
from tandem.isdn.q931.numbers import CalledPartyNumber, CallingPartyNumber, ConnectedNumber, RedirectingNumber
from tandem.isdn.q931.primitives import CallStateError
from tandem.isdn.q931.texts import CalledPartySubaddress, CallingPartySubaddress, Display, Facility, UserUser
from tandem.ss7.isup.adaptation import adapted
from tandem.ss7.isup.codes import MessageType as IsupType
from tandem.ss7.isup.codes import ParameterCode
from tandem.ss7.isup.indicators import Event, EventInformation, ForwardCallIndicators
from tandem.ss7.isup.numbers import CallingPartyNumber as IsupCalling
from tandem.ss7.isup.parameters import RawParameter
from tandem.ss7.isup.primitives import CallStateError as IsupStateError
from tandem.ss7.isup.services import GenericNotificationIndicator
from tandem.ss7.isup.variants import Variant

NETWORK, USER = pri_side("network"), pri_side("user")
AMERICAN, QSIG = pri_side("network", "ni2"), pri_side("user", "qsig")
PAIRS = {
    "pri-pri": (NETWORK, USER),
    "pri-american": (USER, AMERICAN),
    "american-pri": (AMERICAN, NETWORK),
    "qsig-pri": (QSIG, NETWORK),
    "pri-isup": (NETWORK, "isup"),
    "isup-pri": ("isup", NETWORK),
    "isup-user": ("isup", USER),
    "american-isup": (AMERICAN, "isup"),
    "pri-tup": (NETWORK, "tup"),
    "tup-pri": ("tup", USER),
    "pri-sip": (NETWORK, SipSide),
    "sip-pri": (SipSide, NETWORK),
    "sip-user": (SipSide, USER),
    "sip-american": (SipSide, AMERICAN),
}
pairs = pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)


def transit(left, right, **options):
    """A Transit; sides are SS7 user parts by name, or classes."""
    more = {kind: kind for kind in (left, right) if not isinstance(kind, str)}
    return Transit(left, right, more=more, **options)


def offered(transit, side="right"):
    transit.run(0.3)
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


def ended(transit, cause, by, result="failed", seconds=6):
    """One record of the one call, every channel idle."""
    transit.run(seconds)
    assert transit.all_idle()
    assert not transit.node.control.calls
    (record,) = transit.records
    assert (record.cause, record.released_by, record.result) == (cause, by, result)
    return record


def protocol(side):
    return "sip" if side is SipSide else side if isinstance(side, str) else "pri"


@pairs
@pytest.mark.parametrize("by", ["left", "right"])
def test_success_released_by_either_side(pair, by):
    line = transit(*pair)
    call, far = talk(line)
    called, calling = line.right.number(line.right.offered[0])
    assert called.lstrip("+") == "3012"
    assert calling.lstrip("+") == "5551"
    line.release(by, call if by == "left" else far, 16)
    if by == "right" and "tup" in pair:
        line.run(1)
        line.release("left", call, 16)  # the called party cleared, and the calling side ends it
        line.run(6)
        assert line.all_idle()
        return
    record = ended(line, 16, "incoming" if by == "left" else "outgoing", "answered")
    assert (record.incoming.protocol, record.outgoing.protocol) == (protocol(pair[0]), protocol(pair[1]))


@pairs
@pytest.mark.parametrize("cause", [1, 17, 34])
def test_a_refusal_reaches_the_caller_with_its_cause(pair, cause):
    line = transit(*pair)
    call = line.setup()
    line.release("right", offered(line).call, cause)
    line.run(6)
    assert line.all_idle()
    (record,) = line.records
    told = {34: 41}.get(cause, cause) if pair[1] is SipSide else cause  # 503 says 41 (RFC 3398 8.2.6.1)
    assert (record.cause, record.result) == (told, "failed")
    assert line.left.released[call] == (34 if told == 41 and pair[0] is SipSide else told)


@pairs
def test_nobody_answers(pair):
    line = transit(*pair)
    line.setup()
    line.at("right", "do", offered(line).call, "alert")
    line.run(300)
    (record,) = line.records
    assert record.result == "failed"
    assert record.cause in (19, 102, 16, 18, 31)
    assert line.all_idle()


@pairs
@pytest.mark.parametrize("alerting", [False, True])
def test_abandoned_before_answer(pair, alerting):
    line = transit(*pair)
    call = line.setup()
    far = offered(line).call
    if alerting:
        line.at("right", "do", far, "alert")
    line.run(0.5)
    line.release("left", call, 16)
    ended(line, 16, "incoming")
    assert far in line.right.released or far in line.right.cleared


@pairs
def test_answer_without_alerting(pair):
    line = transit(*pair)
    call = line.setup()
    line.at("right", "answer_at_once", offered(line).call)
    line.run(1)
    line.release("left", call, 16)
    ended(line, 16, "incoming", "answered")


@pytest.mark.parametrize("kind", [NETWORK, USER, "isup", SipSide], ids=["network", "user", "isup", "sip"])
def test_overlap_digits_are_collected(kind):
    overlapping = pri_side("network", lines="overlap = true\n")
    line = transit(overlapping, kind)
    call = line.setup(digits="30", complete=False)
    line.run(1)
    assert not line.right.offered
    assert "SETUP ACKNOWLEDGE" in [message.name for message in line.left.messages]
    line.at("left", "digits", call, "1", False)
    line.run(1)
    line.at("left", "digits", call, "2", True)
    assert line.right.number(offered(line))[0] == "3012"
    line.release("left", call, 16)
    ended(line, 16, "incoming")


def test_overlap_ends_with_the_longest_number_or_with_t302():
    line = transit(pri_side("network", lines="overlap = true\nmaximum_digits = 4\n"), USER)
    call = line.setup(digits="301", complete=False)
    line.run(0.5)
    line.at("left", "digits", call, "2", False)
    assert line.right.number(offered(line))[0] == "3012"
    line = transit(pri_side("network", lines="overlap = true\n[trunk.timers]\nt302 = 3.0\n"), USER)
    line.setup(digits="301", complete=False)
    line.run(2.5)
    assert not line.right.offered
    line.run(1)
    assert line.right.number(offered(line))[0] == "301"


PASSING = "overlap = true\npass_digits = true\nminimum_digits = 2\n"


@pytest.mark.parametrize("pair", [("pri", "pri"), ("pri", "isup"), ("isup", "pri")], ids="-".join)
def test_digits_go_on_one_by_one(pair):
    sides = [
        kind if kind == "isup" else pri_side(role, overlap=True)
        for kind, role in zip(pair, ("network", "user"), strict=True)
    ]
    line = transit(*sides, options=PASSING, **({"overlap": True} if "isup" in pair else {}))
    call = line.setup(digits="3", complete=False)
    line.run(0.3)
    assert not line.right.offered
    line.at("left", "digits", call, "0", False)
    far = offered(line)
    assert line.right.number(far)[0] == "30"
    for digit in "12":
        line.at("left", "digits", call, digit, False)
        line.run(0.2)
    assert line.right.digits_heard() == "12"
    line.at("right", "do", far.call, "alert")
    line.run(0.5)
    line.at("right", "do", far.call, "answer")
    line.run(1)
    line.release("left", call, 16)
    record = ended(line, 16, "incoming", "answered")
    assert (record.incoming.called, record.outgoing.called) == ("3012", "3012")


def test_digits_wait_until_the_peer_asks_for_them():
    line = transit(pri_side("network"), pri_side("user"), options=PASSING)
    call = line.setup(digits="30", complete=False)
    far = offered(line).call
    for digit in "12":
        line.at("left", "digits", call, digit, False)
    line.run(0.5)
    assert line.right.digits_heard() == ""
    line.right.exchange.more_info(far, (), line.now)
    line.run(0.5)
    assert line.right.digits_heard() == "12"
    line.release("left", call, 16)
    ended(line, 16, "incoming")


def test_t302_ends_the_number_on_both_sides():
    passing = pri_side("network", lines=PASSING + "[trunk.timers]\nt302 = 3.0\n")
    line = transit(passing, pri_side("user", lines="overlap = true\n", overlap=True))
    line.setup(digits="301", complete=False)
    far = offered(line)
    line.run(3)
    last = [message for message in line.right.messages if message.type == MessageType.INFORMATION][-1]
    assert last.get(SendingComplete) is not None
    assert "CALL PROCEEDING" in line.left.heard
    line.release("right", far.call, 1)
    ended(line, 1, "outgoing")


def test_where_the_route_takes_whole_numbers_only_digits_are_collected():
    line = transit(pri_side("network", lines=PASSING), USER)
    call = line.setup(digits="301", complete=False)
    line.run(0.5)
    assert not line.right.offered
    line.at("left", "digits", call, "2", True)
    assert line.right.number(offered(line))[0] == "3012"
    line.release("left", call, 16)
    ended(line, 16, "incoming")


# --- speech


def sources(line, span):
    """What each timeslot of a span was told last to transmit."""
    found = {}
    for command in line.media:
        if isinstance(command, Source | Tone) and getattr(command.sink, "span", "") == span:
            found[command.sink.timeslot] = command
    return found


def test_a_caller_hears_ringback_made_here_until_the_answer():
    line = transit(NETWORK, USER)
    line.setup()
    far = offered(line).call
    line.at("right", "do", far, "alert")
    line.run(0.5)
    (command,) = sources(line, "left").values()
    assert command == Tone(TimeslotEndpoint("left", 8), "ringback")
    alerting = next(message for message in line.left.messages if message.type == MessageType.ALERTING)
    assert [indicator.description for indicator in alerting.get_all(ProgressIndicator)] == [8]
    line.at("right", "do", far, "answer")
    line.run(0.5)
    assert sources(line, "left")[8] == Source(TimeslotEndpoint("left", 8), TimeslotEndpoint("right", 1))
    assert sources(line, "right")[1] == Source(TimeslotEndpoint("right", 1), TimeslotEndpoint("left", 8))


def test_ringback_in_band_is_the_far_sides():
    line = transit(NETWORK, USER)
    line.setup()
    line.at("right", "do", offered(line).call, "alert in band")
    line.run(0.5)
    assert isinstance(sources(line, "left")[8], Source)


def test_a_data_call_is_carried_octet_by_octet_and_has_no_ringback():
    line = transit(NETWORK, AMERICAN)
    call = line.at("left", "call_with", BearerCapability(8))
    far = offered(line)
    assert far.message.get(BearerCapability).capability == 8
    line.at("right", "do", far.call, "alert")
    line.run(0.5)
    assert sources(line, "left")[8].transparent
    line.release("left", call, 16)
    ended(line, 16, "incoming")


@pytest.mark.parametrize(
    "bearer", [BearerCapability(0x18), BearerCapability(8, rate=0x13), BearerCapability(8, mode=2)]
)
def test_a_bearer_that_is_no_channel_is_refused_with_cause_65(bearer):
    line = transit(NETWORK, USER)
    call = line.at("left", "call_with", bearer)
    line.run(1)
    assert line.left.released[call] == 65
    assert not line.right.offered
    assert line.all_idle()


def test_the_law_of_the_bearer_capability_is_that_of_the_line():
    line = transit(NETWORK, AMERICAN)
    line.setup()
    assert offered(line).message.get(BearerCapability).layer1 == 2


# --- what is carried


CARRIED = (
    HighLayerCompatibility(1),
    LowLayerCompatibility(0, layer1=3),
    CalledPartySubaddress(b"P123"),
    UserUser(b"hello"),
    RedirectingNumber("4444", 2, 1, 0, 3, reason=2),
)


def test_a_pri_gets_what_the_other_one_sent():
    line = transit(USER, NETWORK)
    call = line.at("left", "call_with", *CARRIED, Display("Anna"), Facility(b"\x91\x01"), ProgressIndicator(3, 2))
    message = offered(line).message
    for element in (*CARRIED[:-1], Display("Anna"), Facility(b"\x91\x01"), ProgressIndicator(3, 2)):
        assert message.get(type(element)) == element
    redirecting = message.get(RedirectingNumber)
    assert (redirecting.digits, redirecting.type_of_number, redirecting.reason) == ("4444", 2, 2)
    far = line.right.offered[0].call
    line.right.exchange.connect(far, (UserUser(b"yes"), ConnectedNumber("3099", 2)), line.now)
    line.run(1)
    connect = next(message for message in line.left.messages if message.type == MessageType.CONNECT)
    assert connect.get(UserUser).information == b"yes"
    assert connect.get(ConnectedNumber).digits == "3099"
    line.left.exchange.release(call, (UserUser(b"bye"),), line.now)
    line.run(1)
    last = [message for message in line.right.messages if message.get(UserUser) is not None][-1]
    assert last.get(UserUser).information == b"bye"
    assert line.all_idle()


def test_isup_carries_what_a_pri_sent_and_back():
    line = transit(NETWORK, "isup")
    line.at("left", "call_with", *CARRIED)
    iam = offered(line).message
    octets = iam.raw(ParameterCode.ACCESS_TRANSPORT)
    for element in CARRIED[1:3]:
        assert element.to_octets() in octets
    assert CARRIED[0].to_octets() in octets
    assert iam.raw(ParameterCode.USER_SERVICE_INFORMATION) == BearerCapability(0, layer1=3).encode()
    assert iam.raw(ParameterCode.USER_TO_USER_INFORMATION) == b"\x04hello"
    forward = iam.find(ForwardCallIndicators)
    assert (forward.interworking, forward.isup_all_the_way, forward.isdn_access) == (False, True, True)
    assert iam.raw(ParameterCode.REDIRECTING_NUMBER)


def test_sip_carries_user_to_user_information_and_sub_addresses_and_back():
    line = transit(NETWORK, type("Told", (SipSide,), {"lines": 'number_parameters = ["isub"]\n'}))
    call = line.at("left", "call_with", CalledPartySubaddress(b"\x5012"), UserUser(b"hello"))
    request = offered(line).request
    assert request.uri.user == "3012;isub=12;isub-encoding=nsap-ia5"
    assert request.get("User-to-User") == "0468656c6c6f;purpose=isdn-uui;encoding=hex;content=isdn-uui"
    far, told = line.right.offered[0].call, (("User-to-User", "04796573"),)
    line.right.exchange.respond(far, 200, headers=told, body=SDP, now=line.now)
    line.run(1)
    connect = next(message for message in line.left.messages if message.type == MessageType.CONNECT)
    assert connect.get(UserUser).information == b"yes"
    line.right.exchange.end(far, 480, (("User-to-User", "04627965"),), line.now)
    line.run(1)
    last = [message for message in line.left.messages if message.get(UserUser) is not None][-1]
    assert (last.type, last.get(UserUser).information) == (MessageType.DISCONNECT, b"bye")
    assert call in line.left.released
    line.run(6)
    assert line.all_idle()


@pytest.mark.parametrize(
    ("left", "right", "hidden", "shown"),
    [
        (USER, NETWORK, 0, True),
        (USER, NETWORK, 1, False),
        (NETWORK, pri_side("user", "qsig"), 1, False),
    ],
)
def test_who_calls_is_not_told_by_other_means_where_the_number_is_withheld(left, right, hidden, shown):
    line = transit(left, right)
    line.left.exchange.setup(
        (
            BearerCapability(0, layer1=3),
            CallingPartyNumber("5551", presentation=hidden, screening=3),
            CalledPartyNumber("3012"),
            CallingPartySubaddress(b"\x501"),
            *((Display("Anna"),) if left is USER else ()),
        ),
        line.now,
    )
    message = offered(line).message
    assert (message.get(Display) is not None) is shown
    assert (message.get(CallingPartySubaddress) is not None) is (shown or right is not NETWORK)


@pytest.mark.parametrize(("side", "charset"), [(NETWORK, None), (AMERICAN, 0xB1)])
def test_the_name_of_a_sip_caller_is_displayed(side, charset):
    line = transit(SipSide, side)
    line.left.display = "\u00c9ve \u00c9. \u4e2d Example of a very long name"
    line.left.setup(line.now, "3012", "5551", True)
    assert offered(line).message.get(Display) == Display("Eve \u00c9. ? Example of a very long", charset)


def test_the_name_of_a_pri_caller_is_told_to_sip():
    line = transit(USER, SipSide)
    line.at("left", "call_with", Display("Anna"))
    assert offered(line).request.from_.display == "Anna"


def test_a_pri_gets_what_a_sip_caller_says_of_its_access():
    line = transit(SipSide, NETWORK)
    line.left.setup(
        line.now, "3012;isub=490001;isub-encoding=nsap", "5551;isub=7", True, ("User-to-User", "0468656c6c6f")
    )
    message = offered(line).message
    assert message.get(CalledPartyNumber).digits == "3012"
    assert message.get(CalledPartySubaddress).information == b"\x49\x00\x01"
    assert message.get(CallingPartySubaddress).information == b"\x507"
    assert message.get(UserUser).information == b"hello"
    line.right.exchange.connect(line.right.offered[0].call, (UserUser(b"yes"),), line.now)
    line.run(1)
    assert line.left.last_answer.get("User-to-User").startswith("04796573;")


def test_pri_isup_pri_loses_nothing():
    first = transit(NETWORK, "isup")
    first.at("left", "call_with", *CARRIED)
    iam = offered(first).message
    second = transit("isup", NETWORK)
    second.left.exchange.setup("g", list(adapted(iam, Variant.ITU)), second.now)
    message = offered(second).message
    for element in CARRIED[:4]:
        assert message.get(type(element)) == element
    assert message.get(BearerCapability) == BearerCapability(0, layer1=3)
    assert message.get(ProgressIndicator) is None


def test_calls_of_no_isdn_say_so():
    line = transit(SipSide, NETWORK)
    line.setup()
    message = offered(line).message
    assert [indicator.description for indicator in message.get_all(ProgressIndicator)] == [1]
    line = transit(SipSide, AMERICAN)
    line.setup()
    assert [one.description for one in offered(line).message.get_all(ProgressIndicator)] == [3]


def test_notifications_facilities_and_user_information_go_through():
    line = transit(NETWORK, USER)
    call, far = talk(line)
    mark = len(line.right.heard)
    line.left.exchange.notify(call, (NotificationIndicator(0x42),), line.now)
    line.left.exchange.facility(call, (Facility(b"\x91\xa1"),), line.now)
    line.left.exchange.user_information(call, (UserUser(b"x"),), line.now)
    line.run(1)
    assert line.right.heard[mark:] == ["NOTIFY", "FACILITY", "USER INFORMATION"]
    line.release("right", far, 16)
    ended(line, 16, "outgoing", "answered")


@pytest.mark.parametrize("pair", [(NETWORK, "isup"), ("isup", NETWORK)], ids=["pri-isup", "isup-pri"])
def test_user_information_and_notifications_go_through_isup_both_ways(pair):
    line = transit(*pair)
    call, far = talk(line)
    access, call = (line.left, call) if pair[0] is NETWORK else (line.right, far)
    exchange = line.right if access is line.left else line.left
    mark = len(exchange.heard)
    access.exchange.user_information(call, (UserUser(b"x"),), line.now)
    access.exchange.notify(call, (NotificationIndicator(0x60),), line.now)
    line.run(1)
    assert exchange.heard[mark:] == ["USR", "CPG"]
    usr, cpg = exchange.said[-2:]
    assert usr.raw(ParameterCode.USER_TO_USER_INFORMATION) == b"\x04x"
    assert cpg.raw(ParameterCode.GENERIC_NOTIFICATION_INDICATOR) == b"\xe0"
    there = far if access is line.left else next(iter(line.left.exchange.calls()))
    exchange.exchange.send(
        there, IsupType.USR, [RawParameter(ParameterCode.USER_TO_USER_INFORMATION, b"\x04y")], line.now
    )
    notification = GenericNotificationIndicator(notification=0x60)
    exchange.exchange.send(there, IsupType.CPG, [EventInformation(event=Event.PROGRESS), notification], line.now)
    line.run(1)
    told = access.messages[-2:]
    assert [message.name for message in told] == ["USER INFORMATION", "NOTIFY"]
    assert told[0].get(UserUser).information == b"y"
    assert told[1].get(NotificationIndicator).description == 0x60
    line.release("left", call if access is line.left else there, 16)
    ended(line, 16, "incoming", "answered")


def test_suspension_in_isup_is_notified():
    line = transit(NETWORK, "isup")
    call, far = talk(line)
    for what in ("suspend", "resume"):
        line.at("right", "do", far, what)
        line.run(1)
    told = [message.get(NotificationIndicator) for message in line.left.messages]
    assert [indicator.description for indicator in told if indicator] == [0, 1]
    line.release("left", call, 16)
    ended(line, 16, "incoming", "answered")


def test_hold_is_agreed_to_and_nothing_is_heard_meanwhile():
    line = transit(NETWORK, USER)
    call, _ = talk(line)
    line.left.exchange.hold(call, (), line.now)
    line.run(1)
    assert "HoldConfirm" in line.left.heard
    assert sources(line, "right")[1].source is None
    assert "NOTIFY" in line.right.heard
    line.left.exchange.retrieve(call, (), line.now)
    line.run(1)
    assert "RetrieveConfirm" in line.left.heard
    assert sources(line, "right")[1].source == TimeslotEndpoint("left", 8)
    line.release("left", call, 16)
    ended(line, 16, "incoming", "answered")


def test_a_suspended_call_goes_on_elsewhere_or_ends_with_t307():
    line = transit(pri_side("network", lines="suspension = true\n"), NETWORK)
    call, far = talk(line)
    line.left.exchange.suspend(call, b"7", line.now)
    line.run(1)
    assert call in line.left.cleared
    assert sources(line, "right")[1].source is None
    resumed = line.left.exchange.resume(b"7", line.now)
    line.run(1)
    assert "ResumeConfirm" in line.left.heard
    assert sources(line, "right")[1].source == TimeslotEndpoint("left", line.left.exchange.channel_of(resumed).number)
    line.release("right", far, 16)
    ended(line, 16, "outgoing", "answered")


def test_a_suspension_that_is_not_configured_is_refused():
    line = transit(NETWORK, NETWORK)
    call, _ = talk(line)
    line.left.exchange.suspend(call, b"7", line.now)
    line.run(1)
    assert "SuspendConfirm" in line.left.heard
    line.release("left", call, 16)
    ended(line, 16, "incoming", "answered")


# --- numbers


@pytest.mark.parametrize(
    ("keys", "number", "digits", "screening"),
    [
        ("", "5551", "5551", 0),
        ('numbers = ["5551"]\n', "5551", "5551", 1),
        ('numbers = ["55*"]\n', "5599", "5599", 1),
        ('numbers = ["5551"]\n', "6666", "6666", 0),
        ('numbers = ["5551"]\ndefault_number = "5550"\nreplace_unscreened = true\n', "6666", "5550", 3),
        ('default_number = "5550"\n', "", "5550", 3),
    ],
)
def test_calling_numbers_of_users_are_screened(keys, number, digits, screening):
    line = transit(pri_side("network", lines=keys), "isup")
    line.setup(calling=number)
    calling = offered(line).message.find(IsupCalling)
    assert (calling.digits, int(calling.screening)) == (digits, screening)


def test_a_public_network_is_believed():
    line = transit(USER, "isup")
    line.setup()
    assert int(offered(line).message.find(IsupCalling).screening) == 3


@pytest.mark.parametrize(("right", "digits"), [(NETWORK, ""), (USER, "5551")])
def test_a_restricted_number_is_withheld_from_users_only(right, digits):
    line = transit(USER, right)
    line.left.exchange.setup(
        (
            BearerCapability(0, layer1=3),
            CallingPartyNumber("5551", presentation=1, screening=3),
            CalledPartyNumber("3012"),
        ),
        line.now,
    )
    calling = offered(line).message.get(CallingPartyNumber)
    assert (calling.digits, calling.presentation) == (digits, 1)


# --- tones of the peer


def test_a_refusal_with_a_tone_is_heard_for_a_while():
    line = transit(NETWORK, pri_side("user", lines="disconnect_tone_seconds = 5.0\n"))
    call = line.setup()
    line.at("right", "refuse", offered(line).call, 1)
    line.run(3)
    assert "DISCONNECT" in [message.name for message in line.left.messages]
    last = line.left.messages[-1]
    assert [one.description for one in last.get_all(ProgressIndicator)] == [8]
    assert call not in line.left.cleared
    assert not line.records
    ended(line, 1, "outgoing")
    assert line.left.released[call] == 1


def test_between_equals_a_tone_comes_with_progress_before_the_end():
    line = transit(QSIG, pri_side("user", lines="disconnect_tone_seconds = 5.0\n"))
    call = line.setup()
    line.at("right", "refuse", offered(line).call, 1)
    line.run(3)
    assert call not in line.left.released
    assert "PROGRESS" in line.left.heard
    ended(line, 1, "outgoing")
    assert line.left.released[call] == 1


def test_a_tone_of_ours_comes_with_disconnect():
    line = transit(pri_side("network", lines="failure_tone_seconds = 4.0\n"), "isup")
    call = line.setup()
    line.release("right", offered(line).call, 17)
    line.run(2)
    assert line.left.released[call] == 17
    assert [one.description for one in line.left.messages[-1].get_all(ProgressIndicator)] == [8]
    assert sources(line, "left")[8] == Tone(TimeslotEndpoint("left", 8), "busy")
    assert call not in line.left.cleared
    ended(line, 17, "outgoing")


def test_who_has_heard_enough_of_the_tone_hangs_up():
    line = transit(pri_side("network", lines="failure_tone_seconds = 20.0\n"), "isup")
    call = line.setup()
    line.release("right", offered(line).call, 17)
    line.run(2)
    line.release("left", call, 16)
    ended(line, 17, "outgoing", seconds=3)


def test_a_long_message_goes_in_segments():
    line = transit(NETWORK, USER)
    long = (UserUser(bytes(128)), Facility(bytes(120)), CalledPartySubaddress(bytes(20)))
    call = line.at("left", "call_with", *long)
    message = offered(line).message
    assert all(message.get(type(element)) == element for element in long)
    assert len(message.encode()) > 260
    line.release("left", call, 16)
    ended(line, 16, "incoming")


def test_a_refusal_with_a_tone_ends_the_call_at_once_where_nothing_is_configured():
    line = transit(NETWORK, USER)
    call = line.setup()
    line.at("right", "refuse", offered(line).call, 1)
    line.run(1)
    assert line.left.released[call] == 1
    ended(line, 1, "outgoing")


# --- lines


def test_a_line_that_comes_back_within_t309_keeps_its_calls():
    line = transit(NETWORK, USER)
    call, _ = talk(line)
    line.left.reach(line.node, "left", False, line.now)
    line.run(20)
    assert not line.records
    blocked = [service for _, service, _ in line.node.pri.trunks["left"].interface.channel_states().values()]
    assert all(service & Service.LOCAL_HARDWARE for service in blocked)
    line.left.reach(line.node, "left", True, line.now)
    line.run(20)
    assert not line.records
    assert line.node.pri.trunks["left"].interface.available
    line.release("left", call, 16)
    ended(line, 16, "incoming", "answered")


@pytest.mark.parametrize("pair", [(NETWORK, USER), (AMERICAN, "isup"), (NETWORK, SipSide)], ids=["pri", "isup", "sip"])
def test_a_line_that_stays_away_ends_its_calls_with_cause_27_and_nothing_stays_blocked(pair):
    line = transit(*pair)
    _, far = talk(line)
    line.left.reach(line.node, "left", False, line.now)
    line.run(130)
    (record,) = line.records
    assert (record.cause, record.result) == (27, "answered")
    assert far in line.right.released
    line.left.reach(line.node, "left", True, line.now)
    line.run(300)
    assert line.all_idle()
    call = line.setup()
    offered(line)
    line.release("left", call, 16)
    line.run(6)
    assert line.all_idle()


def test_calls_to_a_line_that_is_down_fail_with_cause_27():
    line = transit(NETWORK, USER)
    line.right.reach(line.node, "right", False, line.now)
    line.run(PERSISTENCE + 1)
    call = line.setup()
    line.run(1)
    assert line.left.released[call] == 27


def test_the_gateway_stops_in_order():
    line = transit(NETWORK, USER)
    _, far = talk(line)
    line.node.shut_down(line.now)
    line.run(2)
    assert far in line.right.released
    assert line.node.idle
    line.node.stop(line.now)
    line.run(2)
    assert line.node.stopped
    assert not line.left.exchange.available


def test_short_faults_block_nothing():
    line = transit(NETWORK, USER)
    line.node.media_events([SpanChanged("left", ["LOS"])], line.now)
    line.run(PERSISTENCE / 2)
    line.node.media_events([SpanChanged("left", [])], line.now)
    line.run(5)
    assert line.all_idle()


# --- random calls


@pytest.mark.parametrize("seed", range(4))
def test_random_calls_leave_nothing_behind(seed):
    source = random.Random(seed)
    line = transit(*source.choice(list(PAIRS.values())[:8]))
    calls = {"left": [], "right": []}
    for _ in range(150):
        side = source.choice(("left", "right"))
        exchange = line.sides[side]
        known = calls[side] + [item.call for item in exchange.offered]
        roll = source.random()
        if roll < 0.3:
            call = line.setup(side)
            if call is not None:
                calls[side].append(call)
        elif roll < 0.33:
            line.sides[side].reach(line.node, side, False, line.now)
            line.run(source.choice((0.5, 5.0, 120.0)))
            line.sides[side].reach(line.node, side, True, line.now)
        elif known:
            with suppress(CallStateError, IsupStateError):
                call = source.choice(known[-6:])
                if source.random() < 0.5:
                    line.at(side, "do", call, source.choice(("alert", "progress", "answer")))
                else:
                    line.release(side, call, source.choice((16, 17, 34)))
        line.run(source.choice((0.0, 0.05, 0.5, 4.0)))
    line.run(200)
    for side, exchange in line.sides.items():
        for call in calls[side] + [item.call for item in exchange.offered]:
            with suppress(CallStateError, IsupStateError):
                line.release(side, call, 16)
    line.run(400)
    assert not line.node.control.calls
    assert line.all_idle()
