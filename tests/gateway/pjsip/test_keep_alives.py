"""Pings over TCP and TLS, of a peer that writes what it likes, at the process with the real PJSIP."""

import contextlib
import socket
import ssl

import pytest
from support.certificates import Authority
from support.pjsip_engine import Engine

from tandem.gateway.pjsip.protocol import SetSources, Started
from tandem.gateway.sip.tls import TlsFiles

PINGS = b"\r\n\r\n" * 1500
OPTIONS = (
    b"OPTIONS sip:gw SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKone;rport\r\nFrom: <sip:a@b>;tag=one\r\n"
    b"To: <sip:gw>\r\nCall-ID: one@b\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(params=["tcp", "tls"])
def connect(request, authority):
    """What opens a connection to PJSIP."""
    files = TlsFiles(str(authority.issue("gw", "gw.example")), "", str(authority.file))
    engine = Engine(request.param, tls=files if request.param == "tls" else None)

    def connect():
        peer = stack.enter_context(socket.socket())
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.settimeout(10)
        peer.connect(("127.0.0.1", engine.port))
        if request.param == "tcp":
            return peer
        context = ssl.create_default_context(cafile=str(authority.file))
        return stack.enter_context(context.wrap_socket(peer, server_hostname="gw.example"))

    try:
        engine.hear(Started)
        engine.do(SetSources("t", [], ["127.0.0.1"]))
        with contextlib.ExitStack() as stack:
            yield connect
    finally:
        engine.process.close()


def heard(peer, length):
    came = b""
    while len(came) < length:
        octets = peer.recv(4096)
        assert octets
        came += octets
    return came


def test_pings_are_answered(connect):
    """Each, and two before a message, which is answered too."""
    peer = connect()
    for _ in range(3):
        peer.sendall(b"\r\n\r\n")
        assert heard(peer, 2) == b"\r\n"
    peer.sendall(b"\r\n\r\n\r\n\r\n" + OPTIONS)
    came = heard(peer, 100)
    assert came.startswith(b"\r\n\r\nSIP/2.0 ")


def test_an_answer_is_not_answered(connect):
    """One CRLF answers a ping of ours (RFC 5626 4.4.1)."""
    peer = connect()
    peer.sendall(b"\r\n")
    peer.sendall(OPTIONS)
    assert heard(peer, 100).startswith(b"SIP/2.0 ")


def test_many_pings_of_a_peer_that_does_not_read(connect):
    """Answers do not pile up: while one waits the next are not made. Once the peer reads, it is answered again."""
    peer = connect()
    for _ in range(2000):
        peer.sendall(PINGS)
    other = connect()
    other.sendall(b"\r\n\r\n")
    assert heard(other, 2) == b"\r\n"
    length = 0
    peer.settimeout(1.0)
    with contextlib.suppress(TimeoutError):
        while octets := peer.recv(1 << 16):
            length += len(octets)
    assert 2 < length < 2000 * len(PINGS) // 2
    peer.settimeout(10)
    peer.sendall(b"\r\n\r\n")
    assert heard(peer, 2) == b"\r\n"
