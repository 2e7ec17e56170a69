"""Every state with every message and every timer, on both sides: what happens is written down here and compared."""

import pytest
from support.pri_single import Single

from tandem.isdn.q931 import calls_status
from tandem.isdn.q931.call import NETWORK, USER, Request, State
from tandem.isdn.q931.call_tables import ELSEWHERE, NETWORK_TABLES, USER_TABLES, tables
from tandem.isdn.q931.codes import MessageType as M
from tandem.isdn.q931.timers import Timer

S = State
STATES = [state for state in State if state is not S.NULL]

#: Result of a message: next state (0: the call is gone), messages sent, primitives for call control.
SAME = -1

CLEARED = (0, "", "ReleaseIndication CallCleared")
RELEASED = (0, "RELEASE COMPLETE", "ReleaseIndication CallCleared")
DISCONNECTED = (19, "RELEASE", "ReleaseIndication")
NOTHING = (SAME, "", "")
MESSAGE = (SAME, "", "CallMessage")
REFUSED_HOLD = (SAME, "HOLD REJECT", "")
REFUSED_RETRIEVE = (SAME, "RETRIEVE REJECT", "")
ACTIVE = (10, "CONNECT ACKNOWLEDGE", "SetupConfirm")


def every_state():
    """What goes for every state of a call."""
    return {
        M.SETUP: NOTHING,
        M.DISCONNECT: DISCONNECTED,
        M.RELEASE: RELEASED,
        M.RELEASE_COMPLETE: CLEARED,
        M.STATUS: (SAME, "", "StatusIndication"),
        M.STATUS_ENQUIRY: (SAME, "STATUS", ""),
        M.FACILITY: MESSAGE,
        M.NOTIFY: MESSAGE,
        M.HOLD: REFUSED_HOLD,
        M.RETRIEVE: REFUSED_RETRIEVE,
    }


def without(base, *messages):
    return {message: result for message, result in base.items() if message not in messages}


BASE = every_state()
EARLY = without(BASE, M.NOTIFY)
INFORMED = {M.INFORMATION: (SAME, "", "InformationIndication")}
USER_TO_USER = {M.USER_INFORMATION: MESSAGE, M.CONGESTION_CONTROL: MESSAGE}
HOLD = {
    M.HOLD: (SAME, "", "HoldIndication"),
    M.HOLD_ACKNOWLEDGE: NOTHING,
    M.HOLD_REJECT: NOTHING,
    M.RETRIEVE_ACKNOWLEDGE: NOTHING,
    M.RETRIEVE_REJECT: NOTHING,
}
PROGRESS = {M.PROGRESS: (SAME, "", "ProgressIndication")}
RELEASING = {
    **without(BASE, M.DISCONNECT, M.FACILITY, M.NOTIFY, M.HOLD, M.RETRIEVE),
    M.RELEASE: (0, "", "CallCleared"),
}
ABORTED = without(BASE, M.FACILITY, M.NOTIFY, M.HOLD, M.RETRIEVE)
DISCONNECT_SENT = {**BASE, **INFORMED}
DISCONNECT_RECEIVED = {**without(BASE, M.DISCONNECT), **INFORMED}


def sent(sent_overlap, sent_proceeding, sent_alerting, connected):
    """The four states of a call that we make."""
    alerting = {M.ALERTING: (sent_alerting, "", "AlertingIndication"), M.CONNECT: connected}
    proceeding = {M.CALL_PROCEEDING: (sent_proceeding, "", "ProceedingIndication")}
    first = {**EARLY, **proceeding, **alerting, M.SETUP_ACKNOWLEDGE: (sent_overlap, "", "MoreInfoIndication")}
    return (
        first,
        {**BASE, **INFORMED, **PROGRESS, **proceeding, **alerting},
        {**BASE, **INFORMED, **PROGRESS, **alerting},
        {**BASE, **INFORMED, **PROGRESS, **USER_TO_USER, M.CONNECT: connected},
    )


U1, U2, U3, U4 = sent(2, 3, 4, ACTIVE)
N6, N25, N9, N7 = sent(25, 9, 7, (10, "CONNECT ACKNOWLEDGE", "SetupConfirm"))
GOT_OVERLAP = {**BASE, M.INFORMATION: (SAME, "", "InformationIndication")}
GOT_ALERTING = {**BASE, **INFORMED, **USER_TO_USER}

