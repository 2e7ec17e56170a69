import dataclasses

import pytest

from tandem.gateway.sip.configuration import AgentConfiguration, SipTimers


def test_timers_of_rfc_3261():
    """Table 4."""
    timers = SipTimers()
    assert (timers.t1, timers.t2, timers.t4, timers.d, timers.transaction) == (0.5, 4.0, 5.0, 32.0, 32.0)
    assert SipTimers(t1=1.0).transaction == 64.0


def test_sent_by():
    assert AgentConfiguration("10.0.0.1").sent_by == "10.0.0.1:5060"
    assert AgentConfiguration("::1", 5070).sent_by == "[::1]:5070"


def test_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        AgentConfiguration("10.0.0.1").port = 1  # type: ignore[misc]
