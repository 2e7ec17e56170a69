"""Who calls, asked and told on TUP trunks: GRQ and GSM (Q.724 1), MAL (GF 001-9001), and the neutral call.

An exchange on the called side that lacks the identity asks for it. What the call knows is told at once; for what it
does not know the calling side is asked, whatever its protocol: GRQ to TUP, INR or IDR to ISUP.
"""

from __future__ import annotations

from collections.abc import Callable

from tandem.gateway.calls.half_call import HalfCall
from tandem.gateway.calls.model import InformationReply, InformationRequest, Number, Setup
from tandem.gateway.trunks.circuits import other_half
from tandem.gateway.trunks.rules import STANDARD, Rules
from tandem.gateway.trunks.tup_mapping import calling_of, identity, number_of, own_category
from tandem.ss7.tup.fields import Nature
from tandem.ss7.tup.messages import GeneralForwardSetup, GeneralRequest


def request_of(request: GeneralRequest) -> InformationRequest:
    """What a GRQ asks for."""
    return InformationRequest(
        calling=request.calling_line or request.malicious_call,
        category=request.category,
        original_called=request.original_called,
        malicious=request.malicious_call,
        hold=request.hold,
    )


def general_request(request: InformationRequest) -> GeneralRequest:
    """The GRQ that asks the calling exchange; which a malicious call is, its number says."""
    return GeneralRequest(
        category=request.category,
        calling_line=request.calling or request.malicious,
        original_called=request.original_called,
        malicious_call=request.malicious,
        hold=request.hold,
    )


def reply_of(message: GeneralForwardSetup, rules: Rules = STANDARD) -> InformationReply:
    """What a GSM answers."""
    original, category = message.original_called, message.category
    return InformationReply(
        calling=calling_of(message.calling_line, rules),
        category=None if category is None else rules.tup_category.get(category, category),
        original_called=None if original is None or not original.digits else number_of(original, rules),
        hold=message.hold,
    )


def information(
    request: GeneralRequest,
    setup: Setup,
    unknown_nature: Nature,
    category: int,
    country_code: str,
    hold: bool = False,
    rules: Rules = STANDARD,
) -> GeneralForwardSetup:
    """GSM in answer to a GRQ that the other side of the call cannot see; `hold` grants that."""
    known = identity(setup, unknown_nature, country_code, rules)
    line = known.calling_line if request.calling_line or request.malicious_call else None
    return GeneralForwardSetup(
        category=own_category(setup.category, category, rules) if request.category else None,
        calling_line=line,
        original_called=known.original_called if request.original_called else None,
        malicious_call=request.malicious_call and line is not None,
        hold=request.hold and hold,
    )


class Enquiries:
    """Questions under way, by call."""

    def __init__(self) -> None:
        self.asked: set[int] = set()
        """Incoming calls whose exchange was asked for another side."""
        self.asking: dict[int, GeneralRequest] = {}
        """Outgoing calls whose exchange waits for GSM."""
        self.reported: set[int] = set()
        """Outgoing calls whose called party says that they are malicious, and whose caller was asked for."""

    def forget(self, call: int) -> None:
        """The call is over."""
        self.asked.discard(call)
        self.reported.discard(call)
        self.asking.pop(call, None)


def caller_of(half: HalfCall) -> Number | None:
    """Who calls, as the call was set up."""
    call = half.call
    return None if call is None else call.setup.calling


def told(half: HalfCall, reply: InformationReply, warn: Callable[[str], None]) -> None:
    """Name the caller of a malicious call whose exchange did not wait for it (MAL)."""
    number = reply.calling or caller_of(half)
    other = other_half(half)
    where = "" if other is None else f", from {other.reference}"
    warn(f"malicious call: the caller is {number if number is not None else 'not known'}{where}")
