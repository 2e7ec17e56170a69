"""Every state with every input: what Annex B has for it, one row an input and one column a state."""

import pytest

from tandem.isdn.q921.configuration import LinkConfiguration, Timer
from tandem.isdn.q921.connection import Connection
from tandem.isdn.q921.frames import (
    Address,
    InformationFrame,
    Supervisory,
    SupervisoryFrame,
    Unnumbered,
    UnnumberedFrame,
    parse_frame,
)
from tandem.isdn.q921.primitives import (
    DataIndication,
    ErrorCode,
    ErrorIndication,
    Established,
    Released,
    SendFrame,
    State,
    UnitDataIndication,
)
from tandem.isdn.q921.states import FRAME_INPUTS, TIMER_INPUTS, TRANSITIONS, Input

COMMAND, RESPONSE = Address.of(False, True), Address.of(False, False)

#: Columns: states 4, 5 (asked for by layer 3), 6, 7 and 8, the last two with I frames 0 and 1 not acknowledged.
#: A cell: what comes out, then the new state if it is another. Frames are named with their P or F bit (`c`: command,
#: supervisory frames only; I with its N(S)), `est` and `rel` are DL-ESTABLISH and DL-RELEASE, `+` confirm, `-`
#: indication; a letter alone is MDL-ERROR. The N(R) of frames is 1, `bad` frames have 9.
TABLE = """
establish      | SABME1 >5  | .          | .          | SABME1 >5          | SABME1 >5
release        | rel+       | .          | .          | DISC1 >6           | DISC1 >6
data           | .          | .          | .          | I2                 | .
deactivation   | .          | rel- >4    | rel+ >4    | rel- >4            | rel- >4
busy           | .          | .          | .          | RNR0               | RNR0
ready          | .          | .          | .          | .                  | .
T200           | .          | SABME1     | DISC1      | RRc1 >8            | RRc1
T200 last      | .          | G rel- >4  | H rel+ >4  | RRc1 >8            | I SABME1 >5
T203           | .          | .          | .          | RRc1 >8            | .
SABME1         | UA1 est- >7| UA1        | DM1        | UA1 F est-         | UA1 F est- >7
SABME0         | UA0 est- >7| UA0        | DM0        | UA0 F est-         | UA0 F est- >7
DISC1          | DM1        | DM1        | UA1        | UA1 rel- >4        | UA1 rel- >4
DISC0          | DM0        | DM0        | UA0        | UA0 rel- >4        | UA0 rel- >4
UA1            | C          | est+ >7    | rel+ >4    | C                  | C
UA0            | D          | D          | D          | D                  | D
DM1            | .          | rel- >4    | rel+ >4    | B                  | B SABME1 >5
DM0            | SABME1 >5  | .          | .          | E SABME1 >5        | E SABME1 >5
UI0            | unit       | unit       | unit       | unit               | unit
UI1            | unit       | unit       | unit       | unit               | unit
XID1           | .          | .          | .          | .                  | .
XID0           | .          | .          | .          | .                  | .
FRMR1          | .          | .          | .          | K SABME1 >5        | K SABME1 >5
FRMR0          | .          | .          | .          | K SABME1 >5        | K SABME1 >5
I0             | .          | .          | .          | data RR0           | data RR0
I1             | .          | .          | .          | data RR1           | data RR1
I0 next        | .          | .          | .          | REJ0               | REJ0
I1 next        | .          | .          | .          | REJ1               | REJ1
I0 bad         | .          | .          | .          | data J SABME1 >5   | data J SABME1 >5
RRc0           | .          | .          | .          | .                  | .
RRc1           | .          | .          | .          | RR1                | RR1
RR0            | .          | .          | .          | .                  | .
RR1            | .          | .          | .          | A                  | I1 >7
RRc0 bad       | .          | .          | .          | J SABME1 >5        | J SABME1 >5
RR1 bad        | .          | .          | .          | A J SABME1 >5      | J SABME1 >5
RNRc0          | .          | .          | .          | .                  | .
RNRc1          | .          | .          | .          | RR1                | RR1
RNR0           | .          | .          | .          | .                  | .
RNR1           | .          | .          | .          | A                  | >7
RNRc0 bad      | .          | .          | .          | J SABME1 >5        | J SABME1 >5
REJc0          | .          | .          | .          | I1                 | .
REJc1          | .          | .          | .          | RR1 I1             | RR1
REJ0           | .          | .          | .          | I1                 | .
REJ1           | .          | .          | .          | A I1               | I1 >7
REJ0 bad       | .          | .          | .          | J SABME1 >5        | J SABME1 >5
error L        | L          | L          | L          | L SABME1 >5        | L SABME1 >5
error M        | M          | M          | M          | M SABME1 >5        | M SABME1 >5
error N        | N          | N          | N          | N SABME1 >5        | N SABME1 >5
error O        | O          | O          | O          | O SABME1 >5        | O SABME1 >5
"""
CELLS = [
    pytest.param(row[0], state, cell, id=f"{row[0]}-{state:d}".replace(" ", "_"))
    for row in ([part.strip() for part in line.split("|")] for line in TABLE.strip().splitlines())
    for state, cell in zip(State, row[1:], strict=True)
]
REQUESTS = {
    "establish": Input.DL_ESTABLISH_REQUEST,
    "release": Input.DL_RELEASE_REQUEST,
    "deactivation": Input.PERSISTENT_DEACTIVATION,
    "busy": Input.OWN_RECEIVER_BUSY,
    "ready": Input.OWN_RECEIVER_READY,
    "T200": Input.T200_EXPIRY,
    "T203": Input.T203_EXPIRY,
}


