"""Lines as an operator sees and tests them."""

import json

from support.operator_desk import DeskBench, talk

from tandem.gateway.media.protocol import LineTest


def row(bench):
    return json.loads(bench.ask("span e1 as json"))["rows"][0]


def ordered(bench):
    """What the media process was told to test."""
    return [one for one in bench.nodes["A"].control.media_commands if isinstance(one, LineTest)]


def test_a_line_with_free_circuits_is_not_looped():
    bench = DeskBench().up()
    text = "-ERR 30 circuit(s) of e1 could get a call; first: circuit block pstn\n"
    assert bench.ask("span loopback e1 on") == text
    talk(bench)
    assert bench.ask("span loopback e1 on").startswith("-ERR 1 call(s) are on e1; block its circuits")
    assert row(bench)["tests"] == ""


def test_a_line_out_of_use_is_looped_and_given_back():
    bench = DeskBench().up()
    bench.ask("circuit block pstn all")
    bench.run(1)
    told = []
    bench.desk.run("span loopback e1 on", "tester", told.append)
    assert told == ["+OK loopback of e1 on\n"]
    assert ordered(bench) == [LineTest("e1", loopback=True, remote_alarm=False)]
    assert row(bench)["tests"] == "loopback"
    bench.desk.run("span alarm e1 on", "tester", told.append)
    assert ordered(bench)[-1] == LineTest("e1", loopback=True, remote_alarm=True)
    assert row(bench)["tests"] == "loopback + remote alarm"
    bench.desk.run("span loopback e1 off", "tester", told.append)
    assert ordered(bench)[-1] == LineTest("e1", loopback=False, remote_alarm=True)
    bench.desk.run("span alarm e1 off", "tester", told.append)
    assert row(bench)["tests"] == ""


def test_mistakes():
    bench = DeskBench().up()
    assert bench.ask("span nowhere").startswith("-ERR no span is named 'nowhere'")
    assert bench.ask("span alarm nowhere on").startswith("-ERR no span is named 'nowhere'")
    assert bench.ask("span alarm e1 maybe") == "-ERR usage: span alarm NAME on|off\n"
    assert bench.ask("span loopback e1").startswith("-ERR usage: span loopback NAME on|off")


def test_what_completes():
    bench = DeskBench()
    assert "[                  e1]" in bench.ask("console_complete span loopback e")
    assert "off]" in bench.ask("console_complete span alarm e1 o")
