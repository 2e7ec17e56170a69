import gzip
import socket
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.core.errors import TandemError
from tandem.gateway.analyser import hep as module
from tandem.gateway.analyser.dissect import Dissector, Options
from tandem.gateway.analyser.hep import HepReader, HepSender, HepStream, encode
from tandem.gateway.analyser.model import Message, Protocol, Where
from tandem.gateway.analyser.packets import HEP_DATAGRAM
from tandem.gateway.analyser.sources import batch_of

SIP = b"OPTIONS sip:b SIP/2.0\r\nCall-ID: 1\r\n\r\n"


def back(message):
    """What the dissector makes of it."""
    found = Dissector().feed(batch_of([(5.0, encode(message))], HEP_DATAGRAM, ""))
    return found.messages[-1]


@pytest.mark.parametrize("ends", [("10.0.0.1:5060", "10.0.0.2:5062"), ("[::1]:5060", "[2001:db8::2]:5061")])
def test_sip_comes_back(ends):
    sent = Message(1, 1000.25, Protocol.SIP, "OPTIONS", Where(*ends), SIP)
    found = back(sent)
    assert (found.time, found.type, found.octets) == (1000.25, "OPTIONS", SIP)
    assert (found.where.source, found.where.destination) == ends


@pytest.mark.parametrize(
    ("protocol", "octets", "kind"),
    [(Protocol.ISUP, bytes((7, 0, 16, 0)), "RLC"), (Protocol.TUP, bytes((7, 2, 0x17)), "RLG")],
)
def test_circuits_come_back_in_m3ua(protocol, octets, kind):
    where = Where("10.0.0.1:2905", "10.0.0.2:2905", 1, 2, 2, "itu")
    found = back(Message(1, 3.0, protocol, kind, where, octets))
    assert (found.protocol, found.type, found.octets) == (protocol, kind, octets)
    assert (found.where.opc, found.where.dpc, found.where.network) == (1, 2, 2)


@pytest.mark.parametrize(("sent", "count", "refused"), [(b"secret", 1, 0), (b"other", 0, 1), (b"", 0, 1)])
def test_a_key_that_is_asked_for(sent, count, refused):
    message = Message(1, 3.0, Protocol.SIP, "OPTIONS", Where("10.0.0.1:5060", "10.0.0.2:5062"), SIP)
    dissector = Dissector(Options(hep_key=b"secret"))
    found = dissector.feed(batch_of([(5.0, encode(message, sent))], HEP_DATAGRAM, ""))
    assert (len(found.messages), dissector.refused) == (count, refused)


def test_a_key_is_chunk_14():
    message = Message(1, 3.0, Protocol.SIP, "OPTIONS", Where("10.0.0.1:5060", "10.0.0.2:5062"), SIP)
    assert b"\0\0\0\x0e\0\x0csecret" in encode(message, b"secret")
    assert back(message).octets == SIP


@pytest.mark.parametrize(
    ("packed", "count"),
    [(zlib.compress(SIP), 1), (gzip.compress(SIP, mtime=0), 1), (b"spoilt", 0)],
    ids=["zlib", "gzip", "spoilt"],
)
def test_a_compressed_payload(packed, count):
    body = struct.pack(">HHH", 0, 16, 6 + len(packed)) + packed
    octets = b"HEP3" + struct.pack(">H", 6 + len(body)) + body
    found = Dissector().feed(batch_of([(5.0, octets)], HEP_DATAGRAM, "")).messages
    assert [message.octets for message in found] == [SIP] * count


def test_what_homer_has_no_type_for():
    assert encode(Message(1, 0.0, Protocol.LAPD, "RR", Where(), b"1")) is None
    assert encode(Message(1, 0.0, Protocol.SIP, "INVITE", Where(), bytes(70_000))) is None
    assert encode(Message(1, 0.0, Protocol.SIP, "INVITE", Where("10.0.0.1:1", "[::1]:2"), SIP)) is not None


def test_sending():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(5)
        sender = HepSender("127.0.0.1", server.getsockname()[1])
        sender.send(Message(1, 0.0, Protocol.SIP, "OPTIONS", Where(), SIP))
        sender.send(Message(1, 0.0, Protocol.LAPD, "RR", Where(), b"1"))
        assert server.recv(9000).startswith(b"HEP3")
        assert (sender.sent, sender.lost) == (1, 0)
        sender.close()
        sender.send(Message(1, 0.0, Protocol.SIP, "OPTIONS", Where(), SIP))
        assert sender.lost == 1
    with pytest.raises(TandemError, match="no HEP server"):
        HepSender("host.invalid", 9060)


MESSAGE = Message(1, 0.0, Protocol.SIP, "OPTIONS", Where(), SIP)


@given(st.lists(st.binary(max_size=40), max_size=4), st.integers(1, 30))
def test_packets_out_of_a_stream_chunk_by_chunk(bodies, step):
    packets = [b"HEP3" + (6 + len(body)).to_bytes(2, "big") + body for body in bodies]
    stream, reader, found = b"".join(packets), HepReader(), []
    for first in range(0, len(stream), step):
        found += reader.read(stream[first : first + step])
    assert found == packets


@pytest.mark.parametrize("octets", [b"GET / HTTP", b"HEP3\0\5", b"HEP3\0\6HEQ"])
def test_what_is_no_hep(octets):
    assert HepReader().read(octets) is None


def test_sending_over_a_connection(monkeypatch):
    """It is made again after it broke, and what was sent in part comes whole."""
    monkeypatch.setattr(module, "_RETRY", 0.0)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        sender = HepStream("127.0.0.1", server.getsockname()[1])
        sender.send(MESSAGE)
        first, _ = server.accept()
        while not sender.sent:
            sender.flush()
        first.settimeout(10)
        assert HepReader().read(first.recv(9000)) == [encode(MESSAGE)]
        first.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, bytes((1, 0, 0, 0, 0, 0, 0, 0)))
        first.close()
        while sender._socket is not None and sender.sent < 50:  # the reset may take a moment to be known
            sender.send(MESSAGE)
        sender.send(MESSAGE)
        second, _ = server.accept()
        before = sender.sent
        sender.close()
        second.settimeout(10)
        assert HepReader().read(second.recv(9000)) is not None
        assert sender.sent > before or sender.lost == 0
        second.close()


def test_a_server_that_is_not_there(monkeypatch):
    monkeypatch.setattr(module, "WAITING", 3 * len(encode(MESSAGE)))
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    sender = HepStream("127.0.0.1", port)
    for _ in range(5):
        sender.send(MESSAGE)
    assert (sender.sent, sender.lost) == (0, 2)
    sender.close()
    assert (sender.sent, sender.lost) == (0, 5)
    with pytest.raises(TandemError, match="no HEP server"):
        HepStream("host.invalid", 9060)
