"""Calls with speech over CESoPSN, and over SAToP with RTP headers, on one port of a gateway."""

from __future__ import annotations

from contextlib import contextmanager

from support.driver_calls import DriverCalls
from support.spans import free_ports


class TestCallsOverPseudowires(DriverCalls):
    @contextmanager
    def devices(self, folder):
        del folder
        port, one, other = free_ports(3)
        yield {
            "isup": ends("cesopsn", (port, one), ",shared=yes"),
            "pri": ends("satop", (port, other), ",shared=yes,rtp=differential"),
        }


def ends(kind, ports, options):
    one, other = ports
    return (
        f"{kind}:listen=127.0.0.1:{one},peer=127.0.0.1:{other}{options}",
        f"{kind}:listen=127.0.0.1:{other},peer=127.0.0.1:{one}{options}",
    )
