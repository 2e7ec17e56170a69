import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.core.errors import DecodeError
from tandem.gateway.sip.sdp import PAYLOAD_TYPES, build_answer, build_offer, choose, parse

pytestmark = pytest.mark.usefixtures("sip_reading")

VECTORS = Path(__file__).parents[2] / "vectors" / "sip"
CAPTURED = [
    body.encode()
    for name in sorted(VECTORS.glob("*.json"))
    for message in json.loads(name.read_text())
    if (body := message["text"].partition("\r\n\r\n")[2]).startswith("v=0")
]


def description(*media: str, session: str = "c=IN IP4 192.0.2.1\r\n") -> bytes:
    return f"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n{session}t=0 0\r\n{''.join(media)}".encode()


AUDIO = "m=audio 4000 RTP/AVP 0 8 96\r\na=rtpmap:96 telephone-event/8000\r\n"


def test_our_offer_reads_back():
    for laws in (("A", "u"), ("u",)):
        body = build_offer("192.0.2.1", 4000, 7, laws)
        found = choose(parse(body), laws)
        assert found is not None
        assert (found.address, found.port, found.law) == ("192.0.2.1", 4000, laws[0])
        assert (found.payload_type, found.event_payload_type) == (PAYLOAD_TYPES[laws[0]], 101)
        assert (found.direction, found.we_send, found.ptime) == ("sendrecv", True, 20)
    assert b"telephone-event" not in build_offer("192.0.2.1", 4000, 7, ("A",), False)
    assert b"c=IN IP6 ::1\r\n" in build_offer("::1", 4000, 7, ("A",))
    assert b"o=- 7 3 " in build_offer("::1", 4000, 7, ("A",), version=3)


@pytest.mark.parametrize(
    ("laws", "law", "payload_type"), [(("A", "u"), "A", 8), (("u", "A"), "u", 0), (("u",), "u", 0)]
)
def test_our_order_of_laws_decides(laws, law, payload_type):
    found = choose(parse(description(AUDIO)), laws)
    assert found is not None
    assert (found.law, found.payload_type, found.event_payload_type) == (law, payload_type, 96)


def test_no_common_law():
    assert choose(parse(description("m=audio 4000 RTP/AVP 0\r\n")), ("A",)) is None
    assert choose(parse(description("m=audio 4000 RTP/AVP 18 96\r\na=rtpmap:96 PCMA/16000\r\n")), ("A", "u")) is None
    assert choose(parse(description("m=audio 0 RTP/AVP 8\r\n")), ("A",)) is None
    assert choose(parse(description("m=audio 4000 RTP/SAVP 8\r\n")), ("A",)) is None
    assert choose(parse(description("m=audio 4000 RTP/AVP 8\r\n", session="")), ("A",)) is None
    assert (
        choose(parse(description("m=audio 4000 RTP/AVP 8\r\n", session="c=IN IP4 media.example\r\n")), ("A",)) is None
    )
    assert choose(parse(description()), ("A",)) is None


def test_dynamic_payload_types_are_the_offerers():
    """RFC 3264 5.1 and 6.1."""
    body = description(
        "m=audio 4000 RTP/AVP 97 100\r\na=rtpmap:97 pcma/8000/1\r\na=rtpmap:100 Telephone-Event/8000\r\n"
    )
    offer = parse(body)
    found = choose(offer, ("u", "A"))
    assert found is not None
    assert (found.law, found.payload_type, found.event_payload_type) == ("A", 97, 100)
    answer = build_answer(offer, found, "192.0.2.9", 5000, 1)
    assert b"m=audio 5000 RTP/AVP 97 100\r\na=rtpmap:97 PCMA/8000\r\na=rtpmap:100 telephone-event/8000\r\n" in answer
    assert choose(offer, ("A",), False).event_payload_type is None


