import pytest

from tandem.core.cause import Cause
from tandem.ss7.tup.cause import CAUSE_OF, FAILURES, MESSAGE_OF, cause_of, failure_message
from tandem.ss7.tup.codes import CHINA_ONLY, Group
from tandem.ss7.tup.codes import MessageType as M
from tandem.ss7.tup.variants import Variant

ITU, CHINA = Variant.ITU, Variant.CHINA


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        (M.ADI, 28),
        (M.SEC, 42),
        (M.CGC, 34),
        (M.NNC, 42),
        (M.CFL, 31),
        (M.SSB, 17),
        (M.SLB, 17),
        (M.STB, 17),
        (M.UNN, 1),
        (M.LOS, 27),
        (M.SST, 4),
        (M.ACB, 21),
        (M.DPN, 65),
        (M.MPR, 5),
        (M.EUM, 17),
    ],
)
def test_cause_of_each_message_of_failure(message, cause):
    assert cause_of(message) == cause


def test_every_message_of_failure_has_its_cause():
    assert {m for m in M if m.group in (Group.UBM, Group.NUB)} == FAILURES


@pytest.mark.parametrize(
    ("cause", "itu", "china"),
    [
        (1, M.UNN, M.UNN),
        (2, M.CFL, M.UNN),
        (3, M.UNN, M.UNN),
        (4, M.SST, M.SST),
        (5, M.MPR, M.UNN),
        (16, M.CFL, M.CFL),
        (17, M.SSB, M.SLB),
        (18, M.LOS, M.SST),
        (19, M.SST, M.SST),
        (20, M.SST, M.SST),
        (21, M.ACB, M.ACB),
        (22, M.UNN, M.UNN),
        (25, M.CFL, M.CFL),
        (27, M.LOS, M.LOS),
        (28, M.ADI, M.ADI),
        (29, M.CFL, M.CFL),
        (31, M.CFL, M.CFL),
        (34, M.CGC, M.CGC),
        (38, M.CFL, M.CFL),
        (41, M.CFL, M.CFL),
        (42, M.SEC, M.SEC),
        (44, M.CGC, M.CGC),
        (47, M.SEC, M.SEC),
        (50, M.ACB, M.ACB),
        (55, M.ACB, M.ACB),
        (57, M.ACB, M.ACB),
        (58, M.DPN, M.DPN),
        (63, M.CFL, M.CFL),
        (65, M.DPN, M.DPN),
        (69, M.CFL, M.CFL),
        (79, M.CFL, M.CFL),
        (87, M.ACB, M.ACB),
        (88, M.ACB, M.ACB),
        (102, M.CFL, M.CFL),
        (111, M.CFL, M.CFL),
        (127, M.CFL, M.CFL),
    ],
)
def test_message_that_tells_a_cause(cause, itu, china):
    assert failure_message(cause, ITU) is itu
    assert failure_message(cause, CHINA) is china


@pytest.mark.parametrize("variant", Variant)
def test_every_cause_has_a_message_that_the_variant_has(variant):
    for cause in range(128):
        message = failure_message(cause, variant)
        assert message in FAILURES
        assert variant is CHINA or message not in CHINA_ONLY
    assert M.MPR not in MESSAGE_OF[CHINA].values()


def test_a_cause_survives_there_and_back_where_tup_can_say_it():
    for message, cause in CAUSE_OF.items():
        if message not in (M.NNC, M.EUM, M.SLB, M.STB):  # more than one message for one cause
            assert failure_message(cause, ITU) is message
    assert Cause.USER_BUSY in MESSAGE_OF[CHINA]
