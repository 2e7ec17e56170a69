#!/usr/bin/env python3
"""Give the trace analyser mutated captures: compiled, in numpy and message by message it must find the same.

    python tests/fuzz/fuzz_analyser.py --seconds 60 [--inputs N] [--seed N] [--only NAME] [--episode N]

An input is a small capture of `tests/bench/traffic.py`, or the beginning of one in `../shared/traces` where there are
any, in which octets are flipped, packets dropped, doubled, cut or moved, and times changed. It is analysed in steps of
some packets in three ways, and the JSON of these, which has all calls, messages and findings, is compared.

Exit status 0 when all was well; 1 with the number of the episode, which `--episode` plays again, the first lines that
differ, and a file with the few packets that still show it.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.traffic import MIXES, generate
from support.bulk_analysis import analysed
from support.fuzz_command import command
from support.packet_files import pcap

from tandem.core.errors import TandemError
from tandem.gateway.analyser import speed
from tandem.gateway.analyser.files import read_file

TRACES = Path(__file__).resolve().parents[3] / "shared/traces"
MOST_PACKETS = 200
#: Packets after which calls are followed: each one, a few, all at once.
STEPS = (1, 3, 17, 1000)
#: Seconds by which the clock jumps.
JUMPS = (0.4, 0.6, 3, 31, 59, 61, 400, 4000, 90_000, 40_000_000)

Packet = tuple[float, bytes]


@dataclass(frozen=True)
class Capture:
    """Packets of one link type."""

    link_type: int
    packets: list[Packet]

    def file(self) -> bytes:
        """As a pcap file."""
        return pcap(self.packets, self.link_type)


@dataclass(frozen=True)
class Target:
    """A kind of capture."""

    name: str
    seeds: Callable[[], list[Capture]]
    """Captures to mutate."""


def loaded(path: Path) -> Capture:
    """The first packets of a file, as far as they are of the link type of the first of all."""
    packets: list[Packet] = []
    link_type = None
    for batch in read_file(str(path), lambda *_: None):
        link_type = batch.link_type if link_type is None else link_type
        if batch.link_type == link_type and link_type < 0x10000:
            packets += [(float(batch.time[index]), batch.octets(index)) for index in range(len(batch))]
        if len(packets) >= MOST_PACKETS:
            break
    return Capture(link_type or 1, packets[:MOST_PACKETS])


@cache
def made(mix: str) -> list[Capture]:
    """Some captures of a mix."""
    captures = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in (1, 2, 3):
            path = Path(folder) / f"{seed}.pcap"
            generate(path, MOST_PACKETS, mix, seed)
            captures.append(loaded(path))
    return captures


@cache
def of_others() -> list[Capture]:
    """Captures in the folder beside this one; none where there are none."""
    captures = []
    for path in sorted(TRACES.glob("*.pcap*")):
        try:
            captures.append(loaded(path))
        except TandemError:
            continue
    return [capture for capture in captures if capture.packets]


TARGETS = [*[Target(mix, lambda mix=mix: made(mix)) for mix in MIXES], Target("captures", of_others)]  # type: ignore[misc]


def mutated(capture: Capture, source: Random) -> Capture:
    """The capture with some changes of what packets hold, of which there are, and of their times."""
    packets = list(capture.packets)
    first = source.randrange(len(packets))
    if source.random() < 0.7:
        packets = packets[first : first + source.choice((10, 50, 100))]
    for _ in range(source.choice((1, 1, 2, 5, 20))):
        if packets:
            _change(packets, source)
    return Capture(capture.link_type, packets)


def _change(packets: list[Packet], source: Random) -> None:
    at = source.randrange(len(packets))
    moment, octets = packets[at]
    match source.randrange(9):
        case 0 if octets:
            data = bytearray(octets)
            for _ in range(source.choice((1, 1, 3))):
                place = source.randrange(len(data))
                data[place] = source.choice((data[place] ^ 1 << source.randrange(8), 0, 0xFF, source.randrange(256)))
            packets[at] = moment, bytes(data)
        case 1:
            del packets[at : at + source.choice((1, 1, 5))]
        case 2:
            after = source.choice((0.0, 0.3, 0.6, 5.0))
            packets.insert(min(len(packets), at + source.choice((1, 1, 9))), (_at(moment + after), octets))
        case 3:
            packets[at] = moment, octets[: source.randrange(len(octets) + 1)]
        case 4:  # out of the order of time
            packets.insert(source.randrange(len(packets)), packets.pop(at))
        case 5:
            jump = source.choice(JUMPS) * source.choice((-1, 1))
            packets[at] = _at(moment + jump), octets
        case 6:  # the clock is set
            jump = source.choice(JUMPS) * source.choice((-1, 1))
            packets[at:] = [(_at(one + jump), octets) for one, octets in packets[at:]]
        case 7:  # circuits are used again, and what looks the same comes again
            later = packets[-1][0] - moment + source.choice((-1, 0.01, 1, 70))
            packets += [(_at(one + later), octets) for one, octets in packets[at : at + source.choice((5, 30, 100))]]
        case _:
            packets[at] = source.choice((0.0, 2.0**32 - 1, _at(moment + source.random()))), octets


def _at(moment: float) -> float:
    """A time that a pcap file can have."""
    return min(max(moment, 0.0), 2.0**32 - 1)


@contextmanager
def _loops(compiled: bool) -> Iterator[None]:
    before = speed.speedups
    if not compiled:
        speed.speedups = None
    try:
        yield
    finally:
        speed.speedups = before


def ways(octets: bytes, step: int) -> dict[str, str]:
    """The JSON of a pcap file, calls followed every `step` packets, by the way in which it came about."""
    found = {}
    for name, bulk, compiled in (
        ("compiled", True, True),
        ("numpy", True, False),
        ("message by message", False, False),
    ):
        if speed.speedups is not None or not compiled:
            with _loops(compiled):
                found[name] = analysed(octets, bulk, step)
    return found


def difference(octets: bytes, step: int) -> str:
    """Where two of the ways differ; empty when they agree."""
    found = ways(octets, step)
    right = found.pop("message by message")
    for name, other in found.items():
        if other == right:
            continue
        lines = [json.dumps(json.loads(text), indent=1).splitlines() for text in (other, right)]
        pairs = zip_longest(*lines, fillvalue="-")
        few = [f"{one.strip()} instead of {two.strip()}" for one, two in pairs if one != two][:5]
        return f"{name}, in steps of {step}: " + ("; ".join(few) or "the order of keys")
    return ""


def smaller(capture: Capture, step: int, turns: int = 400) -> Capture:
    """As few of its packets as still make a difference, as far as so many turns tell."""
    packets, size = capture.packets, len(capture.packets) // 2
    while size:
        at = 0
        while at < len(packets) and turns:
            left = packets[:at] + packets[at + size :]
            turns -= 1
            if difference(Capture(capture.link_type, left).file(), step):
                packets = left
            else:
                at += size
        size = min(size // 2, len(packets) // 2) if turns else 0
    return Capture(capture.link_type, packets)


def play(target: Target, episode: int) -> None:
    """One input; AssertionError, with the number of the episode in it, where the ways differ."""
    source = Random(episode)
    capture, step = mutated(source.choice(target.seeds()), source), source.choice(STEPS)
    try:
        said = difference(capture.file(), step)
    except Exception as error:
        raise AssertionError(f"{target.name}: episode {episode}: {type(error).__name__}: {error}") from error
    if said:
        few = smaller(capture, step)
        with tempfile.NamedTemporaryFile(prefix=f"{target.name}-{episode}-", suffix=".pcap", delete=False) as file:
            file.write(few.file())
        said = difference(few.file(), step)
        raise AssertionError(f"{target.name}: episode {episode}: {len(few.packets)} packets, {file.name}: {said}")


def fuzz(targets: Iterable[Target], seconds: float, source: Random, inputs: int | None = None) -> dict[str, int]:
    """Spend about `seconds`, equally on each target, or until each had `inputs`; inputs by name."""
    chosen = [target for target in targets if target.seeds()]
    counts = {}
    for target in chosen:
        end = time.monotonic() + seconds / len(chosen)
        counts[target.name] = 0
        while time.monotonic() < end and (inputs is None or counts[target.name] < inputs):
            play(target, source.randrange(1 << 32))
            counts[target.name] += 1
    return counts


def main() -> int:
    def once(target: Target, episode: int) -> str:
        play(target, episode)
        return f"{1:9} input"

    return command(
        __doc__, TARGETS, once, lambda target, *limits: f"{fuzz([target], *limits).get(target.name, 0):9} inputs"
    )


if __name__ == "__main__":
    sys.exit(main())
