"""Calls whose SS7 link and D-channel are on serial lines (RFC 1662), their speech on SAToP."""

from __future__ import annotations

from contextlib import contextmanager

from support.cable import cables
from support.driver_calls import DriverCalls
from support.spans import spec_pair


class TestCallsSignalledOnSerialLines(DriverCalls):
    @contextmanager
    def devices(self, folder):
        del folder
        with cables(2) as joined:
            lines = [tuple(f"serial:{path}?baud=115200" for path in cable.paths) for cable in joined]
            yield {
                "isup": spec_pair("satop", ",burst=5"),
                "pri": spec_pair("satop", ",burst=5"),
                "link": lines[0],
                "d-channel": lines[1],
            }
            # One call with RESTARTs and acknowledgements is about 400 octets on a D-channel.
            assert all(cable.carried > 200 for cable in joined), [cable.carried for cable in joined]
