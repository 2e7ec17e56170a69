"""Judging messages by Q.931 5.8.4 to 5.8.7."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.q931_vectors import MESSAGES, captured_messages, examples

from tandem.core.cause import Cause
from tandem.isdn.q931.cause import CauseElement, ProgressIndicator
from tandem.isdn.q931.codes import ElementCode, MessageType
from tandem.isdn.q931.elements import RawElement
from tandem.isdn.q931.messages import CallReference, Message, decode, encode
from tandem.isdn.q931.numbers import CalledPartyNumber
from tandem.isdn.q931.switch_types import SwitchType
from tandem.isdn.q931.tables import FIRST_ANSWER, FIRST_CLEARING
from tandem.isdn.q931.texts import CallIdentity, Display, UserUser
from tandem.isdn.q931.validation import Verdict, check

BEARER = "04038090a3"
CHANNEL = "1803a98385"


def judged(kind: MessageType | int, elements: str, sender: str | None = "user", **options: object) -> Verdict:
    """The verdict on a message given by its type and its elements in hexadecimal."""
    octets = bytes.fromhex(f"08020001{int(kind):02x}{elements}")
    return check(decode(octets), sender, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", sorted(examples()))
def test_examples_are_good_from_one_side_at_least(name: str):
    message = decode(examples()[name])
    verdicts = [check(message, side) for side in ("network", "user", None)]
    good = [verdict for verdict in verdicts if verdict.cause is None]
    assert good
    assert good[0].message == message
    assert str(good[0]) == "good"


def test_captured_messages_are_good():
    for captured in captured_messages():
        message = decode(captured.octets, long_user_user=captured.h225)
        verdict = check(message, None)
        released = message.type in (MessageType.NOTIFY, MessageType.USER_INFORMATION, MessageType.FACILITY)
        assert verdict.cause is None or released, str(verdict)


def test_mandatory_element_missing():
    verdict = judged(MessageType.SETUP, CHANNEL)
    assert verdict.missing == ((0, 0x04),)
    assert verdict.fatal
    assert verdict.cause_element(1) == CauseElement(96, 1, diagnostics=b"\x04")
    assert str(verdict) == "missing Bearer capability"


def test_what_only_the_network_must_send():
    assert judged(MessageType.SETUP, BEARER, "user").cause is None
    assert judged(MessageType.SETUP, BEARER, "network").missing == ((0, 0x18),)
    assert judged(MessageType.SETUP, BEARER, None).cause is None
    assert judged(MessageType.SETUP, BEARER, None, switch_type=SwitchType.QSIG).missing == ((0, 0x18),)


@pytest.mark.parametrize(
    ("kind", "also", "code"),
    [(MessageType.ALERTING, FIRST_ANSWER, 0x18), (MessageType.RELEASE, FIRST_CLEARING, 0x08)],
)
def test_what_is_mandatory_at_one_point_of_the_call(kind: MessageType, also: frozenset[ElementCode], code: int):
    assert judged(kind, "").cause is None
    assert judged(kind, "", also=also).missing == ((0, code),)


def test_restart_of_channels_names_them():
    assert judged(MessageType.RESTART, "790180").missing == ((0, 0x18),)
    assert judged(MessageType.RESTART, CHANNEL + "790180").cause is None
    assert judged(MessageType.RESTART, "790187").cause is None


@pytest.mark.parametrize("octets", ["040180", "0401", "04"])
def test_mandatory_element_malformed_or_cut_short(octets: str):
    verdict = judged(MessageType.SETUP, octets)
    assert verdict.cause is Cause.INVALID_INFORMATION_ELEMENT_CONTENTS
    assert verdict.fatal
    assert verdict.invalid_mandatory == ((0, 0x04),)
    assert verdict.diagnostics == b"\x04"


def test_mandatory_element_that_is_empty_is_missing():
    verdict = judged(MessageType.SETUP, "0400" + CHANNEL)
    assert verdict.missing == ((0, 0x04),)


def test_mandatory_element_too_long():
    verdict = judged(MessageType.STATUS, "08028090" + "14020a00")
    assert verdict.invalid_mandatory == ((0, 0x14),)


def test_a_good_repetition_stands_in_for_a_malformed_element():
    verdict = judged(MessageType.DISCONNECT, "080180" + "08028090")
    assert not verdict.fatal
    assert verdict.message.get(CauseElement) == CauseElement(16)
    assert verdict.cause is None


def test_optional_element_malformed_is_left_out():
    verdict = judged(MessageType.SETUP, BEARER + "1e0182" + "7003813132")
    assert verdict.cause is Cause.INVALID_INFORMATION_ELEMENT_CONTENTS
    assert not verdict.fatal
    assert verdict.diagnostics == b"\x1e"
    assert verdict.message.get(CalledPartyNumber) == CalledPartyNumber("12")
    assert verdict.message.raw(ElementCode.PROGRESS_INDICATOR) is None


def test_unrecognized_element():
    verdict = judged(MessageType.SETUP, BEARER + "620101" + "c3")
    assert verdict.cause is Cause.INFORMATION_ELEMENT_PARAMETER_NON_EXISTENT_OR_NOT_IMPLEMENTED
    assert verdict.unrecognized == ((0, 0x62), (0, 0xC3))
    assert verdict.diagnostics == b"\x62\xc3"
    assert not verdict.fatal


def test_unrecognized_element_that_requires_comprehension():
    verdict = judged(MessageType.SETUP, "020101" + BEARER)
    assert verdict.cause is Cause.MANDATORY_INFORMATION_ELEMENT_IS_MISSING
    assert verdict.missing == ((0, 0x02),)
    assert verdict.fatal


def test_missing_goes_before_invalid():
    verdict = judged(MessageType.STATUS, "080180")
    assert verdict.cause is Cause.MANDATORY_INFORMATION_ELEMENT_IS_MISSING
    assert (verdict.missing, verdict.invalid_mandatory) == (((0, 0x14),), ((0, 0x08),))


@pytest.mark.parametrize(("kind", "sender"), [(0x04, "user"), (0xFF, None), (MessageType.SUSPEND, "network")])
def test_unknown_type(kind: int, sender: str | None):
    verdict = judged(kind, "", sender)
    assert verdict.cause is Cause.MESSAGE_TYPE_NON_EXISTENT_OR_NOT_IMPLEMENTED
    assert verdict.diagnostics == bytes((kind,))
    assert "unknown message type" in str(verdict)


def test_access_information_too_long_is_discarded():
    long = Message(CallReference(1), MessageType.CONNECT, (UserUser(bytes(130)), Display("A")))
    verdict = check(long, "user")
    assert verdict.cause is Cause.ACCESS_INFORMATION_DISCARDED
    assert verdict.discarded == ((0, 0x7E),)
    assert verdict.message.elements == (Display("A"),)
    assert verdict.diagnostics == b"\x7e"


def test_call_identity_too_long_stays():
    message = Message(CallReference(1), MessageType.SUSPEND, (CallIdentity(bytes(9)),))
    assert check(message, "user").message == message


def test_repetition_beyond_what_is_permitted():
    progress = "1e028288"
    verdict = judged(MessageType.SETUP, BEARER + BEARER + 3 * progress)
    assert verdict.surplus == ((0, 0x04), (0, 0x1E))
    assert verdict.cause is None
    assert verdict.message.get_all(ProgressIndicator) == [ProgressIndicator(8, 2)] * 2


def test_repeat_indicator_permits_a_second_bearer_capability():
    assert judged(MessageType.SETUP, "d2" + BEARER + "04028890").surplus == ()


def test_element_out_of_order():
    verdict = judged(MessageType.SETUP, CHANNEL + BEARER)
    assert verdict.out_of_order == ((0, 0x04),)
    assert verdict.cause is None
    strict = judged(MessageType.SETUP, CHANNEL + BEARER, strict_order=True)
    assert strict.missing == ((0, 0x04),)


def test_element_known_but_not_of_this_message_stays():
    verdict = judged(MessageType.ALERTING, "4c03008031")
    assert verdict.unexpected == ((0, 0x4C),)
    assert verdict.cause is None
    assert len(verdict.message.elements) == 1


def test_elements_of_other_codesets():
    verdict = judged(MessageType.SETUP, BEARER + "9e370101" + "96" + "370505", None)
    assert [item.code for item in verdict.message.elements] == [0x04, 0x90, 0x37, 0x90]
    assert verdict.invalid == ((6, 0x37),)
    assert verdict.diagnostics == b"\x96\x37"


def test_5ess_passes_over_elements_behind_a_non_locking_shift():
    verdict = judged(MessageType.SETUP, BEARER + "9e370101" + "7003813132", switch_type=SwitchType.LUCENT_5ESS)
    assert [item.code for item in verdict.message.elements] == [0x04, 0x70]
    assert verdict.cause is None


def test_service():
    good = decode(examples()["service_oos"])
    assert check(good, "user").cause is None
    assert check(good.without(ElementCode.CHANGE_STATUS), "user").missing == ((0, 0x01),)
    assert check(decode(bytes.fromhex("0302000005")), "user").unknown_type


@given(MESSAGES, st.sampled_from(["network", "user", None]), st.booleans())
def test_any_message_has_a_verdict_that_leaves_a_message(message: Message, sender: str | None, strict: bool):
    verdict = check(message, sender, strict_order=strict)  # type: ignore[arg-type]
    left = verdict.message
    assert set(left.elements) <= set(message.elements)
    assert decode(encode(left)).type == message.type
    assert not any(isinstance(item, RawElement) and item.codeset == 0 for item in left.elements)
    assert len(verdict.diagnostics) <= 27
    assert verdict.fatal <= (verdict.cause is not None)
