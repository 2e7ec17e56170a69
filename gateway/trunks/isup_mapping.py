"""ISUP messages as primitives of the neutral call, and back (RFC 3398 7.2 and 8.2, Q.764 2.1)."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Final

from msgspec import structs

from tandem.core.errors import DecodeError
from tandem.gateway.calls.model import (
    Alerting,
    Answer,
    Bearer,
    CallingPartyCleared,
    ForwardTransfer,
    Hold,
    Metering,
    Nature,
    Number,
    Opaque,
    OperatorSignal,
    Plan,
    Presentation,
    Primitive,
    Progress,
    Release,
    Resume,
    Retrieve,
    Screening,
    Setup,
    Suspend,
    Transparent,
)
from tandem.gateway.calls.model import Charge as CallCharge
from tandem.gateway.trunks import access
from tandem.gateway.trunks.rules import STANDARD, Means, Rules
from tandem.ss7.isup.adaptation import adapted, is_adapted, medium_of
from tandem.ss7.isup.cause import CauseIndicators
from tandem.ss7.isup.codes import MessageType, ParameterCode
from tandem.ss7.isup.indicators import (
    BackwardCallIndicators,
    CalledPartyCategory,
    CalledPartyStatus,
    CallingPartysCategory,
    ContinuityCheck,
    Event,
    EventInformation,
    ForwardCallIndicators,
    HopCounter,
    Medium,
    NatureOfConnectionIndicators,
    OptionalBackwardCallIndicators,
    SuspendResumeIndicators,
    TransmissionMediumRequirement,
)
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.multirate import circuits_needed, medium_of_circuits
from tandem.ss7.isup.numbers import (
    CalledPartyNumber,
    CallingPartyNumber,
    ConnectedNumber,
    GenericNumber,
    OriginalCalledNumber,
    PartyNumber,
    Qualifier,
    RedirectingNumber,
    TransitNetworkSelection,
)
from tandem.ss7.isup.parameters import Parameter, RawParameter
from tandem.ss7.isup.services import (
    GenericNotificationIndicator,
    Notification,
    OriginatingLineInformation,
    Redirecting,
    RedirectionInformation,
)
from tandem.ss7.isup.supplementary import NetworkRoutingNumber
from tandem.ss7.isup.variants import Variant

Parameters = list[Parameter | RawParameter]

_MEDIA = {Bearer.SPEECH: Medium.SPEECH, Bearer.AUDIO_3K1: Medium.AUDIO_3K1, Bearer.UNRESTRICTED_64K: 2}
#: Calling party's category where an IAM has none: ordinary subscriber (Q.763 3.11).
_ORDINARY: Final = 10
_BEARERS: Final[dict[int, Bearer]] = {
    Medium.SPEECH: Bearer.SPEECH,
    Medium.UNRESTRICTED_64K: Bearer.UNRESTRICTED_64K,
    Medium.AUDIO_3K1: Bearer.AUDIO_3K1,
}
#: Parameters of an IAM that come from the neutral call and not from the message carried through.
_NEUTRAL = (ParameterCode.CALLED_PARTY_NUMBER, ParameterCode.CALLING_PARTY_NUMBER, ParameterCode.HOP_COUNTER)
#: Parameters of an IAM that few calls have.
_FURTHER: Final = frozenset(
    {
        ParameterCode.REDIRECTING_NUMBER,
        ParameterCode.ORIGINAL_CALLED_NUMBER,
        ParameterCode.REDIRECTION_INFORMATION,
        ParameterCode.GENERIC_NUMBER,
        ParameterCode.NETWORK_ROUTING_NUMBER,
        ParameterCode.TRANSIT_NETWORK_SELECTION,
        ParameterCode.ORIGINATING_LINE_INFORMATION,
    }
)
_PLANS = {int(plan): plan for plan in Plan}
#: By the two bits of ISUP, of which 3 is spare.
_PRESENTATIONS: Final = (
    Presentation.ALLOWED,
    Presentation.RESTRICTED,
    Presentation.UNAVAILABLE,
    Presentation.UNAVAILABLE,
)
_SCREENINGS: Final = tuple(Screening)
#: What a generic notification indicator in a CPG means to the call (Q.733.2).
_HELD: dict[int | None, type[Hold] | type[Retrieve]] = {
    Notification.REMOTE_HOLD: Hold,
    Notification.REMOTE_RETRIEVAL: Retrieve,
}
#: Octets of the charge information in MPM (China; public manuals of signalling boards).
_CHARGE_INFORMATION = 2
_NO_OPTIONAL_PART = b"\0"
_IN_BAND = OptionalBackwardCallIndicators(in_band_information=True)


# --- from ISUP


def setup_from(message: Message, complete: bool, digits: str | None = None, rules: Rules = STANDARD) -> Setup:
    """The call that an IAM offers; `digits` replaces the called digits when more came in SAMs."""
    called = message.find(CalledPartyNumber)
    number = Number("") if called is None else number_of(called, rules)
    if digits is not None and called is not None:
        number = Number(digits, number.nature, number.plan)
        message = message.replace(replace(called, digits=digits, st=complete))
    category = message.firsts.get(ParameterCode.CALLING_PARTYS_CATEGORY)
    hops, calling, forward = (
        message.find(HopCounter),
        message.find(CallingPartyNumber),
        message.find(ForwardCallIndicators),
    )
    bearer, timeslots = _bearer(message)
    setup = Setup(
        called=number,
        calling=number_of(calling, rules) if calling is not None and calling.digits else None,
        complete=complete,
        category=rules.isup_category.get(category[0], category[0]) if category else _ORDINARY,
        bearer=bearer,
        timeslots=timeslots,
        ported=forward is not None and forward.ported_number_translated,
        hop_counter=hops.count if hops else None,
        opaque=(access.whole(message),),
    )
    return setup if _FURTHER.isdisjoint(message.firsts) else _with_further(setup, message, rules)


def _bearer(message: Message) -> tuple[Bearer, int]:
    """What an IAM asks for, and how many timeslots."""
    medium = message.firsts.get(ParameterCode.TRANSMISSION_MEDIUM_REQUIREMENT)
    if medium and medium[0] in _BEARERS:
        return _BEARERS[medium[0]], 1
    timeslots = circuits_needed(message)
    if timeslots > 1:
        return Bearer.UNRESTRICTED_64K, timeslots
    return _BEARERS.get(medium_of(message), Bearer.AUDIO_3K1), 1


def _with_further(setup: Setup, message: Message, rules: Rules) -> Setup:
    """The call with what few IAMs say: redirections, other numbers, carrier, line."""
    redirecting, original = message.find(RedirectingNumber), message.find(OriginalCalledNumber)
    information, line = message.find(RedirectionInformation), message.find(OriginatingLineInformation)
    routing, transit = message.find(NetworkRoutingNumber), message.find(TransitNetworkSelection)
    return structs.replace(
        setup,
        redirecting=number_of(redirecting, rules) if redirecting else None,
        original_called=number_of(original, rules) if original else None,
        redirection_reason=information.reason if information else None,
        original_redirection_reason=information.original_reason if information else None,
        redirection_counter=information.counter if information else None,
        additional_calling=_additional_calling(message, rules),
        routing_number=None if routing is None else Number(routing.digits, Nature.NATIONAL),
        carrier=transit.digits if transit else "",
        originating_line=line.line if line else None,
    )


def _additional_calling(message: Message, rules: Rules) -> Number | None:
    """The generic number with the qualifier additional calling party number (Q.763 3.26)."""
    try:
        numbers = message.get_all(GenericNumber)
    except DecodeError:
        return None
    return next((number_of(item, rules) for item in numbers if item.qualifier == Qualifier.ADDITIONAL_CALLING), None)


def primitive_from(message: Message, rules: Rules = STANDARD) -> Primitive | None:
    """What a message after the IAM means to the call; None when it means nothing to the other side.

    An ACM without indication opens the backward path, as announcements may follow (RFC 3398 7.2.5).
    """
    opaque = (access.whole(message),)
    match message.type:
        case MessageType.ACM:
            backward = message.find(BackwardCallIndicators) or BackwardCallIndicators()
            if rules.acm_status.get(backward.called_party_status) is Means.ALERTING:
                return Alerting(_in_band(message) or backward.interworking, opaque, _charge(message, rules))
            return Progress(True, opaque, _charge(message, rules))
        case MessageType.CPG:
            event = message.find(EventInformation) or EventInformation()
            if (held := _HELD.get(_notification(message))) is not None:
                return held(opaque)
            if rules.cpg_event.get(event.event) is Means.ALERTING:
                return Alerting(_in_band(message), opaque, _charge(message, rules))
            in_band = event.event == Event.IN_BAND_INFORMATION or _in_band(message)
            return Progress(in_band, opaque, _charge(message, rules))
        case MessageType.ANM | MessageType.CON:
            connected = message.find(ConnectedNumber)
            number = number_of(connected, rules) if connected is not None and connected.digits else None
            return Answer(number, opaque, _charge(message, rules))
        case MessageType.SUS | MessageType.RES:
            indicators = message.find(SuspendResumeIndicators) or SuspendResumeIndicators()
            kind = Suspend if message.type == MessageType.SUS else Resume
            return kind(network=indicators.network_initiated, opaque=opaque)
    return None


def national_primitive(message: Message) -> Primitive | None:
    """What a message means to a side that is not ISUP but has its like: FOT, and MPM and OPR of China."""
    if message.type == MessageType.FOT:
        return ForwardTransfer()
    if message.type == MessageType.OPR:
        return OperatorSignal()
    pulses = metering_pulses(message)
    return None if pulses is None else Metering(pulses)


def metering_pulses(message: Message) -> int | None:
    """What an MPM counts: its charge information, two octets, the lower first as in TUP; None for any other message.

    The order of the octets is not published; from one trunk to another they pass as they are.
    """
    if message.type != MessageType.MPM or len(message.body) < _CHARGE_INFORMATION:
        return None
    return int.from_bytes(message.body[:_CHARGE_INFORMATION], "little")


def national(primitive: Primitive, variant: Variant) -> Message | None:
    """MPM, OPR or CCL (Chinese national messages) for a primitive; None where variant or primitive has none.

    MPM is its charge information and the pointer to an optional part that is not there, the others that pointer alone.
    """
    if variant is not Variant.CHINA:
        return None
    if isinstance(primitive, Metering):
        octets = primitive.pulses.to_bytes(_CHARGE_INFORMATION, "little")
        return Message(MessageType.MPM, 0, variant=variant, body=octets + _NO_OPTIONAL_PART)
    if isinstance(primitive, OperatorSignal):
        return Message(MessageType.OPR, 0, variant=variant, body=_NO_OPTIONAL_PART)
    if isinstance(primitive, CallingPartyCleared):
        return Message(MessageType.CCL, 0, variant=variant, body=_NO_OPTIONAL_PART)
    return None


def _charge(message: Message, rules: Rules) -> CallCharge:
    """The charge indicator of backward call indicators; spare values say nothing."""
    indicators = message.find(BackwardCallIndicators)
    if indicators is None:
        return CallCharge.NO_INDICATION
    return rules.isup_charge.get(indicators.charge, CallCharge.NO_INDICATION)


def _notification(message: Message) -> int | None:
    indicator = message.find(GenericNotificationIndicator)
    return None if indicator is None else int(indicator.notification)


def _in_band(message: Message) -> bool:
    optional = message.find(OptionalBackwardCallIndicators)
    return optional is not None and optional.in_band_information


def number_of(number: PartyNumber, rules: Rules = STANDARD) -> Number:
    """A number parameter as a number of the call."""
    return Number(
        number.digits,
        rules.isup_nature.get(getattr(number, "nature", Nature.UNKNOWN), Nature.UNKNOWN),
        _PLANS.get(getattr(number, "plan", Plan.E164), Plan.E164),
        _PRESENTATIONS[getattr(number, "presentation", 0)],
        _SCREENINGS[getattr(number, "screening", Screening.NETWORK)],
    )


# --- to ISUP


def iam_parameters(
    setup: Setup,
    unknown_nature: int,
    category: int,
    country_code: str,
    variant: Variant = Variant.ITU,
    rules: Rules = STANDARD,
) -> Parameters:
    """The parameters of an IAM in `variant`.

    From another ISUP trunk the message goes through with our numbers in it; from any other protocol interworking
    is indicated (Q.764 2.1.1.1, RFC 3398 7.2.1.1). `unknown_nature` replaces the nature `unknown`.
    """
    called = setup.called.within(country_code)
    numbers: Parameters = [
        CalledPartyNumber(
            digits=called.digits,
            nature=_nature(called, unknown_nature, rules),
            plan=called.plan,
            inn=True,
            st=setup.complete,
        )
    ]
    calling = calling_number(setup, unknown_nature, country_code, rules)
    if calling is not None:
        numbers.append(calling)
    if setup.hop_counter is not None:
        numbers.append(HopCounter(count=min(setup.hop_counter, 31)))
    message = _carried(setup.opaque, MessageType.IAM) if setup.opaque else None
    if message is not None:
        kept = _unchanged(message, setup, country_code, rules)
        onward = [item for item in adapted(message, variant) if item.code not in _NEUTRAL or item.code in kept]
        return [_onward(item, setup.continuity_pending) for item in onward] + [
            item for item in numbers if item.code not in kept
        ]
    parameters: Parameters = [
        *_fixed(
            setup.continuity_pending,
            called.nature is Nature.INTERNATIONAL,
            setup.ported,
            own_category(setup.category, category, rules),
            _medium(setup),
        ),
        *numbers,
        *_redirection(setup, rules),
        *_further(setup, unknown_nature, country_code, variant, rules),
    ]
    if setup.opaque:
        parameters = _with_access(parameters, setup.opaque)
    if not is_adapted(Variant.ITU, variant):
        return parameters
    return list(adapted(Message.build(MessageType.IAM, 0, parameters), variant))


@lru_cache(256)  # calls differ in their numbers, and hardly ever in these
def _fixed(pending: bool, international: bool, ported: bool, category: int, medium: int) -> tuple[Parameter, ...]:
    """The mandatory fixed part of an IAM from another protocol."""
    return (
        NatureOfConnectionIndicators(
            continuity_check=ContinuityCheck.PERFORMED_ON_A_PREVIOUS_CIRCUIT if pending else 0
        ),
        ForwardCallIndicators(international=international, interworking=True, ported_number_translated=ported),
        CallingPartysCategory(category=category),
        TransmissionMediumRequirement(medium=medium),
    )


def _unchanged(message: Message, setup: Setup, country_code: str, rules: Rules) -> set[int]:
    """Codes of the numbers in `message` that are still those of the call: they go on octet for octet."""
    kept = set()
    called = message.find(CalledPartyNumber)
    if called is not None and number_of(called, rules) == setup.called.within(country_code):
        kept.add(int(ParameterCode.CALLED_PARTY_NUMBER))
    calling = message.find(CallingPartyNumber)
    if calling is not None:
        number = number_of(calling, rules) if calling.digits else None
        if number == (None if setup.calling is None else setup.calling.within(country_code)):
            kept.add(int(ParameterCode.CALLING_PARTY_NUMBER))
    return kept


def _with_access(parameters: Parameters, opaque: tuple[Opaque, ...]) -> Parameters:
    """The parameters with those that an ISDN access has given (Q.699): its indicators instead of interworking."""
    given = {part.code: part.data for part in opaque if part.kind == access.PARAMETER}
    if not given:
        return parameters
    found: Parameters = []
    for item in parameters:
        octets = given.pop(int(item.code), None)
        if octets is not None and isinstance(item, ForwardCallIndicators):
            item = replace(ForwardCallIndicators.parse(octets), international=item.international)
        elif octets is not None and isinstance(item, BackwardCallIndicators):
            item = replace(
                BackwardCallIndicators.parse(octets),
                charge=item.charge,
                called_party_status=item.called_party_status,
                called_party_category=item.called_party_category,
            )
        found.append(item)
    given.pop(ParameterCode.BACKWARD_CALL_INDICATORS, None)
    return found + [RawParameter(code, octets) for code, octets in given.items()]


def own_category(known: int, default: int, rules: Rules = STANDARD) -> int:
    """Calling party's category as ISUP has it; `default` where none is known."""
    own = known or default
    return rules.category_isup.get(own, own)


