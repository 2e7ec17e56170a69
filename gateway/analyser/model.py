"""What the stages of the analyser hand to each other.

Times are seconds since 1970; packets are numbered from 1 in the order of the input, all files together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import msgspec


class Protocol(Enum):
    """Signalling protocols that carry calls, and those beneath that break them; valued as named in JSON."""

    ISUP = "isup"
    TUP = "tup"
    Q931 = "q931"
    H225 = "h225"
    SIP = "sip"
    MTP3 = "mtp3"
    MTP2 = "mtp2"
    M3UA = "m3ua"
    M2UA = "m2ua"
    M2PA = "m2pa"
    IUA = "iua"
    LAPD = "lapd"
    SCCP = "sccp"
    SCTP = "sctp"
    """What begins and ends associations; what they carry is of other protocols."""
    MGCP = "mgcp"
    RTP = "rtp"
    RTCP = "rtcp"


@dataclass(frozen=True, slots=True)
class Where:
    """The two ends that a message went between, as far as the capture tells.

    SS7: point codes, `variant` of the label. Over IP: addresses `ADDRESS:PORT` too. D-channel: `link` names it.
    """

    source: str = ""
    destination: str = ""
    opc: int | None = None
    dpc: int | None = None
    network: int | None = None
    variant: str = ""
    link: str = ""
    """Link, interface or channel that it was seen on, where there is more than one."""
    sent: bool | None = None
    """Direction as the capture's pseudo header says it: whether the side that captured sent it."""


class Message(msgspec.Struct, gc=False):
    """One signalling message in a packet; several messages may share a packet. A busy capture has millions."""

    packet: int
    time: float
    protocol: Protocol
    type: str
    """The standard's short name: `IAM`, `SETUP`, `INVITE`, `180`."""
    where: Where
    octets: bytes
    """From where the decoder of the protocol begins: CIC for ISUP, label's end for TUP, protocol discriminator for
    Q.931 and H.225, start line for SIP, SIO for MTP3."""
    value: Any = None
    """What the decoder made of it, None when it could not; `error` then says why."""
    error: str = ""
    duplicate: bool = False
    """The same octets were seen a moment ago: a retransmission, or the same packet on a second probe."""
    number: int = 0
    """Of a message that begins an attempt: the number kept for its record, 0 where none is yet."""


class Outcome(Enum):
    """How an attempt ended."""

    ANSWERED = "answered"
    BUSY = "busy"
    NO_ANSWER = "no answer"
    ABANDONED = "abandoned"
    """Released by the calling side before answer."""
    REJECTED = "rejected"
    """Released by the called side or its network before answer, neither busy nor unanswered."""
    FAILED = "failed"
    """A timer, an error or a lost message ended it."""
    OPEN = "open"
    """The capture ends, or began, in the middle."""


class CallRecord(msgspec.Struct, kw_only=True, gc=False):
    """One call attempt as one protocol saw it between two neighbours; JSON has these keys."""

    protocol: str
    id: str
    """Unique in the analysis and stable for the same input."""
    outcome: str
    opc: int | None = None
    dpc: int | None = None
    cic: int | None = None
    """Circuit, or B channel number."""
    link: str = ""
    source: str = ""
    """The end that began: address, or point code as written."""
    destination: str = ""
    call_id: str = ""
    """SIP Call-ID, or call reference of Q.931."""
    calling: str = ""
    called: str = ""
    calling_nature: str = ""
    called_nature: str = ""
    start: float
    alerting: float | None = None
    progress: float | None = None
    answered: float | None = None
    released: float | None = None
    completed: float | None = None
    """RLC, RLG, RELEASE COMPLETE or the 200 of BYE: the circuit is idle again."""
    released_by: str = ""
    """`calling`, `called`, or empty when nobody or not known."""
    cause: int | None = None
    """Q.850 value that ended it, mapped where the protocol has another kind."""
    location: str = ""
    status: int | None = None
    """SIP status that ended it."""
    variant: str = ""
    post_dial_delay: float | None = None
    """Seconds from the first message to alerting, answer or failure, whichever was first."""
    duration: float | None = None
    """Seconds from answer to release."""
    messages: list[CallMessage] = msgspec.field(default_factory=list)
    legs: list[Leg] = msgspec.field(default_factory=list)
    media: list[MediaStream] = msgspec.field(default_factory=list)
    formats: dict[str, list[int]] = msgspec.field(default_factory=dict)
    """RTP payload types that the session descriptions allow, by the `ADDRESS:PORT` where they are to arrive."""
    carried: str = ""
    """Of an INVITE of SIP-I the numbers of the IAM in it: `CALLED/NATURE CALLING/NATURE`."""


