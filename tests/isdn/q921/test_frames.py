"""The codec against tables of Q.921 3, captures, malformed frames and random ones."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.decoding import attempt

from tandem.core.errors import DecodeError, EncodeError
from tandem.isdn.q921.frames import (
    Address,
    Direction,
    FrameError,
    FrameReject,
    InformationFrame,
    Supervisory,
    SupervisoryFrame,
    Unnumbered,
    UnnumberedFrame,
    parse_frame,
)
from tandem.isdn.q921.primitives import ErrorCode

VECTORS = Path(__file__).parents[2] / "vectors/q921/frames.txt"
COMMAND = Address.of(network=True, command=True)
RESPONSE = Address.of(network=True, command=False)

addresses = st.builds(Address, st.integers(0, 63), st.integers(0, 127), st.booleans())
numbers = st.integers(0, 127)
plain = st.sampled_from([kind for kind in Unnumbered if kind not in (Unnumbered.UI, Unnumbered.XID, Unnumbered.FRMR)])
frames = st.one_of(
    st.builds(InformationFrame, addresses, numbers, numbers, st.booleans(), st.binary(max_size=260)),
    st.builds(SupervisoryFrame, addresses, st.sampled_from(Supervisory), numbers, st.booleans()),
    st.builds(UnnumberedFrame, addresses, plain, st.booleans()),
    st.builds(
        UnnumberedFrame,
        addresses,
        st.sampled_from([Unnumbered.UI, Unnumbered.XID]),
        st.booleans(),
        st.binary(max_size=260),
    ),
)


@pytest.mark.parametrize(
    ("network", "command", "octets"),
    [(True, True, "0201"), (True, False, "0001"), (False, True, "0001"), (False, False, "0201")],
)
def test_address_of_a_primary_rate_line(network, command, octets):
    """3.3.2 table 1: what the C/R bit is."""
    address = Address.of(network, command)
    assert address.encode().hex() == octets
    assert Address.parse(address.encode()) == address


def test_address_of_other_links():
    assert Address(63, 127, True).encode().hex() == "feff"
    assert Address.parse(bytes.fromhex("feff")) == Address(63, 127, True)


@pytest.mark.parametrize(
    ("octets", "offset"), [("", 0), ("02", 1), ("0301", 0), ("0200", 1)], ids=["none", "one", "single", "three"]
)
def test_bad_address(octets, offset):
    with pytest.raises(DecodeError) as caught:
        Address.parse(bytes.fromhex(octets))
    assert caught.value.offset == offset


@pytest.mark.parametrize("address", [Address(64, 0), Address(0, 128), Address(-1, 0)])
def test_address_out_of_range(address):
    with pytest.raises(EncodeError):
        address.encode()


@pytest.mark.parametrize(
    ("frame", "octets"),
    [
        (InformationFrame(COMMAND, 1, 2, False, b"\x08"), "0201020408"),
        (InformationFrame(COMMAND, 127, 127, True, b""), "0201feff"),
        (SupervisoryFrame(RESPONSE, Supervisory.RR, 5, False), "0001010a"),
        (SupervisoryFrame(RESPONSE, Supervisory.RNR, 5, True), "0001050b"),
        (SupervisoryFrame(COMMAND, Supervisory.REJ, 0, True), "02010901"),
        (UnnumberedFrame(COMMAND, Unnumbered.SABME, True), "02017f"),
        (UnnumberedFrame(COMMAND, Unnumbered.SABME, False), "02016f"),
        (UnnumberedFrame(RESPONSE, Unnumbered.DM, True), "00011f"),
        (UnnumberedFrame(RESPONSE, Unnumbered.DM, False), "00010f"),
        (UnnumberedFrame(COMMAND, Unnumbered.UI, False, b"\x08\x00"), "0201030800"),
        (UnnumberedFrame(COMMAND, Unnumbered.DISC, True), "020153"),
        (UnnumberedFrame(RESPONSE, Unnumbered.UA, True), "000173"),
        (UnnumberedFrame(RESPONSE, Unnumbered.FRMR, True, bytes(5)), "0001970000000000"),
        (UnnumberedFrame(COMMAND, Unnumbered.XID, True, b"\x82"), "0201bf82"),
    ],
    ids=str,
)
def test_layout(frame, octets):
    """3.4 tables 4 and 5."""
    assert frame.encode().hex() == octets
    assert parse_frame(bytes.fromhex(octets)) == frame


@pytest.mark.parametrize("line", VECTORS.read_text().splitlines())
def test_captured(line):
    _, octets, text = line.split(" ", 2)
    frame = parse_frame(bytes.fromhex(octets))
    assert str(frame) == text
    assert frame.encode().hex() == octets


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        ("02012701", ErrorCode.UNDEFINED_FRAME),
        ("02010d00", ErrorCode.UNDEFINED_FRAME),
        ("0201eb", ErrorCode.UNDEFINED_FRAME),
        ("0201010000", ErrorCode.INFORMATION_NOT_PERMITTED),
        ("02017f00", ErrorCode.INFORMATION_NOT_PERMITTED),
        ("00017300", ErrorCode.INFORMATION_NOT_PERMITTED),
        ("000187", ErrorCode.WRONG_SIZE),
        ("00018700000000", ErrorCode.WRONG_SIZE),
        ("000187000000000000", ErrorCode.WRONG_SIZE),
        ("02010000" + 11 * "00", ErrorCode.INFORMATION_TOO_LONG),
        ("020103" + 11 * "00", ErrorCode.INFORMATION_TOO_LONG),
    ],
)
def test_frame_rejection_condition(octets, code):
    """3.6.11: what the frame is, and which MDL-ERROR it gives."""
    with pytest.raises(FrameError) as caught:
        parse_frame(bytes.fromhex(octets), n201=10)
    assert caught.value.code is code


@pytest.mark.parametrize("octets", ["0201", "020100", "020101"])
def test_invalid_frame(octets):
    """2.9: too short; no frame rejection condition."""
    with pytest.raises(DecodeError) as caught:
        parse_frame(bytes.fromhex(octets))
    assert not isinstance(caught.value, FrameError)


def test_longest_information():
    frame = InformationFrame(COMMAND, 0, 0, False, bytes(260))
    assert parse_frame(frame.encode(), 260) == frame
    assert len(parse_frame(frame.encode() + bytes(500)).information) == 760


def test_reserved_bits_of_supervisory_frames():
    """Bits 5 to 8 of the first control octet are reserved (table 5)."""
    assert parse_frame(bytes.fromhex("0201f10a")) == SupervisoryFrame(COMMAND, Supervisory.RR, 5, False)


@pytest.mark.parametrize(
    "frame",
    [
        InformationFrame(COMMAND, 128, 0, False, b""),
        InformationFrame(COMMAND, 0, -1, False, b""),
        SupervisoryFrame(COMMAND, Supervisory.RR, 128, False),
        UnnumberedFrame(COMMAND, Unnumbered.SABME, True, b"\x00"),
        UnnumberedFrame(RESPONSE, Unnumbered.FRMR, True, b"\x00"),
    ],
    ids=str,
)
def test_cannot_be_sent(frame):
    with pytest.raises(EncodeError):
        frame.encode()


def test_directions():
    """Table 5: commands, responses, and frames that may be both."""
    found = {kind.name: UnnumberedFrame(COMMAND, kind, False).direction.value for kind in Unnumbered}
    assert found == {
        "SABME": "command",
        "DM": "response",
        "UI": "command",
        "DISC": "command",
        "UA": "response",
        "FRMR": "response",
        "XID": "both",
    }
    assert InformationFrame(COMMAND, 0, 0, False, b"").direction is Direction.COMMAND
    assert SupervisoryFrame(COMMAND, Supervisory.RR, 0, False).direction is Direction.BOTH


def test_frame_reject():
    """3.6.11 figure 6."""
    reject = FrameReject(b"\x13\x00", 3, 4, True, undefined=True, not_permitted=True)
    assert reject.encode().hex() == "1300060903"
    assert FrameReject.parse(bytes.fromhex("1300060903")) == reject
    assert FrameReject.parse(bytes.fromhex("010406080c")) == FrameReject(
        b"\x01\x04", 3, 4, False, too_long=True, invalid_nr=True
    )
    with pytest.raises(DecodeError):
        FrameReject.parse(bytes(4))
    with pytest.raises(EncodeError):
        FrameReject(b"\x13", 0, 0, False).encode()


@given(st.builds(FrameReject, st.binary(min_size=2, max_size=2), numbers, numbers, *[st.booleans()] * 5))
def test_frame_reject_round_trip(reject):
    assert FrameReject.parse(reject.encode()) == reject


@given(frames)
def test_round_trip(frame):
    assert parse_frame(frame.encode(), 260) == frame
    assert str(frame)


@given(
    st.one_of(st.binary(max_size=12), st.tuples(addresses, st.binary(max_size=9)).map(lambda a: a[0].encode() + a[1]))
)
def test_any_octets(octets):
    frame = attempt(parse_frame, octets)
    if frame is not None:
        assert parse_frame(frame.encode()) == frame
    attempt(FrameReject.parse, octets)
