"""ISUP messages as primitives and back."""

import pytest
from msgspec.structs import replace

from tandem.gateway.calls.model import (
    Alerting,
    Answer,
    Bearer,
    Hold,
    Nature,
    Number,
    Opaque,
    Presentation,
    Proceeding,
    Progress,
    Release,
    Resume,
    Retrieve,
    Screening,
    Setup,
    Suspend,
)
from tandem.gateway.trunks import access
from tandem.gateway.trunks import isup_mapping as mapping
from tandem.ss7.isup.cause import CauseIndicators
from tandem.ss7.isup.codes import MessageType
from tandem.ss7.isup.indicators import (
    BackwardCallIndicators,
    CalledPartyStatus,
    CallingPartysCategory,
    Event,
    EventInformation,
    ForwardCallIndicators,
    HopCounter,
    NatureOfConnectionIndicators,
    OptionalBackwardCallIndicators,
    SuspendResumeIndicators,
    TransmissionMediumRequirement,
)
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.numbers import CalledPartyNumber, CallingPartyNumber, ConnectedNumber, RedirectingNumber
from tandem.ss7.isup.parameters import RawParameter
from tandem.ss7.isup.services import Notification
from tandem.ss7.isup.variants import Variant

IN_BAND = OptionalBackwardCallIndicators(in_band_information=True)


def iam(setup, unknown_nature=3, country_code="", category=10):
    parameters = mapping.iam_parameters(setup, unknown_nature, category, country_code)
    return Message.parse(Message.build(MessageType.IAM, 1, parameters).encode())


def backward(kind, *parameters):
    return mapping.primitive_from(Message.build(kind, 1, parameters))


# --- IAM


def test_iam_from_sip_indicates_interworking():
    message = iam(Setup(Number("301234")))
    called = message.get(CalledPartyNumber)
    assert (called.digits, called.nature, called.st, called.inn) == ("301234", 3, True, True)
    indicators = message.get(ForwardCallIndicators)
    assert indicators.interworking
    assert not indicators.isup_all_the_way
    assert message.get(TransmissionMediumRequirement).medium == 3
    assert message.get(CallingPartysCategory).category == 10
    assert message.get(CallingPartyNumber) is None


def test_a_category_that_is_not_known_is_that_of_the_trunk():
    assert iam(Setup(Number("301234"), category=0), category=15).get(CallingPartysCategory).category == 15
    assert iam(Setup(Number("301234"), category=11), category=15).get(CallingPartysCategory).category == 11


def test_iam_calling_number_keeps_presentation_and_screening():
    calling = Number(
        "100", Nature.NATIONAL, presentation=Presentation.RESTRICTED, screening=Screening.USER_NOT_VERIFIED
    )
    found = iam(Setup(Number("1"), calling)).get(CallingPartyNumber)
    assert (found.digits, found.presentation, found.screening) == ("100", 1, 0)


@pytest.mark.parametrize(
    ("nature", "digits", "country", "expected"),
    [
        (Nature.INTERNATIONAL, "49301", "", ("49301", 4)),
        (Nature.INTERNATIONAL, "49301", "49", ("301", 3)),
        (Nature.INTERNATIONAL, "43301", "49", ("43301", 4)),
        (Nature.UNKNOWN, "301", "49", ("301", 3)),
        (Nature.SUBSCRIBER, "301", "49", ("301", 1)),
    ],
)
def test_natures_of_the_called_number(nature, digits, country, expected):
    called = iam(Setup(Number(digits, nature)), country_code=country).get(CalledPartyNumber)
    assert (called.digits, called.nature) == expected


def test_unknown_nature_may_stay_unknown():
    assert iam(Setup(Number("100")), unknown_nature=2).get(CalledPartyNumber).nature == 2


def test_hop_counter_and_redirection():
    setup = Setup(Number("1"), hop_counter=7, redirecting=Number("200", Nature.NATIONAL), redirection_reason=3)
    message = iam(setup)
    assert message.get(HopCounter).count == 7
    assert message.get(RedirectingNumber).digits == "200"


def test_an_iam_goes_through_to_another_isup_trunk_with_our_numbers():
    original = Message.build(
        MessageType.IAM,
        5,
        [
            NatureOfConnectionIndicators(satellite=1),
            ForwardCallIndicators(isup_all_the_way=True),
            CallingPartysCategory(category=11),
            TransmissionMediumRequirement(medium=0),
            CalledPartyNumber(digits="0301", nature=2),
            RawParameter(0xEE, b"\x01\x02"),
        ],
    )
    setup = mapping.setup_from(original, True)
    assert (setup.called, setup.category, setup.bearer) == (Number("0301", Nature.UNKNOWN), 11, Bearer.SPEECH)
    sent = iam(Setup(Number("301", Nature.NATIONAL), opaque=setup.opaque))
    assert sent.get(CalledPartyNumber).digits == "301"
    assert sent.get(NatureOfConnectionIndicators).satellite == 1
    assert sent.get(ForwardCallIndicators).isup_all_the_way
    assert sent.raw(0xEE) == b"\x01\x02"


