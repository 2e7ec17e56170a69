"""What an exchange asks of the call's other side, answered by the gateway where that is no ISUP and nobody else could.

INR with INF (Q.764 (12/1999) 2.1.6), IDR with IRS (Q.731.7), FAR with FRJ (Q.764 2.4): each has a timer running.
"""

from __future__ import annotations

from tandem.core.cause import Cause, Location
from tandem.gateway.calls.model import Setup
from tandem.gateway.trunks.isup_mapping import Parameters, calling_number
from tandem.ss7.isup.adaptation import has_type
from tandem.ss7.isup.cause import CauseIndicators
from tandem.ss7.isup.codes import MessageType, ParameterCode
from tandem.ss7.isup.indicators import CallingPartysCategory
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.numbers import CallingPartyNumber
from tandem.ss7.isup.parameters import RawParameter
from tandem.ss7.isup.services import AddressResponse, InformationIndicators, InformationRequestIndicators
from tandem.ss7.isup.supplementary import McidResponseIndicators


def answer(
    request: Message, setup: Setup | None, unknown_nature: int, category: int, country_code: str
) -> tuple[MessageType, Parameters] | None:
    """The message that answers `request`; None when it asks for nothing that the gateway answers.

    `setup` is the call as it was offered to the exchange that asks; None when that exchange offered it itself, and
    who calls is for it to know. `category` stands for a category that is not known.
    """
    number = None if setup is None else calling_number(setup, unknown_nature, country_code)
    match request.type:
        case MessageType.INR:
            found = None if setup is None else CallingPartysCategory(category=setup.category or category)
            return MessageType.INF, _information(request, number, found)
        case MessageType.IDR:
            known = McidResponseIndicators(identification_included=number is not None)
            return MessageType.IRS, [known] if number is None else [known, number]
        case MessageType.FAR if has_type(MessageType.FRJ, request.variant):
            facility = request.raw(ParameterCode.FACILITY_INDICATOR) or b"\0"
            cause = CauseIndicators(Cause.REQUESTED_FACILITY_NOT_IMPLEMENTED, Location.TRANSIT_NETWORK)
            return MessageType.FRJ, [RawParameter(ParameterCode.FACILITY_INDICATOR, facility), cause]
    return None


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
