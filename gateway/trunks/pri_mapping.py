"""Messages of Q.931 and the neutral call (Q.699 towards ISUP, RFC 4497 and RFC 3398 towards SIP).

The text of Q.699 was not at hand: its rows are recalled and agree with what public stacks do. `MAPPINGS` lists the
rules; numbers are in pri_numbers.py, what is carried unread in pri_carry.py.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from tandem.core.cause import Cause, Location
from tandem.gateway.calls.interworking import MappingRow
from tandem.gateway.calls.model import (
    Alerting,
    Answer,
    Bearer,
    Hold,
    Information,
    Number,
    Opaque,
    Presentation,
    Progress,
    Release,
    Resume,
    Retrieve,
    Setup,
    Suspend,
)
from tandem.gateway.trunks.access import name_of, named
from tandem.gateway.trunks.pri_carry import carried_bearer, carried_elements, carry, is_isdn, pri_message, progress_of
from tandem.gateway.trunks.pri_numbers import REASONS, NumberRules
from tandem.isdn.q931.bearer import BearerCapability, Capability, Layer1, TransferMode, TransferRate
from tandem.isdn.q931.cause import CauseElement, ProgressDescription, ProgressIndicator
from tandem.isdn.q931.codes import ElementCode, MessageType
from tandem.isdn.q931.elements import Element, RawElement
from tandem.isdn.q931.indications import Notification, NotificationIndicator, SendingComplete
from tandem.isdn.q931.messages import Message
from tandem.isdn.q931.numbers import (
    CalledPartyNumber,
    CallingPartyNumber,
    ConnectedNumber,
    OriginalCalledNumber,
    RedirectingNumber,
)
from tandem.isdn.q931.switch_types import SwitchType
from tandem.isdn.q931.tables import Side
from tandem.isdn.q931.texts import Display, KeypadFacility

M = MessageType
P = ProgressDescription
Elements = list[Element | RawElement]

#: Information transfer capability to bearer; others are refused with cause 65.
BEARERS: Final = {
    Capability.SPEECH: Bearer.SPEECH,
    Capability.AUDIO_3K1: Bearer.AUDIO_3K1,
    Capability.UNRESTRICTED_DIGITAL: Bearer.UNRESTRICTED_64K,
    Capability.RESTRICTED_DIGITAL: Bearer.UNRESTRICTED_64K,
    Capability.UNRESTRICTED_DIGITAL_WITH_TONES: Bearer.UNRESTRICTED_64K,
}
_BEARERS: Final = {int(capability): bearer for capability, bearer in BEARERS.items()}
_CAPABILITIES: Final = {
    Bearer.SPEECH: Capability.SPEECH,
    Bearer.AUDIO_3K1: Capability.AUDIO_3K1,
    Bearer.UNRESTRICTED_64K: Capability.UNRESTRICTED_DIGITAL,
}
#: Progress indicators that promise something to hear: the tone itself, or a network beyond that gives tones.
AUDIBLE: Final = frozenset({P.INBAND_INFORMATION, P.NOT_END_TO_END_ISDN})
_LAWS: Final = frozenset({Layer1.A_LAW, Layer1.MU_LAW})
_NOTIFICATIONS: Final = {
    Notification.USER_SUSPENDED: Suspend,
    Notification.USER_RESUMED: Resume,
    Notification.REMOTE_HOLD: Hold,
    Notification.REMOTE_RETRIEVAL: Retrieve,
}
_INDICATORS: Final = {kind: indicator for indicator, kind in _NOTIFICATIONS.items()}


#: Elements that tell who a party is, besides its number.
_TELLING: Final = frozenset(
    {ElementCode.DISPLAY, ElementCode.CALLING_PARTY_SUBADDRESS, ElementCode.CONNECTED_SUBADDRESS}
)
#: Most characters of a display that every network takes (Q.931 4.5.16: 34 or 82 octets in all).
_LONGEST_DISPLAY: Final = 31


@dataclass(frozen=True, slots=True)
class Rules:
    """How a trunk writes its messages."""

    switch: SwitchType
    side: Literal["network", "user"]
    law: Layer1
    """The law of speech on its lines."""
    numbers: NumberRules
    display: bool = True
    sending_complete: bool = True

    @property
    def sender(self) -> Side | None:
        """Which side we are in the tables of messages; None where both act alike."""
        return None if self.switch.symmetrical else self.side

    @property
    def location(self) -> Location:
        """Where what we say ourselves comes from."""
        return Location.PUBLIC_NETWORK_LOCAL if self.side == "network" else Location.PRIVATE_NETWORK_LOCAL

    @property
    def shows_names(self) -> bool:
        """Whether a display of ours tells names."""
        from_user = self.side == "user" and not self.switch.symmetrical
        return self.display and (self.switch.display_from_user if from_user else self.switch.display_from_network)

    @property
    def disconnects_with_tone(self) -> bool:
        """Whether we may send DISCONNECT with a tone in the channel: the network side alone may (Q.931 5.3.4.1)."""
        return self.side == "network" and not self.switch.symmetrical

    def carried(self, opaque: tuple[Opaque, ...], kind: MessageType) -> Elements:
        """The elements that go through into a message of type `kind`."""
        return carried_elements(opaque, kind, self.sender, self.switch, self.display)

    def progress(self, description: ProgressDescription) -> ProgressIndicator:
        """A progress indicator of ours."""
        return ProgressIndicator(description, self.location)


# --- from the line


def digits_of(message: Message) -> str:
    """Called digits in SETUP or INFORMATION, be they in a called party number or a keypad facility."""
    number, keypad = message.get(CalledPartyNumber), message.get(KeypadFacility)
    return number.digits if number is not None else "" if keypad is None else keypad.digits.rstrip("#")


def setup_from(message: Message, rules: Rules, digits: str) -> Setup | Release:
    """The call that a SETUP offers, `digits` being all that came of its called number; a Release refuses it."""
    bearer = bearer_of(message.get(BearerCapability), rules.switch)
    if bearer is None:
        text = "the bearer capability is none of one 64 kbit/s channel in circuit mode"
        return Release(Cause.BEARER_CAPABILITY_NOT_IMPLEMENTED, rules.location, text)
    numbers = rules.numbers
    display = message.get(Display)
    redirecting, original = message.get(RedirectingNumber), message.get(OriginalCalledNumber)
    reason = None if redirecting is None else REASONS.get(redirecting.reason or 0, 0)  # type: ignore[call-overload]
    return Setup(
        called=numbers.number(message.get(CalledPartyNumber) or CalledPartyNumber(""), digits),
        calling=numbers.calling(message.get(CallingPartyNumber)),
        category=0,
        bearer=bearer,
        redirecting=None if redirecting is None else numbers.number(redirecting),
        original_called=None if original is None else numbers.number(original),
        redirection_reason=reason,
        opaque=(*carry(message), *named("" if display is None else display.text)),
    )


def more_digits(message: Message) -> Information:
    """INFORMATION with further digits of the called number."""
    keypad = message.get(KeypadFacility)
    ended = message.get(SendingComplete) is not None or (keypad is not None and keypad.digits.endswith("#"))
    return Information(digits_of(message).replace("*", "B").replace("#", "C"), ended)


def bearer_of(element: BearerCapability | None, switch: SwitchType) -> Bearer | None:
    """The bearer that a bearer capability asks for; None for packet mode, several channels, or video."""
    if element is None:
        return Bearer.SPEECH
    if element.mode != TransferMode.CIRCUIT or element.rate != TransferRate.KBIT_64:
        return None
    if element.capability == switch.audio_capability:
        return Bearer.AUDIO_3K1
    return _BEARERS.get(element.capability)


def hears(message: Message, promises: frozenset[ProgressDescription] = AUDIBLE) -> bool:
    """Whether a message says that there is something to hear in the channel."""
    return any(indicator.description in promises for indicator in message.get_all(ProgressIndicator))


def progress_from(message: Message) -> Progress | None:
    """What PROGRESS, or CALL PROCEEDING and SETUP ACKNOWLEDGE with a progress indicator, mean to the caller."""
    if message.type != M.PROGRESS and not hears(message):
        return None
    return Progress(hears(message), carry(message))


def alerting_from(message: Message) -> Alerting:
    """ALERTING; ringback comes in band only where progress indicator 8 says so."""
    return Alerting(hears(message, frozenset({P.INBAND_INFORMATION})), carry(message))


def answer_from(message: Message, rules: Rules) -> Answer:
    """CONNECT."""
    connected = message.get(ConnectedNumber)
    number = rules.numbers.number(connected) if connected is not None and connected.digits else None
    return Answer(number, carry(message))


def notification_from(message: Message) -> Suspend | Resume | Hold | Retrieve | None:
    """NOTIFY that the user has suspended or resumed the call, or that the far side holds it; None for any other."""
    indicator = message.get(NotificationIndicator)
    kind = None if indicator is None else _NOTIFICATIONS.get(indicator.description)  # type: ignore[call-overload]
    if kind is None:
        return None
    return kind(network=False) if kind in (Suspend, Resume) else kind()  # type: ignore[no-any-return]


def release_from(cause: int, location: int, message: Message | None, reason: str) -> Release:
    """The end of a call; cause and location stay as they are."""
    if message is None:
        return Release(cause, location, reason)
    return Release(cause, location, "", carry(message))


# --- to the line


def setup_elements(setup: Setup, rules: Rules) -> Elements:
    """The elements of a SETUP but the channel identification."""
    numbers = rules.numbers
    elements = _shown(rules.carried(setup.opaque, M.SETUP), setup.calling, rules)
    elements += [bearer_for(setup, rules), numbers.called(setup.called), *numbers.redirection(setup)]
    if setup.complete and rules.sending_complete:
        elements.append(SendingComplete())
    calling = _calling(setup, rules)
    if calling is not None:
        elements.append(calling)
    name = name_of(setup.opaque)
    if name and not is_isdn(setup.opaque) and rules.shows_names and not numbers.withholds(setup.calling):
        elements.append(Display(_latin(name), rules.switch.display_charset))
    indicators = progress_of(setup.opaque, rules.location)
    if not is_isdn(setup.opaque):
        origin = P.ORIGINATION_NON_ISDN if rules.switch.progress_origination else P.NOT_END_TO_END_ISDN
        indicators = [rules.progress(origin)]
    return [*elements, *_new(elements, indicators)]


def _shown(elements: Elements, number: Number | None, rules: Rules) -> Elements:
    """Without what would tell who it is although the number is withheld: display and sub-address (Q.951.4, Q.951.6)."""
    return [item for item in elements if item.code not in _TELLING] if rules.numbers.withholds(number) else elements


def _latin(name: str) -> str:
    """A name as a display can show it: ISO 8859-1, and the first character one of ASCII, which is no character set."""
    text = name.encode("latin-1", "replace").decode("latin-1")[:_LONGEST_DISPLAY]
    plain = unicodedata.normalize("NFKD", text[:1]).encode("ascii", "ignore").decode("ascii")
    return (plain or "?") + text[1:]


def _calling(setup: Setup, rules: Rules) -> CallingPartyNumber | None:
    number = setup.calling
    if number is None or (not number.digits and number.presentation is Presentation.ALLOWED):
        return None
    return rules.numbers.presented(CallingPartyNumber, number)


def bearer_for(setup: Setup, rules: Rules) -> BearerCapability:
    """The bearer capability: that of the other side with the law of our line, else one made from the bearer."""
    speech = setup.bearer is not Bearer.UNRESTRICTED_64K
    law = rules.law if speech and rules.switch.layer1_in_bearer else None
    carried = carried_bearer(setup.opaque)
    capability: int = _CAPABILITIES[setup.bearer]
    if setup.bearer is Bearer.AUDIO_3K1:
        capability = rules.switch.audio_capability
    if carried is None or carried.rate != TransferRate.KBIT_64 or carried.mode != TransferMode.CIRCUIT:
        return BearerCapability(capability, law)
    if speech and (carried.layer1 is None or carried.layer1 in _LAWS):
        if (carried.capability, carried.layer1) == (capability, law):
            return carried
        return replace(carried, capability=capability, layer1=law)
    return carried


def progress_elements(primitive: Progress | Alerting, rules: Rules, ringing: bool) -> Elements:
    """The elements of PROGRESS or ALERTING; none for a PROGRESS that would say nothing.

    `ringing`: ringback is in the channel although the other side gives none, because we make it.
    """
    kind = M.PROGRESS if isinstance(primitive, Progress) else M.ALERTING
    elements = rules.carried(primitive.opaque, kind)
    indicators = progress_of(primitive.opaque, rules.location)
    if primitive.inband or ringing:
        indicators.append(rules.progress(P.INBAND_INFORMATION))
    if not is_isdn(primitive.opaque):
        indicators.append(rules.progress(P.NOT_END_TO_END_ISDN))
    elements += _new(elements, indicators)
    told = any(element.code == ElementCode.PROGRESS_INDICATOR for element in elements)
    return elements if told or kind is M.ALERTING else []


def connect_elements(answer: Answer, rules: Rules) -> Elements:
    """The elements of CONNECT."""
    elements = _shown(rules.carried(answer.opaque, M.CONNECT), answer.connected, rules)
    if answer.connected is not None and answer.connected.digits:
        number = rules.numbers.presented(ConnectedNumber, answer.connected)
        elements += [] if number is None else [number]
    if not rules.switch.progress_destination:
        return [element for element in elements if element.code != ElementCode.PROGRESS_INDICATOR]
    indicators = [one for one in progress_of(answer.opaque, rules.location) if one.description != P.INBAND_INFORMATION]
    if not is_isdn(answer.opaque):
        indicators = [rules.progress(P.DESTINATION_NON_ISDN)]
    return [*elements, *_new(elements, indicators)]


def information_elements(more: Information) -> Elements:
    """The elements of INFORMATION with further digits."""
    complete: Elements = [SendingComplete()] if more.complete else []
    if not more.digits:
        return complete
    return [*complete, CalledPartyNumber(more.digits.replace("B", "*").replace("C", "#"))]


def notify_elements(primitive: Suspend | Resume | Hold | Retrieve) -> Elements:
    """The elements of NOTIFY for a suspension or hold, or its end."""
    return [NotificationIndicator(_INDICATORS[type(primitive)])]


def release_elements(release: Release, rules: Rules) -> Elements:
    """The elements of DISCONNECT, RELEASE or RELEASE COMPLETE: the cause as it is, with what came with it."""
    message = pri_message(release.opaque)
    cause = None if message is None else message.get(CauseElement)
    if cause is None or cause.value != release.cause:
        cause = CauseElement(release.cause, release.location)
    return [cause, *(e for e in rules.carried(release.opaque, M.RELEASE) if e.code != ElementCode.PROGRESS_INDICATOR)]


def tone_elements(release: Release, rules: Rules) -> Elements:
    """The elements of DISCONNECT while a tone tells why: the cause, and progress indicator 8."""
    return [*release_elements(release, rules), rules.progress(P.INBAND_INFORMATION)]


def _new(elements: Sequence[Element | RawElement], indicators: list[ProgressIndicator]) -> list[ProgressIndicator]:
    """The indicators that `elements` do not hold yet, as many as a message may have: two in all (4.5.23)."""
    there = {element.description for element in elements if isinstance(element, ProgressIndicator)}
    found: list[ProgressIndicator] = []
    for indicator in indicators:
        if indicator.description not in there:
            there.add(indicator.description)
            found.append(indicator)
    return found[: max(0, 2 - (len(there) - len(found)))]


_Q699: Final = "Q.699 (recalled)"
_RFC4497: Final = "RFC 4497 8"

#: The rules above for people; generated from the tables where there is one.
MAPPINGS: Final[tuple[MappingRow, ...]] = (
    MappingRow("pri-call", "SETUP, with the INFORMATION of an overlap number", "Setup", f"{_Q699}, Q.931 5.2"),
    MappingRow("pri-call", "INFORMATION after the call went on (pass_digits)", "Information", _Q699),
    *(
        MappingRow("pri-call", f"bearer capability {code.name.replace('_', ' ').lower()}", bearer.value, _Q699)
        for code, bearer in BEARERS.items()
    ),
    MappingRow("pri-call", "any other bearer capability", "refused, cause 65", "Q.931 5.8.6"),
    MappingRow("pri-call", "calling number the peer may show", "screening verified and passed", "Q.951.3"),
    MappingRow("pri-call", "any other calling number of a user", "screening not verified, or replaced", "Q.951.3"),
    MappingRow("pri-call", "CALL PROCEEDING", "Proceeding", _RFC4497),
    MappingRow("pri-call", "CALL PROCEEDING, PROGRESS with progress indicator 1 or 8", "Progress, inband", _RFC4497),
    MappingRow("pri-call", "PROGRESS with any other", "Progress", _Q699),
    MappingRow("pri-call", "ALERTING", "Alerting", _Q699),
    MappingRow("pri-call", "ALERTING with progress indicator 8", "Alerting, inband", _Q699),
    MappingRow("pri-call", "CONNECT", "Answer", _Q699),
    MappingRow("pri-call", "NOTIFY, user suspended", "Suspend", _Q699),
    MappingRow("pri-call", "NOTIFY, user resumed", "Resume", _Q699),
    MappingRow("pri-call", "HOLD; NOTIFY, remote hold", "Hold", "Q.932 6.2"),
    MappingRow("pri-call", "RETRIEVE; NOTIFY, remote retrieval", "Retrieve", "Q.932 6.2"),
    MappingRow("pri-call", "NOTIFY, any other", "to a PRI as it is, to ISUP as CPG with generic notification", _Q699),
    MappingRow("pri-call", "USER INFORMATION", "to a PRI as it is, to ISUP as USR", _Q699),
    MappingRow("pri-call", "FACILITY, CONGESTION CONTROL, INFORMATION in a call", "to a PRI as they are", "Q.931 3.1"),
    MappingRow("pri-call", "user-user", "user-to-user information of ISUP, User-to-User of SIP", f"{_Q699}, RFC 7434"),
    MappingRow("pri-call", "display in SETUP", "to a PRI as it is, to SIP the display name of From", "RFC 4497 8"),
    MappingRow("pri-call", "sub-addresses", "access transport of ISUP, isub of SIP (number_parameters)", "RFC 4715"),
    MappingRow("pri-call", "SUSPEND, RESUME", "Suspend, Resume", "Q.931 5.6"),
    MappingRow("pri-call", "DISCONNECT, RELEASE, RELEASE COMPLETE", "Release, its cause and location", _Q699),
    MappingRow("pri-call", "DISCONNECT with progress indicator 8", "Progress, inband; then Release", _RFC4497),
    MappingRow("pri-call", "RESTART", "Release of each call on the channels", "Q.931 5.5"),
    MappingRow("call-pri", "Setup", "SETUP", _Q699),
    MappingRow("call-pri", "Setup of no ISDN", "SETUP, progress indicator 1; 3 with NI-2", "Q.931 annex G"),
    MappingRow("call-pri", "name of the caller from SIP", "display, unless the number is withheld", "RFC 4497 8"),
    MappingRow("call-pri", "Information", "INFORMATION", _Q699),
    MappingRow("call-pri", "Alerting", "ALERTING, progress indicator 8 where there is ringback to hear", _Q699),
    MappingRow("call-pri", "Progress, inband", "PROGRESS, progress indicator 8", _Q699),
    MappingRow("call-pri", "Progress of a network that is no ISDN", "PROGRESS, progress indicator 1", "Q.931 annex G"),
    MappingRow("call-pri", "Answer", "CONNECT", _Q699),
    MappingRow("call-pri", "Answer of no ISDN", "CONNECT, progress indicator 2", "Q.931 annex G"),
    MappingRow("call-pri", "Suspend", "NOTIFY, user suspended", _Q699),
    MappingRow("call-pri", "Resume", "NOTIFY, user resumed", _Q699),
    MappingRow("call-pri", "Hold", "NOTIFY, remote hold", "Q.932 6.2"),
    MappingRow("call-pri", "Retrieve", "NOTIFY, remote retrieval", "Q.932 6.2"),
    MappingRow(
        "call-pri", "Progress with a tone that ends the call", "DISCONNECT, progress indicator 8", "Q.931 5.3.4.1"
    ),
    MappingRow("call-pri", "Release", "DISCONNECT, RELEASE or RELEASE COMPLETE, cause and location", _Q699),
)
