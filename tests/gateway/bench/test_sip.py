"""`tandem bench sip` at its smallest."""

import pytest

from tandem.core.errors import TandemError
from tandem.gateway.bench.sip import run


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_it_measures_complete_calls(transport):
    result = run(transport, rate=10, seconds=1, hold=0.1)
    assert result["completed"] == result["records"] == 10
    assert result["failures"] == {}
    assert result["cpu_ms_per_call"] > 0


def test_it_measures_calls_to_a_trunk_on_pjsip():
    result = run("udp", rate=4, seconds=1, hold=0.1, engine="pjsua2")
    assert result["completed"] == result["records"] == 4
    assert result["failures"] == {}
    assert set(result["cpu_ms_per_call_by_process"]) == {"signalling", "pjsip"}


@pytest.mark.parametrize(("transport", "standing"), [("tls", 0), ("udp", 10)])
def test_what_pjsip_cannot_do_is_told(transport, standing):
    with pytest.raises(TandemError):
        run(transport, rate=4, seconds=1, standing=standing, engine="pjsua2")
