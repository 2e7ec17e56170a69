"""The SIGTRAN associations of a gateway: from the configuration to open transports."""

from __future__ import annotations

from collections.abc import Sequence

from tandem.core.sigtran.primitives import CloseAssociation, SendMessage
from tandem.gateway import signalling_setup as setup
from tandem.gateway.configuration.ranges import parse_address
from tandem.gateway.configuration.schema import Association, Configuration
from tandem.gateway.sctp.configuration import AssociationSettings
from tandem.gateway.sctp.registry import Kind, open_transport
from tandem.gateway.sctp.transport import AssociationUser, Transport


class Associations:
    """Every transport, one of a kind, as one."""

    def __init__(self, configuration: Configuration, user: AssociationUser) -> None:
        """`user` hears of every association; nothing is opened yet."""
        ppids = setup.ppids(configuration)
        kinds: dict[Kind, list[AssociationSettings]] = {}
        for association in configuration.association:
            if association.name in ppids:
                settings = settings_of(association, ppids[association.name])
                kinds.setdefault(Kind(association.transport), []).append(settings)
        sigtran = configuration.sigtran
        self._by_name: dict[str, Transport] = {}
        self._transports: list[Transport] = []
        for kind, wanted in kinds.items():
            transport = open_transport(kind, wanted, user, None, sigtran.udp_address, sigtran.udp_port)
            self._transports.append(transport)
            self._by_name.update((one.name, transport) for one in wanted)

    async def start(self) -> None:
        """Open and begin; ConfigurationError when this machine cannot."""
        for transport in self._transports:
            await transport.start()

    def carry_out(self, commands: Sequence[SendMessage | CloseAssociation]) -> None:
        """Send and close what the machines want; what is for an association that is down is lost with it."""
        for command in commands:
            transport = self._by_name[command.association]
            if isinstance(command, SendMessage):
                transport.send(command.association, command.octets, command.stream, command.ppid)
            else:
                transport.abort(command.association, command.reason)

    async def close(self) -> None:
        """Shut every association down in order."""
        for transport in self._transports:
            await transport.close()


def settings_of(association: Association, ppid: int) -> AssociationSettings:
    """An `[[association]]` as the transports take it."""
    address, port = parse_address(association.local)
    peer, peer_port = parse_address(association.peer)
    return AssociationSettings(
        name=association.name,
        remote_addresses=(peer, *association.also_peer),
        remote_port=peer_port,
        local_port=port,
        local_addresses=(address, *association.also_local),
        listen=association.wait,
        udp_port=association.peer_udp_port,
        ppid=ppid,
    )
