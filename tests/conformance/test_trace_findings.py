"""Every kind of finding of `tandem trace`, by a capture that has the fault: whose it is, the clause, the packets.

And the other way round: no finding on captures of calls in which nothing is wrong.
"""

from pathlib import Path

import pytest
from support.made_captures import A, B, Capture, hang_up, isup, request, response, talk

from tandem.gateway.analyser.analysis import analyse
from tandem.gateway.analyser.dissect import Options
from tandem.ss7.isup.codes import MessageType as I

CAPTURES = Path(__file__).parent.parent / "vectors" / "trace" / "captures"
ENDS = (("10.0.0.1", 4000), ("10.0.0.2", 4000))
LONG = 4000.0


def of(capture, tmp_path, *kinds):
    """What was found, of these kinds if some are named: kind, fault, clause, packets."""
    found = analyse([capture.path(tmp_path)], Options(detect=True)).findings
    assert all(one.text and one.clause and one.packets for one in found)
    return [(one.kind, one.fault, one.clause, one.packets) for one in found if not kinds or one.kind in kinds]


def later(capture, time=LONG):
    """Time goes on: a call without fault on another circuit."""
    for step, (kind, back) in enumerate(((I.IAM, 0), (I.ACM, 1), (I.ANM, 1), (I.REL, 0), (I.RLC, 1))):
        capture.call(time + step, kind, bool(back), cic=99)
    return capture


# --- circuits


def test_unanswered_iam(tmp_path):
    made = Capture()
    iam = made.call(0, I.IAM)
    assert of(later(made, 60), tmp_path) == [("unanswered-iam", "0-0-2", "Q.764 2.1.4.2, T7", [iam])]


def test_missing_rlc_and_t1(tmp_path):
    made = Capture()
    made.call(0, I.IAM)
    made.call(1, I.ACM, back=True)
    first, second = made.call(2, I.REL), made.call(32, I.REL)
    assert of(later(made, 200), tmp_path) == [
        ("missing-rlc", "0-0-2", "Q.764 2.3.1, T1 and T5", [first, second]),
        ("timer-expiry", "0-0-2", "Q.764 2.3.1, T1", [first, second]),
    ]


def test_t5(tmp_path):
    made = Capture()
    made.call(0, I.IAM)
    made.call(1, I.ACM, back=True)
    releases = [made.call(2 + 30 * step, I.REL) for step in range(10)]
    reset = made.call(302, I.RSC)
    made.call(302.1, I.RLC, back=True)
    found = of(later(made), tmp_path, "timer-expiry")
    assert ("timer-expiry", "0-0-2", "Q.764 2.3.1, T5", [releases[0], reset]) in found


@pytest.mark.parametrize(
    ("timer", "before", "wait", "fault"),
    [
        ("Q.764 2.1.4.2, T7", [(I.IAM, False)], 25, "0-0-2"),
        ("Q.764 2.1.4.8, T9", [(I.IAM, False), (I.ACM, True)], 120, "0-0-2"),
        ("Q.764 2.4.1, T6", [(I.IAM, False), (I.ACM, True), (I.ANM, True), (I.SUS, True)], 30, "0-0-2"),
        ("Q.764 2.4.1, T2", [(I.IAM, False), (I.ACM, True), (I.ANM, True), (I.SUS, True)], 180, "0-0-2"),
    ],
)
def test_timers_of_isup(tmp_path, timer, before, wait, fault):
    made = Capture()
    packets = [made.call(step, kind, back) for step, (kind, back) in enumerate(before)]
    release = made.call(len(before) - 1 + wait, I.REL, cause=102)
    made.call(len(before) + wait, I.RLC, back=True)
    assert of(made, tmp_path) == [("timer-expiry", fault, timer, [packets[-1], release])]


@pytest.mark.parametrize(("kind", "timer"), [(I.BLO, "Q.764 2.8.2.1, T12"), (I.RSC, "Q.764 2.9.3.1, T16")])
def test_timers_of_supervision(tmp_path, kind, timer):
    made = Capture()
    packets = [made.call(20 * step, kind) for step in range(3)]
    assert ("timer-expiry", "0-0-2", timer, packets) in of(made, tmp_path)


def test_dual_seizure(tmp_path):
    made = Capture()
    first, second = made.call(0, I.IAM, cic=8), made.call(0.05, I.IAM, back=True, cic=8)
    made.call(1, I.ACM, cic=8)  # B controls the even circuits: its call goes on
    made.call(2, I.REL, back=True, cic=8)
    made.call(3, I.RLC, cic=8)
    assert ("dual-seizure", "0-0-1", "Q.764 2.9.1.4", [first, second]) in of(made, tmp_path)


