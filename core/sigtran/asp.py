"""The two ends of an ASP, RFC 4666 4.3.1 and 4.3.4: our own at a peer (client), a peer's at us (server)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol

from tandem.core.sigtran.codes import ErrorCode, Tag, Type
from tandem.core.sigtran.common import Message, Parameter
from tandem.core.sigtran.configuration import AssociationConfiguration, Timer, TimerKey, Timers
from tandem.core.sigtran.primitives import AspState
from tandem.core.timers import TimerTable

ECHOED: Final = frozenset(
    {Tag.TRAFFIC_MODE, Tag.ROUTING_CONTEXT, Tag.INTERFACE_ID, Tag.INTERFACE_ID_TEXT, Tag.INTERFACE_ID_RANGE}
)


class Surroundings(Protocol):
    """What an ASP needs of the layer that it belongs to."""

    timers: TimerTable[TimerKey]
    durations: Timers

    def send(self, association: str, kind: Type, parameters: Sequence[Parameter] = ()) -> None:
        """Send a message on stream 0."""
        ...

    def refuse(self, association: str, code: ErrorCode, parameters: Sequence[Parameter] = ()) -> None:
        """Answer the message at hand with ERR."""
        ...

    def named_servers(self, association: str, message: Message) -> list[str]:
        """Servers that a message names, all of the association's when it names none; answers ERR for others."""
        ...

    def activation(self, association: str, server: str) -> tuple[Parameter, ...]:
        """Parameters of ASP Active for a server: traffic mode and what names it."""
        ...

    def naming(self, association: str, server: str) -> tuple[Parameter, ...]:
        """Parameters that name a server on an association."""
        ...

    def leave(self, association: str, now: float) -> bool:
        """Our ASP there is inactive and about to go down: whether something has to be answered before."""
        ...

    def accepts_mode(self, server: str, mode: int) -> bool:
        """Whether an ASP may take part in `server` in this traffic mode."""
        ...

    def local_changed(self, association: str, before: AspState, now: float) -> None:
        """Our ASP there is in another state, or active for other servers."""
        ...

    def remote_changed(self, association: str, before: AspState, now: float) -> None:
        """The peer's ASP is in another state, or active for other servers."""
        ...


class _Asp:
    def __init__(self, configuration: AssociationConfiguration, layer: Surroundings) -> None:
        self.name = configuration.name
        self.up = False
        self.active: set[str] = set()
        """Servers that it is active for."""
        self._configuration = configuration
        self._layer = layer

    @property
    def state(self) -> AspState:
        """DOWN, INACTIVE, or ACTIVE for at least one server."""
        return AspState.ACTIVE if self.active else AspState.INACTIVE if self.up else AspState.DOWN


