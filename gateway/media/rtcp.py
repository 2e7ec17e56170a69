"""RTCP of every RTP leg (RFC 3550 6): reports sent and received, on the port above that of RTP or together with it.

Sockets are bound at the start, as those of RTP are; a port that cannot be had is tried again with each call, and costs
that its reports and nothing else. What comes is looked at once a tick; the kernel says when it came, so that the round
trip is known better than that.
"""

from __future__ import annotations

import os
import resource
import select
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from tandem.codecs.rtcp import Report, ReportBlock, SenderInformation, build, ntp_time, parse
from tandem.core.errors import DecodeError

from .latch import Address
from .ports import RtpPorts, discard
from .protocol import MediaStatistics
from .receive import Receivers
from .transmit import Transmitters

INTERVAL: Final = 5.0
"""Seconds between reports of a leg on average, each half as long to half as long again (RFC 3550 6.2, 6.3.1)."""
_LONGEST: Final = 1500
_TIMESTAMPNS: Final = 35
"""SO_TIMESTAMPNS of Linux, which the socket module does not name."""
_TIMESPEC: Final = struct.Struct("@qq")
_OTHERS: Final = 500
"""Descriptors left for others than RTP and RTCP: where there are not so many, RTCP sockets are bound call by call."""
_SLIGHT: Final = 0.05
_LONGEST_TRIP: Final = 10.0
"""Seconds: a round trip is not below nothing by more than what clocks are read apart, and not longer than this."""


@dataclass(slots=True)
class _Leg:
    """What is known of one leg."""

    due: float
    port: int | None = None
    """The peer's RTCP port; None: that above its RTP port."""
    multiplexed: bool = False
    endpoint: socket.socket | None = None
    family: socket.AddressFamily = socket.AF_INET
    """Of `endpoint`."""
    last_report: int = 0
    heard: float = 0.0
    """When the last sender report of the peer came, in seconds since 1970."""
    expected: int = 0
    received: int = 0
    """As of our last report."""
    reported: bool = False
    round_trips: list[float] = field(default_factory=list)
    """Seconds; the latest few."""
    block: ReportBlock | None = None
    """What the peer said last of what we send."""


