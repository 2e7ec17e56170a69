import pytest

from tandem.gateway.analyser import statistics as module
from tandem.gateway.analyser.model import CallRecord
from tandem.gateway.analyser.statistics import reckon, route_of


def record(number, start, outcome, **values):
    base = {"protocol": "isup", "opc": 1, "dpc": 2, "cic": number, "variant": "itu"}
    return CallRecord(id=f"isup-{number}", outcome=outcome, start=start, **(base | values))


CALLS = [
    record(
        1, 0.0, "answered", answered=2.0, released=12.0, completed=12.5, duration=10.0, cause=16, post_dial_delay=1.0
    ),
    record(2, 1.0, "busy", released=2.0, cause=17, post_dial_delay=1.0),
    record(3, 2.0, "failed", released=2.1, cause=34, post_dial_delay=0.1),
    record(4, 3.0, "failed", released=3.5, cause=41, post_dial_delay=3.0),
    record(5, 3600.0, "rejected", released=3601.0, cause=21, post_dial_delay=1.0, opc=2, dpc=1),
]


def test_ratios():
    total = reckon(CALLS).total
    assert (total.attempts, total.seizures, total.answered, total.effective) == (5, 4, 1, 3)
    assert (total.asr, total.abr, total.ner, total.acd, total.talk) == (25.0, 20.0, 75.0, 10.0, 10.0)
    assert (total.pdd_50, total.pdd_99) == (1.01, 3.01)


def test_groups():
    found = reckon(CALLS)
    assert [(group.name, group.attempts) for group in found.routes] == [
        ("isup 0-0-1 > 0-0-2", 4),
        ("isup 0-0-2 > 0-0-1", 1),
    ]
    assert [(group.name, group.attempts) for group in found.hours] == [("0", 4), ("3600", 1)]
    assert [group.name for group in found.protocols] == ["isup"]
    assert found.outcomes["failed"] == 2
    assert next((one.cause, one.name, one.count, one.answered) for one in found.causes) == (
        16,
        "Normal call clearing",
        1,
        1,
    )
    assert (found.talk_seconds, found.first, found.last) == ({"10": 1}, 0.0, 3601.0)


def test_occupancy():
    """Held 12.5, 1, 0.5 and 1 s of 3601; the attempt without a circuit held none."""
    total = reckon(CALLS).total
    assert total.erlang == pytest.approx(15 / 3601, abs=0.001)
    assert (total.peak, total.circuits) == (2, 5)


def test_nothing():
    found = reckon([])
    assert (found.total.attempts, found.total.asr, found.total.pdd_50, found.first) == (0, None, None, None)


def test_routes_are_bounded(monkeypatch):
    monkeypatch.setattr(module, "MOST_ROUTES", 1)
    assert [group.name for group in reckon(CALLS).routes] == ["isup 0-0-1 > 0-0-2", "other routes"]


def test_a_route_of_addresses_has_no_ports():
    sip = CallRecord(
        protocol="sip", id="sip-1", outcome="open", start=0.0, source="10.0.0.1:5060", destination="[::1]:5060"
    )
    assert route_of(sip) == "sip 10.0.0.1 > [::1]"
