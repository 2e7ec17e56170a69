import pytest
from support.isup_pair import iam
from support.isup_single import Single, cause

from tandem.ss7.circuits.reduction import STEPS
from tandem.ss7.isup.codes import MessageType as M
from tandem.ss7.isup.codes import ParameterCode
from tandem.ss7.isup.parameters import RawParameter
from tandem.ss7.isup.primitives import Alert, Congested
from tandem.ss7.mtp3.primitives import StatusCause


def test_user_part_test_is_answered():
    single = Single()
    single.receive(M.UPT, 0)
    assert single.types() == [(M.UPA, 0)]


@pytest.mark.parametrize(
    "cause", [StatusCause.USER_PART_UNKNOWN, StatusCause.USER_PART_UNEQUIPPED, StatusCause.USER_PART_INACCESSIBLE]
)
def test_unavailable_user_part_is_tested_and_spared(cause):
    single = Single()
    single.exchange.status(1, cause, 0.0)
    single.exchange.status(1, cause, 0.1)
    assert single.types() == [(M.UPT, 1)]
    assert [type(item) for item in single.heard] == [Alert]
    assert single.setup() is None
    assert single.exchange.idle_circuits("g") == 0
    single.wait(300)
    assert single.types() == [(M.UPT, 1)]
    single.receive(M.UPA, 1)
    assert single.setup() is not None
    single.release(1)
    single.receive(M.RLC, 1)
    assert single.exchange.next_deadline() is None


def test_any_message_shows_that_the_user_part_is_there():
    single = Single()
    single.exchange.status(1, StatusCause.USER_PART_INACCESSIBLE, 0.0)
    single.receive(M.IAM, 1, *iam())
    assert single.setup() is not None


def test_congestion_takes_traffic_away_in_steps_and_gives_it_back():
    single = Single(tuple(range(1, 200)))

    def share():
        return sum(single.setup() is not None for _ in range(STEPS + 1))

    assert share() == STEPS + 1
    single.exchange.status(1, StatusCause.CONGESTION, 0.0)
    single.exchange.status(1, StatusCause.CONGESTION, 0.1)  # T29 runs: the same congestion
    assert share() == STEPS
    single.now = 0.5
    single.exchange.handle_timers(0.5)
    single.exchange.status(1, StatusCause.CONGESTION, 0.5)
    assert share() == STEPS - 1
    single.now = 8.5
    single.exchange.handle_timers(8.5)
    assert share() == STEPS
    single.now = 16.5
    single.exchange.handle_timers(16.5)
    assert share() == STEPS + 1


def test_congestion_never_stops_all_traffic():
    single = Single(tuple(range(1, 200)))
    for step in range(20):
        single.exchange.handle_timers(step * 1.0)
        single.exchange.status(1, StatusCause.CONGESTION, step * 1.0)
    assert sum(single.setup() is not None for _ in range(STEPS + 1)) == 1


@pytest.mark.parametrize("level", [1, 2])
def test_automatic_congestion_level_in_rel_reduces_traffic_for_a_while(level):
    single = Single(tuple(range(1, 21)))
    single.setup()
    single.receive(M.REL, 1, cause(42), RawParameter(ParameterCode.AUTOMATIC_CONGESTION_LEVEL, bytes([level])))
    single.take()
    assert Congested("g", level) in single.heard
    assert [single.setup() is None for _ in range(5)].count(True) == level
    single.wait(8)
    single.wait(8)
    assert single.setup() is not None


def test_our_own_congestion_is_told_in_rel():
    single = Single()
    call = single.setup()
    single.exchange.congestion_level = 2
    single.take()
    single.release(call)
    assert single.take()[0].raw(ParameterCode.AUTOMATIC_CONGESTION_LEVEL) == b"\x02"
