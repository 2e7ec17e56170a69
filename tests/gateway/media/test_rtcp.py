from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from support.media_plane import Planes, Side, leg, two_planes

from tandem.codecs.rtcp import NTP_EPOCH, Report, ReportBlock, SenderInformation, build, parse
from tandem.codecs.rtp import pack_header
from tandem.gateway.media import rtcp
from tandem.gateway.media.protocol import CloseRtp, MediaStatistics, OpenRtp, RtpClosed, SrtpKeys, Tone, UpdateRtp

Bench = tuple[Planes, Side, Side]
SUITE = "AES_CM_128_HMAC_SHA1_80"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setattr(rtcp, "INTERVAL", 0.4)
    with two_planes() as bench:
        yield bench


def talk(
    bench: Bench, seconds: float, mux: bool = False, secure: bool = False, host: str = "127.0.0.1"
) -> list[MediaStatistics]:
    """Leg 1 of each plane talks to that of the other; the statistics of both."""
    planes, *sides = bench
    ports = [side.ports[0] for side in sides]
    keys = [SrtpKeys(SUITE, b"a" * 30, b"b" * 30), SrtpKeys(SUITE, b"b" * 30, b"a" * 30)]
    for place, side in enumerate(sides):
        remote = (host, ports[1 - place])
        side.command(
            OpenRtp(1, ports[place], "A", 8, secure=secure),
            UpdateRtp(1, "A", 8, remote, keys=keys[place] if secure else None, rtcp_mux=mux),
            Tone(leg(1), "dial"),
        )
    planes.run(seconds)
    for side in sides:
        side.command(CloseRtp(1))
    planes.run(0.04)
    return [event.statistics for side in sides for event in side.told(RtpClosed) if isinstance(event, RtpClosed)]


@pytest.mark.parametrize("secure", [False, True], ids=["RTP", "SRTP"])
@pytest.mark.parametrize("mux", [False, True], ids=["own port", "multiplexed"])
def test_two_planes_report_to_each_other(bench: Bench, mux: bool, secure: bool) -> None:
    for statistics in talk(bench, 2.0, mux, secure):
        assert 0 < statistics.round_trip_ms < 500
        assert statistics.remote_lost == 0
        assert statistics.mos > 4.3


def test_reports_go_by_the_version_of_ip_of_their_leg(monkeypatch: pytest.MonkeyPatch) -> None:
    """The legs are opened for IPv4, and turn out to be for IPv6."""
    monkeypatch.setattr(rtcp, "INTERVAL", 0.2)
    with two_planes(address_v6="::1") as bench:
        for statistics in talk(bench, 1.0, host="::1"):
            assert 0 < statistics.round_trip_ms < 500
            assert statistics.packets_received > 40


def test_a_port_that_is_taken_costs_the_reports_only(bench: Bench) -> None:
    """At the start, and then of each call while it is; the first one after that has reports."""
    _, *sides = bench
    taken = []
    for side in sides:
        assert side.plane._rtcp is not None
        side.plane._rtcp._kept.pop((0, socket.AF_INET)).close()
        taken.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        taken[-1].bind(("127.0.0.1", side.ports[0] + 1))
    found = talk(bench, 1.0)
    assert [statistics.round_trip_ms for statistics in found] == [0.0, 0.0]
    assert all(statistics.packets_received > 40 for statistics in found)
    for other in taken:
        other.close()
    assert all(statistics.round_trip_ms > 0 for statistics in talk(bench, 1.0)[-1:])


class Peer:
    """A phone whose RTCP we write and read ourselves."""

    def __init__(self, bench: Bench) -> None:
        self.planes, self.side, _ = bench
        self.rtp = self.side.phone(1)
        self.control = self.side.phone(2)  # its socket only: leg 2 has no part in this
        self.side.command(CloseRtp(2))
        host, port = self.control.socket.getsockname()
        self.side.command(UpdateRtp(1, "A", 8, self.rtp.address, rtcp_port=port))
        self.to = (host, self.side.ports[0] + 1)
        self.clock = 1_000_000.0
        assert self.side.plane._rtcp is not None
        self.side.plane._rtcp._wall_clock = lambda: self.clock

    def reports(self) -> list[Report]:
        self.control.listen()
        self.last = self.control.packets[-1:]
        found = [report for packet in self.control.packets for report in parse(packet)]
        self.control.packets.clear()
        return found


