"""INR answered with INF from what the gateway knows of the call."""

import pytest

from tandem.gateway.calls.model import Nature, Number, Presentation, Setup
from tandem.gateway.trunks.isup_information import answer
from tandem.ss7.isup.codes import MessageType as M
from tandem.ss7.isup.indicators import CallingPartysCategory
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.numbers import CallingPartyNumber
from tandem.ss7.isup.services import AddressResponse, InformationIndicators, InformationRequestIndicators

ALL = InformationRequestIndicators(
    calling_party_address=True,
    holding=True,
    calling_partys_category=True,
    charge_information=True,
    malicious_call_identification=True,
)


def inf(setup, asked=ALL):
    request = Message.build(M.INR, 3, [asked])
    message = Message.build(M.INF, 3, answer(request, setup, Nature.NATIONAL, 10, "49"))
    return Message.parse(message.encode())


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
