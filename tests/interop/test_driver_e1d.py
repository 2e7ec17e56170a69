"""Calls over osmo-e1d spans: a stand-in daemon of ours between two gateways, as a third process; it restarts once."""

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from support import e1d_daemon
from support.driver_calls import DriverCalls
from support.gateways import wait_for


class TestCalls(DriverCalls):
    def outage(self, over):
        """The daemon is killed, and started again by whatever watches over it."""
        if over:
            self._start()
        else:
            self.daemon.kill()
            self.daemon.wait()
            self.daemon.stdin.close()

    def _start(self):
        # Speech ticks in place of the daemon's own 1.25 ms: less work for the machine, the same octets.
        command = [sys.executable, e1d_daemon.__file__, str(self.path), "2", "20"]
        self.daemon = subprocess.Popen(command, stdin=subprocess.PIPE)

    @contextmanager
    def devices(self, folder: Path):
        self.path = folder / "e1d.ctl"
        self._start()
        try:
            wait_for(self.path.exists, "the daemon listens")
            yield {
                protocol: tuple(f"e1d:{interface}:{line},socket={self.path},chunk=160,depth=6" for line in (0, 1))
                for interface, protocol in enumerate(("isup", "pri"))
            }
        finally:
            assert self.daemon.poll() is None, "the daemon ended early"
            self.daemon.stdin.close()
            self.daemon.wait(10)
