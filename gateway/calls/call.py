"""A call: two half-calls, and what its record will say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tandem.gateway.calls.accounting import Record, ReleasedBy, timestamp
from tandem.gateway.calls.half_call import HalfCall
from tandem.gateway.calls.model import Information, Release, Setup
from tandem.gateway.calls.routing import Attempt


@dataclass(slots=True, eq=False)
class Call:
    """Two half-calls, and what the record will say."""

    identity: str
    incoming: HalfCall
    setup: Setup
    attempts: Iterator[Attempt]
    setup_time: float
    outgoing: HalfCall | None = None
    attempt: Attempt | None = None
    attempts_made: int = 0
    progress_time: float | None = None
    alerting_time: float | None = None
    answer_time: float | None = None
    release_time: float | None = None
    release: Release | None = None
    released_by: ReleasedBy = "gateway"
    more: Information | None = None
    """Digits that came after the setup, all of them: another attempt needs them too."""
    parked: Attempt | None = None
    """The attempt that waits until the way to here is whole."""
    passed_backward: bool = False
    """Something audible or final went to the caller: no fall-back any more."""
    open_halves: int = 1
    waiting_statistics: set[int] = field(default_factory=set)
    recorded: bool = False
    linked: list[str] = field(default_factory=list)
    """Calls that its parties were in before."""
    last: Record | None = None
    """Its record as it was last made after its end: only statistics of RTP legs can be new."""
    stamps: dict[float | None, str | None] = field(default_factory=lambda: {None: None})
    """Its times as the record has them: each is put into words once."""

    def record(self, release: Release, node: str, wall_clock: Callable[[float], float]) -> Record:
        """What is known of it as a record that ends with `release`; `wall_clock` gives seconds since 1970."""
        last, incoming = self.last, self.incoming.leg
        outgoing = None if self.outgoing is None else self.outgoing.leg
        if last is not None and last.incoming is incoming and last.outgoing is outgoing and release is self.release:
            return last  # its legs are those of the call, with all that has come since
        progress, alerting, answered, ended = (
            self.progress_time,
            self.alerting_time,
            self.answer_time,
            self.release_time,
        )
        begun, stamps = self.setup_time, self.stamps
        for moment in (begun, progress, alerting, answered, ended):
            if moment not in stamps:
                stamps[moment] = timestamp(wall_clock(moment))  # type: ignore[arg-type]  # None is there
        heard = progress
        for moment in (alerting, answered):
            if moment is not None and (heard is None or moment < heard):
                heard = moment
        record = Record(
            id=self.identity,
            node=node,
            incoming=incoming,
            outgoing=outgoing,
            route=self.attempt.route if self.attempt else "",
            attempts=self.attempts_made,
            setup_time=stamps[begun],
            progress_time=stamps[progress],
            alerting_time=stamps[alerting],
            answer_time=stamps[answered],
            release_time=stamps[ended],
            post_dial_delay_ms=None if heard is None else round((heard - begun) * 1000),
            duration_ms=round((ended - answered) * 1000) if ended is not None and answered is not None else 0,
            cause=int(release.cause),
            location=int(release.location),
            released_by=self.released_by,
            diagnostic=release.diagnostic,
            result="answered" if answered is not None else "failed",
            linked=self.linked,
        )
        if ended is not None and release is self.release:
            self.last = record
        return record
