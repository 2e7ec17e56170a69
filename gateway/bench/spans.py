"""How many E1s and T1s a core frames and deframes, alone and through SAToP sockets, and how fast HDLC is."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Any, Final

import numpy as np

from tandem.gateway.bench import cards, lines
from tandem.hardware.framing.e1_deframer import E1Deframer
from tandem.hardware.framing.e1_framer import E1Framer
from tandem.hardware.framing.hdlc import HdlcReceiver, HdlcTransmitter
from tandem.hardware.framing.t1_deframer import T1Deframer
from tandem.hardware.framing.t1_framer import T1Framer
from tandem.hardware.registry import open_span
from tandem.hardware.span import FRAME_RATE, TIMESLOTS, Frames, Framing, LineFormat

#: Frames of the blocks measured: 1, 5 and 20 ms.
BLOCKS: Final = (8, 40, 160)
#: Frames of the packets measured; longer ones do not pass an Ethernet.
PACKETS: Final = (8, 40)
#: A signal unit of the length of an ordinary IAM, and the unit that fills the rest of a link's time.
MESSAGE: Final = bytes(range(60))
FISU: Final = bytes.fromhex("ffff00")
#: A signalling link, and a hyperchannel of 30 timeslots, for 1 ms: octets of a block.
HDLC_BLOCKS: Final = (8, 240)
_PREPARED: Final = 400
#: Frames after which every deframer is aligned.
_ALIGNING: Final = 480


def run(seconds: float) -> dict[str, Any]:
    """Measure for about `seconds` in all; CPU time of this process counts, not the clock.

    `framing`: framer and deframer of an E1 with CRC-4, by block. `satop`: `write` and `read` of spans over UDP on
    loopback, system calls included; `cesopsn`: the same of all timeslots without framing.
    `deframing_shifted` and `deframing_ais`: the deframer alone, for a line whose
    frames begin within an octet, and for one that has no frames. `t1_esf`, `t1_sf` and `t1_satop` (ESF): the same of
    a T1. Each has `microseconds_per_block` and `spans_per_core`. `hdlc`: octets a second of the transmitter and
    receiver, by load and block. `cards`: see `cards.run`; `lines`: see `lines.run`.
    """
    share = seconds / (3 * len(BLOCKS) + 3 * len(PACKETS) + 2 + 4 * len(HDLC_BLOCKS) + 8)
    return {
        "framing": {_name(frames): _framing(E1Framer(), E1Deframer(), frames, share) for frames in BLOCKS},
        "satop": {_name(frames): _satop(LineFormat(), f"frames={frames}", frames, share) for frames in PACKETS},
        "cesopsn": {
            _name(frames): _satop(LineFormat(), f"frames={frames}", frames, share, "cesopsn") for frames in PACKETS
        },
        "deframing_shifted": {_name(8): _deframing(_shifted(_line(8)), 8, share)},
        "deframing_ais": {_name(8): _deframing(cycle([b"\xff" * 8 * TIMESLOTS]), 8, share)},
        "t1_esf": _t1_framing(LineFormat(Framing.ESF), share),
        "t1_sf": _t1_framing(LineFormat(Framing.SF), share),
        "t1_satop": {
            _name(frames): _satop(LineFormat(Framing.ESF), f"octets={24 * frames}", frames, share) for frames in PACKETS
        },
        "hdlc": {
            f"{load}_{octets}_octets": _hdlc(octets, messages, share)
            for octets in HDLC_BLOCKS
            for load, messages in (("messages", True), ("fill", False))
        },
        "cards": cards.run(4 * share),
        "lines": lines.run(4 * share),
    }


def _name(frames: int) -> str:
    return f"{frames * 1000 // FRAME_RATE}_ms"


def _speech(frames: int) -> Frames:
    return np.random.default_rng(704).integers(0, 256, (frames, TIMESLOTS), dtype=np.uint8)


def _line(frames: int) -> list[bytes]:
    """Blocks of a line, a whole number of multiframes, so that it may be repeated."""
    framer, speech = E1Framer(), _speech(frames)
    framer.multiframe_aligned = True
    blocks = [framer.transmit(speech) for _ in range(_PREPARED + 2)]
    return blocks[2:]


def _shifted(blocks: list[bytes]) -> Iterator[bytes]:
    """The same line three bits late, over and over."""
    line = b"".join(blocks)
    bits = int.from_bytes(line[-1:] + line, "big") >> 3
    late = bits.to_bytes(len(line) + 1, "big")[1:]
    size = len(blocks[0])
    return cycle([late[start : start + size] for start in range(0, len(late), size)])


def _t1_framing(line: LineFormat, seconds: float) -> dict[str, dict[str, float]]:
    return {_name(frames): _framing(T1Framer(line.framing), T1Deframer(line), frames, seconds) for frames in BLOCKS}


def _framing(
    framer: E1Framer | T1Framer, deframer: E1Deframer | T1Deframer, frames: int, seconds: float
) -> dict[str, float]:
    speech = _speech(frames)
    for _ in range(_ALIGNING // frames):
        deframer.receive(framer.transmit(speech))
    return _spans(_cpu(lambda: deframer.receive(framer.transmit(speech)), seconds), frames)


def _deframing(line: Iterator[bytes], frames: int, seconds: float) -> dict[str, float]:
    deframer = E1Deframer()
    for _ in range(2 * _PREPARED):
        deframer.receive(next(line))
    return _spans(_cpu(lambda: deframer.receive(next(line)), seconds), frames)


def _satop(line: LineFormat, size: str, frames: int, seconds: float, kind: str = "satop") -> dict[str, float]:
    ports = _free_ports()
    one, other = (
        open_span(f"{kind}:listen=127.0.0.1:{listen},peer=127.0.0.1:{peer},{size}", line)
        for listen, peer in (ports, ports[::-1])
    )
    speech, now = _speech(frames), 0.0

    def both_ways() -> None:
        nonlocal now
        now += frames / FRAME_RATE
        one.write(speech, now)
        other.write(speech, now)
        one.read(now)
        other.read(now)

    try:
        return _spans(_cpu(both_ways, seconds) / 2, frames)
    finally:
        one.close()
        other.close()


def _hdlc(octets: int, messages: bool, seconds: float) -> dict[str, int]:
    transmitter, receiver = HdlcTransmitter(FISU), HdlcReceiver(filter_repeats=True)

    def transmit() -> bytes:
        if messages and transmitter.queued * len(MESSAGE) < octets:
            transmitter.send([MESSAGE] * (octets // len(MESSAGE) + 1))
        return transmitter.block(octets)

    blocks = cycle([transmit() for _ in range(_PREPARED)])
    return {
        "transmitted_octets_per_second": round(octets / _cpu(transmit, seconds)),
        "received_octets_per_second": round(octets / _cpu(lambda: receiver.receive(next(blocks)), seconds)),
    }


def _spans(cpu_seconds: float, frames: int) -> dict[str, float]:
    return {
        "microseconds_per_block": round(cpu_seconds * 1e6, 2),
        "spans_per_core": round(frames / FRAME_RATE / cpu_seconds, 1),
    }


def _cpu(work: Callable[[], object], seconds: float) -> float:
    """CPU seconds of one call of `work`, from calls for at least `seconds`."""
    for _ in range(10):
        work()
    calls, start = 0, time.process_time()
    while (used := time.process_time() - start) < seconds or not calls:
        for _ in range(20):
            work()
        calls += 20
    return used / calls


def _free_ports() -> tuple[int, int]:
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return sockets[0].getsockname()[1], sockets[1].getsockname()[1]
    finally:
        for each in sockets:
            each.close()
