"""M2UA, RFC 3331, as a pure machine: level 2 at a signalling gateway, level 3 at an application server."""

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
from tandem.ss7.mtp2.primitives import (
    Indication,
    LinkCongested,
    LinkCongestionCeased,
    LinkInService,
    LinkOutOfService,
    LinkState,
    MessageReceived,
    RetrievedBsnt,
    RetrievedMessages,
)
from tandem.ss7.sigtran.m2ua_configuration import M2uaServer
from tandem.ss7.sigtran.m2ua_links import (
    STATE_EVENTS,
    STATE_REQUESTS,
    Action,
    LinkRequest,
    M2uaLink,
    Request,
)
from tandem.ss7.sigtran.messages import M2UA_FORMS


class M2ua(InterfaceLayer[M2uaServer, LinkRequest]):
    """All M2UA of one gateway, as ASP or SGP per association.

    As ASP, `link` gives the level 2 of an interface. As SGP, LinkRequest among the `outputs` says what to do with a
    link (`m2ua_links.carry_out` does it), and `link_indication` takes what its level 2 says.
    """

    PPID: ClassVar[Ppid] = Ppid.M2UA
    FORMS: ClassVar[Forms] = M2UA_FORMS

    def __init__(
        self,
        associations: Sequence[AssociationConfiguration],
        servers: Sequence[M2uaServer],
        timers: Timers | None = None,
    ) -> None:
        if any(association.role not in (Role.ASP, Role.SGP) for association in associations):
            raise ConfigurationError("M2UA has ASPs and gateways, and no peers without a gateway")
        super().__init__(associations, servers, timers)
        self._links: dict[Interface, M2uaLink] = {}
        self._started: set[Interface] = set()
        """As SGP: links that an ASP wants in service."""
        self._in_service: set[Interface] = set()
        """As SGP: links that are."""
        for server in servers:
            for interface in server.interfaces:
                if any(self.peers[name].role is Role.ASP for name in server.associations):
                    link = M2uaLink(interface, self._send_about, self._watch, server.waiting_messages)
                    self._links[interface] = link

    def link(self, interface: Interface) -> M2uaLink:
        """As ASP: level 2 of a link; KeyError when there is no such interface."""
        return self._links[interface]

    def link_indication(self, interface: Interface, indication: Indication, now: float) -> None:
        """As SGP: level 2 of a link says something, which goes to the ASP that is active for it."""
        match indication:
            case MessageReceived(msu):
                self._send_about(interface, Type.MAUP_DATA, [Parameter(Tag.PROTOCOL_DATA_1, msu)])
            case LinkInService():
                self._in_service.add(interface)
                self._send_about(interface, Type.ESTABLISH_CONFIRM, ())
            case LinkOutOfService():
                self._started.discard(interface)
                self._in_service.discard(interface)
                self._send_about(interface, Type.RELEASE_INDICATION, ())
            case LinkCongested() | LinkCongestionCeased():
                level = indication.level if isinstance(indication, LinkCongested) else 0
                self._send_about(
                    interface, Type.CONGESTION_INDICATION, [Parameter.number(Tag.CONGESTION_STATUS, level)]
                )
            case RetrievedBsnt(bsnt):
                number = Parameter.number(Tag.SEQUENCE_NUMBER, bsnt)
                self._send_about(interface, Type.RETRIEVAL_CONFIRM, [*_confirmed(Action.RETRIEVE_BSN), number])
            case RetrievedMessages(msus):
                self._send_about(interface, Type.RETRIEVAL_CONFIRM, _confirmed(Action.RETRIEVE_MESSAGES))
                for msu in msus:
                    self._send_about(interface, Type.RETRIEVAL_INDICATION, [Parameter(Tag.PROTOCOL_DATA_1, msu)])
                self._send_about(interface, Type.RETRIEVAL_COMPLETE, ())
            case _:
                event = Parameter.number(Tag.STATE_EVENT, STATE_EVENTS[type(indication)])
                self._send_about(interface, Type.STATE_INDICATION, [event])

    # Messages

    def _message(self, peer: Peer, message: Message, now: float) -> None:
        action = (_ASP_ACTIONS if peer.role is Role.ASP else _SGP_ACTIONS).get(Type(message.type))
        if action is None:
            # Links are configured at both ends; RFC 3331 4.4 leaves registration to those that have it.
            management = message.type >> 8 == Type.IIM_REG_REQ >> 8
            code = ErrorCode.UNSUPPORTED_CLASS if management else ErrorCode.UNEXPECTED_MESSAGE
            self.refuse(peer.name, code)
            return
        interface = self._interface(peer, message)
        if interface is None:
            self.refuse(peer.name, ErrorCode.INVALID_INTERFACE_ID, interfaces_of(message))
        elif not peer.may_receive(self._server_of[interface]):
            self.counters["MAUP while not active"] += 1
            if peer.role is not Role.ASP:
                self.refuse(peer.name, ErrorCode.UNEXPECTED_MESSAGE, interfaces_of(message))
        else:
            action(self, peer, interface, message, now)

    def _data(self, peer: Peer, interface: Interface, message: Message, now: float) -> None:
        msu = _msu(message)
        if msu is None:
            self.refuse(peer.name, ErrorCode.PARAMETER_FIELD_ERROR)
            return
        correlation = message.get(Tag.CORRELATION_ID)
        if correlation is not None:
            self._send_about(interface, Type.DATA_ACK, [correlation], peer.name)
        if peer.role is Role.ASP:
            self._links[interface].tell(MessageReceived(msu))
        else:
            self._outputs.append(LinkRequest(interface, Request.SEND, msu))

    def _established(self, peer: Peer, interface: Interface, message: Message, now: float) -> None:
        self._links[interface].established(now)

    def _released(self, peer: Peer, interface: Interface, message: Message, now: float) -> None:
        self._links[interface].failed("the gateway says that the link is out of service", now)

    def _confirmed(self, peer: Peer, interface: Interface, message: Message, now: float) -> None:
        """A confirmation that changes nothing."""

    def _state_indication(self, peer: Peer, interface: Interface, message: Message, now: float) -> None:
        self._links[interface].event(message.require(Tag.STATE_EVENT).integer)

    def _congestion_indication(self, peer: Peer, interface: Interface, message: Message, now: float) -> None:
        self._links[interface].congestion(message.require(Tag.CONGESTION_STATUS).integer)

    def _retrieval_confirm(self, peer: Peer, interface: Interface, message: Message, now: float) -> None:
        action = message.require(Tag.ACTION).integer
        result = message.require(Tag.RETRIEVAL_RESULT).integer
        self._links[interface].retrieval_confirmed(action, result, message.number(Tag.SEQUENCE_NUMBER))

    def _retrieval_indication(self, peer: Peer, interface: Interface, message: Message, now: float) -> None:
        msu = _msu(message)
        if msu is not None:
            self._links[interface].retrieved(msu)

    def _retrieval_complete(self, peer: Peer, interface: Interface, message: Message, now: float) -> None:
        self._retrieval_indication(peer, interface, message, now)
        self._links[interface].retrieval_ends()

    def _establish_request(self, peer: Peer, interface: Interface, message: Message, now: float) -> None:
        self._started.add(interface)
        if interface in self._in_service:  # another ASP took over
            self._send_about(interface, Type.ESTABLISH_CONFIRM, (), peer.name)
        else:
            self._outputs.append(LinkRequest(interface, Request.START))

    def _release_request(self, peer: Peer, interface: Interface, message: Message, now: float) -> None:
        self._stop(interface)
        self._send_about(interface, Type.RELEASE_CONFIRM, (), peer.name)

    def _state_request(self, peer: Peer, interface: Interface, message: Message, now: float) -> None:
        parameter = message.require(Tag.STATE_REQUEST)
        value = parameter.integer
        if value > max(_STATE_REQUESTS_KNOWN):
            self.refuse(peer.name, ErrorCode.INVALID_PARAMETER_VALUE)
            return
        request = _REQUESTS.get(value)
        if request is not None:
            self._outputs.append(LinkRequest(interface, request))
        self._send_about(interface, Type.STATE_CONFIRM, [parameter], peer.name)

    def _retrieval_request(self, peer: Peer, interface: Interface, message: Message, now: float) -> None:
        action = message.require(Tag.ACTION).integer
        if action == Action.RETRIEVE_BSN:
            self._outputs.append(LinkRequest(interface, Request.RETRIEVE_BSN))
        elif action == Action.RETRIEVE_MESSAGES:
            fsnc = message.number(Tag.SEQUENCE_NUMBER)
            self._outputs.append(LinkRequest(interface, Request.RETRIEVE_MESSAGES, fsnc=fsnc))
        else:
            self.refuse(peer.name, ErrorCode.INVALID_PARAMETER_VALUE)

    # Sending, and what changes of state come to

    def _send_about(
        self, interface: Interface, kind: Type, parts: Sequence[Parameter], association: str | None = None
    ) -> bool:
        if self._configurations[self._server_of[interface]].length_indicator:
            parts = [_with_length_indicator(part) for part in parts]
        return super()._send_about(interface, kind, parts, association)

    def _active_changed(self, server: ApplicationServer, now: float) -> None:
        for interface in self._configurations[server.name].interfaces:
            link = self._links.get(interface)
            if link is not None:
                if server.state is AsState.ACTIVE:
                    link.establish(now)
                elif link.state is LinkState.IN_SERVICE:
                    link.failed("no gateway serves the link", now)
            elif server.state in (AsState.DOWN, AsState.INACTIVE) and interface in self._started:
                # Nobody is left to take messages: the far end of the link must know.
                self._stop(interface)

    def _stop(self, interface: Interface) -> None:
        self._started.discard(interface)
        self._in_service.discard(interface)
        self._outputs.append(LinkRequest(interface, Request.STOP))

    def _watch(self, interface: Interface, on: bool, now: float) -> None:
        configuration = self._configurations[self._server_of[interface]]
        key = (Timer.ESTABLISH, configuration.associations[0], interface)
        if on:
            self.timers.start(key, now + configuration.establish)
        else:
            self.timers.stop(key)

    def _timer(self, timer: Timer, peer: Peer, key: object, now: float) -> None:
        if timer is Timer.ESTABLISH and isinstance(key, int | str):
            self._links[key].failed("the gateway does not establish the link", now)


