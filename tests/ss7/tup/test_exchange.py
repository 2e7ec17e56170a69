import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.tup_pair import ACM, ANC, CBK, Pair, iai, iam
from support.tup_single import Single, any_message
from support.tup_traffic import Traffic

from tandem.core.errors import ConfigurationError, EncodeError
from tandem.ss7.tup.cause import FAILURES
from tandem.ss7.tup.circuits import OUTGOING, CircuitStatus, State
from tandem.ss7.tup.codes import MessageType as M
from tandem.ss7.tup.configuration import GroupConfiguration
from tandem.ss7.tup.exchange import MESSAGES, SENDS, SUPERVISION, TIMERS, TupExchange
from tandem.ss7.tup.messages import GeneralRequest, Signal, SubsequentAddress
from tandem.ss7.tup.primitives import (
    Alert,
    CallCleared,
    CallMessage,
    CallReleased,
    CallStateError,
    CircuitChanged,
    IncomingCall,
    MeteringPulse,
)
from tandem.ss7.tup.timers import VALUES, Timer
from tandem.ss7.tup.variants import Variant

S = State
OUT_CALL = (S.OUT_CHECK, S.OUT_WAIT_ACM, S.OUT_WAIT_ANSWER, S.OUT_ANSWERED, S.OUT_CLEARED_BACK, S.OUT_HELD)
IN_CALL = (S.IN_WAIT_COT, S.IN_WAIT_GSM, S.IN_ADDRESS, S.IN_WAIT_ANSWER, S.IN_ANSWERED, S.IN_CLEARED_BACK, S.IN_FAILED)


def in_state(state):
    """An exchange of China whose circuit 1, which it controls, is in `state`; the number of its call."""
    options = {"request_identity": state is S.IN_WAIT_GSM}
    if state is S.OUT_HELD:
        options["release_control"] = "called"
    single = Single(control="all", variant=Variant.CHINA, **options)
    call = None
    if state in (S.OUT_CHECK, S.RECHECK_WAIT, S.RECHECK):
        call = single.setup(iam(continuity=1))
        if state is not S.OUT_CHECK:
            single.wait(2)
            single.receive(M.RLG)
            single.release(call)  # it went on on circuit 2
            single.receive(M.RLG, 2)
            call = None
        if state is S.RECHECK:
            single.wait(5)
    elif state in OUTGOING:
        call = single.setup()
        if state is not S.OUT_WAIT_ACM:
            single.receive(ACM)
        if state not in (S.OUT_WAIT_ACM, S.OUT_WAIT_ANSWER):
            single.receive(ANC)
        if state is S.OUT_CLEARED_BACK:
            single.receive(CBK)
        if state in (S.OUT_HELD, S.WAIT_RLG):
            single.release(call)
    elif state is S.IN_WAIT_COT:
        single.receive(iam(continuity=1))
    elif state is S.IN_WAIT_GSM:
        single.receive(iam())
    elif state is S.IN_CHECK:
        single.receive(M.CCR)
    elif state in IN_CALL:
        call = single.incoming()
        if state is S.IN_FAILED:
            single.release(call, 17)
        elif state is not S.IN_ADDRESS:
            single.send(call, ACM)
        if state in (S.IN_ANSWERED, S.IN_CLEARED_BACK):
            single.send(call, ANC)
        if state is S.IN_CLEARED_BACK:
            single.send(call, CBK)
    elif state is S.RESETTING:
        single.exchange.reset("g", [1], single.now)
    assert single.state() is state
    single.take()
    return single, call


GROUP_ANSWERS = {
    M.MGB: M.MBA,
    M.MGU: M.MUA,
    M.HGB: M.HBA,
    M.HGU: M.HUA,
    M.SGB: M.SBA,
    M.SGU: M.SUA,
    M.BLO: M.BLA,
    M.UBL: M.UBA,
}
ACKNOWLEDGEMENTS = {*GROUP_ANSWERS.values(), M.GRA, M.ACC}
EARLY_UNREASONABLE = (S.OUT_CHECK, S.OUT_WAIT_ACM, S.IN_WAIT_COT, S.IN_WAIT_GSM, S.IN_ADDRESS)


