"""Transports by kind."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from tandem.gateway.sctp.configuration import ENCAPSULATION_PORT, AssociationSettings, SctpParameters
from tandem.gateway.sctp.kernel import KernelTransport, kernel_has_sctp
from tandem.gateway.sctp.packets import PacketTransport
from tandem.gateway.sctp.tcp import TcpTransport
from tandem.gateway.sctp.transport import AssociationUser, Transport


class Kind(Enum):
    """What carries the messages."""

    AUTOMATIC = "sctp"
    """SCTP of the kernel where it has it, else SCTP over UDP."""
    KERNEL = "sctp-kernel"
    UDP = "sctp-udp"
    """SCTP in user space, over UDP (RFC 6951)."""
    RAW = "sctp-raw"
    """SCTP in user space, over IP: needs CAP_NET_RAW, and a kernel without SCTP of its own."""
    TCP = "tcp"


def open_transport(
    kind: Kind,
    associations: Sequence[AssociationSettings],
    user: AssociationUser,
    parameters: SctpParameters | None = None,
    address: str = "0.0.0.0",
    udp_port: int = ENCAPSULATION_PORT,
) -> Transport:
    """The transport of a kind, not started; `address` and `udp_port` are ours for SCTP in user space."""
    if kind is Kind.AUTOMATIC:
        kind = Kind.KERNEL if kernel_has_sctp() else Kind.UDP
    if kind is Kind.KERNEL:
        return KernelTransport(associations, user, parameters)
    if kind is Kind.TCP:
        return TcpTransport(associations, user, parameters)
    port = udp_port if kind is Kind.UDP else None
    return PacketTransport(associations, user, parameters, address, port)
