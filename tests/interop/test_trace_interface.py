"""`tandem trace --interface` on the loopback interface of a network namespace, with SIP sent by another process."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.interop

INSIDE = Path(__file__).parent / "scenarios" / "trace_interface.sh"


def test_calls_on_an_interface():
    """As root, or as the root of a user namespace."""
    unshare = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--net"]
    done = subprocess.run([*unshare, "sh", str(INSIDE), sys.executable], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    calls = [json.loads(line) for line in done.stdout.splitlines()]
    assert {(call["protocol"], call["called"], call["outcome"], call["cause"]) for call in calls} == {
        ("sip", "222", "busy", 17)
    }
    assert all([message["type"] for message in call["messages"]] == ["INVITE", "486", "ACK"] for call in calls)
    assert calls
