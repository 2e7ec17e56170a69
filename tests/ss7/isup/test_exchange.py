import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.isup_pair import ACM, COT_FAILURE, iam
from support.isup_single import Single, any_message, cause, kind, span_only, status

from tandem.core.errors import ConfigurationError, EncodeError
from tandem.ss7.isup.circuits import Blocking, CircuitStatus, State
from tandem.ss7.isup.codes import MessageType as M
from tandem.ss7.isup.codes import ParameterCode
from tandem.ss7.isup.configuration import GroupConfiguration
from tandem.ss7.isup.exchange import MESSAGES, SENDS, SUPERVISION, TIMERS, IsupExchange
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.parameters import RawParameter
from tandem.ss7.isup.primitives import Alert, CallCleared, CallReleased, CallStateError, IncomingCall
from tandem.ss7.isup.timers import Timer
from tandem.ss7.isup.variants import Variant

IDLE = State.IDLE
RESETTING = State.RESETTING


def in_state(state):
    """An exchange whose circuit 1 is in `state`, and the number of its call."""
    single = Single(control="all")
    call = None
    if state in (State.OUT_WAIT_ACM, State.OUT_WAIT_ANM, State.OUT_ANSWERED, State.WAIT_RLC):
        call = single.setup()
        if state is not State.OUT_WAIT_ACM:
            single.receive(M.ACM, 1, *ACM)
        if state is State.OUT_ANSWERED:
            single.receive(M.ANM, 1)
        if state is State.WAIT_RLC:
            single.release(call)
    elif state in (State.IN_ADDRESS, State.IN_WAIT_ANM, State.IN_ANSWERED):
        single.receive(M.IAM, 1, *iam())
        single.take()
        call = single.heard[0].call
        if state is not State.IN_ADDRESS:
            single.send(call, M.ACM, *ACM)
        if state is State.IN_ANSWERED:
            single.send(call, M.ANM)
    elif state in (State.IN_WAIT_COT, State.IN_WAIT_CCR):
        single.receive(M.IAM, 1, *iam(continuity=1))
        if state is State.IN_WAIT_CCR:
            single.receive(M.COT, 1, *COT_FAILURE)
    elif state is State.IN_CHECK:
        single.receive(M.CCR, 1)
    elif state is State.IN_RESERVED:
        single = Single(control="all", variant=Variant.ANSI)
        single.receive(M.CRM, 1, RawParameter(ParameterCode.NATURE_OF_CONNECTION_INDICATORS, b"\x00"))
    elif state is State.IN_WAIT_SGM:
        single.receive(M.IAM, 1, *iam(), RawParameter(ParameterCode.OPTIONAL_FORWARD_CALL_INDICATORS, b"\x04"))
    elif state in (State.OUT_CHECK, State.RECHECK_WAIT, State.RECHECK):
        call = single.setup(iam(continuity=1))
        if state is not State.OUT_CHECK:
            single.wait(2)
            single.release(call)  # it went on on circuit 2
            single.receive(M.RLC, 2)
            call = None
        if state is State.RECHECK:
            single.wait(5)
    elif state is State.MEMBER:
        single.setup(iam(medium=7))
        assert single.state(2) is state
        single.take()
        return single, None
    elif state is State.RESETTING:
        single.exchange.reset("g", [1], 0.0)
    elif state is State.UNEQUIPPED:
        single.receive(M.UCIC, 1)
    assert single.state() is state
    single.take()
    return single, call


