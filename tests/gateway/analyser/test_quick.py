import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.isup_flows import iam

from tandem.core.errors import DecodeError
from tandem.gateway.analyser.quick import carried_numbers, initial_address, is_alerting, release
from tandem.ss7.isup.cause import CauseIndicators
from tandem.ss7.isup.indicators import BackwardCallIndicators, EventInformation
from tandem.ss7.isup.messages import Message, MessageType
from tandem.ss7.isup.numbers import CalledPartyNumber, CallingPartyNumber
from tandem.ss7.isup.parameters import RawParameter

FIXED = [RawParameter(code, bytes.fromhex(content)) for code, content in [(6, "00"), (7, "2001"), (9, "0a"), (2, "03")]]
DIGITS = st.text("0123456789", max_size=20)


def numbers_of(octets):
    """The same by the full decoder."""
    parsed = Message.parse(octets)
    called, calling = parsed.find(CalledPartyNumber), parsed.find(CallingPartyNumber)
    mine = ("", -1) if calling is None else (calling.digits, int(calling.nature))
    return called.digits, int(called.nature), *mine


@given(DIGITS, DIGITS | st.none(), st.integers(0, 127), st.booleans())
def test_initial_addresses_as_the_full_decoder_reads_them(called, calling, nature, st_):
    parts = [*FIXED, CalledPartyNumber(called, nature=nature, st=st_), RawParameter(0x3D, b"\x1f")]
    parts += [] if calling is None else [CallingPartyNumber(calling, nature=nature)]
    octets = Message.build(MessageType.IAM, 9, parts).encode()
    assert initial_address(octets) in (numbers_of(octets), None)
    if called:
        assert initial_address(octets) == numbers_of(octets)


@given(st.integers(0, 127), st.integers(0, 15), st.sampled_from([None, 0]))
def test_releases_as_the_full_decoder_reads_them(value, location, recommendation):
    octets = Message.build(MessageType.REL, 1, [CauseIndicators(value, location, 0, recommendation)]).encode()
    assert release(octets) == ((value, location) if recommendation is None else None)


def test_alerting():
    free = Message.build(MessageType.ACM, 1, [BackwardCallIndicators(called_party_status=1)]).encode()
    plain = Message.build(MessageType.ACM, 1, [BackwardCallIndicators()]).encode()
    assert (is_alerting("ACM", free), is_alerting("ACM", plain), is_alerting("ACM", b"\0\0\6")) == (True, False, False)
    events = [Message.build(MessageType.CPG, 1, [EventInformation(event=event)]).encode() for event in (1, 2)]
    assert [is_alerting("CPG", octets) for octets in events] == [True, False]


@given(st.binary(max_size=40))
def test_any_octets(octets):
    found = initial_address(octets[:2] + b"\x01" + octets[3:])
    release(octets)
    if found is not None:
        # What is malformed elsewhere still has its numbers.
        with contextlib.suppress(DecodeError, AttributeError):
            assert found == numbers_of(octets[:2] + b"\x01" + octets[3:])


BOTH = "4989270/international 4930110/international"


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"Content-Type: application/ISUP;version=itu-t92+\r\n", BOTH),
        (b"Content-Type: multipart/mixed;boundary=x\r\n\r\n--x\r\nc: application/isup\r\n", BOTH),
        (b"Content-Type: application/sdp\r\n", ""),
    ],
)
def test_numbers_of_the_iam_in_an_invite(head, expected):
    start = b"INVITE sip:1@b SIP/2.0\r\n" + head + b"\r\n"
    assert carried_numbers(start + iam() + b"\r\n--x--\r\n") == expected
    assert carried_numbers(start + iam()[:6]) == carried_numbers(start + b"\x0c\2\0\2\x82\x90") == ""
