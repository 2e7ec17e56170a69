"""Messages of Q.931 and the neutral call, rule by rule."""

import pytest

from tandem.core.cause import Cause, Location
from tandem.gateway.calls.model import (
    Alerting,
    Answer,
    Bearer,
    Hold,
    Information,
    Nature,
    Number,
    Progress,
    Release,
    Resume,
    Retrieve,
    Setup,
    Suspend,
)
from tandem.gateway.trunks import pri_mapping as mapping
from tandem.gateway.trunks.pri_numbers import NumberRules
from tandem.isdn.q931.bearer import BearerCapability, Capability, Layer1, TransferMode, TransferRate
from tandem.isdn.q931.cause import CauseElement, ProgressDescription, ProgressIndicator
from tandem.isdn.q931.codes import MessageType as M
from tandem.isdn.q931.indications import Notification, NotificationIndicator, SendingComplete
from tandem.isdn.q931.messages import CallReference, build, decode
from tandem.isdn.q931.numbers import CalledPartyNumber, CallingPartyNumber, ConnectedNumber, RedirectingNumber
from tandem.isdn.q931.switch_types import SWITCH_TYPES
from tandem.isdn.q931.texts import KeypadFacility, UserUser

P = ProgressDescription
EURO, NI2 = SWITCH_TYPES["euroisdn"], SWITCH_TYPES["ni2"]
SPEECH = BearerCapability(Capability.SPEECH, Layer1.A_LAW)


def rules(switch=EURO, side="network", law=Layer1.A_LAW, **more):
    return mapping.Rules(switch, side, law, NumberRules(switch, side == "network"), **more)


def message(kind, *elements):
    return decode(build(CallReference(5), kind, *elements).encode())


def descriptions(elements):
    return [element.description for element in elements if isinstance(element, ProgressIndicator)]


def only(elements, kind):
    (found,) = [element for element in elements if isinstance(element, kind)]
    return found


# --- from the line


def test_a_setup():
    came = message(
        M.SETUP, SPEECH, CallingPartyNumber("555"), CalledPartyNumber("12"), RedirectingNumber("777", reason=2)
    )
    setup = mapping.setup_from(came, rules(), "123")
    assert setup.called.digits == "123"
    assert setup.calling.digits == "555"
    assert setup.bearer is Bearer.SPEECH
    assert (setup.redirecting.digits, setup.redirection_reason) == ("777", 2)


@pytest.mark.parametrize(("capability", "bearer"), mapping.BEARERS.items())
def test_bearers(capability, bearer):
    assert mapping.bearer_of(BearerCapability(capability), EURO) is bearer


@pytest.mark.parametrize(
    "element",
    [
        BearerCapability(Capability.VIDEO),
        BearerCapability(Capability.UNRESTRICTED_DIGITAL, mode=TransferMode.PACKET, rate=TransferRate.PACKET),
        BearerCapability(Capability.UNRESTRICTED_DIGITAL, rate=TransferRate.KBIT_384),
    ],
)
def test_bearers_that_one_channel_cannot_carry_are_refused(element):
    refused = mapping.setup_from(message(M.SETUP, element), rules(), "123")
    assert isinstance(refused, Release)
    assert refused.cause == Cause.BEARER_CAPABILITY_NOT_IMPLEMENTED


def test_the_audio_of_a_switch_type():
    assert mapping.bearer_of(BearerCapability(NI2.audio_capability), NI2) is Bearer.AUDIO_3K1
    assert mapping.bearer_of(None, EURO) is Bearer.SPEECH


def test_digits_come_as_number_or_keypad():
    assert mapping.digits_of(message(M.INFORMATION, CalledPartyNumber("12"))) == "12"
    assert mapping.digits_of(message(M.INFORMATION, KeypadFacility("34#"))) == "34"
    assert mapping.digits_of(message(M.INFORMATION)) == ""


@pytest.mark.parametrize(
    ("kind", "descriptions", "inband"),
    [
        (M.CALL_PROCEEDING, [], None),
        (M.CALL_PROCEEDING, [P.INBAND_INFORMATION], True),
        (M.CALL_PROCEEDING, [P.DESTINATION_NON_ISDN], None),
        (M.SETUP_ACKNOWLEDGE, [P.NOT_END_TO_END_ISDN], True),
        (M.PROGRESS, [P.DESTINATION_NON_ISDN], False),
        (M.PROGRESS, [P.NOT_END_TO_END_ISDN], True),
        (M.PROGRESS, [P.DESTINATION_NON_ISDN, P.INBAND_INFORMATION], True),
    ],
)
def test_progress(kind, descriptions, inband):
    progress = mapping.progress_from(message(kind, *(ProgressIndicator(one, 1) for one in descriptions)))
    assert (None if progress is None else progress.inband) is inband


@pytest.mark.parametrize(
    ("descriptions", "inband"), [([], False), ([P.NOT_END_TO_END_ISDN], False), ([P.INBAND_INFORMATION], True)]
)
def test_alerting(descriptions, inband):
    came = message(M.ALERTING, *(ProgressIndicator(one, 1) for one in descriptions))
    assert mapping.alerting_from(came).inband is inband


def test_connect():
    assert mapping.answer_from(message(M.CONNECT), rules()).connected is None
    assert mapping.answer_from(message(M.CONNECT, ConnectedNumber("99")), rules()).connected.digits == "99"


