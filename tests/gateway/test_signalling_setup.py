"""From the configuration to the machines of SS7."""

import pytest

from tandem.core.sigtran.configuration import Role
from tandem.gateway.configuration.load import parse
from tandem.gateway.signalling_setup import (
    by_point,
    channels,
    level2,
    level3,
    link_keys,
    m2ua,
    m3ua,
    m3ua_relations,
    user_parts,
)
from tandem.ss7.mtp2.link import SignallingLink
from tandem.ss7.mtp3.configuration import RestartProcedure
from tandem.ss7.mtp3.label import Variant
from tandem.ss7.sigtran.m2pa import M2paLink

TEXT = """
[[span]]
name = "e1"
device = "virtual:x"
[[association]]
name = "wire"
local = "127.0.0.1:0"
peer = "127.0.0.1:3565"
[[association]]
name = "stp"
local = "127.0.0.1:2905"
peer = "127.0.0.1:0"
wait = true
role = "sgp"
[[ss7.linkset]]
name = "north"
point_code = "1"
adjacent_point_code = "2"
timers = { q703_t2 = 11, q703_t5 = 0.1 }
  [[ss7.linkset.link]]
  span = "e1"
  timeslot = 16
  [[ss7.linkset.link]]
  association = "wire"
[[ss7.m3ua]]
name = "south"
associations = ["stp"]
point_code = "2-1-1"
destinations = ["2-1-2", "2-1-3"]
mode = "override"
routing_context = 9
"""


def test_only_links_on_timeslots_are_channels():
    configuration = parse(TEXT)
    assert [channel.number for channel in channels(configuration)] == [0]
    assert link_keys(configuration) == [("north", 0), ("north", 1)]


def test_a_link_is_mtp2_or_m2pa():
    linkset = parse(TEXT).ss7.linkset[0]
    one, two = (level2(linkset, link) for link in linkset.link)
    assert isinstance(one, SignallingLink)
    assert isinstance(two, M2paLink)
    assert (two.configuration.association, two.configuration.t2) == ("wire", 11)


def test_points():
    assert list(by_point(parse(TEXT))) == [(1, Variant.ITU, 2)]


def test_m3ua():
    machine = m3ua(parse(TEXT))
    assert machine.peers["stp"].role is Role.SGP
    assert m3ua_relations(parse(TEXT)) == {(4105, 4106), (4105, 4107)}
    assert m3ua(parse('[[span]]\nname = "e1"\ndevice = "virtual:x"\n')) is None


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('peer = "127.0.0.1:3565"\n', "", "association[0]"),
        ('peer = "127.0.0.1:3565"', 'peer = "127.0.0.1:0"', "association[0].peer: port 0 is any port"),
        ('local = "127.0.0.1:2905"', 'local = "2905"', "association[1].local: '2905' lacks a port"),
        ("wait = true", "wait = true\npeer_udp_port = 70000", "association[1].peer_udp_port"),
        ('association = "wire"', 'association = "wires"', "did you mean 'wire'?"),
        (
            'association = "wire"',
            'association = "stp"',
            "associations[0]: association 'stp' is already used",
        ),
        ('association = "wire"', 'association = "wire"\n  timeslot = 1', "a link on an association has no timeslots"),
        ('association = "wire"', 'association = "wire"\n  span = "e1"', "give either span"),
        ('"2-1-3"]', '"2-1-9"]', "ss7.m3ua[0].destinations[1]"),
        ('"2-1-3"]', '"2-1-1"]', "is our own point code"),
    ],
)
def test_mistakes_are_told(old, new, complaint):
    from tandem.core.errors import ConfigurationError

    with pytest.raises(ConfigurationError) as caught:
        parse(TEXT.replace(old, new))
    assert complaint in str(caught.value)


ROUTES = """
[ss7]
transfer = true
[[ss7.route]]
point_code = "7"
linkset = "north"
priority = 2
[[ss7.screen]]
allow = false
linkset = "north"
service = 5
opc = "2"
"""


def test_routes_and_transfer():
    configuration = parse(TEXT.replace("[[ss7.linkset]]", ROUTES + "[[ss7.linkset]]", 1))
    numbers = {key: number for number, key in enumerate(link_keys(configuration))}
    (identity,) = by_point(configuration)
    made = level3(identity, by_point(configuration)[identity], numbers, configuration.ss7)
    assert [(route.dpc, route.linkset, route.priority) for route in made.routes] == [(2, "north", 0), (7, "north", 2)]
    (rule,) = made.transfer.rules
    assert (rule.allow, rule.linkset, rule.services, rule.opc, rule.dpc) == (False, "north", {5}, 2, None)
    assert level3(identity, by_point(configuration)[identity], numbers, parse(TEXT).ss7).transfer is None


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("transfer = true", "transfer = false", "ss7.screen[0]: screens nothing while `transfer`"),
        ('point_code = "7"', 'point_code = "1"', "ss7.route[0].point_code: 1 is our own point code"),
        ('point_code = "7"', 'point_code = "99999"', "is not a point code of variant itu"),
        ('linkset = "north"\npriority', 'linkset = "nord"\npriority', "did you mean 'north'?"),
        ('opc = "2"', 'opc = "x"', "ss7.screen[0].opc"),
    ],
)
def test_mistakes_of_routes_are_told(old, new, complaint):
    from tandem.core.errors import ConfigurationError

    with pytest.raises(ConfigurationError) as caught:
        parse(TEXT.replace("[[ss7.linkset]]", ROUTES.replace(old, new) + "[[ss7.linkset]]", 1))
    assert complaint in str(caught.value)


