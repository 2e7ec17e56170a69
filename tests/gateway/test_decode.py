"""`tandem decode`."""

import json
from functools import partial

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from support.decoding import attempt
from support.isup_vectors import captured_messages

from tandem.core.errors import DecodeError
from tandem.gateway.cli import main
from tandem.gateway.decode import PROTOCOLS, VARIANTS, decode, octets_of, render

IAM = "010001002001 0a 03 02 08 06 0290 21436500 0a06 0213 21436587 00".replace(" ", "")
LABEL = "85 01 80 00 10"


def tandem(*arguments, stdin=None):
    return CliRunner().invoke(main, ["decode", *arguments], input=stdin)


def test_isup_as_json():
    result = tandem("isup", IAM, "--json")
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    assert (report["protocol"], report["message"], report["cic"]) == ("isup", "IAM", 1)
    assert report["title"] == "Initial address"
    called = next(item for item in report["parameters"] if item["code"] == 4)
    assert called["name"] == "Called party number"
    assert called["raw"] == "029021436500"
    assert called["value"] == {
        "digits": "12345600",
        "nature": 2,
        "plan": 1,
        "inn": True,
        "st": False,
        "complete": False,
    }
    assert called["text"].startswith("12345600 nature unknown")


def test_isup_as_text():
    result = tandem("isup", IAM)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "IAM Initial address  CIC 1"
    assert any("Called party number" in line and "12345600" in line and "[029021436500]" in line for line in lines)


def test_mtp3_with_isup_inside():
    report = decode("mtp3", octets_of(LABEL + IAM))
    assert (report["protocol"], report["message"], report["cic"]) == ("mtp3", "IAM", 1)
    assert (report["sio"], report["service"], report["network_indicator"]) == (0x85, "ISUP", 2)
    assert report["label"] == {"dpc": 1, "opc": 2, "sls": 1, "dpc_text": "0-0-1", "opc_text": "0-0-2"}
    assert report["parameters"] == decode("isup", octets_of(IAM))["parameters"]


def test_mtp2_down_to_isup():
    octets = octets_of(LABEL + IAM)
    report = decode("mtp2", bytes([0x05, 0x0B, len(octets)]) + octets)
    assert report["unit"] == {"kind": "MSU", "bsn": 5, "bib": 0, "fsn": 11, "fib": 0, "length_indicator": len(octets)}
    assert (report["protocol"], report["message"], report["label"]["opc"]) == ("mtp2", "IAM", 2)
    assert render(report).splitlines()[0] == "MTP2 MSU  BSN 5 BIB 0  FSN 11 FIB 0"


def test_units_without_a_message():
    fill_in = decode("mtp2", b"\xff\xff\x00")
    assert (fill_in["message"], fill_in["cic"], fill_in["parameters"]) == ("FISU", None, [])
    status = decode("mtp2", b"\xff\xff\x01\x03")
    assert (status["message"], status["unit"]["status"]) == ("LSSU", "SIOS")


def test_network_management():
    report = decode("mtp3", bytes.fromhex("81a08f3401118000a1a2a3a4a5a6a7"))
    assert (report["message"], report["cic"]) == ("SLTM", None)
    assert report["parameters"] == [{"name": "test_pattern", "value": "00a1a2a3a4a5a6a7"}]
    assert "test_pattern" in render(report)


def test_other_users_keep_their_octets():
    report = decode("mtp3", bytes.fromhex("83018000100901"))
    assert (report["service"], report["data"]) == ("SCCP", "0901")


def test_unknown_message():
    report = decode("isup", b"\x05\x00\xc0\x01\x02")
    assert (report["message"], report["code"], report["body"]) == ("message type 0xC0", 0xC0, "0102")
    assert "0102" in render(report)


def test_unknown_parameter_has_its_octets():
    report = decode("isup", bytes.fromhex("05000901c80201ff00"))
    assert report["parameters"] == [{"name": "parameter 200", "code": 200, "value": {}, "text": "01ff", "raw": "01ff"}]


def test_variants():
    assert decode("isup", b"\x01\x00\xeb\x01\x02\x00", "ansi")["message"] == "CVR"
    assert decode("isup", b"\x01\x00\xfd", "china")["message"] == "MPM"
    ansi = decode("mtp3", bytes.fromhex("85 030201 060504 07 0100 12"), "ansi")
    assert (ansi["message"], ansi["label"]["dpc_text"], ansi["label"]["sls"]) == ("RSC", "1-2-3", 7)


@pytest.mark.parametrize(
    ("protocol", "text", "offset"),
    [
        ("isup", "0100", 2),
        ("isup", "01000c0200058490", 5),
        ("mtp3", "850180", 1),
        ("mtp3", "8501800010 01000c0200058490", 10),
        ("mtp2", "050b09 8501800010 01000c02", 11),
        ("mtp2", "ffff", 2),
        ("mtp2", "ffff09", 2),
        ("isup", "", 0),
        ("isup", "01xx", 1),
        ("isup", "010", 1),
    ],
)
def test_malformed(protocol, text, offset):
    as_json = tandem(protocol, text, "--json")
    assert as_json.exit_code == 1
    report = json.loads(as_json.stdout)
    assert set(report) == {"error", "offset"}
    assert report["offset"] == offset
    as_text = tandem(protocol, text)
    assert as_text.exit_code == 1
    assert as_text.stdout == ""
    assert len(as_text.stderr.splitlines()) == 1
    assert as_text.stderr.startswith("tandem decode: ")


def test_one_line_each_from_standard_input():
    result = tandem("isup", "-", stdin=f"{IAM}\n\n05:00:12\nzz\n")
    assert result.exit_code == 1
    reports = [json.loads(line) for line in result.stdout.splitlines()]
    assert [report.get("message") for report in reports] == ["IAM", "RSC", None]
    assert reports[2]["error"] == "'z' is not a hexadecimal digit"
    assert tandem("isup", "-", stdin="050012\n").exit_code == 0