@pytest.mark.parametrize(
    ("session", "media", "ours", "we_send"),
    [
        ("", "", "sendrecv", True),
        ("", "a=sendonly\r\n", "recvonly", False),
        ("", "a=recvonly\r\n", "sendonly", True),
        ("a=inactive\r\n", "", "inactive", False),
        ("a=inactive\r\n", "a=sendrecv\r\n", "sendrecv", True),
        ("", "c=IN IP4 0.0.0.0\r\n", "recvonly", False),
        ("", "c=IN IP4 0.0.0.0\r\na=inactive\r\n", "inactive", False),
        ("", "c=IN IP4 0.0.0.0\r\na=recvonly\r\n", "inactive", False),
    ],
)
def test_direction_and_hold(session, media, ours, we_send):
    """RFC 3264 6.1, 8.4; the direction of a stream is that of the session unless it has its own."""
    offer = parse(description(AUDIO + media, session="c=IN IP4 192.0.2.1\r\n" + session))
    found = choose(offer, ("A",))
    assert found is not None
    assert (found.direction, found.we_send) == (ours, we_send)
    assert f"a={ours}\r\n".encode() in build_answer(offer, found, "192.0.2.9", 5000, 1)


def test_other_streams_are_refused():
    """RFC 3264 6: as many m= lines as in the offer, port 0 for those refused."""
    special = AUDIO + "c=IN IP4 192.0.2.7/127\r\na=ptime:30\r\n"
    offer = parse(description("m=video 51372 RTP/AVP 31 32\r\n", special, AUDIO,
                              "m=image 6000 udptl t38\r\n"))  # fmt: skip
    found = choose(offer, ("A",))
    assert found is not None
    assert (found.address, found.ptime, found.index) == ("192.0.2.7", 30, 1)
    answer = build_answer(offer, found, "192.0.2.9", 5000, 1)
    lines = [line for line in answer.split(b"\r\n") if line.startswith(b"m=")]
    assert lines == [
        b"m=video 0 RTP/AVP 31 32",
        b"m=audio 5000 RTP/AVP 8 96",
        b"m=audio 0 RTP/AVP 0 8 96",
        b"m=image 0 udptl t38",
    ]
    assert len(parse(answer).media) == 4


@pytest.mark.parametrize(
    ("attributes", "ptime"),
    [("", None), ("a=ptime:30\r\n", 30), ("a=maxptime:10\r\n", 10), ("a=ptime:40\r\na=maxptime:60\r\n", 40)],
)
def test_the_packet_time(attributes, ptime):
    found = choose(parse(description(AUDIO + "c=IN IP4 192.0.2.7\r\n" + attributes)), ("A",))
    assert found is not None
    assert found.ptime == ptime
    assert b"a=ptime:30\r\n" in build_offer("192.0.2.9", 5000, 1, ("A",), ptime=30)


@pytest.mark.parametrize(
    ("attributes", "port", "mux"),
    [
        ("", None, False),
        ("a=rtcp:53020\r\n", 53020, False),
        ("a=rtcp:53020 IN IP4 126.16.64.4\r\na=rtcp-mux\r\n", 53020, True),
        ("a=rtcp:0\r\na=rtcp:x\r\n", None, False),
    ],
)
def test_where_rtcp_goes(attributes, port, mux):
    """RFC 3605 2.1, RFC 5761 5.1.1."""
    offer = parse(description(AUDIO + "c=IN IP4 192.0.2.7\r\n" + attributes))
    found = choose(offer, ("A",))
    assert found is not None
    assert (found.rtcp_port, found.rtcp_mux) == (port, mux)
    assert (b"a=rtcp-mux\r\n" in build_answer(offer, found, "192.0.2.9", 5000, 1)) is mux


