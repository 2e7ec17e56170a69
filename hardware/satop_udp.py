"""A span as a SAToP pseudowire over UDP (RFC 4553, on a port of its own at each end)."""

from __future__ import annotations

import errno
import socket
from dataclasses import asdict, dataclass
from typing import Final

from tandem.core.errors import SpanError
from tandem.hardware.alarms import Alarm
from tandem.hardware.framing.t1_format import GROUP
from tandem.hardware.line import terminate
from tandem.hardware.octet_aligned import SUBFRAME, Unpadder, pad
from tandem.hardware.registry import parse_address, parse_count, parse_options
from tandem.hardware.satop import DEFAULT_PAYLOAD, DEFAULT_REORDER, DEFAULT_T1_PAYLOAD, SatopReceiver, SatopTransmitter
from tandem.hardware.span import TIMESLOTS, Frames, LineFormat

MOST_FRAMES: Final = 40
"""Frames a packet at most: 1280 octets pass any Ethernet, tunnels included."""
MOST_OCTETS: Final = 1280
"""Octets of a T1 a packet at most, for the same reason; and at least."""
LEAST_OCTETS: Final = 24
MOST_BURST: Final = 40
"""Frames sent at once at most, 5 ms: half of what the elastic store of a Tandem at the far end makes up for."""
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
    aligned: bool
    """Octet-aligned T1."""
    jitter: int
    burst: int

    @classmethod
    def parse(cls, spec: str, body: str, line: LineFormat) -> SatopSpec:
        """Read `listen=HOST:PORT,peer=HOST:PORT` and options: see `registry.open_span`."""
        t1 = line.framing.is_t1
        own = {"octets", "frames", "aligned"} if t1 else {"frames"}
        options = parse_options(spec, body, {"listen", "peer"}, {"jitter", "burst"} | own)
        frames = parse_count(spec, "frames", options.get("frames", str(DEFAULT_PAYLOAD // TIMESLOTS)), 1, MOST_FRAMES)
        aligned = t1 and _is_aligned(spec, options)
        if aligned:
            payload = frames * SUBFRAME
        elif t1:
            octets = options.get("octets", str(DEFAULT_T1_PAYLOAD))
            payload = parse_count(spec, "octets", octets, LEAST_OCTETS, MOST_OCTETS)
        else:
            payload = frames * TIMESLOTS
        quantum = GROUP if t1 else frames
        return cls(
            parse_address(spec, "listen", options["listen"]),
            parse_address(spec, "peer", options["peer"]),
            payload,
            quantum,
            aligned,
            parse_count(spec, "jitter", options.get("jitter", str(DEFAULT_REORDER)), 1, 32),
            parse_count(spec, "burst", options.get("burst", "1"), 1, max(1, MOST_BURST // quantum)),
        )


def _is_aligned(spec: str, options: dict[str, str]) -> bool:
    """Whether octet-aligned T1 is asked for; SpanError when the size of packets is given in the wrong unit."""
    text = options.get("aligned", "no")
    if text not in ("yes", "no"):
        raise SpanError(f"span {spec!r}: aligned={text} should be yes or no")
    aligned = text == "yes"
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
    return SatopUdpSpan(spec, _open_socket(spec, parsed), parsed, line)


class SatopUdpSpan:
    """An E1 or T1 over UDP. A peer that is not there is LOS."""

    def __init__(self, spec: str, sock: socket.socket, parsed: SatopSpec, line: LineFormat) -> None:
        self.spec = spec
        self.quantum = parsed.quantum
        self.burst = parsed.burst
        self._socket = sock
        self.termination = terminate(line)
        self._transmitter = SatopTransmitter(parsed.payload)
        self._receiver = SatopReceiver(parsed.payload, reorder=parsed.jitter)
        self._payload = parsed.payload
        self._unpadder = Unpadder() if parsed.aligned else None
        self._unsent = b""  # of a T1, less than a packet
        self._send_errors = 0
        self._packets_out = 0

    def fileno(self) -> int | None:
        """The socket, readable when packets have come."""
        return self._socket.fileno()

    def take(self, now: float) -> bytes:
        """See Span."""
        receive, place = self._socket.recv, self._receiver.receive
        octets = []
        for _ in range(_MOST_PACKETS):
            try:
                octets.append(place(receive(_LARGEST), now))
            except BlockingIOError:
                break
            except ConnectionError:  # the peer's host says that nobody is there: the same as silence
                continue
        if not octets:
            self._receiver.handle_silence(now)
        line = octets[0] if len(octets) == 1 else b"".join(octets)
        return self._unpadder.take(line) if self._unpadder else line

    def give(self, octets: bytes, now: float) -> None:
        """See Span; what the network does not take is lost, as on a line, and counted."""
        del now
        self._transmitter.remote_loss = self._receiver.loss
        if self._unpadder:
            octets = pad(octets)
        if self._unsent or len(octets) % self._payload:
            octets = self._unsent + octets
            whole = len(octets) // self._payload * self._payload
            octets, self._unsent = octets[:whole], octets[whole:]
        for packet in self._transmitter.packets(octets):
            self._send(packet)

    def read(self, now: float) -> Frames:
        """See Span."""
        return self.termination.receive(self.take(now), now)

    def write(self, frames: Frames, now: float) -> None:
        """See Span."""
        if len(frames) % self.quantum:
            raise SpanError(f"span {self.spec!r}: {len(frames)} frames are no multiple of {self.quantum}")
        self.give(self.termination.transmit(frames), now)

    def alarms(self) -> frozenset[Alarm]:
        """See Span."""
        return self.termination.alarms

    def counters(self) -> dict[str, int]:
        """See Span."""
        own = {"packets_out": self._packets_out, "send_errors": self._send_errors}
        return self.termination.counters() | asdict(self._receiver.counts) | own

    def close(self) -> None:
        """See Span."""
        self._socket.close()

    def _send(self, packet: bytes) -> None:
        for _ in range(2):  # "connection refused" answers an earlier packet, in place of sending this one
            try:
                self._socket.send(packet)
            except ConnectionError:
                continue
            except OSError:
                break
            self._packets_out += 1
            return
        self._send_errors += 1


def _open_socket(spec: str, parsed: SatopSpec) -> socket.socket:
    """A non-blocking UDP socket between the two addresses: packets from elsewhere never reach us."""
    step = f"listen={parsed.listen[0]}:{parsed.listen[1]}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(*parsed.listen, type=socket.SOCK_DGRAM)[0]
        sock = socket.socket(family, kind, protocol)
        try:
            sock.setblocking(False)
            sock.bind(address)
            step = f"peer={parsed.peer[0]}:{parsed.peer[1]}"
            sock.connect(socket.getaddrinfo(*parsed.peer, family=family, type=socket.SOCK_DGRAM)[0][4])
        except OSError:
            sock.close()
            raise
    except OSError as error:
        hint = "; another program, or another span, has this port" if error.errno == errno.EADDRINUSE else ""
        raise SpanError(f"span {spec!r}: {step} cannot be used: {error.strerror or error}{hint}") from error
    return sock
