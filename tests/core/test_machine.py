"""The machine contract."""

from tandem.core.machine import Machine
from tandem.core.timers import TimerTable


class Alarm:
    """The least machine: says `rung` when its one timer expires."""

    def __init__(self):
        self.timers = TimerTable()
        self.out = []

    def set(self, seconds: float, now: float) -> None:
        self.timers.start("ring", now + seconds)

    def next_deadline(self) -> float | None:
        return self.timers.next_deadline()

    def handle_timers(self, now: float) -> None:
        self.out += [f"rung at {now}" for _ in self.timers.expired(now)]

    def outputs(self) -> list[str]:
        out, self.out = self.out, []
        return out


def test_a_machine_is_driven_by_its_deadline():
    alarm = Alarm()
    machine: Machine[str] = alarm
    alarm.set(5.0, now=1.0)
    assert machine.next_deadline() == 6.0
    machine.handle_timers(6.0)
    assert machine.outputs() == ["rung at 6.0"]
    assert machine.outputs() == []
    assert machine.next_deadline() is None
