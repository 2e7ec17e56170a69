"""Configurations of the nodes of a flow: exchange A, the tandem exchange TM, exchange B, by the protocol of a line.

`examples/FROM-TO.toml` are the texts of `tandem_text`; `make docs` writes them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

Protocol = Literal["sip", "isup", "tup", "pri"]
PROTOCOLS: Final[tuple[Protocol, ...]] = ("sip", "isup", "tup", "pri")
#: How many circuits or B-channels a line has.
CIRCUITS: Final = 30

#: SIP and RTP ports of each node, and its point code.
SIP_PORTS: Final = {"A": 5060, "B": 5061, "TM": 5062}
_RTP_PORTS: Final = {"A": (16384, 16511), "B": (16512, 16639), "TM": (16640, 16767)}
POINT_CODES: Final = {"A": "2-1-1", "TM": "2-1-2", "B": "2-1-3"}
#: SIP port of the user at each end.
USERS: Final = {"a": 5070, "b": 5071}
_NAMES: Final = {
    "sip": "SIP",
    "isup": "SS7 ISUP (Q.761 to Q.764)",
    "tup": "TUP (Q.721 to Q.725)",
    "pri": "ISDN PRI (Q.931), of which we are the {side} side",
}

_HEAD: Final = """\
[node]
name = "{name}"
records = "records-{lower}.jsonl"        # one line of JSON per call
capture_file = "capture-{lower}.pcapng"  # opens in Wireshark
"""
_SIP: Final = """
[sip]
capture = true
listen = "127.0.0.1:{port}"
"""
_MEDIA: Final = """
[media]
address = "127.0.0.1"
ports = [{first}, {last}]             # RTP: one even port a call leg
tones = "eu"
"""
_SPAN: Final = """
[[span]]
name = "{name}"
device = "satop:listen=127.0.0.1:{own},peer=127.0.0.1:{peer}"
framing = "crc4"
law = "A"
"""
_LINKSET: Final = """
[[ss7.linkset]]
name = "{name}"
point_code = "{own}"
adjacent_point_code = "{peer}"
network = "national"
capture = true

  [[ss7.linkset.link]]
  span = "{name}"
  timeslot = 16
"""
_CIRCUITS: Final = """
[[trunk]]
name = "{name}"
type = "{kind}"
linkset = "{name}"
{more}
  [[trunk.circuits]]
  span = "{name}"
  cic = "1-15,17-31"               # CIC n is timeslot n
"""
_PRI: Final = """
[[trunk]]
name = "{name}"
type = "pri"
side = "{side}"
switch = "euroisdn"
hunting = "{hunting}"             # the other end begins at the other end of the line

  [[trunk.spans]]
  span = "{name}"                    # D-channel in timeslot 16, B-channels 1-15 and 17-31
"""
_SIP_TRUNK: Final = """
[[trunk]]
name = "{name}"
type = "sip"
peer = "127.0.0.1:{port}"
codecs = [{codecs}]
"""
_OUTSIDE: Final = """
# Rules are tried in order. A leading 0 is the exit code: drop it and dial nationally.
[[route]]
name = "outside line"
trunk = ["{source}"]
called = '^0(\\d+)$'
set_called = '\\1'
called_nature = "national"
to = ["{target}"]
"""
_ROUTE: Final = """
[[route]]
trunk = ["{source}"]
to = ["{target}"]
"""


def tandem_text(left: Protocol, right: Protocol) -> str:
    """The configuration of TM between `left` and `right`."""
    comment = (
        f"# The tandem exchange TM between {_described(left, 'a')} and\n# {_described(right, 'b')}.\n"
        "# Every call goes through, in both directions; see it happen with\n"
        f"# tandem demo --flow {left}-{right}. Check with: tandem check examples/{left}-{right}.toml\n\n"
    )
    return comment + "".join(_node("TM", left, right))


def exchange_text(name: Literal["A", "B"], protocol: Protocol) -> str:
    """The configuration of an exchange with a SIP user on its other side."""
    end = name.lower()
    comment = f"# Exchange {name}: a SIP user, and a line to the tandem exchange TM.\n\n"
    return comment + "".join(_node(name, *(("sip", protocol) if end == "a" else (protocol, "sip"))))


def _described(protocol: Protocol, end: str) -> str:
    if protocol == "sip":
        return f"a SIP user {end.upper()}"
    return f"exchange {end.upper()} by {_NAMES[protocol].format(side=_side('TM', end))}"


def _node(name: str, left: Protocol, right: Protocol) -> Iterator[str]:
    """A node whose line or user to the left is named `to-a`, to the right `to-b`."""
    yield _HEAD.format(name=name, lower=name.lower())
    if "sip" in (left, right):
        yield _SIP.format(port=SIP_PORTS[name])
    first, last = _RTP_PORTS[name]
    yield _MEDIA.format(first=first, last=last)
    for end, protocol in (("a", left), ("b", right)):
        yield from _trunk(name, end, protocol)
    outside = left == "sip"
    yield (_OUTSIDE if outside else _ROUTE).format(source="to-a", target="to-b")
    yield _ROUTE.format(source="to-b", target="to-a")


def _trunk(node: str, end: str, protocol: Protocol) -> Iterator[str]:
    name = f"to-{end}"
    if protocol == "sip":
        codecs = '"PCMU", "PCMA"' if end == "a" else '"PCMA", "PCMU"'
        yield _SIP_TRUNK.format(name=name, port=USERS[end], codecs=codecs)
        return
    # The line between A and TM is 40001 to 40002, that between TM and B 40003 to 40004.
    neighbour = {"A": "TM", "B": "TM", "TM": end.upper()}[node]
    line = (40001, 40002) if "A" in (node, neighbour) else (40003, 40004)
    own, peer = line if end == "b" else line[::-1]
    span = _SPAN.format(name=name, own=own, peer=peer)
    if protocol == "pri":
        side = _side(node, end)
        yield span + "capture = true\n"
        yield _PRI.format(name=name, side=side, hunting="ascending" if side == "network" else "descending")
        return
    yield span
    yield _LINKSET.format(name=name, own=POINT_CODES[node], peer=POINT_CODES[neighbour])
    more = ""
    if protocol == "tup":
        more = 'release_control = "either"       # who hangs up first ends the call: CBK is answered with CLF\n'
    yield _CIRCUITS.format(name=name, kind=protocol, more=more)


def _side(node: str, end: str) -> str:
    """Of a PRI the left end is the user, the right end the network."""
    return "user" if end == "b" else "network"
