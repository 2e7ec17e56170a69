import pytest

from tandem.core.errors import ConfigurationError
from tandem.ss7.tup.configuration import GroupConfiguration


def test_defaults():
    group = GroupConfiguration("g", 2, 1, (1, 2))
    assert group.release_control == "calling"
    assert group.controls(2)
    assert not group.controls(1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"cics": ()},
        {"cics": (1, 1)},
        {"cics": (4096,)},
        {"cics": (-1,)},
        {"continuity_check": -1},
        {"own_point_code": 1},
    ],
)
def test_what_cannot_be(wrong):
    with pytest.raises(ConfigurationError, match="circuit group g"):
        GroupConfiguration(**({"name": "g", "own_point_code": 2, "peer_point_code": 1, "cics": (1,)} | wrong))
