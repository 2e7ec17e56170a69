import pytest
import sipmessage
from hypothesis import given
from hypothesis import strategies as st
from support.fuzz_sip import CAPTURED

from tandem.core.errors import DecodeError, EncodeError
from tandem.gateway.sip.errors import SipDecodeError
from tandem.gateway.sip.message import (
    MalformedRequest,
    Request,
    Response,
    build_message,
    format_fields,
    parse_message,
)

pytestmark = pytest.mark.usefixtures("sip_reading")


REQUEST = (
    b"INVITE sip:vivekg@chair-dnrc.example.com SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK390skdjuw\r\n"
    b"Max-Forwards: 68\r\n"
    b"To: sip:vivekg@chair-dnrc.example.com\r\n"
    b"From: <sip:user@example.com>;tag=98asjd8\r\n"
    b"Call-ID: intvl.1@192.0.2.2\r\n"
    b"CSeq: 9 INVITE\r\n"
    b"Contact: <sip:user@192.0.2.2>\r\n"
    b"Content-Type: application/sdp\r\n"
    b"Content-Length: 4\r\n"
    b"\r\n"
    b"v=0\n"
)
RESPONSE = (
    b"SIP/2.0 200 OK\r\n"
    b"Via: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK390skdjuw\r\n"
    b"To: <sip:a@example.com>;tag=1\r\nFrom: <sip:b@example.com>;tag=2\r\n"
    b"Call-ID: x\r\nCSeq: 1 INVITE\r\n\r\n"
)


def test_request():
    request = parse_message(REQUEST)
    assert isinstance(request, Request)
    assert (request.method, request.uri.user, request.cseq, request.call_id) == (
        "INVITE",
        "vivekg",
        9,
        "intvl.1@192.0.2.2",
    )
    assert (request.from_.tag, request.to.tag, request.via.branch) == ("98asjd8", None, "z9hG4bK390skdjuw")
    assert request.body == b"v=0\n"
    assert request.content_type == "application/sdp"
    assert request.contact is not None
    assert request.contact.uri.host == "192.0.2.2"
    assert str(request) == "INVITE sip:vivekg@chair-dnrc.example.com"


def test_response():
    response = parse_message(RESPONSE)
    assert isinstance(response, Response)
    assert (response.status, response.phrase, response.method, str(response)) == (200, "OK", "INVITE", "200 OK")


def test_folding_case_compact_forms_and_lists():
    """RFC 3261 7.3.1 and 7.3.3, in the manner of RFC 4475 3.1.1.1."""
    request = parse_message(
        b"OPTIONS sip:a@b.example;transport=UDP SIP/2.0\r\n"
        b"TO :\r\n sip:a@b.example ;   tag    = 1918181833n\r\n"
        b'from   : "J Rosenberg \\\\\\""       <sip:jdrosen@example.com>\r\n  ;\r\n  tag = 98asjd8\r\n'
        b"MaX-fOrWaRdS: 0068\r\n"
        b"i: intvl.1@192.0.2.2\r\n"
        b"cseq: 0009\r\n  OPTIONS\r\n"
        b"v:  SIP  / 2.0\r\n /UDP\r\n    192.0.2.2;branch=390skdjuw, SIP / 2.0/ TCP spindle.example.com\r\n"
        b"\t;branch = z9hG4bK9ikj8 , SIP/2.0/UDP 192.0.2.3\r\n"
        b"NewFangledHeader:   newfangled value\r\n continued\r\n"
        b"SUPPORTED:\r\n"
        b"m:<sip:c@d.example>\r\n"
        b"l: 0\r\n\r\n"
    )
    assert isinstance(request, Request)
    assert (request.to.tag, request.from_.tag, request.from_.display) == ("1918181833n", "98asjd8", 'J Rosenberg \\"')
    assert (request.cseq, request.via.branch) == (9, "390skdjuw")
    assert len(request.values("Via")) == 3
    assert request.get("newfangledheader") == "newfangled value continued"
    assert request.values("Supported") == []
    assert request.values("Nothing") == []


