"""Layers whose traffic is named by interface identifiers, numbers or texts: M2UA (RFC 3331) and IUA (RFC 4233)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from tandem.core.errors import ConfigurationError
from tandem.core.sigtran.codes import ErrorCode, Tag, Type
from tandem.core.sigtran.common import Message, MessageError, Parameter
from tandem.core.sigtran.configuration import AssociationConfiguration, ServerConfiguration, Timers
from tandem.core.sigtran.layer import AdaptationLayer, Peer

Interface = int | str


@dataclass(frozen=True, kw_only=True)
class InterfaceServer(ServerConfiguration):
    """One application server: the interfaces whose upper layer it is."""

    interfaces: tuple[Interface, ...]
    """Interface identifiers, numbers or texts, as agreed with the peer."""

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "interfaces", tuple(self.interfaces))
        if not self.interfaces or len(set(self.interfaces)) != len(self.interfaces):
            raise ConfigurationError(f"application server {self.name} needs interfaces, each once")
        for interface in self.interfaces:
            if isinstance(interface, int) and not 0 <= interface < 1 << 32:
                raise ConfigurationError(f"interface {interface} has more than 32 bits")
            if isinstance(interface, str) and not 1 <= len(interface.encode()) <= 255:
                raise ConfigurationError(f"interface {interface!r} must have 1 to 255 octets")


Server = TypeVar("Server", bound=InterfaceServer)
Upper = TypeVar("Upper")


class InterfaceLayer(AdaptationLayer[Server, Upper]):
    """An adaptation layer whose application servers are sets of interfaces."""

    def __init__(
        self, associations: Sequence[AssociationConfiguration], servers: Sequence[Server], timers: Timers | None = None
    ) -> None:
        super().__init__(associations, servers, timers)
        self._server_of: dict[Interface, str] = {}
        for server in servers:
            for interface in server.interfaces:
                if interface in self._server_of:
                    raise ConfigurationError(f"interface {interface} is in two application servers")
                self._server_of[interface] = server.name

    def naming(self, association: str, server: str) -> tuple[Parameter, ...]:
        """The interfaces of a server."""
        interfaces = self._configurations[server].interfaces
        numbers = [interface for interface in interfaces if isinstance(interface, int)]
        texts = tuple(interface_name(interface) for interface in interfaces if isinstance(interface, str))
        return ((Parameter.number(Tag.INTERFACE_ID, *numbers),) if numbers else ()) + texts

    def named_servers(self, association: str, message: Message) -> list[str]:
        """Servers by their interfaces; ERR invalid interface identifier for others."""
        served = self._served[association]
        found: list[str] = []
        named = False
        for parameter in message.parameters:
            if parameter.tag not in _INTERFACE_TAGS:
                continue
            named = True
            servers = {self._server_of.get(interface) for interface in self._interfaces(parameter)}
            found += sorted(name for name in servers if name is not None and name in served)
            if not servers or servers - set(served):
                self.refuse(association, ErrorCode.INVALID_INTERFACE_ID, [parameter])
        return list(dict.fromkeys(found)) if named else list(served)

    def _interfaces(self, parameter: Parameter) -> list[Interface]:
        """Interfaces of a parameter; for a range those that there are."""
        if parameter.tag == Tag.INTERFACE_ID:
            return list(parameter.numbers)
        if parameter.tag == Tag.INTERFACE_ID_TEXT:
            return [_text(parameter)]
        numbers = parameter.numbers
        if len(numbers) % 2:
            raise MessageError("a range without an end", ErrorCode.PARAMETER_FIELD_ERROR)
        ranges = list(zip(numbers[::2], numbers[1::2], strict=True))
        known = [interface for interface in self._server_of if isinstance(interface, int)]
        return [interface for interface in known if any(low <= interface <= high for low, high in ranges)]

    def _interface(self, peer: Peer, message: Message) -> Interface | None:
        interface: Interface
        if (parameter := message.get(Tag.INTERFACE_ID)) is not None:
            interface = parameter.integer
        elif (parameter := message.get(Tag.INTERFACE_ID_TEXT)) is not None:
            interface = _text(parameter)
        else:
            every = [each for name in self._served[peer.name] for each in self._configurations[name].interfaces]
            return every[0] if len(every) == 1 else None
        return interface if self._server_of.get(interface) in self._served[peer.name] else None

    def _send_about(
        self, interface: Interface, kind: Type, parts: Sequence[Parameter], association: str | None = None
    ) -> bool:
        """Send a message about an interface, to the ASP that is active for it; False when there is none."""
        server = self._servers[self._server_of[interface]]
        if association is None:
            if not server.active:
                self.counters["no active ASP"] += 1
                return False
            position = self._configurations[server.name].interfaces.index(interface)
            association = server.active[position % len(server.active)]
        streams = self.peers[association].streams
        # RFC 3331 1.5.3, and as well for IUA: one stream for each interface, if there are as many.
        stream = 1 + list(self._server_of).index(interface) % (streams - 1) if streams > 1 else 0
        self.send(association, kind, [interface_name(interface), *parts], stream)
        return True


def interface_name(interface: Interface) -> Parameter:
    """The parameter that names an interface."""
    if isinstance(interface, int):
        return Parameter.number(Tag.INTERFACE_ID, interface)
    return Parameter(Tag.INTERFACE_ID_TEXT, interface.encode())


def _text(parameter: Parameter) -> str:
    return parameter.value.rstrip(b"\0").decode("utf-8", "replace")


def interfaces_of(message: Message) -> list[Parameter]:
    """The parameters of a message that name interfaces, for ERR to repeat."""
    return [parameter for parameter in message.parameters if parameter.tag in _INTERFACE_TAGS and parameter.value]


_INTERFACE_TAGS: Final = frozenset({Tag.INTERFACE_ID, Tag.INTERFACE_ID_TEXT, Tag.INTERFACE_ID_RANGE})