def calling_number(
    setup: Setup, unknown_nature: int, country_code: str, rules: Rules = STANDARD
) -> CallingPartyNumber | None:
    """Who calls; None when that is not known. `unknown_nature` replaces the nature `unknown`."""
    if setup.calling is None or not setup.calling.digits:
        return None
    calling = setup.calling.within(country_code)
    return CallingPartyNumber(
        digits=calling.digits,
        nature=_nature(calling, unknown_nature, rules),
        plan=calling.plan,
        presentation=calling.presentation,
        screening=calling.screening,
    )


def _medium(setup: Setup) -> int:
    return medium_of_circuits(setup.timeslots) if setup.timeslots > 1 else _MEDIA[setup.bearer]


def _onward(parameter: RawParameter, pending: bool) -> RawParameter:
    """Nature of connection indicators for the next circuit: earlier checks are over unless `pending` (Q.764 2.1.8)."""
    if parameter.code == ParameterCode.NATURE_OF_CONNECTION_INDICATORS and parameter.octets:
        check = ContinuityCheck.PERFORMED_ON_A_PREVIOUS_CIRCUIT << 2 if pending else 0
        return RawParameter(parameter.code, bytes([parameter.octets[0] & ~0x0C | check]) + parameter.octets[1:])
    return parameter


