"""What an exchange asks of the call's other side, answered by the gateway where that is no ISUP and nobody else could.

INR with INF (Q.764 (12/1999) 2.1.6), IDR with IRS (Q.731.7), FAR with FRJ (Q.764 2.4): each has a timer running. What
the call does not know is asked of a calling side that can say it, and what such a side's partner asks goes out as INR
or IDR.
"""

from __future__ import annotations

from tandem.core.cause import Cause, Location
from tandem.gateway.calls.model import InformationReply, InformationRequest, Setup
from tandem.gateway.trunks.isup_mapping import Parameters, calling_number, number_of, own_category
from tandem.gateway.trunks.rules import STANDARD, Rules
from tandem.ss7.isup.adaptation import has_type
from tandem.ss7.isup.cause import CauseIndicators
from tandem.ss7.isup.codes import MessageType, ParameterCode
from tandem.ss7.isup.indicators import CallingPartysCategory
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.numbers import CallingPartyNumber
from tandem.ss7.isup.parameters import RawParameter
from tandem.ss7.isup.services import AddressResponse, InformationIndicators, InformationRequestIndicators
from tandem.ss7.isup.supplementary import McidRequestIndicators, McidResponseIndicators
from tandem.ss7.isup.variants import Variant


def answer(
    request: Message,
    setup: Setup | None,
    unknown_nature: int,
    category: int,
    country_code: str,
    rules: Rules = STANDARD,
) -> tuple[MessageType, Parameters] | None:
    """The message that answers `request`; None when it asks for nothing that the gateway answers.

    `setup` is the call as it was offered to the exchange that asks; None when that exchange offered it itself, and
    who calls is for it to know. `category` stands for a category that is not known.
    """
    number = None if setup is None else calling_number(setup, unknown_nature, country_code, rules)
    match request.type:
        case MessageType.INR:
            found = None
            if setup is not None:
                found = CallingPartysCategory(category=own_category(setup.category, category, rules))
            return MessageType.INF, _information(request, number, found)
        case MessageType.IDR:
            known = McidResponseIndicators(identification_included=number is not None)
            return MessageType.IRS, [known] if number is None else [known, number]
        case MessageType.FAR if has_type(MessageType.FRJ, request.variant):
            facility = request.raw(ParameterCode.FACILITY_INDICATOR) or b"\0"
            cause = CauseIndicators(Cause.REQUESTED_FACILITY_NOT_IMPLEMENTED, Location.TRANSIT_NETWORK)
            return MessageType.FRJ, [RawParameter(ParameterCode.FACILITY_INDICATOR, facility), cause]
    return None


def request_of(message: Message) -> InformationRequest | None:
    """What an INR or IDR asks for, None for any other message."""
    if message.type == MessageType.INR:
        asked = message.find(InformationRequestIndicators) or InformationRequestIndicators()
        return InformationRequest(
            calling=asked.calling_party_address,
            category=asked.calling_partys_category,
            malicious=asked.malicious_call_identification,
            hold=asked.holding,
        )
    if message.type == MessageType.IDR:
        wanted = message.find(McidRequestIndicators) or McidRequestIndicators(identification=True)
        return InformationRequest(calling=wanted.identification, malicious=True, hold=wanted.holding)
    return None


def question(request: InformationRequest, variant: Variant, answered: bool) -> tuple[MessageType, Parameters] | None:
    """The message that asks an ISUP exchange who calls; None when there is none for that (now).

    A malicious call is told with IDR (Q.731.7), at any time. INR belongs to the set-up of a call (Q.764 2.1.6), and
    has no indicator for the original called number, which the IAM gives or nobody.
    """
    if request.malicious and has_type(MessageType.IDR, variant):
        return MessageType.IDR, [McidRequestIndicators(identification=True, holding=request.hold)]
    if answered or not (request.calling or request.category or request.malicious):
        return None
    return MessageType.INR, [
        InformationRequestIndicators(
            calling_party_address=request.calling,
            holding=request.hold,
            calling_partys_category=request.category,
            malicious_call_identification=request.malicious,
        )
    ]


def reply_of(message: Message, rules: Rules = STANDARD) -> InformationReply | None:
    """What an INF, IRS or CFN answers; None for any other message. CFN: the question was not understood."""
    if message.type == MessageType.CFN:
        return InformationReply()
    if message.type not in (MessageType.INF, MessageType.IRS):
        return None
    number, category = message.find(CallingPartyNumber), message.find(CallingPartysCategory)
    information, response = message.find(InformationIndicators), message.find(McidResponseIndicators)
    return InformationReply(
        calling=None if number is None or not number.digits else number_of(number, rules),
        category=None if category is None else rules.isup_category.get(category.category, category.category),
        hold=bool((information and information.hold_provided) or (response and response.holding_provided)),
    )


def _information(
    request: Message, number: CallingPartyNumber | None, category: CallingPartysCategory | None
) -> Parameters:
    """Calls are neither held nor charged here: no hold is provided, no charge information included."""
    asked = request.find(InformationRequestIndicators) or InformationRequestIndicators()
    found: Parameters = []
    address = AddressResponse.NOT_INCLUDED
    if asked.calling_party_address:
        address = AddressResponse.NOT_AVAILABLE if number is None else AddressResponse.INCLUDED
        found += [] if number is None else [number]
    with_category = asked.calling_partys_category and category is not None
    if with_category and category is not None:
        found.append(category)
    return [InformationIndicators(calling_party_address=address, calling_partys_category=with_category), *found]
