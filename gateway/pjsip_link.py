"""The PJSIP process in the loop of the service: started, watched, started again when it is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol

from tandem.core.errors import ConfigurationError, TandemError
from tandem.gateway.pjsip.process import PjsipProcess
from tandem.gateway.pjsip.protocol import Command, EngineConfiguration, Event, Failed, Started

#: How long the process may take to open its ports.
START_SECONDS: Final = 20.0
#: Wait before a process that was lost is started again.
AGAIN_SECONDS: Final = 2.0


class Owner(Protocol):
    """Who hears of it."""

    def pjsip_events(self, events: list[Event]) -> None:
        """The process reported."""

    def pjsip_lost(self, reason: str) -> None:
        """The process is gone; it is being started again."""


class PjsipLink:
    """One PJSIP process at a time."""

    def __init__(self, configuration: EngineConfiguration, owner: Owner) -> None:
        self._configuration = configuration
        self._owner = owner
        self._loop = asyncio.get_running_loop()
        self._process: PjsipProcess | None = None
        self._again: asyncio.TimerHandle | None = None
        self._started: asyncio.Future[None] | None = None
        self._reason = ""
        self._held: list[Event] | None = []
        """What came before `begin`."""

    async def start(self) -> None:
        """Start the process and wait until it is up; ConfigurationError or TandemError says why it is not.

        What it tells is kept until `begin`.
        """
        self._started = self._loop.create_future()
        self._launch()
        try:
            await asyncio.wait_for(self._started, START_SECONDS)
        except TimeoutError:
            raise TandemError(f"the PJSIP process was not ready within {START_SECONDS:.0f} s") from None
        finally:
            self._started = None

    def begin(self) -> None:
        """The owner is ready to hear."""
        held, self._held = self._held, None
        if held:
            self._owner.pjsip_events(held)

    def send(self, commands: Sequence[Command]) -> None:
        """Send commands in order; while there is no process they are nobody's."""
        process = self._process
        if process is not None:
            process.send(commands)
            if process.waiting:
                self._loop.add_writer(process.socket, self._writable)

    def close(self) -> None:
        """End the process in order."""
        if self._again is not None:
            self._again.cancel()
        if self._process is not None:
            self._forget().close()

    # --- inside

    def _launch(self) -> None:
        self._again = None
        self._reason = ""
        self._process = PjsipProcess.start(self._configuration)
        self._loop.add_reader(self._process.socket, self._readable)

    def _forget(self) -> PjsipProcess:
        process = self._process
        assert process is not None, "there is one"
        self._loop.remove_reader(process.socket)
        self._loop.remove_writer(process.socket)
        self._process = None
        return process

    def _readable(self) -> None:
        process = self._process
        if process is None:
            return
        events = process.receive()
        for event in events:
            if isinstance(event, Failed):
                self._reason = event.reason
            elif isinstance(event, Started) and self._started is not None and not self._started.done():
                self._started.set_result(None)
        if self._held is not None:
            self._held += events
        elif events:
            self._owner.pjsip_events(events)
        if process.closed and self._process is process:
            status = self._forget().close()
            self._lost(status)

    def _lost(self, status: int) -> None:
        """Refuse to start with what cannot be had; but once up, stay up."""
        if self._started is not None:
            if not self._started.done():
                reason = self._reason or f"the PJSIP process ended with status {status} before it was ready"
                self._started.set_exception(ConfigurationError(reason))
            return
        reason = self._reason or f"the PJSIP process ended with status {status}; its calls are lost"
        self._again = self._loop.call_later(AGAIN_SECONDS, self._launch)
        self._owner.pjsip_lost(f"{reason}; started again in {AGAIN_SECONDS:.0f} s")

    def _writable(self) -> None:
        process = self._process
        if process is not None:
            process.flush()
            if not process.waiting:
                self._loop.remove_writer(process.socket)
