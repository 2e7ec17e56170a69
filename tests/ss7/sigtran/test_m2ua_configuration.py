"""Configuration of an M2UA application server."""

import pytest

from tandem.core.errors import ConfigurationError
from tandem.ss7.sigtran.m2ua_configuration import M2uaServer


@pytest.mark.parametrize("interfaces", [[], [1, 1], [1 << 32], [-1], [""], ["x" * 256]])
def test_mistakes(interfaces):
    with pytest.raises(ConfigurationError):
        M2uaServer(name="s", associations=["x"], interfaces=interfaces)


def test_numbers_and_texts():
    assert M2uaServer(name="s", associations=["x"], interfaces=[1, "one"]).interfaces == (1, "one")
