"""SIPp calls SIPp through two gateways: SIP, ISUP, SIP. Every way a call can go, both directions, each SIP engine."""

from dataclasses import dataclass

import pytest
from support.gateways import GatewayPair, wait_for
from support.sipp import Sipp

from tandem.gateway.calls.accounting import Record

pytestmark = pytest.mark.interop
ENGINES = ("native", "pjsua2")

NUMBER, CALLING = "301234567", "302000"
DIRECTIONS = pytest.mark.parametrize("direction", ["AB", "BA"])
PAYLOAD = {"A": 0, "B": 8}


@dataclass
class Outcome:
    """What a call left behind, by gateway: its record, and the ISUP messages that the first one saw."""

    records: dict[str, Record]
    isup: list[str]
    lines: dict[str, list[dict[str, str]]]


class Scene:
    """Calls through a pair of gateways, one at a time."""

    def __init__(self, pair: GatewayPair, speech, folder):
        self.pair, self.speech, self.folder = pair, speech, folder

    def side(self, name):
        """Values that a scenario with speech needs on one side."""
        return {"payload": PAYLOAD[name], "speech": self.speech[PAYLOAD[name]]}

    def call(self, direction, caller, callee=None, caller_values=(), callee_values=(), number=NUMBER, dial=None):
        """One call from the first gateway of `direction` to the second; both SIPps must be content.

        Scenarios are names; a name that begins with `*` has speech in it.
        """
        first, second = direction
        pair = self.pair
        before = {name: len(pair[name].records()) for name in direction}
        for name in direction:
            pair[name].read()
        marks = {name: len(pair[name].lines) for name in direction}
        answering = None
        try:
            if callee is not None:
                values = dict(callee_values) | (self.side(second) if callee[0] == "*" else {})
                port = pair[second].user
                answering = Sipp(callee.lstrip("*"), self.folder, port, called=number, **values)
            values = dict(caller_values) | (self.side(first) if caller[0] == "*" else {"payload": PAYLOAD[first]})
            dialled = dial or f"0{number}"
            with Sipp(
                caller.lstrip("*"), self.folder, None, pair[first].sip, called=dialled, calling=CALLING, **values
            ) as calling:
                calling.wait()
            if answering is not None:
                answering.wait()
        finally:
            if answering is not None:
                answering.close()
        pair.wait_idle()
        # A gateway that nothing was sent to has no record to wait for.
        reached = (
            direction if any("IAM" in m for m in pair[first].messages(pair[first].lines[marks[first] :])) else first
        )
        for name in reached:
            wait_for(lambda name=name: len(pair[name].records()) > before[name], f"the record of {name}")
            assert len(pair[name].records()) == before[name] + 1
        lines = {name: pair[name].lines[marks[name] :] for name in direction}
        records = {name: pair[name].records()[-1] for name in reached}
        return Outcome(records, pair[first].messages(lines[first]), lines)


@pytest.fixture
def scene(pair, speech, tmp_path):
    return Scene(pair, speech, tmp_path)


def causes(outcome):
    """(cause, released by, result) by gateway."""
    return {name: (record.cause, record.released_by, record.result) for name, record in outcome.records.items()}


@DIRECTIONS
def test_the_caller_hangs_up(scene, direction):
    outcome = scene.call(direction, "*caller_hangs_up", "*callee_answers", {"hold": 1500}, {"ring": 300})
    assert outcome.isup == ["> IAM", "< ACM", "< ANM", "> REL", "< RLC"]
    assert causes(outcome) == dict.fromkeys(direction, (16, "incoming", "answered"))
    first, second = direction
    for record in outcome.records.values():
        assert 1000 <= record.duration_ms <= 10_000
        assert record.outgoing is not None
        assert record.incoming.calling.endswith(CALLING)
        assert record.outgoing.called.endswith(NUMBER)
        assert record.alerting_time is not None
    # Speech: SIPp sends 50 packets a second for 1.5 s on each side; the gateways convert between the laws.
    for leg in (outcome.records[first].incoming, outcome.records[second].outgoing):
        assert leg.media["packets_received"] >= 50, leg
        assert leg.media["packets_sent"] >= 50, leg
    assert outcome.records[first].outgoing.id == outcome.records[second].incoming.id