def test_body_ends_with_content_length():
    """RFC 3261 18.3."""
    assert parse_message(REQUEST.replace(b"Content-Length: 4", b"Content-Length: 2")).body == b"v="
    assert parse_message(REQUEST.replace(b"Content-Length: 4\r\n", b"")).body == b"v=0\n"


def test_malformed_lists_of_no_importance_are_left_out():
    """RFC 3261 8.2: what is not needed to process a request is not held against it."""
    request = parse_message(
        REQUEST.replace(
            b"\r\n\r\n", b'\r\nP-Asserted-Identity: "x, y\r\nP-Asserted-Identity: <sip:y@z.example>\r\n\r\n'
        )
    )
    assert request.values("P-Asserted-Identity") == ["<sip:y@z.example>"]
    with pytest.raises(SipDecodeError):
        request.strict_values("P-Asserted-Identity")


def replaced(old: bytes, new: bytes) -> bytes:
    assert old in REQUEST
    return REQUEST.replace(old, new)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (replaced(b" SIP/2.0\r\nVia", b" SIP/7.0\r\nVia"), 505),
        (replaced(b"INVITE sip:", b"INVITE  sip:"), 400),
        (replaced(b".com SIP/2.0\r\nV", b".com  SIP/2.0\r\nV"), 400),
        (replaced(b"sip:vivekg@chair-dnrc.example.com S", b"<sip:vivekg@chair-dnrc.example.com> S"), 400),
        (replaced(b"sip:vivekg@chair-dnrc.example.com S", b"sip:vivekg@chair-dnrc.example.com; lr S"), 400),
        (replaced(b"9 INVITE", b"9 BYE"), 400),
        (replaced(b"9 INVITE", b"36893488147419103232 INVITE"), 400),
        (replaced(b"Max-Forwards: 68", b"Max-Forwards: 300"), 400),
        (replaced(b"Max-Forwards: 68", b"Max-Forwards: -1"), 400),
        (replaced(b"Content-Length: 4", b"Content-Length: 9999"), 400),
        (replaced(b"Content-Length: 4", b"Content-Length: -999"), 400),
        (replaced(b"Content-Length: 4", b"Content-Length: 4\r\nl: 2"), 400),
        (replaced(b"Call-ID: int", b"Call-ID: \x01int"), 400),
        (replaced(b"Call-ID: int", b"Call-ID: a b"), 400),
        (replaced(b"Call-ID: intvl.1@192.0.2.2", b"Call-ID: x\r\ni: y"), 400),
        (replaced(b"Contact:", b"Contact"), 400),
        (replaced(b"Contact:", b"Con tact:"), 400),
        (replaced(b"Contact:", b": x\r\nContact:"), 400),
        (replaced(b"<sip:user@example.com>", b'"unterminated <sip:user@example.com>'), 400),
        (replaced(b"To: sip:vivekg@chair-dnrc.example.com", b"To: sip:vivekg@chair-dnrc.example.com?Route=x"), 400),
        (replaced(b"Call-ID: intvl.1@192.0.2.2\r\n", b""), 400),
        (replaced(b"Max-Forwards", b"Via: \r\nMax-Forwards"), 400),
        (replaced(b";tag=98asjd8", b";tag"), 400),
        (replaced(b";tag=98asjd8", b';tag="x"'), 400),
        (replaced(b"68\r\n", b"68\n"), 400),
        (replaced(b"\r\n\r\n", b"\r\n"), 400),
    ],
)  # fmt: skip
def test_malformed_requests(data, status):
    """In the manner of RFC 4475 3.1.2 and 3.3."""
    with pytest.raises(MalformedRequest) as caught:
        parse_message(data)
    assert caught.value.status == status
    assert caught.value.request.method == "INVITE"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00" * 20,
        b"hello",
        b"INVITE\r\n\r\n",
        b"SIP/2.0 200\r\n\r\n",
        b"SIP/2.0 OK 200\r\n\r\n",
        RESPONSE.replace(b"200", b"4294967301"),
        RESPONSE.replace(b"200", b"099"),
        RESPONSE.replace(b"200", b"700"),
        RESPONSE.replace(b"Via", b"Viaa"),
        RESPONSE.replace(b"1 INVITE", b"x"),
        RESPONSE.replace(b"\r\n\r\n", b"\r\nContent-Length: 5\r\n\r\n"),
        RESPONSE.replace(b"<sip:b", b"\xff<sip:b"),
        REQUEST.replace(b"INVITE sip", b"IN(VITE sip"),
    ],
)
def test_what_cannot_be_answered(data):
    with pytest.raises(DecodeError) as caught:
        parse_message(data)
    assert not isinstance(caught.value, MalformedRequest)