CALL_STATES = [
    s for s in State if s not in (IDLE, RESETTING, State.UNEQUIPPED, State.WAIT_RLC, State.RECHECK_WAIT, State.MEMBER)
]
EARLY = (State.OUT_CHECK, State.OUT_WAIT_ACM, State.IN_WAIT_COT, State.IN_ADDRESS)
ANSI_ONLY = (State.IN_RESERVED,)
NATIONAL_AND_TRANSPARENT = {
    *(M.USR, M.FAC, M.FAR, M.FAA, M.FRJ, M.PAM, M.SGM, M.NRM, M.APM, M.IDR, M.IRS, M.LOP, M.PRI, M.SDN, M.CRG, M.FOT),
    *(M.INR, M.INF, M.CFN),
}
UNKNOWN = {
    *(M.CMR, M.CMC, M.CMRJ, M.FAD, M.FAI, M.CSVR, M.CSVS, M.DRS, M.CRA, M.CRM, M.CVR, M.CVT, M.EXM),
    *(M.CCL, M.MPM, M.OPR),
}
ANSWERED_ALWAYS = {M.BLO: M.BLA, M.UBL: M.UBA, M.CGB: M.CGBA, M.CGU: M.CGUA, M.CQM: M.CQR}


def expected(state, message):
    """State afterwards and messages sent on circuit 1, in the words of Q.764 rather than of the table."""
    if message is M.SGM:
        # late or unasked for, or the end of waiting
        return (State.IN_ADDRESS if state is State.IN_WAIT_SGM else state), []
    if state is State.IN_WAIT_SGM and message not in {*SUPERVISION, M.UPT, M.UPA}:
        # what comes instead of the segment ends the wait
        return expected(State.IN_ADDRESS, message)
    if message in UNKNOWN:
        return state, [M.CFN]
    if message in ANSWERED_ALWAYS:
        if message in (M.BLO, M.CGB) and state in (State.OUT_WAIT_ACM, State.OUT_CHECK):
            return State.WAIT_RLC, [ANSWERED_ALWAYS[message], M.REL]
        return state, [ANSWERED_ALWAYS[message]]
    if message in (M.RSC, M.GRS):
        return (state if state is RESETTING else IDLE), [M.RLC if message is M.RSC else M.GRA]
    if message is M.UCIC:
        return State.UNEQUIPPED, []
    if message in (M.BLA, M.CGBA, M.CGUA, M.UBA, M.GRA, M.CQR, M.UPA):
        # BLA for a circuit that we have not blocked is undone, unless a reset will do that.
        undo = message is M.BLA and state not in (RESETTING, State.UNEQUIPPED)
        return state, [M.UBL] if undo else []
    if message is M.UPT:
        return state, [M.UPA]
    if message in (M.REL, M.RLC) and state is State.MEMBER:
        return state, []
    if message is M.REL:
        return (state if state in (State.WAIT_RLC, RESETTING, State.UNEQUIPPED) else IDLE), [M.RLC]
    if message is M.RLC:
        if state in CALL_STATES:
            return State.WAIT_RLC, [M.REL]
        return (IDLE if state in (State.WAIT_RLC, RESETTING) else state), []
    accepted = {
        (IDLE, M.IAM): (State.IN_ADDRESS, []),
        (IDLE, M.CCR): (State.IN_CHECK, [M.LPA]),
        (IDLE, M.LPA): (IDLE, []),
        (IDLE, M.CFN): (IDLE, []),
        (IDLE, M.CRA): (IDLE, []),
        **{(State.OUT_CHECK, m): (State.OUT_CHECK, []) for m in (M.IAM, M.LPA, M.SAM, M.COT)},
        (State.RECHECK_WAIT, M.IAM): (State.IN_ADDRESS, []),
        (State.RECHECK, M.IAM): (State.IN_ADDRESS, []),
        (State.OUT_WAIT_ACM, M.IAM): (State.OUT_WAIT_ACM, []),
        (State.OUT_WAIT_ACM, M.ACM): (State.OUT_WAIT_ANM, []),
        (State.OUT_WAIT_ACM, M.CON): (State.OUT_ANSWERED, []),
        (State.OUT_WAIT_ACM, M.OLM): (State.OUT_WAIT_ACM, []),
        (State.OUT_WAIT_ACM, M.LPA): (State.OUT_WAIT_ACM, []),
        (State.OUT_WAIT_ACM, M.SAM): (State.OUT_WAIT_ACM, []),
        (State.OUT_WAIT_ACM, M.COT): (State.OUT_WAIT_ACM, []),
        (State.OUT_WAIT_ANM, M.ANM): (State.OUT_ANSWERED, []),
        (State.IN_WAIT_COT, M.COT): (State.IN_WAIT_CCR, []),  # the indicator is 0: failed
        (State.IN_WAIT_COT, M.SAM): (State.IN_WAIT_COT, []),
        (State.IN_WAIT_CCR, M.CCR): (State.IN_CHECK, [M.LPA]),
        (State.IN_CHECK, M.CCR): (State.IN_CHECK, [M.LPA]),
        (State.IN_CHECK, M.COT): (State.IN_WAIT_CCR, []),
        (State.IN_ADDRESS, M.SAM): (State.IN_ADDRESS, []),
        (State.IN_ADDRESS, M.COT): (State.IN_ADDRESS, []),
        (State.UNEQUIPPED, M.IAM): (RESETTING, [M.RSC]),
    }
    if (state, message) in accepted:
        return accepted[state, message]
    if state is IDLE or (state in EARLY and message not in NATIONAL_AND_TRANSPARENT):
        return RESETTING, [M.RSC]
    return state, []


