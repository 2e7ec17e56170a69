"""Faults of a line, and what becomes of them upwards: HDLC, MTP2 or Q.921, circuits or channels, calls.

What A sends is spoilt for a time, so B is the end that has the fault. ITU-T G.732 table 2 says who is told what, Q.703
10.2 when a link fails, Q.764 2.8.2 and Q.931 5.8.9 what calls do then.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from support.line_bench import STEP, IsupLines, PriLines, answered, faulty, hang_up, results, told

from tandem.gateway.trunks.circuits import PERSISTENCE

START, END = 1.6, 5.0
LASTS = f"{START:g}-{END:g}"


@dataclass(frozen=True)
class Expected:
    """What a fault is to do."""

    fault: str
    alarm: str = ""
    """At B."""
    remote: str = ""
    """At A."""
    mtp2: bool = True
    """Whether the signalling link stays in service; Q.921 does unless the alarm takes it down."""
    kind: str = "virtual"
    line: str = ""
    """Options of the spans."""
    step: float = STEP

    @property
    def blocks(self) -> bool:
        """Whether the alarm lasts for PERSISTENCE and makes the line useless."""
        return self.alarm in ("LOS", "AIS", "LFA")


FAULTS = {
    "LOS": Expected(f"los={LASTS}", "LOS", "RAI", mtp2=False),
    "AIS": Expected(f"ais={LASTS}", "AIS", "RAI", mtp2=False),
    "LFA": Expected(f"ber=0.5,during={LASTS}", "LFA", "RAI", mtp2=False),
    # The far end says that it does not hear us: it acts, we go on (G.732 table 2 knows no action but the alarm).
    "RAI": Expected(f"rai={LASTS}", "RAI"),
    # A FISU has 48 bits with its flag: one of 21 is errored, and one of 256 is what a link may have for long.
    # Shorter than the 4 s in which they become an alarm, which has its own test below.
    "bit errors 1e-3": Expected(f"ber=1e-3,during={START:g}-{START + 3:g}", mtp2=False),
    "bit errors 1e-5": Expected(f"ber=1e-5,during={LASTS}"),
    "slips": Expected(f"slip={START:g}+2+3+4"),
    "packet loss 0.2 %": Expected(f"loss=0.002,during={LASTS}", kind="satop"),
    "no packet": Expected(f"loss=1,during={LASTS}", "LOS", "RAI", mtp2=False, kind="satop"),
    # Of the first packets some are lost, until the buffer is as deep as it must be.
    "jitter": Expected(f"jitter=8,during={LASTS}", kind="satop", line=",frames=16", step=0.002),
}


@pytest.fixture
def begun(request):
    """A bench with a call in progress, at the beginning of the fault; the call, and what is expected."""
    cls, expected = request.param
    bench = cls(faulty(expected.fault, expected.kind, expected.line), step=expected.step)
    try:
        bench.up()
        call = answered(bench, 1.0)
        assert call is not None
        assert bench.now - bench.began < START
        bench.until(START)
        yield bench, call, expected
    finally:
        bench.close()


def benches(cls):
    return pytest.mark.parametrize("begun", [(cls, each) for each in FAULTS.values()], indirect=True, ids=list(FAULTS))


def during(bench, expected):
    """The fault lasts: alarms come and go at their times, at the right ends."""
    bench.until(START + PERSISTENCE + 0.3)
    alarms, remote = ["LOS", ""], ["LOS", ""]  # a line that comes up
    if expected.alarm:
        alarms.append(expected.alarm)
        assert START + 0.1 <= bench.told["B"][-1][0] <= START + 0.25
    if expected.remote:
        remote.append(expected.remote)
    assert (bench.alarms("A"), bench.alarms("B")) == (remote, alarms)


def after(bench, expected):
    """It is over: alarms are gone, everything is in service again, a call goes through, and no half-call is left."""
    bench.until(max(END + 0.2, bench.now - bench.began))
    assert bench.alarms("A")[-1] == bench.alarms("B")[-1] == ""
    bench.run_until(bench.all_idle, 6.0)
    call = answered(bench, 1.0)
    assert call is not None
    hang_up(bench, call)
    bench.run(0.5)
    assert bench.all_idle()


@pytest.mark.parametrize("begun", [(IsupLines, FAULTS["bit errors 1e-3"])], indirect=True)
def test_bit_errors_spoil_signal_units_and_fail_the_link_as_theory_says(begun):
    """Three octets, FCS and a flag, 48 bits, 1333 of them a second; a counter up to 64 that one of 256 units lowers."""
    bench, _, _ = begun
    before = bench.units["B"][1]
    bench.until(START + 0.8)
    share = 1 - (1 - 1e-3) ** 48
    expected = 0.8 * 64_000 / 48 * share
    assert abs(bench.units["B"][1] - before - expected) < 3 * expected**0.5
    bench.until(START + 2)
    failed = [moment for moment, name, line in bench.lines if name == "B" and "failed: too many errored" in line.text]
    rate = 64_000 / 48 * (share - 1 / 256)
    assert abs((failed[0] - bench.began - START) - 64 / rate) < 3 * 64**0.5 / rate


@benches(IsupLines)
def test_faults_through_mtp2_and_isup(begun):
    bench, call, expected = begun
    during(bench, expected)
    assert told(bench, "link", "failed: too many errored") == (set() if expected.mtp2 else {"B"})
    assert told(bench, "link", "failed: peer sends SIOS") == (set() if expected.mtp2 else {"A"})
    second = answered(bench, 2.0)
    assert (second is not None) is expected.mtp2
    if expected.blocks:
        # B releases what is on its circuits after 2.5 s, and tells A of them as soon as the link is back.
        bench.until(END + 1.2)
        assert told(bench, "trunk", "leave service") == {"A", "B"}
    else:
        assert told(bench, "trunk", "leave service") == set()
        for each in filter(None, (call, second)):
            hang_up(bench, each)
    after(bench, expected)
    no_circuit = [("failed", 34)] * (second is None)
    first = ("answered", 31 if expected.blocks else 16)
    others = [("answered", 16)] * (1 + (second is not None))
    assert results(bench, "A") == [*no_circuit, first, *others]
    assert results(bench, "B") == [first, *others]


@benches(PriLines)
def test_faults_through_q921_and_pri(begun):
    bench, call, expected = begun
    during(bench, expected)
    assert told(bench, "D-channel", "data link lost") == ({"B"} if expected.blocks else set())
    asked = bench.now
    # A hears B and does not know that B is deaf: SETUP is said again after T303, and by then the line may be back.
    second = answered(bench, 5.0)
    assert second is not None
    assert (bench.now - asked > END - START) is expected.blocks
    assert told(bench, "D-channel", "data link established") == {"A", "B"}
    assert results(bench, "A") == results(bench, "B") == [], "T309 keeps calls that are answered"
    for each in (call, second):
        hang_up(bench, each)
    after(bench, expected)
    assert results(bench, "A") == results(bench, "B") == [("answered", 16)] * 3


EXCESSIVE = (1.6, 10.0)
"""Bit errors that last for more than the 4 s in which they are told."""


@pytest.mark.parametrize("cls", [IsupLines, PriLines])
def test_bit_errors_that_last_take_the_line_out_of_service(cls):
    """1e-3 is an alarm as LFA is one (G.732): the far end is told, circuits and calls go the same way."""
    start, end = EXCESSIVE
    bench = cls(faulty(f"ber=1e-3,during={start}-{end}", "virtual", ""), step=STEP)
    try:
        bench.up()
        assert answered(bench, 1.0) is not None
        bench.until(start)
        bench.until(start + 4.9)
        assert (bench.alarms("A")[2:], bench.alarms("B")[2:]) == (["RAI"], ["EBER"])
        assert start + 3 < bench.told["B"][-1][0]
        raised = bench.told["B"][-1][0]
        bench.until(raised + PERSISTENCE - 0.3)
        out = ("trunk", "leave service") if cls is IsupLines else ("D-channel", "data link lost")
        assert "B" not in told(bench, *out)
        bench.until(raised + PERSISTENCE + 0.5)
        assert "B" in told(bench, *out)
        bench.until(end + 5.0)
        assert (bench.alarms("A")[2:], bench.alarms("B")[2:]) == (["RAI", ""], ["EBER", ""])
        assert end + 3 < bench.told["B"][-1][0]
        bench.run(12.0)
        call = answered(bench, 2.0)
        assert call is not None
        hang_up(bench, call)
    finally:
        bench.close()
