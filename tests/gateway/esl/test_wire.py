"""Requests cut out of octets, and answers."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.core.errors import DecodeError
from tandem.gateway.esl.wire import LONGEST_BODY, LONGEST_HEADERS, Reader, encode, parse_headers, reply, request_of

STREAM = (
    b"auth ClueCon\n\napi status\nconsole_execute: true\n\n"
    b"sendevent CUSTOM\r\nEvent-Subclass: a::b\r\nContent-Length: 4\r\n\r\nb\n\nd\n\n\nexit\n\n"
)


def requests(octets_in_pieces):
    reader = Reader()
    return [request_of(*message) for piece in octets_in_pieces for message in reader.feed(piece)]


def test_requests_with_headers_and_bodies():
    auth, api, event, leave = requests([STREAM])
    assert (auth.verb, auth.arguments) == ("auth", "ClueCon")
    assert (api.verb, api.arguments, api.headers) == ("api", "status", {"console_execute": "true"})
    assert (event.line, event.headers["event-subclass"], event.body) == ("sendevent CUSTOM", "a::b", "b\n\nd")
    assert leave.verb == "exit"


@given(st.lists(st.integers(1, len(STREAM)), max_size=20))
def test_pieces_give_what_the_whole_gives(cuts):
    edges = sorted({0, *cuts, len(STREAM)})
    assert requests([STREAM[a:b] for a, b in pairwise(edges)]) == requests([STREAM])


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (b"a" * (LONGEST_HEADERS + 1), "octets of headers"),
        (b"a\nb: " + b"c" * LONGEST_HEADERS + b"\n\n", "octets of headers"),
        (b"sendevent X\nContent-Length: -1\n\n", "is no number"),
        (b"sendevent X\nContent-Length: 1x\n\n", "is no number"),
        (b"sendevent X\nContent-Length: %d\n\n" % (LONGEST_BODY + 1), "longer than"),
        (b"sendevent X\nContent-Length: 99999999999999999999\n\n", "longer than"),
    ],
)
def test_what_can_be_no_request_is_an_error(octets, text):
    with pytest.raises(DecodeError, match=text):
        Reader().feed(octets)


@given(st.binary(max_size=300))
def test_any_octets_give_requests_or_an_error(octets):
    reader = Reader()
    try:
        for message in reader.feed(octets):
            request_of(*message)
    except DecodeError:
        pass


def test_lines_that_are_no_headers_are_passed_over():
    assert parse_headers(["Name: value", "no header", ": empty", "two words: x"]) == {"name": "value"}


def test_answers():
    assert reply("+OK accepted") == b"Content-Type: command/reply\nReply-Text: +OK accepted\n\n"
    assert encode("api/response", None, "ü\n") == b"Content-Type: api/response\nContent-Length: 3\n\n\xc3\xbc\n"


def test_a_line_end_in_a_header_cannot_forge_another():
    assert b"\nForged" not in reply("x\nForged: y")
