"""What is noticed of lines, links and circuits, by those who watch."""

from support.node_pair import Bench
from support.operator_desk import PRI, DeskBench, talk

from tandem.gateway.media.protocol import SpanChanged
from tandem.gateway.notice import Notice, circuit_notice, ignore


def test_nothing_is_collected_while_nobody_watches():
    bench = Bench().up()
    assert bench.nodes["A"].notices == []
    assert ignore(circuit_notice("pstn", "1", "idle", True)) is None


def test_spans_links_and_circuits():
    bench = DeskBench()
    node = bench.nodes["A"]
    node.watch()
    bench.up()
    kinds = [(notice.kind, notice.facts.get("State")) for notice in node.notices]
    assert ("link", "in service") in kinds
    assert sum(notice.kind == "circuit" and notice.facts["Usable"] == "true" for notice in node.notices) >= 30
    node.notices.clear()
    node.media_events([SpanChanged("e1", ["LOS"])], bench.now)
    assert node.notices == [Notice("span", {"Span": "e1", "Alarms": "LOS", "State": "alarm"})]
    node.notices.clear()
    talk(bench)
    states = [notice.facts["State"] for notice in node.notices if notice.kind == "circuit"]
    assert states[0] == "outgoing"


def test_a_link_that_fails():
    bench = DeskBench().up()
    node = bench.nodes["A"]
    node.watch()
    bench.ask("link deactivate peer/0")
    assert ("link", "failed") in [(notice.kind, notice.facts.get("State")) for notice in node.notices]


def test_channels_of_a_pri():
    bench = DeskBench(configuration=PRI)
    node = bench.nodes["A"]
    node.watch()
    bench.ask("circuit block line 1")
    assert [(notice.facts["Trunk"], notice.facts["Usable"]) for notice in node.notices] == [("line", "false")]
