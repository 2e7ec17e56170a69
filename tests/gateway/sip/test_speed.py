"""What is compiled beside what it stands for: any octets and texts give the same, values and errors alike."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.fuzz_sip import CAPTURED
from support.fuzzing import mutate
from support.sip_ways import OF_TEXTS, assert_both_ways

from tandem.gateway.sip import fields, sdp, speed
from tandem.gateway.sip.message import _READER, parse_message

speedups = speed.speedups
pytestmark = pytest.mark.skipif(speedups is None, reason="Tandem was installed here without a C compiler")

THROUGH_PROXIES = (
    b"INVITE sips:+49301@[2001:db8::1]:5061;transport=tls;lr SIP/2.0\r\n"
    b"Via: SIP/2.0/TLS [2001:db8::2]:5061;alias;rport;branch=z9hG4bK1;received=2001:db8::3\r\n"
    b"v:SIP/2.0/UDP proxy-1.example.com;branch=z9hG4bK2\r\n"
    b"Record-Route: <sip:192.0.2.9;lr>\r\nrecord-route: <sip:192.0.2.8;lr>\r\n"
    b'f: "A. G. Bell" <sip:agb@bell-telephone.com>;tag=a48s\r\nt: A. Watson <tel:+4930>\r\n'
    b"Call-ID: a84b4c76e66710@pc33.atlanta.com\r\nCSEQ: 314159 INVITE\r\nMax-Forwards:70\r\nX-Empty:\r\n"
    b"Content-Length: 4  \r\n\r\nv=0\r\n"
)
DESCRIPTION = (
    b"v=0\no=alice 2890844526 2890844527 IN IP4 host.atlanta.example.com\ns=\nc=IN IP4 192.0.2.3/127\nt=0 0\n"
    b"a=recvonly\nm=audio 49170 RTP/AVP 0 8 97\na=rtpmap:97  iLBC/8000\nc=IN IP6 2001:db8::1\na=rtcp:53020 IN\n"
    b"a=maxptime:40\na=rtcp-mux\na=ptime:20\na=sendrecv\nm=video 0 RTP/AVP 31\nb=AS:1\na=inactive:\na=fmtp:31 x"
)
BODIES = [body for message in CAPTURED if (body := message.partition(b"\r\n\r\n")[2]).startswith(b"v=0")]
TEXTS = (
    "sip:+12125551212@server.phone2net.com:5060;transport=udp;lr",
    "sips:alice@[2001:db8::9:1];user=phone",
    '"A. G. Bell" <sip:agb@bell-telephone.com>;tag=a48s;x=[::1]:5',
    "two  words <sip:a@192.0.2.1>;lr;expires=5",
    "sip:a@b.example;tag=887s",
    "SIP/2.0/UDP 192.0.2.2:5060;rport=5060;received=192.0.2.1;branch=z9hG4bK390skdjuw",
    "SIP/2.0/TCP [::1];alias;branch=z9hG4bK1",
    ";tag=1;Q=0.5;lr;maddr=a.b:5",
)
PIECES = (
    *(b"\r\n", b"\r", b"\n", b"\r\n\r\n", b"\r\n ", b" ", b"\t", b"\0", b"\x7f", "é".encode(), b"\xff", b'"', b'"\\""'),
    *(b"<", b">", b"<>", b";", b";;", b"=", b"==", b",", b":", b"::", b"@", b"%41", b"%4", b"?a=b", b"/", b"\\", b"*"),
    *(b"0", b"00", b"255", b"256", b"65535", b"65536", b"4294967296", b"1.2.3.4", b"01.2.3.4", b"[::1]", b"[x]", b"-"),
    *(b"a-.b", b"x" * 64, b".", b"sip:", b"SIPS:", b"tel:", b"SIP/2.0", b"sip/2.0", b"SIP/3.0", b"UDP", b"udp", b"tag"),
    *(b"Via: ", b"v: ", b"To: x\r\n", b"l: 0\r\n", b"Content-Length: 99\r\n", b"Max-Forwards: 256\r\n", b"BRANCH="),
    *(
        b"m=audio 1 RTP/AVP 0\r\n",
        b"c=IN IP4 /1\r\n",
        b"a=crypto:1 x\r\n",
        b"a=curr:qos x\r\n",
        b"a=ptime:",
        b"a=rtcp:",
    ),
    *(b"a=sendonly\r\n", b"a=sendrecv:\r\n", b"t=1\r\n", b"o=\r\n", b"A=", b"a", b"v=0\r\n", b"a=rtpmap:128 x\r\n"),
)


def edited(whole: bytes, draw: st.DataObject) -> bytes:
    """`whole` with pieces put in, in place of nothing or of a few octets."""
    for _ in range(draw.draw(st.integers(0, 3))):
        start = draw.draw(st.integers(0, len(whole)))
        end = min(start + draw.draw(st.sampled_from((0, 0, 1, 2, 5, 40))), len(whole))
        whole = whole[:start] + draw.draw(st.sampled_from(PIECES)) + whole[end:]
    return whole


@pytest.mark.parametrize("data", [*CAPTURED, THROUGH_PROXIES], ids=lambda data: data[:24].decode())
def test_usual_messages_are_read_by_what_is_compiled(data):
    assert _READER.message(data) is not None
    assert_both_ways(parse_message, data)


@pytest.mark.parametrize("body", [*BODIES, DESCRIPTION, DESCRIPTION + b"\r\n", DESCRIPTION.replace(b"\n", b"\r\n")])
def test_usual_descriptions_too(body):
    assert speedups.session(body) is not None
    assert_both_ways(sdp.parse, body)


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("uri", [*TEXTS[:2], TEXTS[4]]),
        ("address", TEXTS[:5]),
        ("via", TEXTS[5:7]),
        ("parameters", TEXTS[7:]),
    ],
)
def test_usual_texts_too(name, texts):
    assert [text for text in TEXTS if getattr(speedups, name)(text) is not None] == list(texts)
    for text in TEXTS:
        assert_both_ways(getattr(fields, f"parse_{name}"), text)


@given(st.sampled_from([*CAPTURED[::4], THROUGH_PROXIES, THROUGH_PROXIES, THROUGH_PROXIES]), st.data())
@settings(max_examples=400)
def test_edited_messages(data, draw):
    assert_both_ways(parse_message, edited(data, draw))


@given(st.sampled_from([*BODIES[::4], DESCRIPTION, DESCRIPTION]), st.data())
@settings(max_examples=400)
def test_edited_descriptions(body, draw):
    assert_both_ways(sdp.parse, edited(body, draw))


@given(st.sampled_from(TEXTS), st.data())
@settings(max_examples=400)
def test_edited_texts(text, draw):
    text = edited(text.encode(), draw).decode(errors="replace")
    for read in OF_TEXTS:
        assert_both_ways(read, text)


@given(st.text('sip:tel@host.example;<>"\\,?=%/ \t1é[]', max_size=60))
def test_any_text(text):
    for read in OF_TEXTS:
        assert_both_ways(read, text)


@given(st.binary(max_size=60))
def test_any_octets(octets):
    assert_both_ways(parse_message, octets)
    assert_both_ways(sdp.parse, octets)


def test_each_octet_in_each_place():
    """Also cut off there: nothing behind the end is looked at, and nothing before it is forgotten."""
    source = random.Random(1)
    for whole, read in ((THROUGH_PROXIES, parse_message), (DESCRIPTION, sdp.parse)):
        for place in range(len(whole)):
            assert_both_ways(read, whole[:place])
            assert_both_ways(read, whole[:place] + source.randbytes(1) + whole[place + 1 :])
            assert_both_ways(read, mutate(whole, whole, source))
