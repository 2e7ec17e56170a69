"""What a demonstration runs: its nodes, the lines between them, and what is to be seen on each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tandem.gateway.demo.gateway import example
from tandem.gateway.demo.nodes import (
    CIRCUITS,
    POINT_CODES,
    PROTOCOLS,
    SIP_PORTS,
    USERS,
    Protocol,
    exchange_text,
    tandem_text,
)

#: How the signalling of the two gateways goes: their example configurations, where it is, and the circuits that leaves.
ARRANGEMENTS: Final = {
    "mtp": ("gateway", "SS7 in timeslot 16", 30),
    "m2pa": ("m2pa", "an SS7 link by M2PA over SCTP beside it", 31),
    "m3ua": ("m3ua", "ISUP by M3UA over SCTP beside it", 31),
}
FLOWS: Final = tuple(f"{left}-{right}" for left in PROTOCOLS for right in PROTOCOLS)
#: The messages of the call in the order of the line, where the called side hangs up.
MESSAGES: Final = {
    "isup": ("IAM", "ACM", "ANM", "REL", "RLC"),
    "tup": ("IAI", "ACM", "ANC", "CBK", "CLF", "RLG"),
    "pri": (
        "SETUP",
        "CALL PROCEEDING",
        "ALERTING",
        "CONNECT",
        "CONNECT ACKNOWLEDGE",
        "DISCONNECT",
        "RELEASE",
        "RELEASE COMPLETE",
    ),
}


@dataclass(frozen=True)
class Line:
    """A circuit line between two nodes."""

    protocol: str
    left: str
    right: str
    subjects: frozenset[tuple[str, str]]
    """(node, subject of its log) of the messages sent on it."""


@dataclass(frozen=True)
class Plan:
    """One demonstration."""

    title: str
    texts: dict[str, str]
    """Configuration of each node, from the caller to the callee."""
    circuits: dict[str, int]
    """SS7 circuits of each node, all idle before and after the call."""
    trunks: dict[str, tuple[str, ...]]
    """Trunks of each node that come into service."""
    lines: tuple[Line, ...]
    """From the caller to the callee; empty where there are only SIP users."""
    sip_ports: dict[str, int]
    """Of the first and the last node."""

    @property
    def nodes(self) -> tuple[str, ...]:
        """From the caller to the callee."""
        return tuple(self.texts)

    @property
    def stations(self) -> tuple[str, ...]:
        """The heads of the ladder."""
        return ("caller", *(f"gateway {name}" if name != "TM" else name for name in self.nodes), "callee")


def two_gateways(signalling: str) -> Plan:
    """Gateways A and B with an E1 between them; `signalling` is one of ARRANGEMENTS."""
    examples, where, circuits = ARRANGEMENTS[signalling]
    texts = {name: example(f"{examples}-{name.lower()}.toml") for name in "AB"}
    subjects = frozenset({("A", "isup 2-1-2"), ("B", "isup 2-1-1")})
    return Plan(
        f"Two gateways, A and B, an E1 between them (SAToP on loopback), {where}",
        texts,
        dict.fromkeys("AB", circuits),
        dict.fromkeys("AB", ("pstn",)),
        (Line("isup", "A", "B", subjects),),
        {"A": 5060, "B": 5061},
    )


def flow(name: str) -> Plan:
    """The tandem exchange between the two protocols of one of FLOWS, with an exchange at the far end of each line."""
    left, _, right = name.partition("-")
    first, last = _protocol(left), _protocol(right)
    texts, lines = {}, []
    if first != "sip":
        texts["A"] = exchange_text("A", first)
        lines.append(_line(first, "A", "TM"))
    texts["TM"] = tandem_text(first, last)
    if last != "sip":
        texts["B"] = exchange_text("B", last)
        lines.append(_line(last, "TM", "B"))
    trunks = {
        node: tuple(f"to-{'b' if line.left == node else 'a'}" for line in lines if node in (line.left, line.right))
        for node in texts
    }
    ss7 = [line for line in lines if line.protocol != "pri"]
    of_ss7 = {node: [line for line in ss7 if node in (line.left, line.right)] for node in texts}
    ends = list(texts)
    return Plan(
        f"The tandem exchange TM, {left.upper()} to {right.upper()}"
        + (": E1s in software (SAToP on loopback)" if lines else ""),
        texts,
        {node: CIRCUITS * len(found) for node, found in of_ss7.items()},
        trunks,
        tuple(lines),
        {name: SIP_PORTS[name] for name in (ends[0], ends[-1])},
    )


def user_ports() -> tuple[int, int]:
    """SIP ports of caller and callee."""
    return USERS["a"], USERS["b"]


def _protocol(name: str) -> Protocol:
    return next(protocol for protocol in PROTOCOLS if protocol == name)


def _line(protocol: Protocol, left: str, right: str) -> Line:
    """The line, and under which subjects its ends log what they send: the point code of the far end, or the trunk."""
    ends = ((left, right, "to-b"), (right, left, "to-a"))
    subjects = (
        (node, f"pri {trunk}" if protocol == "pri" else f"{protocol} {POINT_CODES[far]}") for node, far, trunk in ends
    )
    return Line(protocol, left, right, frozenset(subjects))
