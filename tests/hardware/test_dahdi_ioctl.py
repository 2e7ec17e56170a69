"""Requests and structures against those compiled from DAHDI's header."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

from tandem.hardware import dahdi_ioctl as ours

FACTS = json.loads((Path(__file__).parents[1] / "vectors/e1t1/dahdi.json").read_text())
VALUES = {row["name"]: int(row["value_x86_64"], 16) for row in FACTS["ioctls"]}
NAMES = {
    "FLUSH": "FLUSH",
    "GET_PARAMETERS": "GET_PARAMS",
    "GET_EVENT": "GETEVENT",
    "SPAN_STATUS": "SPANSTAT",
    "MAINTENANCE": "MAINT",
    "SET_GAINS": "SETGAINS",
    "GET_BUFFERS": "GET_BUFINFO",
    "SET_BUFFERS": "SET_BUFINFO",
    "AUDIO_MODE": "AUDIOMODE",
    "ECHO_CANCEL": "ECHOCANCEL",
    "SPECIFY": "SPECIFY",
    "SET_LAW": "SETLAW",
    "BUFFER_EVENTS": "BUFFER_EVENTS",
}


@pytest.mark.parametrize(("name", "theirs"), NAMES.items())
def test_requests_are_the_compiled_ones(name, theirs):
    assert getattr(ours, name) == VALUES[f"DAHDI_{theirs}"]


def offset(structure: str, field: str) -> int:
    return next(row["offset"] for row in FACTS["structs"][structure]["fields"] if row["field"] == field)


@pytest.mark.parametrize(
    ("field", "mine"),
    [
        ("spanno", "span"),
        ("alarms", "alarms"),
        ("bpvcount", "bipolar_violations"),
        ("crc4count", "crc4_errors"),
        ("ebitcount", "e_bits"),
        ("fascount", "fas_errors"),
        ("irqmisses", "missed_interrupts"),
        ("numchans", "channels"),
        ("totalchans", "all_channels"),
        ("lineconfig", "line"),
    ],
)
def test_numbers_of_a_span_are_where_the_header_has_them(field, mine):
    octets = bytearray(FACTS["structs"]["dahdi_spaninfo"]["size_x86_64"])
    struct.pack_into("=i", octets, offset("dahdi_spaninfo", field), 77)
    assert getattr(ours.SpanStatus.parse(bytes(octets)), mine) == 77


@pytest.mark.parametrize(
    ("field", "mine"), [("name", "name"), ("desc", "description"), ("devicetype", "device"), ("spantype", "kind")]
)
def test_texts_of_a_span_are_where_the_header_has_them(field, mine):
    octets = bytearray(FACTS["structs"]["dahdi_spaninfo"]["size_x86_64"])
    start = offset("dahdi_spaninfo", field)
    octets[start : start + 3] = b"E1\0"
    assert getattr(ours.SpanStatus.parse(bytes(octets)), mine) == "E1"


@pytest.mark.parametrize(
    ("field", "mine"),
    [("channo", "channel"), ("spanno", "span"), ("chanpos", "position"), ("sigtype", "signalling"), ("curlaw", "law")],
)
def test_numbers_of_a_channel_are_where_the_header_has_them(field, mine):
    octets = bytearray(FACTS["structs"]["dahdi_params"]["size_x86_64"])
    struct.pack_into("=i", octets, offset("dahdi_params", field), 0x380)
    assert getattr(ours.ChannelParameters.parse(bytes(octets)), mine) == 0x380


def test_buffers_are_where_the_header_has_them():
    octets = ours.Buffers(1, 0, 3, 40, 5, 6).encode()
    fields = ("txbufpolicy", "rxbufpolicy", "numbufs", "bufsize", "readbufs", "writebufs")
    assert [struct.unpack_from("=i", octets, offset("dahdi_bufferinfo", field))[0] for field in fields] == [
        *(1, 0, 3, 40, 5, 6)
    ]
    assert ours.Buffers.parse(bytes(octets)) == ours.Buffers(1, 0, 3, 40, 5, 6)


def test_structures_round_trip():
    status = ours.SpanStatus(3, "TE2/0/1", "a card", ours.AlarmBits.RED, 1, 2, 3, 4, 5, 31, 31, 1 << 10, "te2", "E1")
    assert ours.SpanStatus.parse(bytes(status.encode())) == status
    channel = ours.ChannelParameters(47, 2, 16, ours.Signalling.MTP2, 2, "TE2/0/2/16")
    assert ours.ChannelParameters.parse(bytes(channel.encode())) == channel


def test_constants_are_those_of_the_header():
    alarms = {"YELLOW": 4, "RED": 8, "BLUE": 16, "LOS": 256, "LFA": 512, "LMFA": 1024, "RECOVER": 1, "LOOPBACK": 2}
    assert {bit.name: int(bit) for bit in ours.AlarmBits} == alarms | {"NOT_OPEN": FACTS["alarm_bits"]["NOTOPEN"]}
    assert {name: FACTS["alarm_bits"][name] for name in alarms} == alarms
    signalling = FACTS["signalling_types"]
    for mine, theirs in (("CLEAR", "CLEAR"), ("HDLC_FCS", "HDLCFCS"), ("HARD_HDLC", "HARDHDLC"), ("MTP2", "MTP2")):
        assert ours.Signalling[mine] == int(signalling[theirs], 16)
    for event in ours.Event:
        theirs = {"NO_ALARM": "NOALARM", "BAD_FCS": "BADFCS"}.get(event.name, event.name)
        assert event == FACTS["events"][theirs]
    assert {law: FACTS["laws"][name] for law, name in (("u", "MULAW"), ("A", "ALAW"))} == ours.LAWS
    assert FACTS["buffer_policy"]["WHEN_FULL"] == ours.Policy.WHEN_FULL
    assert FACTS["flush"]["ALL"] == ours.FLUSH_ALL
    assert FACTS["limits"]["MAX_SPANS"] == ours.MOST_SPANS
    assert FACTS["limits"]["MAX_CHANNELS"] == ours.MOST_CHANNELS


def test_gains_and_maintenance():
    tables = ours.gains(bytes(range(256)), bytes(256))
    assert tables[offset("dahdi_gains", "rxgain") :][:256] == bytes(range(256))
    assert len(tables) == FACTS["structs"]["dahdi_gains"]["size_x86_64"]
    assert struct.unpack("=ii", ours.maintenance(2, ours.Loop.LOCAL)) == (2, 1)
