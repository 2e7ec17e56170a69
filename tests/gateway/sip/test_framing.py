"""Messages out of a stream, however it is cut."""

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.gateway.sip.errors import SipDecodeError
from tandem.gateway.sip.framing import KeepAlive, StreamFramer

OPTIONS = b"OPTIONS sip:a SIP/2.0\r\nCall-ID: 1\r\nContent-Length: 0\r\n\r\n"
INVITE = b"INVITE sip:a SIP/2.0\r\nl:5\r\nCall-ID: 2\r\n\r\nhello"
FOLDED = b"INFO sip:a SIP/2.0\r\nContent-Length  : \r\n  3\r\n\r\nabc"
PING = b"\r\n\r\n"


def feed(*chunks, maximum=4096):
    framer = StreamFramer(maximum)
    return [item for chunk in chunks for item in framer.feed(chunk)]


def test_messages_one_after_another():
    assert feed(OPTIONS + INVITE + FOLDED) == [OPTIONS, INVITE, FOLDED]


def test_keep_alives():
    """RFC 5626 3.5.1: two CRLFs are a ping, one a pong; neither disturbs the messages around it."""
    pong, ping = KeepAlive.PONG, KeepAlive.PING
    assert feed(PING) == [pong, ping]
    assert feed(b"\r\n") == [pong]
    assert feed(OPTIONS + PING + INVITE + b"\r\n" + OPTIONS) == [OPTIONS, pong, ping, INVITE, pong, OPTIONS]


PARTS = st.lists(st.sampled_from([OPTIONS, INVITE, FOLDED, PING, b"\r\n"]), max_size=6).map(b"".join)


@given(PARTS, st.lists(st.integers(0, 400), max_size=12))
def test_chunk_by_chunk_equals_whole(stream, cuts):
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    assert feed(*(stream[a:b] for a, b in pairwise(edges))) == feed(stream)


@given(st.binary(max_size=300))
def test_any_octets_give_messages_or_an_error(octets):
    with suppress(SipDecodeError):
        feed(octets, maximum=200)


@pytest.mark.parametrize(
    ("stream", "complaint"),
    [
        (b"OPTIONS sip:a SIP/2.0\r\nCall-ID: 1\r\n\r\n", "no Content-Length"),
        (OPTIONS.replace(b"Length: 0", b"Length: 0\r\nl: 1"), "twice"),
        (OPTIONS.replace(b"Length: 0", b"Length: -1"), "malformed"),
        (OPTIONS.replace(b"Length: 0", b"Length: 0x10"), "malformed"),
        (OPTIONS.replace(b"Length: 0", b"Length: 999999999"), "octets; 4096 are taken"),
        (b"A" * 5000, "no end of the header"),
        (b"\rX", "not CRLF"),
        (b"\n" + OPTIONS, "not CRLF"),
    ],
)
def test_a_stream_that_cannot_be_followed(stream, complaint):
    with pytest.raises(SipDecodeError, match=complaint):
        feed(stream)


def test_the_same_length_twice_is_clear():
    assert len(feed(INVITE.replace(b"l:5", b"l:5\r\nContent-Length: 5"))) == 1


def test_a_begun_message_is_known():
    framer = StreamFramer(4096)
    framer.feed(INVITE[:30])
    assert framer.partial
    framer.feed(INVITE[30:])
    assert not framer.partial
