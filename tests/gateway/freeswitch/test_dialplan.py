"""Extensions as routes: what is done must be what FreeSWITCH would have done."""

from datetime import datetime

import pytest
from support.freeswitch import write

from tandem.gateway.calls.model import Number, Setup
from tandem.gateway.calls.routing import RoutingTable
from tandem.gateway.configuration.schema import Route
from tandem.gateway.freeswitch import dialplan
from tandem.gateway.freeswitch.sip import Sip
from tandem.gateway.freeswitch.tree import Tree

MONDAY = datetime(2026, 1, 5, 12, 0)
SUNDAY = datetime(2026, 1, 4, 12, 0)


def read(folder, *extensions):
    text = '<include><context name="c">' + "\n".join(extensions) + "</context></include>"
    blocks, left = dialplan.read(Tree(write(folder, {"a.xml": text})), Sip(contexts={"c": ["t"]}, users={"1": "1"}))
    return [block.values for block in blocks if block.header], [str(one) for one in left]


def extension(*conditions, name="e", more=""):
    return f'<extension name="{name}" {more}>{"".join(conditions)}</extension>'


def condition(attributes, *actions, anti=()):
    inside = "".join(f'<action application="set" data="did={text}"/>' for text in actions)
    inside += "".join(f'<anti-action application="set" data="did={text}"/>' for text in anti)
    return f"<condition {attributes}>{inside}</condition>"


def called(expression, more=""):
    return f'field="destination_number" expression="{expression}" {more}'


def done(routes, number, when=MONDAY, calling=""):
    """What the first route that matches does."""
    table = RoutingTable([Route(**values) for values in routes])
    setup = Setup(Number(number), Number(calling) if calling else None)
    attempt = next(table.attempts("t", setup, when), None)
    return None if attempt is None else [action.data.removeprefix("did=") for action in attempt.actions]


def test_conditions_hold_together(tmp_path):
    both = extension(condition('field="caller_id_number" expression="^5"'), condition(called("^(1.)$"), "$1"))
    routes, left = read(tmp_path, both, extension(condition("", "rest")))
    assert left == []
    assert done(routes, "12", calling="55") == ["12"]
    assert done(routes, "12") == ["rest"]
    assert done(routes, "2", calling="55") == ["rest"]


def test_what_is_done_where_a_condition_does_not_hold(tmp_path):
    routes, left = read(
        tmp_path, extension(condition(called("^1"), "one"), condition('wday="2-6"', "open", anti=["closed"]))
    )
    assert left == []
    assert done(routes, "1") == ["one", "open"]
    assert done(routes, "1", SUNDAY) == ["one", "closed"]
    assert done(routes, "2") is None


def test_breaks(tmp_path):
    one = condition(called("^1", 'break="never"'), "a", anti=["not a"])
    two = condition(called("^12", 'break="on-true"'), "b", anti=["not b"])
    routes, left = read(tmp_path, extension(one, two, condition("", "c")))
    assert left == ["a.xml:1: extension 'e': two different conditions on called at once"]
    two = condition('field="caller_id_number" expression="5" break="on-true"', "b", anti=["not b"])
    routes, left = read(tmp_path, extension(one, two, condition("", "c")))
    assert left == []
    assert done(routes, "1", calling="5") == ["a", "b"]
    assert done(routes, "1") == ["a", "not b", "c"]
    assert done(routes, "2", calling="5") == ["not a", "b"]
    assert done(routes, "2") == ["not a", "not b", "c"]


def test_what_only_an_excluding_route_could_do_is_not_carried_over(tmp_path):
    nothing = condition(called("^1"), anti=["other"])
    routes, left = read(tmp_path, extension(nothing))
    assert routes == []
    assert "needs a route that excludes it" in left[0]


def test_in_passing(tmp_path):
    first = extension(condition("", "x"), more='continue="true"')
    other = extension(condition(called("1"), "y"), more='continue="true"')
    routes, left = read(tmp_path, first, other, extension(condition(called("1"), "z")))
    assert done(routes, "1") == ["x", "z"]
    assert "under a condition: a call takes one route" in left[0]


@pytest.mark.parametrize(
    ("attributes", "times"),
    [
        ('wday="2-6" hour="8-17"', "Mo-Fr 08:00-18:00"),
        ('wday="1,7"', "Su, Sa"),
        ('wday="mon-fri" time-of-day="08:30-12:00,13:00:00-17:00:00"', "Mo-Fr 08:30-12:00, Mo-Fr 13:00-17:00"),
        ('minute-of-day="1-60"', "00:00-01:00"),
        ('hour="23"', "23:00-24:00"),
    ],
)
def test_times(tmp_path, attributes, times):
    routes, left = read(tmp_path, extension(condition(attributes, "x")))
    assert (routes[0]["times"], left) == (times, [])
    RoutingTable([Route(**routes[0])])


@pytest.mark.parametrize(
    ("conditions", "says"),
    [
        ([condition('field="network_addr" expression="^10"', "x")], "a condition on network_addr"),
        ([condition('field="${toll}" expression="x"', "x")], r"a condition on ${toll}"),
        ([condition(called("(?R)"), "x")], "is none of Python's"),
        ([condition('mday="1"', "x")], "a condition on mday"),
        ([condition('wday="9"', "x")], "wday '9'"),
        ([condition('hour="x"', "x")], "'x' is no number"),
        ([condition('time-of-day="8"', "x")], "time-of-day '8'"),
        ([condition('regex="all"', "x")], "with several expressions"),
        (["<condition><condition/></condition>"], "conditions in conditions"),
        ([], "it has no condition"),
        ([condition(called("1"), "x")] * 9, "more than 8 conditions"),
    ],
)
def test_an_extension_whose_condition_is_not_known_is_left_out(tmp_path, conditions, says):
    routes, left = read(tmp_path, extension(*conditions))
    assert routes == []
    (text,) = left
    assert says in text


def test_an_extension_of_which_nothing_is_left(tmp_path):
    speak = '<condition><action application="say" data="x"/></condition>'
    quiet = '<condition><action application="log" data="x"/></condition>'
    routes, left = read(tmp_path, extension(speak, name="s"), extension(quiet, name="q"), extension(name="n"))
    assert routes == []
    assert "extension 's': nothing of what it does is there" in left[1]
    assert len(left) == 4


def test_the_calling_number_by_its_variable_and_expressions_that_always_hold(tmp_path):
    routes, _ = read(tmp_path, extension(condition('field="${caller_id_number}" expression="^.*$"', "x")))
    assert done(routes, "1") == ["x"]
