"""Calls over spans of the real DAHDI, in a Linux that has it: `support.dahdi_linux` runs this file there, with pytest.

Four spans in pairs, by DAHDI's own driver of local spans: what goes into one comes out of the other. At the PBX the
kernel does the HDLC of the D-channel, at the others it is ours on raw timeslots.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support import dahdi_linux
from support.driver_calls import DriverCalls


class TestCalls(DriverCalls):
    timeslots = "1-4"

    def outage(self, over: bool) -> None:
        """The spans go, in mid-call, and come back."""
        if over:
            dahdi_linux.plug()
        else:
            dahdi_linux.unplug()

    @contextmanager
    def devices(self, folder: Path) -> Iterator[dict[str, tuple[str, str]]]:
        yield {
            protocol: (f"dahdi:{first},{dahdi_linux.BUFFERS}", f"dahdi:{first + 1},{dahdi_linux.BUFFERS}")
            for first, protocol in ((1, "isup"), (3, "pri"))
        }
