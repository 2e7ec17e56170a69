"""Bodies of several parts: written, read, and what is no such body."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.gateway.sip.errors import SipDecodeError
from tandem.gateway.sip.multipart import Part, build, parts

#: The example of RFC 3204 3, its ISUP part in octets as they go.
ISUP = bytes.fromhex("01 00 49 00 00 03 02 00 07 04 10 00 33 63 21 43 00 00 03 06 0d 03 80 90 a2 07 03 10 03 63 53 00")
RFC_3204 = (
    b"--unique-boundary-1\r\nContent-Type: application/SDP; charset=ISO-10646\r\n\r\n"
    b"v=0\r\no=jpeterson 2890844526 2890842807 IN IP4 126.16.64.4\r\n\r\n"
    b"--unique-boundary-1\r\nContent-type:application/ISUP; version=nxv3;\r\n base=etsi121\r\n"
    b"Content-Disposition: signal; handling=optional\r\n\r\n" + ISUP + b"\r\n--unique-boundary-1--\r\n"
)


def test_the_example_of_rfc_3204():
    sdp, isup = parts('multipart/mixed; boundary="unique-boundary-1"', None, RFC_3204)
    assert (sdp.media_type, sdp.required, sdp.body[:5]) == ("application/sdp", True, b"v=0\r\n")
    assert (isup.media_type, isup.disposition, isup.required) == ("application/isup", "signal", False)
    assert (isup.parameter("version"), isup.parameter("base"), isup.parameter("x")) == ("nxv3", "etsi121", None)
    assert isup.body == ISUP


def test_one_part():
    assert parts("application/sdp", None, b"v=0") == [Part("application/sdp", b"v=0")]
    assert parts(None, None, b"v=0") == [Part("application/sdp", b"v=0")]
    assert parts("multipart/mixed;boundary=x", None, b"") == []


def test_within_each_other():
    kind, inner = build([Part("application/sdp", b"v=0"), Part("text/plain", b"")], "in")
    outer = build([Part("application/isup", b"\1", {"version": "itu-t92+"}, "signal")], "out")[1]
    text = outer.replace(b"--out--", f"--out\r\nContent-Type: {kind}\r\n\r\n".encode() + inner + b"\r\n--out--")
    found = parts("Multipart/Mixed; boundary=out", None, text)
    assert [part.media_type for part in found] == ["application/isup", "application/sdp", "text/plain"]
    assert [part.required for part in found] == [True, True, True]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("nonsense", b"x"),
        ("multipart/mixed", b"--x\r\n\r\n--x--"),
        ("multipart/mixed;boundary=", b"--x\r\n\r\n--x--"),
        ("multipart/mixed;boundary=x", b"--x\r\n\r\nno end"),
        ("multipart/mixed;boundary=x", b"--x\r\nno empty line\r\n--x--"),
        ("multipart/mixed;boundary=x", b"--x\r\nContent-Type: nonsense\r\n\r\n\r\n--x--"),
        ("multipart/mixed;boundary=x", b"--x\r\n\xff: y\r\n\r\n\r\n--x--"),
        ("multipart/mixed;boundary=x", b"--x\r\n\r\n" * 40 + b"\r\n--x--"),
        (f"multipart/mixed;boundary={'x' * 71}", b""),
    ],
)
def test_malformed(kind, body):
    with pytest.raises(SipDecodeError):
        parts(kind, None, body or b"y")


def test_too_deep():
    kind, body = "application/sdp", b"v=0"
    for depth in range(5):
        body = build([Part(kind, body)], f"b{depth}")[1]
        kind = f"multipart/mixed;boundary=b{depth}"
    with pytest.raises(SipDecodeError):
        parts(kind, None, body)


@given(st.lists(st.binary().filter(lambda octets: b"--edge" not in octets), min_size=1, max_size=5))
def test_round_trip(bodies):
    several = [Part("application/isup", body, {"base": "itu-t92+"}, "signal", number % 2 == 0)
               for number, body in enumerate(bodies)]  # fmt: skip
    assert parts(*(kind := build(several, "edge"))[:1], None, kind[1]) == several


@given(st.binary(max_size=200))
def test_any_octets_give_parts_or_an_error(body):
    try:
        found = parts("multipart/mixed;boundary=x", None, b"--x\r\n" + body + b"\r\n--x--")
    except SipDecodeError:
        return
    assert all(isinstance(part, Part) for part in found)
