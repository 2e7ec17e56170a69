"""The audit file."""

import json

import pytest

from tandem.core.errors import ConfigurationError
from tandem.gateway.operator.audit import AuditFile, first_line


def test_entries_are_lines_of_json(tmp_path):
    audit = AuditFile(tmp_path / "audit.jsonl")
    audit.write(1_700_000_000.5, "127.0.0.1:9", "circuit block pstn", "+OK\nmore", True)
    audit.close()
    assert json.loads((tmp_path / "audit.jsonl").read_text()) == {
        "time": "2023-11-14T22:13:20.500Z",
        "who": "127.0.0.1:9",
        "command": "circuit block pstn",
        "changes": True,
        "answer": "+OK",
    }
    assert (tmp_path / "audit.jsonl").stat().st_mode & 0o007 == 0


def test_it_goes_on_where_it_ended_and_is_set_aside_when_long(tmp_path):
    path = tmp_path / "audit.jsonl"
    for _ in range(2):
        audit = AuditFile(path, limit=400)
        audit.write(0, "x", "status", "UP", False)
        audit.close()
    assert len(path.read_text().splitlines()) == 2
    audit = AuditFile(path, limit=400)
    for _ in range(4):
        audit.write(0, "x", "status", "UP", False)
    assert len(path.read_text().splitlines()) + len((tmp_path / "audit.jsonl.1").read_text().splitlines()) == 6
    audit.close()


def test_a_full_disk_is_told_and_nothing_is_raised():
    audit = AuditFile("/dev/full")
    audit.write(0, "x", "status", "UP", False)
    assert audit.error == "No space left on device"


def test_a_file_that_cannot_be_opened(tmp_path):
    with pytest.raises(ConfigurationError, match=r"audit file: .* cannot be written: Is a directory"):
        AuditFile(tmp_path)


def test_the_first_line_that_says_something():
    assert first_line("\n\n0 total.\n") == "0 total."
    assert first_line("") == ""
    assert len(first_line("x" * 1000)) == 200
