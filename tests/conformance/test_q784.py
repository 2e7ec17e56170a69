"""Q.784, one test a case. `python tests/conformance/summary.py` prints them as a table."""

import pytest
from conformance.catalogue import Case
from conformance.q784_calls import Q784


@pytest.mark.parametrize("case", Q784.cases, ids=str)
def test_case(case: Case):
    if case.check is None:
        pytest.skip(case.reason)
    case.check()


def test_numbers_are_unique_and_in_order():
    numbers = [tuple(map(int, case.number.split("."))) for case in Q784.cases]
    assert len(set(numbers)) == len(numbers)
    assert [number[0] for number in numbers] == sorted(number[0] for number in numbers)
