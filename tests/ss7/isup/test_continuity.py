"""Continuity check of outgoing circuits, Q.764 2.1.8 and 2.1.9."""

import pytest
from support.isup_pair import ACM, Pair, iam
from support.isup_single import Single, cause

from tandem.ss7.isup.circuits import CircuitStatus, State
from tandem.ss7.isup.codes import MessageType as M
from tandem.ss7.isup.primitives import Alert, CallReleased, CircuitChanged, ContinuityTone, IncomingCall
from tandem.ss7.isup.timers import Timer, timer_values


def checking(**options):
    """An outgoing call on circuit 1 whose check tone is being sent."""
    single = Single(**options)
    call = single.setup(iam(continuity=1))
    assert single.types() == [(M.IAM, 1)]
    assert single.heard == [ContinuityTone("g", 1, True)]
    return single, call


def heard(single, cic=1):
    single.exchange.continuity_heard("g", cic, single.now)


def test_success_is_told_and_the_call_goes_on():
    single, _ = checking()
    single.wait(1)
    heard(single)
    (cot,) = single.take()
    assert (cot.type, cot.raw(16)) == (M.COT, b"\x01")
    assert single.heard == [ContinuityTone("g", 1, False)]
    assert single.state() is State.OUT_WAIT_ACM
    single.wait(10)
    single.receive(M.ACM, 1, *ACM)
    assert single.state() is State.OUT_WAIT_ANM


def test_failure_moves_the_call_and_checks_the_circuit_again():
    single, call = checking()
    single.wait(2)
    sent = single.take()
    assert [(m.type, m.cic) for m in sent] == [(M.COT, 1), (M.IAM, 2)]
    assert sent[0].raw(16) == b"\x00"
    assert CircuitChanged(call, 1, 2) in single.heard
    assert [item.cic for item in single.heard if isinstance(item, Alert)] == [1]
    assert single.view().status is CircuitStatus.CHECKING
    heard(single, 2)
    single.take()
    single.wait(5)  # T25
    assert single.types() == [(M.CCR, 1)]
    assert single.heard == [ContinuityTone("g", 1, True)]


def failed(times, **options):
    """An exchange whose circuit 1 has failed so many checks and is being checked once more."""
    single, call = checking(**options)
    single.wait(2)
    heard(single, 2)
    single.release(call)
    single.receive(M.RLC, 2)
    single.wait(5)
    for _ in range(times - 1):
        single.wait(2)
        single.wait(120)  # T26
    single.take()
    assert single.state() is State.RECHECK
    return single


def test_recheck_succeeds():
    single = failed(1)
    heard(single)
    report, release = single.take()
    assert (report.type, report.raw(16)) == (M.COT, b"\x01")
    assert (release.type, release.raw(18)[1]) == (M.REL, 0x80 | 16)
    assert [item.text for item in single.heard if isinstance(item, Alert)] == ["continuity restored"]
    single.receive(M.RLC, 1)
    assert single.state() is State.IDLE
    single.take()
    assert single.exchange.next_deadline() is None


def test_recheck_fails_again_and_again_with_one_alert_more():
    single = failed(1)
    alerts = []
    for _ in range(3):
        single.wait(2)
        assert single.types() == [(M.COT, 1)]
        alerts += [item for item in single.heard if isinstance(item, Alert)]
        single.wait(119)
        assert single.types() == []
        single.wait(1)
        assert single.types() == [(M.CCR, 1)]
    assert len(alerts) == 1


def test_maintenance_may_check_an_idle_circuit():
    single = Single()
    single.exchange.check_continuity("g", [3], 0.0)
    assert single.types() == [(M.CCR, 3)]
    single.receive(M.LPA, 3)
    heard(single, 3)
    assert single.types() == [(M.REL, 3)]
    busy, _ = checking()
    busy.exchange.check_continuity("g", [1], 0.0)
    assert busy.types() == []


def test_release_during_the_check_removes_the_tone():
    single, call = checking()
    single.receive(M.REL, 1, cause(17))
    assert single.types() == [(M.RLC, 1)]
    assert ContinuityTone("g", 1, False) in single.heard
    assert [item.call for item in single.heard if isinstance(item, CallReleased)] == [call]
    heard(single)
    assert single.take() == []


def test_dual_seizure_during_the_check():
    single, call = checking(control="none")
    single.receive(M.IAM, 1, *iam())
    assert single.types() == [(M.IAM, 2)]
    assert single.heard[:2] == [ContinuityTone("g", 1, False), CircuitChanged(call, 1, 2)]
    assert single.state() is State.IN_ADDRESS


@pytest.mark.parametrize(("every", "checked"), [(0, [0, 0, 0]), (1, [1, 1, 1]), (2, [0, 1, 0])])
def test_every_nth_call_is_checked(every, checked):
    single = Single(continuity_check=every)
    for _ in checked:
        single.setup()
    assert [message.raw(6)[0] >> 2 & 3 for message in single.take()] == checked


def test_no_other_circuit_ends_the_call():
    single = Single((1,))
    call = single.setup(iam(continuity=1))
    single.wait(2)
    single.take()
    assert [(item.call, item.cause) for item in single.heard if isinstance(item, CallReleased)] == [(call, 34)]


def test_both_ends():
    pair = Pair((1, 2, 3), continuity_check=1)
    tones = []
    pair.on_output = lambda end, output: tones.append(output) if isinstance(output, ContinuityTone) else None
    call = pair.a.setup(pair.now)
    pair.drain()
    tone = tones[0]
    pair.run(0.5)
    assert pair.b.take(IncomingCall) == []
    pair.a.exchange.continuity_heard("g", tone.cic, pair.now)
    pair.run(0.5)
    assert len(pair.b.take(IncomingCall)) == 1
    # the next circuit is dead: both ends agree on it when it is repaired
    other = pair.a.setup(pair.now)
    pair.run(2.5)
    dead, again = tones[2].cic, tones[-1].cic
    assert dead != again
    pair.a.exchange.continuity_heard("g", again, pair.now)
    pair.run(6)
    pair.a.exchange.continuity_heard("g", dead, pair.now)
    pair.run(1)
    for number in (call, other):
        pair.a.release(number, pair.now)
    pair.run(1)
    pair.assert_agreed()


def test_ansi_timers():
    values = timer_values({"T12": 5}, ansi=True)
    assert (values[Timer.T1], values[Timer.T5], values[Timer.T12]) == (10, 60, 5)
