"""Call attempts on circuits: ISUP and TUP, followed by point codes and CIC (Q.764 2, Q.724)."""

from __future__ import annotations

from collections.abc import Iterator, KeysView
from functools import lru_cache
from typing import Final, cast

from tandem.core.cause import location_name
from tandem.ss7.mtp3.label import Variant, format_point_code

from .attempts import Attempt, Done, Numbering, Table
from .model import CallRecord, Message, Protocol
from .quick import NATURES, initial_address, is_alerting, release

PATIENCE: Final = 60.0
"""T5 of Q.764 and then some: a release that nobody answered for so long stays unanswered."""
COLLISION: Final = 2.0
"""Seconds within which both ends can have seized a circuit without knowing of each other."""
MOST_COLLISIONS: Final = 10_000
_RESETS: Final = frozenset({"RSC", "GRS", "GRA"})
_WORDS: Final = (
    "BLO BLA UBL UBA CGB CGBA CGU CGUA CQM CQR UCIC CFN UPT UPA LPA CCR OLM NRM "  # ISUP
    "MGB MBA MGU MUA HGB HBA HGU HUA SGB SBA SGU SUA ACC"  # TUP
)
SUPERVISION: Final = frozenset(_WORDS.split())
"""Messages about a circuit, or about no call: none of them answers an IAM."""
_UNEQUIPPED: Final = frozenset({"UCIC"})
_TUP_FAILURES: Final = frozenset(
    "SEC CGC NNC ADI CFL SSB UNN LOS SST ACB DPN MPR EUM SLB STB".split()  # noqa: SIM905
)
_Key = tuple[str, int, int, int]


