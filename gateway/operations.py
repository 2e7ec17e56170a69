"""What operators have of a running gateway: event socket, commands, audit; the one place where these meet files."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
import uuid
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tandem.core.errors import ConfigurationError
from tandem.gateway.applications.events import ChannelEvent, Happening, Interest
from tandem.gateway.calls.accounting import Record
from tandem.gateway.capture import CaptureWriter
from tandem.gateway.configuration.difference import Change, differences, refusal
from tandem.gateway.configuration.load import load
from tandem.gateway.configuration.ranges import parse_endpoint
from tandem.gateway.configuration.schema import Configuration, Web
from tandem.gateway.configuration.summary import rtp_legs
from tandem.gateway.esl.channel import event_headers, happenings, headers_of
from tandem.gateway.esl.control import ChannelControl
from tandem.gateway.esl.event import Stamp
from tandem.gateway.esl.server import EventServer
from tandem.gateway.log import LEVELS, Line, Logger
from tandem.gateway.node import Node
from tandem.gateway.operator.audit import AuditFile
from tandem.gateway.operator.command import CommandError
from tandem.gateway.operator.desk import Desk
from tandem.gateway.operator.general import duration
from tandem.gateway.operator.table import command_table
from tandem.gateway.wall_clock import wall_clock_offset

if TYPE_CHECKING:
    from tandem.gateway.web.alarms import AlarmList
    from tandem.gateway.web.metrics import Metrics
    from tandem.gateway.web.server import WebServer
    from tandem.gateway.web.view import View

#: Port of a program that channels are handed to, where none is given.
OUTBOUND_PORT = 8084
#: How long such a program may take to accept the connection.
CONNECT_SECONDS = 5.0
#: How long a program may linger that does not say how long.
LINGER_SECONDS = 600.0
#: Seconds between two calls of `keep_house`; what it is more is how late the event loop was.
KEEPING_SECONDS = 1.0


class Process(Protocol):
    """What operations need of the service."""

    node: Node
    logger: Logger
    configuration: Configuration
    leaving: bool
    clock_offset: float
    """Seconds from the time of the loop to that since 1970."""

    def act(self) -> None:
        """Carry out what the node wants."""
        ...

    def leave(self, how: str) -> None:
        """`now`: end; `elegant`: end after the last call; `cancel`: take `elegant` back."""
        ...


class Operations:
    """The operator's side of a service; also the host of commands."""

    def __init__(self, service: Process, path: Path | None) -> None:
        """`path` is the configuration file, None where there is none to read again; opens the audit file."""
        self.started = time.time()
        self._service = service
        self._path = path
        self._capture: CaptureWriter | None = None
        self._audit: AuditFile | None = None
        self._audit_error: str | None = None
        self._kept_house: float | None = None
        self.alarms: AlarmList | None = None
        self.metrics: Metrics | None = None
        self._view: View | None = None
        self._heart: asyncio.Task[None] | None = None
        self._connecting: set[asyncio.Task[None]] = set()
        self.server: EventServer | None = None
        configuration = service.configuration
        self.desk = Desk(service.node, self, command_table(), self._clocks, self._write_audit)
        self.stamp = Stamp(str(uuid.uuid4()), socket.gethostname(), configuration.node.name, time.time)
        web_orders = configuration.web is not None and configuration.web.changes
        if configuration.event_socket is not None or web_orders:
            self._audit = AuditFile(configuration.node.audit_file)
        if configuration.event_socket is not None:
            self._control = ChannelControl(service.node, asyncio.get_running_loop().time)
            self.server = EventServer(
                configuration.event_socket, self.desk, self.stamp, self._control, self._log, service.act
            )
            self.server.changed, self.server.left = self._clients_changed, self._client_left
            service.logger.listeners.append(self.server.logged)
        self.web: WebServer | None = None
        if configuration.web is not None:
            self._open_web(configuration.web)

    async def start(self) -> None:
        """Take clients."""
        if self.server is not None:
            await self.server.start()
            self._heart = asyncio.create_task(self._beat())
        if self.web is not None:
            await self.web.start()

    def record(self, record: Record) -> None:
        """A call attempt ended."""
        if self.metrics is not None and self._view is not None:
            self.metrics.record(record)
            self._view.record(record)

    async def close(self) -> None:
        """Tell the clients that it is over, and close every file."""
        if self.web is not None:
            await self.web.close()
        for task in (self._heart, *self._connecting):
            if task is not None:
                task.cancel()
        if self.server is not None:
            self.server.publish(self.stamp("SHUTDOWN", {"Event-Info": "System Shutting Down"}))
            await self.server.close()
        if self._capture is not None:
            self.stop_capture()
        if self._audit is not None:
            self._audit.close()

    def channel_events(self, events: Sequence[ChannelEvent]) -> None:
        """Tell the clients what happened to channels, and whoever waits for a call that it is made."""
        for event in events:
            if event.what is Happening.BACKGROUND_JOB:
                self.desk.job_done(event.data["job"], event.data["result"])
            elif self.server is not None:
                self._publish_channel(self.server, event)

    def _publish_channel(self, server: EventServer, event: ChannelEvent) -> None:
        headers = event_headers(event, self._service.clock_offset)
        if name := self._control.name_of(event):
            headers["Application-UUID"] = name
        server.publish(self.stamp(event.what.name, headers))
        if event.what is Happening.CHANNEL_HANGUP_COMPLETE and event.channel is not None:
            for client in server.clients_of(event.channel.uuid):
                client.session.channel_ended(headers)
                client.carry_out()
                if (seconds := client.session.linger_seconds) is not None:
                    loop = asyncio.get_running_loop()
                    loop.call_later(seconds or LINGER_SECONDS, client.leave, "it has lingered long enough")

    def connect_out(self) -> None:
        """Connect to the programs that channels want to be handed to (application `socket`)."""
        board = self._service.node.switchboard
        wanted, board.sockets = board.sockets, []
        for channel, arguments in wanted:
            task = asyncio.create_task(self._connect_out(channel, arguments))
            self._connecting.add(task)
            task.add_done_callback(self._connecting.discard)

    async def _connect_out(self, channel: str, arguments: str) -> None:
        where = arguments.split()[0] if arguments.split() else ""
        try:
            if self.server is None:
                raise ValueError("there is no [event_socket] in the configuration")
            host, port = parse_endpoint(where, OUTBOUND_PORT)
            data = headers_of(self._service.node.switchboard.dump(channel), self._service.clock_offset)
            async with asyncio.timeout(CONNECT_SECONDS):
                await self.server.connect_out(host, port, channel, data)
        except LookupError:
            return  # the channel has ended meanwhile
        except (OSError, ValueError, TimeoutError) as error:
            reason = "no answer" if isinstance(error, TimeoutError) else error
            text = f"{channel} cannot be handed to {where or 'nobody'}: {reason}"
            self._log(Line("warning", "!", "event socket", text))
            self._client_left(channel)

    def _clients_changed(self) -> None:
        if self.server is None:
            return
        everywhere, channels = self.server.wanted()
        node = self._service.node
        node.switchboard.interest = Interest(
            happenings(everywhere), {channel: happenings(names) for channel, names in channels.items()}
        )
        node.watch("CUSTOM" in everywhere)
        if not self.server.listening:
            self._control.clear()

    def _client_left(self, channel: str) -> None:
        """The program that had a channel is gone: the channel goes on with what is behind it."""
        now = asyncio.get_running_loop().time()
        with contextlib.suppress(LookupError):
            self._service.node.operate(lambda board: board.stop(channel, now), now)
        self._service.act()

    def publish(self) -> None:
        """Tell the clients what the node has noticed."""
        notices = self._service.node.notices
        if not notices:
            return
        now, notices[:] = notices[:], []
        if self.server is not None:
            for notice in now:
                self.server.publish(self.stamp("CUSTOM", {"Event-Subclass": f"tandem::{notice.kind}", **notice.facts}))

    def keep_house(self) -> None:
        """Once a second: the capture to disk, what is wrong to the log."""
        now = asyncio.get_running_loop().time()
        if self.alarms is not None and self.metrics is not None:
            late = 0.0 if self._kept_house is None else max(0.0, now - self._kept_house - KEEPING_SECONDS)
            self.metrics.lag = self.alarms.lag = late
            for line in self.alarms.look(time.time()):
                self._log(line)
        self._kept_house = now
        if self._capture is not None:
            self._capture.clock_offset = wall_clock_offset()
            self._capture.flush()

    # --- Host

    def version(self) -> str:
        """Version of Tandem."""
        try:
            return version("tandem-gateway")
        except PackageNotFoundError:  # run from a source tree that is not installed
            return "0"

    @property
    def leaving(self) -> bool:
        """Whether an elegant end is under way."""
        return self._service.leaving

    def stop(self, how: str) -> None:
        """End the gateway."""
        # After the answer has gone out: whoever ordered it is told so.
        asyncio.get_running_loop().call_soon(self._service.leave, how)

    def log_level(self) -> str:
        """Least level of the log."""
        threshold = self._service.logger.threshold
        return next(name for name, number in LEVELS.items() if number == threshold)

    def set_log_level(self, level: str) -> None:
        """Least level of the log from now on."""
        self._service.logger.threshold = LEVELS[level]

    def start_capture(self, name: str) -> str:
        """Write all signalling to a file of this name beside the configured capture file."""
        if self._capture is not None:
            raise CommandError(f"already captured to {self._capture.path}; `capture stop` ends it")
        node = self._service.configuration.node
        if not name or Path(name).name != name or name.startswith("."):
            raise CommandError(f"{name!r} is no file name; folders cannot be chosen here")
        path = Path(node.capture_file).parent / name
        if path.exists():
            raise CommandError(f"{path} exists; give another name")
        offset = wall_clock_offset()
        limit = node.capture_megabytes * 1_000_000
        writer = CaptureWriter(path, limit, clock_offset=offset, on_failure=self._capture_failed)
        if writer.failure is not None:
            raise CommandError(writer.failure)
        self._capture = writer
        self._service.node.capture_everything(writer)
        return f"all signalling goes to {path}"

    def stop_capture(self) -> str:
        """End that."""
        if self._capture is None:
            raise CommandError("nothing is captured on an operator's order; `capture start FILE` begins")
        writer, self._capture = self._capture, None
        self._service.node.capture_everything(None)
        writer.close()
        return f"{writer.packets} packets in {writer.path}"

    def capture_status(self) -> Mapping[str, object]:
        """What is being captured."""
        capture = self._capture
        if capture is None:
            return {"capturing": False}
        return {
            "capturing": capture.failure is None,
            "file": str(capture.path),
            "packets": capture.packets,
            "failure": capture.failure or "",
        }

    def reload(self, dry_run: bool) -> str:
        """Read the configuration again; apply what changed, or only say it. CommandError: nothing was changed."""
        if self._path is None:
            raise CommandError("there is no configuration file to read again")
        try:
            wanted = load(self._path)
        except ConfigurationError as error:
            raise CommandError(f"nothing was changed, {self._path} is wrong:\n{error}") from None
        changes = differences(self._service.configuration, wanted)
        shown = "".join(f"{change}\n" for change in changes) or "nothing differs\n"
        problem = refusal(changes)
        if problem:
            raise CommandError(f"nothing was changed: {problem}\n{shown}".rstrip())
        if dry_run:
            return f"+OK would be applied:\n{shown}"
        self._apply(wanted, changes)
        return f"+OK applied:\n{shown}"

    def hang_up_signal(self) -> None:
        """SIGHUP: reload, and say in the log what came of it."""
        self.desk.run("reload", "SIGHUP", lambda _: None)
        self._service.act()

    # --- inside

    def _open_web(self, web: Web) -> None:
        """The page and what belongs to it; its libraries are an optional part."""
        try:
            from tandem.gateway.web.alarms import AlarmList
            from tandem.gateway.web.app import Sources
            from tandem.gateway.web.metrics import Metrics
            from tandem.gateway.web.server import WebServer
            from tandem.gateway.web.view import View
        except ImportError as error:
            text = f"[web]: {error.name} is not installed: pip install 'tandem-gateway[web]'"
            raise ConfigurationError(text) from None
        node = self._service.node
        self.alarms = AlarmList(node, self.started)
        self.metrics = Metrics(node, self.alarms, self.version(), lambda: time.time() - self.started)
        self._view = View(node, self.alarms)
        sources = Sources(
            self.desk,
            self.metrics,
            self.alarms,
            self._view,
            self._clocks,
            lambda: node.control.accepting and not self.leaving,
            self._service.act,
        )
        self.web = WebServer(web, sources)

    def _apply(self, wanted: Configuration, changes: list[Change]) -> None:
        service = self._service
        service.node.reconfigure(wanted)
        if any(change.path == "node.log_level" for change in changes):
            service.logger.threshold = LEVELS[wanted.node.log_level]
        if self.server is not None and wanted.event_socket is not None:
            self.server.reconfigure(wanted.event_socket)
        service.configuration = wanted

    def _clocks(self) -> tuple[float, float]:
        return asyncio.get_running_loop().time(), time.time()

    def _write_audit(self, seconds: float, who: str, command: str, answer: str, changes: bool) -> None:
        if self._audit is None:
            return
        self._audit.write(seconds, who, command, answer, changes)
        if self._audit.error != self._audit_error:
            self._audit_error = self._audit.error
            text = (
                f"cannot be written: {self._audit.error}; free some space" if self._audit.error else "is written again"
            )
            self._log(Line("error" if self._audit.error else "info", "!", "audit file", text))

    def _capture_failed(self, reason: str) -> None:
        self._log(Line("error", "!", "capture", reason))

    def _log(self, line: Line) -> None:
        self._service.logger.write(line, time.time())

    async def _beat(self) -> None:
        """HEARTBEAT as long as we run."""
        server = self.server
        assert server is not None, "started with the server"
        while True:
            seconds = server.configuration.heartbeat_seconds
            await asyncio.sleep(seconds)
            if server.listening:
                server.publish(self.stamp("HEARTBEAT", self._heartbeat(seconds)))

    def _heartbeat(self, seconds: float) -> dict[str, str]:
        node = self._service.node
        meter, now, up = node.control.meter, asyncio.get_running_loop().time(), time.time() - self.started
        return {
            "Event-Info": "System Ready" if node.control.accepting else "System Paused",
            "Up-Time": duration(up),
            "FreeSWITCH-Version": f"Tandem-{self.version()}",
            "Uptime-msec": str(int(up * 1000)),
            "Session-Count": str(meter.sessions),
            "Max-Sessions": str(rtp_legs(node.configuration)),
            "Session-Per-Sec": str(meter.rate(now)),
            "Session-Per-Sec-Max": str(meter.peak_rate),
            "Session-Since-Startup": str(meter.total),
            "Session-Peak-Max": str(meter.peak),
            "Session-Peak-FiveMin": str(meter.recent_peak(now)),
            "Heartbeat-Interval": f"{seconds:g}",
        }
