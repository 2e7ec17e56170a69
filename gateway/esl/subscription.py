"""Which events one client wants, and how."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tandem.gateway.esl.event import NAMES, Event, Format

#: Most filters of one client.
_MOST_FILTERS = 100


class Subscription:
    """The names, subclasses and filters that a client has asked for."""

    def __init__(self) -> None:
        self.form: Format = "plain"
        self._all = False
        self._names: set[str] = set()
        self._subclasses: set[str] = set()
        self._refused: set[str] = set()
        """Names and subclasses taken back while everything is wanted."""
        self._filters: list[tuple[str, str]] = []
        self.channel = ""
        """With `myevents`: the one channel whose events are wanted."""
        self.changes = 0
        """Grows whenever `names` or `channel` may be others."""

    @property
    def names(self) -> frozenset[str]:
        """Names of the events of which one may be wanted, whatever filters and subclasses say then."""
        return (NAMES if self._all else frozenset(self._names)) - self._refused

    def add(self, words: Iterable[str]) -> bool:
        """Ask for events by name; what follows `CUSTOM` are subclasses. False when no word is a name."""
        self.changes += 1
        known = False
        custom = False
        for word in words:
            name = word.upper()
            if custom and name not in NAMES:
                self._subclasses.add(word)
                self._refused.discard(word)
                continue
            if name == "ALL":
                self._all, known = True, True
                self._refused.clear()
            elif name in NAMES:
                known = True
                custom = name == "CUSTOM" or custom
                self._names.add(name)
                self._refused.discard(name)
        return known

    def remove(self, words: Iterable[str]) -> bool:
        """Take back events by name; False when no word is a name."""
        self.changes += 1
        known = False
        custom = False
        for word in words:
            name = word.upper()
            if custom and name not in NAMES:
                self._subclasses.discard(word)
                self._refused.add(word)
                continue
            if name == "ALL":
                self.clear()
                known = True
            elif name in NAMES:
                known = True
                if name == "CUSTOM":
                    custom = True
                else:
                    self._names.discard(name)
                    self._refused.add(name)
        return known

    def clear(self) -> None:
        """No events any more; filters stay."""
        self.changes += 1
        self._all = False
        self._names.clear()
        self._subclasses.clear()
        self._refused.clear()
        self.channel = ""

    def only(self, channel: str) -> None:
        """All events of one channel, and no others."""
        self.changes += 1
        self._all, self.channel = True, channel
        self._refused.clear()

    def add_filter(self, header: str, value: str) -> bool:
        """Pass events whose `header` has `value`; one filter that matches is enough. False when there are too many."""
        if len(self._filters) >= _MOST_FILTERS:
            return False
        self._filters.append((header, value))
        return True

    def remove_filter(self, header: str, value: str | None) -> None:
        """Take back a filter, or all of a header, or with header `all` every one."""
        if header.lower() == "all":
            self._filters.clear()
            return
        self._filters = [
            (name, wanted)
            for name, wanted in self._filters
            if name.lower() != header.lower() or (value is not None and wanted != value)
        ]

    def wants(self, event: Event) -> bool:
        """Whether the client is to get `event`."""
        if event.name in self._refused or (event.subclass and event.subclass in self._refused):
            return False
        if self.channel and self.channel not in (event.uuid, event.headers.get("Other-Leg-Unique-ID")):
            return False
        if not self._all:
            if event.name not in self._names:
                return False
            if event.subclass and event.subclass not in self._subclasses:
                return False
        return not self._filters or any(_matches(event, header, value) for header, value in self._filters)


def _matches(event: Event, header: str, value: str) -> bool:
    """Whether a filter lets `event` through; `/…/` is a regular expression."""
    found = event.get(header)
    if found is None:
        return False
    if len(value) > 2 and value[0] == value[-1] == "/":
        try:
            return re.search(value[1:-1], found) is not None
        except re.error:
            return False
    return found == value
