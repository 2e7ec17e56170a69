"""Orders to links and circuits, and what is asked of them."""

import json

from support.operator_desk import PRI, DeskBench, talk
from support.sip_calls import place

TWO_LINKS = """
  [[ss7.linkset.link]]
  span = "e1"
  timeslot = 17
"""


def circuits(bench, what="pstn", name="A"):
    return {row["circuit"]: row for row in json.loads(bench.ask(f"circuit show {what} as json"))["rows"]}


def test_circuits_are_blocked_and_unblocked_at_both_ends():
    bench = DeskBench().up()
    assert bench.ask("circuit block pstn 1-3,5") == "+OK block 4 circuit(s) of pstn\n"
    bench.run(1)
    assert circuits(bench)["5"]["blocking"] == "local maintenance"
    blocked = [cic for cic, view in bench.part("B").exchange.circuit_states("pstn").items() if view.blocking]
    assert blocked == [1, 2, 3, 5]
    bench.ask("circuit unblock pstn")
    bench.run(1)
    assert not any(view.blocking for view in bench.part("B").exchange.circuit_states("pstn").values())


def test_blocked_circuits_take_no_call():
    bench = DeskBench(cics="1").up()
    bench.ask("circuit block pstn all")
    bench.run(1)
    place(bench)
    bench.run(1)
    assert bench.records["A"][0].cause == 34


def test_a_reset_ends_the_call_on_a_circuit():
    bench = DeskBench().up()
    talk(bench)
    (busy,) = [row["circuit"] for row in circuits(bench).values() if row["call"]]
    assert bench.ask(f"circuit reset pstn {busy}") == "+OK reset 1 circuit(s) of pstn\n"
    bench.run(3)
    assert bench.all_idle()
    assert not [row for row in circuits(bench).values() if row["call"]]


def test_circuits_that_are_not_there():
    bench = DeskBench().up()
    assert bench.ask("circuit block pstn 16") == "-ERR there is no circuit 16; there are 1-15,17-31\n"
    assert bench.ask("circuit block pbx").startswith("-ERR no trunk on circuits is named 'pbx'")
    assert bench.ask("circuit block").startswith("-ERR usage: circuit block")
    assert list(circuits(bench, "pstn 17-18")) == ["17", "18"]


def test_channels_of_a_pri():
    bench = DeskBench(configuration=PRI)
    assert bench.ask("circuit block line 1-2") == "+OK block 2 B-channel(s) of line\n"
    rows = circuits(bench, "line 1-3")
    assert [bool(row["blocking"]) for row in rows.values()] == [True, True, False]
    assert bench.ask("circuit unblock line") == "+OK unblock 30 B-channel(s) of line\n"
    assert bench.ask("circuit reset line 3") == "+OK restart 1 B-channel(s) of line\n"
    (row,) = json.loads(bench.ask("pri as json"))["rows"]
    assert (row["name"], row["side"], row["data_link"], row["channels"]) == ("line", "network", "down", 30)
    assert bench.ask("pri nobody").startswith("-ERR no PRI trunk is named 'nobody'")


def test_a_link_is_taken_out_of_service_and_back():
    bench = DeskBench().up()
    assert bench.ask("link deactivate peer/0") == "+OK deactivate peer/0\n"
    bench.run(1)
    assert json.loads(bench.ask("link peer/0 as json"))["rows"][0]["state"] == "inactive"
    assert "not reachable" in bench.ask("ss7")
    assert bench.ask("link activate peer/0") == "+OK activate peer/0\n"
    bench.run(20)
    assert json.loads(bench.ask("link peer/0 as json"))["rows"][0]["state"] == "available"
    assert bench.ask("link deactivate peer/7").startswith("-ERR no link is named")


def test_the_last_link_cannot_be_inhibited():
    bench = DeskBench().up()
    assert bench.ask("link inhibit peer/0") == "-ERR not inhibited: destinations would be cut off\n"


def test_one_of_two_links_can():
    bench = DeskBench(links=TWO_LINKS, cics="1-15,18-31").up()
    bench.run(5)
    answers = bench.begin("link inhibit peer/1")
    assert answers == [], "the neighbour has to agree"
    bench.run(2)
    assert answers == ["+OK inhibit peer/1\n"]
    assert bench.ask("link inhibit peer/1") == "+OK inhibit peer/1\n", "it is already"
    assert [row["inhibited"] for row in json.loads(bench.ask("show links as json"))["rows"]] == [False, True]
    answers = bench.begin("link uninhibit peer/1")
    bench.run(2)
    assert answers == ["+OK uninhibit peer/1\n"]
    assert bench.ask("link uninhibit peer/1") == "-ERR not uninhibited: it was not inhibited from here\n"
    assert not any(row["inhibited"] for row in json.loads(bench.ask("show links as json"))["rows"])


def test_a_whole_linkset():
    bench = DeskBench(links=TWO_LINKS, cics="1-15,18-31").up()
    assert bench.ask("linkset deactivate peer") == "+OK deactivate 2 link(s) of peer\n"
    bench.run(1)
    (row,) = json.loads(bench.ask("linkset peer as json"))["rows"]
    assert (row["state"], row["in_service"]) == ("down", 0)
    bench.ask("linkset activate peer")
    bench.run(20)
    assert json.loads(bench.ask("linkset as json"))["rows"][0]["in_service"] == 2


def test_ss7_in_a_glance():
    assert DeskBench().up().ask("ss7") == (
        "linkset peer: 0-0-1 to 0-0-2 (itu), running, 1 of 1 links in service\n"
        "  link peer/0: mtp2, available\n"
        "  reaches 0-0-2, priority 0: reachable\n"
    )
    assert DeskBench(configuration=PRI).ask("ss7") == "there is no signalling by SS7\n"


def test_where_a_call_would_go():
    bench = DeskBench().up()
    rows = json.loads(bench.ask("route test 301234 from pbx as json"))["rows"]
    assert [(row["from"], row["to"], row["called"]) for row in rows] == [("pbx", "pstn", "301234")]
    every = json.loads(bench.ask("route test +4930 calling 77 as json"))["rows"]
    assert {(row["from"], row["to"]) for row in every} == {("pbx", "pstn"), ("pstn", "pbx")}
    assert every[0]["calling"] == "77"
    assert bench.ask("route test").startswith("-ERR usage")
    assert bench.ask("route test 1 from").startswith("-ERR usage")
    assert bench.ask("route test abcx").startswith("-ERR 'abcx' is no number")
    assert bench.ask("route test 1 from nobody").startswith("-ERR no trunk is named")


def test_mappings():
    text = DeskBench().ask("mappings isup sip")
    assert "isup-call\tIAM, with the SAMs of an overlap number\tSetup\tQ.764 2.1\n" in text
    assert DeskBench().ask("mappings x").startswith("-ERR no protocol is named 'x'")


def test_spans():
    assert json.loads(DeskBench().ask("span e1 as json"))["rows"][0]["device"] == "virtual:A"
    assert DeskBench().ask("span e2").startswith("-ERR no span is named 'e2'; did you mean 'e1'?")
