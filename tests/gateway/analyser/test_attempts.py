import numpy as np
import pytest

from tandem.gateway.analyser import attempts as module
from tandem.gateway.analyser.attempts import Attempt, Numbering, Table, outcome
from tandem.gateway.analyser.model import CallRecord, Message, Outcome, Protocol, Where


def record(**values):
    return CallRecord(**({"protocol": "isup", "id": "x", "outcome": "open", "start": 10.0} | values))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, Outcome.OPEN),
        ({"answered": 12.0}, Outcome.ANSWERED),
        ({"answered": 12.0, "released": 20.0, "cause": 38}, Outcome.ANSWERED),
        ({"released": 12.0, "released_by": "called", "cause": 17}, Outcome.BUSY),
        ({"released": 12.0, "released_by": "called", "cause": 19}, Outcome.NO_ANSWER),
        ({"released": 12.0, "released_by": "calling", "cause": 16}, Outcome.ABANDONED),
        ({"released": 12.0, "released_by": "calling", "cause": 102}, Outcome.FAILED),
        ({"released": 12.0, "released_by": "called", "cause": 21}, Outcome.REJECTED),
        ({"released": 12.0, "released_by": "called", "cause": 1}, Outcome.REJECTED),
        ({"released": 12.0, "released_by": "called", "cause": 34}, Outcome.FAILED),
        ({"released": 12.0, "released_by": "called", "cause": 3}, Outcome.FAILED),
    ],
)
def test_outcomes(values, expected):
    assert outcome(record(**values)) is expected


def test_a_reset_is_a_failure():
    assert outcome(record(answered=12.0), reset=True) is Outcome.FAILED


def test_times_that_follow():
    attempt = Attempt(record())
    attempt.alerted(13.0)
    attempt.alerted(14.0)
    attempt.answered(15.0)
    attempt.released(20.0, "called", 16)
    attempt.released(21.0, "calling", 31)
    found = attempt.finish()
    assert (found.post_dial_delay, found.duration, found.released_by, found.cause) == (3.0, 5.0, "called", 16)


def test_messages_are_bounded(monkeypatch):
    monkeypatch.setattr(module, "MOST_MESSAGES", 3)
    attempt = Attempt(record())
    for number in range(5):
        attempt.note(Message(number, 11.0, Protocol.ISUP, "INF", Where(), b""), True)
    assert (len(attempt.record.messages), attempt.unkept, attempt.last) == (3, 2, 11.0)


def test_what_was_released_is_given_out_after_a_while():
    done = []
    table = Table(done.append, patience=10)
    table.begin(1, record(id="one")).released(11.0, "calling", 16)
    table.begin(2, record(id="two", start=30.0))
    table.expire(15.0)
    assert not done
    table.expire(25.0)
    assert [found.id for found in done] == ["one"]
    assert len(table) == 1
    table.close()
    assert [found.id for found in done] == ["one", "two"]


def test_a_new_attempt_gives_out_the_one_before_it():
    done = []
    table = Table(done.append, patience=10)
    table.begin(1, record(id="one"))
    table.begin(1, record(id="two"))
    assert [found.id for found in done] == ["one"]


def test_attempts_are_bounded(monkeypatch):
    monkeypatch.setattr(module, "MOST_OPEN", 3)
    done = []
    table = Table(done.append, patience=10)
    for number in range(5):
        table.begin(number, record(id=str(number)))
    assert [found.id for found in done] == ["0", "1"]


def test_identities_count_on():
    numbering = Numbering()
    assert [numbering("isup"), numbering("sip")] == ["isup-1", "sip-2"]


def test_numbers_of_a_batch_follow_its_packets():
    numbering = Numbering()
    numbering.expect(np.array([2, 4, 9]), np.array([3, 10]))
    assert numbering("sip", 1) == "sip-1"
    assert numbering.of(0) == 2
    assert numbering("sip", 5) == "sip-5"
    assert numbering.of(2) == 6
    assert [numbers.tolist() for numbers in numbering.settle()] == [[2, 4, 6], [3, 7]]
    assert numbering("sip", 11) == "sip-8"
    assert [numbers.tolist() for numbers in numbering.settle()] == [[], []]
    assert numbering("sip", 12) == "sip-9"


@pytest.mark.parametrize(("after", "copy"), [(0.2, True), (-0.2, True), (0.7, False), (-4000.0, False)])
def test_a_copy_comes_at_nearly_the_same_time(after, copy):
    """Before the other, where two probes are not in the order of time; a clock that was set back makes none."""
    attempt = Attempt(record())
    octets, where = b"\1\0\x0c", Where(opc=1)
    messages = [Message(n, 5000.0 + n * after, Protocol.ISUP, "REL", where, octets) for n in range(2)]
    assert [attempt.is_copy(message) for message in messages] == [False, copy]
