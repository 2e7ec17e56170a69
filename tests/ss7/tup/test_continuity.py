from support.tup_pair import Pair, iam
from support.tup_single import Single

from tandem.ss7.tup.circuits import State
from tandem.ss7.tup.codes import MessageType as M
from tandem.ss7.tup.primitives import Alert, CircuitChanged, ContinuityTone, IncomingCall


def test_tone_comes_back():
    single = Single()
    single.setup(iam(continuity=1))
    single.take()
    assert single.heard == [ContinuityTone("g", 1, True)]
    single.exchange.continuity_heard("g", 1, single.now)
    assert single.types() == [(M.COT, 1)]
    assert single.heard == [ContinuityTone("g", 1, False)]
    assert single.state() is State.OUT_WAIT_ACM


def test_tone_does_not_come_back():
    single = Single()
    call = single.setup(iam(continuity=1))
    single.take()
    single.wait(2)
    assert single.types() == [(M.CCF, 1), (M.CLF, 1), (M.IAM, 2)]
    assert CircuitChanged(call, 1, 2) in single.heard
    single.exchange.continuity_heard("g", 2, single.now)
    single.receive(M.RLG)
    assert single.state() is State.RECHECK_WAIT
    single.take()
    single.wait(5)
    assert single.types() == [(M.CCR, 1)]
    single.wait(2)  # fails again
    assert single.types()[:2] == [(M.CCF, 1), (M.CLF, 1)]
    assert "recheck failed" in "".join(item.text for item in single.heard if isinstance(item, Alert))
    single.receive(M.RLG)
    single.wait(120)
    assert (M.CCR, 1) in single.types()
    single.exchange.continuity_heard("g", 1, single.now)
    assert single.types() == [(M.CLF, 1)]
    single.receive(M.RLG)
    assert single.state() is State.IDLE


def test_maintenance_checks_idle_circuits():
    pair = Pair((1, 2))
    call = pair.a.setup(pair.now)
    pair.forget()
    pair.a.exchange.check_continuity("g", None, pair.now)
    pair.run(0.1)
    assert pair.types(pair.a)[-1] is M.CCR
    pair.a.exchange.continuity_heard("g", 3 - pair.a.alive[call], pair.now)
    pair.a.release(call, pair.now)
    pair.run(1)
    pair.settled()


def test_the_peer_may_seize_a_circuit_that_waits_for_its_recheck():
    single = Single()
    call = single.setup(iam(continuity=1))
    single.wait(2)
    single.receive(M.RLG)
    single.take()
    single.receive(iam("99"))
    single.take()
    assert [item.message.digits for item in single.heard if isinstance(item, IncomingCall)] == ["99"]
    single.receive(M.CLF)
    assert single.state() is State.IDLE
    single.release(call)


def test_tone_on_a_circuit_that_we_do_not_have_or_check():
    single = Single()
    single.exchange.continuity_heard("g", 99, single.now)
    single.exchange.continuity_heard("g", 1, single.now)
    assert single.take() == []
