"""The links of a linkset."""

from tandem.ss7.mtp3.configuration import Configuration, LinkConfiguration, LinksetConfiguration
from tandem.ss7.mtp3.link_management import LinkState
from tandem.ss7.mtp3.linkset import Linkset
from tandem.ss7.mtp3.node import SignallingPoint


def linkset(size=2) -> Linkset:
    links = [LinkConfiguration(10 + slc, slc) for slc in range(size)]
    node = SignallingPoint(Configuration(1, [LinksetConfiguration("a", 2, links)]))
    for link in node._links.values():
        link.state = LinkState.AVAILABLE
    return node._linksets["a"]


def test_carrier_prefers_the_link_itself_then_a_usable_one():
    links = linkset(3)
    assert links.carrier(2).slc == 2
    links.link(2).state = LinkState.WAITING
    links.link(0).inhibited = True
    assert links.carrier(2).slc == 1
    for link in links.links:
        link.state = LinkState.WAITING
    assert links.carrier(0) is None
