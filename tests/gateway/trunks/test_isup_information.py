"""INR answered with INF from what the gateway knows of the call."""

import pytest

from tandem.gateway.calls.model import (
    InformationReply,
    InformationRequest,
    Nature,
    Number,
    Presentation,
    Screening,
    Setup,
)
from tandem.gateway.trunks.isup_information import answer, question, reply_of, request_of
from tandem.ss7.isup.cause import CauseIndicators
from tandem.ss7.isup.codes import MessageType as M
from tandem.ss7.isup.flags import FacilityIndicator
from tandem.ss7.isup.indicators import CallingPartysCategory
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.numbers import CallingPartyNumber
from tandem.ss7.isup.services import AddressResponse, InformationIndicators, InformationRequestIndicators
from tandem.ss7.isup.supplementary import McidRequestIndicators, McidResponseIndicators
from tandem.ss7.isup.variants import Variant

ALL = InformationRequestIndicators(
    calling_party_address=True,
    holding=True,
    calling_partys_category=True,
    charge_information=True,
    malicious_call_identification=True,
)


def inf(setup, asked=ALL):
    request = Message.build(M.INR, 3, [asked])
    return reply(request, setup)


def reply(request, setup):
    kind, parameters = answer(request, setup, Nature.NATIONAL, 10, "49")
    return Message.parse(Message.build(kind, 3, parameters).encode())


def test_calling_number_and_category():
    calling = Number("4930123", Nature.INTERNATIONAL, presentation=Presentation.RESTRICTED)
    message = inf(Setup(Number("1"), calling, category=15))
    assert message.get(InformationIndicators) == InformationIndicators(
        calling_party_address=AddressResponse.INCLUDED, calling_partys_category=True
    )
    number = message.get(CallingPartyNumber)
    assert (number.digits, number.nature, number.presentation) == ("30123", Nature.NATIONAL, Presentation.RESTRICTED)
    assert message.get(CallingPartysCategory).category == 15


def test_a_number_that_is_not_known_is_not_available():
    message = inf(Setup(Number("1"), None, category=0))
    indicators = message.get(InformationIndicators)
    assert indicators.calling_party_address == AddressResponse.NOT_AVAILABLE
    assert message.get(CallingPartyNumber) is None
    assert message.get(CallingPartysCategory).category == 10


def test_only_what_was_asked_for():
    message = inf(Setup(Number("1"), Number("2")), InformationRequestIndicators(calling_partys_category=True))
    assert message.get(InformationIndicators).calling_party_address == AddressResponse.NOT_INCLUDED
    assert message.get(CallingPartyNumber) is None
    assert message.get(CallingPartysCategory).category == 10


@pytest.mark.parametrize("asked", [ALL, InformationRequestIndicators()])
def test_the_exchange_that_offered_the_call_is_told_nothing_of_it(asked):
    message = inf(None, asked)
    wanted = AddressResponse.NOT_AVAILABLE if asked is ALL else AddressResponse.NOT_INCLUDED
    assert message.get(InformationIndicators) == InformationIndicators(calling_party_address=wanted)
    assert len(message.raw_parameters()) == 1


@pytest.mark.parametrize(("calling", "included"), [(Number("30123", Nature.NATIONAL), True), (None, False)])
def test_identification_request(calling, included):
    """IDR asks who calls in a malicious call; T39 of the peer waits for IRS."""
    message = reply(Message.build(M.IDR, 3, [McidRequestIndicators(identification=True)]), Setup(Number("1"), calling))
    assert message.type is M.IRS
    assert message.get(McidResponseIndicators) == McidResponseIndicators(identification_included=included)
    assert (message.get(CallingPartyNumber) is not None) is included


def test_facilities_are_rejected():
    message = reply(Message.build(M.FAR, 3, [FacilityIndicator(facility=2)]), None)
    assert message.type is M.FRJ
    assert message.get(FacilityIndicator).facility == 2
    assert message.get(CauseIndicators).value == 69


def test_what_is_no_request_is_not_answered():
    assert answer(Message.build(M.FOT, 3), None, Nature.NATIONAL, 10, "") is None
    ansi = Message.build(M.FAR, 3, [FacilityIndicator()], variant=Variant.ANSI)
    assert answer(ansi, None, Nature.NATIONAL, 10, "") is None  # ANSI has no FRJ


def test_a_question_that_there_is_no_message_for():
    """INR belongs to the set-up of a call; it cannot ask for the original called number alone."""
    assert question(InformationRequest(original_called=True), Variant.ITU, answered=False) is None
    assert question(InformationRequest(calling=True), Variant.ITU, answered=True) is None


def test_a_malicious_call_where_there_is_no_idr():
    """ANSI has INR only."""
    kind, (indicators,) = question(InformationRequest(malicious=True), Variant.ANSI, answered=False)
    assert (kind, indicators.malicious_call_identification) == (M.INR, True)
    assert question(InformationRequest(malicious=True), Variant.ANSI, answered=True) is None


def test_a_question_reads_back():
    asked = InformationRequest(calling=True, category=True, hold=True)
    kind, parameters = question(asked, Variant.ITU, answered=False)
    assert request_of(Message.build(kind, 3, parameters)) == asked


def test_answers():
    inform = InformationIndicators(calling_party_address=3, hold_provided=True, calling_partys_category=True)
    number = CallingPartyNumber(digits="30123", nature=3)
    message = Message.build(M.INF, 3, [inform, number, CallingPartysCategory(category=15)])
    number = Number("30123", Nature.NATIONAL, screening=Screening.NETWORK)
    assert reply_of(message) == InformationReply(number, 15, hold=True)
    assert reply_of(Message.build(M.CFN, 3, [CauseIndicators(97)])) == InformationReply()
    assert reply_of(Message.build(M.FOT, 3)) is None


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ({"calling": True}, False),
        ({"category": True}, True),
        ({"malicious": True}, False),
        ({"original_called": True, "hold": True}, True),
    ],
)
def test_what_a_call_knows(asked, answered):
    assert InformationRequest(**asked).is_answered_by(Setup(Number("1"))) is answered
    assert InformationRequest(calling=True).is_answered_by(Setup(Number("1"), Number("2")))
    assert not InformationRequest(category=True).is_answered_by(Setup(Number("1"), category=0))