def test_digits_of_sams_replace_those_of_the_iam():
    message = iam(Setup(Number("30"), complete=False))
    assert mapping.setup_from(message, True, "301234").called.digits == "301234"


# --- backward messages as primitives


@pytest.mark.parametrize(
    ("indicators", "optional", "expected"),
    [
        (BackwardCallIndicators(called_party_status=1), [], Alerting(inband=False)),
        (BackwardCallIndicators(called_party_status=1, interworking=True), [], Alerting(inband=True)),
        (BackwardCallIndicators(called_party_status=1), [IN_BAND], Alerting(inband=True)),
        (BackwardCallIndicators(called_party_status=0), [], Progress(inband=True)),
    ],
)
def test_acm(indicators, optional, expected):
    found = backward(MessageType.ACM, indicators, *optional)
    assert (type(found), found.inband) == (type(expected), expected.inband)


@pytest.mark.parametrize(
    ("event", "optional", "expected"),
    [
        (Event.ALERTING, [], Alerting(inband=False)),
        (Event.ALERTING, [IN_BAND], Alerting(inband=True)),
        (Event.PROGRESS, [], Progress(inband=False)),
        (Event.IN_BAND_INFORMATION, [], Progress(inband=True)),
        (Event.CALL_FORWARDED_ON_BUSY, [], Progress(inband=False)),
    ],
)
def test_cpg(event, optional, expected):
    found = backward(MessageType.CPG, EventInformation(event=event), *optional)
    assert (type(found), found.inband) == (type(expected), expected.inband)


def test_answers_and_suspension():
    assert isinstance(backward(MessageType.ANM), Answer)
    connected = backward(MessageType.CON, BackwardCallIndicators(), ConnectedNumber(digits="12", nature=3)).connected
    assert connected.digits == "12"
    suspended = backward(MessageType.SUS, SuspendResumeIndicators(network_initiated=True))
    resumed = backward(MessageType.RES, SuspendResumeIndicators())
    assert isinstance(suspended, Suspend)
    assert isinstance(resumed, Resume)
    assert (suspended.network, resumed.network) == (True, False)
    assert backward(MessageType.RLC) is None


FROM_ELSEWHERE = Setup(
    Number("301", Nature.NATIONAL),
    Number("100", Nature.NATIONAL),
    redirecting=Number("200", Nature.NATIONAL, presentation=Presentation.RESTRICTED),
    original_called=Number("199", Nature.NATIONAL),
    redirection_reason=1,
    original_redirection_reason=3,
    redirection_counter=2,
    additional_calling=Number("800", Nature.NATIONAL, screening=Screening.USER_NOT_VERIFIED),
    routing_number=Number("555", Nature.NATIONAL),
    ported=True,
    carrier="0288",
)


@pytest.mark.parametrize(
    "field",
    ["redirecting", "original_called", "redirection_reason", "original_redirection_reason", "redirection_counter",
     "additional_calling", "routing_number", "ported", "carrier"],
)  # fmt: skip
def test_what_sip_tells_of_a_call_crosses_isup(field):
    found = mapping.setup_from(iam(FROM_ELSEWHERE), True)
    assert getattr(found, field) == getattr(FROM_ELSEWHERE, field)


def test_originating_line_information_is_for_ansi():
    setup = replace(FROM_ELSEWHERE, originating_line=27)
    for variant, line in ((Variant.ITU, None), (Variant.ANSI, 27)):
        parameters = mapping.iam_parameters(setup, 3, 10, "", variant)
        message = Message.build(MessageType.IAM, 1, parameters, variant=variant)
        assert mapping.setup_from(message, True).originating_line == line


@pytest.mark.parametrize(
    ("notification", "kind"), [(Notification.REMOTE_HOLD, Hold), (Notification.REMOTE_RETRIEVAL, Retrieve)]
)
def test_hold_both_ways(notification, kind):
    """Q.733.2: CPG with a generic notification indicator."""
    message, parameters = mapping.backward_message(kind(), True)
    assert (message, parameters[1].notification) == (MessageType.CPG, notification)
    assert isinstance(backward(message, *parameters), kind)
    onward = mapping.backward_message(backward(message, *parameters), True)
    assert [item.octets for item in onward[1]] == [item.encode() for item in parameters]


# --- primitives as backward messages


@pytest.mark.parametrize(
    ("primitive", "acm_sent", "kind"),
    [
        (Progress(inband=False), False, MessageType.ACM),
        (Progress(inband=True), True, MessageType.CPG),
        (Alerting(), False, MessageType.ACM),
        (Alerting(), True, MessageType.CPG),
        (Answer(), False, MessageType.CON),
        (Answer(), True, MessageType.ANM),
        (Suspend(), True, MessageType.SUS),
        (Resume(), True, MessageType.RES),
    ],
)
def test_backward_message(primitive, acm_sent, kind):
    found, parameters = mapping.backward_message(primitive, acm_sent)
    assert found is kind
    assert Message.parse(Message.build(found, 1, parameters).encode()).type is kind


