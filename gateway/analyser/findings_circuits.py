"""What goes wrong with circuits rather than calls: seizures from both ends, blocking, storms of resets, no answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from .circuits import point_code
from .evidence import packets_of, receiver, sender
from .model import Finding, Message, Protocol, Severity

STORM: Final = 10
"""Resets of one exchange within STORM_SECONDS that are a storm."""
STORM_SECONDS: Final = 10.0
_ASKS: Final = {
    # Request: its acknowledgement, the timer of its sender, the clause.
    "BLO": ("BLA", "T12", "Q.764 2.8.2.1, T12"),
    "UBL": ("UBA", "T14", "Q.764 2.8.2.1, T14"),
    "RSC": ("RLC", "T16", "Q.764 2.9.3.1, T16"),
    "CGB": ("CGBA", "T18", "Q.764 2.8.2.2, T18"),
    "CGU": ("CGUA", "T20", "Q.764 2.8.2.2, T20"),
    "GRS": ("GRA", "T22", "Q.764 2.9.3.2, T22"),
}
_ANSWERS: Final = {answer: request for request, (answer, _, _) in _ASKS.items()}
_LEAST, _MOST = 3.0, 61.0
"""Seconds after which these timers repeat: 15 to 60 (Q.764 table A.1), 4 and more in ANSI networks."""
BLOCKS: Final = frozenset({"BLO", "CGB", "MGB", "HGB", "SGB"})
"""Messages that block circuits."""
_UNBLOCKS: Final = frozenset({"UBL", "CGU", "MGU", "HGU", "SGU"})
_Circuit = tuple[int | None, int | None, int]


def of_collisions(collisions: Iterable[tuple[Message, int, int]]) -> Iterator[Finding]:
    """Circuits that both ends seized at once; the end that does not control the circuit has to give way."""
    for message, cic, first in collisions:
        where = message.where
        codes = sorted((where.opc or 0, where.dpc or 0))
        tup = message.protocol is Protocol.TUP
        # The higher point code controls the even circuits.
        gives_way = point_code(codes[0] if cic % 2 == 0 else codes[1], where.variant)
        ends = " and ".join(point_code(code or 0, where.variant) for code in (where.dpc, where.opc))
        yield Finding(
            kind="dual-seizure",
            severity=Severity.WARNING.value,
            text=f"circuit {cic} was seized by {ends} at once: {gives_way} does not control it and has to give way; "
            "where that is often, both select circuits in the same order",
            fault=gives_way,
            clause="Q.724 2" if tup else "Q.764 2.9.1.4",
            packets=[first, message.packet],
            time=message.time,
        )


def of_supervision(messages: Iterable[tuple[Message, int]]) -> Iterator[Finding]:
    """Storms of resets, circuits blocked and not unblocked, requests that were not acknowledged and came again."""
    resets: dict[tuple[int | None, str], list[Message]] = defaultdict(list)
    blocked: dict[_Circuit, Message] = {}
    asked: dict[tuple[_Circuit, str], list[Message]] = {}
    for message, cic in messages:
        where, kind = message.where, message.type
        if kind in ("RSC", "GRS"):
            resets[where.opc, where.variant].append(message)
        for circuit in circuits_of(message, cic):
            if kind in BLOCKS:
                blocked[where.opc, where.dpc, circuit] = message
            elif kind in _UNBLOCKS:
                blocked.pop((where.opc, where.dpc, circuit), None)
        if kind in _ASKS and message.protocol is Protocol.ISUP:
            waiting = asked.setdefault(((where.opc, where.dpc, cic), kind), [])
            if waiting and not _LEAST <= message.time - waiting[-1].time <= _MOST:
                waiting.clear()
            waiting.append(message)
        elif kind in _ANSWERS:
            waiting = asked.pop(((where.dpc, where.opc, cic), _ANSWERS[kind]), [])
            yield from _not_acknowledged(waiting, cic)
    for (circuit_key, _), waiting in asked.items():
        yield from _not_acknowledged(waiting, circuit_key[2])
    yield from _storms(resets)
    yield from _blocked(blocked)


def circuits_of(message: Message, cic: int) -> list[int]:
    """The circuits that blocking or unblocking is about: its own, or those of a group whose status is 1."""
    octets = message.octets
    if message.type in ("BLO", "UBL"):
        return [cic]
    if message.type in ("CGB", "CGU"):  # behind the supervision type a pointer to range and status, Q.763 table 40
        start = 4 + octets[4] if len(octets) > 4 else len(octets)
        found, position = octets[start + 1 : start + 2], start + 2
    elif message.type in BLOCKS | _UNBLOCKS:  # TUP: the range octet follows the heading, Q.723 3.6
        found, position = octets[3:4], 4
    else:
        return []
    count = found[0] + 1 if found else 0
    status = int.from_bytes(octets[position : position + (count + 7) // 8], "little")
    return [cic + index for index in range(count) if status >> index & 1]


def _not_acknowledged(waiting: list[Message], cic: int) -> Iterator[Finding]:
    if len(waiting) < 2:
        return
    first, kind = waiting[0], waiting[0].type
    answer, timer, clause = _ASKS[kind]
    often = f" {len(waiting) - 1} times" if len(waiting) > 2 else ""
    yield Finding(
        kind="timer-expiry",
        severity=Severity.WARNING.value,
        text=f"{timer} of {sender(first)} ran out{often}: no {answer} came for {kind} of circuit {cic}",
        fault=receiver(first),
        clause=clause,
        packets=list(packets_of(waiting)),
        time=waiting[-1].time,
    )


def _storms(resets: dict[tuple[int | None, str], list[Message]]) -> Iterator[Finding]:
    for (opc, variant), found in resets.items():
        worst = _densest(found)
        if len(worst) >= STORM:
            yield Finding(
                kind="reset-storm",
                severity=Severity.ERROR.value,
                text=f"{len(worst)} resets within {STORM_SECONDS:.0f} s from {point_code(opc or 0, variant)}",
                fault=point_code(opc or 0, variant),
                clause="Q.724 6" if worst[0].protocol is Protocol.TUP else "Q.764 2.9.3",
                packets=list(packets_of(worst)),
                time=worst[0].time,
            )


def _blocked(blocked: dict[_Circuit, Message]) -> Iterator[Finding]:
    """One finding for each message that blocked: a group may have hundreds of circuits."""
    by_message: dict[tuple[int, int | None, str], tuple[Message, list[int]]] = {}
    for (opc, _, cic), message in blocked.items():
        by_message.setdefault((message.packet, opc, message.type), (message, []))[1].append(cic)
    for message, circuits in by_message.values():
        single = message.type == "BLO"
        which = f"circuit {circuits[0]}" if len(circuits) == 1 else f"circuits {spans_of(circuits)}"
        tup = message.protocol is Protocol.TUP
        yield Finding(
            kind="circuit-blocked",
            severity=Severity.NOTE.value,
            text=f"{which} blocked by {sender(message)} and not unblocked",
            fault=sender(message),
            clause="Q.724 5" if tup else "Q.764 2.8.2.1" if single else "Q.764 2.8.2.2",
            packets=[message.packet],
            time=message.time,
        )


def spans_of(numbers: list[int]) -> str:
    """Numbers as people write them: `1 to 15, 17`."""
    found: list[list[int]] = []
    for number in sorted(numbers):
        if found and number == found[-1][-1] + 1:
            found[-1][1:] = [number]
        else:
            found.append([number])
    return ", ".join(" to ".join(map(str, span)) for span in found)


def _densest(messages: list[Message]) -> list[Message]:
    """Most of `messages` within STORM_SECONDS."""
    ordered, first = sorted(messages, key=lambda message: message.time), 0
    best = (0, 0)
    for last, message in enumerate(ordered):
        while message.time - ordered[first].time > STORM_SECONDS:
            first += 1
        if last + 1 - first > best[1] - best[0]:
            best = first, last + 1
    return ordered[best[0] : best[1]]