class AspClient(_Asp):
    """Our own ASP at the peer: asks to be up and active, again and again until that is acknowledged."""

    def __init__(self, configuration: AssociationConfiguration, layer: Surroundings) -> None:
        super().__init__(configuration, layer)
        self.wanted: set[str] = set()
        """Servers that it shall be active for."""
        self.wanted_up = False
        self._asked: set[tuple[Type, str]] = set()
        """Requests that wait for their answer, with the server or an empty name."""

    def start(self, now: float) -> None:
        """The association is there: come up."""
        self.wanted_up = True
        self._ask(Type.ASPUP, "", now)

    def stop(self, now: float) -> None:
        """Go down in order, whatever was wanted before: inactive, without registrations, down (RFC 4666 4.3.4, 4.4.2).

        What the peer does not answer within T(ack) is not waited for again.
        """
        self.wanted_up = False
        self.wanted.clear()
        self._forget()
        for server in sorted(self.active if self.up else ()):
            self._ask(Type.ASPIA, server, now)
        self.go_on_stopping(now)

    def go_on_stopping(self, now: float) -> None:
        """What was waited for on the way down has come, or has not."""
        if self.wanted_up or self._asked or (self.up and self._layer.leave(self.name, now)):
            return
        self._ask(Type.ASPDN, "", now)

    @property
    def at_rest(self) -> bool:
        """Whether it is down and wants nothing."""
        return not (self.up or self.wanted_up or self._asked)

    def lost(self, now: float) -> None:
        """The association is gone."""
        before = self.state
        self._forget()
        self.wanted.clear()
        self.up = False
        self.active.clear()
        self._changed(before, now)

    def want(self, servers: set[str], now: float) -> None:
        """Be active for exactly `servers`."""
        added, removed = servers - self.wanted, self.wanted - servers
        self.wanted = set(servers)
        if not self.up:
            return
        for server in sorted(added):
            self._settle(Type.ASPIA, server)
            if server not in self.active:
                self._ask(Type.ASPAC, server, now)
        for server in sorted(removed):
            asked = self._settle(Type.ASPAC, server)
            if asked or server in self.active:
                self._ask(Type.ASPIA, server, now)

    def displaced(self, servers: Sequence[str], now: float) -> None:
        """The peer said that these servers are not ours any more: another ASP took over, or it took us out."""
        before = self.state
        for server in servers:
            self.wanted.discard(server)
            self.active.discard(server)
            self._settle(Type.ASPAC, server)
        self._changed(before, now)

    def peer_down(self, now: float) -> None:
        """A peer that is up by one exchange for both directions went down: try anew after a while."""
        before = self.state
        self._forget()
        self.up = False
        self.active.clear()
        self.wanted.clear()
        if self.wanted_up:
            self._asked.add((Type.ASPUP, ""))
            self._arm(Type.ASPUP, "", self._layer.durations.refused, now)
        self._changed(before, now)

    def refused(self, code: int, now: float) -> None:
        """ERR came: what we asked for is not asked for again so soon."""
        if code in _REFUSALS:
            for kind, server in self._asked:
                self._arm(kind, server, self._layer.durations.refused, now)

    def is_activating(self, server: str) -> bool:
        """Whether ASP Active waits for its answer: messages on other streams may come before that."""
        return (Type.ASPAC, server) in self._asked

    def handle(self, message: Message, now: float) -> None:
        """An acknowledgement."""
        _CLIENT_ACTIONS[Type(message.type)](self, message, now)

    def retry(self, key: object, now: float) -> None:
        """T(ack) expired for a request."""
        for kind, server in self._asked & {key}:
            if kind is Type.ASPIA and not self.wanted_up:
                before = self.state
                self._settle(kind, server)
                self.active.discard(server)
                self._changed(before, now)
                self.go_on_stopping(now)
            else:
                self._ask(kind, server, now)

    def _up_acknowledged(self, message: Message, now: float) -> None:
        before = self.state
        asked = self._settle(Type.ASPUP, "")
        if before is AspState.DOWN and not asked:
            self._layer.refuse(self.name, ErrorCode.UNEXPECTED_MESSAGE)
            self._ask(Type.ASPDN, "", now)
            return
        self.up = True
        if before is AspState.ACTIVE:
            # 4.3.4.1: the peer takes us to be inactive, so we are; then we go back to where we were.
            if not asked:
                self._layer.refuse(self.name, ErrorCode.UNEXPECTED_MESSAGE)
            self.active.clear()
            for server in sorted(self.wanted):
                self._ask(Type.ASPAC, server, now)
        self._changed(before, now)

    def _down_acknowledged(self, message: Message, now: float) -> None:
        before = self.state
        asked = self._settle(Type.ASPDN, "")
        if not asked and before is AspState.DOWN:
            return
        self._forget()
        self.up = False
        self.active.clear()
        self.wanted.clear()
        if self.wanted_up and not asked:
            self._ask(Type.ASPUP, "", now)
        self._changed(before, now)

    def _active_acknowledged(self, message: Message, now: float) -> None:
        before = self.state
        if not self.up:
            self._layer.refuse(self.name, ErrorCode.UNEXPECTED_MESSAGE)
            return
        unexpected = []
        for server in self._layer.named_servers(self.name, message):
            if self._settle(Type.ASPAC, server):
                self.active.add(server)
            elif server not in self.active:
                unexpected.append(server)
        # An acknowledgement that names nothing stands for what was asked, not for every server there is.
        if unexpected and any(parameter.tag in ECHOED - {Tag.TRAFFIC_MODE} for parameter in message.parameters):
            self._layer.refuse(self.name, ErrorCode.UNEXPECTED_MESSAGE)
            for server in unexpected:
                self._ask(Type.ASPIA, server, now)
        self._changed(before, now)

    def _inactive_acknowledged(self, message: Message, now: float) -> None:
        before = self.state
        if not self.up:
            self._layer.refuse(self.name, ErrorCode.UNEXPECTED_MESSAGE)
            return
        for server in self._layer.named_servers(self.name, message):
            asked = self._settle(Type.ASPIA, server)
            if server in self.active:
                self.active.discard(server)
                if not asked and server in self.wanted:
                    self._ask(Type.ASPAC, server, now)
        self._changed(before, now)
        if not self.wanted_up:
            self.go_on_stopping(now)

    def _ask(self, kind: Type, server: str, now: float) -> None:
        parameters: tuple[Parameter, ...] = ()
        if kind is Type.ASPUP and self._configuration.asp_identifier is not None:
            parameters = (Parameter.number(Tag.ASP_IDENTIFIER, self._configuration.asp_identifier),)
        elif kind is Type.ASPAC:
            parameters = self._layer.activation(self.name, server)
        elif kind is Type.ASPIA:
            parameters = self._layer.naming(self.name, server)
        self._asked.add((kind, server))
        self._arm(kind, server, self._layer.durations.ack, now)
        self._layer.send(self.name, kind, parameters)

    def _arm(self, kind: Type, server: str, delay: float, now: float) -> None:
        self._layer.timers.start((Timer.ACK, self.name, (kind, server)), now + delay)

    def _settle(self, kind: Type, server: str) -> bool:
        self._layer.timers.stop((Timer.ACK, self.name, (kind, server)))
        if (kind, server) in self._asked:
            self._asked.discard((kind, server))
            return True
        return False

    def _forget(self) -> None:
        for kind, server in list(self._asked):
            self._settle(kind, server)

    def _changed(self, before: AspState, now: float) -> None:
        self._layer.local_changed(self.name, before, now)