def _msu(message: Message) -> bytes | None:
    """SIO and SIF; the variant of TTC has an octet with the length indicator before them."""
    if (parameter := message.get(Tag.PROTOCOL_DATA_1)) is not None:
        msu = parameter.value
    else:
        parameter = message.get(Tag.PROTOCOL_DATA_2)
        msu = b"" if parameter is None else parameter.value[1:]
    return msu if len(msu) >= 3 else None


def _with_length_indicator(part: Parameter) -> Parameter:
    """A message as TTC has it: the length indicator first, 63 for all longer ones (Q.703 2.3.3)."""
    if part.tag != Tag.PROTOCOL_DATA_1:
        return part
    return Parameter(Tag.PROTOCOL_DATA_2, bytes((min(len(part.value), 63),)) + part.value)


def _confirmed(action: Action) -> list[Parameter]:
    return [Parameter.number(Tag.ACTION, action), Parameter.number(Tag.RETRIEVAL_RESULT, 0)]


_REQUESTS: Final = {int(state): request for state, request in STATE_REQUESTS.items()}
_STATE_REQUESTS_KNOWN: Final = range(11)

MaupAction = Callable[[M2ua, Peer, Interface, Message, float], None]

_ASP_ACTIONS: Final[dict[Type, MaupAction]] = {
    Type.MAUP_DATA: M2ua._data,
    Type.DATA_ACK: M2ua._confirmed,
    Type.ESTABLISH_CONFIRM: M2ua._established,
    Type.RELEASE_CONFIRM: M2ua._confirmed,
    Type.RELEASE_INDICATION: M2ua._released,
    Type.STATE_CONFIRM: M2ua._confirmed,
    Type.STATE_INDICATION: M2ua._state_indication,
    Type.CONGESTION_INDICATION: M2ua._congestion_indication,
    Type.RETRIEVAL_CONFIRM: M2ua._retrieval_confirm,
    Type.RETRIEVAL_INDICATION: M2ua._retrieval_indication,
    Type.RETRIEVAL_COMPLETE: M2ua._retrieval_complete,
}
_SGP_ACTIONS: Final[dict[Type, MaupAction]] = {
    Type.MAUP_DATA: M2ua._data,
    Type.DATA_ACK: M2ua._confirmed,
    Type.ESTABLISH_REQUEST: M2ua._establish_request,
    Type.RELEASE_REQUEST: M2ua._release_request,
    Type.STATE_REQUEST: M2ua._state_request,
    Type.RETRIEVAL_REQUEST: M2ua._retrieval_request,
}
