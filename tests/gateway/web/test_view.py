"""What the page shows."""

import msgspec
from support.call_records import record
from support.operator_desk import talk
from support.web_bench import WebBench

from tandem.gateway.web.view import FAILURES


def shown(bench):
    return msgspec.json.decode(msgspec.json.encode(bench.view.snapshot(bench.now, bench.wall, True)))


def test_everything_is_there_and_is_json():
    view = shown(WebBench().up())
    assert view["node"] == "A"
    assert {circuit["kind"] for circuit in view["circuits"]} == {"idle"}
    assert len(view["circuits"]) == 30
    assert [span["name"] for span in view["spans"]] == ["e1"]
    assert view["calls"] == view["failures"] == view["alarms"] == []
    assert view["changes"]


def test_a_call_has_a_ladder_in_the_words_of_both_its_sides():
    bench = WebBench().up()
    talk(bench)
    (call,) = shown(bench)["calls"]
    assert call["state"] == "active"
    steps = [(step["in"], step["out"], step["forward"]) for step in call["ladder"]]
    assert steps[0] == ("INVITE", "IAM", True)
    assert steps[-1] == ("200", "ANM", False)
    assert [step["time"] for step in call["ladder"]] == sorted(step["time"] for step in call["ladder"])
    busy = [circuit for circuit in shown(bench)["circuits"] if circuit["kind"] == "busy"]
    assert [circuit["call"] for circuit in busy] == [call["id"]]


def test_a_blocked_circuit():
    bench = WebBench().up()
    bench.ask("circuit block pstn 3")
    bench.run(1)
    kinds = {circuit["circuit"]: circuit["kind"] for circuit in shown(bench)["circuits"]}
    assert kinds["3"] == "blocked"
    assert kinds["4"] == "idle"


def test_a_circuit_that_is_blocked_under_a_call_shows_both():
    bench = WebBench().up()
    talk(bench)
    (busy,) = [circuit for circuit in shown(bench)["circuits"] if circuit["kind"] == "busy"]
    bench.ask(f"circuit block pstn {busy['circuit']}")
    bench.run(1)
    kinds = {circuit["circuit"]: circuit["kind"] for circuit in shown(bench)["circuits"]}
    assert kinds[busy["circuit"]] == "closing"


def test_the_ladder_of_a_call_of_an_application_has_no_words_of_sip_on_its_side():
    bench = WebBench(more='[[route]]\ntrunk = ["pstn"]\nactions = ["answer", "park"]').up()
    bench.ask("originate isup/pstn/1 &park")
    bench.run(1)
    (call,) = shown(bench)["calls"]
    step = call["ladder"][0]
    assert (step["in"], step["out"]) == ("call", "IAM")


def test_failures_are_the_latest_first_and_counted_by_cause():
    bench = WebBench()
    for number in range(FAILURES + 5):
        one = record(number)
        one.result, one.cause = "failed", 17 if number % 2 else 34
        bench.view.record(one)
    bench.view.record(record(1000))
    view = shown(bench)
    assert len(view["failures"]) == FAILURES
    assert view["failures"][0]["cause"] == 34
    assert sum(cause["count"] for cause in view["causes"]) == FAILURES + 5
    assert view["causes"][0]["cause"] == 34
    assert view["causes"][0]["name"]