def supervision(state, message):
    """Supervision messages, the same in every state but for what becomes of the call; Q.724 5 and 9."""
    if message in (M.HGB, M.SGB):
        return (state if state in (S.IDLE, S.RESETTING) else S.IDLE), [GROUP_ANSWERS[message]]
    if message in (M.BLO, M.MGB) and state in (S.OUT_CHECK, S.OUT_WAIT_ACM):
        return S.WAIT_RLG, [GROUP_ANSWERS[message], M.CLF]
    if message in GROUP_ANSWERS:
        return state, [GROUP_ANSWERS[message]]
    if message is M.RSC:
        if state in OUTGOING:
            return S.WAIT_RLG, [M.CLF]
        return (state if state in (S.RESETTING, S.RECHECK_WAIT) else S.IDLE), [M.RLG]
    if message is M.GRS:
        return (state if state is S.RESETTING else S.IDLE), [M.GRA]
    if message in ACKNOWLEDGEMENTS:
        # BLA for a circuit that we have not blocked is undone, unless a reset will do that.
        return state, [M.UBL] if message is M.BLA and state is not S.RESETTING else []
    return None


def clearing(state, message):
    """CLF, RLG and messages of failure; Q.724 1 and 6."""
    if message is M.CLF:
        if state in (S.OUT_WAIT_ANSWER, S.OUT_ANSWERED, S.OUT_CLEARED_BACK, S.OUT_HELD):
            return S.WAIT_RLG, [M.RLG, M.CLF]
        ends = state in IN_CALL or state in (S.IN_CHECK, S.RESETTING)
        return (S.IDLE if ends else state), [M.RLG]
    if message is M.RLG:
        if state in OUT_CALL:
            return S.WAIT_RLG, [M.CLF]
        return (S.IDLE if state in (S.WAIT_RLG, S.RESETTING) else state), []
    if message in FAILURES and state in OUT_CALL:
        return S.WAIT_RLG, [M.CLF]
    return None


def expected(state, message):
    """State afterwards and messages sent on circuit 1, in the words of Q.724 rather than of the table."""
    found = supervision(state, message) or clearing(state, message)
    if found:
        return found
    if message is M.GRQ and state in OUT_CALL:
        return state, [M.GSM]
    accepted = {
        **{(s, m): S.IN_ADDRESS for s in (S.IDLE, S.RECHECK_WAIT) for m in (M.IAM, M.IAI)},
        **{(s, M.CCR): S.IN_CHECK for s in (S.IDLE, S.RECHECK_WAIT, S.IN_CHECK)},
        # what follows an IAM that lost dual seizure
        **{(s, m): s for s in (S.OUT_CHECK, S.OUT_WAIT_ACM) for m in (M.IAM, M.IAI, M.SAM, M.SAO, M.GSM, M.COT, M.CCF)},
        (S.OUT_WAIT_ACM, M.ACM): S.OUT_WAIT_ANSWER,
        **{(s, m): S.OUT_ANSWERED for s in (S.OUT_WAIT_ACM, S.OUT_WAIT_ANSWER) for m in (M.ANC, M.ANN, M.ANU)},
        **{(S.OUT_WAIT_ACM, m): S.OUT_WAIT_ACM for m in (M.CHG, M.MPM, M.MAL)},
        (S.OUT_ANSWERED, M.CBK): S.OUT_CLEARED_BACK,
        (S.OUT_CLEARED_BACK, M.RAN): S.OUT_ANSWERED,
        (S.IN_WAIT_COT, M.COT): S.IN_ADDRESS,
        (S.IN_WAIT_COT, M.CCF): S.IN_CHECK,
        (S.IN_WAIT_GSM, M.GSM): S.IN_ADDRESS,
        **{(s, m): s for s in (S.IN_WAIT_COT, S.IN_WAIT_GSM, S.IN_ADDRESS) for m in (M.SAM, M.SAO)},
        **{(S.IN_ADDRESS, m): S.IN_ADDRESS for m in (M.GSM, M.COT, M.OPR, M.CCL)},
        (S.IN_CHECK, M.COT): S.IDLE,
    }
    if (state, message) in accepted:
        return accepted[state, message], []
    if (state, message) in ((S.OUT_WAIT_ANSWER, M.CBK), (S.OUT_HELD, M.CBK)):
        return S.WAIT_RLG, [M.CLF]
    if state is S.IDLE or state in EARLY_UNREASONABLE:
        return S.RESETTING, [M.RSC]
    return state, []


@pytest.mark.parametrize("state", State, ids=lambda state: state.name)
def test_every_message_in_every_state(state):
    wrong = {}
    for message in M:
        single, _ = in_state(state)
        single.receive(message)
        result = (single.state(), [sent for sent, cic in single.types() if cic == 1])
        if result != expected(state, message):
            wrong[message.name] = (result, expected(state, message))
    assert wrong == {}


