import pytest

from tandem.gateway.sip.call import CallTimer
from tandem.gateway.sip.transaction import Input, Timer, response_input


@pytest.mark.parametrize(
    ("status", "expected"),
    [(100, Input.PROVISIONAL), (199, Input.PROVISIONAL), (200, Input.SUCCESS), (299, Input.SUCCESS),
     (300, Input.FAILURE), (699, Input.FAILURE)],
)  # fmt: skip
def test_response_classes(status, expected):
    assert response_input(status) is expected


def test_timers_of_transactions_and_calls_do_not_collide():
    """They share one table, where equal numbers would be one timer."""
    values = [*map(int, Timer), *map(int, CallTimer)]
    assert len(values) == len(set(values))