@pytest.mark.parametrize("state", [s for s in State if s not in ANSI_ONLY], ids=lambda state: state.name)
def test_every_message_in_every_state(state):
    wrong = {}
    cic = 2 if state is State.MEMBER else 1
    for message in M:
        single, _ = in_state(state)
        single.exchange.receive(1, 2, cic, any_message(message, cic), single.now)
        result = (single.state(cic), [sent for sent, on in single.types() if on == cic])
        if result != expected(state, message):
            wrong[message] = result
    assert wrong == {}


def test_tables_are_complete_and_name_only_what_exists():
    assert set(MESSAGES) == {(state, message) for state in State for message in M}
    started = {Timer.T1, Timer.T5, Timer.T2, Timer.T3, Timer.T6, Timer.T7, Timer.T8, Timer.T9, Timer.T10, Timer.T11}
    started |= {Timer.T24, Timer.T25, Timer.T26, Timer.T27, Timer.T33, Timer.T35, Timer.T36}
    started |= {Timer.T37, Timer.T38, Timer.T39, Timer.TCRA, Timer.TCVT}
    assert {timer for _, timer in TIMERS} == started


@pytest.mark.parametrize("state", [s for s in State if s not in ANSI_ONLY], ids=lambda state: state.name)
def test_call_control_sends_only_what_the_state_allows(state):
    for message in M:
        single, call = in_state(state)
        parameters = Message.parse(any_message(message, 1)).raw_parameters()
        if (state, message) in SENDS:
            single.send(call, message, *parameters)
            assert [sent.type for sent in single.take()] == [int(message)]
        else:
            with pytest.raises(CallStateError):
                single.send(call or 99, message, *parameters)
            assert single.take() == []


def test_what_a_call_may_send():
    """The backbone of SENDS, spelt out."""
    assert {message for state, message in SENDS if state is State.IN_ADDRESS} >= {M.ACM, M.CON, M.INR}
    assert (State.IN_ADDRESS, M.ANM) not in SENDS
    assert (State.IN_ADDRESS, M.CPG) not in SENDS
    assert {message for state, message in SENDS if state is State.IN_WAIT_ANM} >= {M.CPG, M.ANM}
    assert (State.IN_WAIT_ANM, M.ACM) not in SENDS
    assert {message for state, message in SENDS if state is State.OUT_WAIT_ACM} >= {M.SAM, M.COT, M.INF}
    assert not {state for state, _ in SENDS} & {IDLE, RESETTING, State.WAIT_RLC, State.UNEQUIPPED}


@pytest.mark.parametrize("state", CALL_STATES, ids=lambda state: state.name)
def test_release_in_every_state_of_a_call_ends_idle(state):
    single, call = in_state(state)
    if call is None:
        single.receive(M.REL, 1, cause(16))
    else:
        single.release(call)
        assert single.types() == [(M.REL, 1)]
        single.receive(M.RLC, 1)
        single.take()
        assert single.heard == [CallCleared(call, 1)]
    assert single.state() is IDLE
    single.take()
    assert single.exchange.next_deadline() is None


