"""Timeslots, circuits and linksets have one user each; timers are those of the protocols."""

from dataclasses import fields

import pytest
from support.configurations import CIRCUITS, SS7, WHOLE

from tandem.core.errors import ConfigurationError
from tandem.gateway.configuration.check_ss7 import ISUP_TIMERS, SS7_TIMERS, Usage, check_circuit_trunk, highest_cic
from tandem.gateway.configuration.load import parse
from tandem.gateway.configuration.schema import Circuits, Configuration, IsupTrunk, Link, Linkset, Span, Ss7
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


def test_a_t1_has_24_timeslots():
    usage = Usage({"t1": 24})
    assert list(usage.timeslots("a", "t1", [1, 24], "trunk 'x'")) == []
    assert list(usage.timeslots("a", "t1", [24, 25], "trunk 'x'")) == [
        ("a", "span 't1' is a T1 and has no timeslot 25; its timeslots are 1-24")
    ]


def test_point_codes_compare_as_numbers():
    """2-1-3 is 2 * 2048 + 1 * 8 + 3."""
    text = (SS7 + CIRCUITS).replace('peer_point_code = "2-1-3"', 'peer_point_code = "4107"')
    configuration = parse(text)
    assert list(check_circuit_trunk("trunk[0]", configuration.trunk[0], configuration, Usage())) == []


def refused(old: str, new: str) -> str:
    text = WHOLE.replace(old, new, 1)
    assert text != WHOLE
    with pytest.raises(ConfigurationError) as refusal:
        parse(text)
    return str(refusal.value)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("restart_wait = 1", 'restart = "trw"', "TRW is of ANSI"),
        ("timeslot = 16", "timeslot = 16\nlevel2 = { n3 = 1 }", "did you mean 'n2'"),
        ("[[ss7.linkset]]", "[ss7]\nsls_rotation = 4\n[[ss7.linkset]]", "4 is not known here; write one of"),
        ("[[ss7.linkset]]", "[ss7]\nsls_rotation = '5'\n[[ss7.linkset]]", "must be a whole number"),
        ("timeslot = 16", "timeslot = 16\nlevel2 = { window = 1 }", "level2.window: not of this kind of link"),
        ("timeslot = 16", "timeslot = 16\nlevel2 = { max_sif = 1 }", "max_sif 1: must be 2 to 272"),
        ("timeslot = 16", "timeslot = 16\nlevel2 = { eim_threshold = 1 }", "goes with the format extended"),
        ("[[ss7.linkset]]", "[ss7]\nsls_rotation = 5\n[[ss7.linkset]]", "for ANSI networks"),
        ("[[ss7.linkset]]", "[ss7]\nroute_test = true\n[[ss7.linkset]]", "for Japanese networks"),
        ("[[ss7.linkset]]", "[ss7]\nrestricted = true\n[[ss7.linkset]]", "set `transfer` too"),
        ("[[ss7.linkset]]", "[sigtran]\ntimers = { beet = 1 }\n[[ss7.linkset]]", "did you mean 'beat'"),
    ],
)
def test_what_does_not_fit_the_variant_or_the_kind_of_link(old, new, says):
    assert says in refused(old, new)


def test_parameters_of_a_link_elsewhere_are_refused():
    wire = '[[association]]\nname = "w"\nlocal = "127.0.0.1:1"\npeer = "127.0.0.1:2904"\n[[ss7.linkset]]'
    text = WHOLE.replace("[[ss7.linkset]]", wire, 1)
    link = 'span = "e1"\n  timeslot = 17'
    assert link in text
    for more, says in (("interface = 1", "is at the signalling gateway"), ("", "not of this kind of link")):
        with pytest.raises(ConfigurationError, match=says):
            parse(text.replace(link, f'association = "w"\n{more}\nlevel2 = {{ n1 = 5 }}'))
    parse(text.replace(link, 'association = "w"\nlevel2 = { window = 5 }'))


@pytest.mark.parametrize(("variant", "highest"), [("itu", 4095), ("china", 4095), ("japan", 4095), ("ansi", 16383)])
def test_highest_cic(variant, highest):
    assert highest_cic(variant) == highest
    for cic in (highest, highest + 1):
        circuits = Circuits(span="e1", cic=str(cic), timeslots="1")
        trunk = IsupTrunk(name="t", linkset="l", circuits=[circuits])
        linkset = Linkset(name="l", point_code="1", adjacent_point_code="2", link=[Link()], variant=variant)
        configuration = Configuration(span=[Span(name="e1", device="virtual:x")], ss7=Ss7(linkset=[linkset]))
        problems = list(check_circuit_trunk("trunk[0]", trunk, configuration, Usage()))
        assert bool(problems) is (cic > highest)
