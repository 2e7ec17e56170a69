"""`tandem run`: the one place with a clock, sockets and signals. Feeds a Node and carries out what it wants."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import math
import os
import secrets
import signal
import socket
import time
from collections.abc import Sequence
from pathlib import Path

import uvloop

from tandem.core.errors import ConfigurationError, TandemError
from tandem.gateway.associations import Associations
from tandem.gateway.calls.accounting import Record
from tandem.gateway.capture import CaptureWriter
from tandem.gateway.configuration.check_pjsua2 import engine_configuration
from tandem.gateway.configuration.check_sip import listeners, tls_files
from tandem.gateway.configuration.ranges import parse_endpoint
from tandem.gateway.configuration.schema import Configuration
from tandem.gateway.configuration.spans import companding_law
from tandem.gateway.huge_pages import take_huge_pages
from tandem.gateway.log import Line, Logger
from tandem.gateway.media.process import MediaProcess
from tandem.gateway.media.protocol import Command, Event, Failed, MediaConfiguration, Ready, SpanConfiguration
from tandem.gateway.moderated_reader import ModeratedReader
from tandem.gateway.node import Node
from tandem.gateway.operations import Operations
from tandem.gateway.overload_probe import OverloadProbe
from tandem.gateway.pjsip.protocol import Event as PjsipEvent
from tandem.gateway.pjsip_link import PjsipLink
from tandem.gateway.records.delivery import Delivery
from tandem.gateway.records.keeper import Keeper
from tandem.gateway.signalling_setup import channels
from tandem.gateway.sip.endpoint import TransportName
from tandem.gateway.sip.location import Answer
from tandem.gateway.sip.resolver import Resolver
from tandem.gateway.sip.stream_transport import StreamTransport
from tandem.gateway.sip.tls import TlsContexts
from tandem.gateway.sip.transport import open_socket, receive_all, send
from tandem.gateway.supervisor import Supervisor
from tandem.gateway.wall_clock import wall_clock_offset

#: How long the media process may take to open its spans and ports.
START_SECONDS = 20.0
#: Interval of housekeeping: records to disk, capture to disk, clock offset, timers that have drifted.
HOUSEKEEPING_SECONDS = 1.0
#: Longest that the peers' answers are waited for when the signalling is taken down: one T(ack) for each of three.
SIGNALLING_SECONDS = 6.0
#: How long receivers of call records may take for the last of them; what they do not take waits for the next start.
DELIVERY_SECONDS = 2.0
#: How long links say SIOS before the lines go quiet; level 2 of the peer takes one.
OUT_OF_SERVICE_SECONDS = 0.1


def serve(configuration: Configuration, logger: Logger, path: Path | None = None) -> None:
    """Run a gateway in this process until it is told to stop; TandemError says why it could not run.

    `path` is where the configuration came from: it can be read again (SIGHUP, `tandem reload`).
    """
    # What start-up made lives as long as the process: keep the collector off it, and away from a call in progress.
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)

    async def main() -> None:
        await Service(configuration, logger, path).run()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


def not_before(deadline: float) -> float:
    """The first moment from `deadline` on that uvloop can wait for, in seconds of its clock.

    It counts whole milliseconds, and rounds what it is asked for. A timer that it has rounded down is called too early,
    and armed anew for the rest it is called at once, again and again until the millisecond is over.
    """
    moment = math.ceil(deadline * 1000) / 1000
    return moment if moment >= deadline else moment + 0.001  # what floating point has rounded down


class Service:
    """A running gateway; made inside the event loop that it runs in."""

    def __init__(self, configuration: Configuration, logger: Logger, path: Path | None = None) -> None:
        """Open records and capture; ConfigurationError says what cannot be opened."""
        self.configuration = configuration
        self.logger = logger
        self._records = Keeper(configuration.node.records)
        self._records_error: str | None = None
        self._supervisor = Supervisor()
        self._delivery = Delivery(configuration.records, configuration.node.records)
        self._capture = _open_capture(configuration, logger)
        self.clock_offset = wall_clock_offset()
        """Seconds from the time of the loop to that since 1970: the same for records and events."""
        self.node = Node(
            configuration,
            token=lambda: secrets.token_hex(8),
            wall_clock=lambda now: now + self.clock_offset,
            capture=self._capture,
            messages_logged=logger.wants_messages,
        )
        self._associations = Associations(configuration, self)
        self._loop = asyncio.get_running_loop()
        self._media: MediaProcess | None = None
        self._sip: dict[bool, socket.socket] = {}
        """The UDP sockets of SIP, by whether they are of IPv6."""
        self._sip_readers: list[ModeratedReader] = []
        self._tls: TlsContexts | None = None
        self._streams: StreamTransport | None = None
        self._resolver: Resolver | None = None
        engine = engine_configuration(configuration)
        self._pjsip = None if engine is None else PjsipLink(engine, self)
        self._timer: asyncio.TimerHandle | None = None
        self._deadline: float | None = None
        self._stopping = asyncio.Event()
        self._early_events: list[Event] = []
        """What the media process said together with Ready."""
        self._idle = asyncio.Event()
        self._draining = False
        self.leaving = False
        """SIGUSR1 has come, or an order to leave after the last call."""
        self._signalling_stopped = asyncio.Event()
        self._stopping_signalling = False
        self._failure: str | None = None
        self._operations = Operations(self, path)
        self._probe = OverloadProbe(self._loop, self.node.sip.overload, self._log)

    async def run(self) -> None:
        """Run until SIGTERM or SIGINT, or until the media process is lost; TandemError says why it could not go on."""
        loop = self._loop
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        loop.add_signal_handler(signal.SIGUSR1, self._drain)
        loop.add_signal_handler(signal.SIGHUP, self._operations.hang_up_signal)
        try:
            await self._open_sip()
            if self._pjsip is None:
                ports = await self._start_media()
            else:
                ports, _ = await asyncio.gather(self._start_media(), self._pjsip.start())
            loop.add_reader(self._require_media().socket, self._media_readable)
            for opened in self._sip.values():
                reader = ModeratedReader(loop, opened, self._sip_readable)
                self._sip_readers.append(reader)
                reader.start()
            self._log(Line("info", "=", "gateway", f"{self.configuration.node.name} is up, process {os.getpid()}"))
            self.node.start(ports, loop.time())
            self.node.media_events(self._early_events, loop.time())
            self._act()
            if self._pjsip is not None:
                self._pjsip.begin()
            await self._associations.start()
            await self._operations.start()
            self._probe.start()
            self._account_for_the_dead()
            self._delivery.start()
            if self._operations.metrics is not None:
                self._operations.metrics.receivers = self._delivery.counters
            housekeeping = asyncio.create_task(self._keep_house())
            take_huge_pages()
            self._supervisor.ready(self._status())
            await self._stopping.wait()
            self._supervisor.stopping()
            if self._failure is None:
                await self._shut_down()
            else:
                self.node.abandon(self._failure, loop.time())
                self._act()
            housekeeping.cancel()
            await self._associations.close()
            await self._operations.close()
            if self._streams is not None:
                await self._streams.close()
            if self._resolver is not None:
                await self._resolver.close()
        finally:
            self._close()
        if self._failure is not None:
            raise TandemError(self._failure)

    # --- starting and stopping

    async def _open_sip(self) -> None:
        sip = self.configuration.sip
        if sip is None:
            return
        addresses = listeners(sip)
        self._tls = TlsContexts(tls_files(sip, self.configuration.trunk))
        self._streams = StreamTransport(self, addresses, self._tls, self._probe.streamed)
        self._resolver = Resolver([parse_endpoint(server, 53) for server in sip.nameservers], self._dns_answer)
        try:
            for listener in addresses:
                if listener.transport == "udp":
                    try:
                        self._sip[":" in listener.host] = open_socket((listener.host, listener.port))
                    except OSError as error:
                        raise OSError(error.errno, error.strerror, listener.sent_by) from None
            await self._streams.start()
        except OSError as error:
            path = "sip.listen" if error.filename == sip.listen else "sip.also_listen"
            raise ConfigurationError(f"{path}: {error.filename} cannot be opened: {error.strerror}") from None

    async def _start_media(self) -> list[int]:
        """Start the media process and wait for its ports."""
        media = self._media = MediaProcess.start(_media_configuration(self.configuration))
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[list[int]] = loop.create_future()

        def readable() -> None:
            for event in media.receive():
                if isinstance(event, Ready) and not ready.done():
                    ready.set_result(event.ports)
                elif isinstance(event, Failed) and not ready.done():
                    ready.set_exception(ConfigurationError(event.reason))
                else:
                    self._early_events.append(event)
            if media.closed and not ready.done():
                ready.set_exception(TandemError("the media process ended before it was ready"))

        loop.add_reader(media.socket, readable)
        try:
            return await asyncio.wait_for(ready, START_SECONDS)
        except TimeoutError:
            raise TandemError(f"the media process was not ready within {START_SECONDS:.0f} s") from None
        finally:
            loop.remove_reader(media.socket)

    def _drain(self) -> None:
        """Leave without dropping a call: none is taken any more, and after the last one the gateway stops."""
        if self.leaving or self._stopping.is_set():
            return
        self.leaving = True
        count = len(self.node.control.calls)
        text = f"leaving: no new calls; {count} go on, then it stops (SIGTERM ends them)"
        self._log(Line("info", "=", "gateway", text))
        self.node.drain(self._loop.time())
        self._act()

    def leave(self, how: str) -> None:
        """End `now`, or `elegant` after the last call; `cancel` takes an elegant end back."""
        if how == "elegant":
            self._drain()
        elif how == "now":
            self._stopping.set()
        elif self.leaving and not self._stopping.is_set():
            self.leaving = False
            self._log(Line("info", "=", "gateway", "stays: calls are taken again"))
            self.node.resume(self._loop.time())
            self._act()

    def act(self) -> None:
        """Carry out what the node wants: somebody gave it an order."""
        self._act()

    async def _shut_down(self) -> None:
        """No new calls, circuits blocked, calls cleared, records flushed; at most `shutdown_seconds`."""
        loop = asyncio.get_running_loop()
        self._log(Line("info", "=", "gateway", "shutting down: no new calls, circuits being blocked"))
        self.node.shut_down(loop.time())
        self._draining = True
        self._act()
        end = loop.time() + self.configuration.node.shutdown_seconds
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(end):
                await self._idle.wait()
        if not self.node.idle:
            self._log(Line("warning", "!", "gateway", "stopping although calls or blockings are still open"))
        self.node.stop(loop.time())
        self._stopping_signalling = True
        self._act()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SIGNALLING_SECONDS):
                await self._signalling_stopped.wait()
        if self.node.signalling.links:
            await asyncio.sleep(OUT_OF_SERVICE_SECONDS)

    def _close(self) -> None:
        loop = self._loop
        if self._timer is not None:
            self._timer.cancel()
        if self._media is not None:
            loop.remove_reader(self._media.socket)
            loop.remove_writer(self._media.socket)
            self._media.close()
        if self._pjsip is not None:
            self._pjsip.close()
        for reader in self._sip_readers:
            reader.stop()
        for opened in self._sip.values():
            opened.close()
        self._records.close()
        for line in self._delivery.stop(DELIVERY_SECONDS):
            self._log(line)
        if self._capture is not None:
            self._capture.close()
        self._log(Line("info", "=", "gateway", "stopped"))

    # --- what the associations say

    def association_up(self, association: str, streams: int) -> None:
        """An association came up."""
        self.node.association_up(association, streams, self._loop.time())
        self._act()

    def association_down(self, association: str, reason: str) -> None:
        """An association was lost."""
        self.node.association_down(association, reason, self._loop.time())
        self._act()

    def path_changed(self, association: str, address: str, works: bool) -> None:
        """One of several paths of an association failed or came back; traffic takes another by itself."""
        text = f"path to {address} {'works' if works else 'failed'}"
        self._log(Line("info" if works else "warning", "=" if works else "!", f"association {association}", text))

    def message_received(self, association: str, octets: bytes, stream: int, ppid: int) -> None:
        """A whole message came."""
        self.node.association_message(association, octets, stream, self._loop.time())
        self._act()

    def _dns_answer(self, answer: Answer) -> None:
        self.node.dns_answer(answer, self._loop.time())
        self._act()

    # --- what the PJSIP process says

    def pjsip_events(self, events: list[PjsipEvent]) -> None:
        """It reported."""
        self.node.pjsip_events(events, self._loop.time())
        self._act()

    def pjsip_lost(self, reason: str) -> None:
        """It is gone; another is started."""
        self._log(Line("error", "!", "engine pjsua2", reason))
        self.node.pjsip_lost(self._loop.time())
        self._act()

    # --- what the connections of SIP say

    def stream_accepted(self, transport: TransportName, host: str, port: int) -> int | None:
        """A peer connects."""
        number = self.node.stream_accepted(transport, host, port, self._loop.time())
        self._act()
        return number

    def stream_connected(self, number: int, names: tuple[str, ...]) -> None:
        """A connection of ours is open, or TLS on one of a peer."""
        self.node.stream_connected(number, names, self._loop.time())
        self._act()

    def stream_received(self, number: int, octets: bytes) -> None:
        """Octets came."""
        self.node.stream_received(number, octets, self._loop.time())
        self._act()

    def stream_closed(self, number: int, reason: str) -> None:
        """A connection is gone."""
        self.node.stream_closed(number, reason, self._loop.time())
        self._act()

    def stream_blocked(self, number: int, blocked: bool) -> None:
        """The peer of a connection stopped reading, or reads again."""
        self.node.stream_blocked(number, blocked, self._loop.time())
        self._act()

    # --- the pump: one input, drain, re-arm

    def _sip_readable(self, opened: socket.socket) -> int:
        now = self._loop.time()
        datagrams = receive_all(opened)
        self._probe.took(opened.fileno(), len(datagrams), now)
        for data, source in datagrams:
            self.node.datagram(data, source, now)
        self._act()
        return len(datagrams)

    def _media_readable(self) -> None:
        media = self._require_media()
        events = media.receive()
        for event in events:
            if isinstance(event, Failed):
                self._fail(event.reason)
        self.node.media_events(events, self._loop.time())
        self._act()
        if media.closed and not self._stopping.is_set():
            self._fail("the media process is gone; see its message above")

    def _timer_due(self) -> None:
        self._timer, self._deadline = None, None
        now, deadline = self._loop.time(), self.node.next_deadline()
        if deadline is None or deadline <= now:
            self.node.handle_timers(now)
            self._act()
        else:  # what this one was armed for has been stopped meanwhile
            self._arm(deadline)

    def _act(self) -> None:
        """Carry out what the node wants and arm its one timer."""
        effects = self.node.effects()
        # Before anything is sent: a peer may answer, and log its answer, before we come to log what it answers.
        stamp = time.time() if effects.lines else 0.0
        if effects.datagrams:
            self._send_datagrams(effects.datagrams)
        if effects.queries and self._resolver is not None:
            self._resolver.ask(effects.queries)
        if effects.streams and self._streams is not None:
            self._streams.carry_out(effects.streams)
        if effects.media:
            self._send_media(effects.media)
        if effects.pjsip and self._pjsip is not None:
            self._pjsip.send(effects.pjsip)
        if effects.associations:
            self._associations.carry_out(effects.associations)
        if effects.provisional or effects.dropped:
            self._records.begin(effects.provisional, effects.dropped)
        if effects.records:
            self._write_records(effects.records)
        for line in effects.lines:
            self.logger.write(line, stamp)
        if self.node.notices:
            self._operations.publish()
        if effects.channels:
            self._operations.channel_events(effects.channels)
        if self.node.switchboard.sockets:
            self._operations.connect_out()
        if self.leaving and self.node.drained:
            self._stopping.set()
        if self._draining and self.node.idle:
            self._idle.set()
        if self._stopping_signalling and self.node.stopped:
            self._signalling_stopped.set()
        self._arm(self.node.next_deadline())

    def _write_records(self, records: Sequence[Record]) -> None:
        self._records.write(records)
        for record in records:
            self._operations.record(record)
        self._delivery.wake()

    def _account_for_the_dead(self) -> None:
        """Tell of calls that the process before this one had when it was killed, and end them at their peers."""
        left = self._records.left_behind
        if not left:
            return
        for call in left:
            self._operations.record(call.record)
        up = sum(call.record.answer_time is not None for call in left)
        text = f"the gateway was killed with {len(left)} call(s), {up} of them answered; their records are written now"
        self._log(Line("warning", "!", "records", text))
        self.node.bid_farewell([farewell for call in left for farewell in call.farewells], self._loop.time())
        self._act()

    def _arm(self, deadline: float | None) -> None:
        """Have `_timer_due` called as soon as `deadline` has come, unless it will be called earlier.

        A timer that is armed too early stays: firing once for nothing is cheaper than arming anew for each input.
        """
        if deadline is not None and (self._deadline is None or deadline < self._deadline):
            if self._timer is not None:
                self._timer.cancel()
            self._deadline = deadline
            self._timer = self._loop.call_at(not_before(deadline), self._timer_due)

    def _send_datagrams(self, datagrams: Sequence[tuple[bytes, tuple[str, int]]]) -> None:
        sockets = self._sip
        if len(sockets) == 1:
            ((six, opened),) = sockets.items()
            # A peer of PJSIP that is told of the end of its process may be of the other version.
            send(opened, [one for one in datagrams if (":" in one[1][0]) is six])
            return
        for datagram in datagrams:
            chosen = sockets.get(":" in datagram[1][0])
            if chosen is not None:
                send(chosen, (datagram,))

    def _send_media(self, commands: Sequence[Command]) -> None:
        media = self._require_media()
        media.send(commands)
        if media.waiting:
            self._loop.add_writer(media.socket, self._media_writable)

    def _media_writable(self) -> None:
        media = self._require_media()
        media.flush()
        if not media.waiting:
            self._loop.remove_writer(media.socket)

    async def _keep_house(self) -> None:
        while True:
            await asyncio.sleep(HOUSEKEEPING_SECONDS)
            self.clock_offset = wall_clock_offset()
            self._records.sync()
            if self._records.error != self._records_error:
                self._records_error = self._records.error
                waiting = self._records.waiting
                text = f"cannot be written: {self._records.error}; {waiting} wait in memory, free some space"
                line = Line("error", "!", "records", text)
                self._log(line if self._records.error else Line("info", "=", "records", "are written again"))
            if self._operations.alarms is not None:
                self._operations.alarms.records_error = self._records.error or self._delivery.error
            for line in self._delivery.news():
                self._log(line)
            if self._capture is not None:
                self._capture.flush()
            self._operations.keep_house()
            self._supervisor.alive(self.node.media_report, self._loop.time(), self._status())
            if self._tls is not None and (wrong := self._tls.refresh()) is not None:
                line = Line("error", "!", "sip.tls", f"{wrong}; the old certificates stay in use")
                self._log(line if wrong else Line("info", "=", "sip.tls", "certificates were read again"))

    def _status(self) -> str:
        calls = len(self.node.control.calls)
        return f"{calls} call{'' if calls == 1 else 's'}{'' if self.node.control.accepting else ', takes no new ones'}"

    def _fail(self, reason: str) -> None:
        self._failure = self._failure or reason
        self._stopping.set()
        self._idle.set()

    def _require_media(self) -> MediaProcess:
        assert self._media is not None, "the media process is started before anything uses it"
        return self._media

    def _log(self, line: Line) -> None:
        self.logger.write(line, time.time())


def _open_capture(configuration: Configuration, logger: Logger) -> CaptureWriter | None:
    wanted = any(span.capture for span in configuration.span)
    wanted = wanted or any(linkset.capture for linkset in configuration.ss7.linkset)
    wanted = wanted or (configuration.sip is not None and configuration.sip.capture)
    if not wanted:
        return None
    node = configuration.node
    return CaptureWriter(
        Path(node.capture_file),
        clock_offset=wall_clock_offset(),
        limit=node.capture_megabytes * 1_000_000,
        on_failure=lambda reason: logger.write(Line("error", "!", "capture", reason), time.time()),
    )


def _media_configuration(configuration: Configuration) -> MediaConfiguration:
    return MediaConfiguration(
        spans=[
            SpanConfiguration(span.name, span.device, companding_law(span), span.framing, span.loss_window)
            for span in configuration.span
        ],
        channels=channels(configuration),
        rtp_address=configuration.media.address,
        rtp_address_v6=configuration.media.address_v6,
        rtp_ports=configuration.media.ports,
        tones=configuration.media.tones,
        clock=configuration.media.clock,
        elastic_store=configuration.media.elastic_store,
        elastic_store_max=configuration.media.elastic_store_max,
        rtcp=configuration.media.rtcp,
        jitter_ms=(configuration.media.jitter_min_ms, configuration.media.jitter_max_ms),
    )
