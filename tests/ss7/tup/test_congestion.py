import pytest
from support.tup_single import Single

from tandem.ss7.circuits.reduction import STEPS
from tandem.ss7.mtp3.primitives import StatusCause
from tandem.ss7.tup.codes import MessageType as M
from tandem.ss7.tup.messages import AutomaticCongestion
from tandem.ss7.tup.primitives import Alert, Congested

CICS = tuple(range(1, 101))
UNAVAILABLE = [cause for cause in StatusCause if cause is not StatusCause.CONGESTION]


def refused(single, offered=20):
    return sum(single.setup() is None for _ in range(offered))


@pytest.mark.parametrize("level", [1, 2])
def test_acc_reduces_traffic_for_a_while(level):
    single = Single(CICS)
    single.receive(AutomaticCongestion(level=level), 5)
    single.take()
    assert single.heard == [Congested("g", level)]
    assert refused(single) == 20 * level // (STEPS + 1)
    single.wait(8.0 * level)
    assert refused(single) == 0


@pytest.mark.parametrize("level", [0, 3])
def test_spare_levels_say_nothing(level):
    single = Single(CICS)
    single.receive(AutomaticCongestion(level=level))
    single.take()
    assert single.heard == []
    assert refused(single) == 0


def test_network_congestion_goes_by_steps():
    single = Single(CICS)
    for _ in range(3):
        single.exchange.status(1, StatusCause.CONGESTION, single.now)
    assert refused(single) == 4  # the second and third are the same congestion still
    single.wait(1)
    single.exchange.status(1, StatusCause.CONGESTION, single.now)
    assert refused(single) == 8


def test_congestion_never_stops_all_traffic():
    single = Single(CICS)
    for _ in range(10):
        single.exchange.status(1, StatusCause.CONGESTION, single.now)
        single.wait(1)
    assert refused(single) == 16


@pytest.mark.parametrize("cause", UNAVAILABLE, ids=str)
def test_unavailable_user_part_is_spared_and_tried_again(cause):
    single = Single()
    single.exchange.status(1, cause, single.now)
    single.take()
    assert [type(item) for item in single.heard] == [Alert]
    assert single.setup() is None
    single.wait(300)
    assert single.setup() is not None


def test_any_message_shows_that_the_user_part_is_there():
    single = Single()
    single.exchange.status(1, UNAVAILABLE[0], single.now)
    single.receive(M.CLF)
    assert single.setup() is not None
