"""Reader of the hand-assembled messages in `tests/vectors/tup/messages.txt`."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from random import Random
from typing import Any

from support.tup_reference import FOLDER


@dataclass(frozen=True)
class Vector:
    """One message with one label: its octets, and what they say."""

    name: str
    variant: str
    label: bytes
    message: bytes
    fields: dict[str, Any]
    """Label and message; only what the derivation names."""

    @property
    def octets(self) -> bytes:
        return self.label + self.message

    def __str__(self) -> str:
        return f"{self.variant}: {self.name}"


def derivation(lines: list[str]) -> bytes:
    """The octets of lines `hexadecimal  binary  why`; both ways of writing an octet have to agree."""
    octets = bytearray()
    for line in lines:
        found = re.fullmatch(r"  ([0-9A-F]{2})  ([01]{4}) ([01]{4})  \S.*", line)
        assert found, line
        assert int(found[1], 16) == int(found[2] + found[3], 2), line
        octets.append(int(found[1], 16))
    return bytes(octets)


def read(text: str) -> list[Vector]:
    labels: dict[str, tuple[bytes, dict[str, Any]]] = {}
    vectors = []
    for block in re.split(r"\n\n+", text.strip()):
        head, *steps, fields = block.splitlines() if not block.startswith("#") else (block, "")
        if head.startswith("label "):
            labels[head[6:].split(":")[0]] = derivation(steps), json.loads(fields.removeprefix("fields: "))
        elif head.startswith("message "):
            name, wanted, _clause = head[8:].split("; ")
            message = derivation(steps)
            for label in wanted.removeprefix("labels ").split():
                octets, said = labels[label]
                both = said | json.loads(fields.removeprefix("fields: "))
                vectors.append(Vector(name, label.split("-")[0], octets, message, both))
    return vectors


VECTORS = read((FOLDER / "messages.txt").read_text(encoding="utf-8"))


def changed(source: Random, octets: bytes) -> bytes:
    """`octets` with some of them altered, cut by up to three, and up to two more behind them."""
    new = bytearray(octets)
    for _ in range(source.randint(1, 4)):
        new[source.randrange(len(new))] = source.randrange(256)
    return bytes(new[: source.randint(len(new) - 3, len(new))]) + source.randbytes(source.randint(0, 2))
