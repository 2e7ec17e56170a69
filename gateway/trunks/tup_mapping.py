"""TUP messages and the neutral call.

No Recommendation maps TUP to other protocols by itself: what Q.722 says that a message means is set beside what the
neutral call says (Q.764, Q.850). `MAPPINGS` lists the rules with their clauses; `tandem.ss7.tup.cause` has the causes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from msgspec import structs

from tandem.core.errors import EncodeError
from tandem.gateway.calls.interworking import MappingRow
from tandem.gateway.calls.model import (
    Alerting,
    Answer,
    Bearer,
    Charge,
    ForwardTransfer,
    Number,
    Opaque,
    OperatorSignal,
    Presentation,
    Primitive,
    Progress,
    Release,
    Resume,
    Setup,
    Suspend,
)
from tandem.gateway.trunks.rules import STANDARD, Means, Rules
from tandem.ss7.tup.cause import CAUSE_OF, FAILURES, MESSAGE_OF
from tandem.ss7.tup.codes import MessageType
from tandem.ss7.tup.fields import (
    MOST_SIGNALS,
    CallingLineIdentity,
    Category,
    ContinuityCheck,
    MessageIndicators,
    OriginalCalledAddress,
)
from tandem.ss7.tup.fields import Nature as TupNature
from tandem.ss7.tup.messages import (
    AddressComplete,
    AddressCompleteKind,
    GeneralForwardSetup,
    InitialAddress,
    InitialAddressWithInformation,
    Message,
    Signal,
    decode,
    encode,
)
from tandem.ss7.tup.variants import Variant

M = MessageType
_OF_CHINA: Final = frozenset({M.SLB, M.STB})
_BY_NAME: Final = {kind.name: kind for kind in FAILURES}

#: Messages that go on to another TUP trunk and mean nothing elsewhere.
PASSED_ON: Final = frozenset({M.CHG, M.GSM})


# --- from TUP


def setup_from(
    message: InitialAddress,
    complete: bool,
    variant: Variant,
    digits: str | None = None,
    information: GeneralForwardSetup | None = None,
    rules: Rules = STANDARD,
) -> Setup:
    """The call that an IAM or IAI offers.

    `digits` replaces the called digits when more came in SAM or SAO; `information` is the GSM that was asked for.
    """
    line, original = _lines(message)
    category = message.category
    if information is not None:
        line = information.calling_line or line
        original = information.original_called or original
        category = category if information.category is None else information.category
    indicators = message.indicators
    forwarded = None if original is None or not original.digits else number_of(original, rules)
    return Setup(
        called=_number(message.digits if digits is None else digits, indicators.nature, rules),
        calling=calling_of(line, rules),
        complete=complete,
        category=rules.tup_category.get(category, category),
        bearer=Bearer.UNRESTRICTED_64K if indicators.digital_path else Bearer.AUDIO_3K1,
        redirecting=forwarded if indicators.redirected else None,
        original_called=forwarded,
        redirection_reason=0 if indicators.redirected and forwarded is not None else None,
        opaque=(carry(message, variant),),
    )


def _lines(message: InitialAddress) -> tuple[CallingLineIdentity | None, OriginalCalledAddress | None]:
    if isinstance(message, InitialAddressWithInformation):
        return message.calling_line, message.original_called
    return None, None


def _number(digits: str, nature: int, rules: Rules) -> Number:
    return Number(digits, rules.tup_nature[TupNature(nature)])


def number_of(address: CallingLineIdentity | OriginalCalledAddress, rules: Rules = STANDARD) -> Number:
    """A number within a message."""
    return _number(address.digits, address.nature, rules)


def calling_of(line: CallingLineIdentity | None, rules: Rules = STANDARD) -> Number | None:
    """Who calls; without digits the identity is not available."""
    if line is None or not line.digits:
        return None
    presentation = Presentation.RESTRICTED if line.restricted else Presentation.ALLOWED
    return structs.replace(number_of(line, rules), presentation=presentation)


def primitive_from(message: Message, variant: Variant, rules: Rules = STANDARD) -> Primitive | None:
    """What a message after the IAM means to the call; None when it means nothing to other protocols.

    Tones come in the speech path: ringback with subscriber free, else announcements may.
    """
    opaque = (carry(message, variant),)
    if isinstance(message, AddressComplete):
        charge = rules.acm_charge[AddressCompleteKind(message.kind)]
        rung = rules.subscriber_free[bool(message.free)] is Means.ALERTING
        return Alerting(True, opaque, charge) if rung else Progress(True, opaque, charge)
    match message.type:
        case M.ANC | M.ANN | M.ANU:
            return Answer(None, opaque, rules.answer_charge[M(message.type)])
        case M.CBK:
            return Suspend()
        case M.RAN:
            return Resume()
        case M.FOT:
            return ForwardTransfer()
        case M.OPR:
            return OperatorSignal()
    return None


def carry(message: Message, variant: Variant) -> Opaque:
    """The whole message with its variant, to go through where the other side is TUP too."""
    return Opaque(f"tup-{variant.value}", encode(message, variant), int(message.type))


# --- to TUP


def initial_address(
    setup: Setup,
    unknown_nature: TupNature,
    category: int,
    country_code: str,
    variant: Variant,
    with_line: bool = True,
    rules: Rules = STANDARD,
) -> InitialAddress:
    """The IAM of a call, or the IAI where there is more to say.

    From another TUP trunk the message goes through with our numbers in it. `unknown_nature` replaces the nature
    `unknown`; without `with_line` the identities are left to GSM (see `identity`).
    """
    called = setup.called.within(country_code)
    carried = _carried(setup.opaque, variant)
    identities = identity(setup, unknown_nature, country_code, rules)
    line = identities.calling_line if with_line else None
    original = identities.original_called if with_line else None
    nature = int(_nature(called, unknown_nature, rules))
    if isinstance(carried, InitialAddress):
        # The check of the circuit before is over (Q.724 7).
        indicators = replace(carried.indicators, nature=nature, continuity_check=ContinuityCheck.NOT_REQUIRED)
        first = InitialAddress(called.digits, carried.category, setup.complete, indicators)
        group = carried.closed_user_group if isinstance(carried, InitialAddressWithInformation) else None
    else:
        indicators = MessageIndicators(
            nature=nature,
            international=False,
            redirected=setup.redirecting is not None,
            digital_path=setup.bearer is Bearer.UNRESTRICTED_64K,
        )
        first = InitialAddress(called.digits, own_category(setup.category, category, rules), setup.complete, indicators)
        group = None
    if line is None and original is None and group is None:
        return first
    return InitialAddressWithInformation(
        first.digits,
        first.category,
        first.st,
        indicators,
        closed_user_group=group,
        calling_line=line,
        original_called=original,
    )


def identity(
    setup: Setup, unknown_nature: TupNature, country_code: str, rules: Rules = STANDARD
) -> GeneralForwardSetup:
    """Who calls and who was called first, as GSM tells it; a number that no field holds is left out."""
    line: CallingLineIdentity | None = None
    calling = None if setup.calling is None else setup.calling.within(country_code)
    if calling is not None and _fits(calling) and calling.presentation is not Presentation.UNAVAILABLE:
        restricted = calling.presentation is Presentation.RESTRICTED
        line = CallingLineIdentity(calling.digits, int(_nature(calling, unknown_nature, rules)), restricted)
    original: OriginalCalledAddress | None = None
    forwarded = setup.original_called or setup.redirecting
    forwarded = None if forwarded is None else forwarded.within(country_code)
    if forwarded is not None and _fits(forwarded):
        original = OriginalCalledAddress(forwarded.digits, int(_nature(forwarded, unknown_nature, rules)))
    return GeneralForwardSetup(calling_line=line, original_called=original)


def own_category(known: int, default: int, rules: Rules = STANDARD) -> int:
    """Calling party's category as TUP has it; `default` where none is known or Q.763 means something else by it."""
    own = known or default
    return rules.category_tup.get(own, own if own <= Category.TEST else default)


