"""Calls over osmo-e1d spans: a stand-in daemon of ours between two gateways, as a third process."""

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from support import e1d_daemon
from support.driver_calls import DriverCalls
from support.gateways import wait_for


class TestCalls(DriverCalls):
    @contextmanager
    def devices(self, folder: Path):
        path = folder / "e1d.ctl"
        # Speech ticks in place of the daemon's own 1.25 ms: less work for the machine, the same octets.
        command = [sys.executable, e1d_daemon.__file__, str(path), "2", "20"]
        daemon = subprocess.Popen(command, stdin=subprocess.PIPE)
        try:
            wait_for(path.exists, "the daemon listens")
            yield {
                protocol: tuple(f"e1d:{interface}:{line},socket={path},chunk=160,depth=6" for line in (0, 1))
                for interface, protocol in enumerate(("isup", "pri"))
            }
        finally:
            assert daemon.poll() is None, "the daemon ended early"
            daemon.stdin.close()
            daemon.wait(10)
