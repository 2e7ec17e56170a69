"""A configuration that uses every table, in parts, for tests that spoil one of its lines."""

from __future__ import annotations

import re

SIP = """\
[node]
name = "G"

[media]
address = "127.0.0.1"
ports = [20000, 20099]
tones = "eu"

[sip]
listen = "127.0.0.1:5060"
t1_ms = 500
"""

SS7 = """\
[[span]]
name = "e1"
device = "satop:listen=127.0.0.1:40001,peer=127.0.0.1:41001"

[[span]]
name = "e2"
device = "satop:listen=127.0.0.1:40002,peer=127.0.0.1:41002"

[[ss7.linkset]]
name = "to-b"
point_code = "2-1-1"
adjacent_point_code = "2-1-2"
reaches = ["2-1-3"]
restart_wait = 1
timers = { q703_t1 = 40 }

  [[ss7.linkset.link]]
  span = "e1"  # link
  timeslot = 16

  [[ss7.linkset.link]]
  span = "e1"
  timeslot = 17
"""

CIRCUITS = """\
[[trunk]]
name = "pstn"
type = "isup"
linkset = "to-b"
peer_point_code = "2-1-3"
category = 10
timers = { t7 = 20 }

  [[trunk.circuits]]
  span = "e1"  # run
  cic = "1-15"

  [[trunk.circuits]]
  span = "e2"
  cic = "33-35"
  timeslots = "1-3"
"""

SIP_TRUNK = """\
[[trunk]]
name = "pbx"
type = "sip"
peer = "127.0.0.1:5070"
accept_from = []
codecs = ["PCMA"]
max_calls = 10
"""

ROUTES = """\
[[route]]
trunk = ["pbx"]
called = '^0(\\d+)$'
calling = ''
times = ""
set_called = '\\1'
to = ["pstn"]

[[route]]
trunk = ["pstn"]
to = ["pbx"]

[cause_map]
"isup-sip 21" = 603
"""

WHOLE = SIP + SS7 + CIRCUITS + SIP_TRUNK + ROUTES


def line_of(text: str, path: str) -> int:
    """The line of `path` in `text`, found by counting headers: independent of the code under test.

    The line of the key where it stands on a line of its own, of its list or inline table where it is inside one,
    of the table's header where the key is not there.
    """
    header, _, key = re.sub(r"\[\d+\]$", "", path).rpartition(".")
    if re.fullmatch(r".*\.timers", header):
        header, _, key = header.rpartition(".")
    table = re.sub(r"\[\d+\]", "", path)
    if f"[{table}]" in text:
        header, key = path, ""
    wanted = [int(number) for number in re.findall(r"\[(\d+)\]", header)]
    name = re.sub(r"\[\d+\]", "", header)
    seen: list[int] = []
    current = ""
    place = 1
    for number, line in enumerate(text.splitlines(), 1):
        if found := re.match(r"\s*\[\[?([\w.]+)\]", line):
            current = found[1]
            depth = current.count(".") if current.startswith("ss7") else current.count(".") + 1
            if "[[" in line and name.startswith(current):
                seen = [*seen[: depth - 1], (seen[depth - 1] + 1) if len(seen) >= depth else 0]
            if current == name and seen[: len(wanted)] == wanted:
                place = number
        elif current == name and seen[: len(wanted)] == wanted and _is_key(line, key):
            return number
    return place


def _is_key(line: str, key: str) -> bool:
    return re.match(rf"\s*\"?{re.escape(key)}\"?\s*=", line) is not None