class CallMessage(msgspec.Struct, gc=False):
    """A message of a call; the octets stay in the capture."""

    packet: int
    time: float
    type: str
    forward: bool
    """From the side that began the call."""
    summary: str = ""
    source: str = ""
    destination: str = ""
    duplicate: bool = False


class Leg(msgspec.Struct, gc=False):
    """Another record that is the same call on a neighbouring hop."""

    id: str
    sure: float
    """0 to 1: how certain that is."""
    why: str
    """What joined them: `call-id`, `isup body`, `numbers and time`, `called number and time`."""


class MediaStream(msgspec.Struct, kw_only=True, gc=False):
    """An RTP stream of a call."""

    source: str
    destination: str
    ssrc: int
    codec: str
    first: float
    last: float
    packets: int
    lost: int
    jitter_ms: float
    mos: float | None = None
    """Estimate by the E-model (G.107), 1 to 4.5; None for a codec that the model has no figures for."""
    payload_types: list[int] = msgspec.field(default_factory=list)
    """Those that were sent, the most frequent first."""
    digits: str = ""
    """DTMF of RFC 4733 events, in the order of their timestamps."""
    digits_cut: int = 0
    """Events whose end never came: their digit may have been lost."""


class Severity(Enum):
    """How bad a finding is."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Finding(msgspec.Struct, kw_only=True):
    """Something that went wrong, with whose fault it was."""

    kind: str
    """Short name, stable: `missing-rlc`, `unanswered-iam` …"""
    severity: str
    text: str
    """One sentence for the engineer."""
    fault: str = ""
    """Who broke it: a point code or address, `calling side` …; empty when that cannot be told."""
    clause: str = ""
    """Document and clause violated."""
    calls: list[str] = msgspec.field(default_factory=list)
    packets: list[int] = msgspec.field(default_factory=list)
    time: float | None = None


class Skipped(msgspec.Struct, kw_only=True):
    """A part of the input that could not be used."""

    file: str
    reason: str
    packets: int = 0
    octets: int = 0


class Analysis(msgspec.Struct, kw_only=True):
    """The whole result; JSON of `tandem trace --json`."""

    packets: int = 0
    messages: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)
    """Messages by protocol and type, duplicates included."""
    calls: Sequence[CallRecord] = msgspec.field(default_factory=list)
    """In the order in which they began; of an analysis these are `Records`, read from disk one by one."""
    findings: Sequence[Finding] = msgspec.field(default_factory=list)
    skipped: list[Skipped] = msgspec.field(default_factory=list)


@dataclass(slots=True)
class RtpPackets:
    """RTP of one read, as arrays of equal length n: enough for loss, jitter and codec without the payloads."""

    packet: Any
    """(n,) int64 packet numbers."""
    time: Any
    """(n,) float64."""
    flow: Any
    """(n,) int64 index into `flows`."""
    flows: list[tuple[str, str]] = field(default_factory=list)
    """(source, destination) of each flow, `ADDRESS:PORT`."""
    payload_type: Any = None
    """(n,) uint8."""
    marker: Any = None
    """(n,) bool."""
    sequence: Any = None
    """(n,) uint16."""
    timestamp: Any = None
    """(n,) uint32."""
    ssrc: Any = None
    """(n,) uint32."""
    length: Any = None
    """(n,) int64 octets of payload."""
    events: list[tuple[int, int, bool]] = field(default_factory=list)
    """What look like telephone-events (RFC 4733 2.3): place in the arrays, event, whether it is its end."""
    start: Any = None
    """(n,) int64 place of the payload in the buffer of the batch."""
