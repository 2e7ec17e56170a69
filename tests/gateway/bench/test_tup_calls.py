"""The TUP call benchmark measures whole calls."""

import pytest

from tandem.gateway.bench import ss7, tup_calls


@pytest.mark.parametrize("stack", [False, True])
def test_a_burst_is_complete_calls(stack):
    ends = ss7.Ends(stack=stack, cics=tuple(range(1, 31)), end=tup_calls.TupEnd)
    before = ends.a.messages + ends.b.messages
    ends.burst()
    assert ends.a.cleared == ss7.BURST
    assert ends.a.messages + ends.b.messages - before == 5 * ss7.BURST
    assert ends.a.exchange.idle_circuits("g") == 30
    assert ends.b.exchange.calls() == []


def test_result_has_every_figure(monkeypatch):
    monkeypatch.setattr(tup_calls, "MANY", 40)
    result = tup_calls.run(0.02)
    for part in ("stack", "tup"):
        assert result[part]["call_attempts_per_second"] > 0
        assert result[part]["messages_per_second"] > result[part]["call_attempts_per_second"]
    memory = result["octets_per_circuit"]
    assert memory["circuits"] == 40
    assert 0 < memory["idle"] < memory["in_a_call"]