def _fits(number: Number) -> bool:
    """Whether address signals of TUP can hold it."""
    return 0 < len(number.digits) <= MOST_SIGNALS and set(number.digits) <= set("0123456789BC")


def _nature(number: Number, unknown_nature: TupNature, rules: Rules) -> TupNature:
    return rules.nature_tup.get(number.nature, unknown_nature)


def backward_messages(
    primitive: Primitive,
    acm_sent: bool,
    variant: Variant,
    default: Charge,
    said: Charge = Charge.NO_INDICATION,
    rules: Rules = STANDARD,
) -> list[Message]:
    """The messages that tell the calling side of `primitive`; none when there is nothing to tell (yet).

    Progress without anything to hear waits: after an ACM a failure could not be told by its own message any more.
    `said` is the charge indicator that the called side gave before, `default` stands for one never given.
    """
    match primitive:
        case Progress(inband=True) | Alerting():
            if acm_sent:
                return []
            carried = _carried(primitive.opaque, variant)
            if isinstance(carried, AddressComplete):
                return [carried]
            return [_address_complete(primitive.charge or default, isinstance(primitive, Alerting), rules)]
        case Answer(charge=charge):
            charge = charge or said or default
            carried = _carried(primitive.opaque, variant)
            kind = carried.type if carried is not None and carried.type in (M.ANC, M.ANN, M.ANU) else None
            first = [] if acm_sent else [_address_complete(charge, False, rules)]
            return [*first, Signal(rules.charge_answer[charge] if kind is None else kind)]
        case Suspend():
            return [Signal(M.CBK)]
        case Resume():
            return [Signal(M.RAN)]
    return []


