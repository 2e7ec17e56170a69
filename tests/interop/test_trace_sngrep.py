"""SIP captures as sngrep lists them: its dialogs that begin with INVITE against our records, one by one.

sngrep needs a terminal: it gets one, and what it shows there is read. It has one dialog for a Call-ID on several hops,
where we have a record for each.
"""

import fcntl
import gzip
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections import defaultdict
from pathlib import Path

import pyte
import pytest

from tandem.gateway.analyser.analysis import analyse
from tandem.gateway.analyser.dissect import Options

pytestmark = pytest.mark.interop

CAPTURES = Path(__file__).parent.parent / "vectors" / "trace" / "captures"
ROWS, COLUMNS = 60, 220
STATES = {
    "COMPLETED": {"answered"},
    "IN CALL": {"answered"},
    "REJECTED": {"rejected", "failed", "no answer"},
    "BUSY": {"busy"},
    "CANCELLED": {"abandoned"},
    "CALL SETUP": {"open"},
}
"""Our outcomes by sngrep's words."""
_ROW = re.compile(r"\[ \] +(\d+) +([A-Z]+) +(\S+) +(\S+) +(\d+) +(\S+) +(\S+)(?: +([A-Z ]+?))?$")


def listed(path):
    """sngrep's list: method, caller, called, messages, state."""
    process, terminal = pty.fork()
    if process == 0:
        os.environ |= {"TERM": "linux", "LINES": str(ROWS), "COLUMNS": str(COLUMNS)}
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        os.execvp("sngrep", ["sngrep", "-I", str(path)])
    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.ByteStream(screen)
    until = time.monotonic() + 30
    rows = []
    try:
        while time.monotonic() < until:
            if select.select([terminal], [], [], 0.5)[0]:
                stream.feed(os.read(terminal, 65536))
                continue  # the rest of the screen may come
            rows = [match for line in screen.display if (match := _ROW.search(line.rstrip()))]
            # While it reads it says "Offline (Loading)", and its list grows.
            read = re.search(r"Current Mode: Offline +Dialogs: (\d+)", "".join(screen.display))
            if read is not None and len(rows) == int(read[1]):
                break
        else:
            raise AssertionError("sngrep did not read the capture to its end:\n" + "\n".join(screen.display))
    finally:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        os.close(terminal)
    return [(row[2], row[3].split("@")[0], row[4].split("@")[0], int(row[5]), (row[8] or "").strip()) for row in rows]


OTHERS = ("dct2000", "protos", "register", "tcp-retrans", "g711a_sipp")
"""Captures that are no pcap, which sngrep does not read, and those without calls."""


@pytest.mark.parametrize(
    "name", sorted(path.name for path in CAPTURES.glob("*sip*") if not any(word in path.name for word in OTHERS))
)
def test_call_by_call(name, tmp_path):
    path = tmp_path / name.removesuffix(".gz")
    path.write_bytes(gzip.decompress((CAPTURES / name).read_bytes()))
    theirs = [row for row in listed(path) if row[0] == "INVITE"]
    ours = defaultdict(list)
    for record in analyse([str(path)], Options(detect=True)).calls:
        ours[record.call_id].append(record)
    ours = list(ours.values())
    assert len(theirs) == len(ours)
    for (_, _, _, messages, state), records in zip(theirs, ours, strict=True):
        assert messages == sum(len(record.messages) for record in records)
        assert {record.outcome for record in records} <= STATES[state]
