from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.hardware.framing.async_hdlc import AsyncHdlcReceiver, encode

FRAMES = st.lists(st.binary(min_size=3, max_size=60), max_size=8)


def receiver(**bounds):
    return AsyncHdlcReceiver(**{"min_octets": 5, "max_octets": 70, **bounds})


@pytest.mark.parametrize(
    ("frame", "octets"),
    [
        # The frames and FCS of shared/standards/e1t1/hdlc.json, and what RFC 1662 4.2 makes of 7D, 7E, 11 and 91.
        ("00017f", "00017f64547e"),
        ("ffff00", "ffff00ffff7e"),
        ("ffff0103", "ffff0103bcd47e"),
    ],
)
def test_vectors(frame, octets):
    assert encode(bytes.fromhex(frame)).hex() == octets
    assert receiver().receive(b"\x7e" + bytes.fromhex(octets)) == [bytes.fromhex(frame)]


def test_escapes():
    frame = bytes.fromhex("7d7e11139193")
    assert encode(frame).startswith(bytes.fromhex("7d5d7d5e11139193"))
    assert encode(frame, flow=True).startswith(bytes.fromhex("7d5d7d5e7d317d337db17db3"))
    for flow in (False, True):
        assert receiver().receive(encode(frame, flow=flow)) == [frame]


@given(FRAMES, st.lists(st.integers(1, 20)), st.booleans())
def test_every_frame_arrives_whatever_the_portions(frames, sizes, flow):
    line = b"\x7e" + b"".join(encode(frame, flow=flow) for frame in frames)
    there, got = receiver(), []
    for size in sizes:
        got += there.receive(line[:size])
        line = line[size:]
    assert got + there.receive(line) == frames
    assert there.counts.good == len(frames)
    assert there.counts.errored == 0


@given(st.lists(st.binary(max_size=300), max_size=10))
def test_rubbish_costs_no_later_frame(portions):
    there = receiver()
    for portion in portions:
        assert all(3 <= len(frame) <= 68 for frame in there.receive(portion))
    assert there.receive(b"\x7e\x7e" + encode(b"after"))[-1:] == [b"after"]


@pytest.mark.parametrize(
    ("octets", "counted"),
    [
        ("00017f64557e", {"bad_fcs": 1, "errored": 1}),
        ("0102037e", {"too_short": 1, "errored": 1}),
        ("01" * 71 + "7e", {"too_long": 1, "errored": 1}),
        ("01" * 141 + "7e", {"too_long": 1, "errored": 1}),
        ("00017f7d7e", {"aborts": 1, "errored": 0}),
        ("7e7e7e", {"good": 0, "errored": 0}),
    ],
)
def test_what_is_wrong_is_counted_once_and_the_next_frame_is_good(octets, counted):
    there = receiver()
    assert there.receive(b"\x7e" + bytes.fromhex(octets)) == []
    assert {name: getattr(there.counts, name) for name in counted} == counted
    assert there.receive(encode(b"after")) == [b"after"]


def test_an_interruption_forgets_a_frame_begun():
    there = receiver()
    there.receive(encode(b"begun")[:3])
    there.clear()
    assert there.receive(encode(b"after")) == [b"after"]