def backward_message(
    primitive: Primitive, address_complete_sent: bool, variant: Variant = Variant.ITU, rules: Rules = STANDARD
) -> tuple[MessageType, Parameters] | None:
    """The message that tells the calling side of `primitive`; None when there is nothing to tell.

    Towards another ISUP trunk the original message goes through, an ACM after our own ACM as a CPG.
    """
    match primitive:
        case Progress(opaque=opaque) | Alerting(opaque=opaque) | Answer(opaque=opaque):
            if not opaque:
                return _made_backward(primitive, address_complete_sent, rules)
            carried = _carried_backward(opaque, address_complete_sent, variant)
            if carried is not None:
                return carried
            kind, parameters = _made_backward(primitive, address_complete_sent, rules)
            return kind, _with_access(parameters, opaque)
        case Suspend(network=network, opaque=opaque):
            return _carried_backward(opaque, address_complete_sent, variant) or (
                MessageType.SUS,
                [SuspendResumeIndicators(network_initiated=network)],
            )
        case Resume(network=network, opaque=opaque):
            return _carried_backward(opaque, address_complete_sent, variant) or (
                MessageType.RES,
                [SuspendResumeIndicators(network_initiated=network)],
            )
        case Hold(opaque=opaque):
            return _carried_backward(opaque, True, variant) or _notify(Notification.REMOTE_HOLD)
        case Retrieve(opaque=opaque):
            return _carried_backward(opaque, True, variant) or _notify(Notification.REMOTE_RETRIEVAL)
        case Transparent(opaque=opaque):
            return _from_access(opaque)
    return None


