"""`tandem bench media`: the media process under the speech of many calls, loaded from another process."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from tandem.core.errors import TandemError
from tandem.gateway.bench.media_load import Load
from tandem.gateway.media.process import MediaProcess
from tandem.gateway.media.protocol import (
    Channel,
    CloseRtp,
    Command,
    Detect,
    Endpoint,
    Event,
    Failed,
    MediaConfiguration,
    MediaReport,
    OpenRtp,
    Ready,
    RtpClosed,
    RtpEndpoint,
    SendUnits,
    Source,
    SpanConfiguration,
    TimeslotEndpoint,
    UpdateRtp,
)

CIRCUITS: Final = [timeslot for timeslot in range(1, 32) if timeslot != 16]
"""Bearer timeslots of a span whose timeslot 16 carries signalling."""
BEARER_FRAMES: Final = 40
"""Frames in a SAToP packet of a span without signalling; a span with signalling has 8, so that it need not wait."""
BURST: Final = 5
"""Packets that a span with signalling sends together while no signal units are exchanged."""
FUNCTIONS: Final = ("dtmf", "gain", "loss", "ptime", "rtcp", "suppression")
"""What can be measured on top: DTMF looked for on every endpoint, speech made louder, 1 % of the packets of the peers
lost, packets of 40 ms sent, RTCP, and a voice activity detector on what is sent (which is loud noise, all of it)."""
LOSS: Final = 0.01
_SETTLE: Final = 1.0
_DRAIN: Final = 0.3
_PATIENCE: Final = 20.0
_FIRST_PORTS: Final = (16384, 20384, 24384, 28384)
_FISU: Final = b"\x7f\xff\x00"
_CODES: Final = {"A": 8, "u": 0}
_PACKET: Final = bytes(172)
_ROUNDS: Final = 50


@dataclass(frozen=True)
class _Leg:
    law: str
    other: Endpoint


def run(calls: int, seconds: float, mode: str, functions: Collection[str] = ()) -> dict[str, Any]:
    """Measure `calls` two-way calls for `seconds` and return the figures; `functions` are some of FUNCTIONS.

    Mode `timeslot`: a call is one mu-law RTP leg and one timeslot of an A-law E1, both transcoded; 30 calls to a
    span; the spans are SAToP looped on themselves, so that framing and deframing are both in the figure, and one
    signalling channel sends FISUs. Mode `rtp`: a call is a mu-law and an A-law RTP leg. `core_percent` is the CPU
    time of the media process over wall time; the peers live in the calling process. The figures begin one second
    after the calls. `rtp_system_calls_percent` is what the bare system calls for the same RTP take on this machine
    at this moment, the part of `core_percent` that no software of ours can save.
    """
    legs, spans = _plan(calls, mode)
    load = Load([_CODES[leg.law] for leg in legs], LOSS if "loss" in functions else 0.0)
    try:
        process, ports = _start(len(legs), spans, "rtcp" in functions)
        try:
            with load.punctual():
                figures = _measure(process, load, legs, ports, calls, seconds, functions)
                return figures | {"mode": mode, "spans": spans, "functions": " ".join(sorted(functions)) or "none"}
        finally:
            process.close()
    finally:
        load.close()


def _plan(calls: int, mode: str) -> tuple[list[_Leg], int]:
    """The RTP legs, leg i having number i, and how many spans there are."""
    if mode == "rtp":
        return [_Leg("uA"[leg % 2], RtpEndpoint(leg ^ 1)) for leg in range(2 * calls)], 0
    if mode != "timeslot":
        raise TandemError(f"unknown mode {mode!r}; right would be 'timeslot' or 'rtp'")
    size = len(CIRCUITS)
    circuits = [TimeslotEndpoint(f"E{call // size}", CIRCUITS[call % size]) for call in range(calls)]
    return [_Leg("u", circuit) for circuit in circuits], -(-calls // size)


def _start(legs: int, spans: int, rtcp: bool) -> tuple[MediaProcess, list[int]]:
    """A media process with enough ports, and the ports."""
    reason = ""
    for first in _FIRST_PORTS:
        configuration = MediaConfiguration(
            spans=[
                SpanConfiguration(f"E{span}", f"satop:listen=127.0.0.1:{port},peer=127.0.0.1:{port},{packets}")
                for span, port in enumerate(_free_ports(spans))
                for packets in [f"frames={BEARER_FRAMES}" if span else f"frames=8,burst={BURST}"]
            ],
            channels=[Channel(1, "E0", (16,))] if spans else [],
            rtp_ports=(first, first + 2 * legs - 1),
            rtcp=rtcp,
        )
        process = MediaProcess.start(configuration)
        for event in _hear(process, 1, Ready, Failed):
            if isinstance(event, Ready):
                return process, event.ports
            if isinstance(event, Failed):
                reason = event.reason
        process.close()
    raise TandemError(f"the media process does not start: {reason or 'it ended without a word'}")


def _measure(
    process: MediaProcess,
    load: Load,
    legs: list[_Leg],
    ports: list[int],
    calls: int,
    seconds: float,
    functions: Collection[str],
) -> dict[str, Any]:
    load.aim(ports)
    process.send(_connect(legs, ports, load.address, functions))
    load.run(time.monotonic() + _DRAIN, speak=False)  # until every leg listens
    load.run(time.monotonic() + _SETTLE)
    process.receive()
    load.worst_late = 0.0
    cpu, begun = time.thread_time(), time.monotonic()
    # The first report after the settling opens the window, the first one `seconds` later closes it.
    reports: list[MediaReport] = []
    ticks = max(1.0, seconds) / 0.02
    deadline = time.monotonic() + 2 * seconds + _PATIENCE
    while not reports or reports[-1].ticks - reports[0].ticks < ticks - 0.5:
        load.run(time.monotonic() + 0.05)
        reports += [event for event in process.receive() if isinstance(event, MediaReport)]
        if process.closed or time.monotonic() > deadline:
            raise TandemError("the media process ended, or stopped reporting, under load")
    load.run(time.monotonic() + _DRAIN, speak=False)
    process.send([CloseRtp(leg) for leg in range(len(legs))])
    closed = [event.statistics for event in _hear(process, len(legs), RtpClosed) if isinstance(event, RtpClosed)]
    load.run(time.monotonic() + _DRAIN, speak=False)
    wall = (reports[-1].ticks - reports[0].ticks) * 0.02
    percent = 100 * (reports[-1].cpu_seconds - reports[0].cpu_seconds) / wall
    lost_in = load.sent - sum(statistics.packets_received for statistics in closed)
    lost_out = sum(statistics.packets_sent for statistics in closed) - load.received
    sent, received = _system_call_seconds(len(legs))
    return {
        "calls": calls,
        "seconds": round(wall, 2),
        "core_percent": round(percent, 2),
        "core_percent_per_call": round(percent / calls, 4),
        "rtp_system_calls_percent": round(100 * len(legs) * (sent + received) / 0.02, 2),
        "worst_tick_late_ms": round(max(report.worst_late_ms for report in reports[1:]), 3),
        "lost_packets": lost_in + lost_out,
        "late_packets": sum(statistics.packets_late for statistics in closed),
        "packets": load.sent + load.received,
        "span_slips": _total(reports[-1], "slips") - _total(reports[0], "slips"),
        "span_underruns": _total(reports[-1], "speech_underruns") - _total(reports[0], "speech_underruns"),
        "generator_core_percent": round(100 * (time.thread_time() - cpu) / (time.monotonic() - begun), 2),
        "generator_late_ms": round(1000 * load.worst_late, 3),
    }


def _system_call_seconds(legs: int) -> tuple[float, float]:
    """CPU seconds that this machine takes to send one RTP packet on a connected socket, and to receive one.

    The bare system calls in a loop over as many sockets, warm and with nothing in between: what no arrangement of
    the media process with a socket for each leg can be cheaper than.
    """
    sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sink.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    sink.bind(("127.0.0.1", 0))
    sink.setblocking(False)
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(legs)]
    buffer = memoryview(bytearray(2048))
    sending = receiving = 0.0
    try:
        for endpoint in sockets:
            endpoint.bind(("127.0.0.1", 0))
            endpoint.connect(sink.getsockname())
        for _ in range(_ROUNDS):
            begun = time.thread_time()
            for endpoint in sockets:
                endpoint.send(_PACKET)
            sent = time.thread_time()
            for _ in sockets:
                sink.recv_into(buffer)
            sending += sent - begun
            receiving += time.thread_time() - sent
    except BlockingIOError:
        raise TandemError("the system drops packets on loopback: its socket buffers are too small") from None
    finally:
        for endpoint in [sink, *sockets]:
            endpoint.close()
    return sending / (_ROUNDS * legs), receiving / (_ROUNDS * legs)


def _total(report: MediaReport, counter: str) -> int:
    """The sum of a counter over all spans."""
    return sum(counters[counter] for counters in report.spans.values())


def _connect(legs: list[_Leg], ports: list[int], remote: tuple[str, int], functions: Collection[str]) -> list[Command]:
    commands: list[Command] = [SendUnits(1, [], _FISU)]
    packet_time = 40 if "ptime" in functions else 20
    for number, (leg, port) in enumerate(zip(legs, ports, strict=False)):
        code = _CODES[leg.law]
        commands.append(OpenRtp(number, port, leg.law, code, remote))
        commands.append(
            UpdateRtp(number, leg.law, code, remote, packet_time=packet_time, comfort_noise="suppression" in functions)
        )
    gain = 3.0 if "gain" in functions else 0.0
    for number, leg in enumerate(legs):
        here = RtpEndpoint(number)
        commands += [Source(here, leg.other, gain=gain), Source(leg.other, here, gain=gain)]
        if "dtmf" in functions:
            commands.append(Detect(here))
            if isinstance(leg.other, TimeslotEndpoint):
                commands.append(Detect(leg.other))
    return commands


def _hear(process: MediaProcess, count: int, *kinds: type[Event]) -> list[Event]:
    """`count` events of `kinds`, or as many as come before the process ends or patience does."""
    events: list[Event] = []
    deadline = time.monotonic() + _PATIENCE
    while len(events) < count and not process.closed and time.monotonic() < deadline:
        select.select([process.socket], [], [], 0.1)
        events += [event for event in process.receive() if isinstance(event, kinds)]
    return events


def _free_ports(count: int) -> list[int]:
    """UDP ports that nobody has at the moment."""
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(count)]
    for endpoint in sockets:
        endpoint.bind(("127.0.0.1", 0))
    ports = [int(endpoint.getsockname()[1]) for endpoint in sockets]
    for endpoint in sockets:
        endpoint.close()
    return ports
