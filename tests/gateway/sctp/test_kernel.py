"""Kernel SCTP: its absence is told; structures as the kernel has them. tests/interop/test_sctp_kernel.py runs it."""

import asyncio
import socket

import pytest
from support.associations import Recorder, until

from tandem.core.errors import ConfigurationError
from tandem.gateway.sctp import kernel
from tandem.gateway.sctp.configuration import AssociationSettings, SctpParameters
from tandem.gateway.sctp.kernel import KernelTransport, kernel_has_sctp, pack_addresses, pack_path, unpack_address


def test_absence_is_told(monkeypatch):
    monkeypatch.setattr(kernel, "kernel_has_sctp", lambda: False)
    with pytest.raises(ConfigurationError, match="no SCTP"):
        asyncio.run(KernelTransport([], Recorder()).start())


def test_addresses():
    assert pack_addresses(["192.0.2.1"], 2905).hex() == "02000b59c0000201" + "00" * 8
    packed = pack_addresses(["::1", "127.0.0.1"], 1)
    assert len(packed) == 28 + 16
    assert packed[:2] == socket.AF_INET6.to_bytes(2, "little")
    assert packed[8:24] == bytes(15) + b"\x01"


def test_addresses_come_back():
    assert unpack_address(pack_addresses(["192.0.2.1"], 2905) + bytes(112)) == "192.0.2.1"
    assert unpack_address(pack_addresses(["2001:db8::1"], 2905) + bytes(100)) == "2001:db8::1"
    assert unpack_address(pack_addresses(["::ffff:192.0.2.1"], 2905) + bytes(100)) == "192.0.2.1"


def test_path_parameters():
    packed = pack_path(SctpParameters(heartbeat=5.0))
    assert len(packed) % 4 == 0
    assert packed[132:136] == (5000).to_bytes(4, "little")
    assert pack_path(SctpParameters(heartbeat=0.0))[132:136] == bytes(4)


def test_messages_between_two_ends_or_a_clear_error():
    """With SCTP in the kernel it must work; without, it must say so."""

    async def scene():
        users = Recorder(), Recorder()
        here = ["127.0.0.1"]
        server = KernelTransport([AssociationSettings("x", here, 0, 29050, here, listen=True)], users[0])
        client = KernelTransport([AssociationSettings("x", here, 29050, local_addresses=here)], users[1])
        await server.start()
        await client.start()
        await until(lambda: server.is_up("x") and client.is_up("x"))
        client.send("x", b"hello", 3, 3)
        await until(lambda: bool(users[0].messages))
        assert users[0].messages == [("x", b"hello", 3, 3)]
        await client.close()
        await server.close()

    if kernel_has_sctp():
        asyncio.run(scene())
    else:
        with pytest.raises(ConfigurationError, match="SCTP"):
            asyncio.run(scene())
