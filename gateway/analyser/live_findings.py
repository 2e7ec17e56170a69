"""Findings that belong to no call, while things happen: of circuits, links and registrations."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Final

from . import findings_circuits, findings_links, findings_sip
from .findings_sip import TIMER_F, registration_key
from .model import Finding, Message

QUIET: Final = 60.0
"""Seconds for which the same trouble of the same link or exchange is not told again."""
BLOCKED: Final = 60.0
"""Seconds for which a circuit is blocked before that is told."""
MOST: Final = 10_000
"""Messages of a kind that are kept."""


class LiveFindings:
    """Takes what the trackers lay aside; gives each finding once."""

    def __init__(self) -> None:
        self._resets: list[tuple[Message, int]] = []
        self._blocked: OrderedDict[tuple[int | None, int | None, int], Message] = OrderedDict()
        self._waiting: OrderedDict[tuple[str, str, str], Message] = OrderedDict()
        self._told: dict[tuple[str, str], float] = {}
        """When a kind of finding was last told, by its text without figures."""

    def take(
        self,
        supervision: Iterable[tuple[Message, int]],
        collisions: Iterable[tuple[Message, int, int]],
        links: Iterable[Message],
        others: Iterable[Message],
        now: float,
    ) -> list[Finding]:
        """What the messages of the last moments, and time itself, tell."""
        found = [*findings_circuits.of_collisions(collisions), *findings_links.of_links(links)]
        found += self._circuits(supervision, now)
        found += self._registrations(others, now)
        return [finding for finding in found if self._is_news(finding, now)]

    def _circuits(self, messages: Iterable[tuple[Message, int]], now: float) -> Iterator[Finding]:
        for message, cic in messages:
            if message.type in ("RSC", "GRS"):
                self._resets.append((message, cic))
            for circuit in findings_circuits.circuits_of(message, cic):
                key = (message.where.opc, message.where.dpc, circuit)
                if message.type in findings_circuits.BLOCKS:
                    self._blocked.setdefault(key, message)
                    if len(self._blocked) > MOST:
                        self._blocked.popitem(last=False)
                else:
                    self._blocked.pop(key, None)
        if self._resets:
            # By their own clock: what an agent sends may be older than now.
            recent = self._resets[-1][0].time - findings_circuits.STORM_SECONDS
            self._resets = [entry for entry in self._resets if entry[0].time >= recent][-MOST:]
            # Their acknowledgements are not kept: what these tell of timers is not true.
            found = findings_circuits.of_supervision(self._resets)
            yield from (finding for finding in found if finding.kind == "reset-storm")
        while self._blocked and now - next(iter(self._blocked.values())).time >= BLOCKED:
            (_, _, cic), message = self._blocked.popitem(last=False)
            yield from findings_circuits.of_supervision([(message, cic)])

    def _registrations(self, messages: Iterable[Message], now: float) -> Iterator[Finding]:
        for message in messages:
            key = registration_key(message)
            if key is None:
                continue
            if message.type == "REGISTER":
                self._waiting.setdefault(key, message)
                if len(self._waiting) > MOST:
                    self._waiting.popitem(last=False)
            elif message.type >= "200":
                request = self._waiting.pop(key, None)
                if request is not None:
                    yield from findings_sip.of_registrations([request, message], now)
        while self._waiting and now - next(iter(self._waiting.values())).time >= TIMER_F:
            _, request = self._waiting.popitem(last=False)
            yield from findings_sip.of_registrations([request])

    def _is_news(self, finding: Finding, now: float) -> bool:
        # A storm goes on with other figures: it is the same storm.
        what = finding.fault if finding.kind == "reset-storm" else finding.text
        key = (finding.kind, what)
        before = self._told.get(key)
        if before is not None and now - before < QUIET:
            return False
        self._told[key] = now
        if len(self._told) > MOST:
            self._told = {key: time for key, time in self._told.items() if now - time < QUIET}
        return True
