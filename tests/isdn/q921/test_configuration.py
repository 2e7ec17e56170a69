"""Parameters: defaults of Q.921 5.9 and what is refused."""

import pytest

from tandem.core.errors import ConfigurationError
from tandem.isdn.q921.configuration import LinkConfiguration


def test_defaults():
    """5.9 for a primary-rate line."""
    configuration = LinkConfiguration(network=True)
    assert (configuration.t200, configuration.t203) == (1.0, 10.0)
    assert (configuration.n200, configuration.n201, configuration.window) == (3, 260, 7)
    assert (configuration.sapi, configuration.tei) == (0, 0)


@pytest.mark.parametrize(
    "options",
    [
        {"sapi": 64},
        {"sapi": -1},
        {"tei": 127},
        {"window": 0},
        {"window": 128},
        {"n200": 0},
        {"n201": 0},
        {"t200": 0.0},
        {"t203": 1.0},
        {"send_queue": 6},
    ],
    ids=str,
)
def test_refused(options):
    with pytest.raises(ConfigurationError, match=next(iter(options))):
        LinkConfiguration(network=False, **options)
