"""Who may connect to the event socket: the access list, and those who said wrong passwords."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeVar

from tandem.gateway.sip.sources import Sources

_Value = TypeVar("_Value")

#: The time in which wrong passwords count together, in seconds.
WINDOW: Final = 60.0
#: Most addresses that are remembered; of more, the oldest is forgotten.
MOST_ADDRESSES: Final = 10_000


class Guard:
    """Judges addresses."""

    def __init__(self, allow: Iterable[str], wrong_passwords: int, ban_seconds: float) -> None:
        """`allow` are addresses and networks; `wrong_passwords` within a minute ban an address, 0: none does."""
        self._most = wrong_passwords
        self._seconds = ban_seconds
        self._wrong: dict[str, list[float]] = {}
        self._banned: dict[str, float] = {}
        self.allow(allow)

    def allow(self, entries: Iterable[str]) -> None:
        """Another access list from now on."""
        self._sources = Sources(entries)

    def limit(self, wrong_passwords: int, ban_seconds: float) -> None:
        """Another limit from now on; who is banned stays so."""
        self._most, self._seconds = wrong_passwords, ban_seconds

    def refuses(self, host: str, now: float) -> str:
        """Why `host` may not connect, empty when it may."""
        host = host.removeprefix("::ffff:")
        if (host, 0) not in self._sources:
            return "it is not in `allow`"
        until = self._banned.get(host)
        if until is None:
            return ""
        if now < until:
            return "it said wrong passwords"
        del self._banned[host]
        return ""

    def wrong(self, host: str, now: float) -> bool:
        """`host` said a wrong password; True when it is banned for that."""
        host = host.removeprefix("::ffff:")
        if not self._most:
            return False
        times = [when for when in self._wrong.pop(host, []) if when > now - WINDOW]
        times.append(now)
        if len(times) >= self._most:
            _put(self._banned, host, now + self._seconds)
            return True
        _put(self._wrong, host, times)
        return False


def _put(table: dict[str, _Value], host: str, value: _Value) -> None:
    if len(table) >= MOST_ADDRESSES:
        del table[next(iter(table))]
    table[host] = value