@DIRECTIONS
def test_the_callee_hangs_up(scene, direction):
    outcome = scene.call(direction, "*caller_is_left", "*callee_hangs_up", {"cause": 16}, {"ring": 300, "hold": 500})
    assert outcome.isup == ["> IAM", "< ACM", "< ANM", "< REL", "> RLC"]
    assert causes(outcome) == dict.fromkeys(direction, (16, "outgoing", "answered"))


#: Status and Reason of the callee; Q.850 cause in the REL; status that the caller gets (RFC 3398 8.2.6.1, 7.2.4.1).
REFUSALS = {
    "busy": (486, None, 17, 486),
    "no answer": (480, None, 18, 408),
    "no answer, said with a Reason": (480, 19, 19, 480),
    "unallocated number": (404, None, 1, 404),
    "rejected": (603, None, 21, 403),
    "no resources": (503, None, 41, 503),
    "incompatible": (488, None, 65, 488),
}


@DIRECTIONS
@pytest.mark.parametrize("case", ["busy", "unallocated number"])
def test_refused_in_either_direction(scene, direction, case):
    refused(scene, direction, *REFUSALS[case])


@pytest.mark.parametrize("case", [case for case in REFUSALS if case not in ("busy", "unallocated number")])
def test_refused(scene, case):
    refused(scene, "AB", *REFUSALS[case])


def refused(scene, direction, status, reason, cause, caller_status):
    header = f'      Reason: Q.850;cause={reason};text="as the test says"\n' if reason else ""
    outcome = scene.call(
        direction,
        "caller_is_refused",
        "callee_refuses",
        {"status": caller_status, "cause": cause},
        {"status": status, "reason": header},
    )
    assert outcome.isup == ["> IAM", "< ACM", "< REL", "> RLC"]
    assert causes(outcome) == dict.fromkeys(direction, (cause, "outgoing", "failed"))


@DIRECTIONS
@pytest.mark.parametrize("ringing", [False, True], ids=["before ringing", "after ringing"])
def test_the_caller_gives_up(scene, direction, ringing):
    outcome = scene.call(
        direction,
        "caller_cancels",
        "callee_is_left",
        {"ringing": '  <recv response="180"/>\n' if ringing else ""},
        {"status": 180 if ringing else 100},
    )
    assert outcome.isup == ["> IAM", *(["< ACM"] if ringing else []), "> REL", "< RLC"]
    assert causes(outcome) == dict.fromkeys(direction, (16, "incoming", "failed"))


@DIRECTIONS
def test_early_media(scene, direction):
    outcome = scene.call(direction, "*caller_hears_early_media", "*callee_plays_early_media", {"hold": 500})
    assert outcome.isup[:3] == ["> IAM", "< ACM", "< ANM"]
    assert causes(outcome) == dict.fromkeys(direction, (16, "incoming", "answered"))
    for record in outcome.records.values():
        assert record.progress_time is not None


def test_no_route(scene):
    """A number that no rule matches: 404 with cause 3, and nothing goes out."""
    outcome = scene.call("AB", "caller_is_refused", None, {"status": 404, "cause": 3}, dial="12345")
    assert outcome.isup == []
    assert causes(outcome) == {"A": (3, "gateway", "failed")}


def test_nothing_was_wrong(scene):
    """Over all the calls before: the gateways logged no trouble but the alarms of the start."""
    for name in "AB":
        trouble = [text for text in scene.pair[name].trouble() if not text.startswith("span ")]
        assert trouble == []


def test_a_peer_that_does_not_respond(speech, tmp_path):
    """Timer B ends the call: recovery on timer expiry, 504 for the caller. T1 is short, or it would take 32 s."""
    pair = GatewayPair(tmp_path / "pair", t1_ms=100)
    try:
        scene = Scene(pair, speech, tmp_path)
        outcome = scene.call("AB", "caller_is_refused", None, {"status": 504, "cause": 102}, number="99123")
    finally:
        pair.close()
    assert outcome.isup[0] == "> IAM"
    assert outcome.isup[-2:] == ["< REL", "> RLC"]
    assert {name: record.cause for name, record in outcome.records.items()} == {"A": 102, "B": 102}