def _from_access(opaque: tuple[Opaque, ...]) -> tuple[MessageType, Parameters] | None:
    """What an ISDN user sends during a call: user-to-user information in USR, a notification in CPG (Q.699)."""
    user = access.user_to_user(opaque)
    if user is not None:
        return MessageType.USR, [RawParameter(ParameterCode.USER_TO_USER_INFORMATION, user)]
    octets = access.parameter_of(opaque, ParameterCode.GENERIC_NOTIFICATION_INDICATOR)
    return None if octets is None else _notify(GenericNotificationIndicator.parse(octets).notification)


def _notify(notification: int) -> tuple[MessageType, Parameters]:
    """CPG that notifies the other side, of hold (Q.733.2) or of what an ISDN user says."""
    return MessageType.CPG, [
        EventInformation(event=Event.PROGRESS),
        GenericNotificationIndicator(notification=notification),
    ]


def _made_backward(
    primitive: Progress | Alerting | Answer, acm_sent: bool, rules: Rules
) -> tuple[MessageType, Parameters]:
    match primitive:
        case Progress():
            return _progress(primitive, acm_sent, rules)
        case Alerting():
            return _alerting(primitive.charge, acm_sent, rules)
        case Answer():
            return _answer(primitive, acm_sent, rules)


def early_acm(rules: Rules = STANDARD) -> tuple[MessageType, Parameters]:
    """ACM without indication, sent when the called side is silent until T11 (Q.764 2.1.4.8)."""
    return MessageType.ACM, [_backward(CalledPartyStatus.NO_INDICATION, CallCharge.NO_INDICATION, rules)]