def give(connection, event, now=1.0):
    connection.state = TRANSITIONS[connection.state, event](connection, now)
    connection.transmit(now)


def receive(connection, frame):
    connection.frame = frame
    give(connection, Input.I if isinstance(frame, InformationFrame) else FRAME_INPUTS[frame.kind])


def ua(connection):
    receive(connection, UnnumberedFrame(RESPONSE, Unnumbered.UA, True))


def connection_in(state):
    """A connection of the network side in a state, and nothing in its outputs."""
    connection = Connection(LinkConfiguration(network=True))
    if state is not State.TEI_ASSIGNED:
        give(connection, Input.DL_ESTABLISH_REQUEST, 0.0)
    if state is State.AWAITING_RELEASE:
        ua(connection)
        give(connection, Input.DL_RELEASE_REQUEST, 0.0)
    if state >= State.MULTIPLE_FRAME_ESTABLISHED:
        ua(connection)
        connection.window.put(b"first")
        connection.window.put(b"second")
        give(connection, Input.DL_DATA_REQUEST, 0.0)
    if state is State.TIMER_RECOVERY:
        give(connection, Input.T200_EXPIRY, 0.5)
    assert connection.state is state
    connection.outputs.clear()
    return connection


def frame_of(text):
    """The frame that a row is about."""
    name, _, rest = text.partition(" ")
    bit = name[-1] == "1"
    kind = name[:-1].removesuffix("c")
    nr = 9 if rest == "bad" else 1
    if kind == "I":
        return InformationFrame(COMMAND, 1 if rest == "next" else 0, nr, bit, b"data")
    if kind in Supervisory.__members__:
        return SupervisoryFrame(COMMAND if name[-2] == "c" else RESPONSE, Supervisory[kind], nr, bit)
    information = {"UI": b"unit", "FRMR": bytes(5)}.get(kind, b"")
    command = kind in ("SABME", "DISC", "UI", "XID")
    return UnnumberedFrame(COMMAND if command else RESPONSE, Unnumbered[kind], bit, information)


