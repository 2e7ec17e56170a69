"""Load sharing by SLS."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.ss7.mtp3.configuration import Configuration, LinkConfiguration, LinksetConfiguration
from tandem.ss7.mtp3.link_management import LinkState
from tandem.ss7.mtp3.node import SignallingPoint
from tandem.ss7.mtp3.routing import Router, share


def point(*sizes: int, routes=()) -> SignallingPoint:
    """Linksets 0, 1 … to point codes 2, 3 … with so many links, all up; links are numbered through."""
    linksets, number = [], 0
    for index, size in enumerate(sizes):
        links = [LinkConfiguration(number + slc, slc) for slc in range(size)]
        linksets.append(LinksetConfiguration(str(index), 2 + index, links))
        number += size
    node = SignallingPoint(Configuration(1, linksets, routes=routes))
    for link in node._links.values():
        link.state = LinkState.AVAILABLE
    for linkset in linksets:
        node._routes.linkset_running(linkset.name)
    return node


def spread(router: Router, dpc: int) -> list[int | None]:
    router.invalidate()
    return [router.link(dpc, sls) for sls in range(16)]


@pytest.mark.parametrize("size", [1, 2, 3, 4, 8, 16])
def test_links_share_the_load(size):
    loads = Counter(spread(point(size)._traffic.router, 2))
    assert set(loads) == set(range(size))
    assert max(loads.values()) - min(loads.values()) <= 1


@given(size=st.integers(1, 16), broken=st.sets(st.integers(0, 15)))
def test_only_the_traffic_of_failed_links_moves(size, broken):
    node = point(size)
    before = spread(node._traffic.router, 2)
    for link in broken & set(range(size)):
        node._links[link].state = LinkState.ALIGNING
    after = spread(node._traffic.router, 2)
    if broken >= set(range(size)):
        assert after == [None] * 16
        return
    for old, new in zip(before, after, strict=True):
        assert new not in broken
        assert new == old or old in broken


def test_traffic_of_a_failed_link_is_spread_over_the_rest():
    node = point(4)
    node._links[1].state = LinkState.ALIGNING
    moved = [new for sls, new in enumerate(spread(node._traffic.router, 2)) if sls % 4 == 1]
    assert set(moved) == {0, 2, 3}


def test_linksets_of_one_priority_share_and_their_links_too():
    node = point(2, 2, routes=[(9, "0", 1), (9, "1", 1)])
    loads = Counter(spread(node._traffic.router, 9))
    assert loads == {0: 4, 1: 4, 2: 4, 3: 4}


def test_lost_linkset_leaves_the_other_in_place():
    node = point(2, 2, routes=[(9, "0", 1), (9, "1", 1)])
    before = spread(node._traffic.router, 9)
    node._routes.linkset_lost("0")
    after = spread(node._traffic.router, 9)
    assert all(new == old for old, new in zip(before, after, strict=True) if old in (2, 3))
    assert set(after) == {2, 3}


def test_unknown_destination():
    assert point(1)._traffic.router.link(77, 0) is None


def test_sharing_nothing():
    assert share([], lambda choice: True, 3) is None
    assert share([1, 2], lambda choice: False, 3) is None
