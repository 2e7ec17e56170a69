"""Elements of one value: call state, restart, notification, signal, sending complete and the like; Q.931 4.5."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Self

from tandem.core.bits import meaning_of
from tandem.isdn.q931.codes import ElementCode, message_name
from tandem.isdn.q931.elements import Element, Fields, SingleOctetElement, fit, group


class CallStateValue(IntEnum):
    """Call state value, Q.931 4.5.7: the number of U and N states; 61 and 62 of the global call reference."""

    NULL = 0
    CALL_INITIATED = 1
    OVERLAP_SENDING = 2
    OUTGOING_CALL_PROCEEDING = 3
    CALL_DELIVERED = 4
    CALL_PRESENT = 6
    CALL_RECEIVED = 7
    CONNECT_REQUEST = 8
    INCOMING_CALL_PROCEEDING = 9
    ACTIVE = 10
    DISCONNECT_REQUEST = 11
    DISCONNECT_INDICATION = 12
    SUSPEND_REQUEST = 15
    RESUME_REQUEST = 17
    RELEASE_REQUEST = 19
    CALL_ABORT = 22
    OVERLAP_RECEIVING = 25
    CALL_INDEPENDENT_SERVICE = 31
    RESTART_REQUEST = 61
    RESTART = 62


@dataclass(frozen=True, slots=True)
class CallState(Element):
    """Call state, Q.931 4.5.7."""

    code: ClassVar[ElementCode] = ElementCode.CALL_STATE
    SHARED: ClassVar[bool] = True

    state: int
    """See `CallStateValue`."""
    coding_standard: int = 0

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        """Read the state."""
        octet = Fields(cls.code, octets).octet()
        return cls(octet & 0x3F, octet >> 6)

    def _encode(self) -> bytes:
        """Content octets."""
        return bytes((fit(self.coding_standard, 2, "coding standard") << 6 | fit(self.state, 6, "call state"),))

    def __str__(self) -> str:
        return f"{int(self.state)} {meaning_of(CallStateValue, self.state)}"


class RestartClass(IntEnum):
    """What is restarted, Q.931 4.5.25."""

    INDICATED_CHANNELS = 0
    SINGLE_INTERFACE = 6
    ALL_INTERFACES = 7


@dataclass(frozen=True, slots=True)
class RestartIndicator(Element):
    """Restart indicator, Q.931 4.5.25."""

    code: ClassVar[ElementCode] = ElementCode.RESTART_INDICATOR
    SHARED: ClassVar[bool] = True

    restart_class: int = RestartClass.INDICATED_CHANNELS
    """See `RestartClass`."""

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        """Read the class."""
        return cls(Fields(cls.code, octets).octet() & 7)

    def _encode(self) -> bytes:
        """Content octets."""
        return group(fit(self.restart_class, 3, "restart class"))

    def __str__(self) -> str:
        return meaning_of(RestartClass, self.restart_class)


class Notification(IntEnum):
    """Notification description, Q.931 4.5.22 and Q.95x."""

    USER_SUSPENDED = 0x00
    USER_RESUMED = 0x01
    BEARER_SERVICE_CHANGE = 0x02
    ASN1_COMPONENT = 0x03
    CALL_COMPLETION_DELAY = 0x04
    CONFERENCE_ESTABLISHED = 0x42
    CONFERENCE_DISCONNECTED = 0x43
    OTHER_PARTY_ADDED = 0x44
    ISOLATED = 0x45
    REATTACHED = 0x46
    OTHER_PARTY_ISOLATED = 0x47
    OTHER_PARTY_REATTACHED = 0x48
    OTHER_PARTY_SPLIT = 0x49
    OTHER_PARTY_DISCONNECTED = 0x4A
    CONFERENCE_FLOATING = 0x4B
    CALL_IS_A_WAITING_CALL = 0x60
    DIVERSION_ACTIVATED = 0x68
    CALL_TRANSFER_ALERTING = 0x69
    CALL_TRANSFER_ACTIVE = 0x6A
    REMOTE_HOLD = 0x79
    REMOTE_RETRIEVAL = 0x7A
    CALL_IS_DIVERTING = 0x7B


@dataclass(frozen=True, slots=True)
class NotificationIndicator(Element):
    """Notification indicator, Q.931 4.5.22."""

    code: ClassVar[ElementCode] = ElementCode.NOTIFICATION_INDICATOR

    description: int
    """See `Notification`."""
    component: bytes = b""
    """What follows: an ASN.1 component with description 3 (Q.932)."""

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        """Read the description and what follows."""
        fields = Fields(cls.code, octets)
        return cls(fields.octet() & 0x7F, fields.rest())

    def _encode(self) -> bytes:
        """Content octets."""
        return group(fit(self.description, 7, "notification description")) + self.component

    def __str__(self) -> str:
        text = meaning_of(Notification, self.description)
        return f"{text} {self.component.hex()}" if self.component else text


class Tone(IntEnum):
    """Signal value, Q.931 4.5.28; 0x40 to 0x47 are alerting patterns 0 to 7."""

    DIAL_TONE = 0x00
    RING_BACK = 0x01
    INTERCEPT = 0x02
    NETWORK_CONGESTION = 0x03
    BUSY = 0x04
    CONFIRM = 0x05
    ANSWER = 0x06
    CALL_WAITING = 0x07
    OFF_HOOK_WARNING = 0x08
    PREEMPTION = 0x09
    TONES_OFF = 0x3F
    ALERTING_0 = 0x40
    ALERTING_1 = 0x41
    ALERTING_2 = 0x42
    ALERTING_3 = 0x43
    ALERTING_4 = 0x44
    ALERTING_5 = 0x45
    ALERTING_6 = 0x46
    ALERTING_7 = 0x47
    ALERTING_OFF = 0x4F


@dataclass(frozen=True, slots=True)
class Signal(Element):
    """Signal, Q.931 4.5.28: a tone or alerting pattern for the terminal."""

    code: ClassVar[ElementCode] = ElementCode.SIGNAL
    SHARED: ClassVar[bool] = True

    value: int
    """See `Tone`."""

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        """Read the value."""
        return cls(Fields(cls.code, octets).octet())

    def _encode(self) -> bytes:
        """Content octets."""
        return bytes((fit(self.value, 8, "signal"),))

    def __str__(self) -> str:
        return meaning_of(Tone, self.value)


class ServiceState(IntEnum):
    """New status, octet 3 bits 3-1 of the change status; 1 is called loopback by some switches."""

    IN_SERVICE = 0
    MAINTENANCE = 1
    OUT_OF_SERVICE = 2
    CONTINUITY_CHECK = 3
    SHUT_DOWN = 4


@dataclass(frozen=True, slots=True)
class ChangeStatus(Element):
    """Change status of North American SERVICE messages, AT&T TR 41459."""

    code: ClassVar[ElementCode] = ElementCode.CHANGE_STATUS
    SHARED: ClassVar[bool] = True

    status: int
    """See `ServiceState`."""
    channel: bool = True
    """Whether a channel is meant (preference bit)."""

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        """Read status and preference."""
        octet = Fields(cls.code, octets).octet()
        return cls(octet & 7, bool(octet & 0x40))

    def _encode(self) -> bytes:
        """Content octets."""
        return group((0x40 if self.channel else 0) | fit(self.status, 3, "new status"))

    def __str__(self) -> str:
        return f"{'channel' if self.channel else 'span'} {meaning_of(ServiceState, self.status)}"


@dataclass(frozen=True, slots=True)
class SegmentedMessage(Element):
    """Segmented message, Q.931 4.5.26: stands in every SEGMENT message."""

    code: ClassVar[ElementCode] = ElementCode.SEGMENTED_MESSAGE

    first: bool
    """Whether this is the first segment."""
    remaining: int
    """How many segments follow."""
    message_type: int
    """Type of the message that was segmented."""

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        """Read the segment's place and the message type."""
        fields = Fields(cls.code, octets)
        octet = fields.octet()
        return cls(bool(octet & 0x80), octet & 0x7F, fields.octet() & 0x7F)

    def _encode(self) -> bytes:
        """Content octets."""
        first = (0x80 if self.first else 0) | fit(self.remaining, 7, "segments remaining")
        return bytes((first, fit(self.message_type, 7, "message type")))

    def __str__(self) -> str:
        place = "first segment" if self.first else "segment"
        return f"{place} of {message_name(self.message_type)}, {self.remaining} remaining"