def release_parameters(release: Release, variant: Variant = Variant.ITU) -> Parameters:
    """The parameters of a REL, those of the other side's REL where it was ISUP too."""
    if not release.opaque:
        return [_cause(release.cause, release.location)]
    message = _carried(release.opaque, MessageType.REL)
    if message is not None:
        return list(adapted(message, variant))
    return _with_access([_cause(release.cause, release.location)], release.opaque)


@lru_cache(256)
def _cause(value: int, location: int) -> CauseIndicators:
    return CauseIndicators(value=value, location=location)


def adapted_parameters(message: Message, variant: Variant) -> Parameters:
    """The parameters of a message for one of the same type in `variant`."""
    return list(adapted(message, variant))


def _carried(opaque: tuple[Opaque, ...], kind: MessageType) -> Message | None:
    message = access.isup_message(opaque)
    return message if message is not None and message.type == kind else None


def _carried_backward(
    opaque: tuple[Opaque, ...], acm_sent: bool, variant: Variant
) -> tuple[MessageType, Parameters] | None:
    message = access.isup_message(opaque)
    if message is None or not isinstance(message.type, MessageType):
        return None
    parameters: Parameters = list(adapted(message, variant))
    if message.type == MessageType.ACM and acm_sent:
        backward = message.find(BackwardCallIndicators) or BackwardCallIndicators()
        free = backward.called_party_status == CalledPartyStatus.SUBSCRIBER_FREE
        return MessageType.CPG, [EventInformation(event=Event.ALERTING if free else Event.PROGRESS), *parameters]
    if message.type == MessageType.CON and acm_sent:
        return MessageType.ANM, parameters
    if message.type == MessageType.CPG and not acm_sent:
        return None
    return message.type, parameters