#: State -> timers that run there, what expiry makes of it and sends.
EXPIRY = {
    (S.OUT_CHECK, Timer.T8): (S.WAIT_RLG, [M.CCF, M.CLF]),
    (S.OUT_CHECK, Timer.T2): (S.WAIT_RLG, [M.CLF]),
    (S.OUT_WAIT_ACM, Timer.T2): (S.WAIT_RLG, [M.CLF]),
    (S.OUT_WAIT_ANSWER, Timer.ANSWER): (S.WAIT_RLG, [M.CLF]),
    (S.OUT_CLEARED_BACK, Timer.CLEAR_BACK): (S.WAIT_RLG, [M.CLF]),
    (S.OUT_HELD, Timer.HOLD): (S.WAIT_RLG, [M.CLF]),
    (S.IN_WAIT_COT, Timer.T1): (S.IN_FAILED, [M.CFL]),
    (S.IN_WAIT_GSM, Timer.INFORMATION): (S.IN_ADDRESS, []),
    (S.IN_ADDRESS, Timer.INFORMATION): (S.IN_ADDRESS, []),
    (S.IN_ADDRESS, Timer.DIGITS): (S.IN_FAILED, [M.ADI]),
    (S.IN_ADDRESS, Timer.COMPLETE): (S.IN_ADDRESS, []),
    (S.IN_ADDRESS, Timer.ACM_DUE): (S.IN_ADDRESS, []),
    (S.IN_WAIT_ANSWER, Timer.INFORMATION): (S.IN_WAIT_ANSWER, []),
    (S.IN_ANSWERED, Timer.INFORMATION): (S.IN_ANSWERED, []),
    (S.IN_CLEARED_BACK, Timer.CLEAR_FORWARD): (S.IN_FAILED, [M.CFL]),
    (S.IN_FAILED, Timer.T3): (S.IN_FAILED, [M.CFL]),
    (S.IN_FAILED, Timer.T4): (S.IN_FAILED, [M.CFL]),
    (S.IN_FAILED, Timer.T5): (S.RESETTING, [M.RSC]),
    (S.IN_CHECK, Timer.CHECK): (S.RESETTING, [M.RSC]),
    (S.RECHECK_WAIT, Timer.T9): (S.RECHECK, [M.CCR]),
    (S.RECHECK_WAIT, Timer.T10): (S.RECHECK, [M.CCR]),
    (S.RECHECK, Timer.T8): (S.WAIT_RLG, [M.CCF, M.CLF]),
    (S.WAIT_RLG, Timer.T6): (S.WAIT_RLG, [M.CLF]),
    (S.WAIT_RLG, Timer.T7): (S.WAIT_RLG, [M.CLF]),
}


@pytest.mark.parametrize("state", State, ids=lambda state: state.name)
def test_every_timer_in_every_state(state):
    wrong = {}
    for timer in Timer:
        single, _ = in_state(state)
        kernel = single.exchange._kernel
        circuit = kernel.groups["g"].circuits[1]
        if (action := TIMERS.get((state, timer))) is not None:
            if timer in circuit.running:
                kernel.stop(circuit, timer)
            action(kernel, circuit, single.now)
        result = (single.state(), [sent for sent, cic in single.types() if cic == 1])
        if result != EXPIRY.get((state, timer), (state, [])):
            wrong[timer.name] = result
    assert wrong == {}
    assert {timer for at, timer in TIMERS if at is state} == {timer for at, timer in EXPIRY if at is state}


def test_tables_are_complete_and_name_only_what_exists():
    assert set(MESSAGES) == {(state, message) for state in State for message in M}
    assert set(SUPERVISION) == {*GROUP_ANSWERS, *GROUP_ANSWERS.values(), M.RSC, M.GRS, M.GRA, M.ACC}
    elsewhere = {Timer.T11, Timer.T12, Timer.T13, Timer.T14, Timer.T15, Timer.T16, Timer.T18, Timer.T19}
    elsewhere |= {Timer.GROUP, Timer.GROUP_ALERT, Timer.GROUP_SECOND}
    elsewhere |= {Timer.CONGESTION, Timer.RESTORE, Timer.USER_PART}
    assert {timer for _, timer in TIMERS} | elsewhere == set(Timer) == set(VALUES)


@pytest.mark.parametrize("state", State, ids=lambda state: state.name)
def test_call_control_sends_only_what_the_state_allows(state):
    for message in M:
        single, call = in_state(state)
        if (state, message) in SENDS and message not in (M.COT, M.CCF):
            single.send(call, message)
            assert [sent.type for sent in single.take()] == [message]
        else:
            with pytest.raises(CallStateError):
                single.send(call or 99, message)
            assert single.take() == []


