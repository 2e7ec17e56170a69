"""The base of all tables."""

import msgspec
import pytest

from tandem.gateway.configuration.table import CauseValue, Port, Seconds, Table, TimerSeconds, Timeslot


class Sample(Table):
    cause: CauseValue = 16
    port: Port = 5060
    wait: Seconds = 0.0
    timer: TimerSeconds = 1.0
    timeslot: Timeslot = 16


@pytest.mark.parametrize(
    "wrong",
    [{"other": 1}, {"cause": 0}, {"cause": 128}, {"port": 80}, {"wait": -1}, {"timer": 0}, {"timeslot": 0}],
    ids=str,
)
def test_what_a_table_refuses(wrong):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, Sample)


def test_what_it_takes():
    right = {"cause": 127, "port": 65535, "wait": 0, "timer": 0.1, "timeslot": 31}
    assert msgspec.to_builtins(msgspec.convert(right, Sample)) == right