def _progress(progress: Progress, acm_sent: bool, rules: Rules) -> tuple[MessageType, Parameters]:
    extra: Parameters = [_IN_BAND] if progress.inband else []
    if acm_sent:
        event = Event.IN_BAND_INFORMATION if progress.inband else Event.PROGRESS
        return MessageType.CPG, [EventInformation(event=event), *extra]
    return MessageType.ACM, [_backward(CalledPartyStatus.NO_INDICATION, progress.charge, rules), *extra]


def _alerting(charge: CallCharge, acm_sent: bool, rules: Rules) -> tuple[MessageType, Parameters]:
    """Ringback always comes in band: from the far side or from us."""
    if acm_sent:
        return MessageType.CPG, [EventInformation(event=Event.ALERTING), _IN_BAND]
    return MessageType.ACM, [_backward(CalledPartyStatus.SUBSCRIBER_FREE, charge, rules), _IN_BAND]


def _answer(answered: Answer, acm_sent: bool, rules: Rules) -> tuple[MessageType, Parameters]:
    number = _connected_number(answered.connected, rules)
    if not acm_sent:
        return MessageType.CON, [_backward(CalledPartyStatus.NO_INDICATION, answered.charge, rules), *number]
    if answered.charge == CallCharge.NO_CHARGE:
        return MessageType.ANM, [_backward(CalledPartyStatus.NO_INDICATION, answered.charge, rules), *number]
    return MessageType.ANM, number


