"""A span as a SAToP pseudowire over UDP (RFC 4553): told from others by its ports, or by its peer alone."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tandem.core.errors import SpanError
from tandem.hardware import speed
from tandem.hardware.elastic import ElasticStore
from tandem.hardware.framing.e1_deframer import Alignment
from tandem.hardware.framing.e1_framer import timeslots0
from tandem.hardware.framing.hdlc import HdlcReceiver, HdlcTransmitter
from tandem.hardware.framing.t1_format import FRAME_BITS, GROUP
from tandem.hardware.line import E1Line, terminate
from tandem.hardware.octet_aligned import SUBFRAME, Unpadder, pad
from tandem.hardware.packet_socket import PacketSocket, Run
from tandem.hardware.registry import parse_address, parse_count, parse_options
from tandem.hardware.satop import (
    DEFAULT_PAYLOAD,
    DEFAULT_REORDER,
    DEFAULT_T1_PAYLOAD,
    FAR_AHEAD,
    SatopReceiver,
    SatopTransmitter,
)
from tandem.hardware.satop_rtp import DEFAULT_PAYLOAD_TYPE, RtpFormat, RtpReceiver, RtpSender
from tandem.hardware.span import FRAME_RATE, TIMESLOTS, Frames, LineFormat, counts_by_name
from tandem.hardware.span_base import LineSpan
from tandem.hardware.termination import Termination

MOST_FRAMES: Final = 40
"""Frames a packet at most: 1280 octets pass any Ethernet, tunnels included."""
MOST_OCTETS: Final = 1280
"""Octets of a T1 a packet at most, for the same reason; and at least."""
LEAST_OCTETS: Final = 24
MOST_BURST: Final = 40
"""Frames sent at once at most, 5 ms: half of what the elastic store of a Tandem at the far end makes up for."""
MOST_WAIT: Final = 0.02
"""Seconds that a missing packet is waited for at most, while later ones come, unless `jitter` says otherwise."""
_LARGEST: Final = 2048
_MOST_PACKETS: Final = 1000
"""Taken in one read at most, so that a flood cannot hold the caller."""


@dataclass(frozen=True, slots=True)
class SatopSpec:
    """What a `satop:` spec says."""

    listen: tuple[str, int]
    peer: tuple[str, int]
    payload: int
    """Octets a packet."""
    quantum: int
    """Frames written at a time."""
    frames: float
    """Frames a packet; those of a T1 need not be whole."""
    jitter: int | None
    """Later packets that a missing one is waited for; None: as many as the network makes needful."""
    burst: int
    aligned: bool = False
    """Octet-aligned T1."""
    rtp: RtpFormat | None = None
    shared: bool = False
    """Other spans, with other peers, have the port too."""

    @classmethod
    def parse(cls, spec: str, body: str, line: LineFormat) -> SatopSpec:
        """Read `listen=HOST:PORT,peer=HOST:PORT` and options: see `registry.open_span`."""
        t1 = line.framing.is_t1
        options = parse_pseudowire(spec, body, {"octets", "frames", "aligned"} if t1 else {"frames"})
        frames = parse_count(spec, "frames", options.get("frames", str(DEFAULT_PAYLOAD // TIMESLOTS)), 1, MOST_FRAMES)
        aligned = t1 and _is_aligned(spec, options)
        if aligned:
            payload = frames * SUBFRAME
        elif t1:
            octets = options.get("octets", str(DEFAULT_T1_PAYLOAD))
            payload = parse_count(spec, "octets", octets, LEAST_OCTETS, MOST_OCTETS)
        else:
            payload = frames * TIMESLOTS
        in_packet = 8 * payload / FRAME_BITS if t1 and not aligned else frames
        quantum = GROUP if t1 else frames
        return cls.from_options(spec, options, payload=payload, frames=in_packet, quantum=quantum, aligned=aligned)

    @classmethod
    def from_options(
        cls, spec: str, options: dict[str, str], *, payload: int, frames: float, quantum: int, aligned: bool = False
    ) -> SatopSpec:
        """Read the options that every pseudowire has, see `parse_pseudowire`."""
        return cls(
            parse_address(spec, "listen", options["listen"]),
            parse_address(spec, "peer", options["peer"]),
            payload,
            quantum,
            frames,
            parse_count(spec, "jitter", options["jitter"], 1, 32) if "jitter" in options else None,
            parse_count(spec, "burst", options.get("burst", "1"), 1, max(1, MOST_BURST // quantum)),
            aligned,
            _parse_rtp(spec, options),
            parse_switch(spec, "shared", options),
        )

    @property
    def reorder(self) -> int:
        """Places that a missing packet is waited for, at least."""
        return self.jitter or DEFAULT_REORDER

    @property
    def most_reorder(self) -> int:
        """Places that it is waited for at most."""
        return self.jitter or max(DEFAULT_REORDER, min(FAR_AHEAD // 2, round(MOST_WAIT * FRAME_RATE / self.frames)))


def parse_pseudowire(spec: str, body: str, own: set[str]) -> dict[str, str]:
    """The options of a pseudowire: its `own` and those that every one may have."""
    common = {"jitter", "burst", "shared", "rtp", "pt", "ssrc", "clock"}
    return parse_options(spec, body, {"listen", "peer"}, common | own)


def parse_switch(spec: str, key: str, options: dict[str, str]) -> bool:
    """An option that is yes or no; no when it is not given."""
    text = options.get(key, "no")
    if text not in ("yes", "no"):
        raise SpanError(f"span {spec!r}: {key}={text} should be yes or no")
    return text == "yes"


def _parse_rtp(spec: str, options: dict[str, str]) -> RtpFormat | None:
    """The RTP header, None when there is to be none."""
    mode = options.get("rtp", "no")
    if mode == "no":
        if unused := sorted({"pt", "ssrc", "clock"} & options.keys()):
            raise SpanError(f"span {spec!r}: {unused[0]} is of the RTP header; add rtp=absolute or rtp=differential")
        return None
    if mode not in ("absolute", "differential"):
        raise SpanError(f"span {spec!r}: rtp={mode} should be absolute, differential or no")
    clock = parse_count(spec, "clock", options.get("clock", "8000"), 8000, 200_000_000)
    if clock % 8000:
        raise SpanError(f"span {spec!r}: clock={clock} should be a multiple of 8000, as in clock=8000")
    return RtpFormat(
        "absolute" if mode == "absolute" else "differential",
        parse_count(spec, "pt", options.get("pt", str(DEFAULT_PAYLOAD_TYPE)), 0, 127),
        parse_count(spec, "ssrc", options.get("ssrc", "0"), 0, 0xFFFFFFFF),
        clock,
    )


def _is_aligned(spec: str, options: dict[str, str]) -> bool:
    """Whether octet-aligned T1 is asked for; SpanError when the size of packets is given in the wrong unit."""
    aligned = parse_switch(spec, "aligned", options)
    if aligned and "octets" in options:
        raise SpanError(f"span {spec!r}: with aligned=yes the size of packets is given in frames, as in frames=8")
    if not aligned and "frames" in options:
        raise SpanError(f"span {spec!r}: the packets of a T1 hold octets, as in octets=192, or aligned=yes and frames")
    return aligned


def check_spec(spec: str, body: str, line: LineFormat) -> None:
    """Raise SpanError when the spec is malformed."""
    SatopSpec.parse(spec, body, line)


def open_span(spec: str, body: str, line: LineFormat) -> SatopUdpSpan:
    """Bind and connect the socket of the spec; SpanError says why it cannot be."""
    parsed = SatopSpec.parse(spec, body, line)
    return SatopUdpSpan(spec, open_socket(spec, parsed), parsed, line)


class SatopUdpSpan(LineSpan):
    """An E1 or T1 over UDP. A peer that is not there is LOS."""

    def __init__(
        self,
        spec: str,
        sock: socket.socket,
        parsed: SatopSpec,
        line: LineFormat,
        *,
        termination: Termination | None = None,
        transmitter: SatopTransmitter | None = None,
        receiver: SatopReceiver | None = None,
    ) -> None:
        super().__init__(spec, parsed.quantum, termination or terminate(line), burst=parsed.burst)
        self._packets = PacketSocket(sock)
        self._transmitter = transmitter or SatopTransmitter(parsed.payload)
        self._receiver = receiver or SatopReceiver(parsed.payload, reorder=parsed.reorder, most=parsed.most_reorder)
        self.network: Callable[[list[bytes], float], list[bytes]] | None = None
        """What a network does to packets before they are sent, for tests of the line."""
        self.common_clock: Callable[[float], float] | None = None
        """Makes of `now` the time of the clock that both ends have in common, where `now` is of another."""
        self._place: SatopReceiver | RtpReceiver = self._receiver
        self._rtp_sender: RtpSender | None = None
        self._rtp_receiver: RtpReceiver | None = None
        self._frames = parsed.frames
        self._differential = parsed.rtp is not None and parsed.rtp.mode == "differential"
        if parsed.rtp is not None:
            self._rtp_sender = RtpSender(parsed.rtp, self._transmitter, parsed.frames)
            self._place = self._rtp_receiver = RtpReceiver(parsed.rtp, self._receiver.receive)
        self._payload = parsed.payload
        self._unpadder = Unpadder() if parsed.aligned else None
        self._unsent = b""  # of a T1, less than a packet

    def fileno(self) -> int | None:
        """The socket, readable when packets have come."""
        return self._packets.fileno()

    def take(self, now: float) -> bytes:
        """See Span."""
        if speed.speedups is None or self._rtp_receiver is not None:
            return self._taken(self._packets.receive(), now)
        return self._taken(speed.speedups.satop_take(self._packets, self._place, now), now)

    def _taken(self, came: bytes | list[Run] | None, now: float) -> bytes:
        """The octets of the line that are in what has come: in packets, or taken out of them already."""
        if isinstance(came, bytes):  # as nearly always
            return self._unpadder.take(came) if self._unpadder else came
        place = self._place
        octets = [
            place.receive(run, now) if len(run) == size else place.receive_run(run, size, now)  # a packet may be empty
            for run, size in came or ()
        ]
        if not octets:
            self._receiver.handle_silence(now)
        line = octets[0] if len(octets) == 1 else b"".join(octets)
        return self._unpadder.take(line) if self._unpadder else line

    def give(self, octets: bytes, now: float) -> None:
        """See Span; what the network does not take is lost, as on a line, and counted."""
        transmitter = self._transmitter
        transmitter.remote_loss = self._receiver.loss
        if self._unpadder:
            octets = pad(octets)
        plain = self._rtp_sender is None and self.network is None
        if (
            plain
            and speed.speedups is not None
            and not self._unsent
            and speed.speedups.satop_give(self._packets, transmitter, octets, self._payload)
        ):
            return
        if self._unsent or len(octets) % self._payload:
            octets = self._unsent + octets
            whole = len(octets) // self._payload * self._payload
            octets, self._unsent = octets[:whole], octets[whole:]
        if plain:
            self._packets.send_run(transmitter.run(octets), transmitter.packet_size)
            return
        sender = self._rtp_sender
        if sender is None:
            packets = transmitter.packets(octets)
        else:
            packets = sender.packets(octets, self.common_clock(now) if self.common_clock else now)
        self._packets.send(self.network(packets, now) if self.network else packets)

    def intake(self, store: ElasticStore, receiver: HdlcReceiver | None = None, timeslots: slice | None = None) -> Any:
        """What reads the line into `store` in one step, and a signalling channel on `timeslots`; None if there is none.

        It is a LineIntake of speedups.pyx; what it hands back goes to `received`.
        """
        line = self.termination
        if speed.speedups is None or type(line) is not E1Line or self._rtp_receiver is not None:
            return None
        common = self._packets, self._receiver, line, Alignment.MULTIFRAME, store
        if receiver is None or timeslots is None:
            return speed.speedups.LineIntake(*common)
        first = timeslots.start
        return speed.speedups.LineIntake(*common, receiver, receiver.compiled, first, timeslots.stop - first)

    def received(self, came: bytes | list[Run] | None, now: float) -> Frames:
        """What `read` makes of what an intake has handed back."""
        return self.termination.receive(self._taken(came, now), now)

    def outlet(self, speech: Frames, transmitter: HdlcTransmitter | None = None, timeslots: slice | None = None) -> Any:
        """What sends frames of `speech` in one step, with a signalling channel on `timeslots`; None if there is none.

        It is a LineOutlet of speedups.pyx.
        """
        line = self.termination
        if speed.speedups is None or type(line) is not E1Line or self._rtp_sender is not None:
            return None
        common = self, self._packets, self._receiver, self._transmitter, self._payload, line, timeslots0, speech
        if transmitter is None or timeslots is None:
            return speed.speedups.LineOutlet(*common)
        first = timeslots.start
        return speed.speedups.LineOutlet(*common, transmitter, transmitter.compiled, first, timeslots.stop - first)

    def counters(self) -> dict[str, int]:
        """See Span."""
        own = {
            "packets_out": self._packets.packets_out,
            "send_errors": self._packets.send_errors,
            "reorder_depth": self._receiver.depth,
        }
        if self._rtp_receiver is not None:
            own["packets_foreign"] = self._rtp_receiver.packets_foreign
        return self.termination.counters() | counts_by_name(self._receiver.counts) | own

    def differential_times(self) -> tuple[float, float] | None:
        """Seconds that the line and the common clock have gone on at the sender, None without such timestamps."""
        receiver = self._rtp_receiver
        if receiver is None or receiver.sequence is None or not self._differential:
            return None
        return receiver.sequence * self._frames / FRAME_RATE, receiver.elapsed

    def close(self) -> None:
        """See Span."""
        self._packets.close()


def open_socket(spec: str, parsed: SatopSpec) -> socket.socket:
    """A non-blocking UDP socket between the two addresses: packets from elsewhere never reach us.

    A shared port has one socket a peer, and the kernel gives each the packets of its peer.
    """
    step = f"listen={parsed.listen[0]}:{parsed.listen[1]}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(*parsed.listen, type=socket.SOCK_DGRAM)[0]
        sock = socket.socket(family, kind, protocol)
        try:
            sock.setblocking(False)
            if parsed.shared:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            sock.bind(address)
            step = f"peer={parsed.peer[0]}:{parsed.peer[1]}"
            sock.connect(socket.getaddrinfo(*parsed.peer, family=family, type=socket.SOCK_DGRAM)[0][4])
            if parsed.shared:
                _forget_others(sock)
        except OSError:
            sock.close()
            raise
    except OSError as error:
        hint = "; another program, or another span, has this port"
        hint = f"{hint} (spans with different peers share one with shared=yes each)"
        hint = hint if error.errno == errno.EADDRINUSE else ""
        raise SpanError(f"span {spec!r}: {step} cannot be used: {error.strerror or error}{hint}") from error
    return sock


def _forget_others(sock: socket.socket) -> None:
    """Drop what came from anywhere between binding and connecting."""
    for _ in range(_MOST_PACKETS):
        try:
            sock.recv(_LARGEST)
        except OSError:
            return