def test_long_white_space_around_a_fold_takes_no_long_time():
    head = REQUEST.partition(b"\r\n\r\n")[0]
    message = parse_message(head + b"\r\nX-A: a\r\n b" + b" " * 60000 + b"c\r\n\r\nv=0\n")
    assert message.get("X-A") == "a b" + " " * 60000 + "c"


def test_several_contacts_are_an_error():
    request = parse_message(replaced(b"<sip:user@192.0.2.2>", b"<sip:a@b.example>, <sip:c@d.example>"))
    with pytest.raises(DecodeError):
        _ = request.contact
    assert parse_message(replaced(b"<sip:user@192.0.2.2>", b"*")).contact is None
    request = parse_message(replaced(b"application/sdp", b"application"))
    with pytest.raises(DecodeError):
        _ = request.content_type


def test_building():
    data = build_message("OPTIONS sip:a@b.example SIP/2.0", format_fields([("Via", "x"), ("To", "ü")]), b"body")
    assert data == "OPTIONS sip:a@b.example SIP/2.0\r\nVia: x\r\nTo: ü\r\nContent-Length: 4\r\n\r\nbody".encode()
    with pytest.raises(EncodeError):
        build_message("X", "", b"x" * 70000)
    for value in ("a\r\nVia: b", "a\nb", "a\0b"):
        with pytest.raises(EncodeError):
            format_fields([("Subject", value)])


@pytest.mark.parametrize("data", CAPTURED, ids=lambda data: data[:24].decode())
def test_captured_messages_read_like_an_independent_parser_reads_them(data):
    ours, theirs = parse_message(data), sipmessage.Message.parse(data)
    assert ours.call_id == theirs.call_id
    assert (ours.cseq, ours.method) == (theirs.cseq.sequence, theirs.cseq.method)
    assert ours.via.branch == theirs.via[0].parameters["branch"]
    assert (ours.from_.tag, ours.to.tag) == (
        theirs.from_address.parameters.get("tag"),
        theirs.to_address.parameters.get("tag"),
    )
    assert ours.body == theirs.body
    names = theirs.headers.keys()
    for name in names:
        assert ours.fields[name.lower()] == theirs.headers.getlist(name)
    if isinstance(ours, Response):
        assert ours.status == theirs.code
    else:
        assert ours.uri.user == theirs.uri.user


@given(st.binary(max_size=200) | st.sampled_from(CAPTURED), st.data())
def test_any_bytes_give_a_message_or_an_error(data, draw):
    """Random octets, and captured messages with a slice replaced."""
    start = draw.draw(st.integers(0, len(data)))
    end = draw.draw(st.integers(start, min(len(data), start + 20)))
    data = data[:start] + draw.draw(st.binary(max_size=20)) + data[end:]
    try:
        message = parse_message(data)
    except DecodeError:
        return
    assert message.call_id
    for name in message.fields:
        message.values(name)


NAMES = st.from_regex(r"X-[A-Za-z0-9]{1,10}", fullmatch=True)
VALUES = st.text(st.characters(min_codepoint=32, blacklist_categories=["Cs"], blacklist_characters="\x7f"), max_size=30)


@given(st.dictionaries(NAMES.map(str.lower), VALUES.map(lambda v: v.strip(" \t")), max_size=5), st.binary(max_size=50))
def test_round_trip(headers, body):
    head = REQUEST.partition(b"\r\n")[2].partition(b"Content-Length")[0].decode()
    message = parse_message(
        build_message("INVITE sip:a@b.example SIP/2.0", head + format_fields(headers.items()), body)
    )
    assert message.body == body
    assert {name: message.get(name) for name in headers} == headers
