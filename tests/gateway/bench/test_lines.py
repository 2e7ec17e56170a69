from __future__ import annotations

from tandem.gateway.bench import lines


def test_every_driver_has_its_figures():
    result = lines.run(0.01)
    assert set(result) == {"serial", "file_play", "file_record", "virtual"}
    assert set(result["serial"]) == {"fill", "messages"}
    for figures in result["serial"].values():
        assert figures["microseconds_per_block"] > 0
        assert figures["lines_per_core"] > 0
    for kind in ("file_play", "file_record", "virtual"):
        assert set(result[kind]) == {"1_ms", "5_ms"}
        for figures in result[kind].values():
            assert figures["spans_per_core"] > 0


def test_messages_cross_a_serial_line_and_are_counted(monkeypatch):
    """What is measured is a line that works: every message comes."""
    received = []
    take = lines.SerialPort.receive

    def receive(port, now):
        units = take(port, now)
        received.extend(units)
        return units

    monkeypatch.setattr(lines.SerialPort, "receive", receive)
    lines._serial(0.02)
    assert received.count(lines._MESSAGE) > 4
