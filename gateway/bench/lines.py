"""What lines cost that are no network and no card: serial lines on pseudo-terminals, files played and recorded."""

from __future__ import annotations

import os
import select
import tempfile
import time
import tty
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

from tandem.core.errors import SpanError
from tandem.hardware.framing.e1_framer import E1Framer
from tandem.hardware.registry import open_span
from tandem.hardware.serial_line import QUANTUM, SerialPort, SerialSpan
from tandem.hardware.span import FRAME_RATE, TIMESLOTS, Span

#: A signal unit of the length of an ordinary IAM, and the one that is repeated between messages.
_MESSAGE: Final = bytes(range(60))
_FILL: Final = bytes.fromhex("ffff00")
_BLOCKS: Final = (8, 40)
_PLAYED_SECONDS: Final = 2
_names: Final = iter(range(1 << 30))


def run(seconds: float) -> dict[str, Any]:
    """Measure for about `seconds` of CPU in all.

    `serial`: a signalling link on a pseudo-terminal, both ways, by load: `microseconds_per_block` of 5 ms and
    `lines_per_core`; None without pyserial. `file_play`: an E1 out of a file, framing included, `file_record`: an E1
    between two ends in one process, one of them recorded, `virtual`: the same unrecorded; by block, with
    `spans_per_core`.
    """
    share = seconds / (2 + 3 * len(_BLOCKS))
    return {
        "serial": _serial(share),
        "file_play": {_name(frames): _played(frames, share) for frames in _BLOCKS},
        "file_record": {_name(frames): _joined(frames, share, record=True) for frames in _BLOCKS},
        "virtual": {_name(frames): _joined(frames, share, record=False) for frames in _BLOCKS},
    }


def _name(frames: int) -> str:
    return f"{frames * 1000 // FRAME_RATE}_ms"


def _serial(seconds: float) -> dict[str, dict[str, float]] | None:
    """What a line costs its driver; the cable, which copies octets, is left out."""
    masters, spans, ports = [], [], []
    try:
        for _ in range(2):
            master, slave = os.openpty()
            tty.setraw(slave)
            os.set_blocking(master, False)
            masters.append(master)
            try:
                span = _terminal(os.ttyname(slave))
            finally:
                os.close(slave)
            spans.append(span)
            ports.append(span.signalling_port((16,), False))
        return {
            "fill": _serial_load(masters, spans, ports, seconds, messages=False),
            "messages": _serial_load(masters, spans, ports, seconds, messages=True),
        }
    except SpanError:
        return None
    finally:
        for span in spans:
            span.close()
        for master in masters:
            os.close(master)


def _terminal(path: str) -> SerialSpan:
    """Open a pseudo-terminal."""
    span = open_span(f"serial:{path}")
    assert isinstance(span, SerialSpan)
    return span


def _serial_load(
    masters: list[int], spans: list[SerialSpan], ports: list[SerialPort], seconds: float, *, messages: bool
) -> dict[str, float]:
    used, blocks, now = 0.0, 0, 0.0
    while used < seconds or not blocks:
        now += QUANTUM / FRAME_RATE
        for end, (span, port) in enumerate(zip(spans, ports, strict=True)):
            before, start = span.termination.octets_out, time.process_time()
            port.send([_MESSAGE] if messages else [], _FILL)
            span.give(b"", now)
            used += time.process_time() - start
            _carry(masters, end, span.termination.octets_out - before, spans)
        start = time.process_time()
        for span, port in zip(spans, ports, strict=True):
            span.read(now)
            port.receive(now)
        used += time.process_time() - start
        blocks += 1
    each = used / blocks / len(spans)
    return {
        "microseconds_per_block": round(each * 1e6, 2),
        "lines_per_core": round(QUANTUM / FRAME_RATE / each, 1),
    }


def _carry(masters: list[int], end: int, octets: int, spans: list[SerialSpan]) -> None:
    """The cable."""
    while octets > 0 and select.select([masters[end]], [], [], 1)[0]:
        portion = os.read(masters[end], 65536)
        octets -= len(portion)
        os.write(masters[1 - end], portion)
        if (descriptor := spans[1 - end].fileno()) is not None:
            select.select([descriptor], [], [], 1)


def _played(frames: int, seconds: float) -> dict[str, float]:
    framer, speech = E1Framer(), _speech(FRAME_RATE * _PLAYED_SECONDS)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "line.raw"
        path.write_bytes(framer.transmit(speech))
        span = open_span(f"file:play={path},loop=yes")
        return _cost([span], lambda now: span.read(now), frames, seconds)


def _joined(frames: int, seconds: float, *, record: bool) -> dict[str, float]:
    spec = f"virtual:bench-lines-{next(_names)}"
    speech = _speech(frames)
    with tempfile.TemporaryDirectory() as folder:
        recorded = f"file:record={folder}/line.raw,megabytes=1000000,span={spec}" if record else spec
        spans = [open_span(recorded), open_span(spec)]

        def both_ways(now: float) -> None:
            for span in spans:
                span.write(speech, now)
            for span in spans:
                span.read(now)

        return _cost(spans, both_ways, frames, seconds)


def _speech(frames: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.random.default_rng(704).integers(0, 256, (frames, TIMESLOTS), dtype=np.uint8)


def _cost(spans: list[Span], work: Callable[[float], object], frames: int, seconds: float) -> dict[str, float]:
    """CPU of a span for a block; closes them."""
    now, blocks, start = 0.0, 0, time.process_time()
    try:
        while (used := time.process_time() - start) < seconds or not blocks:
            now += frames / FRAME_RATE
            work(now)
            blocks += 1
    finally:
        for span in spans:
            span.close()
    each = used / blocks / len(spans)
    return {
        "microseconds_per_block": round(each * 1e6, 2),
        "spans_per_core": round(frames / FRAME_RATE / each, 1),
    }
