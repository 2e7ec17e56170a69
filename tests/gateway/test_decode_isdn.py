"""`tandem decode q931` and `tandem decode lapd`."""

import json
from functools import partial

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from support.decoding import attempt
from support.q931_vectors import captured_messages, examples

from tandem.core.errors import DecodeError
from tandem.gateway.cli import main
from tandem.gateway.decode import decode, render
from tandem.gateway.decode_isdn import decode_lapd, decode_q931, lines, reference_text

DISCONNECT = "0802800145" + "08028091"


def test_q931_as_json():
    result = CliRunner().invoke(main, ["decode", "q931", "--json", examples()["setup_eurisdn_e1_speech"].hex()])
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    assert (report["protocol"], report["message"], report["code"], report["cic"]) == ("q931", "SETUP", 5, None)
    assert report["call_reference"] == {"value": 1, "flag": False, "length": 2}
    assert report["discriminator"] == 8
    assert [item["code"] for item in report["parameters"]] == [0xA1, 0x04, 0x18, 0x6C, 0x70]
    channel = report["parameters"][2]
    assert channel["raw"] == "a98381"
    assert (channel["value"]["channel"], channel["value"]["exclusive"], channel["codeset"]) == (1, True, 0)


def test_lapd_with_a_message_inside():
    report = decode("lapd", bytes.fromhex("02010406" + DISCONNECT))
    assert report["frame"] == {"kind": "I", "sapi": 0, "tei": 0, "cr": True, "pf": False, "ns": 2, "nr": 3}
    assert report["message"] == "DISCONNECT"
    assert render(report).splitlines() == [
        "LAPD I  SAPI 0 TEI 0 C/R 1  N(S) 2 N(R) 3 P/F 0",
        "DISCONNECT  call reference 1 flag 1",
        "    8  Cause  17 User busy, user  [8091]",
    ]


@pytest.mark.parametrize(
    ("octets", "message", "first"),
    [
        ("00017f", "SABME", "LAPD SABME  SAPI 0 TEI 0 C/R 0  P/F 1"),
        ("02010107", "RR", "LAPD RR  SAPI 0 TEI 0 C/R 1  N(R) 3 P/F 1"),
    ],
)
def test_frames_without_a_message(octets: str, message: str, first: str):
    report = decode_lapd(bytes.fromhex(octets), "itu")
    assert (report["message"], report["cic"], report["parameters"]) == (message, None, [])
    assert render(report).splitlines()[0] == first
    assert "data" not in report


def test_information_of_another_service_access_point_is_kept():
    report = decode_lapd(bytes.fromhex("fcff030f010203ff"), "itu")
    assert (report["message"], report["data"]) == ("UI", "0f010203ff")


def test_shifts_raw_and_malformed_elements():
    report = decode_q931(bytes.fromhex("0802000105" + "040180" + "9e3701ff" + "62020102"), "itu")
    bad, shift, private, unknown = report["parameters"]
    assert bad["error"].startswith("Bearer capability ends too early")
    assert bad["value"] == {}
    assert (shift["name"], shift["value"]) == ("Non-locking shift", {"codeset": 6, "locking": False})
    assert (private["name"], private["codeset"], private["raw"]) == ("Generic digits", 6, "ff")
    assert (unknown["name"], unknown["raw"]) == ("element 0x62", "0102")


def test_segment_and_dummy_call_reference():
    report = decode_q931(bytes.fromhex("080060000281050403"), "itu")
    assert report["body"] == "0403"
    assert reference_text(report) == "  dummy call reference"
    assert lines(report) == []


@pytest.mark.parametrize(("protocol", "octets", "offset"), [("q931", "0812", 1), ("lapd", "020104060802", 6)])
def test_malformed(protocol: str, octets: str, offset: int):
    with pytest.raises(DecodeError) as caught:
        decode(protocol, bytes.fromhex(octets))
    assert caught.value.offset == offset


def test_captured_messages_can_be_told():
    for captured in captured_messages():
        report = decode("lapd", b"\x00\x01\x00\x00" + captured.octets)
        assert json.loads(json.dumps(report)) == report
        assert report["message"] in render(report)


@given(st.binary(max_size=60), st.sampled_from(["q931", "lapd"]))
def test_any_octets_give_a_report_or_an_error(octets: bytes, protocol: str):
    report = attempt(partial(decode, protocol), octets)
    if report is not None:
        assert render(report)
        json.dumps(report)