def test_release_of_a_call_that_is_over_is_ignored():
    single, call = in_state(State.OUT_ANSWERED)
    single.receive(M.REL, 1, cause(17, 4))
    single.take()
    released, cleared = single.heard
    assert (released.call, released.cause, released.location) == (call, 17, 4)
    assert released.message.type is M.REL
    assert cleared == CallCleared(call, 1)
    single.release(call)
    assert single.types() == []
    with pytest.raises(CallStateError):
        single.exchange.circuit_of(call)


def test_setup_without_a_free_circuit_is_refused():
    single = Single((5,))
    assert single.setup() is not None
    assert single.setup() is None
    assert single.exchange.idle_circuits("g") == 0


def test_setup_that_is_no_iam_costs_no_circuit():
    single = Single((5,))
    with pytest.raises(EncodeError):
        single.setup([cause(16)])
    assert single.exchange.calls() == []
    assert single.setup() is not None


def test_messages_for_unknown_circuits_are_answered_with_ucic_but_answers_are_not():
    single = Single()
    single.receive(M.IAM, 77, *iam())
    assert single.types() == [(M.UCIC, 77)]
    for message in (M.RLC, M.UCIC, M.BLA):
        single.receive(message, 77)
    single.receive(M.GRA, 77, status(1, 0))
    assert single.types() == []


def test_messages_between_unknown_points_and_malformed_ones_are_reported():
    single = Single()
    single.exchange.receive(9, 2, 0, b"\x01\x00\x12", 0.0)
    assert single.types() == []
    assert isinstance(single.heard[0], Alert)
    for octets in (b"", b"\x01", b"\x01\x00", b"\x01\x00\x01\x00\x60", b"\x01\x00\x17\xff"):
        single.exchange.receive(1, 2, 0, octets, 0.0)
        assert single.types() == []
        assert isinstance(single.heard[0], Alert)


def test_circuits_are_out_of_service_until_their_reset_is_acknowledged():
    single = Single(tuple(range(1, 32)), start=False)
    assert single.setup() is None
    single.exchange.resume(1, 0.0)
    assert single.types() == [(M.GRS, 1)]
    assert single.setup() is None
    single.receive(M.IAM, 4, *iam())
    assert single.types() == []
    single.receive(M.GRA, 1, status(30, 0b100))
    assert single.view(3).blocking is Blocking.REMOTE_MAINTENANCE
    assert single.exchange.idle_circuits("g") == 30
    assert single.setup() is not None


def test_reset_at_start_goes_in_ranges_of_at_most_32_and_skips_gaps():
    single = Single((*range(1, 16), *range(17, 60), 99), start=False)
    single.exchange.resume(1, 0.0)
    sent = single.take()
    assert [(m.type, m.cic, (m.raw(22) or b"")[:1]) for m in sent] == [
        (M.GRS, 1, b"\x0e"),
        (M.GRS, 17, b"\x1f"),
        (M.GRS, 49, b"\x0a"),
        (M.RSC, 99, b""),
    ]
    single.exchange.resume(1, 1.0)
    assert single.types() == []


def test_without_reset_at_start_circuits_are_idle_at_once():
    single = Single(start=False, reset_at_start=False)
    single.exchange.resume(1, 0.0)
    assert single.types() == []
    assert single.setup() is not None


def test_pause_refuses_new_calls_and_keeps_the_others():
    single, call = in_state(State.OUT_ANSWERED)
    single.exchange.pause(1, 1.0)
    assert single.setup() is None
    assert single.exchange.calls() == [call]
    single.release(call)
    assert single.types() == [(M.REL, 1)]
    single.wait(15)
    assert single.types() == [(M.REL, 1)]  # T1 goes on
    single.exchange.resume(1, single.now)
    assert single.types() == []
    single.wait(15)
    assert single.types() == [(M.REL, 1)]
    assert single.setup() is not None