def early_acm(default: Charge, rules: Rules = STANDARD) -> Message:
    """ACM without subscriber free, sent when the called side is silent for long (Q.724 1: the peer's T2)."""
    return _address_complete(default, False, rules)


def _address_complete(charge: Charge, free: bool, rules: Rules) -> AddressComplete:
    return AddressComplete(rules.charge_acm[charge], free)


def failure(release: Release, variant: Variant, told: Mapping[int, str] | None = None) -> int | Message:
    """What ends an incoming call: the cause, or the other side's own message of failure where it was TUP too.

    `told` are the operator's messages for causes, by name; one that the variant does not have is passed over.
    """
    name = None if told is None else told.get(release.cause)
    message = None if name is None else _BY_NAME[name]
    if message is not None and (message not in _OF_CHINA or variant is Variant.CHINA):
        return Signal(message)
    carried = _carried(release.opaque, variant)
    return carried if carried is not None and carried.type in FAILURES else release.cause


def _carried(opaque: tuple[Opaque, ...], variant: Variant) -> Message | None:
    """The message that came through from another TUP trunk, if `variant` has it."""
    for part in opaque:
        protocol, _, name = part.kind.partition("-")
        if protocol == "tup":
            message = decode(part.data, Variant(name))
            if Variant(name) is variant:
                return message
            try:
                encode(message, variant)
            except EncodeError:
                return None
            return None if message.type in (M.EUM, M.GSM) else message  # they hold a point code of the other network
    return None


_Q722: Final = "Q.722 3.3, Q.723 3.3"
_PRACTICE: Final = "engineering practice after Q.764 2.1"