class Rtcp:
    """RTCP of the legs of `ports`; time is that of the plane, the wall clock that of the system."""

    def __init__(
        self,
        address: str,
        ports: RtpPorts,
        receivers: Receivers,
        transmitters: Transmitters,
        wall_clock: Callable[[], float] = time.time,
        address_v6: str = "",
    ) -> None:
        """`address_v6` goes beside an `address` of IPv4, as in `RtpPorts`."""
        self._address = address
        self._address_v6 = address_v6
        self._ports = ports
        self._receivers = receivers
        self._transmitters = transmitters
        self._wall_clock = wall_clock
        self._cname = f"{os.urandom(12).hex()}@{address}"
        """The same for all legs, and nobody's name (RFC 7022)."""
        self._legs: dict[int, _Leg] = {}
        self._epoll = select.epoll()
        """Has all sockets for good, and tells of one once when something comes; a leg that begins drops what did."""
        self._by_descriptor: dict[int, int] = {}
        self._kept: dict[tuple[int, socket.AddressFamily], socket.socket] = {}
        """Sockets of legs that are not open, by leg and version of IP."""
        room = resource.getrlimit(resource.RLIMIT_NOFILE)[0] - _OTHERS >= 2 * len(ports.ports)
        for leg, port in enumerate(ports.ports if room else ()):
            family = ports.family(leg)
            if port < ports.last and (endpoint := self._bound(leg, family, port + 1)) is not None:
                self._kept[leg, family] = endpoint
        self._due = float("inf")

    def open(self, leg: int, now: float) -> None:
        """Begin with `leg`: its first report goes out half an interval from now, give or take."""
        self.close(leg)
        state = self._legs[leg] = _Leg(now + INTERVAL / 2 * _spread())
        self._due = min(self._due, state.due)
        self._bind(leg, state)

    def _bind(self, leg: int, state: _Leg) -> None:
        """Listen beside the RTP socket of `leg`, of the same version of IP."""
        port = self._ports.ports[leg] + 1
        if port > self._ports.last:
            return
        family = self._ports.family(leg)
        endpoint = self._kept.pop((leg, family), None)
        if endpoint is not None:
            discard(endpoint)
        elif (endpoint := self._bound(leg, family, port)) is None:
            return
        state.endpoint, state.family = endpoint, family

    def _bound(self, leg: int, family: socket.AddressFamily, port: int) -> socket.socket | None:
        """A new socket of `leg`, None where the port cannot be had."""
        other = bool(self._address_v6) and family == socket.AF_INET6
        try:
            endpoint = socket.socket(family, socket.SOCK_DGRAM)
        except OSError:  # no descriptor is left
            return None
        try:
            endpoint.setblocking(False)
            endpoint.setsockopt(socket.SOL_SOCKET, _TIMESTAMPNS, 1)
            endpoint.bind((self._address_v6 if other else self._address, port))
        except OSError:
            endpoint.close()
            return None
        self._by_descriptor[endpoint.fileno()] = leg
        self._epoll.register(endpoint.fileno(), select.EPOLLIN | select.EPOLLET)
        return endpoint

    def update(self, leg: int, port: int | None, multiplexed: bool) -> None:
        """What was agreed: the peer's RTCP port (None: that above its RTP port), or RTCP on the ports of RTP."""
        state = self._legs[leg]
        state.port, state.multiplexed = port, multiplexed
        if state.endpoint is not None and state.family != self._ports.family(leg):
            self._unbind(leg, state)
            self._bind(leg, state)

    def close(self, leg: int) -> None:
        """End `leg`, with a BYE if reports were sent; before its RTP ends."""
        if (state := self._legs.get(leg)) is None:
            return
        if state.reported:
            self._report(leg, state, goodbye=True)
        del self._legs[leg]
        self._unbind(leg, state)

    def _unbind(self, leg: int, state: _Leg) -> None:
        endpoint, state.endpoint = state.endpoint, None
        if endpoint is not None:
            self._kept[leg, state.family] = endpoint

    def close_all(self) -> None:
        """Give every socket back."""
        for state in self._legs.values():
            if state.endpoint is not None:
                state.endpoint.close()
        for endpoint in self._kept.values():
            endpoint.close()
        self._legs.clear()
        self._kept.clear()
        self._epoll.close()

    def tick(self, now: float) -> None:
        """Read what has come, and send the reports that are due."""
        for descriptor, _ in self._epoll.poll(0):
            state = self._legs.get(leg := self._by_descriptor[descriptor])
            if state is not None and state.endpoint is not None:
                self._read(leg, state, state.endpoint)
        for leg, packet, passed in self._receivers.control:
            self._take(leg, packet, self._wall_clock() - max(0.0, now - passed))
        self._receivers.control.clear()
        if now < self._due:
            return
        for leg, state in self._legs.items():
            if now >= state.due:
                state.due = now + INTERVAL * _spread()
                self._report(leg, state)
        self._due = min((state.due for state in self._legs.values()), default=float("inf"))

    def complete(self, leg: int, statistics: MediaStatistics) -> None:
        """Fill in what only RTCP knows."""
        state = self._legs.get(leg)
        if state is None:
            return
        trips = sorted(state.round_trips)
        if trips:
            statistics.round_trip_ms = max(0.1, round(1000 * trips[len(trips) // 2], 1))
        if state.block is not None:
            statistics.remote_lost = max(0, state.block.lost)
            statistics.remote_jitter_ms = round(state.block.jitter / 8, 3)

    def _read(self, leg: int, state: _Leg, endpoint: socket.socket) -> None:
        while True:
            try:
                packet, ancillary, _, source = endpoint.recvmsg(_LONGEST, socket.CMSG_SPACE(_TIMESPEC.size))
            except BlockingIOError:
                return
            except OSError:  # an ICMP error for a report that nobody wanted
                continue
            arrival = self._wall_clock()
            for level, kind, data in ancillary:
                if (level, kind) == (socket.SOL_SOCKET, _TIMESTAMPNS) and len(data) >= _TIMESPEC.size:
                    seconds, nanoseconds = _TIMESPEC.unpack_from(data)
                    arrival = seconds + nanoseconds / 1e9
            destination = self._destination(leg, state)
            if destination is None or source[0] != destination[0]:
                continue
            secure = self._ports.secure.get(leg)
            readable = packet if secure is None else secure.unprotect_rtcp(packet)
            if readable is not None:
                self._take(leg, readable, arrival)

    def _take(self, leg: int, packet: bytes, arrival: float) -> None:
        """Act on the reports of the peer."""
        state = self._legs.get(leg)
        try:
            reports = parse(packet)
        except DecodeError:
            return
        for report in reports if state is not None else ():
            assert state is not None
            if report.sender is not None:
                state.last_report, state.heard = report.sender.middle, arrival
            for block in report.blocks:
                if block.ssrc == self._transmitters.ssrc(leg):
                    state.block = block
                    if block.last_report:
                        middle = ntp_time(arrival) >> 16 & 0xFFFFFFFF
                        turns = (middle - block.last_report - block.delay + 0x80000000 & 0xFFFFFFFF) - 0x80000000
                        # Far from 0 either way: a clock that was set, or a peer that reckons wrong.
                        if -_SLIGHT < turns / 65536 < _LONGEST_TRIP:
                            state.round_trips = [*state.round_trips[-14:], max(turns, 1) / 65536]

    def _report(self, leg: int, state: _Leg, goodbye: bool = False) -> None:
        destination = self._destination(leg, state)
        if destination is None:
            return
        wall = self._wall_clock()
        ssrc, timestamp, packets, octets = self._transmitters.sender(leg)
        sender = SenderInformation(ntp_time(wall), timestamp, packets, octets) if packets else None
        blocks: tuple[ReportBlock, ...] = ()
        source = self._receivers.source(leg)
        if source is not None:
            expected = source.expected - state.expected
            lost = expected - (source.received - state.received)
            fraction = min(255, (lost << 8) // expected) if expected > 0 and lost > 0 else 0
            state.expected, state.received = source.expected, source.received
            delay = round((wall - state.heard) * 65536) if state.last_report else 0
            blocks = (
                ReportBlock(
                    source.ssrc,
                    fraction,
                    source.expected - source.received,
                    source.highest,
                    source.jitter,
                    state.last_report,
                    max(0, delay),
                ),
            )
        packet = build(Report(ssrc, sender, blocks), self._cname, goodbye)
        state.reported = True
        secure = self._ports.secure.get(leg)
        if secure is not None:
            packet = secure.protect_rtcp(packet)
        if not packet:
            return
        if state.multiplexed:
            self._ports.send_single(leg, packet)
        elif state.endpoint is not None:
            try:
                state.endpoint.sendto(packet, destination)
            except OSError:
                self._ports.send_errors += 1

    def _destination(self, leg: int, state: _Leg) -> Address | None:
        address = self._ports.latches[leg].destination
        if address is None:
            return None
        host, port = address
        return host, port if state.multiplexed else state.port or port + 1


def _spread() -> float:
    """0.5 to 1.5, so that reports of many legs do not go out together."""
    return 0.5 + int.from_bytes(os.urandom(2), "big") / 65536