@dataclass(frozen=True, slots=True)
class SendingComplete(SingleOctetElement):
    """Sending complete, Q.931 4.5.27: the called number is whole."""

    code: ClassVar[ElementCode] = ElementCode.SENDING_COMPLETE
    SHARED: ClassVar[bool] = True

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        """Nothing to read."""
        return cls()

    def _encode(self) -> bytes:
        return b""

    def __str__(self) -> str:
        return "yes"


@dataclass(frozen=True, slots=True)
class MoreData(SingleOctetElement):
    """More data, Q.931 4.5.20: another USER INFORMATION of the same block follows."""

    code: ClassVar[ElementCode] = ElementCode.MORE_DATA
    SHARED: ClassVar[bool] = True

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        """Nothing to read."""
        return cls()

    def _encode(self) -> bytes:
        return b""

    def __str__(self) -> str:
        return "yes"


@dataclass(frozen=True, slots=True)
class CongestionLevel(SingleOctetElement):
    """Congestion level, Q.931 4.5.14."""

    code: ClassVar[ElementCode] = ElementCode.CONGESTION_LEVEL
    SHARED: ClassVar[bool] = True

    level: int = 0
    """0 receiver ready, 15 receiver not ready."""

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        """Read the level."""
        return cls(octets[0] & 0x0F)

    def _encode(self) -> bytes:
        return bytes((fit(self.level, 4, "congestion level"),))

    def __str__(self) -> str:
        return {0: "receiver ready", 15: "receiver not ready"}.get(self.level, str(self.level))


@dataclass(frozen=True, slots=True)
class RepeatIndicator(SingleOctetElement):
    """Repeat indicator, Q.931 4.5.24: how elements that follow several times are meant."""

    code: ClassVar[ElementCode] = ElementCode.REPEAT_INDICATOR
    SHARED: ClassVar[bool] = True

    indication: int = 2
    """2: a list in order of priority, one to be chosen."""

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        """Read the indication."""
        return cls(octets[0] & 0x0F)

    def _encode(self) -> bytes:
        return bytes((fit(self.indication, 4, "repeat indication"),))

    def __str__(self) -> str:
        return "prioritized list" if self.indication == 2 else str(self.indication)