def words(connection):
    """What came out, as the table has it."""
    found = []
    for output in connection.outputs:
        match output:
            case SendFrame(octets):
                frame = parse_frame(octets)
                if isinstance(frame, InformationFrame):
                    assert not frame.poll
                    found.append(f"I{frame.ns}")
                elif isinstance(frame, SupervisoryFrame):
                    found.append(f"{frame.kind.name}{'c' if frame.address.cr else ''}{frame.poll_final:d}")
                else:
                    assert frame.address.cr is (frame.kind in (Unnumbered.SABME, Unnumbered.DISC))
                    found.append(f"{frame.kind.name}{frame.poll_final:d}")
            case Established(confirm):
                found.append("est+" if confirm else "est-")
            case Released(confirm):
                found.append("rel+" if confirm else "rel-")
            case DataIndication(octets):
                assert octets == b"data"
                found.append("data")
            case UnitDataIndication(octets):
                assert octets == b"unit"
                found.append("unit")
            case ErrorIndication(code):
                found.append(code.value)
    return found


@pytest.mark.parametrize(("event", "state", "cell"), CELLS)
def test_state_and_input(event, state, cell):
    connection = connection_in(state)
    if event == "T200 last":
        connection.retries = connection.configuration.n200
        event = "T200"
    if event == "data":
        connection.window.put(b"third")
        give(connection, Input.DL_DATA_REQUEST)
    elif event.startswith("error"):
        connection.error = ErrorCode(event[-1])
        give(connection, Input.FRAME_ERROR)
    elif event in REQUESTS:
        give(connection, REQUESTS[event])
    else:
        receive(connection, frame_of(event))
    expected, _, changed = cell.replace(".", "").partition(">")
    assert words(connection) == expected.split()
    assert connection.state == (int(changed) if changed else state)
    check_timers(connection)


def check_timers(connection):
    """In states 5, 6 and 8 an answer is awaited, in 7 an acknowledgement or the line is watched, in 4 nothing."""
    running = {timer for timer in Timer if connection.timers.is_running(timer)}
    match connection.state:
        case State.TEI_ASSIGNED:
            assert running == set()
        case State.MULTIPLE_FRAME_ESTABLISHED:
            unacknowledged = not connection.window.all_acknowledged
            assert running == {Timer.T200 if unacknowledged or connection.peer_busy else Timer.T203}
        case _:
            # A T200 that the row made expire by hand is restarted.
            assert running == {Timer.T200}


def test_table_is_complete():
    """Nothing is left undefined, and the test has every input."""
    assert set(TRANSITIONS) == {(state, event) for state in State for event in Input}
    assert set(FRAME_INPUTS) == {*Supervisory, *Unnumbered}
    assert set(TIMER_INPUTS) == set(Timer)
    rows = {param.values[0].split()[0].rstrip("01").removesuffix("c") for param in CELLS}
    assert {"SABME", "DISC", "UA", "DM", "UI", "XID", "FRMR", "I", "RR", "RNR", "REJ"} <= rows
    assert {*REQUESTS, "data", "error"} - {"T200", "T203"} <= rows


# Beyond the table: variables that change what a state does


def test_layer_3_is_told_of_recovery_only_when_something_was_lost():
    """5.7.3: with V(S) = V(A) the connection is back without a word; what waited is sent."""
    for lost in (True, False):
        connection = connection_in(State.MULTIPLE_FRAME_ESTABLISHED)
        if not lost:
            receive(connection, SupervisoryFrame(RESPONSE, Supervisory.RR, 2, False))
        receive(connection, UnnumberedFrame(RESPONSE, Unnumbered.FRMR, True, bytes(5)))
        connection.window.put(b"third")
        connection.outputs.clear()
        ua(connection)
        assert words(connection) == (["est-"] if lost else ["I0"])


