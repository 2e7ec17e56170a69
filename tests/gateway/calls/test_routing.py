"""Routing rules."""

from datetime import datetime

from tandem.gateway.calls.model import Nature, Number, Setup
from tandem.gateway.calls.routing import RoutingTable
from tandem.gateway.configuration.schema import Route

WORKDAY = datetime(2026, 3, 2, 12)


def attempts(routes, called, trunk="voip", calling=None, when=WORKDAY, nature=Nature.UNKNOWN):
    setup = Setup(Number(called, nature), Number(calling) if calling else None)
    return list(RoutingTable(routes).attempts(trunk, setup, when))


def test_trunks_are_tried_in_order_then_the_next_rule():
    routes = [Route(called="^0", to=["a", "b"]), Route(name="rest", to=["c"])]
    found = attempts(routes, "0123")
    assert [(attempt.route, attempt.trunk) for attempt in found] == [("route 1", "a"), ("route 1", "b"), ("rest", "c")]


def test_the_called_number_is_rewritten_by_the_groups():
    (attempt,) = attempts([Route(called=r"^0(\d+)$", set_called=r"\1", called_nature="national", to=["a"])], "030123")
    assert attempt.setup.called == Number("30123", Nature.NATIONAL)


def test_a_leading_plus_makes_a_number_international():
    (attempt,) = attempts([Route(called=r"^00(\d+)$", set_called=r"+\1", to=["a"])], "0049301")
    assert attempt.setup.called == Number("49301", Nature.INTERNATIONAL)


def test_international_numbers_match_with_their_plus():
    routes = [Route(called=r"^\+49(\d+)", set_called=r"0\1", to=["a"])]
    (attempt,) = attempts(routes, "49301", nature=Nature.INTERNATIONAL)
    assert attempt.setup.called == Number("0301", Nature.UNKNOWN)
    assert attempts(routes, "49301") == []


def test_calling_number_matches_and_is_set():
    routes = [Route(calling=r"^1(\d\d)$", set_calling=r"+4930\1", calling_nature="international", to=["a"])]
    (attempt,) = attempts(routes, "5", calling="123")
    assert attempt.setup.calling == Number("493023", Nature.INTERNATIONAL)
    assert attempts(routes, "5") == []


def test_a_calling_number_can_be_given_to_a_call_without_one():
    (attempt,) = attempts([Route(set_calling="4711", to=["a"])], "5")
    assert attempt.setup.calling == Number("4711")


def test_trunk_and_time_must_fit():
    routes = [Route(trunk=["pstn"], times="Mo-Fr 08:00-18:00", to=["a"])]
    assert len(attempts(routes, "5", trunk="pstn")) == 1
    assert attempts(routes, "5", trunk="voip") == []
    assert attempts(routes, "5", trunk="pstn", when=datetime(2026, 3, 1, 12)) == []


def test_an_empty_list_of_trunks_refuses():
    (attempt,) = attempts([Route(called="^0900", refuse_cause=53)], "0900123")
    assert (attempt.trunk, attempt.refuse_cause) == (None, 53)


def test_the_did_table_translates_and_may_name_the_trunk(tmp_path):
    table = tmp_path / "did.csv"
    table.write_text("4930100,100\n4930200,200,pbx2\n")
    routes = [Route(did_table=str(table), to=["pbx"])]
    assert [(a.trunk, a.setup.called.digits) for a in attempts(routes, "4930100")] == [("pbx", "100")]
    assert [(a.trunk, a.setup.called.digits) for a in attempts(routes, "4930200")] == [("pbx2", "200")]
    assert attempts(routes, "4930300") == []
    international = attempts(routes, "4930100", nature=Nature.INTERNATIONAL)
    assert international[0].setup.called == Number("100", Nature.UNKNOWN)


def test_a_route_may_end_at_actions_of_the_gateway():
    table = RoutingTable([Route(called=r"^0(\d+)$", actions=["answer", r"bridge sip/S/\1"])])
    (attempt,) = table.attempts("any", Setup(Number("0123")), datetime(2026, 1, 1))
    assert attempt.trunk == "application"
    assert [str(action) for action in attempt.actions] == ["answer()", "bridge(sip/S/123)"]


def test_whether_it_matters_when_a_call_comes():
    assert not RoutingTable([Route(to=["a"]), Route(called="^0", to=["b"])]).timed
    assert RoutingTable([Route(to=["a"]), Route(times="Mo-Fr 08:00-18:00", to=["b"])]).timed


def test_a_rule_that_looks_at_no_number_leaves_the_call_as_it_is():
    setup, when = Setup(Number("123"), Number("456")), datetime(2026, 1, 1, 9)
    (attempt,) = RoutingTable([Route(to=["a"], times="Mo-Fr 08:00-18:00")]).attempts("t", setup, when)
    assert (attempt.trunk, attempt.setup is setup) == ("a", True)
    (refused,) = RoutingTable([Route()]).attempts("t", setup, when)
    assert (refused.trunk, refused.refuse_cause) == (None, 21)
