"""D-channels of a gateway: the data links (Q.921) of every PRI trunk, joined with channels of the media process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from tandem.core.errors import DecodeError
from tandem.core.timers import earliest
from tandem.gateway.configuration.pri import PriLine, backhaul_timeslot, d_channels
from tandem.gateway.configuration.schema import Configuration, PriTrunk
from tandem.gateway.iua import IuaEnds
from tandem.gateway.log import Line
from tandem.gateway.media.protocol import Channel, UnitsReceived
from tandem.isdn.dchannel import DChannelGroup
from tandem.isdn.dchannel_primitives import (
    ChangedOver,
    ChangeOver,
    ChannelDown,
    ChannelUp,
    GroupConfiguration,
    MessageReceived,
    SendOnChannel,
)
from tandem.isdn.q921.configuration import LinkConfiguration
from tandem.isdn.q921.primitives import Established, Released
from tandem.isdn.q931.channel import ChannelIdentification, Selection
from tandem.isdn.q931.codes import Discriminator, MaintenanceType, maintenance_type
from tandem.isdn.q931.indications import ChangeStatus, ServiceState
from tandem.isdn.q931.messages import CallReference, build, decode
from tandem.isdn.q931.switch_types import SWITCH_TYPES, SwitchType


class FrameCapture(Protocol):
    """Where frames are recorded."""

    def write_lapd(self, channel: str, frame: bytes, sent: bool, now: float, network: bool) -> None:
        """One frame, from the first octet of the address on, without FCS."""
        ...


@dataclass(frozen=True, slots=True)
class Reset:
    """The data link of a trunk was set up anew or changed to another D-channel: what was under way is lost."""


#: What the D-channels of a trunk say upwards: that they can carry messages, no longer, anew; a message.
Said = Established | Released | Reset | bytes


@dataclass(slots=True)
class Port:
    """The D-channels of one trunk."""

    trunk: str
    group: DChannelGroup
    lines: list[PriLine]
    names: list[str]
    """Of each D-channel, in logs and in the capture."""
    numbers: list[int]
    """Of each D-channel at the media process."""
    captured: list[bool]
    network: bool
    switch: SwitchType


class DChannels:
    """The D-channels of every PRI trunk, by its name."""

    def __init__(
        self,
        configuration: Configuration,
        first: int,
        log: Callable[[Line], None],
        capture: FrameCapture | None = None,
    ) -> None:
        """`first` is the number of the first channel at the media process; `log` takes lines for the operator."""
        self.units: list[tuple[int, tuple[bytes, ...], bytes | None]] = []
        """(channel, frames, None) to hand to the media process."""
        self._log = log
        self._capture = capture
        self.everything: FrameCapture | None = None
        """Where the operator has all D-channels recorded, whatever the configuration says of each."""
        self.ports: dict[str, Port] = {}
        self._places: dict[int, tuple[Port, int]] = {}
        self._stopping = False
        self._silent: set[str] = set()
        """Trunks that are released for good: a peer that wants them back gets no answer any more."""
        captured = {span.name for span in configuration.span if span.capture}
        self.iua = IuaEnds(configuration, first + len(_on_spans(configuration)), log, capture)
        for trunk in configuration.trunk:
            if isinstance(trunk, PriTrunk):
                lines = d_channels(trunk, configuration.span)
                port = self.ports[trunk.name] = Port(
                    trunk.name,
                    DChannelGroup(
                        _group(trunk, len(lines)),
                        [None if line.iua is None else self.iua.link(line.iua) for line in lines],
                    ),
                    lines,
                    [trunk.name if len(lines) == 1 else f"{trunk.name}/{place}" for place in range(len(lines))],
                    [first + sum(one.iua is None for one in lines[:place]) for place in range(len(lines))],
                    [line.span in captured for line in lines],
                    trunk.side == "network",
                    SWITCH_TYPES[trunk.switch],
                )
                framed = [place for place, line in enumerate(lines) if line.iua is None]
                self._places |= {port.numbers[place]: (port, place) for place in framed}
                first += len(framed)

    def units_received(self, event: UnitsReceived, now: float) -> bool:
        """The media process received frames; False when the channel is no D-channel."""
        found = self._places.get(event.channel)
        if found is None:
            return self.iua.units_received(event, now)
        port, place = found
        for unit in event.units if port.trunk not in self._silent else ():
            self._record(port, place, unit, False, now)
            port.group.frame_received(place, unit, now)
        return True

    def establish(self, trunk: str, now: float) -> None:
        """DL-ESTABLISH request: bring the data links up and keep them so."""
        if not self._stopping:
            self.ports[trunk].group.establish(now)

    def send(self, trunk: str, octets: bytes, now: float) -> None:
        """DL-DATA request; the message is lost where there is no data link."""
        self.ports[trunk].group.data(octets, now)

    def is_on(self, trunk: str, span: str) -> bool:
        """Whether a D-channel of the trunk is on that line."""
        return any(line.span == span and line.iua is None for line in self.ports[trunk].lines)

    def line_changed(self, trunk: str, span: str, lost: bool, now: float) -> None:
        """A line of the trunk has failed for good, or is back."""
        port = self.ports[trunk]
        for place, line in enumerate(port.lines):
            if line.span == span and line.iua is None:
                (port.group.line_lost if lost else port.group.line_restored)(place, now)

    def stop(self, now: float) -> None:
        """Release every data link, for good."""
        self._stopping = True
        for port in self.ports.values():
            if not port.group.is_established:
                self._silent.add(port.trunk)
            port.group.release(now)
        self.iua.release(now)

    @property
    def stopping(self) -> bool:
        """Whether the data links go because we stop."""
        return self._stopping

    @property
    def stopped(self) -> bool:
        """Whether every data link has been released since `stop`."""
        return self._silent >= self.ports.keys() and self.iua.stopped

    def next_deadline(self) -> float | None:
        """When `handle_timers` is due."""
        return earliest(self.iua.next_deadline(), *(port.group.next_deadline() for port in self.ports.values()))

    def handle_timers(self, now: float) -> None:
        """Act on expired timers."""
        self.iua.handle_timers(now)
        for port in self.ports.values():
            port.group.handle_timers(now)

    def settle(self, now: float) -> list[tuple[str, Said]]:
        """Carry out what the data links want; what they say, by trunk."""
        said: list[tuple[str, Said]] = []
        self.iua.settle(now)
        for port in self.ports.values():
            if self.iua.in_use:
                port.group.take_up(now)
            while outputs := port.group.outputs():
                for output in outputs:
                    word = self._handle(port, output, now)
                    if word is not None:
                        said.append((port.trunk, word))
        if self._stopping and self._silent >= self.ports.keys():
            self.iua.stop(now)  # the associations go last: the data links were released over them
        self.iua.settle(now)
        self.units += self.iua.units
        self.iua.units.clear()
        return said

    # --- inside

    def _handle(self, port: Port, output: object, now: float) -> Said | None:
        match output:
            case SendOnChannel(channel=place, octets=octets):
                self._record(port, place, octets, True, now)
                self.units.append((port.numbers[place], (octets,), None))
            case MessageReceived(channel=place, octets=octets):
                return None if self._about_d_channel(port, octets, now) else octets
            case Established(confirm=confirm):
                return Established(confirm)
            case Released(confirm=confirm):
                if self._stopping:
                    self._silent.add(port.trunk)
                return Released(confirm)
            case ChangedOver(channel=place) if len(port.lines) > 1:
                self._log(Line("info", "=", f"trunk {port.trunk}", f"D-channel {port.names[place]} is in service"))
                return Reset()
            case ChangeOver(channel=place):
                self._service(port, place, place, True, now)
            case ChannelUp(channel=place):
                self._log(Line("info", "=", f"D-channel {port.names[place]}", "data link established"))
            case ChannelDown(channel=place):
                ours = self._stopping
                level, shape, text = ("info", "=", "released") if ours else ("warning", "!", "lost")
                self._log(Line(level, shape, f"D-channel {port.names[place]}", f"data link {text}"))  # type: ignore[arg-type]
        return None

    def _record(self, port: Port, place: int, frame: bytes, sent: bool, now: float) -> None:
        if port.captured[place] and self._capture is not None:
            self._capture.write_lapd(port.names[place], frame, sent, now, port.network)
        if self.everything is not None:
            self.everything.write_lapd(port.names[place], frame, sent, now, port.network)

    # --- which D-channel is in service: SERVICE messages about D-channels

    def _service(self, port: Port, place: int, on: int, ask: bool, now: float) -> None:
        """Send SERVICE, or its acknowledgement, that takes D-channel `place` in service."""
        switch = port.switch
        kind = switch.service_type if ask else switch.service_acknowledge_type
        if kind is None or switch.service_discriminator is None:
            return
        message = build(
            CallReference(0, flag=not ask, length=switch.call_reference_length),
            kind,
            ChangeStatus(ServiceState.IN_SERVICE),
            ChannelIdentification(
                Selection.INDICATED, exclusive=True, interface=port.lines[place].interface, d_channel=True
            ),
            discriminator=switch.service_discriminator,
        )
        port.group.data(message.encode(), now, on)

    def _about_d_channel(self, port: Port, octets: bytes, now: float) -> bool:
        """Act on a SERVICE or SERVICE ACKNOWLEDGE about a D-channel; whether the message was one."""
        if octets[:1] == bytes((Discriminator.CALL_CONTROL,)):
            return False
        try:
            message = decode(octets)
        except DecodeError:
            return False
        kind = maintenance_type(message.discriminator, int(message.type))
        named, change = message.get(ChannelIdentification), message.get(ChangeStatus)
        if kind is None or named is None or not named.d_channel:
            return False
        place = self._place(port, named)
        if place is None or change is None:
            return True
        group, in_service = port.group, change.status == ServiceState.IN_SERVICE
        if kind is MaintenanceType.SERVICE_ACKNOWLEDGE:
            (group.change_over_acknowledged if in_service else group.change_over_refused)(place, now)
        elif in_service and group.peer_changes_over(place, now):
            self._service(port, place, place, False, now)
        return True

    @staticmethod
    def _place(port: Port, named: ChannelIdentification) -> int | None:
        """Which D-channel is meant; without an interface identifier the first."""
        if named.interface is None:
            return 0
        return next((place for place, line in enumerate(port.lines) if line.interface == named.interface), None)


def channels(configuration: Configuration, first: int) -> list[Channel]:
    """The D-channels that the media process frames, numbered from `first` as DChannels has them."""
    places = [(line.span, line.d_channel or 0) for line in _on_spans(configuration)]
    places += [
        (backhaul.span, backhaul_timeslot(backhaul, configuration.span)) for backhaul in configuration.isdn.backhaul
    ]
    return [Channel(number, span, (slot,), kind="lapd") for number, (span, slot) in enumerate(places, first)]


def _on_spans(configuration: Configuration) -> list[PriLine]:
    """The lines of trunks whose D-channels are framed here."""
    return [
        line
        for trunk in configuration.trunk
        if isinstance(trunk, PriTrunk)
        for line in d_channels(trunk, configuration.span)
        if line.iua is None
    ]


def _group(trunk: PriTrunk, links: int) -> GroupConfiguration:
    base = LinkConfiguration(trunk.side == "network")
    timers = trunk.timers
    link = replace(base, t200=timers.get("t200", base.t200), t203=timers.get("t203", base.t203))
    service = SWITCH_TYPES[trunk.switch].service_discriminator is not None
    return GroupConfiguration((link,) * links, service_messages=service, t321=timers.get("t321", 30.0))
