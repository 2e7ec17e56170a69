"""What findings are made of: the end that a side of a call is, the messages that prove something."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from .circuits import point_code
from .model import CallMessage, CallRecord, Finding, Message, Severity

MOST_PACKETS: Final = 20
"""Packets that one finding names."""
TWICE: Final = 0.1
"""Seconds within which the same SIP message was captured twice: no timer of RFC 3261 17 runs out so soon."""


def about(
    kind: str,
    severity: Severity,
    record: CallRecord,
    text: str,
    *,
    proof: Iterable[CallMessage] = (),
    fault: str = "",
    clause: str = "",
    last: bool = False,
) -> Finding:
    """A finding of one call, proven by messages of it: its first one where none is given.

    Its time is the beginning of the call, that of its `last` message, or of the last one that proves it.
    """
    messages, proof = record.messages, list(proof)
    time = record.start
    if messages and last:
        time = messages[-1].time
    elif proof:
        time = proof[-1].time
    return Finding(
        kind=kind,
        severity=severity.value,
        text=f"{record.id}: {text}",
        fault=fault,
        clause=clause,
        calls=[record.id],
        packets=[message.packet for message in (proof or messages[:1])[:MOST_PACKETS]],
        time=time,
    )


def side_of(record: CallRecord, side: str) -> str:
    """The end that is the calling or the called side of a record; nothing for other words."""
    if record.opc is not None and record.dpc is not None:
        codes = {"calling": record.opc, "called": record.dpc}
        return point_code(codes[side], record.variant) if side in codes else ""
    return {"calling": record.source, "called": record.destination}.get(side, "")


def other(side: str) -> str:
    """The side that a side talks to."""
    return {"calling": "called", "called": "calling"}.get(side, "")


def of_type(record: CallRecord, *kinds: str) -> list[CallMessage]:
    """The messages of these types, those seen twice once."""
    return [message for message in record.messages if message.type in kinds and not message.duplicate]


def sent_again(messages: Iterable[CallMessage]) -> list[CallMessage]:
    """The messages of a SIP call that were sent again, without those that the capture has twice."""
    found: list[CallMessage] = []
    before: dict[tuple[str, bool, str], float] = {}
    for message in messages:
        what = (message.type, message.forward, message.summary)
        if message.duplicate and message.time - before.get(what, -TWICE) >= TWICE:
            found.append(message)
        before[what] = message.time
    return found


def sender(message: Message) -> str:
    """Who sent a message that belongs to no call, as far as the capture tells."""
    where = message.where
    if where.opc is not None:
        return point_code(where.opc, where.variant)
    if where.source:
        return where.source
    return {True: "the side that captured", False: "the far end"}.get(where.sent, "") if where.sent is not None else ""


def receiver(message: Message) -> str:
    """Whom it was sent to."""
    where = message.where
    return point_code(where.dpc, where.variant) if where.dpc is not None else where.destination


def packets_of(messages: Iterable[Message]) -> Iterator[int]:
    """The packets that a finding names."""
    for count, message in enumerate(messages):
        if count == MOST_PACKETS:
            return
        yield message.packet