def test_reset_storm_and_a_reset_in_a_call(tmp_path):
    made = Capture()
    iam = made.call(0, I.IAM, cic=5)
    made.call(0.5, I.ACM, back=True, cic=5)
    resets = []
    for step in range(12):
        resets.append(made.call(1 + step * 0.2, I.RSC, back=True, cic=5 + step))
        made.call(1.1 + step * 0.2, I.RLC, cic=5 + step)
    assert of(made, tmp_path) == [
        ("reset-in-call", "0-0-2", "Q.764 2.9.3.1", [iam, resets[0]]),
        ("reset-storm", "0-0-2", "Q.764 2.9.3", resets),
    ]


def test_blocked_circuits(tmp_path):
    made = Capture()
    one = made.call(0, I.BLO, cic=5)
    made.call(0.1, I.BLA, back=True, cic=5)
    made.call(1, I.BLO, cic=6)
    made.call(1.1, I.BLA, back=True, cic=6)
    made.call(2, I.UBL, cic=6)
    made.call(2.1, I.UBA, back=True, cic=6)
    group = made.call(3, I.CGB, back=True, cic=32, raw=b"\x00\x01\x05\x1e" + b"\xff\xff\xff\x7f")
    made.call(3.1, I.CGBA, cic=32, raw=b"\x00\x01\x05\x1e" + b"\xff\xff\xff\x7f")
    assert of(made, tmp_path) == [
        ("circuit-blocked", "0-0-1", "Q.764 2.8.2.1", [one]),
        ("circuit-blocked", "0-0-2", "Q.764 2.8.2.2", [group]),
    ]


def test_unequipped_circuit(tmp_path):
    made = Capture()
    iam, ucic = made.call(0, I.IAM), made.call(0.1, I.UCIC, back=True)
    assert of(later(made, 100), tmp_path) == [
        ("circuit-unequipped", "what 0-0-1 and 0-0-2 have as circuits", "Q.764 2.12", [iam, ucic])
    ]


def test_release_before_acm_and_congestion(tmp_path):
    made = Capture()
    iam, release = made.call(0, I.IAM), made.call(0.2, I.REL, back=True, cause=34)
    made.call(0.3, I.RLC)
    assert of(made, tmp_path) == [
        ("release-before-acm", "0-0-2", "Q.764 2.2", [iam, release]),
        ("congestion", "0-0-2", "Q.850 table 1, class 2", [release]),
    ]


# --- legs


def failed_through_a_gateway(tmp_path, cause, status):
    """A call from SIP to ISUP that fails with a cause, and what the gateway says of it."""
    made = Capture()
    made.sip(0, request("INVITE", tag=False), hosts=("10.0.0.9", "10.0.0.1"))
    made.call(0.1, I.IAM)
    release = made.call(0.3, I.REL, back=True, cause=cause)
    made.call(0.35, I.RLC)
    final = made.sip(0.4, response(status), back=True, hosts=("10.0.0.9", "10.0.0.1"))
    made.sip(0.5, request("ACK"), hosts=("10.0.0.9", "10.0.0.1"))
    return of(made, tmp_path, "cause-mapping"), [release, final]


def test_wrong_cause_between_isup_and_sip(tmp_path):
    found, packets = failed_through_a_gateway(tmp_path, 17, 503)
    ((kind, fault, clause, proof),) = found
    assert (kind, clause, proof) == ("cause-mapping", "RFC 3398 7.2.4.1", packets)
    assert fault == "the gateway between them (10.0.0.1:5060 and 0-0-1)"
    assert failed_through_a_gateway(tmp_path, 17, 486)[0] == []


def test_a_cause_that_an_exchange_changed(tmp_path):
    def through(cause):
        made = Capture()
        made.call(0, I.IAM)
        made.m3ua(0.1, isup(I.IAM, 9), B, 3)
        first = made.m3ua(0.2, isup(I.REL, 9, 34), 3, B)
        made.m3ua(0.25, isup(I.RLC, 9), B, 3)
        second = made.call(0.3, I.REL, back=True, cause=cause)
        made.call(0.4, I.RLC)
        return of(made, tmp_path, "cause-mapping"), [second, first]

    found, packets = through(16)
    assert found == [("cause-mapping", "the gateway between them (0-0-2)", "Q.764 2.2.2", packets)]
    assert through(34)[0] == []


