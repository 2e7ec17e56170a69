"""SS7 links and D-channels on serial lines, up to the calls: carriers that go off, devices that go and come back.

The lines are pseudo-terminals with a cable between them, in virtual time; speech has lines of its own.
"""

from __future__ import annotations

import os
import select

import pytest
from support.cable import Cable
from support.line_bench import IsupLines, PriLines, answered, hang_up, results, told
from support.node_pair import LINKSET
from support.pri_bench import E1

from tandem.gateway.trunks.circuits import PERSISTENCE
from tandem.hardware import serial_line


class Modem:
    """A device as pyserial gives it, with a modem control line that a pseudo-terminal has not."""

    carrier = True

    def __init__(self, device):
        self._device = device

    def fileno(self):
        return self._device.fileno()

    def close(self):
        self._device.close()

    @property
    def cd(self):
        return type(self).carrier


class OnCable:
    """The bench on a cable; each end has its device by a name that stays the same."""

    def __init__(self, folder, **options):
        self.cable = Cable()
        self.names = [folder / f"tty{name}" for name in "AB"]
        self.plug()
        specs = tuple(f"serial:{name}{query}" for name, query in zip(self.names, QUERIES, strict=True))
        super().__init__(specs, span="com", **options)

    def plug(self):
        for name, path in zip(self.names, self.cable.paths, strict=True):
            name.unlink(missing_ok=True)
            name.symlink_to(path)

    def unplug(self):
        """Both devices go, as when a box of serial ports is switched off."""
        for name in self.names:
            name.unlink()
        self.cable.close()

    def plug_in(self):
        self.cable = Cable()
        self.plug()

    def carry(self):
        """All that was sent crosses: terminals take their time, which is not ours."""
        for end, name in enumerate("AB"):
            span = self.ends[name].span
            sent, self.sent = span.termination.octets_out, getattr(self, "sent", {"A": 0, "B": 0})
            due, self.sent[name] = sent - self.sent[name], sent
            while due > 0 and select.select([self.cable.masters[end]], [], [], 5)[0]:
                octets = os.read(self.cable.masters[end], 65536)
                due -= len(octets)
                os.write(self.cable.masters[1 - end], octets)
                other = self.ends["AB"[1 - end]].span
                if other.termination.present:
                    assert select.select([other.fileno()], [], [], 5)[0]

    def close(self):
        super().close()
        self.cable.close()


QUERIES = ("", "?carrier=dcd")
COM = '[[span]]\nname = "com"\ndevice = "virtual:com"\n'


class IsupOnSerial(OnCable, IsupLines):
    def __init__(self, folder):
        super().__init__(folder, ss7=COM + LINKSET.replace('span = "e1"', 'span = "com"'))


class PriOnSerial(OnCable, PriLines):
    def __init__(self, folder):
        super().__init__(folder, lines=COM + E1 + '  d_channel_span = "com"\n')


@pytest.fixture(params=[IsupOnSerial, PriOnSerial], ids=["MTP2 and ISUP", "Q.921 and PRI"])
def bench(request, tmp_path, monkeypatch):
    open_device = serial_line.open_device
    monkeypatch.setattr(serial_line, "open_device", lambda spec, parsed: Modem(open_device(spec, parsed)))
    monkeypatch.setattr(Modem, "carrier", True)
    bench = request.param(tmp_path)
    yield bench.up()
    bench.close()


def goes_on(bench, call):
    """All is in service, the call of before is there and ends in order, another one is answered."""
    bench.run(PERSISTENCE + 1.5)
    second = answered(bench, 2.0)
    assert second is not None
    for each in (call, second):
        hang_up(bench, each)
    bench.run(0.5)
    assert bench.all_idle()
    assert results(bench, "A") == results(bench, "B") == [("answered", 16)] * 2


def is_isup(bench):
    return isinstance(bench, IsupLines)


def test_calls_are_signalled_on_a_serial_line(bench):
    call = answered(bench, 1.0)
    assert call is not None
    goes_on(bench, call)
    for name in "AB":
        counters = bench.ends[name].span.counters()
        assert counters["frames_dropped"] == counters["reconnections"] == 0
        assert counters["octets_in"] > 200


def test_a_carrier_that_goes_off_is_los_and_the_signalling_fails_and_returns(bench, monkeypatch):
    call = answered(bench, 1.0)
    monkeypatch.setattr(Modem, "carrier", False)
    bench.run(PERSISTENCE + 0.5)
    assert (bench.alarms("A")[-1], bench.alarms("B")[-1]) == ("", "LOS")
    if is_isup(bench):
        assert "B" in told(bench, "link", "failed: too many errored signal units")
    else:
        assert told(bench, "D-channel", "data link lost") == {"B"}
    monkeypatch.setattr(Modem, "carrier", True)
    goes_on(bench, call)


def test_devices_that_are_unplugged_and_come_back(bench):
    call = answered(bench, 1.0)
    bench.run(0.2)  # the answer is acknowledged: only active calls outlive a data link (Q.931 5.8.9)
    bench.unplug()
    bench.run(PERSISTENCE + 0.5)
    assert bench.alarms("A")[-1] == bench.alarms("B")[-1] == "LOS"
    for name in "AB":
        assert bench.ends[name].span.termination.detail.endswith(
            f"tty{name}: not plugged in, or of another name: see tandem hardware"
        )
    if is_isup(bench):
        assert told(bench, "link", "failed") == {"A", "B"}
    else:
        assert told(bench, "D-channel", "data link lost") == {"A", "B"}
    bench.plug_in()
    goes_on(bench, call)
    assert [bench.ends[name].span.counters()["reconnections"] for name in "AB"] == [1, 1]
