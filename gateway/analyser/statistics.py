"""Figures over many calls: answer-seizure ratio and its kin (ITU-T E.411, E.425), delays, causes, circuits.

Every record counts, so a call that was seen on two hops counts on both: look at one protocol or route for one hop.
Memory is that of routes, hours and circuits, not of calls.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Final

import msgspec

from tandem.core.cause import Cause, cause_name

from .model import CallRecord, Outcome

MOST_ROUTES: Final = 1000
"""Routes told apart; calls of more count as `other routes`."""
OTHER_ROUTES: Final = "other routes"
HOUR: Final = 3600
_BIN: Final = 0.01
_BINS: Final = 12_000
"""Post-dial delays are counted in steps of 10 ms up to two minutes."""
_TALK_LIMITS: Final = (10, 30, 60, 120, 300, 600, 1800)
_BY_THE_USERS: Final = frozenset(
    {Outcome.ANSWERED.value, Outcome.BUSY.value, Outcome.NO_ANSWER.value, Outcome.ABANDONED.value}
)
_TERMINAL: Final = frozenset({Cause.CALL_REJECTED, Cause.DESTINATION_OUT_OF_ORDER, Cause.UNALLOCATED_NUMBER, 28})
"""Failures that are the terminal's or the number's, not the network's: E.425 counts them as effective."""
_NO_CIRCUIT: Final = frozenset({34, 42, 44, 47})
"""No circuit was seized: the attempt is a bid, not a seizure."""


class Group(msgspec.Struct, kw_only=True):
    """Figures of some attempts; ratios in percent, None where nothing can be divided by."""

    name: str = ""
    attempts: int = 0
    """Bids."""
    seizures: int = 0
    answered: int = 0
    effective: int = 0
    """Answered, or ended by what the users or the number did."""
    asr: float | None = None
    """Answer-seizure ratio: answered of seizures."""
    abr: float | None = None
    """Answer-bid ratio: answered of attempts."""
    ner: float | None = None
    """Network effectiveness ratio: effective of seizures."""
    acd: float | None = None
    """Average call duration, seconds of answered calls that ended."""
    talk: float = 0.0
    """Seconds of talk."""
    pdd_50: float | None = None
    """Post-dial delay in seconds that half of the attempts do not exceed; likewise 90, 95 and 99 %."""
    pdd_90: float | None = None
    pdd_95: float | None = None
    pdd_99: float | None = None
    erlang: float = 0.0
    """Mean occupancy: seconds of circuits or sessions held, by the seconds of the capture."""
    peak: int = 0
    """Most calls at once."""
    circuits: int = 0
    """Different circuits seen."""


class CauseCount(msgspec.Struct):
    """How often a cause ended calls."""

    cause: int
    name: str
    count: int
    answered: int


class Statistics(msgspec.Struct, kw_only=True):
    """The result; JSON of `tandem trace --stats --json`."""

    total: Group
    protocols: list[Group]
    routes: list[Group]
    """By the two ends, busiest first."""
    hours: list[Group]
    """By the hour of the start, named as seconds since 1970."""
    outcomes: dict[str, int]
    causes: list[CauseCount]
    talk_seconds: dict[str, int]
    """Answered calls by how long they lasted: `10` is up to 10 s, `more` the rest."""
    first: float | None
    last: float | None
    """Start of the first attempt, end of the last."""


