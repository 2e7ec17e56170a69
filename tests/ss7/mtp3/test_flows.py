"""Flows and what waits for them."""

from tandem.ss7.mtp3.flows import HOLD_LIMIT, FlowTable, Hold


def table() -> FlowTable:
    return FlowTable(lambda dpc, sls: sls % 2, 15)


def test_one_flow_per_destination_and_slot():
    flows = table()
    assert flows.of(2, 3) is flows.of(2, 19)
    assert flows.of(2, 3) is not flows.of(2, 4)
    assert flows.of(2, 3) is not flows.of(3, 3)
    assert len(list(flows)) == 32


def test_a_failed_link_holds_its_flows_and_what_waited_for_them():
    flows = table()
    for slot in range(16):
        flows.of(2, slot).link = slot % 2
    earlier = Hold(1)
    earlier.take(flows.of(2, 3))
    earlier.add(flows.of(2, 3), b"waits")
    elsewhere = Hold(0)
    elsewhere.take(flows.of(2, 4))
    hold = Hold(1)
    flows.gather(1, hold)
    assert sorted(flow.slot for flow in hold.flows) == [1, 3, 5, 7, 9, 11, 13, 15]
    assert all(flow.hold is hold for flow in hold.flows)
    assert hold.messages == [(flows.of(2, 3), b"waits")]
    assert earlier.flows == []
    assert flows.of(2, 4).hold is elsewhere
    assert flows.of(2, 0).hold is None


def test_messages_do_not_pile_up_for_ever():
    flow, hold = table().of(2, 0), Hold(0)
    assert [hold.add(flow, b"x") for _ in range(HOLD_LIMIT + 1)].count(True) == HOLD_LIMIT
