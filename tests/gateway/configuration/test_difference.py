"""What differs between two configurations, and what of it a running gateway takes."""

import pytest
from support.node_pair import ADDRESS, CONFIGURATION, LINKSET

from tandem.gateway.configuration.difference import differences, refusal
from tandem.gateway.configuration.load import parse

PARTS = {"linkset": "", "circuits": "", "links": "", "trunk": "", "sip_trunk": "", "more": ""}
BASE = CONFIGURATION.format(
    name="A",
    ss7=LINKSET.format(own="1", other="2", **PARTS),
    cics="1-15",
    user_part="isup",
    sip="127.0.0.1:5060",
    user="{}:{}".format(*ADDRESS["a"]),
    **PARTS,
)
MORE = """
[event_socket]
password = "old"
[cause_map]
"isup-sip 21" = 603
[[trunk]]
name = "phones"
type = "sip"
registrar = true
[[sip.user]]
name = "1000"
password = "secret-1"
[[sip.user]]
name = "1001"
password = "secret-2"
"""


def changes(before, after, base=BASE + MORE):
    text = base.replace(before, after)
    assert text != base
    return differences(parse(base), parse(text))


def test_nothing_differs():
    assert differences(parse(BASE), parse(BASE)) == []


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ('to = ["pbx"]', 'to = ["pbx"]\nset_called = "1"', 'route 2.set_called: "" -> "1"'),
        ('to = ["pbx"]', 'to = ["pbx"]\n[[route]]\nname = "new"', "route new: not there -> added"),
        ('[[route]]\ntrunk = ["pstn"]\nto = ["pbx"]', "", "route 2: there -> removed"),
        ('"isup-sip 21" = 603', '"isup-sip 21" = 480', "cause_map.isup-sip 21: 603 -> 480"),
        ('"isup-sip 21" = 603', '"isup-sip 17" = 480', "cause_map.isup-sip 17: not there -> 480"),
        ('password = "secret-1"', 'password = "secret-9"', "sip.user 1000.password: (secret) -> (secret)"),
        ('[[sip.user]]\nname = "1001"\npassword = "secret-2"', "", "sip.user 1001: there -> removed"),
        ('password = "secret-2"', 'password = "secret-2"\n[[sip.user]]\nname = "1"\npassword = "x"', "sip.user 1: not"),
        ('password = "old"', 'password = "new"', "event_socket.password: (secret) -> (secret)"),
        ('peer = "127.0.0.1:5070"', 'peer = "127.0.0.1:5070"\nmax_calls = 3', "trunk pbx.max_calls: 0 -> 3"),
        ('records = "unused"', 'records = "unused"\nlog_level = "debug"', 'node.log_level: "info" -> "debug"'),
    ],
)
def test_what_is_taken_live(before, after, shown):
    found = changes(before, after)
    assert any(str(change).startswith(shown) for change in found), found
    assert refusal(found) == ""
    assert not any("secret-" in str(change) for change in found)


@pytest.mark.parametrize(
    ("before", "after", "path"),
    [
        ('cic = "1-15"', 'cic = "1-14"', "trunk pstn.circuits"),
        ('peer = "127.0.0.1:5070"', 'peer = "127.0.0.1:5079"', "trunk pbx.peer"),
        ('listen = "127.0.0.1:5060"', 'listen = "127.0.0.1:5062"', "sip.listen"),
        ('device = "virtual:A"', 'device = "virtual:B"', "span e1.device"),
        ("timeslot = 16", "timeslot = 17", "ss7.linkset peer.link"),
        ('[event_socket]\npassword = "old"', "", "event_socket"),
        ('records = "unused"', 'records = "used"', "node.records"),
        (
            "registrar = true",
            'registrar = true\n[[trunk]]\nname = "x"\ntype = "sip"\npeer = "127.0.0.1:9999"',
            "trunk x",
        ),
    ],
)
def test_what_needs_a_restart(before, after, path):
    found = changes(before, after)
    assert path in [change.path for change in found if not change.live], found
    assert path in refusal(found)
    assert "restart" in refusal(found)


def test_the_order_of_routes_matters():
    two = BASE + '[[route]]\nname = "x"\n[[route]]\nname = "y"\n'
    found = changes(
        '[[route]]\nname = "x"\n[[route]]\nname = "y"\n', '[[route]]\nname = "y"\n[[route]]\nname = "x"\n', two
    )
    assert [(change.path, change.live) for change in found] == [("route", True)]
