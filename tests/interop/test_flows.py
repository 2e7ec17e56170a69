"""Each of the 16 pairs over real processes: `tandem demo --flow`, with its messages, speech, cause and records."""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from tandem.gateway.demo.plans import FLOWS, MESSAGES

pytestmark = [pytest.mark.interop, pytest.mark.realtime, pytest.mark.timeout(300)]
#: In a network of its own, which root may make, a flow finds the same ports free as another: two at once.
OWN_NETWORK = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """How each flow went; one at a time, since each has up to eight processes that must keep time."""
    root = os.geteuid() == 0

    def play(flow):
        command = [sys.executable, "-P", "-m", "tandem.gateway", "demo", "--flow", flow, "--seconds", "1.5"]
        command = [*(OWN_NETWORK if root else []), *command, "--keep", tmp_path_factory.getbasetemp() / flow]
        return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)

    with ThreadPoolExecutor(1) as pool:
        yield {flow: pool.submit(play, flow) for flow in FLOWS}


@pytest.mark.parametrize("flow", FLOWS)
def test_flow(flow, played):
    done = played[flow].result()
    assert done.returncode == 0, done.stdout + done.stderr
    right = re.findall(r"^ +right  (.*)", done.stdout, re.MULTILINE)
    for protocol in flow.split("-"):
        if protocol != "sip":
            assert any(text.startswith("on the ") and text.endswith(", ".join(MESSAGES[protocol])) for text in right)
    assert sum("SNR" in text for text in right) == 2
    circuits = [protocol for protocol in flow.split("-") if protocol != "sip"]
    assert sum(text.startswith("gateway ") for text in right) == 1 + len(circuits)  # records of TM and the exchanges


def test_a_flow_that_there_is_not():
    command = [sys.executable, "-P", "-m", "tandem.gateway", "demo", "--flow", "r2-isup"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "'r2-isup' is none of sip-sip" in done.stderr