def test_what_a_call_may_send():
    """The backbone of SENDS, spelt out."""

    def of(state):
        return {message for at, message in SENDS if at is state}

    assert of(S.IN_ADDRESS) == {M.ACM, M.GRQ, M.CHG, M.MPM, M.MAL}
    assert of(S.IN_WAIT_ANSWER) == {M.ANC, M.ANN, M.ANU, M.GRQ, M.CHG, M.MPM, M.MAL}
    assert of(S.IN_ANSWERED) == {M.CBK, M.GRQ, M.CHG, M.MPM, M.MAL}
    assert of(S.IN_CLEARED_BACK) == {M.RAN}
    assert of(S.OUT_WAIT_ACM) == {M.SAM, M.SAO, M.COT, M.CCF, M.GSM}
    assert of(S.OUT_ANSWERED) == of(S.OUT_WAIT_ANSWER) == {M.GSM, M.FOT, M.OPR}


def test_caller_clears():
    pair = Pair()
    call = pair.a.setup(pair.now, iai())
    pair.run(0.1)
    (incoming,) = pair.b.take(IncomingCall)
    assert incoming.message.calling_line.digits == "5551234"
    pair.b.exchange.send(incoming.call, ACM, pair.now)
    pair.b.exchange.send(incoming.call, ANC, pair.now)
    pair.run(1)
    assert [item.message for item in pair.a.take(CallMessage)] == [ACM, ANC]
    pair.forget()
    pair.a.release(call, pair.now)
    pair.run(1)
    assert pair.types(pair.a) == [M.CLF]
    assert pair.types(pair.b) == [M.RLG]
    assert [(item.cause, item.message.type) for item in pair.b.take(CallReleased)] == [(16, M.CLF)]
    pair.settled()


def test_called_party_clears_and_the_caller_follows():
    pair = Pair()
    call = pair.a.setup(pair.now)
    pair.run(0.1)
    incoming = pair.b.take(IncomingCall)[0].call
    for message in (ACM, ANC):
        pair.b.exchange.send(incoming, message, pair.now)
    pair.run(1)
    pair.forget()
    pair.b.release(incoming, pair.now)
    pair.run(1)
    assert [item.message for item in pair.a.take(CallMessage)] == [CBK]
    pair.a.release(call, pair.now)
    pair.run(1)
    assert pair.types(pair.b) == [M.CBK, M.RLG]
    assert pair.types(pair.a) == [M.CLF]
    pair.settled()


def test_digits_beyond_the_iam_follow_in_sam():
    single = Single()
    call = single.setup(iam("1234567890123456789", st=True))
    first, second = single.take()
    assert (first.digits, first.st) == ("123456789012345", False)
    assert (second.digits, second.st) == ("6789", True)
    single.exchange.release(call, 16, 0.0)
    single.setup(iam("123456789012345", st=True))
    assert [(m.type, getattr(m, "digits", None)) for m in single.take()[1:]] == [
        (M.IAM, "123456789012345"),
        (M.SAM, ""),
    ]


def test_a_message_that_cannot_be_sent_costs_no_circuit():
    single = Single(cics=(1,))
    with pytest.raises(EncodeError):
        single.setup(iam("12x"))
    with pytest.raises(EncodeError):
        single.setup(iam("123456789012345x"))
    assert single.take() == []
    assert single.exchange.calls() == []
    assert single.setup() is not None
    assert single.setup() is None


def test_metering_pulses_are_a_primitive_and_only_in_china():
    single, call = in_state(S.OUT_WAIT_ANSWER)
    single.receive(M.MPM)
    single.take()
    assert single.heard == [MeteringPulse(call, 3)]
    itu = Single()
    incoming = itu.incoming()
    with pytest.raises(EncodeError):
        itu.send(incoming, M.MPM)
    assert itu.take() == []


def test_messages_from_elsewhere_are_discarded():
    single = Single()
    single.exchange.receive(9, 2, 0, b"\0\x11", 0.0)
    single.exchange.receive(1, 2, 1, b"\0", 0.0)
    single.receive(M.CLF, 99)
    single.exchange.receive(1, 2, 1, b"\0\xff", 0.0)  # a heading that nobody has
    assert single.take() == []
    assert [type(item) for item in single.heard] == [Alert, Alert, Alert]
    assert single.state() is S.IDLE


def test_nothing_can_be_asked_of_a_call_that_is_over():
    single, call = in_state(S.IN_FAILED)
    with pytest.raises(CallStateError):
        single.send(call, ACM)
    single.release(call)
    assert single.take() == []
    single.receive(M.CLF)
    single.take()
    assert single.heard == [CallCleared(call, 1)]
    with pytest.raises(CallStateError):
        single.exchange.circuit_of(call)


