"""What neighbours are told of destinations."""

import pytest

from tandem.core.timers import TimerTable
from tandem.ss7.mtp3.configuration import Route
from tandem.ss7.mtp3.reports import RouteReports, TellNeighbour
from tandem.ss7.mtp3.routes import RouteState, RouteTable
from tandem.ss7.mtp3.timers import Timer

ALLOWED, RESTRICTED, PROHIBITED = RouteState.ALLOWED, RouteState.RESTRICTED, RouteState.PROHIBITED
NEIGHBOURS = {"a": 1, "b": 2, "c": 3}


@pytest.fixture(params=[False, True])
def reports(request) -> RouteReports:
    """Destination 9 over b, else over c; the neighbours 1, 2 and 3 over a, b and c."""
    table = TimerTable()
    own = tuple(Route(code, name) for name, code in NEIGHBOURS.items())
    routes = RouteTable((*own, Route(9, "b", 0), Route(9, "c", 1)), 45.0, table)
    routes.start()
    for name in NEIGHBOURS:
        routes.linkset_running(name)
    return RouteReports(routes, NEIGHBOURS, 1.0, 60.0, request.param, table)


def test_the_neighbour_on_the_way_must_not_send_back(reports):
    assert reports.review(["a", "b", "c"], 0.0) == [TellNeighbour(PROHIBITED, 9, "b")]
    assert reports.review(["a", "b", "c"], 0.0) == []


def test_second_choice_and_none(reports):
    reports.review(NEIGHBOURS, 0.0)
    reports._routes.linkset_lost("b")
    assert reports.review(["a", "c"], 10.0) == [
        TellNeighbour(PROHIBITED, 2, "a"),
        TellNeighbour(PROHIBITED, 2, "c"),
        TellNeighbour(PROHIBITED, 9, "c"),
    ]
    expired = list(reports._timers.expired(70.0))
    assert expired == ([(Timer.T11, 9)] if reports._restricting else [])
    for _, dpc in expired:
        reports.second_choice_lasts(dpc)
    assert reports.review(["a", "c"], 70.0) == ([TellNeighbour(RESTRICTED, 9, "a")] if expired else [])
    reports._routes.linkset_lost("c")
    assert TellNeighbour(PROHIBITED, 9, "a") in reports.review(["a"], 80.0)
    reports._routes.linkset_running("b")
    assert TellNeighbour(ALLOWED, 9, "a") in reports.review(["a", "b"], 90.0)


def test_a_neighbour_that_restarts_takes_all_for_allowed(reports):
    reports.review(NEIGHBOURS, 0.0)
    assert reports.restart("b") == [TellNeighbour(PROHIBITED, 9, "b")]


def test_route_set_test(reports):
    assert reports.asked(9, "a", PROHIBITED) == [TellNeighbour(ALLOWED, 9, "a")]
    assert reports.asked(9, "b", PROHIBITED) == []
    assert reports.asked(9, "b", RESTRICTED) == [TellNeighbour(PROHIBITED, 9, "b")]


def test_misdirected_messages_are_answered_once_in_t8(reports):
    assert reports.misdirected(9, "b", 0.0) == [TellNeighbour(PROHIBITED, 9, "b")]
    assert reports.misdirected(9, "b", 0.5) == []
    assert list(reports._timers.expired(1.0))
    assert reports.misdirected(9, "b", 1.0) == [TellNeighbour(PROHIBITED, 9, "b")]