def test_release_while_establishing():
    """5.5.3.1: served when the connection is there; DM or N200 end it too, as a confirm."""
    for answer, expected, state in (
        (Unnumbered.UA, ["DISC1"], State.AWAITING_RELEASE),
        (Unnumbered.DM, ["rel+"], State.TEI_ASSIGNED),
        (None, ["G", "rel+"], State.TEI_ASSIGNED),
    ):
        connection = connection_in(State.AWAITING_ESTABLISHMENT)
        give(connection, Input.DL_RELEASE_REQUEST)
        give(connection, Input.DL_ESTABLISH_REQUEST)
        if answer is None:
            connection.retries = connection.configuration.n200
            give(connection, Input.T200_EXPIRY)
        else:
            receive(connection, UnnumberedFrame(RESPONSE, answer, True))
        assert words(connection) == expected
        assert connection.state is state


def test_establish_request_while_recovering():
    """The confirm is owed when layer 3 asks for what is under way already."""
    connection = connection_in(State.MULTIPLE_FRAME_ESTABLISHED)
    receive(connection, UnnumberedFrame(RESPONSE, Unnumbered.DM, False))
    give(connection, Input.DL_ESTABLISH_REQUEST)
    connection.outputs.clear()
    ua(connection)
    assert words(connection) == ["est+"]


def test_own_receiver_busy():
    """5.6.5: information is discarded, polls are answered with RNR, N(R) still counts."""
    connection = connection_in(State.MULTIPLE_FRAME_ESTABLISHED)
    give(connection, Input.OWN_RECEIVER_BUSY)
    give(connection, Input.OWN_RECEIVER_BUSY)
    receive(connection, InformationFrame(COMMAND, 0, 2, False, b"data"))
    receive(connection, InformationFrame(COMMAND, 0, 2, True, b"data"))
    receive(connection, SupervisoryFrame(COMMAND, Supervisory.RR, 2, True))
    give(connection, Input.T203_EXPIRY)
    give(connection, Input.OWN_RECEIVER_READY)
    assert words(connection) == ["RNR0", "RNR1", "RNR1", "RNRc1", "RR0"]
    assert connection.window.va == 2


def test_peer_receiver_busy():
    """5.6.5: after RNR nothing new is sent until RR, REJ or a new connection."""
    for kind in (Supervisory.RR, Supervisory.REJ):
        connection = connection_in(State.MULTIPLE_FRAME_ESTABLISHED)
        receive(connection, SupervisoryFrame(RESPONSE, Supervisory.RNR, 2, False))
        connection.window.put(b"third")
        give(connection, Input.DL_DATA_REQUEST)
        assert words(connection) == []
        assert connection.timers.is_running(Timer.T200)
        receive(connection, SupervisoryFrame(RESPONSE, kind, 2, False))
        assert words(connection) == ["I2"]


def test_busy_peer_acknowledges_in_an_information_frame():
    connection = connection_in(State.MULTIPLE_FRAME_ESTABLISHED)
    receive(connection, SupervisoryFrame(RESPONSE, Supervisory.RNR, 0, False))
    receive(connection, InformationFrame(COMMAND, 0, 2, False, b"data"))
    assert connection.window.va == 2
    assert connection.timers.is_running(Timer.T200)


def test_one_reject_at_a_time():
    """5.6.4 and 5.8.1: no second REJ before the frame asked for has come; polls are answered meanwhile."""
    connection = connection_in(State.MULTIPLE_FRAME_ESTABLISHED)
    for ns, poll in ((1, False), (2, False), (3, True), (0, False), (2, False)):
        receive(connection, InformationFrame(COMMAND, ns, 0, poll, b"data"))
    assert words(connection) == ["REJ0", "RR1", "data", "RR0", "REJ0"]


def test_acknowledgement_restarts_t200_for_what_is_left():
    connection = connection_in(State.MULTIPLE_FRAME_ESTABLISHED)
    receive(connection, SupervisoryFrame(RESPONSE, Supervisory.RR, 1, False))
    assert connection.timers.deadline(Timer.T200) == 2.0
    receive(connection, SupervisoryFrame(RESPONSE, Supervisory.RR, 2, False))
    assert connection.timers.deadline(Timer.T203) == 11.0
