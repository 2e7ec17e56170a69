import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.codecs.telephone_event import FLASH, TelephoneEvent, digit_event, parse_events
from tandem.core.errors import DecodeError, EncodeError

events = st.builds(
    TelephoneEvent,
    event=st.integers(0, 255),
    duration=st.integers(0, 65535),
    end=st.booleans(),
    volume=st.integers(0, 63),
    reserved=st.booleans(),
)


def test_captured_digit():
    """Digit 6 as a telephone sent it (Wireshark wiki SampleCaptures, SIP_DTMF2.cap): five packets of 30 ms."""
    payloads = ["06070000", "060700f0", "060701e0", "060702d0", "068703c0"]
    parsed = [parse_events(bytes.fromhex(payload))[0] for payload in payloads]
    assert [event.duration for event in parsed] == [0, 240, 480, 720, 960]
    assert [event.end for event in parsed] == [False] * 4 + [True]
    assert {event.digit for event in parsed} == {"6"}
    assert {event.volume for event in parsed} == {7}
    assert [event.encode().hex() for event in parsed] == payloads
    assert str(parsed[-1]) == "6 960 end -7 dBm0"


def test_digits_of_rfc4733():
    assert [digit_event(digit, 0).event for digit in "0123456789*#ABCD"] == list(range(16))
    assert digit_event("d", 160).digit == "D"
    assert TelephoneEvent(FLASH, 0).digit is None
    assert str(TelephoneEvent(FLASH, 8)) == "event 16 8 -10 dBm0"


@pytest.mark.parametrize("payload", ["", "01", "010a00", "010a00a0ff"])
def test_malformed(payload):
    with pytest.raises(DecodeError):
        parse_events(bytes.fromhex(payload))


@pytest.mark.parametrize("digit", ["", "E", "12", "+"])
def test_no_digit(digit):
    with pytest.raises(EncodeError):
        digit_event(digit, 0)


@pytest.mark.parametrize(
    "event", [TelephoneEvent(256, 0), TelephoneEvent(1, 65536), TelephoneEvent(1, 0, volume=64), TelephoneEvent(-1, 0)]
)
def test_values_that_do_not_fit(event):
    with pytest.raises(EncodeError):
        event.encode()


@given(st.binary(max_size=40))
def test_any_bytes_give_events_or_decode_error(payload):
    try:
        parsed = parse_events(payload)
    except DecodeError:
        assert not payload or len(payload) % 4
        return
    assert b"".join(event.encode() for event in parsed) == payload


@given(st.lists(events, min_size=1, max_size=5))
def test_round_trip(several):
    assert parse_events(b"".join(event.encode() for event in several)) == several