def test_shutdown_blocks_everything_and_the_calls_go_on():
    single, call = in_state(State.OUT_ANSWERED)
    assert not single.exchange.quiet
    single.exchange.shutdown(1.0)
    assert single.types() == [(M.CGB, 1)]
    assert single.exchange.calls() == [call]
    assert single.setup() is None
    single.receive(M.CGBA, 1, kind(False), status(3, 15))
    single.release(call)
    single.receive(M.RLC, 1)
    assert single.exchange.quiet
    assert {view.blocking for view in single.exchange.circuit_states("g").values()} == {Blocking.LOCAL_MAINTENANCE}


def test_circuit_states_name_call_and_blocking():
    single, call = in_state(State.IN_ANSWERED)
    view = single.view()
    assert (view.status, view.call, view.blocking) == (CircuitStatus.INCOMING, call, Blocking.NONE)
    single.receive(M.CQM, 1, span_only(1))
    assert single.take()[0].raw(38) == b"\x04\x0c"


def test_groups_must_not_share_circuits():
    one = GroupConfiguration("one", 2, 1, (1, 2))
    with pytest.raises(ConfigurationError, match="both have CIC 2"):
        IsupExchange([one, GroupConfiguration("two", 2, 1, (2, 3))])
    with pytest.raises(ConfigurationError, match="defined twice"):
        IsupExchange([one, GroupConfiguration("one", 2, 7, (2, 3))])
    exchange = IsupExchange([one, GroupConfiguration("two", 2, 1, (3, 4)), GroupConfiguration("three", 2, 7, (1, 2))])
    assert list(exchange.groups) == ["one", "two", "three"]


def test_two_groups_to_one_peer_are_reset_together_and_seized_apart():
    exchange = IsupExchange(
        [GroupConfiguration(name, 2, 1, cics, reset_at_start=False) for name, cics in (("x", (1, 2)), ("y", (3,)))]
    )
    exchange.resume(1, 0.0)
    call = exchange.setup("y", iam(), 0.0)
    assert exchange.circuit_of(call) == 3
    assert exchange.setup("y", iam(), 0.0) is None
    assert exchange.setup("x", iam(), 0.0) is not None


def test_incoming_call_is_told_before_it_is_released():
    single = Single()
    single.receive(M.IAM, 2, *iam())
    single.receive(M.REL, 2, cause(16))
    single.take()
    assert [type(item) for item in single.heard] == [IncomingCall, CallReleased, CallCleared]


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("octets"), st.integers(0, 5), st.binary(min_size=0, max_size=20)),
            st.tuples(st.just("message"), st.integers(0, 5), st.sampled_from(list(M))),
            st.tuples(st.just("setup"), st.none(), st.none()),
            st.tuples(st.just("wait"), st.sampled_from([0.1, 16, 301]), st.none()),
        ),
        max_size=25,
    )
)
def test_whatever_the_peer_sends_is_survived_and_recovered(steps):
    single = Single(control="none", overlap=True)
    for action, number, detail in steps:
        match action:
            case "octets":
                single.exchange.receive(1, 2, 0, bytes([number, 0]) + detail, single.now)
            case "message":
                single.exchange.receive(1, 2, 0, any_message(detail, number), single.now)
            case "setup":
                single.setup()
            case "wait":
                single.wait(number)
        single.take()
    for call in single.exchange.calls():
        single.release(call)
    # a peer that answers everything brings every circuit back
    for _ in range(12):
        for sent in single.take():
            answers = {M.REL: M.RLC, M.RSC: M.RLC, M.BLO: M.BLA, M.UBL: M.UBA}
            if sent.type in answers:
                single.receive(answers[sent.type], sent.cic)
            elif sent.type is M.GRS:
                single.receive(M.GRA, sent.cic, status(sent.raw(22)[0], 0))
        single.wait(301)
    assert single.exchange.calls() == []
    assert {single.state(cic) for cic in (1, 2, 3, 4)} <= {IDLE, State.UNEQUIPPED}