class AspServer(_Asp):
    """The peer's ASP at us: does what it asks when that is in order."""

    def __init__(self, configuration: AssociationConfiguration, layer: Surroundings) -> None:
        super().__init__(configuration, layer)
        self.blocked = False
        """Management keeps it down."""
        self.identifier: int | None = None
        """ASP Identifier that it gave."""

    def lost(self, now: float) -> None:
        """The association is gone."""
        self._go_down(now)

    def block(self, blocked: bool, now: float) -> None:
        """Keep it down, telling it so with an ASP Down Ack that it did not ask for; or let it come up again."""
        self.blocked = blocked
        if blocked and self.up:
            self._layer.send(self.name, Type.ASPDN_ACK)
            self._go_down(now)

    def displaced(self, server: str, now: float) -> None:
        """Another ASP took over `server`."""
        before = self.state
        self.active.discard(server)
        self._layer.remote_changed(self.name, before, now)

    def handle(self, message: Message, now: float) -> None:
        """ASP Up, Down, Active or Inactive."""
        SERVER_TRANSITIONS[self.state, Type(message.type)](self, message, now)

    def _come_up(self, message: Message, now: float) -> None:
        expected = self._configuration.peer_identifier
        identifier = message.number(Tag.ASP_IDENTIFIER)
        if self.blocked:
            self._layer.refuse(self.name, ErrorCode.MANAGEMENT_BLOCKING)
        elif expected is not None and identifier is None:
            self._layer.refuse(self.name, ErrorCode.ASP_IDENTIFIER_REQUIRED)
        elif expected is not None and identifier != expected:
            self._layer.refuse(self.name, ErrorCode.INVALID_ASP_IDENTIFIER)
        else:
            before = self.state
            self.identifier = identifier
            self.up = True
            self._layer.send(self.name, Type.ASPUP_ACK)
            self._layer.remote_changed(self.name, before, now)

    def _already_up(self, message: Message, now: float) -> None:
        self._layer.send(self.name, Type.ASPUP_ACK)

    def _up_while_active(self, message: Message, now: float) -> None:
        """RFC 4666 4.3.4.1: acknowledged, but an error as well, and the ASP is inactive everywhere."""
        before = self.state
        self._layer.send(self.name, Type.ASPUP_ACK)
        self._layer.refuse(self.name, ErrorCode.UNEXPECTED_MESSAGE)
        self.active.clear()
        self._layer.remote_changed(self.name, before, now)

    def _take_down(self, message: Message, now: float) -> None:
        self._layer.send(self.name, Type.ASPDN_ACK)
        self._go_down(now)

    def _go_down(self, now: float) -> None:
        before = self.state
        self.up = False
        self.active.clear()
        self._layer.remote_changed(self.name, before, now)

    def _activate(self, message: Message, now: float) -> None:
        mode = message.number(Tag.TRAFFIC_MODE)
        servers = self._layer.named_servers(self.name, message)
        unfit = [server for server in servers if mode is not None and not self._layer.accepts_mode(server, mode)]
        if unfit:
            self._layer.refuse(self.name, ErrorCode.UNSUPPORTED_TRAFFIC_MODE)
        elif servers:
            before = self.state
            self._layer.send(self.name, Type.ASPAC_ACK, self._echo(message, servers))
            self.active.update(servers)
            self._layer.remote_changed(self.name, before, now)

    def _deactivate(self, message: Message, now: float) -> None:
        servers = self._layer.named_servers(self.name, message)
        if servers:
            before = self.state
            self._layer.send(self.name, Type.ASPIA_ACK, self._echo(message, servers))
            self.active.difference_update(servers)
            self._layer.remote_changed(self.name, before, now)

    def _unexpected(self, message: Message, now: float) -> None:
        self._layer.refuse(self.name, ErrorCode.UNEXPECTED_MESSAGE)

    def _echo(self, message: Message, servers: list[str]) -> list[Parameter]:
        """What the request said, without the servers that were refused."""
        echoed = [parameter for parameter in message.parameters if parameter.tag in ECHOED]
        if all(parameter.tag == Tag.TRAFFIC_MODE for parameter in echoed):
            return echoed
        mode = [parameter for parameter in echoed if parameter.tag == Tag.TRAFFIC_MODE]
        return mode + [parameter for server in servers for parameter in self._layer.naming(self.name, server)]


