"""Configuration of an M2PA link."""

import pytest

from tandem.core.errors import ConfigurationError
from tandem.ss7.sigtran.m2pa_configuration import M2paConfiguration


@pytest.mark.parametrize(
    "settings",
    [
        {"window": 0},
        {"window": 1 << 23},
        {"max_sif": 1},
        {"ack_messages": 0},
        {"repeat": 0.0},
        {"congestion_onset": 10, "congestion_abatement": 10},
    ],
)
def test_mistakes(settings):
    with pytest.raises(ConfigurationError):
        M2paConfiguration("x", **settings)


def test_defaults_hold_together():
    configuration = M2paConfiguration("x")
    assert configuration.ack_delay < configuration.t7
    assert configuration.t4_emergency < configuration.t4_normal
