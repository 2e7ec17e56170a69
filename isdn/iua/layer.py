"""IUA, RFC 4233, as a pure machine: layer 3 at an application server, Q.921 at a signalling gateway."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Final

from tandem.core.errors import ConfigurationError
from tandem.core.sigtran.application_server import ApplicationServer
from tandem.core.sigtran.codes import ErrorCode, Ppid, Tag, Type
from tandem.core.sigtran.common import Message, Parameter
from tandem.core.sigtran.configuration import AssociationConfiguration, Role, Timer, Timers
from tandem.core.sigtran.interfaces import Interface, InterfaceLayer, interfaces_of
from tandem.core.sigtran.layer import Peer
from tandem.core.sigtran.messages import Forms
from tandem.core.sigtran.primitives import AsState
from tandem.isdn.iua.configuration import IuaServer
from tandem.isdn.iua.link import LONGEST, IuaLink, LinkRequest, Request
from tandem.isdn.iua.messages import IUA_ERRORS, IUA_FORMS, Dlci, ReleaseReason, TeiStatus
from tandem.isdn.q921.primitives import DataIndication, Established, Indication, Released, UnitDataIndication

#: The only data link of a primary-rate line.
_DLCI: Final = Dlci()


class Iua(InterfaceLayer[IuaServer, LinkRequest]):
    """All IUA of one gateway, as ASP or SG per association.

    As ASP, `link` gives the data link of an interface. As SG, LinkRequest among the `outputs` says what to do with a
    data link, and `link_indication` takes what it says.
    """

    PPID: ClassVar[Ppid] = Ppid.IUA
    FORMS: ClassVar[Forms] = IUA_FORMS

    def __init__(
        self,
        associations: Sequence[AssociationConfiguration],
        servers: Sequence[IuaServer],
        timers: Timers | None = None,
    ) -> None:
        if any(association.role not in (Role.ASP, Role.SGP) for association in associations):
            raise ConfigurationError("IUA has ASPs and gateways, and no peers without a gateway")
        super().__init__(associations, servers, timers)
        self._links: dict[Interface, IuaLink] = {
            interface: IuaLink(interface, self._send_about, self._watch)
            for server in servers
            if any(self.peers[name].role is Role.ASP for name in server.associations)
            for interface in server.interfaces
        }
        self._to_release: set[Interface] = set()
        """As SG: data links that an ASP has asked for, or the far end has established."""

    def link(self, interface: Interface) -> IuaLink:
        """As ASP: the data link of an interface; KeyError when there is no such interface."""
        return self._links[interface]

    def serves(self, interface: Interface) -> bool:
        """As SG: whether an ASP is there, or was a moment ago, that takes what the data link says."""
        return self._servers[self._server_of[interface]].state in (AsState.ACTIVE, AsState.PENDING)

    def link_indication(self, interface: Interface, indication: Indication, line_lost: bool = False) -> None:
        """As SG: a data link says something, which goes to the ASP that is active for it.

        `line_lost` gives the reason of a release: an alarm of the line.
        """
        if isinstance(indication, Established):
            self._to_release.add(interface)
        elif isinstance(indication, Released):
            self._to_release.discard(interface)
        match indication:
            case DataIndication(octets):
                self._hand_on(interface, Type.QPTM_DATA_INDICATION, Parameter(Tag.QPTM_PROTOCOL_DATA, octets))
            case UnitDataIndication(octets):
                self._hand_on(interface, Type.QPTM_UNIT_DATA_INDICATION, Parameter(Tag.QPTM_PROTOCOL_DATA, octets))
            case Established(confirm=confirm):
                kind = Type.QPTM_ESTABLISH_CONFIRM if confirm else Type.QPTM_ESTABLISH_INDICATION
                self._hand_on(interface, kind)
            case Released(confirm=True):
                self._hand_on(interface, Type.QPTM_RELEASE_CONFIRM)
            case Released():
                reason = ReleaseReason.PHYSICAL if line_lost else ReleaseReason.OTHER
                number = Parameter.number(Tag.RELEASE_REASON, reason)
                self._hand_on(interface, Type.QPTM_RELEASE_INDICATION, number)

    def refuse(self, association: str, code: ErrorCode, parameters: Sequence[Parameter] = ()) -> None:
        """Answer the message at hand with ERR, in the codes that RFC 4233 has."""
        super().refuse(association, code if code in IUA_ERRORS else ErrorCode.PROTOCOL_ERROR, parameters)

    # Messages

    def _message(self, peer: Peer, message: Message, now: float) -> None:
        action = (_ASP_ACTIONS if peer.role is Role.ASP else _SG_ACTIONS).get(Type(message.type))
        interface = self._interface(peer, message)
        if action is None:
            self.refuse(peer.name, ErrorCode.UNEXPECTED_MESSAGE, interfaces_of(message))
        elif interface is None:
            self.refuse(peer.name, ErrorCode.INVALID_INTERFACE_ID, interfaces_of(message))
        elif not peer.may_receive(self._server_of[interface]):
            self.counters["QPTM while not active"] += 1
            if peer.role is not Role.ASP:
                self.refuse(peer.name, ErrorCode.UNEXPECTED_MESSAGE, interfaces_of(message))
        else:
            dlci = Dlci.parse(message.require(Tag.DLCI))
            if message.type not in _MANAGEMENT and dlci != _DLCI:
                code = ErrorCode.UNRECOGNIZED_SAPI if dlci.sapi != _DLCI.sapi else ErrorCode.UNASSIGNED_TEI
                self.refuse(peer.name, code, interfaces_of(message))
            else:
                action(self, peer, interface, message, now)

    def _received(self, peer: Peer, interface: Interface, message: Message, now: float) -> None:
        octets = message.require(Tag.QPTM_PROTOCOL_DATA).value
        self._links[interface].received(octets, message.type == Type.QPTM_DATA_INDICATION)

    def _established(self, peer: Peer, interface: Interface, message: Message, now: float) -> None:
        self._links[interface].established(message.type == Type.QPTM_ESTABLISH_CONFIRM, now)

    def _released(self, peer: Peer, interface: Interface, message: Message, now: float) -> None:
        self._links[interface].released(now)

    def _tei_told(self, peer: Peer, interface: Interface, message: Message, now: float) -> None:
        status = message.require(Tag.TEI_STATUS).integer
        if Dlci.parse(message.require(Tag.DLCI)) == _DLCI and status == TeiStatus.UNASSIGNED:
            self.notice(f"the gateway has no TEI for interface {interface}", peer.name)
            self._links[interface].released(now)

    def _send_request(self, peer: Peer, interface: Interface, message: Message, now: float) -> None:
        octets = message.require(Tag.QPTM_PROTOCOL_DATA).value
        if not 1 <= len(octets) <= LONGEST:
            self.refuse(peer.name, ErrorCode.PROTOCOL_ERROR, interfaces_of(message))
            return
        request = Request.DATA if message.type == Type.QPTM_DATA_REQUEST else Request.UNIT_DATA
        self._outputs.append(LinkRequest(interface, request, octets))

    def _establish_request(self, peer: Peer, interface: Interface, message: Message, now: float) -> None:
        self._to_release.add(interface)
        self._outputs.append(LinkRequest(interface, Request.ESTABLISH))

    def _release_request(self, peer: Peer, interface: Interface, message: Message, now: float) -> None:
        denied = message.number(Tag.RELEASE_REASON) == ReleaseReason.DM
        self._to_release.discard(interface)
        self._outputs.append(LinkRequest(interface, Request.DENY if denied else Request.RELEASE))

    def _tei_asked(self, peer: Peer, interface: Interface, message: Message, now: float) -> None:
        dlci = Dlci.parse(message.require(Tag.DLCI))
        status = Parameter.number(Tag.TEI_STATUS, TeiStatus.ASSIGNED if dlci == _DLCI else TeiStatus.UNASSIGNED)
        kind = Type.TEI_STATUS_CONFIRM
        if message.type == Type.TEI_QUERY:  # RFC 5133: which there are, whatever DLCI the question has
            dlci, status = _DLCI, Parameter.number(Tag.TEI_STATUS, TeiStatus.ASSIGNED)
            kind = Type.TEI_STATUS_INDICATION
        super()._send_about(interface, kind, [dlci.encode(), status], peer.name)

    # Sending, and what changes of state come to

    def _send_about(
        self, interface: Interface, kind: Type, parts: Sequence[Parameter], association: str | None = None
    ) -> bool:
        return super()._send_about(interface, kind, [_DLCI.encode(), *parts], association)

    def _hand_on(self, interface: Interface, kind: Type, *parts: Parameter) -> None:
        """Towards the ASP: what comes while one is awaited waits with it (AS pending)."""
        server = self._servers[self._server_of[interface]]
        if server.state is AsState.PENDING and not server.active:
            server.keep((interface, kind, parts))
        else:
            self._send_about(interface, kind, parts)

    def _active_changed(self, server: ApplicationServer, now: float) -> None:
        if server.state is AsState.ACTIVE:
            for interface, kind, parts in server.take_waiting():
                self._send_about(interface, kind, parts)
        for interface in self._configurations[server.name].interfaces:
            link = self._links.get(interface)
            if link is not None:
                if server.state is AsState.ACTIVE:
                    link.ask(now)
                else:
                    link.inactive(now)
            elif server.state in (AsState.DOWN, AsState.INACTIVE) and interface in self._to_release:
                # Nobody is left to take messages: the far end of the line must know.
                self._to_release.discard(interface)
                self._outputs.append(LinkRequest(interface, Request.RELEASE))

    def _watch(self, interface: Interface, on: bool, now: float) -> None:
        configuration = self._configurations[self._server_of[interface]]
        key = (Timer.ESTABLISH, configuration.associations[0], interface)
        if on:
            self.timers.start(key, now + configuration.establish)
        else:
            self.timers.stop(key)

    def _timer(self, timer: Timer, peer: Peer, key: object, now: float) -> None:
        if timer is Timer.ESTABLISH and isinstance(key, int | str):
            self._links[key].unanswered(now)


_MANAGEMENT: Final = frozenset(
    {Type.TEI_STATUS_REQUEST, Type.TEI_STATUS_CONFIRM, Type.TEI_STATUS_INDICATION, Type.TEI_QUERY}
)

IuaAction = Callable[[Iua, Peer, Interface, Message, float], None]

_ASP_ACTIONS: Final[dict[Type, IuaAction]] = {
    Type.QPTM_DATA_INDICATION: Iua._received,
    Type.QPTM_UNIT_DATA_INDICATION: Iua._received,
    Type.QPTM_ESTABLISH_CONFIRM: Iua._established,
    Type.QPTM_ESTABLISH_INDICATION: Iua._established,
    Type.QPTM_RELEASE_CONFIRM: Iua._released,
    Type.QPTM_RELEASE_INDICATION: Iua._released,
    Type.TEI_STATUS_CONFIRM: Iua._tei_told,
    Type.TEI_STATUS_INDICATION: Iua._tei_told,
}
_SG_ACTIONS: Final[dict[Type, IuaAction]] = {
    Type.QPTM_DATA_REQUEST: Iua._send_request,
    Type.QPTM_UNIT_DATA_REQUEST: Iua._send_request,
    Type.QPTM_ESTABLISH_REQUEST: Iua._establish_request,
    Type.QPTM_RELEASE_REQUEST: Iua._release_request,
    Type.TEI_STATUS_REQUEST: Iua._tei_asked,
    Type.TEI_QUERY: Iua._tei_asked,
}
