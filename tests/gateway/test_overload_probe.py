"""How late the process is, as overload control hears it."""

from tandem.gateway.overload_probe import OverloadProbe
from tandem.gateway.sip.overload import SAMPLE_SECONDS, Overload
from tandem.gateway.sip.transport import BATCH


class Loop:
    """An event loop that does one thing at a time, as late as it is told."""

    def __init__(self):
        self.now = 100.0
        self.calls = []

    def time(self):
        return self.now

    def call_at(self, when, action):
        self.calls.append((when, action))

    def run(self, seconds, late=0.0):
        end = self.now + seconds
        while self.calls and self.calls[0][0] <= end:
            when, action = self.calls.pop(0)
            self.now = when + late
            action()
        self.now = max(self.now, end)


def started(bound=0.5):
    loop, overload, lines = Loop(), Overload(bound), []
    probe = OverloadProbe(loop, overload, lines.append)
    probe.start()
    return loop, overload, probe, lines


def test_a_loop_in_time():
    loop, overload, _, lines = started()
    loop.run(60)
    assert (overload.lateness, lines) == (0.0, [])


def test_a_late_loop():
    loop, overload, _, lines = started()
    loop.run(60, late=1.0)
    assert overload.lateness > 0.9
    loop.run(60)
    begin, end = lines
    assert (begin.level, begin.shape, end.level, end.shape) == ("warning", "!", "info", "=")
    assert overload.share == 0.0


def test_a_socket_that_is_never_empty():
    """The loop itself is in time, and what it reads has waited ever longer."""
    loop, overload, probe, _ = started()
    for _ in range(100):
        probe.took(7, BATCH, loop.now)
        loop.run(SAMPLE_SECONDS)
    assert overload.share > 0.5
    probe.took(7, BATCH - 1, loop.now)
    loop.run(10)
    assert overload.share == 0.0


def test_a_connection_on_which_ever_more_waits():
    """What is read in one go is as much as can be."""
    loop, overload, probe, _ = started()
    for _ in range(200):
        probe.streamed(7, True)
        loop.run(SAMPLE_SECONDS / 2)
    assert overload.share > 0.5
    probe.streamed(7, False)
    loop.run(10)
    assert overload.share == 0.0


def test_a_long_message_alone_is_no_backlog():
    loop, overload, probe, _ = started()
    probe.streamed(7, True)
    loop.run(60)
    assert overload.lateness < 0.01


def test_off():
    loop, _, _, _ = started(bound=0.0)
    assert loop.calls == []