EXPECTED = {
    "user": {
        S.CALL_INITIATED: U1,
        S.OVERLAP_SENDING: U2,
        S.OUTGOING_CALL_PROCEEDING: U3,
        S.CALL_DELIVERED: U4,
        S.CALL_PRESENT: EARLY,
        S.OVERLAP_RECEIVING: GOT_OVERLAP,
        S.INCOMING_CALL_PROCEEDING: {**BASE, **INFORMED},
        S.CALL_RECEIVED: GOT_ALERTING,
        S.CONNECT_REQUEST: {**GOT_ALERTING, M.CONNECT_ACKNOWLEDGE: (10, "", "SetupCompleteIndication")},
        S.ACTIVE: {**GOT_ALERTING, **HOLD, M.CONNECT_ACKNOWLEDGE: NOTHING},
        S.DISCONNECT_REQUEST: DISCONNECT_SENT,
        S.DISCONNECT_INDICATION: DISCONNECT_RECEIVED,
        S.SUSPEND_REQUEST: {
            **BASE,
            **INFORMED,
            M.SUSPEND_ACKNOWLEDGE: (0, "", "CallCleared"),
            M.SUSPEND_REJECT: (10, "", "SuspendConfirm"),
        },
        S.RESUME_REQUEST: {
            **BASE,
            M.RESUME_ACKNOWLEDGE: (10, "", "ResumeConfirm"),
            M.RESUME_REJECT: CLEARED,
        },
        S.RELEASE_REQUEST: RELEASING,
        S.CALL_ABORT: ABORTED,
    },
    "network": {
        S.CALL_PRESENT: N6,
        S.OVERLAP_RECEIVING: N25,
        S.INCOMING_CALL_PROCEEDING: N9,
        S.CALL_RECEIVED: N7,
        S.CALL_INITIATED: EARLY,
        S.OVERLAP_SENDING: GOT_OVERLAP,
        S.OUTGOING_CALL_PROCEEDING: {**BASE, **INFORMED},
        S.CALL_DELIVERED: GOT_ALERTING,
        S.CONNECT_REQUEST: GOT_ALERTING,
        S.ACTIVE: {
            **GOT_ALERTING,
            **HOLD,
            M.CONNECT_ACKNOWLEDGE: NOTHING,
            M.SUSPEND: (15, "", "SuspendIndication"),
        },
        S.DISCONNECT_REQUEST: DISCONNECT_RECEIVED,
        S.DISCONNECT_INDICATION: DISCONNECT_SENT,
        S.SUSPEND_REQUEST: {**BASE, **INFORMED},
        S.RESUME_REQUEST: BASE,
        S.RELEASE_REQUEST: RELEASING,
        S.CALL_ABORT: ABORTED,
    },
}


def prepare(side, state, message=None):
    single = Single(side)
    call = single.in_state(state)
    if message is M.RESUME_ACKNOWLEDGE and state is S.RESUME_REQUEST:
        single.kernel.channels.leave(call.channel)
        call.channel = None
    return single, call


def outcome(single, call, state):
    now = single.kernel.calls.get(call.number)
    after = 0 if now is None else SAME if now.state is state else int(now.state)
    return (after, ", ".join(single.names), " ".join(single.primitives))


@pytest.mark.parametrize("message", [message for message in M if message is not M.SEGMENT], ids=lambda item: item.name)
@pytest.mark.parametrize("state", STATES, ids=lambda item: item.name)
@pytest.mark.parametrize("side", ["user", "network"])
def test_state_and_message(side, state, message):
    single, call = prepare(side, state, message)
    single.receive(message, reference=call.reference, ours=True)
    last = single.sent[-1] if single.sent else None
    expected = EXPECTED[side][state].get(message)
    if expected is not None:
        assert outcome(single, call, state) == expected
        return
    # 5.8.4: an unexpected message is answered with STATUS, cause 101 and our state, and changes nothing.
    assert single.cause() == 101
    assert last.raw(0x14) == bytes([state])
    assert outcome(single, call, state) == (SAME, "STATUS", "")


