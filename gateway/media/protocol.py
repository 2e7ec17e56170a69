"""What the signalling process and the media process say to each other over their socket pair.

Values are msgspec structs, MessagePack-encoded, one list of structs per datagram of an AF_UNIX SOCK_SEQPACKET pair.
An endpoint is an RTP leg or a timeslot; what an endpoint transmits is its one *source*: another endpoint, a tone,
or silence. A two-way connection is two sources.
"""

from __future__ import annotations

from typing import Literal

import msgspec


class RtpEndpoint(msgspec.Struct, frozen=True, array_like=True, tag="r"):
    """An RTP leg, by the number that the signalling process gave it in OpenRtp."""

    leg: int


class TimeslotEndpoint(msgspec.Struct, frozen=True, array_like=True, tag="t"):
    """A bearer timeslot of a span (name of the `[[span]]`, timeslot 1-31, 1-24 of a T1)."""

    span: str
    timeslot: int


Endpoint = RtpEndpoint | TimeslotEndpoint


class SrtpKeys(msgspec.Struct, frozen=True, array_like=True):
    """Keys of an SRTP leg (RFC 3711): master key and salt for each direction, 30 octets each."""

    suite: str
    """`AES_CM_128_HMAC_SHA1_80` or `AES_CM_128_HMAC_SHA1_32`."""
    send: bytes
    receive: bytes


class OpenRtp(msgspec.Struct, array_like=True, tag="open"):
    """Start an RTP leg on `port`, one of the ports that Ready listed and no open leg uses."""

    leg: int
    port: int
    law: str
    """`A` (PCMA) or `u` (PCMU): what is sent, and what is expected unless the payload type says otherwise."""
    payload_type: int
    remote: tuple[str, int] | None = None
    """Where SDP says to send; None until known. Latching may change it (symmetric RTP)."""
    event_payload_type: int | None = None
    """Payload type of telephone-event (RFC 4733), None when not agreed."""
    silence_seconds: float = 0.0
    """Tell with RtpSilent whenever nothing has come for so long; 0: never."""
    secure: bool = False
    """SRTP was offered: until UpdateRtp brings the keys, what comes cannot be read and is thrown away."""


class UpdateRtp(msgspec.Struct, array_like=True, tag="update"):
    """Change a leg after an answer or re-offer. Latching starts again when `remote` differs."""

    leg: int
    law: str
    payload_type: int
    remote: tuple[str, int] | None = None
    event_payload_type: int | None = None
    send: bool = True
    """False when the peer holds us (a=inactive, a=sendonly, or c=0.0.0.0)."""
    keys: SrtpKeys | None = None
    """Keys of SRTP; None: plain RTP, whatever was offered. Unchanged ones leave the packet counters alone."""
    packet_time: int = 20
    """Milliseconds of speech in each packet sent: 10, 20, 30, 40, 50 or 60."""
    comfort_noise: bool = False
    """Silence need not be sent: comfort noise of RFC 3389, payload type 13, was agreed."""
    rtcp_port: int | None = None
    """Where the peer receives RTCP (a=rtcp, RFC 3605); None: the port above that of RTP."""
    rtcp_mux: bool = False
    """RTCP goes on the ports of RTP (RFC 5761)."""


class CloseRtp(msgspec.Struct, array_like=True, tag="close"):
    """End a leg; answered by RtpClosed. Its port is free again at once."""

    leg: int


class Source(msgspec.Struct, array_like=True, tag="source"):
    """From the next tick, `sink` transmits what `source` receives; None is silence (idle pattern on a timeslot)."""

    sink: Endpoint
    source: Endpoint | None
    transparent: bool = False
    """Octets pass as they are where the laws differ: 64 kbit/s unrestricted is no speech."""
    gain: float = 0.0
    """Decibels by which `sink` transmits it louder; not with `transparent`."""


class Tone(msgspec.Struct, array_like=True, tag="tone"):
    """From the next tick, `sink` transmits a tone of the span's or gateway's tone plan until another source is set."""

    sink: Endpoint
    name: str
    """`ringback`, `busy`, `congestion`, `dial`, or `continuity` (2000 Hz, Q.724 7)."""


class PlayDigit(msgspec.Struct, array_like=True, tag="digit-in"):
    """A digit that the peer of `leg` signalled by other means (SIP INFO): as if it had come as a telephone-event."""

    leg: int
    digit: str
    duration_ms: int


class Play(msgspec.Struct, array_like=True, tag="play"):
    """From the next tick, `sink` transmits a file; then it hears again what it heard before.

    Another source or tone for `sink` ends it. Its end is told with PlaybackEnded.
    """

    sink: Endpoint
    number: int
    """Whatever the signalling process calls it by."""
    what: str
    """A file (WAV, or raw octets of G.711: `.alaw`, `.ulaw`, `.raw` or `.r8` for linear), `tone_stream://…` or
    `silence_stream://MILLISECONDS`."""


