"""The neutral call: what every trunk type can say of a call, in the words of Q.71x/Q.931 and no protocol's octets.

A call is two half-calls. Each trunk adapter turns its protocol's messages into these primitives and back; call
control (`control.py`) passes them from one half-call to the other. All are immutable values.
"""

from __future__ import annotations

from enum import IntEnum

from msgspec import Struct
from msgspec.structs import replace

from tandem.core.cause import Cause, Location
from tandem.core.enumeration import Symbol


class Nature(IntEnum):
    """Nature of address, valued as in Q.763 3.9 b)."""

    SUBSCRIBER = 1
    UNKNOWN = 2
    NATIONAL = 3
    INTERNATIONAL = 4
    NETWORK_SPECIFIC = 5


class Plan(IntEnum):
    """Numbering plan, valued as in Q.763 3.9 d)."""

    UNKNOWN = 0
    E164 = 1
    X121 = 3
    F69 = 4
    PRIVATE = 5


class Presentation(IntEnum):
    """Address presentation restricted indicator, Q.763 3.10 e)."""

    ALLOWED = 0
    RESTRICTED = 1
    UNAVAILABLE = 2


class Screening(IntEnum):
    """Screening indicator, Q.763 3.10 f)."""

    USER_NOT_VERIFIED = 0
    USER_VERIFIED_PASSED = 1
    USER_VERIFIED_FAILED = 2
    NETWORK = 3


class Charge(IntEnum):
    """Charge indicator, Q.763 3.5 a)."""

    NO_INDICATION = 0
    NO_CHARGE = 1
    CHARGE = 2


class Bearer(Symbol):
    """Transmission medium requirement, Q.763 3.54, and bearer capability, Q.931 4.5.5, reduced to what differs here."""

    SPEECH = "speech"
    AUDIO_3K1 = "3.1 kHz audio"
    UNRESTRICTED_64K = "64 kbit/s unrestricted"


class Number(Struct, frozen=True):
    """A called, calling or redirecting number."""

    digits: str
    """Address signals 0-9, B, C (code 11, 12); no ST and no `+`."""
    nature: Nature = Nature.UNKNOWN
    plan: Plan = Plan.E164
    presentation: Presentation = Presentation.ALLOWED
    screening: Screening = Screening.NETWORK

    def within(self, country_code: str) -> Number:
        """The number as a network of that country has it: an international number of its own is national."""
        if country_code and self.nature is Nature.INTERNATIONAL and self.digits.startswith(country_code):
            return replace(self, digits=self.digits[len(country_code) :], nature=Nature.NATIONAL)
        return self

    def __str__(self) -> str:
        return f"+{self.digits}" if self.nature is Nature.INTERNATIONAL else self.digits


#: Q.732.2: so often a call may be diverted.
MOST_DIVERSIONS = 5


class Opaque(Struct, frozen=True):
    """Something carried through unchanged where the other side speaks the same protocol."""

    kind: str
    """What it is: `isup` (a raw message from the type octet on), `isup-parameter` …"""
    data: bytes
    code: int = 0
    """The parameter or message code, where there is one."""


class Setup(Struct, frozen=True):
    """A call is offered: INVITE, IAM, SETUP, IAI."""

    called: Number
    calling: Number | None = None
    complete: bool = True
    """Whether the called number is known to be whole (ST received, or en-bloc by nature)."""
    category: int = 10
    """Calling party's category, Q.763 3.11; 10 is an ordinary subscriber, 0 not known: the trunk's own is sent."""
    bearer: Bearer = Bearer.AUDIO_3K1
    redirecting: Number | None = None
    original_called: Number | None = None
    redirection_reason: int | None = None
    """Redirecting reason, Q.763 3.45; None when the call was not redirected."""
    original_redirection_reason: int | None = None
    """Original redirection reason, Q.763 3.45."""
    redirection_counter: int | None = None
    """How often the call was redirected, Q.763 3.45."""
    additional_calling: Number | None = None
    """What the caller itself says its number is, where the network vouches for another (Q.763 3.26, qualifier 6)."""
    routing_number: Number | None = None
    """Where the network of a ported called number is (RFC 4694 `rn`, Q.763 3.90)."""
    ported: bool = False
    """The number portability database has been asked (RFC 4694 `npdi`, Q.763 3.23 bit M)."""
    carrier: str = ""
    """The transit network that the caller chose (RFC 4694 `cic`, Q.763 3.53), digits."""
    originating_line: int | None = None
    """Originating line information of ANSI T1.113."""
    hop_counter: int | None = None
    continuity_pending: bool = False
    """The way to here is not whole yet: nobody is to be alerted before `Continuity` comes (Q.764 2.1.8, RFC 3312 6)."""
    timeslots: int = 1
    """Channels of 64 kbit/s that the call takes side by side; above 1 only a `MultirateTrunk` is offered it."""
    opaque: tuple[Opaque, ...] = ()

    def next_hop(self) -> Setup | None:
        """The call as the next node gets it, its hop counter one less; None when that is used up (Q.764 2.1)."""
        if self.hop_counter is None:
            return self
        return replace(self, hop_counter=self.hop_counter - 1) if self.hop_counter > 1 else None

    def diverted(self, diversion: Diversion) -> Setup | None:
        """The call as it goes on when its called party diverts it; None when that has happened too often (Q.732.2)."""
        count = (self.redirection_counter or (0 if self.redirecting is None else 1)) + 1
        if count > MOST_DIVERSIONS:
            return None
        first = self.original_called or self.redirecting
        reason = (
            self.redirection_reason if self.original_redirection_reason is None else self.original_redirection_reason
        )
        return replace(
            self,
            called=diversion.number,
            complete=True,
            redirecting=self.called,
            redirection_reason=diversion.reason,
            redirection_counter=count,
            original_called=first,
            original_redirection_reason=None if first is None else reason,
        )

    def with_reply(self, reply: InformationReply) -> Setup:
        """The call with what its calling side has answered since."""
        return replace(
            self,
            calling=reply.calling or self.calling,
            category=self.category if reply.category is None else reply.category,
            original_called=reply.original_called or self.original_called,
        )


