"""Calls over DAHDI spans: a stand-in for the kernel's side between two gateways, as a third process.

At A the kernel does HDLC (MTP2 and HDLC-FCS mode), at B it is ours on raw timeslots.
"""

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from support import dahdi_server
from support.driver_calls import DriverCalls
from support.gateways import wait_for


class TestCalls(DriverCalls):
    def outage(self, over):
        """The card is unplugged, and plugged in again."""
        self.server.stdin.write(b"plug\n" if over else b"unplug\n")
        self.server.stdin.flush()

    @contextmanager
    def devices(self, folder: Path):
        path = folder / "dahdi"
        environment = dahdi_server.environment(path)
        server = self.server = subprocess.Popen(
            [sys.executable, dahdi_server.__file__, str(path)],
            stdin=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": environment["PYTHONPATH"]},
        )
        try:
            with pytest.MonkeyPatch.context() as patch:
                for name, value in environment.items():
                    patch.setenv(name, value)
                wait_for(path.exists, "the stand-in listens")
                yield {
                    protocol: tuple(f"dahdi:{first + end},chunk=160,buffers=12" for end in (0, 1))
                    for first, protocol in ((1, "isup"), (3, "pri"))
                }
        finally:
            assert server.poll() is None, "the stand-in ended early"
            server.stdin.close()
            server.wait(10)
