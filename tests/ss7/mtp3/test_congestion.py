"""Flow control and the route set congestion test."""

from tandem.core.timers import TimerTable
from tandem.ss7.mtp3.configuration import Timers
from tandem.ss7.mtp3.congestion import Congestion, SendCongestionTest, SendControlled
from tandem.ss7.mtp3.primitives import StatusCause, StatusIndication
from tandem.ss7.mtp3.timers import Timer


def congestion(levels=False) -> Congestion:
    return Congestion(Timers(), TimerTable(), levels)


def status(level=0) -> StatusIndication:
    return StatusIndication(2, StatusCause.CONGESTION, level=level)


def test_every_eighth_message_to_users_here_and_elsewhere():
    it = congestion()
    assert not it.links
    it.link(0, 1)
    for _ in range(16):
        assert it.message(0, 2, None, 0)
        assert it.message(0, 2, 7, 0)
        assert it.message(1, 2, None, 0)
    assert it.outputs() == [status(), SendControlled(7, 2, 0)] * 2
    it.link(0, 0)
    assert not it.links
    assert it.message(0, 2, None, 0)
    assert it.outputs() == []


def test_messages_of_low_priority_are_dropped_where_there_are_levels():
    it = congestion(levels=True)
    it.link(0, 1)
    assert not it.message(0, 2, None, 0)
    assert it.message(0, 2, None, 1)
    assert it.outputs() == [status(1)]


def test_transfer_controlled_without_levels():
    it = congestion()
    it.controlled(2, 0, 0.0)
    assert it.outputs() == [status()]
    assert it._timers.next_deadline() is None


def test_level_goes_down_as_tests_are_not_answered():
    it = congestion(levels=True)
    it.controlled(2, 2, 0.0)
    assert it.outputs() == [status(2)]
    assert it._timers.deadline((Timer.T15, 2)) == 2.5
    it.test_due(2, 2.5)
    assert it.outputs() == [SendCongestionTest(2, 1)]
    it.test_passed(2, 4.25)
    assert it.outputs() == [status(1), SendCongestionTest(2, 0)]
    it.test_passed(2, 6.0)
    assert it.outputs() == [status(0)]
    assert not it._timers.is_running((Timer.T15, 2))


def test_answered_test_and_end():
    it = congestion(levels=True)
    it.controlled(2, 1, 0.0)
    it.test_due(2, 2.5)
    it.controlled(2, 1, 3.0)
    assert not it._timers.is_running((Timer.T16, 2))
    assert it._timers.is_running((Timer.T15, 2))
    it.forget(2)
    assert it._timers.next_deadline() is None
    it.controlled(2, 1, 3.0)
    it.controlled(2, 0, 4.0)
    assert it._timers.next_deadline() is None


def test_each_level_of_a_link_lets_higher_priorities_through():
    it = congestion(levels=True)
    for level, admitted in ((1, [1, 2, 3]), (2, [2, 3]), (3, [3])):
        it.link(0, level)
        assert [priority for priority in range(4) if it.message(0, 9, None, priority)] == admitted
    it.link(0, 0)
    assert it.message(0, 9, None, 0)
