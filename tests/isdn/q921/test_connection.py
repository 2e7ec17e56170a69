"""The procedures that states share."""

import pytest

from tandem.isdn.q921.configuration import LinkConfiguration, Timer
from tandem.isdn.q921.connection import Connection
from tandem.isdn.q921.frames import Supervisory, SupervisoryFrame, Unnumbered, UnnumberedFrame, parse_frame
from tandem.isdn.q921.primitives import ErrorCode, ErrorIndication, Released, SendFrame, State


@pytest.fixture
def connection():
    return Connection(LinkConfiguration(network=True))


def frames(connection):
    found = [parse_frame(output.octets) for output in connection.outputs if isinstance(output, SendFrame)]
    connection.outputs.clear()
    return found


def test_establish_data_link(connection):
    """SABME with P = 1, RC = 0, exceptions cleared, T200 runs instead of T203."""
    connection.peer_busy = connection.own_busy = connection.reject_exception = connection.acknowledge_pending = True
    connection.retries = 2
    connection.timers.start(Timer.T203, 10.0)
    assert connection.begin_establishment(1.0, layer_3=True) is State.AWAITING_ESTABLISHMENT
    (frame,) = frames(connection)
    assert frame.kind is Unnumbered.SABME
    assert frame.poll_final
    assert connection.retries == 0
    exceptions = ("peer_busy", "own_busy", "reject_exception", "acknowledge_pending")
    assert [name for name in exceptions if getattr(connection, name)] == []
    assert connection.timers.next_deadline() == 2.0
    assert len(connection.timers) == 1


def test_reestablish(connection):
    assert connection.reestablish(ErrorCode.INVALID_NR, 1.0) is State.AWAITING_ESTABLISHMENT
    assert connection.outputs[0] == ErrorIndication(ErrorCode.INVALID_NR)
    assert not connection.layer_3_initiated


def test_transmit_enquiry(connection):
    """RR or RNR command with P = 1; it acknowledges."""
    for busy, kind in ((False, Supervisory.RR), (True, Supervisory.RNR)):
        connection.own_busy, connection.acknowledge_pending, connection.vr = busy, True, 5
        assert connection.enquire(1.0) is State.TIMER_RECOVERY
        (frame,) = frames(connection)
        assert frame == SupervisoryFrame(frame.address, kind, 5, True)
        assert frame.address.cr
        assert not connection.acknowledge_pending


def test_responses_repeat_the_poll_bit(connection):
    for poll in (False, True):
        connection.frame = UnnumberedFrame(connection.peer_command, Unnumbered.DISC, poll)
        connection.respond(Unnumbered.DM)
        (frame,) = frames(connection)
        assert (frame.kind, frame.poll_final, frame.address.cr) == (Unnumbered.DM, poll, False)


def test_released(connection):
    connection.window.put(b"lost")
    connection.begin_establishment(1.0, layer_3=True)
    connection.outputs.clear()
    assert connection.released(confirm=True) is State.TEI_ASSIGNED
    assert connection.outputs == [Released(confirm=True)]
    assert connection.timers.next_deadline() is None
    assert len(connection.window) == 0
    assert not connection.layer_3_initiated


def test_information_frame_is_an_acknowledgement(connection):
    connection.state = State.MULTIPLE_FRAME_ESTABLISHED
    connection.vr, connection.acknowledge_pending = 3, True
    connection.window.put(b"message")
    connection.transmit(1.0)
    (frame,) = frames(connection)
    assert (frame.ns, frame.nr, frame.information) == (0, 3, b"message")
    connection.acknowledge_pending = True
    connection.transmit(1.0)
    (frame,) = frames(connection)
    assert frame == SupervisoryFrame(frame.address, Supervisory.RR, 3, False)


def test_nothing_is_sent_in_timer_recovery(connection):
    connection.state = State.TIMER_RECOVERY
    connection.window.put(b"message")
    connection.transmit(1.0)
    assert connection.outputs == []
