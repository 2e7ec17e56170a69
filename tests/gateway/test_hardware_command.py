from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from tandem.gateway import hardware_command as module
from tandem.gateway.cli import main
from tandem.hardware.registry import Found

FOUND = [
    Found("dahdi:1", "E1", 'Card 1 "TE2"', "LOS", "no cable, or the far end is off"),
    Found("serial:/dev/ttyUSB0", "serial", "FT232R", "ok"),
]


@pytest.fixture
def _found(monkeypatch):
    monkeypatch.setattr(module, "discover", lambda: FOUND)


@pytest.mark.usefixtures("_found")
def test_each_line_with_its_state_and_spec_and_what_to_do():
    result = CliRunner().invoke(main, ["hardware"])
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines[0].split() == ["name", "kind", "state", "spec"]
    assert lines[1].endswith("dahdi:1")
    assert lines[2] == "    no cable, or the far end is off"
    assert lines[3].split() == ["FT232R", "serial", "ok", "serial:/dev/ttyUSB0"]


@pytest.mark.usefixtures("_found")
def test_json():
    result = CliRunner().invoke(main, ["hardware", "--json"])
    assert [Found(**each) for each in json.loads(result.output)] == FOUND


def test_nothing_there_is_said_and_is_no_error(monkeypatch):
    monkeypatch.setattr(module, "discover", list)
    result = CliRunner().invoke(main, ["hardware"])
    assert result.exit_code == 0
    assert "No cards" in result.output
    assert "satop:listen=" in result.output