_REFUSALS: Final = frozenset(
    {
        ErrorCode.UNSUPPORTED_TRAFFIC_MODE,
        ErrorCode.MANAGEMENT_BLOCKING,
        ErrorCode.ASP_IDENTIFIER_REQUIRED,
        ErrorCode.INVALID_ASP_IDENTIFIER,
        ErrorCode.INVALID_ROUTING_CONTEXT,
        ErrorCode.INVALID_INTERFACE_ID,
        ErrorCode.NO_CONFIGURED_AS,
        ErrorCode.UNSUPPORTED_CLASS,
        ErrorCode.UNSUPPORTED_TYPE,
    }
)

_CLIENT_ACTIONS: Final[dict[Type, Callable[[AspClient, Message, float], None]]] = {
    Type.ASPUP_ACK: AspClient._up_acknowledged,
    Type.ASPDN_ACK: AspClient._down_acknowledged,
    Type.ASPAC_ACK: AspClient._active_acknowledged,
    Type.ASPIA_ACK: AspClient._inactive_acknowledged,
}

_S, _A = AspState, AspServer

#: RFC 4666 4.3.1 figure 3, seen from the end that keeps the state of the ASP.
SERVER_TRANSITIONS: Final[dict[tuple[AspState, Type], Callable[[AspServer, Message, float], None]]] = {
    (_S.DOWN, Type.ASPUP): _A._come_up,
    (_S.DOWN, Type.ASPDN): _A._take_down,
    (_S.DOWN, Type.ASPAC): _A._unexpected,
    (_S.DOWN, Type.ASPIA): _A._unexpected,
    (_S.INACTIVE, Type.ASPUP): _A._already_up,
    (_S.INACTIVE, Type.ASPDN): _A._take_down,
    (_S.INACTIVE, Type.ASPAC): _A._activate,
    (_S.INACTIVE, Type.ASPIA): _A._deactivate,
    (_S.ACTIVE, Type.ASPUP): _A._up_while_active,
    (_S.ACTIVE, Type.ASPDN): _A._take_down,
    (_S.ACTIVE, Type.ASPAC): _A._activate,
    (_S.ACTIVE, Type.ASPIA): _A._deactivate,
}

CLIENT_MESSAGES: Final = frozenset(_CLIENT_ACTIONS)
SERVER_MESSAGES: Final = frozenset(kind for _, kind in SERVER_TRANSITIONS)
