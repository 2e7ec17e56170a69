"""What a configuration may say."""

import pytest

from tandem.core.errors import ConfigurationError
from tandem.ss7.mtp3.configuration import Configuration, LinkConfiguration, LinksetConfiguration, Route
from tandem.ss7.mtp3.label import Variant


def linkset(name="a", adjacent=2, links=((0, 0),)):
    return LinksetConfiguration(name, adjacent, [LinkConfiguration(*link) for link in links])


def test_adjacent_points_have_a_route_of_their_own():
    configuration = Configuration(1, [linkset(), linkset("b", 3, [(1, 0)])], routes=[(9, "a", 1), Route(3, "b", 5)])
    assert configuration.routes == (Route(2, "a"), Route(9, "a", 1), Route(3, "b", 5))
    assert configuration.users == {5}


@pytest.mark.parametrize(
    ("said", "arguments"),
    [
        ("link 0 is used twice", {"linksets": [linkset(), linkset("b", 3)]}),
        ("SLC in linkset a 0 is used twice", {"linksets": [linkset(links=[(0, 0), (1, 0)])]}),
        ("linkset name a is used twice", {"linksets": [linkset(), linkset(adjacent=3, links=[(1, 0)])]}),
        ("adjacent point code 2 is used twice", {"linksets": [linkset(), linkset("b", 2, [(1, 0)])]}),
        ("own point code", {"linksets": [linkset(adjacent=1)]}),
        ("point code 16384 is not within", {"linksets": [linkset(adjacent=16384)]}),
        ("SLC 16 of link 0", {"linksets": [linkset(links=[(0, 16)])]}),
        ("uses linkset 'x'", {"linksets": [linkset()], "routes": [(9, "x")]}),
        ("leads to this signalling point itself", {"linksets": [linkset()], "routes": [(1, "a")]}),
        ("network indicator 4", {"linksets": [linkset()], "network_indicator": 4}),
        ("must be 0, 5 or 8", {"linksets": [linkset()], "sls_rotation": 4, "variant": Variant.ANSI}),
        ("for ANSI networks", {"linksets": [linkset()], "sls_rotation": 5}),
        ("test pattern", {"linksets": [linkset()], "test_pattern": b""}),
    ],
)
def test_contradictions(said, arguments):
    with pytest.raises(ConfigurationError, match=said):
        Configuration(1, **arguments)


def test_wider_point_codes_where_the_variant_has_them():
    assert Configuration(1, [linkset(adjacent=0x0A141E)], variant=Variant.CHINA).linksets[0].adjacent_point_code