@pytest.mark.parametrize("message", [message for message in M if message is not M.SEGMENT], ids=lambda item: item.name)
@pytest.mark.parametrize("side", ["user", "network"])
@pytest.mark.parametrize("ours", [False, True])
def test_no_call_and_message(side, message, ours):
    """The null state: a call reference that nobody has (5.8.3.2)."""
    single = Single(side)
    single.receive(message, reference=77, ours=ours)
    begins = message is M.SETUP and not ours
    resumes = message is M.RESUME and not ours and side == "network"
    ignored = message is M.RELEASE_COMPLETE or (message in (M.SETUP, M.RESUME) and ours)
    expected = (
        []
        if begins or ignored
        else ["RESUME REJECT"]
        if resumes
        else ["STATUS"]
        if message is M.STATUS_ENQUIRY
        else ["RELEASE COMPLETE"]
    )
    assert single.names == expected
    assert bool(single.interface.calls()) == begins


#: Result of a timer, as for messages.
ENQUIRED = (SAME, "STATUS ENQUIRY", "")
TIMERS = {
    "user": {
        (S.CALL_INITIATED, Timer.T303): (0, "RELEASE COMPLETE", "ReleaseIndication CallCleared"),
        (S.OVERLAP_SENDING, Timer.T304): (11, "DISCONNECT", "ReleaseIndication"),
        (S.OUTGOING_CALL_PROCEEDING, Timer.T310): (11, "DISCONNECT", "ReleaseIndication"),
        (S.CALL_DELIVERED, Timer.T301): (11, "DISCONNECT", "ReleaseIndication"),
        (S.OVERLAP_RECEIVING, Timer.T302): (11, "DISCONNECT", "ReleaseIndication"),
        (S.CONNECT_REQUEST, Timer.T313): (11, "DISCONNECT", "ReleaseIndication"),
        (S.ACTIVE, Timer.T309): (0, "", "ReleaseIndication CallCleared"),
        (S.ACTIVE, Timer.THOLD): (SAME, "", "HoldConfirm"),
        (S.ACTIVE, Timer.TRETRIEVE): (SAME, "", "RetrieveConfirm"),
        (S.DISCONNECT_REQUEST, Timer.T305): (19, "RELEASE", ""),
        (S.DISCONNECT_REQUEST, Timer.T306): (19, "RELEASE", "ReleaseIndication"),
        (S.RELEASE_REQUEST, Timer.T308): (SAME, "RELEASE", ""),
        (S.SUSPEND_REQUEST, Timer.T319): (10, "", "SuspendConfirm"),
        (S.RESUME_REQUEST, Timer.T318): (19, "RELEASE", "ReleaseIndication"),
    },
    "network": {
        (S.CALL_PRESENT, Timer.T303): (0, "RELEASE COMPLETE", "ReleaseIndication CallCleared"),
        (S.OVERLAP_RECEIVING, Timer.T304): (12, "DISCONNECT", "ReleaseIndication"),
        (S.INCOMING_CALL_PROCEEDING, Timer.T310): (12, "DISCONNECT", "ReleaseIndication"),
        (S.CALL_RECEIVED, Timer.T301): (12, "DISCONNECT", "ReleaseIndication"),
        (S.OVERLAP_SENDING, Timer.T302): (12, "DISCONNECT", "ReleaseIndication"),
        (S.ACTIVE, Timer.T309): (0, "", "ReleaseIndication CallCleared"),
        (S.ACTIVE, Timer.THOLD): (SAME, "", "HoldConfirm"),
        (S.ACTIVE, Timer.TRETRIEVE): (SAME, "", "RetrieveConfirm"),
        (S.DISCONNECT_INDICATION, Timer.T305): (19, "RELEASE", ""),
        (S.DISCONNECT_INDICATION, Timer.T306): (19, "RELEASE", "ReleaseIndication"),
        (S.RELEASE_REQUEST, Timer.T308): (SAME, "RELEASE", ""),
        (S.NULL, Timer.T307): (0, "", "ReleaseIndication CallCleared"),
    },
}
for _side in TIMERS.values():
    _side.update({(state, Timer.T322): ENQUIRED for state in STATES})

CALL_TIMERS = [
    timer for timer in Timer if timer not in (Timer.T314, Timer.T316, Timer.T321) and timer.name[1].isdigit()
]
CALL_TIMERS += [Timer.THOLD, Timer.TRETRIEVE]


@pytest.mark.parametrize("timer", CALL_TIMERS, ids=lambda item: item.name)
@pytest.mark.parametrize("state", list(State), ids=lambda item: item.name)
@pytest.mark.parametrize("side", ["user", "network"])
def test_state_and_timer(side, state, timer):
    single, call = prepare(side, state)
    single.kernel.start(call, timer, single.now)
    single.now += single.kernel.values[timer]
    single.interface.handle_timers(single.now)
    single.take()
    expected = TIMERS[side].get((state, timer), NOTHING)  # others cannot run in the state: nothing happens
    assert outcome(single, call, state) == expected