def test_cyclic_retransmission():
    linkset = parse(TEXT.replace("timeslot = 16", 'timeslot = 16\n  error_correction = "cyclic"')).ss7.linkset[0]
    assert level2(linkset, linkset.link[0]).configuration.error_correction == "cyclic"


SECOND = """
[[ss7.linkset]]
name = "abroad"
point_code = "1"
adjacent_point_code = "3"
network = "international"
  [[ss7.linkset.link]]
  span = "e1"
  timeslot = 17
"""


def test_one_code_of_ours_is_of_one_network():
    """User parts name our signalling point by its code alone."""
    from tandem.core.errors import ConfigurationError

    parse(TEXT + SECOND.replace('point_code = "1"', 'point_code = "4"', 1))
    with pytest.raises(ConfigurationError, match="is our code in the itu national network already"):
        parse(TEXT + SECOND)


def test_variants_and_parameters_reach_the_machines():
    more = """
[sigtran]
timers = { beat = 0, ack = 1.5, establish = 40 }
[ss7]
full_restart = true
congestion_levels = true
sls_rotation = 5
link_test_pattern = "ping"
route_test = true
transfer = true
restricted = true
[[ss7.linkset]]
name = "east"
point_code = "1-1-1"
adjacent_point_code = "1-1-2"
variant = "japan"
restart_wait = 3
  [[ss7.linkset.link]]
  span = "e1"
  timeslot = 17
  level2 = { n1 = 9, max_sif = 62 }
  [[ss7.linkset.link]]
  association = "tokyo"
  interface = 4
[[ss7.linkset]]
name = "west"
point_code = "1-1-1"
adjacent_point_code = "1-1-2"
variant = "ansi"
network = "national spare"
link_test = false
restart = "tra"
  [[ss7.linkset.link]]
  span = "e1"
  timeslot = 18
[[association]]
name = "tokyo"
local = "127.0.0.1:0"
peer = "127.0.0.1:2904"
[[ss7.backhaul]]
span = "e1"
timeslot = 19
association = "kyoto"
interface = 5
length_indicator = true
[[association]]
name = "kyoto"
local = "127.0.0.1:2906"
peer = "127.0.0.1:0"
wait = true
"""
    configuration = parse(TEXT + more)
    numbers = {key: number for number, key in enumerate(link_keys(configuration))}
    points = [
        level3(identity, linksets, numbers, configuration.ss7) for identity, linksets in by_point(configuration).items()
    ]
    itu, japan, ansi = points
    for point in points:
        assert point.full_restart
        assert point.congestion_levels
        assert point.test_pattern == b"ping"
        assert point.transfer is not None
        assert point.transfer.restricted
    assert [(point.sls_rotation, point.route_test) for point in points] == [(0, False), (0, True), (5, False)]
    assert [point.linksets[0].link_test for point in points] == [True, False, False]
    assert [point.linksets[0].restart for point in points] == [None, None, RestartProcedure.TRA]
    assert (itu.timers.t22, ansi.timers.t22) == (270.0, 100.0)
    assert japan.linksets[0].restart_wait == 3
    east = configuration.ss7.linkset[1]
    link = level2(east, east.link[0])
    assert (link.configuration.n1, link.configuration.max_sif) == (9, 62)
    machine = m2ua(configuration)
    assert (machine.durations.beat, machine.durations.ack) == (0, 1.5)
    servers = machine._configurations
    assert {name: server.length_indicator for name, server in servers.items()} == {"tokyo": True, "kyoto": True}
    assert servers["tokyo"].establish == 40
    assert m3ua(configuration).durations.ack == 1.5


@pytest.mark.parametrize(
    ("types", "users"), [((), {5}), (("isup",), {5}), (("tup",), {4}), (("isup", "tup"), {4, 5})], ids=str
)
def test_user_parts_are_those_of_the_trunks(types, users):
    """Messages of others are answered with UPU, and application servers do not register for them."""
    trunks = "".join(
        f'[[trunk]]\nname = "{kind}-{over}"\ntype = "{kind}"\nlinkset = "{over}"\n'
        f'[[trunk.circuits]]\nspan = "e1"\ncic = "{place}"\n'
        for place, (kind, over) in enumerate(((kind, over) for kind in types for over in ("north", "south")), 1)
    )
    configuration = parse(TEXT + trunks)
    assert user_parts(configuration, ["north"]) == users
    (identity,) = by_point(configuration)
    numbers = {key: number for number, key in enumerate(link_keys(configuration))}
    made = level3(
        identity, by_point(configuration)[identity], numbers, configuration.ss7, user_parts(configuration, ["north"])
    )
    assert made.users == users
    assert set(m3ua(configuration)._configurations["south"].services) == users
