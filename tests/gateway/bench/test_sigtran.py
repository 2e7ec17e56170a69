"""The SIGTRAN benchmark measures whole calls and whole messages."""

import asyncio

import pytest
from support.associations import needs_usrsctp

from tandem.core.errors import TandemError
from tandem.core.sigtran.configuration import Role
from tandem.gateway.bench import sigtran
from tandem.gateway.bench.ss7 import BURST, CIRCUITS


def ends():
    cics = tuple(range(1, CIRCUITS + 1))
    return sigtran.SigtranEnd(2, 1, cics, Role.ASP), sigtran.SigtranEnd(1, 2, cics, Role.SGP)


@needs_usrsctp
def test_a_burst_is_complete_calls_over_the_association():
    async def scene():
        near, far = ends()
        await sigtran.join(near, far)
        before = near.messages + far.messages
        sent = near.machine.counters["DATA sent"] + far.machine.counters["DATA sent"]
        await sigtran.burst(near)
        assert near.cleared == BURST
        assert near.messages + far.messages - before == 5 * BURST
        assert near.machine.counters["DATA sent"] + far.machine.counters["DATA sent"] - sent == 5 * BURST
        assert near.exchange.calls() == far.exchange.calls() == []
        await near.close()
        await far.close()

    asyncio.run(scene())


@needs_usrsctp
def test_result_has_every_figure():
    result = sigtran.run(0.05)
    assert 0 < result["isup"]["call_attempts_per_second"] < result["isup"]["messages_per_second"]
    assert result["m3ua"]["messages_per_second"] > 0
    assert 20 < result["octets_per_message"] < 60


def test_ends_that_do_not_hear_each_other(monkeypatch):
    monkeypatch.setattr(sigtran, "_WAIT", 0.01)

    async def scene():
        near, _ = ends()
        with pytest.raises(TandemError, match="do not hear"):
            await near.until(lambda: False)

    asyncio.run(scene())
