"""A second TUP decoder, to be held against the product's: it interprets `tests/vectors/tup/tables.json`, nothing else.

It is written from the tables, without the product's code: a message is one string of bits in the order of
transmission, and the tables say how many belong to what. It is slow and knows no procedures.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "vectors" / "tup"
TABLES = json.loads((FOLDER / "tables.json").read_text(encoding="utf-8"))
MESSAGES = {(row["h0"], row["h1"]): row for row in TABLES["messages"]}

Fields = dict[str, Any]


class NotInTables(ValueError):
    """The octets are no message of the tables."""


class Bits:
    """Octets as bits in the order of transmission: bit 1 of the first octet first."""

    def __init__(self, octets: bytes) -> None:
        self.bits = "".join(format(octet, "08b")[::-1] for octet in octets)

    def take(self, count: int) -> int:
        """The next `count` bits as a number, least significant first."""
        if count > len(self.bits):
            raise NotInTables(f"{count} bits wanted, {len(self.bits)} left")
        taken, self.bits = self.bits[:count], self.bits[count:]
        return int(taken[::-1] or "0", 2)

    def octets(self, count: int) -> str:
        """The next octets in hexadecimal."""
        return bytes(self.take(8) for _ in range(count)).hex()


def decode(octets: bytes, variant: str) -> Fields:
    """What a message from its label on says; `variant` is "itu" or "china". Parts are dictionaries of their own.

    Octets that the tables say nothing about are under "rest" (hexadecimal).
    """
    bits = Bits(octets)
    found = _read(bits, TABLES["labels"][variant], variant)
    return found | _after_label(bits, variant)


def decode_after_label(octets: bytes, variant: str) -> Fields:
    """The same for a message from its heading on."""
    return _after_label(Bits(octets), variant)


def _after_label(bits: Bits, variant: str) -> Fields:
    heading = _read(bits, TABLES["heading"], variant)
    row = MESSAGES.get((heading["h0"], heading["h1"]))
    if row is None or variant not in row["variants"]:
        raise NotInTables(f"no message H0 {heading['h0']} H1 {heading['h1']} ({variant})")
    found: Fields = {"message": row["acronym"]}
    found |= _read(bits, TABLES["layouts"].get(row["acronym"], []), variant)
    if bits.bits:
        found["rest"] = bits.octets(len(bits.bits) // 8)
    return found


def _read(bits: Bits, layout: list[Fields], variant: str) -> Fields:
    found: Fields = {}
    for step in layout:
        if "when" in step and found[step["when"]] != step.get("equals", 1):
            continue
        if "stop" in step:
            if found[step["stop"]]:
                break  # a field whose layout the tables do not have: what follows is the rest
        elif "refuse_unless" in step:
            if found[step["refuse_unless"]] not in step["in"]:
                raise NotInTables(f"{step['refuse_unless']} {found[step['refuse_unless']]}: length unknown")
        elif "spare" in step:
            bits.take(_size(step["spare"], variant))
        elif "part" in step:
            found[step["part"]] = _read(bits, TABLES["parts"][step["part"]], variant)
        else:
            found[step["field"]] = _value(bits, step, found, variant)
    return found


def _value(bits: Bits, step: Fields, found: Fields, variant: str) -> Any:
    if "bits" in step:
        return bits.take(_size(step["bits"], variant))
    if "signals" in step or "signals_counted_by" in step:
        count = step.get("signals") or found[step["signals_counted_by"]]
        digits = "".join(format(bits.take(4), "X") for _ in range(count))
        if count % 2 and not step.get("unpadded"):
            bits.take(4)
        return digits
    if "circuits_counted_by" in step:
        circuits = found[step["circuits_counted_by"]] + 1
        if circuits == 1:
            return []
        states = [bits.take(1) for _ in range(circuits)]
        bits.take(-circuits % 8)
        return states
    if step.get("octets") == "all":
        return bits.octets(len(bits.bits) // 8)
    return bits.octets(found[step["octets_counted_by"]])


def _size(size: int | dict[str, int], variant: str) -> int:
    return size if isinstance(size, int) else size[variant]