#: The rules above for people; generated from the tables where there is one.
MAPPINGS: Final[tuple[MappingRow, ...]] = (
    MappingRow("tup-call", "IAM, IAI", "Setup", "Q.724 1.1"),
    MappingRow("tup-call", "SAM, SAO", "digits of Setup, collected until the number is whole", "Q.724 1.1"),
    MappingRow("tup-call", "digital path required", "Setup, 64 kbit/s unrestricted", "Q.723 3.3.1 bit J"),
    MappingRow("tup-call", "no digital path", "Setup, 3.1 kHz audio", "Q.723 3.3.1 bit J"),
    MappingRow("tup-call", "calling line identity", "Setup, calling number, screening network", "Q.723 3.3.2"),
    MappingRow("tup-call", "original called address", "Setup, original called number", "Q.723 3.3.2"),
    MappingRow("tup-call", "redirected call", "Setup, redirecting number", "Q.723 3.3.1 bit I"),
    MappingRow("tup-call", "ACM", "alerting or progress, inband", f"{_Q722}; {_PRACTICE}"),
    MappingRow("tup-call", "ANC, ANN, ANU", "Answer", "Q.722 3.4"),
    MappingRow("tup-call", "CBK, release_control calling", "Suspend", "Q.118, Q.764 2.4.1"),
    MappingRow("tup-call", "CBK, release_control called or either", "Release, cause 16", "Q.118"),
    MappingRow("tup-call", "RAN", "Resume", "Q.724 1"),
    MappingRow("tup-call", "CLF", "Release, cause 16", "Q.724 1"),
    MappingRow("tup-call", "FOT", "ForwardTransfer", "Q.722 3.4"),
    MappingRow("tup-call", "SAM, SAO after the call went on (pass_digits)", "Information", "Q.724 1.1"),
    MappingRow("tup-call", "GRQ", "InformationRequest, where the call does not know it", "Q.724 1"),
    MappingRow("tup-call", "GSM in answer to ours", "InformationReply", "Q.724 1"),
    MappingRow("tup-call", "MAL", "InformationRequest, malicious", "GF 001-9001, Q.731.7"),
    MappingRow("tup-call", "MPM", "Metering", "GF 001-9001"),
    MappingRow("tup-call", "OPR", "OperatorSignal", "GF 001-9001"),
    MappingRow("tup-call", "CHG", "nothing but to TUP: its content is national", "Q.722 3.3"),
    MappingRow("tup-call", "CCL, release_control called beyond", "CallingPartyCleared", "GF 001-9001"),
    MappingRow("tup-call", "CCL", "Release, cause 16", "GF 001-9001"),
    *(
        MappingRow("tup-call", message.name, f"Release, cause {int(cause)}", "Q.722 3.3, Q.850")
        for message, cause in CAUSE_OF.items()
    ),
    MappingRow("call-tup", "Setup with calling or original called number", "IAI", "Q.724 1.1"),
    MappingRow("call-tup", "Setup without", "IAM", "Q.724 1.1"),
    MappingRow("call-tup", "Information", "SAM", "Q.724 1.1"),
    MappingRow("call-tup", "ForwardTransfer", "FOT", "Q.722 3.4"),
    MappingRow("call-tup", "InformationRequest", "GRQ; malicious, on a Chinese trunk MAL too", "Q.724 1"),
    MappingRow("call-tup", "InformationReply", "GSM to GRQ", "Q.724 1"),
    MappingRow("call-tup", "Metering", "MPM (China), else nothing", "GF 001-9001"),
    MappingRow("call-tup", "OperatorSignal", "OPR (China), else nothing", "GF 001-9001"),
    MappingRow("call-tup", "CallingPartyCleared", "CCL, then CLF when CBK comes", "GF 001-9001"),
    MappingRow("call-tup", "Progress, inband", "ACM, unless one was sent", _PRACTICE),
    MappingRow("call-tup", "Progress, nothing to hear", "nothing, ACM when ACM_DUE expires", "Q.724 1.1"),
    MappingRow("call-tup", "Alerting", "ACM, subscriber free, unless one was sent", _Q722),
    MappingRow("call-tup", "Answer", "ANC, ANN or ANU", "Q.722 3.4"),
    MappingRow("call-tup", "Answer without ACM", "ACM and the answer", "Q.764 2.1.7.1 (CON)"),
    MappingRow("call-tup", "Suspend", "CBK", "Q.764 2.4.1"),
    MappingRow("call-tup", "Resume", "RAN", "Q.764 2.4.2"),
    MappingRow("call-tup", "Release by the calling side", "CLF", "Q.724 1"),
    MappingRow("call-tup", "Release by the called side before ACM", "message of failure by cause", "Q.722 3.3, Q.850"),
    MappingRow("call-tup", "Release by the called side after ACM", "CFL", "Q.724 1"),
    MappingRow("call-tup", "Release by the called side after answer", "CBK", "Q.724 1"),
    *(
        MappingRow("call-tup", f"cause {int(cause)} ({variant.value})", message.name, "Q.722 3.3, Q.850")
        for variant, rows in MESSAGE_OF.items()
        for cause, message in sorted(rows.items())
    ),
)
