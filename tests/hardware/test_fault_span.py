from __future__ import annotations

import numpy as np
import pytest
from support.spans import spec_pair

from tandem.core.errors import SpanError
from tandem.hardware.alarms import Alarm
from tandem.hardware.fault_span import parse_faults
from tandem.hardware.faults import Faults, LineFaults
from tandem.hardware.line import terminate
from tandem.hardware.registry import check_spec, innermost, open_span
from tandem.hardware.span import Framing, LineFormat

IDLE = np.full((8, 32), 0xD5, np.uint8)
E1, BASIC, ESF, SF = (LineFormat(framing) for framing in (Framing.CRC4, Framing.BASIC, Framing.ESF, Framing.SF))


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("fault:", "span=SPEC is missing"),
        ("fault:ber=1e-4", "span=SPEC is missing"),
        ("fault:ber=2,span=virtual:a", "from 0 to 0.5"),
        ("fault:ber=x,span=virtual:a", "from 0 to 0.5"),
        ("fault:loss=0.1,span=virtual:a", "of packets"),
        ("fault:los=5-3,span=virtual:a", "los=5-8"),
        ("fault:los=x,span=virtual:a", "los=5-8"),
        ("fault:ber=1e-4,during=6,during=7-6,span=virtual:a", "during"),
        ("fault:ber=1e-4,during=7-6,span=virtual:a", "during=5-8"),
        ("fault:noise=1,span=virtual:a", "unknown option"),
        ("fault:ber=1e-4,span=dahdi:1", "faults are made on"),
        ("fault:ber=1e-4,span=fault:span=virtual:a", "faults are made on"),
        ("fault:ber=1e-4,span=satop:listen=127.0.0.1:1", "peer missing"),
    ],
)
def test_wrong_specs_say_what_is_wrong(spec, told):
    with pytest.raises(SpanError, match="span '") as caught:
        check_spec(spec)
    assert told in str(caught.value)


def test_times_and_rates_are_read():
    body = "ber=1e-4,los=5-8+20,slip=3+4.5,jitter=5,during=9-,span=satop:listen=x,peer=y,frames=8"
    faults, inner = parse_faults("", body)
    assert faults.during == ((9.0, float("inf")),)
    assert (faults.ber, faults.jitter, faults.slips) == (1e-4, 0.005, (3.0, 4.5))
    assert faults.los == ((5.0, 8.0), (20.0, float("inf")))
    assert inner == "satop:listen=x,peer=y,frames=8"
    assert innermost(f"fault:ber=1e-4,span={inner}") == inner


class Line:
    """A line between a span with faults and one without, and what alarms came in the course of it."""

    def __init__(self, kind, faults, line=E1, options=""):
        one, other = spec_pair(kind, options)
        self.faulty, self.good = open_span(f"fault:{faults},span={one}", line), open_span(other, line)
        self.step = 0

    def run(self, seconds):
        seen = []
        for _ in range(round(seconds * 1000)):
            now = self.step / 1000
            self.faulty.write(IDLE, now)
            self.good.write(IDLE, now)
            self.good.read(now)
            self.faulty.read(now)
            seen.append((self.good.alarms(), self.faulty.alarms()))
            self.step += 1
        return seen

    def close(self):
        self.faulty.close()
        self.good.close()


FORMATS = [("virtual", E1), ("virtual", BASIC), ("virtual", ESF), ("virtual", SF), ("satop", E1), ("cesopsn", E1)]
#: Fault, kind of line, format; alarm at the end that receives, and at the one that sends the fault (G.732 table 2).
ALARMS = [
    *(("los=0.3-0.6", *line, Alarm.LOS, Alarm.RAI) for line in FORMATS),
    *(("ais=0.3-0.6", *line, Alarm.AIS, Alarm.RAI) for line in FORMATS[:5]),
    *(("rai=0.3-0.6", *line, Alarm.RAI, None) for line in FORMATS),
    *(("ber=0.5", *line, Alarm.LFA, Alarm.RAI) for line in FORMATS[:5]),
    *(("ber=0.5,during=0.3-0.6", *line, Alarm.LFA, Alarm.RAI) for line in FORMATS[:5]),
    *(("loss=1,during=0.3-0.6", *line, Alarm.LOS, Alarm.RAI) for line in FORMATS[4:]),
]


@pytest.mark.parametrize(("fault", "kind", "line", "near", "far"), ALARMS, ids=str)
def test_each_fault_is_its_alarm_here_and_there_and_goes_with_it(fault, kind, line, near, far):
    both = Line(kind, fault, line)
    seen = both.run(0.6)
    assert seen[-1] == ({near}, {far} if far else set())
    if "0.3" in fault:
        assert seen[295] == (set(), set())
        assert both.run(0.3)[-1] == (set(), set())
    both.close()


