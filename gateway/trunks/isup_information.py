"""What an exchange asks for with INR, answered from what call control knows: Q.764 (12/1999) 2.1.6.

Where the other side of the call is ISUP too, its exchange answers; elsewhere nobody else could.
"""

from __future__ import annotations

from tandem.gateway.calls.model import Setup
from tandem.gateway.trunks.isup_mapping import Parameters, calling_number
from tandem.ss7.isup.indicators import CallingPartysCategory
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.services import AddressResponse, InformationIndicators, InformationRequestIndicators


def answer(request: Message, setup: Setup | None, unknown_nature: int, category: int, country_code: str) -> Parameters:
    """The parameters of the INF that answers the INR `request`.

    `setup` is the call as it was offered to the exchange that asks; None when that exchange offered it itself, and
    who calls is for it to know. `category` stands for a category that is not known. Calls are neither held nor
    charged here: no hold is provided, no charge information included.
    """
    asked = request.get(InformationRequestIndicators) or InformationRequestIndicators()
    found: Parameters = []
    address = AddressResponse.NOT_INCLUDED
    if asked.calling_party_address:
        number = None if setup is None else calling_number(setup, unknown_nature, country_code)
        address = AddressResponse.NOT_AVAILABLE if number is None else AddressResponse.INCLUDED
        found += [] if number is None else [number]
    with_category = asked.calling_partys_category and setup is not None
    if with_category and setup is not None:
        found.append(CallingPartysCategory(category=setup.category or category))
    return [InformationIndicators(calling_party_address=address, calling_partys_category=with_category), *found]