class Information(Struct, frozen=True):
    """More of the called number (overlap): SAM, INFORMATION."""

    digits: str
    complete: bool = False


class Continuity(Struct, frozen=True):
    """The way to here is whole now, where it was not at Setup: COT, or the last precondition met."""


class Proceeding(Struct, frozen=True):
    """The number is complete and the call is on its way; nobody rings yet: 100/183, early ACM, CALL PROCEEDING."""


class Progress(Struct, frozen=True):
    """Something to hear or know before answer: 183, CPG, PROGRESS."""

    inband: bool = False
    """Whether tones or announcements are in the speech path backwards."""
    opaque: tuple[Opaque, ...] = ()
    charge: Charge = Charge.NO_INDICATION
    release: Release | None = None
    """The end of the call that the tone announces: its release follows when it has been heard for long enough."""


class Alerting(Struct, frozen=True):
    """The called party is being rung: 180, ACM/CPG subscriber free, ALERTING."""

    inband: bool = False
    """Whether ringback already comes in the speech path backwards."""
    opaque: tuple[Opaque, ...] = ()
    charge: Charge = Charge.NO_INDICATION


class Answer(Struct, frozen=True):
    """The called party answered: 200, ANM or CON, CONNECT."""

    connected: Number | None = None
    opaque: tuple[Opaque, ...] = ()
    charge: Charge = Charge.NO_INDICATION
    """As the answer says it; without indication, what was said before it holds."""


class Suspend(Struct, frozen=True):
    """The called party hung up but the call is kept for a while: SUS."""

    network: bool = True
    opaque: tuple[Opaque, ...] = ()


class Resume(Struct, frozen=True):
    """The call goes on after Suspend: RES."""

    network: bool = True
    opaque: tuple[Opaque, ...] = ()


class Hold(Struct, frozen=True):
    """The party of this side put the call on hold: re-INVITE with sendonly, CPG with remote hold."""

    opaque: tuple[Opaque, ...] = ()


class Retrieve(Struct, frozen=True):
    """The party of this side took the call off hold."""

    opaque: tuple[Opaque, ...] = ()


class Dtmf(Struct, frozen=True):
    """A digit pressed during the call and told in signalling: INFO."""

    digit: str
    """0-9, *, #, A-D."""
    duration_ms: int = 160


class ForwardTransfer(Struct, frozen=True):
    """The operator of the calling side asks for one of the called side's: FOT (Q.722, Q.762)."""


class InformationRequest(Struct, frozen=True):
    """The called side asks who calls: GRQ, INR, IDR."""

    calling: bool = False
    """The calling number."""
    category: bool = False
    """The calling party's category."""
    original_called: bool = False
    """The original called number."""
    malicious: bool = False
    """The called party says that the call is malicious (Q.731.7; MAL)."""
    hold: bool = False
    """The call is to be held until the called party ends it."""

    def is_answered_by(self, setup: Setup) -> bool:
        """Whether the call was set up with all that is asked for; the calling side need not be troubled then."""
        lacks_line = self.calling and (setup.calling is None or not setup.calling.digits)
        return not (lacks_line or self.malicious or (self.category and not setup.category))


class InformationReply(Struct, frozen=True):
    """What the calling side answers, as far as it is known: GSM, INF, IRS."""

    calling: Number | None = None
    category: int | None = None
    """As in `Setup`."""
    original_called: Number | None = None
    hold: bool = False
    """The call is held."""


class Metering(Struct, frozen=True):
    """The called side counts the charge: MPM of TUP and of the Chinese ISUP."""

    pulses: int


class OperatorSignal(Struct, frozen=True):
    """The calling side's operator comes in: OPR of TUP and of the Chinese ISUP."""


class CallingPartyCleared(Struct, frozen=True):
    """The caller hung up, and the called party's own exchange decides when the call ends: CCL of TUP and of China."""


class Transparent(Struct, frozen=True):
    """A message that says nothing to other protocols, for a side that speaks the same one."""

    opaque: tuple[Opaque, ...]


class Diversion(Struct, frozen=True):
    """A number that the called party diverts the call to, here and by the rules of this gateway: 302."""

    number: Number
    trunk: str
    """Name of the `[[trunk]]` whose rules say where that is: that of the called party, who so calls on its account."""
    reason: int = 5
    """Redirecting reason, Q.763 3.45; 5 is deflection before, 4 during alerting."""


class Release(Struct, frozen=True):
    """The call ends, or the attempt failed: BYE, CANCEL or a final status, REL, DISCONNECT."""

    cause: int = Cause.NORMAL_CALL_CLEARING
    location: int = Location.TRANSIT_NETWORK
    diagnostic: str = ""
    """For people: what made the gateway itself release, empty when the peer did."""
    opaque: tuple[Opaque, ...] = ()
    diversion: Diversion | None = None
    """Where the called party would have the call go instead."""


Primitive = (
    Setup
    | Information
    | Continuity
    | Proceeding
    | Progress
    | Alerting
    | Answer
    | Suspend
    | Resume
    | Hold
    | Retrieve
    | Dtmf
    | ForwardTransfer
    | InformationRequest
    | InformationReply
    | Metering
    | OperatorSignal
    | CallingPartyCleared
    | Transparent
    | Release
)