def test_a_socket_is_kept_for_the_next_call_and_what_came_meanwhile_is_forgotten(bench: Bench) -> None:
    peer = Peer(bench)
    rtcp_of_side = peer.side.plane._rtcp
    assert rtcp_of_side is not None
    kept = rtcp_of_side._legs[0].endpoint
    peer.side.command(CloseRtp(1))
    peer.planes.run(0.02)
    stale = build(Report(0xABCD, SenderInformation(1 << 32, 0, 1, 160), ()), "x")
    for _ in range(3):
        peer.control.socket.sendto(stale, peer.to)
    host, port = peer.control.socket.getsockname()
    peer.side.command(
        OpenRtp(7, peer.side.ports[0], "A", 8, peer.rtp.address),
        UpdateRtp(7, "A", 8, peer.rtp.address, rtcp_port=port),
    )
    peer.planes.run(0.1)
    state = rtcp_of_side._legs[0]
    assert state.endpoint is kept
    assert state.last_report == 0
    peer.control.socket.sendto(stale, peer.to)
    peer.planes.run(0.05)
    assert state.last_report != 0
    assert host == peer.to[0]


def test_what_we_report(bench: Bench) -> None:
    peer = Peer(bench)
    peer.rtp._sequence = 65530
    peer.rtp.line_open = True
    peer.planes.run(0.4)
    peer.rtp._sequence += 5  # as good as lost
    peer.planes.run(0.6)
    sent = SenderInformation((1_000_000 + NTP_EPOCH) << 32, 0, 50, 8000)
    peer.control.socket.sendto(build(Report(0xABCD, sent, ()), "x"), peer.to)
    peer.planes.run(0.05)
    state = peer.side.plane._rtcp._legs[0]  # type: ignore[union-attr]
    state.heard = peer.clock - 2.0
    peer.reports()
    peer.planes.run(0.8)
    last = peer.reports()[-1]
    (block,) = last.blocks
    assert block.ssrc == 0xABCD
    assert block.lost == 5
    assert block.highest == 65530 + 5 + len(range(block.highest - 65535))
    assert block.highest > 65536
    assert (block.last_report, block.delay) == (sent.middle, 2 * 65536)
    assert last.sender is not None
    assert last.sender.octets == 160 * last.sender.packets > 0
    assert last.sender.ntp == sent.ntp
    peer.side.command(CloseRtp(1))
    peer.planes.run(0.02)
    assert peer.reports()
    assert peer.last[0][-8:-4] == b"\x81\xcb\x00\x01"


def test_what_the_peer_reports(bench: Bench) -> None:
    peer = Peer(bench)
    peer.rtp.line_open = True
    peer.planes.run(0.3)
    ssrc = peer.side.plane.transmitters.ssrc(0)
    middle = ((1_000_000 + NTP_EPOCH) << 16) & 0xFFFFFFFF
    for wrong in (
        build(Report(1, None, (ReportBlock(ssrc ^ 1, 0, 99, 0, 0),)), "x"),
        b"no RTCP",
        pack_header(8, 1, 2, 3),
    ):
        peer.control.socket.sendto(wrong, peer.to)
    block = ReportBlock(ssrc, 0, 7, 100, 80, middle - 65536, 65536 - 6554)
    peer.control.socket.sendto(build(Report(1, None, (block,)), "x"), peer.to)
    peer.planes.run(0.05)
    state = peer.side.plane._rtcp._legs[0]  # type: ignore[union-attr]
    # The kernel stamps what comes by the real clock, which is far from ours here; the answer is as of ours.
    assert state.block == block
    peer.side.plane._rtcp._take(0, build(Report(1, None, (block,)), "x"), peer.clock)  # type: ignore[union-attr]
    peer.side.command(CloseRtp(1))
    peer.planes.run(0.02)
    closed = peer.side.told(RtpClosed)[-1]
    assert isinstance(closed, RtpClosed)
    statistics = closed.statistics
    assert (statistics.remote_lost, statistics.remote_jitter_ms) == (7, 10.0)
    assert statistics.round_trip_ms == pytest.approx(100, abs=0.1)


@pytest.mark.parametrize(("limit", "bound"), [(4096, True), (501, False)])
def test_rtcp_leaves_descriptors_to_others(monkeypatch: pytest.MonkeyPatch, limit: int, bound: bool) -> None:
    monkeypatch.setattr(rtcp.resource, "getrlimit", lambda _: (limit, limit))
    monkeypatch.setattr(rtcp, "INTERVAL", 0.4)
    with two_planes() as bench:
        assert [bool(side.plane._rtcp and side.plane._rtcp._kept) for side in bench[1:]] == [bound] * 2
        assert all(statistics.round_trip_ms > 0 for statistics in talk(bench, 1.0))
