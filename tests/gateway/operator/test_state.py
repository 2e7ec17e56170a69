"""What is, as rows."""

import json

from support.node_pair import M3UA
from support.operator_desk import PRI, WALL, DeskBench, talk
from support.sip_script import peer_request

from tandem.gateway.media.protocol import SpanChanged
from tandem.gateway.operator import state
from tandem.gateway.sip.message import parse_message
from tandem.ss7.isup.circuits import Blocking


def test_circuits_follow_a_call():
    bench = DeskBench().up()
    node = bench.nodes["A"]
    rows = list(state.circuits(node, "pstn"))
    assert len(rows) == 30
    assert all(row["usable"] and not row["call"] for row in rows)
    talk(bench)
    busy = [row for row in state.circuits(node) if row["call"]]
    (call,) = node.control.calls
    assert [(row["state"], row["call"], row["usable"]) for row in busy] == [("outgoing busy", call, False)]
    assert next(state.trunks(node))["busy"] == 1


def test_blocking_in_words():
    assert state.flags(Blocking.NONE) == ""
    assert state.flags(Blocking.LOCAL_MAINTENANCE | Blocking.REMOTE_HARDWARE) == "local maintenance + remote hardware"


def test_spans_and_their_alarms():
    bench = DeskBench()
    node = bench.nodes["A"]
    assert [row["state"] for row in state.spans(node)] == ["unknown"]
    node.media_events([SpanChanged("e1", ["LOS", "AIS"])], bench.now)
    (row,) = state.spans(node)
    assert (row["state"], row["alarms"], row["circuits"], row["law"]) == ("alarm", "LOS AIS", 30, "A")
    node.media_events([SpanChanged("e1", [])], bench.now)
    assert next(state.spans(node))["state"] == "up"


def test_links_linksets_and_destinations():
    bench = DeskBench()
    node = bench.nodes["A"]
    assert [row["state"] for row in state.links(node)] == ["aligning"]
    assert [row["state"] for row in state.linksets(node)] == ["down"]
    bench.up()
    (link,) = state.links(node)
    assert (link["name"], link["carrier"], link["state"], link["inhibited"]) == ("peer/0", "mtp2", "available", False)
    (linkset,) = state.linksets(node)
    assert (linkset["point_code"], linkset["adjacent"], linkset["state"]) == ("0-0-1", "0-0-2", "running")
    assert (linkset["links"], linkset["in_service"]) == (1, 1)
    assert [row["reachable"] for row in state.destinations(node)] == [True]


def test_an_application_server_stands_among_the_linksets():
    bench = DeskBench(ss7=M3UA)
    assert [row["state"] for row in state.linksets(bench.nodes["A"])] == ["down"]
    bench.connect()
    bench.up()
    assert [row["state"] for row in state.linksets(bench.nodes["A"])] == ["running"]


def test_a_pri_has_a_d_channel_and_channels():
    node = DeskBench(configuration=PRI).nodes["A"]
    assert [(row["name"], row["carrier"], row["state"]) for row in state.links(node)] == [
        ("line/d", "q921", "out of service")
    ]
    rows = list(state.circuits(node))
    assert len(rows) == 30
    assert rows[0]["protocol"] == "pri"
    assert not any(row["usable"] for row in rows)
    assert [row["circuit"] for row in state.circuits(node, "line")][14:16] == ["15", "17"]
    assert list(state.circuits(node, "phones")) == []


def test_routes_trunks_and_gateways():
    node = DeskBench(configuration=PRI).nodes["A"]
    (route,) = state.routes(node)
    assert (route["position"], route["name"], route["called"], route["to"]) == (1, "all", "^1", "phones line")
    assert [(row["name"], row["state"]) for row in state.trunks(node)] == [("line", "down"), ("phones", "registrar")]
    (gateway,) = state.gateways(node)
    assert (gateway["name"], gateway["peer"], gateway["registration"]) == ("phones", "registered users", "NOREG")


def test_a_route_that_ends_at_applications_says_so():
    bench = DeskBench(
        more='[[route]]\nname = "voice box"\ncalled = "^7"\nactions = ["answer", "playback box.wav"]'
    ).up()
    route = list(state.routes(bench.nodes["A"]))[-1]
    assert (route["to"], route["refuse_cause"]) == ("answer; playback box.wav", "")
    rows = json.loads(bench.ask("route test 7 as json"))["rows"]
    assert {row["to"] for row in rows if row["route"] == "voice box"} == {"answer; playback box.wav"}


def test_a_phone_that_registers_is_listed():
    bench = DeskBench(configuration=PRI)
    node = bench.nodes["A"]
    assert list(state.registrations(node, bench.now, WALL)) == []
    request = parse_message(peer_request("REGISTER", "Contact: <sip:1000@192.0.2.9>;expires=600").encode())
    node.sip.admission.registrar.register("1000", request, ("192.0.2.9", 5062), bench.now)
    (row,) = state.registrations(node, bench.now, WALL)
    assert (row["reg_user"], row["network_ip"], row["network_port"], row["network_proto"]) == (
        "1000",
        "192.0.2.9",
        5062,
        "udp",
    )
    assert row["expires"] == WALL + 600