#: What call control may ask for, and what is sent.
REQUESTS = {
    "got": "SETUP ACKNOWLEDGE, CALL PROCEEDING, ALERTING, PROGRESS, CONNECT, DISCONNECT, FACILITY",
    "got_overlap": "CALL PROCEEDING, ALERTING, PROGRESS, CONNECT, DISCONNECT, FACILITY, NOTIFY, INFORMATION",
    "got_proceeding": "ALERTING, PROGRESS, CONNECT, DISCONNECT, FACILITY, NOTIFY, INFORMATION",
    "got_alerting": "PROGRESS, CONNECT, DISCONNECT, FACILITY, NOTIFY, INFORMATION, USER INFORMATION, "
    "CONGESTION CONTROL",
    "sent": "DISCONNECT, FACILITY",
    "sent_overlap": "INFORMATION, DISCONNECT, FACILITY, NOTIFY",
    "sent_proceeding": "INFORMATION, DISCONNECT, FACILITY, NOTIFY",
    "sent_alerting": "INFORMATION, DISCONNECT, FACILITY, NOTIFY, USER INFORMATION, CONGESTION CONTROL",
    "disconnect_sent": "FACILITY",
    "disconnect_received": "FACILITY",
}


@pytest.mark.parametrize("roles", [USER, NETWORK], ids=["user", "network"])
def test_requests_of_call_control(roles):
    found = {}
    for state, request in tables(roles).requests:
        found.setdefault(state, set()).add(request.value)
    for role, requests in REQUESTS.items():
        assert found.pop(getattr(roles, role)) == set(requests.split(", "))
    rest = {
        **{one.value: S.ACTIVE for one in Request if "HOLD" in one.value or "RETRIEVE" in one.value},
        "DISCONNECT": S.ACTIVE,
    }
    assert set(rest) <= found.pop(S.ACTIVE)
    suspension = {"SUSPEND ACKNOWLEDGE or SUSPEND REJECT"} if roles.network else set()
    assert found.pop(S.SUSPEND_REQUEST) == {"DISCONNECT", *suspension}
    found.pop(S.CONNECT_REQUEST)
    if roles.network:
        assert found.pop(S.RESUME_REQUEST) == {"RESUME ACKNOWLEDGE or RESUME REJECT"}
    assert found == {}


@pytest.mark.parametrize(("side", "table"), [("user", USER_TABLES), ("network", NETWORK_TABLES)])
def test_tables_are_whole(side, table):
    assert set(table.messages) == {(state, message) for state in STATES for message in M}
    assert set(table.releases) == set(State)
    assert set(table.timers) == set(TIMERS[side])
    for state in STATES:
        for message in ELSEWHERE:
            assert table.messages[state, message] is calls_status.unexpected


RELEASES = {
    "user": {S.CALL_PRESENT: "RELEASE COMPLETE", S.DISCONNECT_REQUEST: "RELEASE", S.DISCONNECT_INDICATION: "RELEASE"},
    "network": {
        S.CALL_INITIATED: "RELEASE COMPLETE",
        S.DISCONNECT_REQUEST: "RELEASE",
        S.DISCONNECT_INDICATION: "RELEASE",
        S.RESUME_REQUEST: "RELEASE COMPLETE",
    },
}
RELEASES["user"][S.RESUME_REQUEST] = "RELEASE"


@pytest.mark.parametrize("state", list(State), ids=lambda item: item.name)
@pytest.mark.parametrize("side", ["user", "network"])
def test_release_in_every_state(side, state):
    single, call = prepare(side, state)
    single.ask("release", call.number, 21)
    nothing = {S.NULL: "", S.RELEASE_REQUEST: "", S.CALL_ABORT: "RELEASE"}
    expected = RELEASES[side].get(state, nothing.get(state, "DISCONNECT"))
    if expected:
        assert single.cause() == 21
    assert single.names == ([expected] if expected else [])
    gone = expected == "RELEASE COMPLETE" or state is S.NULL
    assert single.primitives == (["CallCleared"] if gone else [])
    single.ask("release", call.number, 21)  # crossing: nothing
    assert single.names == []