# --- D-channels

SETUP = bytes.fromhex("0802000105 04038090a3 18 03a98381 7004 80313233")


def test_unanswered_setup_and_t303(tmp_path):
    made = Capture(203)
    first, second = made.lapd(0, SETUP), made.lapd(4, SETUP)
    made.lapd(60, bytes.fromhex("0802000205 04038090a3 18 03a98382 7004 80313233"))
    found = of(made, tmp_path)
    assert ("unanswered-setup", "network", "Q.931 5.1.1, T303", [first, second]) in found
    assert ("timer-expiry", "network", "Q.931 5.1.1, T303", [first, second]) in found


# --- SIP


def test_unanswered_invite_and_retransmissions(tmp_path):
    made = Capture()
    packets = [made.sip(time, request("INVITE", tag=False)) for time in (0, 0.5, 1.5, 3.5, 7.5)]
    made.sip(60, request("OPTIONS", "o@h"))
    assert of(made, tmp_path) == [
        ("unanswered-invite", "10.0.0.2:5060", "RFC 3261 17.1.1.2, timer B", packets),
        ("retransmissions", "10.0.0.2:5060, or the path to it from 10.0.0.1:5060", "RFC 3261 17", packets[1:]),
    ]


def test_missing_ack_and_unanswered_bye(tmp_path):
    made = Capture()
    made.sip(0, request("INVITE", tag=False))
    ok = made.sip(0.1, response(200), back=True)
    bye = made.sip(2, request("BYE", cseq=2))
    made.sip(60, request("OPTIONS", "o@h"))
    assert of(made, tmp_path) == [
        ("missing-ack", "10.0.0.1:5060", "RFC 3261 13.2.2.4", [ok]),
        ("unanswered-bye", "10.0.0.2:5060", "RFC 3261 15.1.2", [bye]),
    ]


def spoken(tmp_path, *streams, call=talk, **values):
    """What is found of a call of 10 s with these streams: arguments of `speech`, behind the time."""
    made = Capture()
    packets = list(call(made, **values))
    for at, *stream in sorted(streams, key=lambda stream: stream[0]):
        made.speech(at, *stream)
    hang_up(made, 10)
    return of(made.sorted(), tmp_path), packets


def test_one_way_speech(tmp_path):
    found, packets = spoken(tmp_path, (0.3, 9, ENDS[0], ENDS[1]))
    assert found == [("one-way-speech", "10.0.0.2", "RFC 3264 5.1", packets)]
    listening = {"directions": ("sendonly", "recvonly")}
    assert spoken(tmp_path, (0.3, 9, ENDS[0], ENDS[1]), **listening)[0] == []
    assert spoken(tmp_path, (0.3, 9, ENDS[0], ENDS[1]), (0.31, 9, ENDS[1], ENDS[0]))[0] == []


def test_missing_speech(tmp_path):
    made = Capture()
    invite, ok = talk(made, 0, "silent@h")
    talk(made, 0.5, "fine@h", to="555")
    made.speech(1, 8, ("10.0.0.1", 5000), ("10.0.0.2", 5000))
    made.speech(1.01, 8, ("10.0.0.2", 5000), ("10.0.0.1", 5000))
    hang_up(made, 10, "silent@h")
    hang_up(made, 10.2, "fine@h")
    found = of(made.sorted(), tmp_path, "missing-speech")
    assert ("missing-speech", "10.0.0.1 and 10.0.0.2", "RFC 3264 5.1", [invite, ok]) in found


def test_speech_that_is_lost(tmp_path):
    back = (0.31, 9, ENDS[1], ENDS[0])
    found, packets = spoken(tmp_path, (0.3, 9, *ENDS, 8, frozenset(range(100, 130))), back)
    assert found == [("speech-loss", "the path from 10.0.0.1:4000", "G.107", packets)]


def test_codec_mismatch(tmp_path):
    found, packets = spoken(tmp_path, (0.3, 9, *ENDS, 0), (0.31, 9, ENDS[1], ENDS[0]))
    assert found == [("codec-mismatch", "10.0.0.1:4000", "RFC 3264 6.1", packets)]


def test_digits_that_are_lost(tmp_path):
    def dialled(ends):
        made = Capture()
        packets = list(talk(made, formats=("8 101", "8 101")))
        made.speech(0.3, 9, *ENDS, skip=range(85, 89))
        made.speech(0.31, 9, ENDS[1], ENDS[0])
        for step in range(4):
            made.event(2 + step * 0.02, 85 + step, 5, ends and step == 3, *ENDS)
        hang_up(made, 10)
        return of(made.sorted(), tmp_path), packets

    found, packets = dialled(False)
    assert found == [("dtmf-lost", "the path from 10.0.0.1:4000", "RFC 4733 2.5.1.4", packets)]
    assert dialled(True)[0] == []