class CircuitTracker:
    """Attempts of ISUP and TUP. What is about a circuit and no call goes to `supervision`."""

    def __init__(self, done: Done, numbering: Numbering) -> None:
        self._table = Table(done, PATIENCE)
        self._numbering = numbering
        self._done = done
        self.collisions: list[tuple[Message, int, int]] = []
        """The second IAM of a dual seizure, its circuit, and the packet of the first."""
        self.supervision: list[tuple[Message, int]] = []
        """Messages of circuit supervision with their CIC; whoever reads them clears the list."""

    def take(self, message: Message) -> None:
        """A message of ISUP or TUP, in the order of the capture."""
        if message.protocol is Protocol.ISUP:
            self._isup(message)
        else:
            self._tup(message)

    def expire(self, now: float) -> None:
        """Time has gone on to `now`."""
        self._table.expire(now)

    def sort(self) -> None:
        """Messages of long ago were taken: those of calls that were followed in bulk up to now."""
        self._table.sort()

    def __len__(self) -> int:
        return len(self._table)

    def followed(self) -> Iterator[_Key]:
        """The circuits on which an attempt is under way: protocol, both point codes, CIC."""
        return iter(cast(KeysView[_Key], self._table.keys()))

    def earliest(self) -> float:
        """When the first attempt under way began."""
        return self._table.earliest()

    def close(self) -> None:
        """The capture has ended."""
        self._table.close()

    def _isup(self, message: Message) -> None:
        octets, where = message.octets, message.where
        cic = (octets[0] | octets[1] << 8) & (0x3FFF if where.variant == "ansi" else 0xFFF)
        opc, dpc = where.opc or 0, where.dpc or 0
        key = ("isup", min(opc, dpc), max(opc, dpc), cic)
        kind = message.type
        attempt = self._table.get(key)
        if kind == "IAM" and message.number <= 0:
            numbering, expected = self._numbering, -1 - message.number
            message.number = numbering.number(message.packet) if expected < 0 else numbering.of(expected)
        if attempt is not None and attempt.is_copy(message):
            message.duplicate = True
            attempt.note(message, opc == attempt.record.opc)
            return
        if kind == "IAM":
            self._begin_isup(key, message, cic)
            return
        if attempt is None or kind in SUPERVISION or kind in _RESETS:
            self._supervise(key, message, cic)
            return
        record = attempt.record
        forward = opc == record.opc
        summary = ""
        match kind:
            case "ACM" | "CPG":
                summary = self._backward(attempt, message)
            case "ANM" | "CON":
                attempt.answered(message.time)
            case "REL":
                cause, location = release_cause(message)
                attempt.released(message.time, "calling" if forward else "called", cause, location)
                summary = f"cause {cause}" if cause is not None else ""
            case "SAM":
                from .circuit_details import more_digits

                summary = more_digits(message)
                record.called += summary
            case "RLC":
                record.completed = message.time
        attempt.note(message, forward, summary)
        if kind == "RLC":
            self._table.end(key)

    def _begin_isup(self, key: _Key, message: Message, cic: int) -> None:
        there = self._table.get(key)
        lost = there is not None and self._collides(there, message, cic)
        if _is_itu(message) and (numbers := initial_address(message.octets)):
            record = self._record(message, cic)
            record.called, nature, record.calling, calling_nature = numbers
            record.called_nature = NATURES[nature]
            record.calling_nature = "" if calling_nature < 0 else NATURES[calling_nature]
            self._seize(key, record, message, lost)
            return
        from .circuit_details import numbers as fill_in

        record = self._record(message, cic)
        fill_in(message, record)
        self._seize(key, record, message, lost)

    def _collides(self, there: Attempt, message: Message, cic: int) -> bool:
        """Whether both ends seized the circuit at once, and the end that comes second loses (Q.764 2.9.1.4, Q.724 2).

        The exchange with the higher point code controls the even circuits, the other one the odd ones.
        """
        record, where = there.record, message.where
        if record.opc == where.opc or record.released is not None or message.time - record.start > COLLISION:
            return False
        if any(not one.forward and one.type not in SUPERVISION for one in record.messages):
            return False
        self.collisions.append((message, cic, record.messages[0].packet if record.messages else message.packet))
        del self.collisions[MOST_COLLISIONS:]
        controls = (cic % 2 == 0) == ((record.opc or 0) > (where.opc or 0))
        there.reset = not controls
        return controls

    def _seize(self, key: _Key, record: CallRecord, message: Message, lost: bool) -> None:
        summary = f"{record.calling or '-'} to {record.called}"
        if not lost:
            attempt = self._table.begin(key, record)
            attempt.is_copy(message)
            attempt.note(message, True, summary)
            return
        attempt = Attempt(record)
        attempt.reset = True
        attempt.note(message, True, f"{summary}, circuit seized by the other end")
        self._done(attempt.finish())

    def _backward(self, attempt: Attempt, message: Message) -> str:
        free: bool | None
        if _is_itu(message):
            free = is_alerting(message.type, message.octets)
        else:
            from .circuit_details import alerting

            free = alerting(message)
        if free is None:
            return ""
        if free:
            attempt.alerted(message.time)
            return "alerting"
        attempt.progressed(message.time)
        return ""

    def _supervise(self, key: _Key, message: Message, cic: int) -> None:
        """What is about the circuit: it may end a call, else a call under way has it among its messages."""
        self.supervision.append((message, cic))
        if message.type in _RESETS:
            self._reset(key, message, message.octets)
        elif (attempt := self._table.get(key)) is not None:
            forward = message.where.opc == attempt.record.opc
            attempt.note(message, forward)
            if message.type in _UNEQUIPPED and not forward and attempt.record.released is None:
                # Nobody releases such a call: the exchange that began it tries another circuit (Q.764 2.12).
                attempt.reset = True
                attempt.released(message.time, "called", None)
                self._table.end(key)

    def _reset(self, key: _Key, message: Message, octets: bytes) -> None:
        """RSC ends the call of its circuit, GRS those of a range (Q.763 3.43); the record says by whom."""
        if message.type == "GRA":
            self._table.sort()  # what was looked for stands last, and was not heard of
            return
        protocol, low, high, cic = key
        circuits = range(cic, cic + 1)
        if message.type == "GRS":
            # ISUP: one mandatory variable parameter behind its pointer; TUP: the range octet follows the heading.
            place = 5 if protocol == "isup" else 3
            extent = octets[place] if len(octets) > place else 0
            circuits = range(cic, cic + 1 + extent)
        for number in circuits:
            other = (protocol, low, high, number)
            if (attempt := self._table.get(other)) is None:
                continue
            forward = message.where.opc == attempt.record.opc
            attempt.reset = True
            attempt.note(message, forward, "reset")
            attempt.released(message.time, "calling" if forward else "called", None)
            self._table.end(other)

    def _tup(self, message: Message) -> None:
        octets, where = message.octets, message.where
        low = 8 if where.variant == "china" else 4
        cic = (octets[1] << low | octets[0] & (1 << low) - 1) & 0xFFF
        opc, dpc = where.opc or 0, where.dpc or 0
        key = ("tup", min(opc, dpc), max(opc, dpc), cic)
        kind = message.type
        attempt = self._table.get(key)
        if attempt is not None and attempt.is_copy(message):
            message.duplicate = True
            attempt.note(message, opc == attempt.record.opc)
            return
        if kind in ("IAM", "IAI"):
            self._begin_tup(key, message, cic)
            return
        if attempt is None or kind in SUPERVISION or kind in _RESETS:
            self._supervise(key, message, cic)
            return
        record = attempt.record
        forward = opc == record.opc
        summary = ""
        if kind == "ACM":
            from .circuit_details import tup_free

            free = tup_free(message)
            attempt.alerted(message.time) if free else attempt.progressed(message.time)
            summary = "alerting" if free else ""
        elif kind in ("ANC", "ANN", "ANU"):
            attempt.answered(message.time)
        elif kind == "CBK":
            attempt.released(message.time, "called", 16)
        elif kind == "RAN":
            record.released, record.released_by, record.cause = None, "", None
        elif kind in _TUP_FAILURES:
            from .circuit_details import tup_cause

            cause = tup_cause(kind)
            attempt.released(message.time, "called", cause)
            summary = f"cause {cause}"
        elif kind in ("CLF", "CCL"):
            attempt.released(message.time, "calling", 16)
        elif kind == "RLG":
            record.completed = message.time
        attempt.note(message, forward, summary)
        if kind == "RLG":
            self._table.end(key)

    def _begin_tup(self, key: _Key, message: Message, cic: int) -> None:
        there = self._table.get(key)
        lost = there is not None and self._collides(there, message, cic)
        record = self._record(message, cic)
        from .circuit_details import tup_numbers

        tup_numbers(message, record)
        self._seize(key, record, message, lost)

    def _record(self, message: Message, cic: int) -> CallRecord:
        where = message.where
        protocol = message.protocol.value
        return CallRecord(
            protocol=protocol,
            id=f"{protocol}-{message.number}" if message.number else self._numbering(protocol, message.packet),
            outcome="open",
            opc=where.opc,
            dpc=where.dpc,
            cic=cic,
            link=where.link,
            source=where.source or point_code(where.opc or 0, where.variant),
            destination=where.destination or point_code(where.dpc or 0, where.variant),
            start=message.time,
            variant=where.variant,
        )


@lru_cache(maxsize=4096)
def point_code(code: int, variant: str) -> str:
    """A point code as the network of the variant writes it."""
    return format_point_code(code, Variant(variant)) if variant else str(code)


def release_cause(message: Message) -> tuple[int | None, str]:
    """Cause value and location of a REL."""
    if _is_itu(message) and (found := release(message.octets)):
        return found[0], _location(found[1])
    from .circuit_details import cause

    found = cause(message)
    return (None, "") if found is None else (found[0], _location(found[1]))


def _is_itu(message: Message) -> bool:
    """Whether `quick` knows the formats of the message."""
    return message.where.variant == "itu"


_location = lru_cache(maxsize=16)(location_name)
