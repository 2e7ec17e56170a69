from types import SimpleNamespace

import pytest

from tandem.ss7.circuits.reduction import STEPS, refused_by_congestion


@pytest.mark.parametrize("step", range(STEPS + 1))
def test_each_step_refuses_its_share(step):
    peer = SimpleNamespace(congestion=step, offered=0)
    refused = [refused_by_congestion(peer) for _ in range(100)]
    assert sum(refused) == 100 * step // (STEPS + 1)
