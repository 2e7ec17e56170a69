"""Configuration of a group of D-channels."""

import pytest

from tandem.core.errors import ConfigurationError
from tandem.isdn.dchannel_primitives import GroupConfiguration
from tandem.isdn.q921 import LinkConfiguration

NETWORK, USER = LinkConfiguration(network=True), LinkConfiguration(network=False)


@pytest.mark.parametrize("links", [(), (USER,) * 3, (NETWORK, USER)], ids=["none", "three", "both sides"])
def test_refused(links):
    with pytest.raises(ConfigurationError, match="D-channels"):
        GroupConfiguration(links)


def test_defaults():
    """T321 of Q.931 table 9-1; no SERVICE messages."""
    configuration = GroupConfiguration((NETWORK, NETWORK))
    assert configuration.t321 == 30.0
    assert not configuration.service_messages
