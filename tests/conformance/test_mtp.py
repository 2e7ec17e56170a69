"""Q.781 and Q.782, one test a case. `python tests/conformance/summary.py` prints them as a table."""

import pytest
from conformance.catalogue import Case
from conformance.q781_transmission import Q781
from conformance.q782_routes import Q782

#: What does not apply is in the summary with its reason.
CASES = [case for case in (*Q781.cases, *Q782.cases) if case.check is not None]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case):
    assert case.check is not None
    case.check()
