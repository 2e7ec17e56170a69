"""What a demonstration runs."""

import pytest

from tandem.gateway.demo.plans import ARRANGEMENTS, FLOWS, MESSAGES, flow, two_gateways, user_ports


def test_there_is_a_flow_for_each_pair():
    assert len(FLOWS) == len(set(FLOWS)) == 16


@pytest.mark.parametrize("name", FLOWS)
def test_a_flow_has_an_exchange_at_the_far_end_of_each_line(name):
    plan = flow(name)
    left, right = name.split("-")
    assert plan.nodes == (*(["A"] if left != "sip" else []), "TM", *(["B"] if right != "sip" else []))
    assert [line.protocol for line in plan.lines] == [kind for kind in (left, right) if kind != "sip"]
    assert all(line.protocol in MESSAGES for line in plan.lines)
    assert set(plan.sip_ports) == {plan.nodes[0], plan.nodes[-1]}
    assert len(plan.stations) == len(plan.nodes) + 2
    for line in plan.lines:
        assert {node for node, _ in line.subjects} == {line.left, line.right}
        assert {"to-b"} & set(plan.trunks[line.left])
        assert {"to-a"} & set(plan.trunks[line.right])


def test_circuits_are_counted_where_there_are_any():
    assert flow("tup-isup").circuits == {"A": 30, "TM": 60, "B": 30}
    assert flow("pri-isup").circuits == {"A": 0, "TM": 30, "B": 30}
    assert flow("sip-sip").circuits == {"TM": 0}


def test_messages_are_found_by_who_logs_them():
    (line,) = flow("sip-isup").lines
    assert line.subjects == {("TM", "isup 2-1-3"), ("B", "isup 2-1-2")}
    (line,) = flow("pri-sip").lines
    assert line.subjects == {("A", "pri to-b"), ("TM", "pri to-a")}


@pytest.mark.parametrize("signalling", ARRANGEMENTS)
def test_two_gateways(signalling):
    plan = two_gateways(signalling)
    assert plan.nodes == ("A", "B")
    assert plan.stations == ("caller", "gateway A", "gateway B", "callee")
    assert plan.sip_ports == {"A": 5060, "B": 5061}
    assert plan.circuits["A"] == ARRANGEMENTS[signalling][2]


def test_the_users_have_ports_of_their_own():
    assert len({*user_ports(), 5060, 5061, 5062}) == 5