def register(call_id, credentials=False):
    return request("REGISTER", call_id, 2 if credentials else 1, False, head=("Authorization: Digest x",) * credentials)


def test_registrations(tmp_path):
    made = Capture()
    made.sip(0, register("a"))
    refused = made.sip(0.1, response(403, "REGISTER", "a"), back=True)
    packets = []
    for step in range(2):
        made.sip(1 + step, register("b", True))
        packets.append(made.sip(1.1 + step, response(401, "REGISTER", "b", 2), back=True))
    silent = [made.sip(4 + time, register("c")) for time in (0, 0.5, 1.5)]
    made.sip(50, request("OPTIONS", "o@h"))
    assert of(made, tmp_path) == [
        ("registration-failed", "10.0.0.1:5060", "RFC 3261 10.3", [refused]),
        ("registration-failed", "10.0.0.1:5060", "RFC 3261 22.2", packets),
        ("registration-unanswered", "10.0.0.2:5060", "RFC 3261 17.1.2", silent),
    ]


# --- links


def test_a_link_that_fails(tmp_path):
    made = Capture(139)
    made.mtp2(0, 0, 0, 0, sent=False)
    out = made.mtp2(1, 0, 0, 1, 3, sent=False)
    made.mtp2(2, 0, 0, 0, link=4)
    busy = made.mtp2(3, 0, 0, 1, 5, link=4)
    assert of(made, tmp_path) == [
        ("link-failure", "the far end", "Q.703 11", [out]),
        ("congestion", "the side that captured", "Q.703 9", [busy]),
    ]


def test_changeovers_and_destinations(tmp_path):
    made = Capture(141)
    order = made.mtp3(0, bytes((0x11, 5)))
    made.mtp3(0.1, bytes((0x21, 6)), B, A)
    prohibited = made.mtp3(1, bytes((0x14, 9, 0)))
    controlled = made.mtp3(2, bytes((0x23, 9, 0)))
    assert of(made, tmp_path) == [
        ("changeover", "0-0-1", "Q.704 5", [order]),
        ("destination-unavailable", "the way from 0-0-1 to 0-1-1", "Q.704 13.2", [prohibited]),
        ("congestion", "the way from 0-0-1 to 0-1-1", "Q.704 13.7", [controlled]),
    ]


def test_sigtran(tmp_path):
    made = Capture()
    affected = [(0x0012, bytes((0, 0, 0, 9)))]
    duna = made.sigtran(0, 0x0201, affected)
    scon = made.sigtran(1, 0x0204, affected)
    down = made.sigtran(2, 0x0302, [])
    abort = made.control(3, 6, B, A)
    asked = [made.control(4 + time, 1) for time in (0, 1, 3, 7)]
    assert of(made, tmp_path) == [
        ("destination-unavailable", "the way from 10.0.0.1:2905 to 0-1-1", "RFC 4666 3.4.1", [duna]),
        ("congestion", "the way from 10.0.0.1:2905 to 0-1-1", "RFC 4666 3.4.4", [scon]),
        ("link-failure", "10.0.0.1:2905", "RFC 4666 3.5.3", [down]),
        ("link-failure", "10.0.0.2:2905", "RFC 9260 9.1", [abort]),
        ("link-failure", "10.0.0.2:2905", "RFC 9260 5.1", asked),
    ]


# --- nothing wrong

ENDS_OF_51_ABORTS = ("[2512:0:0:353::1]:5051", "[2510:0:0:333::2]:3001")
FOUND = {"sigtran_m3ua_sctp-handshake-fail.pcap.gz": [("link-failure", end) for end in ENDS_OF_51_ABORTS]}
"""What is wrong in captures of others; the calls of all are healthy."""


@pytest.mark.parametrize("name", sorted(path.name for path in CAPTURES.glob("*.gz")))
def test_no_false_alarm_on_captures_of_others(name):
    found = analyse([str(CAPTURES / name)], Options(detect=True)).findings
    assert [(one.kind, one.fault) for one in found] == FOUND.get(name, [])


def test_no_false_alarm_on_made_calls(tmp_path):
    assert of(later(Capture()), tmp_path) == []
    assert of(later(later(Capture(), 10), LONG), tmp_path) == []
