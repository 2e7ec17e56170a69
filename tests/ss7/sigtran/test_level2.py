"""All signalling links have one interface."""

import inspect

import pytest

from tandem.ss7.mtp2.link import SignallingLink
from tandem.ss7.sigtran.level2 import Level2
from tandem.ss7.sigtran.m2pa import M2paLink
from tandem.ss7.sigtran.m2ua_links import M2uaLink


@pytest.mark.parametrize("cls", [SignallingLink, M2paLink, M2uaLink])
def test_requests_are_the_same(cls):
    for name, member in vars(Level2).items():
        if inspect.isfunction(member) and not name.startswith("_"):
            assert list(inspect.signature(getattr(cls, name)).parameters) == list(inspect.signature(member).parameters)