def test_comfort_noise_is_agreed_where_both_want_it():
    """RFC 3389 4: payload type 13, with or without an rtpmap."""
    plain = parse(build_offer("192.0.2.9", 5000, 1, ("A",)))
    offer = parse(build_offer("192.0.2.9", 5000, 1, ("A", "u"), comfort_noise=True))
    assert offer.media[0].formats == ("8", "0", "13", "101")
    static = parse(description("m=audio 5000 RTP/AVP 8 13\r\nc=IN IP4 192.0.2.7\r\n"))
    for description_, wanted, agreed in (
        (plain, True, False),
        (offer, False, False),
        (offer, True, True),
        (static, True, True),
    ):
        found = choose(description_, ("A",), comfort_noise=wanted)
        assert found is not None
        assert found.comfort_noise is agreed
        answer = parse(build_answer(description_, found, "192.0.2.9", 5000, 1))
        assert ("13" in answer.media[0].formats) is agreed


def test_times_are_repeated():
    offer = parse(description(AUDIO).replace(b"t=0 0", b"t=2873397496 2873404696"))
    found = choose(offer, ("A",))
    assert found is not None
    assert b"t=2873397496 2873404696\r\n" in build_answer(offer, found, "192.0.2.9", 5000, 1)


def test_lone_line_feeds_are_accepted():
    """RFC 4566 5."""
    assert parse(description(AUDIO).replace(b"\r\n", b"\n")) == parse(description(AUDIO))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"v=1\r\n",
        b"\xff",
        description(AUDIO).replace(b"v=0", b"v=0 "),
        description(AUDIO).replace(b"o=- 1 1", b"o=- 1"),
        description(AUDIO).replace(b"s=-\r\n", b""),
        description(AUDIO).replace(b"t=0 0\r\n", b""),
        description(AUDIO).replace(b"t=0 0", b"t=0"),
        description(AUDIO).replace(b"c=IN IP4", b"c=IP4"),
        description(AUDIO).replace(b"audio 4000", b"audio 65536"),
        description(AUDIO).replace(b"audio 4000", b"audio -1"),
        description(AUDIO).replace(b" 0 8 96", b""),
        description(AUDIO).replace(b"rtpmap:96", b"rtpmap:x"),
        description(AUDIO).replace(b"rtpmap:96", b"rtpmap:128"),
        description(AUDIO + "a=ptime:x\r\n"),
        description(AUDIO + "\r\n"),
        description(AUDIO + "A=x\r\n"),
        description(AUDIO + "nothing\r\n"),
    ],
)
def test_malformed(body):
    with pytest.raises(DecodeError):
        parse(body)


@pytest.mark.parametrize("body", CAPTURED)
def test_captured(body):
    """Every description of a Cisco gateway's calls parses; their streams are G.711 or refused."""
    parsed = parse(body)
    found = choose(parsed, ("u", "A"))
    assert len(parsed.media) >= 1
    if found is not None:
        assert found.address.startswith(("10.", "0.0.0.0"))
        answer = parse(build_answer(parsed, found, "192.0.2.9", 5000, 1))
        assert len(answer.media) == len(parsed.media)


def test_captured_hold():
    """The four re-INVITEs of the capture hold and resume."""
    bodies = [m["text"].partition("\r\n\r\n")[2] for m in json.loads((VECTORS / "hold-resume.json").read_text())]
    directions = [parse(body.encode()).media[0].direction for body in bodies if body]
    assert "inactive" in directions or "sendonly" in directions
    assert directions[-1] == "sendrecv"


@given(st.sampled_from(CAPTURED), st.data())
def test_any_bytes_give_a_description_or_an_error(body, draw):
    start = draw.draw(st.integers(0, len(body)))
    end = draw.draw(st.integers(start, min(len(body), start + 10)))
    body = body[:start] + draw.draw(st.binary(max_size=10)) + body[end:]
    try:
        parsed = parse(body)
    except DecodeError:
        return
    found = choose(parsed, ("A", "u"))
    if found is not None:
        parse(build_answer(parsed, found, "192.0.2.1", 4000, 1))