def _connected_number(connected: Number | None, rules: Rules) -> Parameters:
    if connected is None or not connected.digits:
        return []
    return [
        ConnectedNumber(
            digits=connected.digits,
            nature=_nature(connected, Nature.UNKNOWN, rules),
            plan=connected.plan,
            presentation=connected.presentation,
            screening=connected.screening,
        )
    ]


def _backward(status: CalledPartyStatus, charge: CallCharge, rules: Rules) -> BackwardCallIndicators:
    return _backward_indicators(status, rules.charge_isup[charge])


@lru_cache(64)
def _backward_indicators(status: CalledPartyStatus, charge: int) -> BackwardCallIndicators:
    return BackwardCallIndicators(
        charge=charge,
        called_party_status=status,
        called_party_category=CalledPartyCategory.ORDINARY_SUBSCRIBER,
        interworking=True,
    )


def _nature(number: Number, unknown_nature: int, rules: Rules) -> int:
    return rules.nature_isup.get(number.nature, unknown_nature)


def _further(setup: Setup, unknown_nature: int, country_code: str, variant: Variant, rules: Rules) -> Parameters:
    """What a call from elsewhere says of ported numbers, carriers and its caller."""
    parameters: Parameters = []
    if setup.additional_calling is not None and setup.additional_calling.digits:
        number = setup.additional_calling.within(country_code)
        parameters.append(
            GenericNumber(
                digits=number.digits,
                qualifier=Qualifier.ADDITIONAL_CALLING,
                nature=_nature(number, unknown_nature, rules),
                plan=number.plan,
                presentation=number.presentation,
                screening=number.screening,
            )
        )
    if setup.carrier:
        parameters.append(TransitNetworkSelection(digits=setup.carrier, kind=2))
    if variant is Variant.ANSI:
        if setup.originating_line is not None:
            parameters.append(OriginatingLineInformation(line=setup.originating_line))
    elif setup.routing_number is not None:
        parameters.append(NetworkRoutingNumber(digits=setup.routing_number.within(country_code).digits))
    return parameters


def _redirection(setup: Setup, rules: Rules) -> Parameters:
    parameters: Parameters = []
    if setup.redirecting is not None:
        number = setup.redirecting
        parameters.append(
            RedirectingNumber(
                digits=number.digits,
                nature=_nature(number, Nature.UNKNOWN, rules),
                plan=number.plan,
                presentation=number.presentation,
            )
        )
        parameters.append(
            RedirectionInformation(
                indicator=_redirecting(setup.redirecting),
                original_reason=setup.original_redirection_reason or 0,
                counter=setup.redirection_counter or 1,
                reason=setup.redirection_reason or 0,
            )
        )
    if setup.original_called is not None:
        number = setup.original_called
        parameters.append(
            OriginalCalledNumber(
                digits=number.digits,
                nature=_nature(number, Nature.UNKNOWN, rules),
                plan=number.plan,
                presentation=number.presentation,
            )
        )
    return parameters


def _redirecting(number: Number) -> Redirecting:
    """3.45 a): a restricted redirecting number is told as such."""
    restricted = number.presentation is Presentation.RESTRICTED
    return Redirecting.CALL_DIVERTED_ALL_RESTRICTED if restricted else Redirecting.CALL_DIVERTED
