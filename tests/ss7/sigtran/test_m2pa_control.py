"""Link state control: every state with everything that can happen."""

import itertools

import pytest

from tandem.ss7.mtp2.primitives import LinkOutOfService
from tandem.ss7.sigtran.m2pa import M2paLink
from tandem.ss7.sigtran.m2pa_configuration import M2paConfiguration
from tandem.ss7.sigtran.m2pa_control import TRANSITIONS
from tandem.ss7.sigtran.m2pa_messages import SEQUENCE_MASK, LinkStatus, StatusMessage
from tandem.ss7.sigtran.m2pa_states import Input, State


def put(state):
    link = M2paLink(M2paConfiguration("x"))
    link.connected_now = True
    link._state = state
    link.outputs()
    return link


#: The inputs that a state answers to: RFC 4165 4.1 and Q.703 figure 8 and 9, written down once more.
ALIGNING = {Input.STOP, Input.FAILURE, Input.EMERGENCY, Input.T3_EXPIRY, LinkStatus.OUT_OF_SERVICE}
PROVINGS = {LinkStatus.PROVING_NORMAL, LinkStatus.PROVING_EMERGENCY}
FAILING = {Input.STOP, Input.FAILURE, Input.T1_EXPIRY, LinkStatus.OUT_OF_SERVICE, LinkStatus.ALIGNMENT}
READY = FAILING | PROVINGS | {Input.USER_DATA, LinkStatus.READY, LinkStatus.PROCESSOR_OUTAGE}
SERVICE = (
    FAILING
    | PROVINGS
    | {
        Input.LOCAL_OUTAGE,
        LinkStatus.READY,
        LinkStatus.PROCESSOR_OUTAGE,
        LinkStatus.PROCESSOR_RECOVERED,
        LinkStatus.BUSY,
        LinkStatus.BUSY_ENDED,
    }
)
ANSWERED = {
    State.OUT_OF_SERVICE: {
        Input.START,
        Input.STOP,
        Input.CONNECTED,
        LinkStatus.OUT_OF_SERVICE,
        LinkStatus.ALIGNMENT,
    },
    State.NOT_ALIGNED: {
        Input.STOP,
        Input.CONNECTED,
        Input.FAILURE,
        Input.T2_EXPIRY,
        LinkStatus.OUT_OF_SERVICE,
        LinkStatus.ALIGNMENT,
        *PROVINGS,
    },
    State.ALIGNED: ALIGNING | PROVINGS | {LinkStatus.ALIGNMENT},
    State.PROVING: ALIGNING
    | PROVINGS
    | {Input.T4_EXPIRY, LinkStatus.ALIGNMENT, LinkStatus.READY, LinkStatus.PROCESSOR_OUTAGE},
    State.ALIGNED_READY: READY | {Input.LOCAL_OUTAGE},
    State.ALIGNED_NOT_READY: READY | {Input.LOCAL_RECOVERED},
    State.IN_SERVICE: SERVICE,
    State.PROCESSOR_OUTAGE: SERVICE | {Input.LOCAL_RECOVERED},
}


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, [*Input, *LinkStatus])))
def test_every_state_and_input(state, event):
    assert ((state, event) in TRANSITIONS) is (event in ANSWERED[state])
    link = put(state)
    if isinstance(event, LinkStatus):
        link.receive(StatusMessage(SEQUENCE_MASK, SEQUENCE_MASK, event).encode(), 0, 1.0)
        assert link.counters.unexpected == (event not in ANSWERED[state])
    else:
        link._handle(event, 1.0)
    reported = [output for output in link.outputs() if isinstance(output, LinkOutOfService)]
    if event is LinkStatus.OUT_OF_SERVICE:
        assert bool(reported) is (state not in (State.OUT_OF_SERVICE, State.NOT_ALIGNED))
    if event is Input.STOP:
        assert not reported
        assert link.alignment is State.OUT_OF_SERVICE
        assert link.next_deadline() is None
