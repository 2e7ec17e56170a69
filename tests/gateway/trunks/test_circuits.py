"""What circuit trunks share: timeslots of circuits, faults that last, circuits in and out of service."""

from enum import Enum

import pytest

from tandem.gateway.calls.control import CallControl
from tandem.gateway.calls.half_call import HalfCall
from tandem.gateway.calls.model import Number, Release, Setup
from tandem.gateway.calls.routing import RoutingTable
from tandem.gateway.configuration.schema import Circuits
from tandem.gateway.media.protocol import Source, TimeslotEndpoint, Tone
from tandem.gateway.notice import ignore
from tandem.gateway.trunks.circuits import PERSISTENCE, CircuitTrunks, LineFaults, lay_out, other_half, state_text
from tandem.ss7.mtp3.label import Service, Variant
from tandem.ss7.mtp3.primitives import StatusCause, StatusIndication, TransferIndication


def test_circuits_are_laid_out_in_order():
    runs = [Circuits(span="e1", cic="1-3"), Circuits(span="e2", cic="33-34", timeslots="7,5")]
    slots = {cic: (end.span, end.timeslot) for cic, end in lay_out(runs, 4095).items()}
    assert slots == {1: ("e1", 1), 2: ("e1", 2), 3: ("e1", 3), 33: ("e2", 7), 34: ("e2", 5)}


def test_only_a_fault_that_lasts_counts():
    faults = LineFaults()
    faults.changed("e1", ["LOS"], 0.0)
    faults.changed("e1", [], 1.0)
    assert faults.next_deadline() is None
    faults.changed("e1", ["AIS"], 10.0)
    assert list(faults.settled(10.0 + PERSISTENCE)) == [("e1", True)]
    faults.changed("e1", ["RAI"], 20.0)
    assert faults.next_deadline() == 20.0 + PERSISTENCE
    assert list(faults.settled(20.0 + PERSISTENCE)) == [("e1", False)]


def test_faults_waited_for_are_forgotten():
    faults = LineFaults()
    faults.changed("e1", ["LOS"], 0.0)
    faults.clear()
    assert faults.next_deadline() is None


def test_state_in_words():
    assert state_text(Enum("S", ["OUTGOING_BUSY"]).OUTGOING_BUSY, 0) == "outgoing busy"
    assert state_text(Enum("S", ["IDLE"]).IDLE, 3) == "idle, 3"


class Exchange:
    """Notes what it is told."""

    quiet = True

    def __init__(self):
        self.heard = []

    def receive(self, *arguments):
        self.heard.append(("receive", *arguments))

    def status(self, *arguments):
        self.heard.append(("status", *arguments))

    def continuity_heard(self, *arguments):
        self.heard.append(("tone", *arguments))

    def next_deadline(self):
        return None


class Trunk:
    name = "g"
    is_circuit = True
    endpoints = lay_out([Circuits(span="e1", cic="1-2")], 4095)

    def release(self, half, release, now):
        pass


class Trunks(CircuitTrunks):
    service = Service.TUP

    def _describe(self, octets, sls, variant):
        return f"{octets.hex()} {sls}"


@pytest.fixture
def trunks():
    lines = []
    control = CallControl(RoutingTable([]), lambda now: now)
    made = Trunks(Exchange(), {"g": Trunk()}, {7: Variant.ITU}, control, lines.append, lines.append)
    made.lines = lines
    return made


def test_only_its_own_user_part_is_heard(trunks):
    trunks.mtp(TransferIndication(Service.ISUP, 7, 1, 0, b"\x01"), 0.0)
    trunks.mtp(StatusIndication(7, StatusCause.USER_PART_UNKNOWN, service=Service.ISUP), 0.0)
    assert trunks.exchange.heard == []
    trunks.mtp(TransferIndication(Service.TUP, 7, 1, 3, b"\x01"), 0.0)
    trunks.mtp(StatusIndication(7, StatusCause.USER_PART_UNKNOWN, service=Service.TUP), 1.0)
    trunks.mtp(StatusIndication(7, StatusCause.CONGESTION), 2.0)
    assert [item[0] for item in trunks.exchange.heard] == ["receive", "status", "status"]
    assert [(line.subject, line.text) for line in trunks.lines] == [("tup 0-0-7", "01 3")]


def test_where_calls_are_is_told_to_those_who_watch(trunks):
    assert trunks.exchange.tells_calls, "to the log"
    trunks.trace_to(None)
    assert not trunks.exchange.tells_calls
    trunks.notify = [].append
    assert trunks.exchange.tells_calls
    trunks.notify = ignore
    assert not trunks.exchange.tells_calls


def test_trunk_in_and_out_of_service(trunks):
    for cic in (1, 2):
        trunks._circuit_state("g", cic, "idle", True)
    trunks._circuit_state("g", 2, "resetting", False)
    assert [line.text for line in trunks.lines if line.subject == "trunk g"] == [
        "in service, 2 circuits",
        "circuits leave service, first CIC 2",
    ]


def test_check_tone_and_loop(trunks):
    circuit = TimeslotEndpoint("e1", 2)
    trunks._loop("g", 2, True)
    trunks._check_tone("g", 2, True)
    trunks._check_tone("g", 2, False)
    assert trunks.control.media_commands == [
        Source(circuit, circuit),
        Tone(circuit, "continuity"),
        Source(circuit, None),
    ]
    trunks.continuity_heard(circuit, 5.0)
    assert trunks.exchange.heard == [("tone", "g", 2, 5.0)]


def test_the_other_half_of_a_call(trunks):
    half = HalfCall(trunks.trunks["g"], incoming=True)
    assert other_half(half) is None
    trunks.control.setup(half, Setup(Number("1")), 0.0)
    assert other_half(half) is None
    trunks.control.event(half, Release(), 0.0)
    assert half.released


def test_alerts_name_what_they_are_about(trunks):
    trunks._alert("g", 1, "x")
    trunks._alert("g", None, "y")
    trunks._alert("", None, "z")
    assert [line.subject for line in trunks.lines] == ["circuit g/1", "trunk g", "tup"]