class StopPlay(msgspec.Struct, array_like=True, tag="play-stop"):
    """End a playback."""

    number: int


class Record(msgspec.Struct, array_like=True, tag="record"):
    """Record into a file from the next tick on; its end is told with RecordingEnded."""

    source: Endpoint
    number: int
    path: str
    """Ends with `.wav`, or with `.alaw`, `.ulaw`, `.raw` (linear, 16 bits)."""
    mode: str = "received"
    """`received`: what comes from the peer; `mixed`: that and what it hears; `stereo`: both, one a channel."""
    limit: float = 0.0
    """Seconds at most, 0 for no limit."""


class StopRecord(msgspec.Struct, array_like=True, tag="record-stop"):
    """End a recording."""

    number: int


class SendDigits(msgspec.Struct, array_like=True, tag="digits"):
    """Digits towards a peer: as telephone-events where its leg takes them, else as tones in place of speech."""

    sink: Endpoint
    digits: str
    duration_ms: int = 160


class Detect(msgspec.Struct, array_like=True, tag="detect"):
    """Look for DTMF in what `endpoint` receives, or no more; told with DigitHeard, relayed as telephone-events."""

    endpoint: Endpoint
    on: bool = True


class SendUnits(msgspec.Struct, array_like=True, tag="units"):
    """Queue signal units (octets without flags and FCS) on a signalling channel, behind those already queued.

    On a channel of kind `lapd` the units are whole frames of Q.921, from the first address octet to the last octet of
    information; they leave in order, each once, one flag between them.
    """

    channel: int
    units: list[bytes]
    fill: bytes | None
    """Sent over and over when the queue is empty, replacing the former fill at once. None: flags, as on a D-channel."""


class LineTest(msgspec.Struct, array_like=True, tag="test"):
    """What is tested on a span from the next tick on; what the last such command said is over."""

    span: str
    loopback: bool
    """Bearer timeslots are sent back as they come, whatever their sources are."""
    remote_alarm: bool
    """The remote alarm (RAI, yellow) is sent, whatever is received."""


class Shutdown(msgspec.Struct, array_like=True, tag="shutdown"):
    """Send what is queued on the signalling channels (at most 200 ms), close everything, exit with status 0."""


Command = (
    OpenRtp
    | UpdateRtp
    | CloseRtp
    | Source
    | Tone
    | PlayDigit
    | Play
    | StopPlay
    | Record
    | StopRecord
    | SendDigits
    | Detect
    | SendUnits
    | LineTest
    | Shutdown
)


class Ready(msgspec.Struct, array_like=True, tag="ready"):
    """Spans are open and RTP ports bound; first event of the media process."""

    ports: list[int]


class Failed(msgspec.Struct, array_like=True, tag="failed"):
    """The media process cannot start or go on; one line for the operator. It exits with status 1."""

    reason: str


class UnitsReceived(msgspec.Struct, array_like=True, tag="received"):
    """Signal units from a channel, FCS checked and removed, repeats of the last FISU or LSSU left out.

    `good` and `errored` count all units since the last event of this channel, repeats included, for SUERM and AERM.
    Sent when there is a unit or an error, and otherwise once a second. From a channel of kind `lapd` come all good
    frames in order, repeats too, from the first address octet on; bad ones are only counted in `errored`, as
    Q.921 2.9 has them discarded.
    """

    channel: int
    units: list[bytes]
    good: int
    errored: int
    octet_counting: int = 0
    """Octets received while in octet counting mode (Q.703 4.1.4); of no meaning on a D-channel."""


class SpanChanged(msgspec.Struct, array_like=True, tag="span"):
    """The alarms of a span changed; `alarms` lists those present, of LOS LFA LMFA AIS EBER RAI."""

    span: str
    alarms: list[str]
    detail: str = ""


class MediaStatistics(msgspec.Struct, array_like=True):
    """What an RTP leg carried."""

    packets_sent: int = 0
    packets_received: int = 0
    octets_received: int = 0
    packets_lost: int = 0
    packets_late: int = 0
    """Came too late to be played, or twice."""
    jitter_ms: float = 0.0
    """Interarrival jitter, RFC 3550 6.4.1, at the end of the call."""
    concealed_ms: int = 0
    """Speech made up because none was there."""
    modem_hz: int = 0
    """Tone of a modem or fax machine that was heard, 2100 or 1100 Hz; 0 for none."""
    modem_reversals: int = 0
    """1: that tone turned its phase every 450 ms, as data modems do to have echo cancellers off (V.25, V.8)."""
    modem_modulated: int = 0
    """1: that tone swelled with 15 Hz, as modems that know V.8 do (ANSam)."""
    round_trip_ms: float = 0.0
    """By RTCP, the median of the latest; 0 where the peer sent no report."""
    remote_lost: int = 0
    """Packets of ours that the peer missed, by its last report."""
    remote_jitter_ms: float = 0.0
    """Jitter of what we sent, by the same."""
    mos: float = 0.0
    """How good what came was, 1 to 4.5 (MOS-CQE, E-model of G.107); 0 where nothing came."""


