"""What goes through unread between PRIs, and between a PRI and ISUP."""

import pytest

from tandem.gateway.calls.model import Opaque
from tandem.gateway.trunks.access import parameter
from tandem.gateway.trunks.pri_carry import (
    carried_bearer,
    carried_elements,
    carry,
    is_isdn,
    pri_message,
    progress_of,
)
from tandem.isdn.q931.bearer import BearerCapability, Capability, Layer1
from tandem.isdn.q931.cause import CauseElement, ProgressDescription, ProgressIndicator
from tandem.isdn.q931.codes import MessageType as M
from tandem.isdn.q931.messages import CallReference, build, decode
from tandem.isdn.q931.numbers import CalledPartyNumber
from tandem.isdn.q931.switch_types import SWITCH_TYPES
from tandem.isdn.q931.texts import CalledPartySubaddress, Display, Facility, UserUser
from tandem.ss7.isup.codes import MessageType as Isup
from tandem.ss7.isup.codes import ParameterCode
from tandem.ss7.isup.indicators import BackwardCallIndicators, ForwardCallIndicators, OptionalBackwardCallIndicators
from tandem.ss7.isup.messages import Message as IsupMessage

EURO = SWITCH_TYPES["euroisdn"]
SUBADDRESS = CalledPartySubaddress.parse(bytes.fromhex("80503132"))
USER = UserUser.parse(b"\x04hello")


def message(kind, *elements):
    return decode(build(CallReference(5), kind, *elements).encode())


def setup(*more):
    return message(M.SETUP, BearerCapability(Capability.SPEECH, Layer1.A_LAW), CalledPartyNumber("123"), *more)


def parameters(opaque):
    return {part.code: part.data for part in opaque if part.kind == "parameter-isup"}


def test_a_message_goes_to_another_pri_whole():
    came = setup(Display("Anna"))
    assert pri_message(carry(came)) == came
    assert pri_message(()) is None
    assert is_isdn(carry(came))
    assert not is_isdn(())


def test_elements_that_each_side_makes_itself_are_not_carried():
    found = carried_elements(carry(setup(SUBADDRESS, Display("Anna"))), M.SETUP, "network", EURO, True)
    assert sorted(found, key=str) == sorted([SUBADDRESS, Display("Anna")], key=str)


def test_elements_that_a_message_cannot_have_are_left_out():
    came = carry(message(M.ALERTING, Facility(b"\x91\xa1\x00"), USER))
    assert carried_elements(came, M.ALERTING, "network", EURO, True) == [Facility(b"\x91\xa1\x00"), USER]
    assert SUBADDRESS not in carried_elements(carry(setup(SUBADDRESS)), M.ALERTING, "network", EURO, True)


def test_display_goes_where_it_is_wanted_and_allowed():
    came = carry(setup(Display("Anna")))
    assert carried_elements(came, M.SETUP, "network", EURO, False) == []
    assert carried_elements(came, M.SETUP, "user", EURO, True) == ([Display("Anna")] if EURO.display_from_user else [])


def test_what_isup_gets_of_a_setup():
    told = parameters(carry(setup(SUBADDRESS, USER)))
    assert told[ParameterCode.ACCESS_TRANSPORT] == bytes.fromhex("710480503132")
    assert told[ParameterCode.USER_TO_USER_INFORMATION] == b"\x04hello"
    assert told[ParameterCode.USER_SERVICE_INFORMATION] == bytes.fromhex("8090a3")
    forward = ForwardCallIndicators.parse(told[ParameterCode.FORWARD_CALL_INDICATORS])
    assert (forward.isdn_access, forward.isup_all_the_way, forward.interworking) == (True, True, False)


@pytest.mark.parametrize(
    ("description", "access", "interworking"),
    [
        (ProgressDescription.ORIGINATION_NON_ISDN, False, False),
        (ProgressDescription.NOT_END_TO_END_ISDN, False, True),
        (ProgressDescription.INBAND_INFORMATION, True, False),
    ],
)
def test_progress_indicators_are_indicators_of_isup(description, access, interworking):
    told = parameters(carry(setup(ProgressIndicator(description, 1))))
    forward = ForwardCallIndicators.parse(told[ParameterCode.FORWARD_CALL_INDICATORS])
    assert (forward.isdn_access, forward.interworking) == (access, interworking)
    in_band = description is ProgressDescription.INBAND_INFORMATION
    assert (ParameterCode.ACCESS_TRANSPORT in told) is not in_band


def test_what_isup_gets_of_an_answer():
    told = parameters(carry(message(M.CONNECT, ProgressIndicator(ProgressDescription.DESTINATION_NON_ISDN, 1))))
    assert not BackwardCallIndicators.parse(told[ParameterCode.BACKWARD_CALL_INDICATORS]).isdn_access
    assert ParameterCode.FORWARD_CALL_INDICATORS not in told


def test_a_release_tells_isup_nothing_of_indicators():
    assert parameters(carry(message(M.RELEASE, CauseElement(16, 1)))) == {}


def isup(kind, *items):
    made = IsupMessage.build(kind, 5, items)
    return (Opaque("isup-itu", made.encode(), int(kind)),)


def acm(*more):
    return isup(Isup.ACM, *more)


def test_what_isup_says_of_the_way_are_progress_indicators():
    assert progress_of((), 2) == []
    interworking = acm(BackwardCallIndicators(interworking=True))
    assert [one.description for one in progress_of(interworking, 2)] == [ProgressDescription.NOT_END_TO_END_ISDN]
    analogue = acm(
        BackwardCallIndicators(isup_all_the_way=True, isdn_access=False),
        OptionalBackwardCallIndicators(in_band_information=True),
    )
    assert [(one.description, one.location) for one in progress_of(analogue, 2)] == [
        (ProgressDescription.DESTINATION_NON_ISDN, 2),
        (ProgressDescription.INBAND_INFORMATION, 2),
    ]
    assert progress_of(acm(BackwardCallIndicators(isup_all_the_way=True, isdn_access=True)), 2) == []


def test_what_isup_and_sip_say_of_an_access_goes_to_the_line():
    opaque = (
        parameter(ParameterCode.ACCESS_TRANSPORT, bytes.fromhex("710480503132")),
        parameter(ParameterCode.USER_TO_USER_INFORMATION, b"\x04hi"),
    )
    assert carried_elements(opaque, M.SETUP, "network", EURO, True) == [SUBADDRESS, UserUser(b"hi")]
    assert not is_isdn(opaque)
    assert is_isdn(acm(BackwardCallIndicators()))


def test_the_bearer_of_the_other_side():
    assert carried_bearer(carry(setup())) == BearerCapability(Capability.SPEECH, Layer1.A_LAW)
    assert carried_bearer(()) is None
    assert carried_bearer(acm(BackwardCallIndicators())) is None
