"""Orders and their audit."""

from support.operator_desk import WALL, DeskBench

from tandem.core.errors import TandemError
from tandem.gateway.operator.answer import Later
from tandem.gateway.operator.command import Command


def test_every_command_is_in_the_audit_and_changes_are_in_the_log():
    bench = DeskBench().up()
    bench.ask("status")
    bench.ask("circuit block pstn 3")
    bench.ask("nonsense")
    entries = [(entry[1], entry[2], entry[4]) for entry in bench.audit]
    assert entries == [
        ("tester", "status", False),
        ("tester", "circuit block pstn 3", True),
        ("tester", "nonsense", False),
    ]
    assert bench.audit[0][0] >= WALL
    logged = [line for _, name, line in bench.lines if line.subject == "operator tester"]
    assert [line.level for line in logged] == ["debug", "info", "debug"]
    assert logged[1].text == "circuit block pstn 3: +OK block 1 circuit(s) of pstn"


def test_what_an_order_means_reaches_the_peer():
    bench = DeskBench().up()
    bench.ask("circuit block pstn 3")
    bench.run(1)
    states = bench.nodes["B"].isup.exchange.circuit_states("pstn")
    assert states[3].blocking
    assert not states[4].blocking


def test_an_answer_that_comes_later_is_in_the_audit_when_it_is_there():
    bench, later = DeskBench(), Later()
    bench.desk.table.add(Command("wait", "", "", lambda _, words: later))
    assert bench.ask("wait") is None
    assert bench.audit == []
    later.finish("+OK done")
    assert bench.audit[0][2:4] == ("wait", "+OK done")


def test_what_a_machine_refuses_is_an_answer():
    def fail(context, words):
        raise TandemError("the machine will not")

    bench = DeskBench()
    bench.desk.table.add(Command("fail", "", "", fail))
    assert bench.ask("fail") == "-ERR the machine will not\n"


def test_read_only():
    bench = DeskBench().up()
    assert bench.ask("circuit block pstn", read_only=True).startswith("-ERR")
    assert bench.ask("show circuits pstn count", read_only=True) == "\n30 total.\n"
