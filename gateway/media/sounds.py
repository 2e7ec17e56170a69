"""Files and tones as linear samples, 8000 a second, one chunk after another.

What most announcements are, WAV of 16 bits at 8 kHz, is read with the standard library alone; soundfile and soxr are
imported when something else is played for the first time.
"""

from __future__ import annotations

import re
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from tandem.codecs.g711 import Law, Samples, decode
from tandem.codecs.tone_plans import Burst, Tone
from tandem.codecs.tones import RATE, tone_octets

CHUNK: Final = 4000
"""Samples read at once: half a second."""
_RAW: Final = {".alaw": Law.A, ".al": Law.A, ".ulaw": Law.MU, ".ul": Law.MU}
_LINEAR: Final = (".raw", ".r8", ".sln")
_BURST: Final = re.compile(r"%\((\d+),(\d+),(\d+(?:,\d+)*)\)")


class SoundError(Exception):
    """What was to be played cannot be; the text is for the operator."""


def samples(what: str) -> Iterator[Samples]:
    """Chunks of `what`: a file, `tone_stream://…` or `silence_stream://MILLISECONDS`; SoundError when it is none."""
    if what.startswith("tone_stream://"):
        return _tones(what.removeprefix("tone_stream://"))
    if what.startswith("silence_stream://"):
        return _silence(what.removeprefix("silence_stream://"))
    return _file(Path(what))


def _file(path: Path) -> Iterator[Samples]:
    try:
        if path.suffix in _RAW:
            yield from _raw(path, _RAW[path.suffix])
        elif path.suffix in _LINEAR:
            yield from _raw(path, None)
        elif (plain := _plain_wave(path)) is not None:
            yield from plain
        else:
            yield from _any(path)
    except OSError as error:
        raise SoundError(f"cannot be read: {error.strerror or error}") from None


def _raw(path: Path, law: Law | None) -> Iterator[Samples]:
    with path.open("rb") as file:
        while octets := file.read(CHUNK * (1 if law else 2)):
            if law is None:
                yield np.frombuffer(octets[: len(octets) // 2 * 2], "<i2").astype(np.int16)
            else:
                yield decode(np.frombuffer(octets, np.uint8), law)


def _plain_wave(path: Path) -> Iterator[Samples] | None:
    """A WAV file of 16 bits, 8 kHz; None when it is anything else."""
    try:
        file = wave.open(str(path), "rb")  # noqa: SIM115
    except (wave.Error, EOFError):
        return None
    if file.getsampwidth() != 2 or file.getframerate() != RATE:
        file.close()
        return None
    return _wave_chunks(file)


def _wave_chunks(file: wave.Wave_read) -> Iterator[Samples]:
    with file:
        while octets := file.readframes(CHUNK):
            frames = np.frombuffer(octets, "<i2").reshape(-1, file.getnchannels())
            yield frames.mean(axis=1).astype(np.int16)


def _any(path: Path) -> Iterator[Samples]:
    """Whatever libsndfile reads, at any rate."""
    path.stat()
    import soundfile

    try:
        file: Any = soundfile.SoundFile(str(path))
    except (soundfile.SoundFileError, RuntimeError, TypeError) as error:
        raise SoundError(f"is no sound file that can be read: {error}") from None
    with file:
        resampler: Any = None
        if file.samplerate != RATE:
            import soxr

            resampler = soxr.ResampleStream(file.samplerate, RATE, 1, dtype="float32")
        while True:
            frames = file.read(CHUNK, dtype="float32", always_2d=True)
            last = len(frames) < CHUNK
            mono = frames.mean(axis=1)
            if resampler is not None:
                mono = resampler.resample_chunk(mono, last=last)
            yield (np.clip(mono, -1.0, 1.0) * 32767).astype(np.int16)
            if last:
                return


def _tones(text: str) -> Iterator[Samples]:
    """`v=-7;%(ON_MS,OFF_MS,HZ,…);…;loops=N`: bursts one after another, N times (-1: without end; 1 if not said)."""
    level, loops, bursts = -13.0, 1, []
    for part in filter(None, (part.strip() for part in text.split(";"))):
        name, equals, value = part.partition("=")
        try:
            if equals and name.lower() in ("v", "loops", "l"):
                level, loops = (float(value), loops) if name == "v" else (level, int(value))
                continue
        except ValueError:
            raise SoundError(f"{part!r} has no number") from None
        found = _BURST.fullmatch(part)
        if found is None:
            raise SoundError(f"{part!r} is not a tone such as %(500,500,440,480)")
        frequencies = tuple(int(frequency) for frequency in found[3].split(","))
        if max(frequencies) > RATE // 2 or int(found[1]) + int(found[2]) > 60_000:
            raise SoundError(f"{part!r}: a tone has at most 4000 Hz and takes at most a minute")
        bursts.append(Burst(frequencies, int(found[1]) / 1000, int(found[2]) / 1000))
    if not bursts:
        raise SoundError(f"{text!r} names no tone such as %(500,500,440)")
    period = decode(tone_octets(Tone(tuple(bursts), level), Law.A), Law.A)
    while loops:
        yield from (period[start : start + CHUNK] for start in range(0, period.size, CHUNK))
        loops -= 1


def _silence(text: str) -> Iterator[Samples]:
    try:
        left = int(text.partition(",")[0]) * RATE // 1000
    except ValueError:
        raise SoundError(f"{text!r} is not a time in milliseconds") from None
    while left > 0:
        yield np.zeros(min(left, CHUNK), np.int16)
        left -= CHUNK
