"""Application servers of IUA."""

import pytest

from tandem.core.errors import ConfigurationError
from tandem.isdn.iua.configuration import IuaServer


def test_interfaces():
    assert IuaServer(name="s", associations=["x"], interfaces=[1, "two"]).interfaces == (1, "two")
    with pytest.raises(ConfigurationError, match="needs interfaces"):
        IuaServer(name="s", associations=["x"], interfaces=())