def test_release_with_a_message_of_failure():
    single = Single()
    call = single.incoming()
    with pytest.raises(CallStateError):
        single.release(call, ACM)
    single.release(call, any_message(M.EUM))
    assert [message.type for message in single.take()] == [M.EUM]


def test_pause_stops_new_calls_and_resume_repeats_requests():
    single = Single()
    single.exchange.block("g", [1], 0.0)
    assert single.types() == [(M.BLO, 1)]
    single.exchange.pause(1, 0.0)
    assert single.setup() is None
    assert single.exchange.idle_circuits("g") == 0
    single.exchange.resume(1, 0.0)
    assert single.types() == [(M.BLO, 1)]
    assert single.exchange.idle_circuits("g") == 3


def test_shutdown_blocks_everything():
    single = Single()
    single.exchange.shutdown(0.0)
    assert single.types() == [(M.MGB, 1)]
    assert single.setup() is None


def test_congestion_level_is_checked():
    single = Single()
    with pytest.raises(ConfigurationError):
        single.exchange.congestion_level = 3


def test_circuits_are_out_of_service_until_the_reset_is_answered():
    single = Single(start=False)
    assert single.exchange.idle_circuits("g") == 0
    single.exchange.resume(1, 0.0)
    assert {view.status for view in single.exchange.circuit_states("g").values()} == {CircuitStatus.RESETTING}
    assert single.types() == [(M.GRS, 1)]
    assert TupExchange([GroupConfiguration("g", 2, 1, (1,))]).groups["g"].cics == (1,)


def test_dual_seizure_the_other_end_goes_elsewhere():
    pair = Pair((1, 2), selection="lowest")
    b_call = pair.b.setup(pair.now)  # circuit 1, which b controls
    a_call = pair.a.setup(pair.now)
    pair.run(1)
    assert pair.a.take(CircuitChanged) == [CircuitChanged(a_call, 1, 2)]
    assert [item.cic for item in pair.a.take(IncomingCall)] == [1]
    assert [item.cic for item in pair.b.take(IncomingCall)] == [2]
    pair.a.release(a_call, pair.now)
    pair.b.release(b_call, pair.now)
    pair.run(1)
    pair.settled()


def test_malicious_call_and_hold():
    pair = Pair()
    call = pair.a.setup(pair.now, iai())
    pair.run(0.1)
    incoming = pair.b.take(IncomingCall)[0].call
    for message in (ACM, ANC, GeneralRequest(malicious_call=True, hold=True)):
        pair.b.exchange.send(incoming, message, pair.now)
    pair.run(1)
    answer = pair.b.take(CallMessage)[-1].message
    assert (answer.calling_line.digits, answer.malicious_call, answer.hold) == ("5551234", True, True)
    assert pair.a.take(CallMessage)[-1].message.malicious_call
    pair.forget()
    pair.a.release(call, pair.now)  # the called party holds the call
    pair.run(1)
    assert pair.types(pair.a) == [M.CCL]
    assert [item.message for item in pair.b.take(CallMessage)] == [Signal(M.CCL)]
    pair.b.release(incoming, pair.now)
    pair.run(1)
    assert pair.types(pair.a) == [M.CLF]
    pair.settled()


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(
    "trouble",
    [
        {},
        {"storm": True},
        {"loss": 0.05},
        {"loss": 0.3},
        {"pauses": True},
        {"maintenance": True},
        {"maintenance": True, "loss": 0.1, "pauses": True},
        {"storm": True, "loss": 0.05},
    ],
    ids=lambda trouble: "-".join(trouble) or "orderly",
)
def test_no_circuit_is_stuck_and_no_call_leaks(trouble, seed):
    Traffic(seed, **trouble).run()


@given(st.lists(st.tuples(st.integers(0, 5), st.binary(max_size=12)), max_size=30))
def test_any_octets_are_survived(messages):
    single = Single(variant=Variant.CHINA)
    for cic, octets in messages:
        single.exchange.receive(1, 2, cic, b"\0" + octets, 0.0)
    for state in single.exchange.circuit_states("g").values():
        assert state.status in CircuitStatus


def test_overlap_digits_are_repeated_on_another_circuit():
    single = Single((1, 2), control="none")
    call = single.setup()
    single.send(call, SubsequentAddress("9"))
    single.take()
    single.receive(iam(), 1)
    assert single.types() == [(M.IAM, 2), (M.SAM, 2)]
