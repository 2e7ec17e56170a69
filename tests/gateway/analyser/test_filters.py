import pytest

from tandem.core.errors import TandemError
from tandem.gateway.analyser.expressions import expression
from tandem.gateway.analyser.filters import Filter, is_failure, moment
from tandem.gateway.analyser.model import CallRecord


def record(name="isup-1", **values):
    base = {"protocol": "isup", "id": name, "outcome": "busy", "start": 3661.25, "called": "123", "calling": "99"}
    return CallRecord(**(base | {"cic": 7, "cause": 17, "source": "1-1-1", "destination": "2-2-2"} | values))


@pytest.mark.parametrize(
    ("wanted", "values", "expected"),
    [
        (Filter(), {}, True),
        (Filter(failed=True), {}, True),
        (Filter(failed=True), {"outcome": "abandoned"}, False),
        (Filter(called="^12"), {}, True),
        (Filter(called="^2"), {}, False),
        (Filter(calling="9$"), {}, True),
        (Filter(cause=16), {}, False),
        (Filter(cause=17, cic=7), {}, True),
        (Filter(cic=8), {}, False),
        (Filter(since=3661.25, until=3661.3), {}, True),
        (Filter(since=3662.0), {}, False),
        (Filter(until=3661.25), {}, False),
        (Filter(ids=frozenset({"isup-2"})), {}, False),
        (Filter(where=expression("cause == 17")), {}, True),
    ],
)
def test_filters(wanted, values, expected):
    assert wanted(record(**values)) is expected
    assert wanted.chooses() is (wanted != Filter())


def test_moments():
    assert moment("12.5") == 12.5
    assert moment("1970-01-01T01:00:00") == 3600.0
    assert moment("1970-01-01T01:00:00+01:00") == 0.0
    with pytest.raises(TandemError, match="no time"):
        moment("yesterday")


def test_failures():
    assert is_failure(record())
    assert not is_failure(record(outcome="answered"))
