"""`show`."""

import json

import pytest
from support.operator_desk import DeskBench

BENCH = DeskBench().up()


@pytest.mark.parametrize(
    ("what", "count"),
    [
        ("channels", 0),
        ("calls", 0),
        ("registrations", 0),
        ("circuits", 30),
        ("spans", 1),
        ("links", 1),
        ("linksets", 1),
        ("destinations", 1),
        ("routes", 2),
        ("trunks", 2),
        ("gateways", 1),
    ],
)
def test_each_table_in_each_form(what, count):
    text = BENCH.ask(f"show {what}")
    assert text.endswith(f"\n{count} total.\n")
    assert len(text.splitlines()) == (count + 3 if count else 2)
    assert BENCH.ask(f"show {what} count") == f"\n{count} total.\n"
    assert json.loads(BENCH.ask(f"show {what} as json"))["row_count"] == count
    assert f'row_count="{count}"' in BENCH.ask(f"show {what} as xml")


def test_circuits_of_one_trunk():
    assert BENCH.ask("show circuits pstn count") == "\n30 total.\n"
    assert BENCH.ask("show circuits nobody").startswith("-ERR usage: show circuits")
    assert BENCH.ask("show spans e1").startswith("-ERR usage: show spans")