class RtpClosed(msgspec.Struct, array_like=True, tag="closed"):
    """Answer to CloseRtp."""

    leg: int
    statistics: MediaStatistics


class DigitReceived(msgspec.Struct, array_like=True, tag="digit"):
    """A telephone-event ended (RFC 4733): 0-9, *, #, A-D."""

    leg: int
    digit: str
    duration_ms: int


class DigitHeard(msgspec.Struct, array_like=True, tag="dtmf"):
    """A digit was heard in speech, and is over: 0-9, *, #, A-D."""

    endpoint: Endpoint
    digit: str
    duration_ms: int


class RtpSilent(msgspec.Struct, array_like=True, tag="silent"):
    """Nothing has come on a leg for its `silence_seconds`; told again after as long a time."""

    leg: int


class ContinuityHeard(msgspec.Struct, array_like=True, tag="continuity"):
    """The tone `continuity` that is being sent on a timeslot came back on it. Once for each Tone command."""

    endpoint: TimeslotEndpoint


class PlaybackEnded(msgspec.Struct, array_like=True, tag="played"):
    """A playback is over."""

    number: int
    status: str
    """`done`; `stopped` by a command or another source; else why it could not be, for the operator."""
    milliseconds: int


class RecordingEnded(msgspec.Struct, array_like=True, tag="recorded"):
    """A recording is over, and its file closed."""

    number: int
    status: str
    """`done` at its limit or with its endpoint, `stopped` by a command, else why it ended, for the operator."""
    milliseconds: int


class MediaReport(msgspec.Struct, array_like=True, tag="report"):
    """Once a second: how the tick keeps time, and span counters by name."""

    ticks: int
    worst_late_ms: float
    cpu_seconds: float
    spans: dict[str, dict[str, int]]


Event = (
    Ready
    | Failed
    | UnitsReceived
    | SpanChanged
    | RtpClosed
    | DigitReceived
    | DigitHeard
    | RtpSilent
    | ContinuityHeard
    | PlaybackEnded
    | RecordingEnded
    | MediaReport
)


class Channel(msgspec.Struct):
    """A signalling channel: HDLC on one timeslot, or on several taken together as one bit stream."""

    number: int
    span: str
    timeslots: tuple[int, ...]
    extended: bool = False
    """Signal units in the extended format of Q.703 Annex A."""
    kind: Literal["mtp2", "lapd"] = "mtp2"
    """`mtp2`: signal units of Q.703, repeated FISUs and LSSUs received once, octet counting told as it goes on.
    `lapd`: a D-channel, frames of Q.921 of up to 1,600 octets; flags or ones between them are no event."""


class SpanConfiguration(msgspec.Struct):
    """A span as the media process opens it."""

    name: str
    device: str
    """Spec string, see tandem.hardware.registry."""
    law: str = "A"
    """`A` or `u`: the law of speech on its timeslots."""
    framing: str = "crc4"
    """Value of tandem.hardware.span.Framing."""
    loss_window: int = 4
    """See tandem.hardware.span.LineFormat."""


class MediaConfiguration(msgspec.Struct):
    """All that the media process needs to start, handed over once."""

    spans: list[SpanConfiguration] = []
    channels: list[Channel] = []
    rtp_address: str = "127.0.0.1"
    rtp_address_v6: str = ""
    """Where RTP over IPv6 is received too; empty: `rtp_address` is all."""
    rtp_ports: tuple[int, int] = (16384, 16484)
    """First and last UDP port; legs use the even ones."""
    tones: str = "eu"
    """Tone plan, a region of tandem.codecs.tones."""
    clock: list[str] = []
    """Spans, by name, whose clock is followed, the best first, and `system`; empty: always that of the system."""
    elastic_store: int = 20
    """Milliseconds of speech in the elastic store of each span after a tick."""
    elastic_store_max: int = 60
    """Milliseconds that it may grow to where frames come later than that."""
    jitter_ms: tuple[int, int] = (20, 200)
    """Bounds of the jitter buffers: kept in reserve, and waiting at most; 300 at most."""
    rtcp: bool = True
    """Send and take RTCP reports."""
