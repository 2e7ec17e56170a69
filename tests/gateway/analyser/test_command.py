import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tandem.gateway.cli import main

CAPTURE = str(Path(__file__).parents[2] / "vectors" / "isup" / "captures" / "m3ua_94calls_wireshark.pcap")


def run(*arguments):
    return CliRunner().invoke(main, ["trace", *arguments])


def test_the_table():
    result = run(CAPTURE, "--called", "00$")
    assert result.exit_code == 0
    assert "810 packets, 1 of 94 call attempts, 100.0 % answered" in result.output


def test_json_is_everything():
    result = run(CAPTURE, "--json")
    found = json.loads(result.output)
    assert set(found) == {"packets", "messages", "calls", "findings", "skipped"}
    assert (found["packets"], len(found["calls"])) == (810, 94)
    assert found["calls"][0]["messages"][0]["type"] == "IAM"


def test_one_line_a_call_and_csv():
    lines = run(CAPTURE, "--jsonl", "--cic", "5").output.splitlines()
    assert [json.loads(line)["cic"] for line in lines] == [5]
    assert run(CAPTURE, "--csv").output.count("\n") == 95


def test_a_ladder():
    assert "─ IAM " in run(CAPTURE, "--ladder", "isup-3").output
    missing = run(CAPTURE, "--ladder", "isup-999")
    assert missing.exit_code == 1


@pytest.mark.parametrize("arguments", [("--called", "("), ("--link-type", "x=1"), ()])
def test_a_wrong_command_line(arguments):
    files = () if not arguments else (CAPTURE,)
    assert run(*files, *arguments).exit_code == 2


def test_a_file_that_is_no_capture(tmp_path):
    path = tmp_path / "text"
    path.write_text("no capture at all")
    result = run(str(path))
    assert result.exit_code == 1
    assert "no capture" in result.stderr
