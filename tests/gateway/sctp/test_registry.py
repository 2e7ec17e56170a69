"""Transports by kind."""

import pytest
from support.associations import Recorder

from tandem.gateway.sctp import registry
from tandem.gateway.sctp.kernel import KernelTransport
from tandem.gateway.sctp.packets import PacketTransport
from tandem.gateway.sctp.registry import Kind, open_transport
from tandem.gateway.sctp.tcp import TcpTransport


@pytest.mark.parametrize(
    ("kind", "cls", "port"),
    [
        (Kind.KERNEL, KernelTransport, None),
        (Kind.UDP, PacketTransport, 9899),
        (Kind.RAW, PacketTransport, None),
        (Kind.TCP, TcpTransport, None),
    ],
)
def test_kinds(kind, cls, port):
    transport = open_transport(kind, [], Recorder())
    assert type(transport) is cls
    assert getattr(transport, "_udp_port", None) == port


@pytest.mark.parametrize(("kernel", "cls"), [(True, KernelTransport), (False, PacketTransport)])
def test_the_kernel_is_preferred(monkeypatch, kernel, cls):
    monkeypatch.setattr(registry, "kernel_has_sctp", lambda: kernel)
    assert type(open_transport(Kind("sctp"), [], Recorder())) is cls
