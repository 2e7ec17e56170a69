"""How late the signalling process is: its event loop, and what waits in its sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tandem.gateway.log import Line
from tandem.gateway.sip.overload import SAMPLE_SECONDS, Overload
from tandem.gateway.sip.transport import BATCH


class OverloadProbe:
    """Samples the lateness while the loop runs, and tells it to overload control."""

    def __init__(self, loop: asyncio.AbstractEventLoop, overload: Overload, log: Callable[[Line], None]) -> None:
        self._loop = loop
        self._overload = overload
        self._log = log
        self._due = 0.0
        self._behind: dict[int, float] = {}
        """Since when a socket has not been empty, by descriptor; a connection, by its number below zero."""
        self._read: dict[int, float] = {}
        """When much was read of a connection last."""

    def start(self) -> None:
        """Begin, where there is anything to control."""
        if self._overload.bound:
            self._arm(self._loop.time())

    def took(self, descriptor: int, count: int, now: float) -> None:
        """So many datagrams were read from a socket in one go; a whole batch says that more of them wait."""
        self._note(descriptor, count >= BATCH, now)

    def streamed(self, connection: int, more: bool) -> None:
        """A connection was read: whether more of it waits, here or with the peer."""
        now = self._loop.time()
        self._note(-connection, more, now)
        if more:
            self._read[-connection] = now

    def _note(self, source: int, more: bool, now: float) -> None:
        if more:
            self._behind.setdefault(source, now)
        else:
            self._behind.pop(source, None)

    def _forget_quiet(self, now: float) -> None:
        """Nothing waited on a connection after all, when nothing has come of it since."""
        for connection in [one for one, last in self._read.items() if now - last >= SAMPLE_SECONDS]:
            del self._read[connection]
            self._behind.pop(connection, None)

    def _arm(self, now: float) -> None:
        self._due = now + SAMPLE_SECONDS
        self._loop.call_at(self._due, self._sample)

    def _sample(self) -> None:
        now = self._loop.time()
        self._forget_quiet(now)
        late = max(now - self._due, *(now - since for since in self._behind.values()), 0.0)
        if (text := self._overload.sample(late)) is not None:
            begins = self._overload.refusing
            self._log(Line("warning" if begins else "info", "!" if begins else "=", "sip", text))
        self._arm(now)
