import pytest
from support.sip_link import PEER, RecordingLink

from tandem.gateway.sip.call import CallTimer
from tandem.gateway.sip.client_transaction import NonInviteClientTransaction
from tandem.gateway.sip.message import Response
from tandem.gateway.sip.transaction import RESPONSE_INPUTS, Input, Timer


@pytest.mark.parametrize(
    ("status", "expected"),
    [(100, Input.PROVISIONAL), (199, Input.PROVISIONAL), (200, Input.SUCCESS), (299, Input.SUCCESS),
     (300, Input.FAILURE), (699, Input.FAILURE)],
)  # fmt: skip
def test_response_classes(status, expected):
    assert RESPONSE_INPUTS[status // 100] is expected


def test_timers_of_transactions_and_calls_do_not_collide():
    """They share one table, where equal numbers would be one timer."""
    values = [*map(int, Timer), *map(int, CallTimer)]
    assert len(values) == len(set(values))


def test_transactions_that_end_about_the_same_time_are_forgotten_together():
    ends = []
    for moment in (7.01, 7.1, 7.24, 7.26):
        link = RecordingLink()
        transaction = NonInviteClientTransaction(link, ("b", "BYE"), PEER, None, b"BYE", moment)
        transaction.receive(Response(200, "", {}, b""), moment)
        ends.append(link.running["K"])
    assert ends == [12.25, 12.25, 12.25, 12.5]  # timer K is T4, 5 s
