"""How a benchmark's result is printed."""

import json

from tandem.gateway.bench.show import show

RESULT = {"calls": 1200, "core_percent": 16.5, "spare": 2.0, "post_dial_delay_ms": {"p50": 1.25, "p99": 9}, "law": "A"}


def test_json(capsys):
    show(RESULT, as_json=True)
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert json.loads(out) == RESULT


def test_text(capsys):
    show(RESULT, as_json=False)
    assert capsys.readouterr().out.splitlines() == [
        "calls                   1,200",
        "core percent            16.5",
        "spare                   2",
        "post dial delay ms p50  1.25",
        "post dial delay ms p99  9",
        "law                     A",
    ]


def test_nothing(capsys):
    show({}, as_json=False)
    assert capsys.readouterr().out == ""


def test_large_round_numbers_keep_their_noughts(capsys):
    show({"rate": 200.0, "octets": 64000.0}, as_json=False)
    assert capsys.readouterr().out.splitlines() == ["rate    200", "octets  64,000"]