def test_alerting_says_free_and_in_band():
    _, parameters = mapping.backward_message(Alerting(), False)
    message = Message.build(MessageType.ACM, 1, parameters)
    assert message.get(BackwardCallIndicators).called_party_status == 1
    assert message.get(OptionalBackwardCallIndicators).in_band_information


def test_proceeding_is_told_by_nothing():
    assert mapping.backward_message(Proceeding(), False) is None


def carried(kind, *parameters):
    return (access.whole(Message.build(kind, 9, parameters)),)


def test_messages_of_another_isup_trunk_go_through():
    acm = carried(
        MessageType.ACM, BackwardCallIndicators(called_party_status=1, isdn_access=True), RawParameter(0xEE, b"x")
    )
    kind, parameters = mapping.backward_message(Alerting(opaque=acm), False)
    message = Message.build(kind, 1, parameters)
    assert (kind, message.raw(0xEE)) == (MessageType.ACM, b"x")
    assert message.get(BackwardCallIndicators).isdn_access


def test_an_acm_after_our_own_becomes_a_cpg_and_con_an_anm():
    acm = carried(MessageType.ACM, BackwardCallIndicators(called_party_status=1))
    kind, parameters = mapping.backward_message(Alerting(opaque=acm), True)
    message = Message.parse(Message.build(kind, 1, parameters).encode())
    assert message.get(EventInformation).event == Event.ALERTING
    con = carried(MessageType.CON, BackwardCallIndicators())
    assert mapping.backward_message(Answer(opaque=con), True)[0] is MessageType.ANM


def test_a_cpg_before_any_acm_becomes_one():
    cpg = carried(MessageType.CPG, EventInformation(event=Event.PROGRESS))
    assert mapping.backward_message(Progress(opaque=cpg), False)[0] is MessageType.ACM


def test_release():
    message = Message.build(MessageType.REL, 1, mapping.release_parameters(Release(17, 10)))
    cause = message.get(CauseIndicators)
    assert (cause.value, cause.location) == (17, 10)
    rel = carried(MessageType.REL, CauseIndicators(value=22, location=4, diagnostics=b"\x01"))
    parameters = mapping.release_parameters(Release(22, 4, opaque=rel))
    assert Message.build(MessageType.REL, 1, parameters).get(CauseIndicators).diagnostics == b"\x01"


def test_early_acm_promises_nothing():
    kind, parameters = mapping.early_acm()
    message = Message.build(kind, 1, parameters)
    assert message.get(BackwardCallIndicators).called_party_status == 0
    assert message.get(OptionalBackwardCallIndicators) is None


def test_opaque_of_another_protocol_is_left_alone():
    setup = Setup(Number("1"), opaque=(Opaque("q931", b"\x08"),))
    assert iam(setup).get(ForwardCallIndicators).interworking


@pytest.mark.parametrize(("acm_sent", "kind"), [(True, MessageType.ANM), (False, MessageType.CON)])
def test_the_connected_number_of_another_protocol_is_told(acm_sent, kind):
    number = Number("30123", Nature.NATIONAL, presentation=Presentation.RESTRICTED)
    found, parameters = mapping.backward_message(Answer(number), acm_sent)
    told = Message.parse(Message.build(found, 3, parameters).encode()).get(ConnectedNumber)
    assert found is kind
    assert (told.digits, told.nature, told.presentation) == ("30123", 3, 1)


@pytest.mark.parametrize(("timeslots", "medium"), [(1, 2), (2, 7), (6, 8), (24, 9), (30, 10), (3, 16)])
def test_several_timeslots_of_another_protocol(timeslots, medium):
    setup = Setup(Number("1"), bearer=Bearer.UNRESTRICTED_64K, timeslots=timeslots)
    message = Message.build(MessageType.IAM, 3, mapping.iam_parameters(setup, 3, 10, ""))
    assert message.get(TransmissionMediumRequirement).medium == medium
    again = mapping.setup_from(message, True)
    assert (again.bearer, again.timeslots) == (Bearer.UNRESTRICTED_64K, timeslots)


@pytest.mark.parametrize("charge", [0, 1, 2])
def test_charge_indicators_come_and_go(charge):
    """Q.763 3.5; nothing said is sent on as charge, which is what an exchange without knowledge says."""
    backward = BackwardCallIndicators(charge=charge, called_party_status=CalledPartyStatus.SUBSCRIBER_FREE)
    found = mapping.primitive_from(Message.build(MessageType.ACM, 1, [backward]))
    assert found.charge == charge
    for primitive, acm_sent in ((Progress(charge=charge), False), (Answer(charge=charge), False)):
        _, parameters = mapping.backward_message(primitive, acm_sent)
        assert parameters[0].charge == (charge or 2)
    _, parameters = mapping.backward_message(Alerting(charge=charge), False)
    assert parameters[0].charge == (charge or 2)
    kind, parameters = mapping.backward_message(Answer(charge=charge), True)
    assert kind is MessageType.ANM
    assert [item.charge for item in parameters] == ([1] if charge == 1 else [])
