"""TLS between two sessions, octet by octet, and what breaks it."""

import ssl

import pytest
from support.certificates import Authority

from tandem.gateway.sip.tls import TlsContexts, TlsFiles
from tandem.gateway.sip.tls_session import TlsSession


@pytest.fixture
def contexts(tmp_path):
    authority = Authority(tmp_path)
    return TlsContexts(TlsFiles(str(authority.issue("gw", "gw.example")), authorities=str(authority.file)))


def exchange(client, server, chunk=1 << 20):
    """Carry octets until both are silent; what each read."""
    read = {client: b"", server: b""}
    moved = True
    while moved:
        moved = False
        for source, sink in ((client, server), (server, client)):
            octets = source.take()
            for start in range(0, len(octets), chunk):
                moved = True
                read[sink] += sink.receive(octets[start : start + chunk])
    return read[client], read[server]


@pytest.mark.parametrize("chunk", [1, 100, 1 << 20])
def test_both_directions(contexts, chunk):
    client, server = TlsSession(contexts.client, False, "gw.example"), TlsSession(contexts.server, True)
    client.send(b"early")
    assert not client.ready
    assert exchange(client, server, chunk) == (b"", b"early")
    assert client.ready
    assert server.ready
    server.send(b"x" * 200_000)
    assert exchange(client, server) == (b"x" * 200_000, b"")
    client.close()
    exchange(client, server)
    assert server.ended


def test_the_wrong_name(contexts):
    client, server = TlsSession(contexts.client, False, "other.example"), TlsSession(contexts.server, True)
    with pytest.raises(ssl.SSLCertVerificationError, match=r"other\.example"):
        exchange(client, server)
    assert client.take(), "an alert tells the server"


def test_no_tls_at_all(contexts):
    server = TlsSession(contexts.server, True)
    with pytest.raises(ssl.SSLError):
        server.receive(b"OPTIONS sip:a SIP/2.0\r\n\r\n")


def test_closing_before_the_handshake_says_nothing(contexts):
    server = TlsSession(contexts.server, True)
    server.close()
    assert server.take() == b""
