"""Commands about the running process."""

from support.operator_desk import DeskBench, talk
from support.sip_calls import place

from tandem.gateway.sip.primitives import IncomingInvite, Rejected


def test_a_pause_refuses_new_calls_and_leaves_those_that_are_up():
    bench = DeskBench().up()
    talk(bench)
    assert bench.ask("fsctl pause_check") == "false"
    assert bench.ask("fsctl pause") == "+OK\n"
    assert (bench.ask("fsctl pause_check"), bench.ask("fsctl ready_check")) == ("true", "false")
    offered = len(bench.events("b", IncomingInvite))
    place(bench)
    bench.run(1)
    assert len(bench.events("b", IncomingInvite)) == offered
    assert bench.events("a", Rejected)
    assert bench.records["A"][-1].diagnostic == "the operator wants a pause"
    assert len(bench.nodes["A"].control.calls) == 1
    assert bench.ask("fsctl resume") == "+OK\n"
    talk(bench)
    assert len(bench.nodes["A"].control.calls) == 2


def test_an_elegant_end_can_be_taken_back():
    bench = DeskBench().up()
    node = bench.nodes["A"]
    assert bench.ask("fsctl shutdown cancel").startswith("-ERR no elegant shutdown")
    assert bench.ask("fsctl shutdown elegant") == "+OK\n"
    assert bench.ask("fsctl shutdown_check") == "true"
    node.drain(bench.now)
    bench._drain("A")
    bench.run(1)
    assert all(view.blocking for view in bench.part("B").exchange.circuit_states("pstn").values())
    bench.ask("fsctl shutdown cancel")
    assert bench.host.asked == [("stop", "elegant"), ("stop", "cancel")]
    node.resume(bench.now)
    bench._drain("A")
    bench.run(1)
    assert not any(view.blocking for view in bench.part("B").exchange.circuit_states("pstn").values())
    talk(bench)


def test_ends():
    bench = DeskBench()
    for line in ("shutdown", "fsctl shutdown", "fsctl shutdown now", "fsctl shutdown asap"):
        assert bench.ask(line) == "+OK\n"
    assert bench.host.asked == [("stop", "now")] * 4


def test_log_level_by_name_and_number():
    bench = DeskBench()
    assert bench.ask("fsctl loglevel") == "+OK log level: info\n"
    assert bench.ask("fsctl loglevel 7") == "+OK log level: debug\n"
    assert bench.host.level == "debug"
    assert bench.ask("fsctl loglevel warning") == "+OK log level: warning\n"
    assert bench.ask("fsctl loglevel loud").startswith("-ERR no log level is named 'loud'")
    assert bench.ask("fsctl max_sessions") == "+OK max sessions: 512\n"
    assert bench.ask("fsctl dance").startswith("-ERR usage")


def test_reload():
    bench = DeskBench()
    bench.ask("reload dry_run")
    bench.ask("reload")
    bench.ask("reloadxml")
    assert bench.host.asked == [("reload", True), ("reload", False), ("reload", False)]
    assert bench.ask("reload now").startswith("-ERR usage")
    bench.host.leaving = True
    assert bench.ask("reload") == "-ERR nothing was changed\n"
    assert not bench.desk.table.is_change("reload dry_run")
    assert bench.desk.table.is_change("reload")


def test_traces_by_protocol():
    bench = DeskBench().up()
    assert bench.ask("trace start isup").startswith("+OK")
    assert "isup: true\n" in bench.ask("trace")
    talk(bench)
    heard = [line.text for _, name, line in bench.lines if name == "A" and line.subject.startswith("isup ")]
    assert any("IAM" in text for text in heard)
    bench.ask("trace stop isup")
    talk(bench)
    assert len(heard) == len([1 for _, name, line in bench.lines if name == "A" and line.subject.startswith("isup ")])
    assert bench.ask("trace start x25").startswith("-ERR no protocol is named 'x25'")


def test_capture():
    bench = DeskBench()
    assert bench.ask("capture start fault.pcapng") == "+OK goes to fault.pcapng\n"
    assert bench.host.asked == [("capture", "fault.pcapng")]
    assert bench.ask("capture") == "capturing: false\n"
    assert bench.ask("capture stop") == "+OK 0 packets\n"