class _Tally:
    """Gathers a group."""

    def __init__(self) -> None:
        self.group = Group()
        self._delays: Counter[int] = Counter()
        self._talks = 0
        self._busy: list[float] = []
        self._held = 0.0
        self._circuits: set[tuple[object, ...]] = set()

    def add(self, record: CallRecord) -> None:
        """A record; they come in the order in which they began."""
        group = self.group
        answered = record.answered is not None
        group.attempts += 1
        seized = answered or record.cause not in _NO_CIRCUIT
        group.seizures += seized
        group.answered += answered
        group.effective += record.outcome in _BY_THE_USERS or record.cause in _TERMINAL
        if record.duration is not None and answered:
            self._talks += 1
            group.talk += record.duration
        if record.post_dial_delay is not None:
            self._delays[min(_BINS, int(record.post_dial_delay / _BIN))] += 1
        if record.cic is not None:
            low, high = sorted((record.opc or 0, record.dpc or 0))
            self._circuits.add((record.protocol, record.link, low, high, record.cic))
        busy = self._busy
        while busy and busy[0] <= record.start:
            heapq.heappop(busy)
        end = record.completed or record.released
        if seized and end is not None:
            self._held += end - record.start
        if seized:
            heapq.heappush(busy, end if end is not None else float("inf"))
            group.peak = max(group.peak, len(busy))

    def close(self, name: str, seconds: float) -> Group:
        """The group, of a capture that lasted so many seconds."""
        group = self.group
        group.name = name
        group.asr, group.abr = _percent(group.answered, group.seizures), _percent(group.answered, group.attempts)
        group.ner = _percent(min(group.effective, group.seizures), group.seizures)
        group.acd = round(group.talk / self._talks, 2) if self._talks else None
        group.talk = round(group.talk, 3)
        group.pdd_50, group.pdd_90, group.pdd_95, group.pdd_99 = (
            self._delay(share) for share in (0.5, 0.9, 0.95, 0.99)
        )
        group.erlang = round(self._held / seconds, 3) if seconds > 0 else 0.0
        group.circuits = len(self._circuits)
        return group

    def _delay(self, share: float) -> float | None:
        wanted, seen = share * self._delays.total(), 0
        for step in sorted(self._delays):
            seen += self._delays[step]
            if seen >= wanted:
                return round((step + 1) * _BIN, 2)
        return None


def reckon(records: Iterable[CallRecord]) -> Statistics:
    """Statistics of records, which come in the order in which they began."""
    total = _Tally()
    protocols: defaultdict[str, _Tally] = defaultdict(_Tally)
    routes: defaultdict[str, _Tally] = defaultdict(_Tally)
    hours: defaultdict[int, _Tally] = defaultdict(_Tally)
    outcomes: Counter[str] = Counter()
    causes: Counter[int] = Counter()
    answered: Counter[int] = Counter()
    talks: Counter[str] = Counter()
    first = last = None
    for record in records:
        route = route_of(record)
        if route not in routes and len(routes) >= MOST_ROUTES:
            route = OTHER_ROUTES
        for tally in (total, protocols[record.protocol], routes[route], hours[int(record.start) // HOUR * HOUR]):
            tally.add(record)
        outcomes[record.outcome] += 1
        if record.cause is not None:
            causes[record.cause] += 1
            answered[record.cause] += record.answered is not None
        if record.duration is not None and record.answered is not None:
            duration = record.duration
            talks[next((str(limit) for limit in _TALK_LIMITS if duration <= limit), "more")] += 1
        first = record.start if first is None else first
        last = max(last or 0.0, record.completed or record.released or record.start)
    seconds = 0.0 if first is None or last is None else last - first
    by_attempts = sorted(routes.items(), key=lambda item: (-item[1].group.attempts, item[0]))
    return Statistics(
        total=total.close("all", seconds),
        protocols=[tally.close(name, seconds) for name, tally in sorted(protocols.items())],
        routes=[tally.close(name, seconds) for name, tally in by_attempts],
        hours=[tally.close(str(hour), HOUR) for hour, tally in sorted(hours.items())],
        outcomes=dict(outcomes.most_common()),
        causes=[CauseCount(cause, cause_name(cause), count, answered[cause]) for cause, count in causes.most_common()],
        talk_seconds={name: talks[name] for name in [*map(str, _TALK_LIMITS), "more"] if talks[name]},
        first=first,
        last=last,
    )


def route_of(record: CallRecord) -> str:
    """Protocol and the two ends: point codes of circuits, addresses without their ports otherwise."""
    if record.opc is not None:
        from .circuits import point_code

        ends = [point_code(code or 0, record.variant) for code in (record.opc, record.dpc)]
    else:
        ends = [_host(record.source), _host(record.destination)]
    return f"{record.protocol} {ends[0]} > {ends[1]}"


def _host(end: str) -> str:
    host, colon, port = end.rpartition(":")
    return host if colon and port.isdigit() else end


def _percent(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 2) if whole else None
