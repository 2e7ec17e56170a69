"""The PRI benchmark measures whole calls."""

import pytest

from tandem.gateway.bench import pri


@pytest.mark.parametrize("stack", [True, False])
def test_a_burst_is_complete_calls(stack):
    ends = pri.Ends(stack)
    before = ends.a.messages + ends.b.messages
    ends.burst()
    assert ends.a.cleared == pri.BURST
    assert ends.a.messages + ends.b.messages - before == 8 * pri.BURST
    assert ends.a.interface.idle_channels == ends.b.interface.idle_channels == 30
    assert ends.b.interface.calls() == []


def test_calls_from_pri_to_pri_through_a_node():
    transit = pri.Transit()
    cpu = transit.cpu
    sent = sum(end.messages for end in transit.ends)
    transit.burst()
    assert transit.records == pri.BURST
    assert transit.cpu > cpu
    assert sum(end.messages for end in transit.ends) - sent == 8 * pri.BURST  # of sixteen, the node sends as many
    for side in ("left", "right"):
        assert transit.node.pri.trunks[side].interface.idle_channels == 30
    assert not transit.node.control.calls


def test_result_has_every_figure():
    result = pri.run(0.02)
    for part in ("stack", "q931", "transit"):
        assert result[part]["call_attempts_per_second"] > 0
        assert result[part]["messages_per_second"] > result[part]["call_attempts_per_second"]
    assert result["octets_per_call"] > 0
