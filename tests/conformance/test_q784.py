"""Q.784, one test a case. `python tests/conformance/summary.py` prints them as a table."""

import pytest
from conformance.catalogue import Case
from conformance.q784_calls import Q784

#: What does not apply is in the summary with its reason.
CASES = [case for case in Q784.cases if case.check is not None]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case):
    assert case.check is not None
    case.check()


def test_numbers_are_unique_and_in_order():
    numbers = [tuple(map(int, case.number.split("."))) for case in Q784.cases]
    assert len(set(numbers)) == len(numbers)
    assert [number[0] for number in numbers] == sorted(number[0] for number in numbers)