@pytest.mark.parametrize(
    ("indication", "kind"),
    [
        (Notification.USER_SUSPENDED, Suspend),
        (Notification.USER_RESUMED, Resume),
        (Notification.REMOTE_HOLD, Hold),
        (Notification.REMOTE_RETRIEVAL, Retrieve),
        (Notification.BEARER_SERVICE_CHANGE, None),
    ],
)
def test_notify(indication, kind):
    primitive = mapping.notification_from(message(M.NOTIFY, NotificationIndicator(indication)))
    assert (None if primitive is None else type(primitive)) is kind


def test_a_release_keeps_cause_and_location():
    release = mapping.release_from(17, 4, message(M.DISCONNECT, CauseElement(17, 4)), "")
    assert (release.cause, release.location) == (17, 4)
    assert mapping.release_from(27, 2, None, "the link").diagnostic == "the link"


# --- to the line


def test_a_setup_of_no_isdn_says_so():
    setup = Setup(Number("123", Nature.NATIONAL), Number("555", Nature.NATIONAL))
    elements = mapping.setup_elements(setup, rules())
    assert only(elements, CalledPartyNumber).digits == "123"
    assert only(elements, CallingPartyNumber).digits == "555"
    assert only(elements, BearerCapability) == BearerCapability(Capability.AUDIO_3K1, Layer1.A_LAW)
    assert descriptions(elements) == [P.ORIGINATION_NON_ISDN if EURO.progress_origination else P.NOT_END_TO_END_ISDN]


def test_a_setup_from_another_pri_adds_nothing():
    came = message(M.SETUP, SPEECH, CalledPartyNumber("123"), UserUser.parse(b"\x04hello"))
    setup = mapping.setup_from(came, rules(), "123")
    elements = mapping.setup_elements(setup, rules(side="user"))
    assert descriptions(elements) == []
    assert only(elements, UserUser) == UserUser.parse(b"\x04hello")


def test_a_number_that_is_whole_is_said_to_be():
    whole = Setup(Number("123"), None)
    assert only(mapping.setup_elements(whole, rules()), SendingComplete)
    for elements in (
        mapping.setup_elements(Setup(Number("123"), None, complete=False), rules()),
        mapping.setup_elements(whole, rules(sending_complete=False)),
    ):
        assert not [element for element in elements if isinstance(element, SendingComplete)]


def test_the_law_in_the_bearer_is_that_of_the_line():
    came = message(M.SETUP, SPEECH, CalledPartyNumber("123"))
    setup = mapping.setup_from(came, rules(), "123")
    assert mapping.bearer_for(setup, rules(NI2, law=Layer1.MU_LAW)).layer1 == Layer1.MU_LAW
    assert mapping.bearer_for(setup, rules()) == SPEECH


def test_data_keeps_its_bearer():
    element = BearerCapability(Capability.UNRESTRICTED_DIGITAL)
    setup = mapping.setup_from(message(M.SETUP, element, CalledPartyNumber("123")), rules(), "123")
    assert mapping.bearer_for(setup, rules()) == element


@pytest.mark.parametrize("primitive", [Progress(True), Alerting(True)])
def test_what_can_be_heard_is_told(primitive):
    assert P.INBAND_INFORMATION in descriptions(mapping.progress_elements(primitive, rules(), ringing=False))


def test_ringback_of_ours_is_told():
    assert P.INBAND_INFORMATION in descriptions(mapping.progress_elements(Alerting(), rules(), ringing=True))
    assert P.INBAND_INFORMATION not in descriptions(mapping.progress_elements(Alerting(), rules(), ringing=False))


def test_a_message_has_two_progress_indicators_at_most():
    came = message(
        M.PROGRESS, ProgressIndicator(P.DESTINATION_NON_ISDN, 1), ProgressIndicator(P.ORIGINATION_NON_ISDN, 1)
    )
    progress = mapping.progress_from(came)
    elements = mapping.progress_elements(Progress(True, progress.opaque), rules(), ringing=False)
    assert len(descriptions(elements)) == 2


def test_an_answer():
    elements = mapping.connect_elements(Answer(Number("99", Nature.NATIONAL)), rules())
    assert only(elements, ConnectedNumber).digits == "99"
    expected = [P.DESTINATION_NON_ISDN] if EURO.progress_destination else []
    assert descriptions(elements) == expected


def test_further_digits():
    assert mapping.information_elements(Information("1B", complete=True)) == [
        SendingComplete(),
        CalledPartyNumber("1*"),
    ]
    assert mapping.information_elements(Information("12")) == [CalledPartyNumber("12")]


def test_suspension():
    assert mapping.notify_elements(Suspend()) == [NotificationIndicator(Notification.USER_SUSPENDED)]
    assert mapping.notify_elements(Resume()) == [NotificationIndicator(Notification.USER_RESUMED)]


def test_the_end_of_a_call():
    assert mapping.release_elements(Release(17, 4), rules()) == [CauseElement(17, 4)]
    came = mapping.release_from(
        17, 4, message(M.DISCONNECT, CauseElement(17, 4, diagnostics=b"\x01"), UserUser.parse(b"\x04bye")), ""
    )
    cause, user = mapping.release_elements(came, rules())
    assert (cause.value, cause.diagnostics) == (17, b"\x01")
    assert user == UserUser.parse(b"\x04bye")


def test_where_we_say_that_we_are():
    assert rules().location is Location.PUBLIC_NETWORK_LOCAL
    assert rules(side="user").location is Location.PRIVATE_NETWORK_LOCAL
    assert rules().sender == "network"
    assert rules(SWITCH_TYPES["qsig"]).sender is None


def test_every_rule_names_its_clause():
    assert {row.direction for row in mapping.MAPPINGS} == {"pri-call", "call-pri"}
    assert all(row.source and row.target and row.clause for row in mapping.MAPPINGS)
