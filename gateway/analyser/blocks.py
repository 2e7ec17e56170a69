"""Records of calls that were followed in bulk: columns that become a `CallRecord` when it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np

from tandem.core.cause import location_name

from .attempts import outcome
from .circuits import point_code
from .model import CallMessage, CallRecord, Where
from .quick import NATURES, Numbers
from .rows import NAMES

_COMMON: Final = frozenset({16, 17, 21})
"""Causes by which a caller gives up, never a timer (see `expiry`)."""
_RECOVERY: Final = 102
_CONGESTION: Final = (34, 38, 41, 42, 44, 47)
_location = lru_cache(maxsize=16)(location_name)


@dataclass(slots=True)
class Block:
    """n calls from IAM to RLC, and their m messages one call behind the other; NaN for times that were not reached."""

    number: Any
    """(n,) of the records, unique in the analysis."""
    place: Any
    """(n,) the two ends, a place in the table that `record` is given."""
    cic: Any
    alerting: Any
    progress: Any
    answered: Any
    by_calling: Any
    """(n,) whether the calling side released it."""
    cause: Any
    location: Any
    odd: Any
    """(n,) whether the calling side sent what only the called one sends."""
    numbers: list[Numbers]
    """n times called and calling digits with their natures."""
    first: Any
    """(n,) the first message among the m."""
    size: Any
    """(n,) how many messages."""
    packet: Any
    """(m,) and so on."""
    time: Any
    kind: Any
    places: Any
    forward: Any
    rung: Any
    """(m,) ACM or CPG by which the called party was rung."""

    def __len__(self) -> int:
        return len(self.number)

    @property
    def start(self) -> np.ndarray:
        """(n,) time of the IAM."""
        found: np.ndarray = self.time[self.first]
        return found

    def suspect(self) -> np.ndarray:
        """(n,) calls of which a rule of `findings` may say something, legs aside; the others need not be asked."""
        unanswered = np.isnan(self.answered)
        silent = np.isnan(self.alerting) & np.isnan(self.progress) & unanswered
        found: np.ndarray = self.odd | (self.cause == _RECOVERY)
        found |= unanswered & np.isin(self.cause, _CONGESTION)
        found |= silent & ~self.by_calling
        found |= unanswered & self.by_calling & ~np.isin(self.cause, tuple(_COMMON))
        return found

    def record(self, index: int, ends: list[Where]) -> CallRecord:
        """Call `index` as a record."""
        begin, size = int(self.first[index]), int(self.size[index])
        rows = slice(begin, begin + size)
        times = self.time[rows].tolist()
        called, nature, calling, calling_nature = self.numbers[index]
        where = ends[self.place[index]]
        alerting, progress, answered = (
            _moment(column[index]) for column in (self.alerting, self.progress, self.answered)
        )
        released, cause = times[-2], int(self.cause[index])
        by = "calling" if self.by_calling[index] else "called"
        reached = [time for time in (alerting, answered, released) if time is not None]
        messages = []
        columns = (self.packet[rows], self.kind[rows], self.places[rows], self.forward[rows], self.rung[rows])
        for packet, kind, place, forward, rung, time in zip(
            *(column.tolist() for column in columns), times, strict=True
        ):
            other, name = ends[place], NAMES[kind]
            summary = "alerting" if rung else f"cause {cause}" if name == "REL" else ""
            if name == "IAM":
                summary = f"{calling or '-'} to {called}"
            messages.append(CallMessage(packet, time, name, forward, summary, other.source, other.destination))
        return CallRecord(
            protocol="isup",
            id=f"isup-{self.number[index]}",
            outcome=_outcome(answered is not None, cause, by),
            opc=where.opc,
            dpc=where.dpc,
            cic=int(self.cic[index]),
            link=where.link,
            source=where.source or point_code(where.opc or 0, where.variant),
            destination=where.destination or point_code(where.dpc or 0, where.variant),
            calling=calling,
            called=called,
            calling_nature="" if calling_nature < 0 else NATURES[calling_nature],
            called_nature=NATURES[nature],
            start=times[0],
            alerting=alerting,
            progress=progress,
            answered=answered,
            released=released,
            completed=times[-1],
            released_by=by,
            cause=cause,
            location=_location(int(self.location[index])),
            variant=where.variant,
            post_dial_delay=min(reached) - times[0],
            duration=None if answered is None else max(0.0, released - answered),
            messages=messages,
        )


def _moment(time: float) -> float | None:
    return None if time != time else float(time)


@lru_cache(maxsize=1024)
def _outcome(answered: bool, cause: int, by: str) -> str:
    """How a call of these ended, by the one rule for all calls."""
    record = CallRecord(protocol="isup", id="", outcome="", start=0.0, released=1.0, released_by=by, cause=cause)
    record.answered = 1.0 if answered else None
    return outcome(record).value
