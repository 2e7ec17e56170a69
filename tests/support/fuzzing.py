"""What fuzzers share: changes to octets, how much a machine holds, and two machines that talk over a hostile line."""

from __future__ import annotations

import types
from collections import deque
from collections.abc import Callable, Sequence
from enum import Enum
from random import Random
from typing import Any, Protocol

#: Outputs that one input may cause, and packets on the line; more are lost.
MOST_OUTPUTS, MOST_UNDER_WAY = 5_000, 200
_LEAVES = (str, int, float, bool, type(None), Enum, type, types.FunctionType, types.ModuleType, types.BuiltinMethodType)


def mutate(octets: bytes, other: bytes, source: Random) -> bytes:
    """One to four random changes."""
    data = bytearray(octets)
    for _ in range(source.randint(1, 4)):
        at = source.randrange(len(data) + 1)
        match source.randrange(7):
            case 0 if data:
                data[at % len(data)] ^= 1 << source.randrange(8)
            case 1 if data:
                data[at % len(data)] = source.choice([0, 1, 0x7F, 0x80, 0xFF, len(data) & 0xFF])
            case 2:
                data[at:at] = source.randbytes(source.randint(1, 4))
            case 3:
                del data[at : at + source.randint(1, 8)]
            case 4:
                del data[at:]
            case 5:
                data[at:at] = data[at : at + 16]
            case _:
                start = source.randrange(len(other) + 1)
                data[at:] = other[start:]
    return bytes(data)


def held(machine: object) -> tuple[int, str]:
    """Length of the longest table, queue or text that is reachable from `machine`, and where it is."""
    longest = (0, "")
    seen: set[int] = set()
    todo: list[tuple[object, str]] = [(machine, type(machine).__name__)]
    while todo:
        item, path = todo.pop()
        if isinstance(item, str | bytes | bytearray | list | tuple | dict | set | frozenset | deque):
            longest = max(longest, (len(item), path))
        if isinstance(item, (*_LEAVES, bytes, bytearray)) or id(item) in seen:
            continue
        seen.add(id(item))
        if isinstance(item, dict):
            todo += [(value, f"{path}[]") for value in item.values()]
            todo += [(key, f"{path} key") for key in item]
        elif isinstance(item, list | tuple | set | frozenset | deque):
            todo += [(value, f"{path}[]") for value in item]
        elif type(item).__module__.startswith("tandem"):
            for name in attributes(item):
                todo.append((getattr(item, name, None), f"{path}.{name}"))
    return longest


def attributes(item: object) -> list[str]:
    """Names of what an object of ours keeps."""
    names = list(getattr(item, "__dict__", ()))
    for cls in type(item).__mro__:
        slots = getattr(cls, "__slots__", ())
        names += [slots] if isinstance(slots, str) else list(slots)
    return names


class Side(Protocol):
    """A machine at one end of a line. Packets are a channel and octets."""

    machine: Any

    def take(self, now: float) -> list[tuple[Any, bytes]]:
        """Drain the outputs, answer what the machine asks of its surroundings; packets for the other end."""
        ...

    def receive(self, channel: Any, octets: bytes, now: float) -> None:
        """A packet from the other end."""
        ...

    def request(self, now: float) -> None:
        """Ask something at random of the machine, from above or from the surroundings."""
        ...

    def noise(self) -> tuple[Any, bytes]:
        """A channel, and octets that a peer might send."""
        ...


class Duel:
    """Two sides, a line between them, and virtual time."""

    def __init__(self, sides: Sequence[Side], source: Random) -> None:
        self.sides = sides
        self.source = source
        self.now = 0.0
        self.hostility = source.choice((0.01, 0.05, 0.3))
        self._lines: list[deque[tuple[Any, bytes]]] = [deque() for _ in sides]
        """Under way to each side."""
        self.drain()

    def step(self) -> None:
        """One input at one side, or time."""
        source = self.source
        number = source.randrange(len(self.sides))
        line, side = self._lines[number], self.sides[number]
        roll = source.random()
        if roll < self.hostility:
            channel, octets = side.noise()
            side.receive(channel, octets, self.now)
        elif roll < 0.65 and line:
            self._deliver(side, line)
        elif roll < 0.8:
            side.request(self.now)
        else:
            self.pass_time(source.choice((0.0, 0.001, 0.1, 1.0, 10.0)))
        self.drain()

    def _deliver(self, side: Side, line: deque[tuple[Any, bytes]]) -> None:
        source, trouble = self.source, self.source.random() < self.hostility
        kind = source.randrange(4) if trouble else None
        channel, octets = line[0]
        if kind != 0:
            line.popleft()
        match kind:
            case 1:
                return
            case 2:
                octets = mutate(octets, side.noise()[1], source)
            case 3 if line:
                line.append((channel, octets))
                channel, octets = line.popleft()
        side.receive(channel, octets, self.now)

    def pass_time(self, seconds: float) -> None:
        """Let time pass to the next timer, or by `seconds` when that is sooner or there is none."""
        deadlines = [d for side in self.sides if (d := side.machine.next_deadline()) is not None]
        self.now = max(self.now, min([*deadlines, self.now + (seconds or 60.0)]))
        for side in self.sides:
            turns = 0
            while (due := side.machine.next_deadline()) is not None and due <= self.now:
                turns += 1
                assert turns < 100, f"{type(side.machine).__name__}: timers expire without end"
                side.machine.handle_timers(self.now)
                self.drain()

    def drain(self) -> None:
        """Put what the sides send on the line."""
        for number, side in enumerate(self.sides):
            packets = side.take(self.now)
            assert len(packets) <= MOST_OUTPUTS, f"{len(packets)} packets at once"
            line = self._lines[1 - number]
            line.extend(packets)
            while len(line) > MOST_UNDER_WAY:
                line.popleft()

    def quietly(self, seconds: float, step: float = 0.02, each: Callable[[], None] = lambda: None) -> None:
        """Let both talk over a line without trouble."""
        end = self.now + seconds
        while self.now < end:
            each()
            for line, side in zip(self._lines, self.sides, strict=True):
                while line:
                    side.receive(*line.popleft(), self.now)
                    self.drain()
            self.pass_time(step)

    def cut(self) -> None:
        """Lose all that is under way."""
        for line in self._lines:
            line.clear()
