import json
import re
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


def test_statistics():
    assert "100.00" in run(CAPTURE, "--stats").output
    found = json.loads(run(CAPTURE, "--stats", "--json", "--called", "00$").output)
    assert (found["total"]["attempts"], found["total"]["asr"]) == (1, 100.0)


def test_outputs_that_are_files(tmp_path):
    names = {name: str(tmp_path / name) for name in ("html", "parquet", "pcap", "wav")}
    result = run(CAPTURE, "--call", "isup-3", *(word for name, path in names.items() for word in (f"--{name}", path)))
    assert (result.exit_code, result.stdout) == (0, "")
    assert f"{names['pcap']}: 5 packets" in result.stderr
    assert f"{names['parquet']}: 1 calls" in result.stderr
    assert "no speech in the capture" in result.stderr
    assert (tmp_path / "html").read_text().startswith("<!DOCTYPE html>")
    again = json.loads(run(names["pcap"], "--json").output)
    assert [call["cic"] for call in again["calls"]] == [3]
    assert run(CAPTURE, "--html", str(tmp_path / "none" / "x.html")).exit_code == 1


def test_filters_of_time_and_expression():
    count = run(CAPTURE, "--where", "duration > 36 and cic < 10", "--jsonl").output.count("\n")
    assert count == sum(
        call["duration"] > 36 and call["cic"] < 10 for call in json.loads(run(CAPTURE, "--json").output)["calls"]
    )
    assert run(CAPTURE, "--from", "2007-08-04", "--jsonl").output == ""
    assert run(CAPTURE, "--to", "2007-08-04", "--jsonl").output.count("\n") == 94
    for arguments in (("--from", "soon"), ("--where", "cause ==")):
        assert run(CAPTURE, *arguments).exit_code == 2


def test_the_tutorial_shows_what_comes_out():
    root = Path(__file__).parents[3]
    text = (root / "docs" / "tutorial" / "find-the-fault.md").read_text(encoding="utf-8")
    sample = str(root / "examples" / "traces" / "monday.pcap.gz")
    printed = run(sample).output + run(sample, "--ladder", "isup-23").output
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    shown = [line for kind, block in blocks if not kind for line in block.splitlines() if line != "…"]
    assert len(shown) > 10
    assert [line for line in shown if line not in printed.splitlines()] == []
