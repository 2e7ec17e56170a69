"""M3UA, RFC 4666, as a pure machine: MTP-TRANSFER and its kin for user parts, over any number of associations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Final

from tandem.core.sigtran.application_server import ApplicationServer
from tandem.core.sigtran.codes import (
    ErrorCode,
    Ppid,
    RegistrationStatus,
    Tag,
    TrafficMode,
    Type,
    UnavailabilityCause,
)
from tandem.core.sigtran.common import Message, MessageError, Parameter
from tandem.core.sigtran.configuration import AssociationConfiguration, Role, Timer, Timers
from tandem.core.sigtran.layer import AdaptationLayer, Peer
from tandem.core.sigtran.messages import Forms
from tandem.core.sigtran.primitives import AsState, CloseAssociation, OperatorNotice, SendMessage
from tandem.ss7.mtp3.primitives import (
    PauseIndication,
    ResumeIndication,
    StatusCause,
    StatusIndication,
    TransferIndication,
    TransferRequest,
    UserIndication,
)
from tandem.ss7.sigtran.m3ua_configuration import M3uaServer
from tandem.ss7.sigtran.m3ua_destinations import MESSAGE_STATES, STATE_MESSAGES, DestinationState, DestinationTable
from tandem.ss7.sigtran.m3ua_registration import Registrations
from tandem.ss7.sigtran.messages import M3UA_FORMS
from tandem.ss7.sigtran.parameters import (
    AffectedPointCode,
    ProtocolData,
    RoutingKey,
    affected,
    deregistration_result,
    nested,
    parse_affected,
    parse_routing_key,
    registration_result,
    required,
)

Output = UserIndication | SendMessage | CloseAssociation | OperatorNotice


class M3ua(AdaptationLayer[M3uaServer, UserIndication]):
    """All M3UA of one gateway: ASP, SGP or IPSP, per association as configured.

    To the user part it is what MTP3 is: `start`, `transfer`, and the indications of `mtp3.primitives` among
    `outputs`. As SGP, `destination_status` says what becomes of the network behind it.
    """

    PPID: ClassVar[Ppid] = Ppid.M3UA
    FORMS: ClassVar[Forms] = M3UA_FORMS

    def __init__(
        self,
        associations: Sequence[AssociationConfiguration],
        servers: Sequence[M3uaServer],
        timers: Timers | None = None,
    ) -> None:
        self._contexts: dict[tuple[str, str], int] = {}
        """Routing contexts that a gateway gave us, by association and server."""
        self._plain_keys: set[tuple[str, str]] = set()
        """Those whose gateway takes no routing key with more in it than a point code."""
        self._table = DestinationTable()
        self._registrations = Registrations()
        self._network: dict[int, tuple[DestinationState, int]] = {}
        """As SGP: state and congestion level of the destinations behind us."""
        self._correlation = 0
        super().__init__(associations, servers, timers)
        # What is at the gateway itself can always be reached through it.
        self._network.update(
            (server.point_code, (DestinationState.AVAILABLE, 0)) for server in servers if server.point_code is not None
        )
        self._order = {name: number for number, name in enumerate(self._configurations, 1)}
        destinations = [code for server in servers for code in server.destinations]
        self._by_destination = {
            code: [server for server in servers if code in server.destinations] for code in dict.fromkeys(destinations)
        }

    # From the user part and the network

    def start(self, now: float) -> None:
        """Say which destinations cannot be reached: all, unless associations are up already."""
        for code in self._by_destination:
            if self._table.tell(code, self._reachable(code)):
                told = self._table.told(code)
                self._outputs.append(ResumeIndication(code) if told else PauseIndication(code))

    def transfer(self, request: TransferRequest, now: float) -> None:
        """MTP-TRANSFER request: send, keep while the server is pending, or count and drop."""
        pending: ApplicationServer | None = None
        for configuration in self._by_destination.get(request.dpc, ()):
            if not configuration.serves(request.opc, request.dpc, request.service):
                continue
            server = self._servers[configuration.name]
            if server.state is AsState.ACTIVE:
                targets = self._table.best(server.active, request.dpc)
                if targets:
                    self._send_data(configuration, targets, request)
                    return
            elif server.state is AsState.PENDING and pending is None:
                pending = server
        if pending is not None:
            pending.keep(request)
            self.counters["kept while pending"] += 1
        else:
            self.counters["no route"] += 1

    def available(self, pc: int) -> bool:
        """Whether signalling point `pc` can be reached now."""
        return self._reachable(pc)

    def destination_status(self, pc: int, state: DestinationState, now: float, congestion: int = 0) -> None:
        """As SGP: `pc`, behind us, is in `state` and congested to a level (0: not); ASPs are told."""
        before = self._network.get(pc)
        self._network[pc] = (state, congestion)
        if before == (state, congestion):
            return
        for peer in self.peers.values():
            if peer.role is Role.SGP and peer.server is not None and peer.server.active:
                if before is None or before[0] is not state:
                    self._tell(peer, STATE_MESSAGES[state], [pc])
                if congestion != (before[1] if before else 0):
                    self._tell_congestion(peer, pc, congestion)

    def user_unavailable(self, pc: int, service: int, cause: UnavailabilityCause, now: float) -> None:
        """As SGP: the user part `service` at `pc`, behind us, does not take messages; ASPs are told (DUPU)."""
        value = Parameter.number(Tag.USER_CAUSE, cause << 16 | service)
        for peer in self.peers.values():
            if peer.role is Role.SGP and peer.server is not None and peer.server.active:
                self._tell(peer, Type.DUPU, [pc], value)

    # Sending DATA

    def _send_data(self, configuration: M3uaServer, targets: list[str], request: TransferRequest) -> None:
        opc = configuration.point_code if request.opc is None else request.opc
        if opc is None or not (0 <= request.sls <= 255 and 0 <= request.service <= 15 and 0 <= request.priority <= 3):
            self.counters["cannot be sent"] += 1
            self.notice(f"message of service {request.service} to {request.dpc} does not fit Protocol Data")
            return
        data = ProtocolData(
            opc,
            request.dpc,
            request.service,
            configuration.network_indicator,
            request.priority,
            request.sls,
            request.data,
        )
        if configuration.mode is TrafficMode.LOADSHARE:
            targets = [targets[request.sls % len(targets)]]
        elif configuration.mode is TrafficMode.OVERRIDE:
            targets = targets[:1]
        else:
            self._correlation = self._correlation + 1 & 0xFFFF_FFFF
        for target in targets:
            parts = []
            if configuration.network_appearance is not None:
                parts.append(Parameter.number(Tag.NETWORK_APPEARANCE, configuration.network_appearance))
            parts += [*self.naming(target, configuration.name), Parameter(Tag.PROTOCOL_DATA, data.encode())]
            if configuration.mode is TrafficMode.BROADCAST:
                parts.append(Parameter.number(Tag.CORRELATION_ID, self._correlation))
            streams = self.peers[target].streams
            # 1.4.7: stream 0 is for management; messages with the same SLS keep their order.
            stream = 1 + request.sls % (streams - 1) if streams > 1 else 0
            self.send(target, Type.DATA, parts, stream)

    # Names of servers

    def naming(self, association: str, server: str) -> tuple[Parameter, ...]:
        """Routing context of a server, where there is one."""
        context = self._context(association, server)
        return () if context is None else (Parameter.number(Tag.ROUTING_CONTEXT, context),)

    def _context(self, association: str, server: str) -> int | None:
        given = self._contexts.get((association, server))
        return self._configurations[server].routing_context if given is None else given

    def named_servers(self, association: str, message: Message) -> list[str]:
        """Servers by routing context; ERR invalid routing context for others, no configured AS for none at all."""
        usable = [name for name in self._served[association] if self._usable(association, name)]
        parameter = message.get(Tag.ROUTING_CONTEXT)
        if parameter is None:
            if not usable and message.type in (Type.ASPAC, Type.ASPIA):
                self.refuse(association, ErrorCode.NO_CONFIGURED_AS)
            return usable
        known = {self._context(association, name): name for name in usable}
        contexts = parameter.numbers
        invalid = [context for context in contexts if context not in known]
        if invalid and message.type in (Type.ASPAC, Type.ASPIA, Type.ASPAC_ACK, Type.ASPIA_ACK):
            contexts_parameter = Parameter.number(Tag.ROUTING_CONTEXT, *invalid)
            self.refuse(association, ErrorCode.INVALID_ROUTING_CONTEXT, [contexts_parameter])
        return [known[context] for context in dict.fromkeys(contexts) if context in known]

    def _usable(self, association: str, server: str) -> bool:
        """Whether an ASP that has to register for the server has done so."""
        if not self._configurations[server].register:
            return True
        peer = self.peers[association]
        if peer.role.is_client and (association, server) in self._contexts:
            return True
        return peer.role.is_server and self._registrations.is_registered(association, server)

    def _names_to_repeat(self, code: ErrorCode) -> list[Parameter]:
        if code not in _WITH_CONTEXT:
            return []
        try:
            message = Message.parse(self._current)
        except MessageError:
            return []
        tag = _WITH_CONTEXT[code]
        found = message.get(tag)
        return [found] if found is not None and found.value else []

    # Messages received

    def _message(self, peer: Peer, message: Message, now: float) -> None:
        _ACTIONS[Type(message.type)](self, peer, message, now)

    def _data(self, peer: Peer, message: Message, now: float) -> None:
        data = ProtocolData.parse(message.require(Tag.PROTOCOL_DATA).value)
        name = self._data_server(peer, message, data)
        if name is None:
            return
        configuration = self._configurations[name]
        if not peer.may_receive(name) and not (peer.client is not None and peer.client.is_activating(name)):
            self.counters["DATA while not active"] += 1
            if peer.role is not Role.ASP:  # 3.8.1: an ASP discards silently
                self.refuse(peer.name, ErrorCode.UNEXPECTED_MESSAGE)
            return
        appearance = message.number(Tag.NETWORK_APPEARANCE)
        if (
            None not in (appearance, configuration.network_appearance)
            and appearance != configuration.network_appearance
        ):
            self.refuse(peer.name, ErrorCode.INVALID_NETWORK_APPEARANCE)
        elif configuration.point_code is not None and data.dpc != configuration.point_code:
            self.counters["not for this point code"] += 1
        else:
            self.counters["received"] += 1
            self._outputs.append(TransferIndication(data.service, data.opc, data.dpc, data.sls, data.data))

    def _data_server(self, peer: Peer, message: Message, data: ProtocolData) -> str | None:
        """The server that DATA belongs to, by routing context, else by being the only one, else by its label."""
        served = self._served[peer.name]
        context = message.number(Tag.ROUTING_CONTEXT)
        if context is not None:
            for name in served:
                configured = self._context(peer.name, name)
                if configured == context or (configured is None and len(served) == 1):
                    return name
            self.refuse(peer.name, ErrorCode.INVALID_ROUTING_CONTEXT)
            return None
        if len(served) == 1:
            return served[0]
        for name in served:
            configuration = self._configurations[name]
            if configuration.serves(data.dpc, data.opc, data.service):
                return name
        self.refuse(peer.name, ErrorCode.NO_CONFIGURED_AS)
        return None

    def _destination_message(self, peer: Peer, message: Message, now: float) -> None:
        """DUNA, DAVA or DRST."""
        if self._from_gateway(peer):
            state = MESSAGE_STATES[Type(message.type)]
            for code in self._concerned(peer, parse_affected(message)):
                self._table.set(peer.name, code, state)
            self._watch(peer, now)
            self._tell_user()

    def _congestion_message(self, peer: Peer, message: Message, now: float) -> None:
        level = message.number(Tag.CONGESTION_INDICATIONS)
        if not peer.up:
            self.refuse(peer.name, ErrorCode.UNEXPECTED_MESSAGE)
            return
        for code in self._concerned(peer, parse_affected(message)):
            self._outputs.append(StatusIndication(code, StatusCause.CONGESTION, level=(level or 0) & 0xFF))

    def _user_unavailable_message(self, peer: Peer, message: Message, now: float) -> None:
        value = message.require(Tag.USER_CAUSE).integer
        if self._from_gateway(peer):
            cause = _CAUSES.get(value >> 16, StatusCause.USER_PART_UNKNOWN)
            for code in self._concerned(peer, parse_affected(message)[:1]):
                self._outputs.append(StatusIndication(code, cause, service=value & 0xFFFF))

    def _audit_message(self, peer: Peer, message: Message, now: float) -> None:
        """DAUD: answer for each point code, from what `destination_status` said (RFC 4666 4.5.3)."""
        codes = parse_affected(message)
        if peer.role is Role.ASP or peer.server is None or not peer.server.up:
            self.refuse(peer.name, ErrorCode.UNEXPECTED_MESSAGE)
            return
        for asked in codes:
            known = sorted(code for code in self._network if asked.matches(code))
            if not known:
                self._tell(peer, Type.DUNA, [asked])
            for code in known:
                state, congestion = self._network[code]
                self._tell(peer, STATE_MESSAGES[state], [code])
                if congestion:
                    self._tell_congestion(peer, code, congestion)

    def _from_gateway(self, peer: Peer) -> bool:
        if peer.client is None or not peer.up:
            self.refuse(peer.name, ErrorCode.UNEXPECTED_MESSAGE)
            return False
        return True

    def _concerned(self, peer: Peer, codes: tuple[AffectedPointCode, ...]) -> list[int]:
        known = [code for name in self._served[peer.name] for code in self._configurations[name].destinations]
        return [code for code in dict.fromkeys(known) if any(asked.matches(code) for asked in codes)]

    def _tell(self, peer: Peer, kind: Type, codes: Sequence[AffectedPointCode | int], *more: Parameter) -> None:
        self.send(peer.name, kind, [*self._active_contexts(peer), affected(*codes), *more], min(1, peer.streams - 1))

    def _tell_congestion(self, peer: Peer, pc: int, level: int) -> None:
        self._tell(peer, Type.SCON, [pc], Parameter.number(Tag.CONGESTION_INDICATIONS, level))

    def _active_contexts(self, peer: Peer) -> list[Parameter]:
        contexts = [self._context(peer.name, name) for name in self._served[peer.name] if peer.may_send(name)]
        known = [context for context in contexts if context is not None]
        return [Parameter.number(Tag.ROUTING_CONTEXT, *known)] if known else []

    # Reachability

    def _active_changed(self, server: ApplicationServer, now: float) -> None:
        configuration = self._configurations[server.name]
        if server.state is AsState.ACTIVE:
            for request in server.take_waiting():
                self.transfer(request, now)
        for name in server.active:
            peer = self.peers[name]
            if peer.role is Role.ASP and self.durations.audit > 0 and configuration.destinations:
                self._tell(peer, Type.DAUD, configuration.destinations)
        self._tell_user()

    def _reachable(self, pc: int) -> bool:
        for configuration in self._by_destination.get(pc, ()):
            server = self._servers[configuration.name]
            if server.state is AsState.ACTIVE and self._table.best(server.active, pc):
                return True
            if server.state is AsState.PENDING and self._table.told(pc):
                return True  # messages wait meanwhile
        return False

    def _tell_user(self) -> None:
        for code in self._by_destination:
            reachable = self._reachable(code)
            if reachable is not self._table.told(code) and self._table.tell(code, reachable):
                self._outputs.append(ResumeIndication(code) if reachable else PauseIndication(code))

    def _watch(self, peer: Peer, now: float) -> None:
        key = (Timer.AUDIT, peer.name, None)
        if not self._table.not_available(peer.name):
            self.timers.stop(key)
        elif self.durations.audit > 0 and peer.role is Role.ASP and not self.timers.is_running(key):
            self.timers.start(key, now + self.durations.audit)

    def _timer(self, timer: Timer, peer: Peer, key: object, now: float) -> None:
        codes = self._table.not_available(peer.name)
        if timer is Timer.AUDIT and peer.connected and codes:
            self._tell(peer, Type.DAUD, codes)
            self._watch(peer, now)

    def _forget(self, peer: Peer, now: float) -> None:
        self._table.forget(peer.name)
        self._registrations.forget(peer.name)
        self.timers.stop((Timer.AUDIT, peer.name, None))
        for name in self._served[peer.name]:
            self._contexts.pop((peer.name, name), None)
            self.timers.stop((Timer.ACK, peer.name, (Type.REG_REQ, name)))
        self.timers.stop((Timer.ACK, peer.name, (Type.DEREG_REQ, "")))

    # Registration

    def leave(self, association: str, now: float) -> bool:
        """Deregister what the gateway gave us contexts for (RFC 4666 4.4.2)."""
        contexts = [self._contexts.get((association, name)) for name in self._served[association]]
        given = [context for context in contexts if context is not None]
        key = (Timer.ACK, association, (Type.DEREG_REQ, ""))
        if given and not self.timers.is_running(key):
            self.timers.start(key, now + self.durations.ack)
            self.send(association, Type.DEREG_REQ, [Parameter.number(Tag.ROUTING_CONTEXT, *given)])
        return bool(given)

    def _deregistered(self, peer: Peer, now: float) -> None:
        for name in self._served[peer.name]:
            self._contexts.pop((peer.name, name), None)
        if peer.client is not None:
            peer.client.go_on_stopping(now)

    def _ready(self, peer: Peer, server: str, now: float) -> bool:
        if self._usable(peer.name, server) or peer.client is None:
            return True
        if not self.timers.is_running((Timer.ACK, peer.name, (Type.REG_REQ, server))):
            self._register(peer, server, now)
        return False

    def _register(self, peer: Peer, server: str, now: float) -> None:
        configuration = self._configurations[server]
        self.timers.start((Timer.ACK, peer.name, (Type.REG_REQ, server)), now + self.durations.ack)
        key = configuration.own_key
        if (peer.name, server) in self._plain_keys:
            key = RoutingKey(key.dpcs, network_appearance=key.network_appearance, traffic_mode=key.traffic_mode)
        self.send(peer.name, Type.REG_REQ, [key.encode(self._order[server], configuration.routing_context)])

    def _retry(self, peer: Peer, key: object, now: float) -> None:
        match key:
            case (Type.REG_REQ, str(server)):
                if peer.client is not None and peer.client.up and not self._usable(peer.name, server):
                    self._register(peer, server, now)
            case (Type.DEREG_REQ, _):
                self._deregistered(peer, now)
            case _:
                super()._retry(peer, key, now)

    def _registration_response(self, peer: Peer, message: Message, now: float) -> None:
        if peer.client is None or not peer.client.up:
            self.refuse(peer.name, ErrorCode.UNEXPECTED_MESSAGE)
            return
        names = {number: name for name, number in self._order.items()}
        for parameter in message.parameters:
            if parameter.tag != Tag.REGISTRATION_RESULT:
                continue
            parts = nested(parameter)
            name = names.get(required(parts, Tag.LOCAL_ROUTING_KEY_ID))
            status = required(parts, Tag.REGISTRATION_STATUS)
            timer = (Timer.ACK, peer.name, (Type.REG_REQ, name))
            if name is None or not self.timers.stop(timer):
                self.counters["registration results not asked for"] += 1
            elif status in (RegistrationStatus.REGISTERED, RegistrationStatus.ALREADY_REGISTERED):
                self._contexts[peer.name, name] = required(parts, Tag.ROUTING_CONTEXT)
                self._choose(self._servers[name], now)
            elif status == RegistrationStatus.UNSUPPORTED_KEY_FIELD and (peer.name, name) not in self._plain_keys:
                self._plain_keys.add((peer.name, name))
                self.notice(f"the peer registers {name} by its point code alone: every service comes to it", peer.name)
                self._register(peer, name, now)
            else:
                self.timers.start(timer, now + self.durations.refused)
                self.notice(f"the peer refuses the routing key of {name}: registration status {status}", peer.name)

    def _registration_request(self, peer: Peer, message: Message, now: float) -> None:
        if peer.server is None or not peer.server.up:
            self.refuse(peer.name, ErrorCode.UNEXPECTED_MESSAGE)
            return
        servers = [self._configurations[name] for name in self._served[peer.name]]
        results = []
        for parameter in message.parameters:
            if parameter.tag == Tag.ROUTING_KEY:
                local_id, context, key = parse_routing_key(parameter)
                status, given = self._registrations.register(peer.name, context, key, servers)
                results.append(registration_result(local_id, status, given))
        self.send(peer.name, Type.REG_RSP, results)

    def _deregistration_request(self, peer: Peer, message: Message, now: float) -> None:
        contexts = message.require(Tag.ROUTING_CONTEXT).numbers
        if peer.server is None or not peer.server.up:
            self.refuse(peer.name, ErrorCode.UNEXPECTED_MESSAGE)
            return
        servers = [self._configurations[name] for name in self._served[peer.name]]
        known = {server.routing_context: server for server in servers if server.routing_context is not None}
        results = []
        for context in contexts:
            status = self._registrations.deregister(peer.name, context, known, peer.server.active)
            results.append(deregistration_result(context, status))
        self.send(peer.name, Type.DEREG_RSP, results)

    def _deregistration_response(self, peer: Peer, message: Message, now: float) -> None:
        """What it says of each context does not matter: ASP Down follows."""
        if self.timers.stop((Timer.ACK, peer.name, (Type.DEREG_REQ, ""))):
            self._deregistered(peer, now)
        else:
            self.refuse(peer.name, ErrorCode.UNEXPECTED_MESSAGE)


_CAUSES: Final = {
    int(UnavailabilityCause.UNEQUIPPED): StatusCause.USER_PART_UNEQUIPPED,
    int(UnavailabilityCause.INACCESSIBLE): StatusCause.USER_PART_INACCESSIBLE,
}
#: What of the offending message ERR repeats, RFC 4666 3.8.1.
_WITH_CONTEXT: Final = {
    ErrorCode.UNEXPECTED_MESSAGE: Tag.ROUTING_CONTEXT,
    ErrorCode.INVALID_ROUTING_CONTEXT: Tag.ROUTING_CONTEXT,
    ErrorCode.INVALID_NETWORK_APPEARANCE: Tag.NETWORK_APPEARANCE,
    ErrorCode.DESTINATION_STATUS_UNKNOWN: Tag.AFFECTED_POINT_CODE,
}
_ACTIONS: Final[dict[Type, Callable[[M3ua, Peer, Message, float], None]]] = {
    Type.DATA: M3ua._data,
    Type.DUNA: M3ua._destination_message,
    Type.DAVA: M3ua._destination_message,
    Type.DRST: M3ua._destination_message,
    Type.SCON: M3ua._congestion_message,
    Type.DUPU: M3ua._user_unavailable_message,
    Type.DAUD: M3ua._audit_message,
    Type.REG_REQ: M3ua._registration_request,
    Type.REG_RSP: M3ua._registration_response,
    Type.DEREG_REQ: M3ua._deregistration_request,
    Type.DEREG_RSP: M3ua._deregistration_response,
}