def test_command_line_errors():
    assert tandem("q930", "00").exit_code == 2
    assert tandem("isup").exit_code == 2
    assert tandem("isup", "00", "--variant", "x").exit_code == 2


@pytest.mark.parametrize("text", ["05 00 12", "05:00:12", "0x050012", "05\t00\n12", "05.00,12", "0x05 0x00 0x12"])
def test_separators(text):
    assert octets_of(text) == b"\x05\x00\x12"


def test_octets_as_several_arguments():
    assert tandem("isup", "05", "00", "12").stdout == "RSC Reset circuit  CIC 5\n"


def test_every_captured_message_is_explained():
    for octets in captured_messages():
        report = decode("isup", octets)
        assert json.loads(json.dumps(report)) == report
        assert render(report)


@given(st.sampled_from(PROTOCOLS), st.sampled_from(VARIANTS), st.binary(max_size=40))
def test_any_octets_give_a_report_or_a_decode_error(protocol, variant, octets):
    report = attempt(lambda octets: decode(protocol, octets, variant), octets)
    if report is not None:
        assert {"protocol", "message", "cic", "parameters"} <= report.keys()
        assert json.loads(json.dumps(report)) == report
        assert render(report)


def test_offset_of_an_error_within_a_parameter():
    with pytest.raises(DecodeError) as caught:
        decode("mtp3", octets_of(LABEL + "05000c 02 00 01 84"))
    assert caught.value.offset == 5 + 7


def test_mtp3_of_japan():
    result = tandem("mtp3", "81 3412 2143 05 00 23 00 1177", "--variant", "japan", "--json")
    report = json.loads(result.stdout)
    assert (report["message"], report["title"]) == ("SRT", "signalling routing test message")
    assert report["label"] == {"dpc": 0x1234, "opc": 0x4321, "sls": 5, "dpc_text": "9-1-20", "opc_text": "33-9-1"}
    assert report["parameters"] == [{"name": "test_pattern", "value": "1177"}]
    report = decode("mtp3", octets_of("80 3412 2143 05 00 14 02 34120000 78560000"), "japan")
    assert [row["value"] for row in report["parameters"]] == [0x1234, 0x5678]
    assert decode("mtp3", octets_of("85 3412 2143 05" + IAM), "japan")["message"] == "IAM"


IAI = "21 0a 02 64 21 43 65 30 a2 13 80 00 38 10 12 2a 08"


def test_tup_as_json():
    report = json.loads(tandem("tup", IAI, "--json").stdout)
    assert (report["protocol"], report["message"], report["code"], report["cic"]) == ("tup", "IAI", 0x21, None)
    assert report["title"] == "Initial address with additional information"
    values = {item["name"]: item for item in report["parameters"]}
    assert list(values) == ["digits", "category", "st", "indicators", "calling_line", "original_called"]
    assert values["digits"] == {"name": "digits", "value": "123456", "text": "123456"}
    assert values["category"] == {"name": "category", "value": 10, "text": "ordinary"}
    assert values["st"] == {"name": "st", "value": False, "text": "no"}
    assert values["indicators"]["value"]["all_ss7"] is True
    assert values["calling_line"]["value"] == {
        "digits": "3108008301",
        "nature": 2,
        "restricted": False,
        "incomplete": False,
        "filler": 0,
    }
    assert report["body"] == "08"


def test_tup_as_text():
    lines = tandem("tup", "a8 01 fe").stdout.splitlines()
    assert lines == ["GRA Circuit group reset acknowledgement", "  range    1", "  status   01", "  padding  63"]
    assert tandem("tup", "14 25").stdout.splitlines()[1] == "  kind             charge"


def test_tup_of_each_variant():
    assert decode("tup", b"\x2c\x03\x00", "china")["parameters"] == [{"name": "pulses", "value": 3, "text": "3"}]
    unknown = decode("tup", b"\x2c\x03\x00")
    assert (unknown["message"], unknown["title"], unknown["body"]) == ("heading 0x2c", "unknown message", "0300")
    refused = tandem("tup", "14 25", "--variant", "ansi")
    assert refused.exit_code == 1
    assert "TUP has no ansi variant, only itu and china" in refused.stderr


@pytest.mark.parametrize(
    ("octets", "variant", "points"),
    [("84 01 80 00 30 12 14 25", "itu", (1, 2)), ("84 03 02 01 06 05 04 23 01 14 25", "china", (0x010203, 0x040506))],
)
def test_mtp3_with_tup_inside(octets, variant, points):
    report = decode("mtp3", octets_of(octets), variant)
    assert (report["service"], report["message"], report["cic"]) == ("TUP", "ACM", 0x123)
    assert (report["label"]["dpc"], report["label"]["opc"]) == points
    assert {item["name"]: item["value"] for item in report["parameters"]}["free"] is True
    with pytest.raises(DecodeError) as caught:
        decode("mtp3", octets_of(octets)[:-1], variant)
    assert caught.value.offset == len(octets_of(octets)) - 1


def test_tup_in_an_ansi_label_keeps_its_octets():
    report = decode("mtp3", octets_of("84 03 02 01 06 05 04 23 01 14 25"), "ansi")
    assert (report["service"], report["cic"], report["data"]) == ("TUP", None, "011425")


@given(st.binary(max_size=24))
def test_any_octets_as_tup_give_a_report_or_an_error(octets):
    for variant in ("itu", "china"):
        report = attempt(partial(decode, "tup", variant=variant), octets)
        if report is not None:
            assert render(json.loads(json.dumps(report))) == render(report)
