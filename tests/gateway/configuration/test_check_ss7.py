"""Timeslots, circuits and linksets have one user each; timers are those of the protocols."""

from dataclasses import fields

from support.configurations import CIRCUITS, SS7

from tandem.gateway.configuration.check_ss7 import ISUP_TIMERS, SS7_TIMERS, Usage, check_isup_trunk
from tandem.gateway.configuration.load import parse
from tandem.ss7.mtp3.configuration import Timers


def test_the_timers_of_level_3_are_all_named():
    of_q704 = {f"q704_{field.name}" for field in fields(Timers) if not field.name.startswith("test_")}
    of_q707 = {f"q707_{field.name.removeprefix('test_')}" for field in fields(Timers) if field.name.startswith("test_")}
    assert of_q704 | of_q707 == {name for name in SS7_TIMERS if not name.startswith(("q703", "m2pa"))}


def test_the_timers_of_isup_are_those_that_the_exchange_runs():
    assert {"t1", "t7", "t9", "t35"} <= set(ISUP_TIMERS)


def test_a_timeslot_is_claimed_once():
    usage = Usage()
    assert list(usage.timeslots("a", "e1", [1, 2], "trunk 'x'")) == []
    assert list(usage.timeslots("b", "e2", [1, 2], "trunk 'y'")) == []
    assert list(usage.timeslots("c", "e1", [2, 3], "link 0")) == [
        ("c", "timeslot 2 of span 'e1' is already used by trunk 'x'")
    ]


def test_point_codes_compare_as_numbers():
    """2-1-3 is 2 * 2048 + 1 * 8 + 3."""
    text = (SS7 + CIRCUITS).replace('peer_point_code = "2-1-3"', 'peer_point_code = "4107"')
    configuration = parse(text)
    assert list(check_isup_trunk("trunk[0]", configuration.trunk[0], configuration, Usage())) == []
