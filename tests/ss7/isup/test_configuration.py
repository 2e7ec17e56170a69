import pytest

from tandem.core.errors import ConfigurationError
from tandem.ss7.isup.configuration import GroupConfiguration
from tandem.ss7.isup.variants import Variant


def group(**options):
    return GroupConfiguration(**{"name": "g", "own_point_code": 2, "peer_point_code": 1, "cics": (1, 2), **options})


@pytest.mark.parametrize(
    ("control", "own", "even", "odd"),
    [
        ("auto", 2, True, False),
        ("auto", 0, False, True),
        ("even", 0, True, False),
        ("odd", 2, False, True),
        ("all", 2, True, True),
        ("none", 2, False, False),
    ],
)
def test_control_of_circuits(control, own, even, odd):
    configuration = group(control=control, own_point_code=own)
    assert (configuration.controls(4), configuration.controls(5)) == (even, odd)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"cics": ()}, "no CICs"),
        ({"cics": (1, 1)}, "twice"),
        ({"cics": (4096,)}, "not in 0..4095"),
        ({"cics": (-1,)}, "not in 0"),
        ({"own_point_code": 1}, "auto"),
    ],
)
def test_wrong_groups_are_refused(options, text):
    with pytest.raises(ConfigurationError, match=text):
        group(**options)


def test_cic_width_follows_the_variant():
    assert group(cics=(16383,), variant=Variant.ANSI).cics == (16383,)
    assert group(own_point_code=1, control="even").controls(2)