def parity(bits, period):
    """Share of words without a syndrome, of a code whose dual words have half of `bits` ones: 1 in the power of two."""
    return lambda ber: 1 - (1 + period * (1 - 2 * ber) ** (bits * (period + 1) / 2 / period)) / (period + 1)


CRC4 = parity(2048, 15)
"""x^4+x+1 divides x^15+1, so its dual words repeat after 15 bits, with 8 ones in them: a block of 2044 bits, and 4."""
CRC6 = parity(4614, 63)


@pytest.mark.parametrize(
    ("line", "ber", "seconds"),
    [
        (E1, 1e-3, 10),
        (E1, 1e-4, 10),
        (E1, 1e-5, 20),
        (E1, 1e-6, 60),
        (ESF, 1e-4, 20),
        (ESF, 1e-5, 20),
        (ESF, 1e-6, 60),
    ],
    ids=str,
)
def test_random_bit_errors_are_detected_as_often_as_theory_says(line, ber, seconds):
    """In blocks with CRC errors and in frame alignment signals, within four standard deviations."""
    framer, deframer = terminate(line), terminate(line)
    faults = LineFaults(Faults(ber=ber, seed=5), framer.frame_bits)
    frames = np.full((2400, 32), 0xD5, np.uint8)
    for step in range(2):
        deframer.receive(framer.transmit(frames), step * 0.3)
    before = deframer.counters()
    for step in range(round(seconds / 0.3)):
        deframer.receive(faults.spoil(framer.transmit(frames), 0.0), 1 + step * 0.3)
    now = deframer.counters()
    grown = {name: now[name] - before[name] for name in now}
    assert grown["alignment_losses"] == 0
    if line is E1:
        told = [
            ("crc4_errors", grown["frames_in"] / 8, CRC4(ber)),
            ("fas_errors", grown["frames_in"] / 2, 1 - (1 - ber) ** 7),
        ]
    else:
        told = [("crc6_errors", grown["frames_in"] / 24, CRC6(ber)), ("framing_errors", grown["frames_in"] / 4, ber)]
    for name, blocks, probability in told:
        expected = blocks * probability
        assert abs(grown[name] - expected) <= 4 * (expected * (1 - probability)) ** 0.5 + 1, (
            name,
            grown[name],
            expected,
        )


def test_bit_errors_are_crc_errors_here_and_e_bits_there():
    both = Line("virtual", "ber=1e-5")
    both.run(3.0)
    near, far = both.good.counters(), both.faulty.counters()
    assert near["crc4_errors"] > 20
    assert abs(near["crc4_errors"] - far["far_end_errors"]) < 10
    assert far["fault_bit_errors"] > near["crc4_errors"] * 0.7
    both.close()


def test_lost_and_late_packets_are_counted_and_no_alarm():
    both = Line("satop", "loss=0.01,jitter=1.5")
    both.run(2.0)
    counters = both.good.counters()
    lost = both.faulty.counters()["fault_packets_lost"]
    assert lost > 5
    assert abs(counters["packets_lost"] - lost) <= 3
    assert counters["packets_reordered"] > 100
    assert both.good.alarms() == set()
    both.close()


@pytest.mark.parametrize(("options", "adapts"), [("", True), (",jitter=2", False)])
def test_the_depth_follows_the_jitter_unless_it_is_fixed(options, adapts):
    """Up to 10 ms late: ten packets of 1 ms overtake one. The first of them are lost, and teach how long to wait."""
    both = Line("satop", "jitter=10,during=0.5-4", options=options)
    both.run(1.0)
    before = both.good.counters()
    both.run(3.0)
    after = both.good.counters()
    lost = after["packets_lost"] - before["packets_lost"]
    assert bool(both.good.alarms()) is not adapts
    assert (8 <= after["reorder_depth"] <= 11) if adapts else after["reorder_depth"] == 2
    assert lost == 0 if adapts else lost > 1000
    both.run(1.0)
    assert both.good.alarms() == set()
    both.close()


def test_a_slip_of_the_line_is_a_loss_of_alignment_and_no_alarm():
    both = Line("virtual", "slip=1")
    both.run(1.5)
    assert both.faulty.counters()["fault_slips"] == 1
    assert both.good.counters()["alignment_losses"] == 1
    assert both.good.alarms() == both.faulty.alarms() == set()
    both.close()
