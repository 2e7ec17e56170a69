"""States of destinations by association."""

from tandem.ss7.sigtran.m3ua_destinations import DestinationState, DestinationTable


def test_the_best_ways_are_taken():
    table = DestinationTable()
    assert table.best(["x", "y"], 1) == ["x", "y"]
    table.set("x", 1, DestinationState.RESTRICTED)
    assert table.best(["x", "y"], 1) == ["y"]
    table.set("y", 1, DestinationState.UNAVAILABLE)
    assert table.best(["x", "y"], 1) == ["x"]
    table.set("x", 1, DestinationState.UNAVAILABLE)
    assert table.best(["x", "y"], 1) == []
    assert table.best(["x", "y"], 2) == ["x", "y"]
    assert table.best([], 1) == []


def test_what_an_association_said_is_forgotten_with_it():
    table = DestinationTable()
    table.set("x", 1, DestinationState.UNAVAILABLE)
    table.set("y", 2, DestinationState.RESTRICTED)
    assert table.not_available("x") == [1]
    table.forget("x")
    assert table.state("x", 1) is DestinationState.AVAILABLE
    assert table.not_available("y") == [2]
    table.set("y", 2, DestinationState.AVAILABLE)
    assert table.not_available("y") == []


def test_news_are_told_once():
    table = DestinationTable()
    assert table.tell(1, False)
    assert not table.tell(1, False)
    assert table.tell(1, True)
    assert table.told(1)
    assert not table.told(2)
