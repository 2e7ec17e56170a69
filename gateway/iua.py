"""IUA of a gateway (RFC 4233): its associations, and the D-channels whose Q.921 is here and Q.931 elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Protocol

from tandem.core.errors import EncodeError
from tandem.core.sigtran.codes import TrafficMode
from tandem.core.sigtran.configuration import AssociationConfiguration, Role, Timers
from tandem.core.sigtran.interfaces import Interface
from tandem.core.sigtran.primitives import AspStateChanged, AsStateChanged, CloseAssociation, Notice, SendMessage
from tandem.core.timers import earliest
from tandem.gateway.configuration.schema import Configuration, DChannelBackhaul, PriTrunk
from tandem.gateway.log import Line
from tandem.gateway.media.protocol import UnitsReceived
from tandem.gateway.trunks.circuits import LineFaults
from tandem.isdn.iua.configuration import IuaServer
from tandem.isdn.iua.layer import Iua
from tandem.isdn.iua.link import IuaLink, LinkRequest, Request
from tandem.isdn.q921.configuration import LinkConfiguration
from tandem.isdn.q921.link import DataLink
from tandem.isdn.q921.primitives import ErrorIndication, Established, Released, SendFrame, State

_SABME: Final = 0x6F
_DM: Final = 0x0F
_POLL: Final = 0x10


class FrameCapture(Protocol):
    """Where frames are recorded."""

    def write_lapd(self, channel: str, frame: bytes, sent: bool, now: float, network: bool) -> None:
        """One frame, from the first octet of the address on, without FCS."""
        ...


@dataclass(slots=True)
class Backhaul:
    """A D-channel that is handed on."""

    interface: Interface
    number: int
    """At the media process."""
    name: str
    """In logs and in the capture."""
    span: str
    network: bool
    captured: bool
    link: DataLink
    denied: bool = False
    """The application server refuses the data link to the far end."""
    line_lost: bool = False


class IuaEnds:
    """Both ends of IUA as far as this gateway is one of them; without any it does nothing."""

    def __init__(
        self, configuration: Configuration, first: int, log: Callable[[Line], None], capture: FrameCapture | None = None
    ) -> None:
        """`first` is the number of the first D-channel to be handed on, at the media process."""
        self.messages: list[SendMessage | CloseAssociation] = []
        """For the associations, in order."""
        self.units: list[tuple[int, tuple[bytes, ...], bytes | None]] = []
        """(channel, frames, None) to hand to the media process."""
        self._log = log
        self._capture = capture
        self._machine = machine(configuration)
        self._stopping = False
        self._releasing = False
        self._faults = LineFaults()
        captured = {span.name for span in configuration.span if span.capture}
        self._backhauls = {
            backhaul.interface: Backhaul(
                backhaul.interface,
                number,
                f"backhaul/{backhaul.interface}",
                backhaul.span,
                backhaul.side == "network",
                backhaul.span in captured,
                DataLink(_link(backhaul)),
            )
            for number, backhaul in enumerate(configuration.isdn.backhaul, first)
        }
        self._by_number = {backhaul.number: backhaul for backhaul in self._backhauls.values()}

    @property
    def in_use(self) -> bool:
        """Whether there is anything to do at all."""
        return self._machine is not None

    def link(self, interface: Interface) -> IuaLink:
        """As application server: the data link of a D-channel."""
        assert self._machine is not None
        return self._machine.link(interface)

    # --- inputs

    def association_up(self, name: str, streams: int, now: float) -> bool:
        """The association is up; False when it is not one of IUA."""
        if self._machine is None or name not in self._machine.peers:
            return False
        self._log(Line("info", "=", f"association {name}", "up"))
        self._machine.connected(name, now, streams)
        return True

    def association_down(self, name: str, reason: str, now: float) -> bool:
        """The association is down; False when it is not one of IUA."""
        if self._machine is None or name not in self._machine.peers:
            return False
        self._log(Line("warning", "!", f"association {name}", f"down: {reason}"))
        self._machine.disconnected(name, now)
        return True

    def association_message(self, name: str, octets: bytes, stream: int, now: float) -> bool:
        """A whole message came; False when the association is not one of IUA."""
        if self._machine is None or name not in self._machine.peers:
            return False
        self._machine.receive(name, octets, stream, now)
        return True

    def units_received(self, event: UnitsReceived, now: float) -> bool:
        """The media process received frames; False when the channel is none that is handed on."""
        backhaul = self._by_number.get(event.channel)
        if backhaul is None:
            return False
        for frame in event.units:
            self._record(backhaul, frame, False, now)
            if self._refused(backhaul, frame):
                # Nobody would take its calls: the far end must not believe in the link.
                self._send(backhaul, frame[:2] + bytes((_DM | frame[2] & _POLL,)), now)
            else:
                backhaul.link.frame_received(frame, now)
        return True

    def span_changed(self, span: str, alarms: list[str], now: float) -> None:
        """The alarms of a line changed: a fault that lasts ends the data link."""
        if any(backhaul.span == span for backhaul in self._backhauls.values()):
            self._faults.changed(span, alarms, now)

    def release(self, now: float) -> None:
        """Release the data links that are handed on, for good."""
        self._releasing = True
        for backhaul in self._backhauls.values():
            backhaul.link.release(now)

    def stop(self, now: float) -> None:
        """Take the ASPs down in order; see `stopped`."""
        if self._machine is not None and not self._stopping:
            self._stopping = True
            self._machine.stop(now)

    @property
    def stopped(self) -> bool:
        """Whether the peers have answered all that `stop` told them."""
        return self._machine is None or (self._stopping and self._machine.stopped)

    def next_deadline(self) -> float | None:
        """When `handle_timers` is due."""
        if self._machine is None:
            return None
        links = (backhaul.link.next_deadline() for backhaul in self._backhauls.values())
        return earliest(self._machine.next_deadline(), self._faults.next_deadline(), *links)

    def handle_timers(self, now: float) -> None:
        """Act on expired timers."""
        if self._machine is None:
            return
        self._machine.handle_timers(now)
        for span, faulty in self._faults.settled(now):
            for backhaul in self._backhauls.values():
                if backhaul.span == span:
                    backhaul.line_lost = faulty
                    if faulty:
                        backhaul.link.persistent_deactivation(now)
        for backhaul in self._backhauls.values():
            backhaul.link.handle_timers(now)

    # --- outputs

    def settle(self, now: float) -> None:
        """Carry primitives between IUA and the data links until there are none."""
        machine = self._machine
        moved = machine is not None
        while machine is not None and moved:
            moved = False
            for output in machine.outputs():
                moved = True
                if isinstance(output, SendMessage | CloseAssociation):
                    self.messages.append(output)
                elif isinstance(output, LinkRequest):
                    self._carry_out(self._backhauls[output.interface], output, now)
                else:
                    self._say(output)
            for backhaul in self._backhauls.values():
                for said in backhaul.link.outputs():
                    moved = True
                    if isinstance(said, SendFrame):
                        self._send(backhaul, said.octets, now)
                    elif isinstance(said, Established) and self._is_unwanted(backhaul):
                        backhaul.link.release(now)  # set up on a DM of the far end, which asks for it (5.5.4)
                    elif not isinstance(said, ErrorIndication):
                        if isinstance(said, Established | Released):
                            text = "established" if isinstance(said, Established) else "released"
                            self._log(Line("info", "=", f"D-channel {backhaul.name}", f"data link {text}"))
                        machine.link_indication(backhaul.interface, said, backhaul.line_lost)

    # --- inside

    def _refused(self, backhaul: Backhaul, frame: bytes) -> bool:
        return len(frame) >= 3 and frame[2] & ~_POLL == _SABME and not frame[0] >> 2 and self._is_unwanted(backhaul)

    def _is_unwanted(self, backhaul: Backhaul) -> bool:
        """Whether nobody would take what the far end of the data link says."""
        assert self._machine is not None
        return backhaul.denied or self._releasing or not self._machine.serves(backhaul.interface)

    def _carry_out(self, backhaul: Backhaul, request: LinkRequest, now: float) -> None:
        link = backhaul.link
        if request.request in (Request.ESTABLISH, Request.RELEASE, Request.DENY):
            backhaul.denied = request.request is Request.DENY
        try:
            match request.request:
                case Request.ESTABLISH if backhaul.line_lost and link.state is State.TEI_ASSIGNED:
                    assert self._machine is not None
                    self._machine.link_indication(backhaul.interface, Released(confirm=False), line_lost=True)
                case Request.ESTABLISH if not self._releasing:
                    link.establish(now)
                case Request.RELEASE | Request.DENY:
                    link.release(now)
                case Request.DATA:
                    link.data(request.octets, now)
                case Request.UNIT_DATA:
                    link.unit_data(request.octets, now)
        except EncodeError as error:
            self._log(Line("warning", "!", f"D-channel {backhaul.name}", f"message of the ASP refused: {error}"))

    def _send(self, backhaul: Backhaul, frame: bytes, now: float) -> None:
        self._record(backhaul, frame, True, now)
        self.units.append((backhaul.number, (frame,), None))

    def _record(self, backhaul: Backhaul, frame: bytes, sent: bool, now: float) -> None:
        if backhaul.captured and self._capture is not None:
            self._capture.write_lapd(backhaul.name, frame, sent, now, backhaul.network)

    def _say(self, output: Notice | AsStateChanged | AspStateChanged) -> None:
        match output:
            case Notice(text, association):
                self._log(Line("info", "=", "iua" if association is None else f"association {association}", text))
            case AsStateChanged(name, state):
                self._log(Line("info", "=", f"application server {name}", state.value))
            case AspStateChanged(association, local, asp):
                whose = "our ASP" if local else "ASP"
                self._log(Line("info", "=", f"association {association}", f"{whose} {asp.value}"))


def _link(backhaul: DChannelBackhaul) -> LinkConfiguration:
    base, timers = LinkConfiguration(backhaul.side == "network"), backhaul.timers
    return replace(base, t200=timers.get("t200", base.t200), t203=timers.get("t203", base.t203))


def machine(configuration: Configuration) -> Iua | None:
    """The IUA machine: ASP for D-channels of trunks, gateway for `[[isdn.backhaul]]`; None when there is neither."""
    interfaces: dict[tuple[tuple[str, ...], Role], list[Interface]] = {}
    for trunk in configuration.trunk:
        for line in trunk.spans if isinstance(trunk, PriTrunk) else ():
            if line.iua_interface is not None:
                interfaces.setdefault((tuple(line.associations), Role.ASP), []).append(line.iua_interface)
    for backhaul in configuration.isdn.backhaul:
        interfaces.setdefault((tuple(backhaul.associations), Role.SGP), []).append(backhaul.interface)
    if not interfaces:
        return None
    roles = {name: role for names, role in interfaces for name in names}
    mode = TrafficMode[configuration.isdn.iua_mode.upper()]
    durations = dict(configuration.sigtran.timers)
    establish = durations.pop("establish", IuaServer.establish)
    return Iua(
        [
            AssociationConfiguration(
                association.name,
                roles[association.name],
                standby=association.standby,
                asp_identifier=association.asp_identifier,
                peer_identifier=association.peer_identifier,
            )
            for association in configuration.association
            if association.name in roles
        ],
        [
            IuaServer(
                name=" ".join(names), associations=names, interfaces=tuple(numbers), mode=mode, establish=establish
            )
            for (names, _), numbers in interfaces.items()
        ],
        replace(Timers(), **durations),
    )
