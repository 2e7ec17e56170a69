"""Write the capture of the tutorial: `python tests/bench/sample.py examples/traces/monday.pcap.gz`.

Some calls of a gateway between SIP and two exchanges within two minutes, most of them good, some with something wrong.
"""

from __future__ import annotations

import gzip
import io
import sys
from pathlib import Path

import numpy as np
from traffic import START, T, Traffic

from tandem.codecs import g711
from tandem.ss7.isup.cause import CauseIndicators
from tandem.ss7.isup.numbers import CalledPartyNumber, CallingPartyNumber

GATEWAY, NORTH, SOUTH = 1001, 2001, 2002
PEER, MINE = bytes((192, 0, 2, 10)), bytes((198, 51, 100, 1))
OUTCOMES = ("answered", "answered", "busy", "answered", "no answer", "answered", "abandoned", "answered", "congestion")


def tone():
    """A tone of whole periods in a packet, so that the file is small."""
    wave = (6000 * np.sin(2 * np.pi * 400 * np.arange(160) / 8000)).astype(np.int16)
    return np.tile(g711.encode(wave, g711.Law.A), 60)


class Sample(Traffic):
    """The traffic."""

    def add(self):
        time = START
        for number in range(27):
            time += 1.5 + self.rng.random()
            calling, called = self.numbers()
            self.isup(time, GATEWAY, NORTH if number % 3 else SOUTH, OUTCOMES[number % 9], 4.0, 20.0, calling, called)
        for number, one_way in enumerate((False, True, False)):
            calling, called = f"4930500{number}", f"4989700{number}0"
            time = START + 20 + 25 * number
            self.sip(time, "answered", 3.0, 5.0, calling, called, True, PEER, MINE)
            if one_way:
                self.streams.pop()
            self.isup(time + 0.02, GATEWAY, NORTH, "answered", 2.98, 5.0, calling, called, self.by_caller)
        # Released but never cleared; and a called exchange that says nothing until T7 runs out.
        self.isup(START + 30, GATEWAY, SOUTH, "lost", 3.0, 0.0, "4930111", "4989222")
        parts = CalledPartyNumber(digits="4989333", nature=4), CallingPartyNumber(digits="4930111", nature=4)
        there = GATEWAY, SOUTH, 77
        self.events += [
            (START + 40, "m3ua", (*there, T.IAM, parts)),
            (START + 65, "m3ua", (*there, T.REL, (CauseIndicators(value=102),))),
            (START + 65.1, "m3ua", (SOUTH, GATEWAY, 77, T.RLC, ())),
            (START + 140, "m3ua", (SOUTH, GATEWAY, 90, T.BLO, ())),
        ]


def main():
    sample = Sample(7)
    sample.add()
    sample.audio = tone()
    out = io.BytesIO()
    sample.write(out, 1_000_000)
    Path(sys.argv[1]).write_bytes(gzip.compress(out.getvalue(), 9, mtime=0))


if __name__ == "__main__":
    main()
