"""Which messages for others are let through."""

from tandem.ss7.mtp3.configuration import ScreeningRule, TransferConfiguration
from tandem.ss7.mtp3.transfer import Screening


def test_without_rules_everything():
    assert Screening(TransferConfiguration()).permits("a", 5, 1, 2)
    assert not Screening(TransferConfiguration(otherwise=False)).permits("a", 5, 1, 2)


def test_first_rule_that_fits():
    rules = (
        ScreeningRule(False, opc=7),
        ScreeningRule(True, linkset="a", dpc=2, services=frozenset({5})),
        ScreeningRule(False, dpc=2),
    )
    screening = Screening(TransferConfiguration(rules))
    assert screening.permits("a", 5, 1, 2)
    assert not screening.permits("b", 5, 1, 2)
    assert not screening.permits("a", 3, 1, 2)
    assert not screening.permits("a", 5, 7, 2)
    assert screening.permits("a", 3, 1, 9)


def test_the_memory_of_answers_is_bounded():
    screening = Screening(TransferConfiguration())
    for opc in range(10_000):
        assert screening.permits("a", 5, opc, 2)
    assert len(screening._known) <= 4096
