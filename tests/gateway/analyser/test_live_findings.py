from tandem.gateway.analyser import live_findings as module
from tandem.gateway.analyser.live_findings import LiveFindings
from tandem.gateway.analyser.model import Message, Protocol, Where

WHERE = Where("", "", 1, 2, 2, "itu")
PHONE, REGISTRAR = "10.0.0.1:5060", "10.0.0.2:5060"


def isup(kind, time, packet=1):
    return Message(packet, time, Protocol.ISUP, kind, WHERE, b"\5\0\x12")


def sip(kind, time, answer=False):
    ends = (REGISTRAR, PHONE) if answer else (PHONE, REGISTRAR)
    return Message(1, time, Protocol.SIP, kind, Where(*ends), b"")


def kinds(found):
    return [finding.kind for finding in found]


def test_a_storm_is_told_once():
    live = LiveFindings()
    first = live.take([(isup("RSC", 100 + step / 10), step) for step in range(9)], [], [], [], 101)
    assert first == []
    assert kinds(live.take([(isup("RSC", 101.5), 9)], [], [], [], 102)) == ["reset-storm"]
    assert live.take([(isup("GRS", 102.5), 10)], [], [], [], 103) == []
    later = [(isup("RSC", 300 + step / 10), step) for step in range(12)]
    assert kinds(live.take(later, [], [], [], 302)) == ["reset-storm"]


def test_a_circuit_that_is_reset_twice_is_no_timer_that_ran_out():
    live = LiveFindings()
    assert live.take([(isup("RSC", 100), 5), (isup("RSC", 106), 5)], [], [], [], 106) == []


def test_resets_far_apart_are_none():
    live = LiveFindings()
    for step in range(30):
        assert live.take([(isup("RSC", 100.0 + 20 * step), step)], [], [], [], 5000) == []


def test_circuits_that_stay_blocked():
    live = LiveFindings()
    assert live.take([(isup("BLO", 100), 5), (isup("BLO", 100), 6)], [], [], [], 100) == []
    assert live.take([(isup("UBL", 130), 5)], [], [], [], 159) == []
    (found,) = live.take([], [], [], [], 160)
    assert (found.kind, "circuit 6" in found.text) == ("circuit-blocked", True)
    assert live.take([], [], [], [], 400) == []


def test_registrations():
    live = LiveFindings()
    assert (
        live.take([], [], [], [sip("REGISTER", 1), sip("401", 1, True), sip("REGISTER", 2), sip("100", 2, True)], 2)
        == []
    )
    assert kinds(live.take([], [], [], [sip("403", 3, True)], 3)) == ["registration-failed"]
    assert live.take([], [], [], [sip("REGISTER", 4)], 35) == []
    assert kinds(live.take([], [], [], [], 36)) == ["registration-unanswered"]


def test_links_and_collisions_at_once_but_not_again_and_again():
    live = LiveFindings()
    failed = Message(7, 1.0, Protocol.MTP2, "SIOS", Where(link="3"), b"")
    assert kinds(live.take([], [], [failed], [], 1)) == ["link-failure"]
    assert live.take([], [], [failed], [], 2) == []
    assert kinds(live.take([], [], [failed], [], 62)) == ["link-failure"]
    assert kinds(live.take([], [(isup("IAM", 63), 4, 1)], [], [], 63)) == ["dual-seizure"]


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(module, "MOST", 5)
    live = LiveFindings()
    for number in range(50):
        live.take([(isup("RSC", 1.0), number), (isup("BLO", 1.0), number)], [], [], [sip("REGISTER", 1.0)], 1.0)
        live.take([], [(isup("IAM", 1.0), number, 1)], [], [], 1000.0 * number)
    assert max(len(live._resets), len(live._blocked), len(live._waiting), len(live._told)) <= 6
