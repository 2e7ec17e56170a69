"""Header fields that are found in octets."""

import pytest
from support.pjsip_engine import Engine, Peer

from tandem.gateway.pjsip import fields
from tandem.gateway.pjsip.protocol import CallReceived, SetSources, Started

MESSAGE = (
    b"PRACK sip:a@h SIP/2.0\r\nv: SIP/2.0/UDP h;rport;branch=z9hG4bK1, SIP/2.0/UDP g;branch=z9hG4bK2\r\n"
    b'From: "x;tag=no" <sip:x@h;tag=no>\r\n ;a=b;tag=f1\r\nt : <sip:y@h> ; tag = t1\r\ni:1@h\r\n'
    b"CSeq: 7 PRACK\r\nRAck: 1 6 INVITE\r\n\r\nTo: <sip:z@h>;tag=body\r\n"
)


def test_each_is_found():
    head = fields.head_of(MESSAGE)
    assert fields.BRANCH.search(head)[1] == b"z9hG4bK1"
    assert (fields.FROM_TAG.search(head)[1], fields.TO_TAG.search(head)[1]) == (b"f1", b"t1")
    assert fields.CALL_ID.search(head)[1] == b"1@h"
    assert (fields.SEQUENCE.search(head)[2], fields.ACKNOWLEDGED.search(head)[2]) == (b"7", b"6")


def test_a_message_has_a_head_and_a_body():
    assert b"body" not in fields.head_of(MESSAGE)
    assert fields.body_of(MESSAGE) == b"To: <sip:z@h>;tag=body\r\n"
    assert fields.body_of(b"BYE sip:a@h SIP/2.0\nTo: x\n\nbody") == b"body"
    assert fields.body_of(b"BYE sip:a@h SIP/2.0\r\n") == b""


@pytest.mark.parametrize(
    ("lines", "within"),
    [
        (b"To: <sip:a@h>;tag=1\r\n\r\n", True),
        (b"t:\r\n sip:a@h\r\n ;Tag=1\r\n\r\n", True),
        (b'To: "a \\" b" <sip:a@h;tag=2>;tag=1\r\n\r\n', True),
        (b"To: <sip:a@h>\r\n\r\n", False),
        (b"To: <sip:a@h>\r\n\r\nTo: <sip:a@h>;tag=1\r\n", False),
        (b"To: <sip:a@h>\n\nTo: <sip:a@h>;tag=1\n", False),
        (b'To: "a;tag=1" <sip:a@h>\r\n\r\n', False),
        (b'To: "a \\";tag=1" <sip:a@h>\r\n\r\n', False),
        (b"To: <sip:a@h;tag=1>\r\n\r\n", False),
    ],
)
def test_what_is_within_a_dialog(lines, within):
    assert fields.is_within_dialog(b"INVITE sip:a@h SIP/2.0\r\n" + lines) is within


def test_pjsip_outlives_an_ack_with_a_tag_where_none_is_meant():
    """It is like an INVITE that is there, and of no dialog: a build with assertions would end."""
    engine = Engine()
    try:
        engine.hear(Started)
        peer = Peer(engine.port)
        with peer.socket:
            engine.do(SetSources("t", [("127.0.0.1", peer.port)], []))
            peer.invite()
            engine.hear(CallReceived)
            for number, (to, body) in enumerate((('"a;tag=1" ', ""), ("", "To: <sip:a@h>;tag=1\r\n"))):
                octets = (
                    f"ACK sip:4930@127.0.0.1:{engine.port} SIP/2.0\r\n"
                    f"Via: SIP/2.0/UDP 127.0.0.1:{peer.port};branch=z9hG4bKother{number}\r\n"
                    f"From: <sip:1@127.0.0.1>;tag=p\r\nTo: {to}<sip:4930@127.0.0.1>\r\nCall-ID: raw@peer\r\n"
                    f"CSeq: 1 ACK\r\nMax-Forwards: 70\r\nContent-Length: {len(body)}\r\n\r\n{body}"
                )
                peer.socket.sendto(octets.encode(), ("127.0.0.1", engine.port))
            peer.send("OPTIONS", 2, call_id="o@peer")
            peer.hear("SIP/2.0 200")
    finally:
        engine.process.close()
