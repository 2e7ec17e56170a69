"""Every kind of mistake in a configuration gives one line: where it is, what is wrong, what would be right."""

import re
from pathlib import Path

import pytest
from support.configurations import CIRCUITS, SIP, SIP_TRUNK, SS7, WHOLE, line_of

from tandem.core.errors import ConfigurationError
from tandem.gateway.configuration.load import load, parse
from tandem.gateway.configuration.spans import companding_law

EXAMPLES = sorted((Path(__file__).resolve().parents[3] / "examples").rglob("*.toml"))


def refusal(text, base=None):
    """The lines that say why `text` is refused."""
    with pytest.raises(ConfigurationError) as error:
        parse(text, "g.toml", base)
    return str(error.value).splitlines()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_examples_are_right(path):
    configuration = load(path)
    assert configuration.trunk or configuration.ss7.backhaul or configuration.isdn.backhaul


def test_there_are_examples():
    assert len(EXAMPLES) >= 2


def test_the_whole_configuration_of_these_tests_is_right():
    assert [trunk.name for trunk in parse(WHOLE).trunk] == ["pstn", "pbx"]


#: (what to change in WHOLE, to what, where the error is, what it says)
CHANGES = [
    # names
    ('name = "e2"', 'name = "e1"', "span[1].name", "'e1' is already the name of span[0]"),
    ('name = "e2"', 'name = ""', "span[1].name", "is empty"),
    ('name = "pbx"', 'name = "pstn"', "trunk[1].name", "'pstn' is already the name of trunk[0]"),
    ('linkset = "to-b"', 'linkset = "to-c"', "trunk[0].linkset", "did you mean 'to-b'?"),
    ('linkset = "to-b"', 'linkset = "xyz"', "trunk[0].linkset", "there are: to-b"),
    ('span = "e1"  # link', 'span = "e9"  # link', "ss7.linkset[0].link[0].span", "no [[span]] is named 'e9'"),
    ('span = "e1"  # run', 'span = "f"  # run', "trunk[0].circuits[0].span", "no [[span]] is named 'f'"),
    ('to = ["pstn"]', 'to = ["pstm"]', "route[0].to[0]", "no [[trunk]] is named 'pstm'; did you mean 'pstn'?"),
    ('trunk = ["pbx"]', 'trunk = ["pbx", "pby"]', "route[0].trunk[1]", "did you mean 'pbx'?"),
    # the node
    ('name = "G"', 'country_code = "+49"', "node.country_code", "without +"),
    ('name = "G"', 'records = "nowhere/r.jsonl"', "node.records", "does not exist; create it"),
    ('name = "G"', 'records = "."', "node.records", "is a folder"),
    ('name = "G"', 'capture_file = "records.jsonl"', "node.capture_file", "give each its own"),
    ('name = "G"', "capture_megabytes = 0", "node.capture_megabytes", "0 is not allowed; 1 or more is right"),
    ('name = "G"', "shutdown_seconds = -1", "node.shutdown_seconds", "-1 is not allowed; 0 or more is right"),
    # media and SIP
    ("ports = [20000, 20099]", "ports = [20099, 20000]", "media.ports", "does not rise"),
    ("ports = [20000, 20099]", "ports = [80, 1180]", "media.ports[0]", "80 is not allowed; 1024 to 65535"),
    ('tones = "eu"', 'tones = "xx"', "media.tones", "xx"),
    ('tones = "eu"', "jitter_min_ms = 100\njitter_max_ms = 110", "media.jitter_max_ms", "20 ms more"),
    ('tones = "eu"', "elastic_store = 70", "media.elastic_store_max", "60 ms is less than"),
    ('tones = "eu"', "jitter_min_ms = 10", "media.jitter_min_ms", "20"),
    ('tones = "eu"', 'clock = ["nowhere"]', "media.clock[0]", "no span 'nowhere'"),
    ('tones = "eu"', 'clock = ["system", "system"]', "media.clock[1]", "twice"),
    ('address = "127.0.0.1"', 'address = "localhost"', "media.address", "is not an IPv4 address"),
    ('address = "127.0.0.1"', 'address = "127.0.0.1:20000"', "media.address", "has a port"),
    ('address = "127.0.0.1"', 'address = "0.0.0.0"', "media.address", "cannot be announced"),
    ('address = "127.0.0.1"', 'address = "::"', "media.address", "cannot be announced"),
    ('address = "127.0.0.1"', 'address = "::1"\naddress_v6 = "::1"', "media.address", "write an IPv4 address"),
    ('address = "127.0.0.1"', 'address_v6 = "192.0.2.1"', "media.address_v6", "is no IPv6 address"),
    ('address = "127.0.0.1"', 'address_v6 = "fe80::1"', "media.address_v6", "is link-local"),
    ('listen = "127.0.0.1:5060"', 'listen = "127.0.0.1"', "sip.listen", "lacks a port"),
    ('listen = "127.0.0.1:5060"', 'listen = "127.0.0.1:0"', "sip.listen", "port 0"),
    ('listen = "127.0.0.1:5060"', 'listen = "127.0.0.1:99999"', "sip.listen", "is not a port"),
    ('listen = "127.0.0.1:5060"', 'listen = "0.0.0.0:5060"', "sip.listen", "cannot be announced"),
    ("t1_ms = 500", "t1_ms = 5", "sip.t1_ms", "5 is not allowed; 10 to 10000 is right"),
    ("t1_ms = 500", 'domain = "a b"', "sip.domain", "is not a host name"),
    # ports bound twice
    ('listen = "127.0.0.1:5060"', 'listen = "127.0.0.1:20010"', "sip.listen", "port 20010 is already an RTP port"),
    (
        "listen=127.0.0.1:40002,",
        "listen=127.0.0.1:40001,",
        "span[1].device",
        "port 40001 is already the listening port",
    ),
    ("listen=127.0.0.1:40002,", "listen=0.0.0.0:40001,", "span[1].device", "of span 'e1' (span[0].device)"),
    ("listen=127.0.0.1:40002,", "listen=127.0.0.1:20099,", "span[1].device", "already an RTP port (media.ports)"),
    ("listen=127.0.0.1:40002,", "listen=127.0.0.1:5060,", "span[1].device", "already the SIP port (sip.listen)"),
    ("max_calls = 10", "max_calls = 51", "trunk[1].max_calls", "media.ports has 50"),
    # spans
    (
        'name = "e2"',
        'name = "e2"\nframing = "d4"',
        "span[1].framing",
        "'d4' is not known here|must be one of|write one",
    ),
    ("peer=127.0.0.1:41002", "peer=127.0.0.1:41002,octets=192", "span[1].device", "unknown option 'octets'"),
    ("satop:listen=127.0.0.1:40002,peer=127.0.0.1:41002", "dahdy:1", "span[1].device", "unknown device 'dahdy'"),
    ("satop:listen=127.0.0.1:40002,peer=127.0.0.1:41002", "satop:listen=1", "span[1].device", "HOST:PORT|missing"),
    ("satop:listen=127.0.0.1:40002,peer=127.0.0.1:41002", "satop:liste=1", "span[1].device", "unknown option 'liste'"),
    # linksets
    ('point_code = "2-1-1"', 'point_code = "2-1-9"', "ss7.linkset[0].point_code", "too large: 7 is the last"),
    ('point_code = "2-1-1"', 'point_code = "2-1-2"', "ss7.linkset[0].adjacent_point_code", "our own point code"),
    ('point_code = "2-1-1"', 'point_code = "4106"', "ss7.linkset[0].adjacent_point_code", "our own point code"),
    ('reaches = ["2-1-3"]', 'reaches = ["2-1"]', "ss7.linkset[0].reaches[0]", "3 parts"),
    ('reaches = ["2-1-3"]', 'reaches = ["2-1-1"]', "ss7.linkset[0].reaches[0]", "our own point code"),
    ("timeslot = 16", "timeslot = 32", "ss7.linkset[0].link[0].timeslot", "32 is not allowed; 1 to 31 is right"),
    ("timeslot = 16", "", "ss7.linkset[0].link[0]", "give either timeslot"),
    ("timeslot = 16", 'timeslot = 16\ntimeslots = "1-3"', "ss7.linkset[0].link[0]", "give either timeslot"),
    ("timeslot = 16", 'timeslots = "3-1"', "ss7.linkset[0].link[0].timeslots", "runs backwards"),
    ("timeslot = 16", "timeslot = 16\nslc = 16", "ss7.linkset[0].link[0].slc", "16 is not allowed; 0 to 15 is right"),
    ("timeslot = 17", "timeslot = 16", "ss7.linkset[0].link[1].timeslot", "timeslot 16 of span 'e1' is already used"),
    ("timeslot = 17", "timeslot = 17\nslc = 0", "ss7.linkset[0].link[1].slc", "0 is already the SLC of link[0]"),
    (
        "timers = { q703_t1 = 40 }",
        "timers = { q703_t9 = 1 }",
        "ss7.linkset[0].timers.q703_t9",
        "unknown timer; did you",
    ),
    (
        "timers = { q703_t1 = 40 }",
        "timers = { q703_t1 = 0 }",
        "ss7.linkset[0].timers.q703_t1",
        "0 is not allowed; more than 0 is right",
    ),
    ("restart_wait = 1", "restart_wait = -1", "ss7.linkset[0].restart_wait", "-1 is not allowed"),
    # ISUP trunks
    ('peer_point_code = "2-1-3"', 'peer_point_code = "2-1-4"', "trunk[0].peer_point_code", "add it to the linkset's"),
    ('peer_point_code = "2-1-3"', 'peer_point_code = "x"', "trunk[0].peer_point_code", "is not a point code"),
    ('cic = "1-15"', 'cic = "1-x"', "trunk[0].circuits[0].cic", "'1-x' is not a number or a range"),
    ('cic = "1-15"', 'cic = "15-1"', "trunk[0].circuits[0].cic", "runs backwards"),
    ('cic = "1-15"', 'cic = "4000-4100"', "trunk[0].circuits[0].cic", "outside 0-4095"),
    ('cic = "1-15"', 'cic = "1,1"', "trunk[0].circuits[0].cic", "1 is named twice"),
    ('cic = "1-15"', 'cic = "0-15"', "trunk[0].circuits[0].cic", "CIC 0 falls on timeslot 0"),
    ('cic = "1-15"', 'cic = "1,33"', "trunk[0].circuits[0].cic", "two of the CICs fall on timeslot 1"),
    ('cic = "1-15"', 'cic = "1-16"', "trunk[0].circuits[0].cic", "timeslot 16 of span 'e1' is already used by link 0"),
    ('cic = "33-35"', 'cic = "15,34,35"', "trunk[0].circuits[1].cic", "CIC 15 is already in another run"),
    ('timeslots = "1-3"', 'timeslots = "1-2"', "trunk[0].circuits[1].timeslots", "names 2 timeslots for 3 circuits"),
    ('timeslots = "1-3"', 'timeslots = "0-2"', "trunk[0].circuits[1].timeslots", "outside 1-31"),
    ("timers = { t7 = 20 }", "timers = { t99 = 20 }", "trunk[0].timers.t99", "unknown timer"),
    ("timers = { t7 = 20 }", "timers = { t7 = -2 }", "trunk[0].timers.t7", "-2 is not allowed; more than 0"),
    ("category = 10", "category = 256", "trunk[0].category", "256 is not allowed; 0 to 255 is right"),
    ("category = 10", "minimum_digits = 0", "trunk[0].minimum_digits", "1 or more is right"),
    ("category = 10", 'release_control = "called"', "trunk[0].release_control", "use the variant china"),
    (
        "category = 10",
        "minimum_digits = 5\nmaximum_digits = 4",
        "trunk[0].maximum_digits",
        "less than minimum_digits (5)",
    ),
    ("category = 10", "failure_tone_seconds = -1.0", "trunk[0].failure_tone_seconds", "-1.0 is not allowed; 0 or more"),
    # SIP trunks
    ('peer = "127.0.0.1:5070"', 'peer = "exa_mple.org"', "trunk[1].peer", "is not an IPv4 address"),
    ('peer = "127.0.0.1:5070"', 'peer = "127.0.0.1:5060"', "trunk[1].peer", "the address we listen on"),
    ("accept_from = []", 'accept_from = ["10.0.0.300"]', "trunk[1].accept_from[0]", "is no IP address"),
    ("accept_from = []", 'accept_from = ["10.0.0.3:5060"]', "trunk[1].accept_from[0]", "leave it out"),
    ('codecs = ["PCMA"]', "codecs = []", "trunk[1].codecs", "has 0 entries; 1 or more are right"),
    ('codecs = ["PCMA"]', 'codecs = ["PCMA", "PCMA"]', "trunk[1].codecs", "each once"),
    ("max_calls = 10", "max_calls = -1", "trunk[1].max_calls", "-1 is not allowed; 0 or more is right"),
    ("max_calls = 10", 'user = "u"', "trunk[1].password", "is empty although `user` is set"),
    ("max_calls = 10", 'password = "p"', "trunk[1].user", "is empty although `password` is set"),
    ("max_calls = 10", 'domain = "-x"', "trunk[1].domain", "is not a host name"),
    # routes
    ("called = '^0(\\d+)$'", "called = '^0(\\d+$'", "route[0].called", "is not a regular expression"),
    ("calling = ''", "calling = '[1'", "route[0].calling", "is not a regular expression"),
    ("set_called = '\\1'", "set_called = '\\2'", "route[0].set_called", "names group 2, but `called` has 1"),
    ("set_called = '\\1'", "set_called = 'sip'", "route[0].set_called", "is not a number"),
    ("calling = ''", "set_calling = '\\1'", "route[0].set_calling", "names group 1, but `calling` is empty"),
    ('times = ""', 'times = "Mon"', "route[0].times", "'Mon' is not a time"),
    ('times = ""', 'times = "25:00-26:00"', "route[0].times", "past 24:00"),
    ('times = ""', 'did_table = "no.csv"', "route[0].did_table", "cannot be read: No such file"),
    ('times = ""', "refuse_cause = 10", "route[0].refuse_cause", "10 is not a Q.850 cause value"),
    ('times = ""', "fallback_causes = [0]", "route[0].fallback_causes[0]", "0 is not allowed; 1 to 127"),
    # cause map
    ('"isup-sip 21" = 603', '"isup-sip 21" = 200', "cause_map.isup-sip 21", "200 is not a SIP status of failure"),
    ('"isup-sip 21" = 603', '"isup-sip 200" = 603', "cause_map.isup-sip 200", "200 is not a Q.850 cause"),
    ('"isup-sip 21" = 603', '"isup 21" = 603', "cause_map.isup 21", "is not a row; write"),
    ('"isup-sip 21" = 603', '"sip-isup 480" = 128', "cause_map.sip-isup 480", "128 is not a Q.850 cause"),
]

#: Mistakes that make other lines wrong too: a name or point code that they refer to is gone.
CONSEQUENCES = {
    ('name = "e2"', "span[1].name"),
    ('name = "pbx"', "trunk[1].name"),
    ('reaches = ["2-1-3"]', "ss7.linkset[0].reaches[0]"),
}


@pytest.mark.parametrize(("old", "new", "path", "says"), CHANGES, ids=[f"{c[2]}:{c[1][:24]}" for c in CHANGES])
def test_a_mistake_is_one_line_at_its_place(old, new, path, says, tmp_path):
    assert WHOLE.count(old) == 1, f"{old} does not stand once in WHOLE"
    text = WHOLE.replace(old, new)
    lines = refusal(text, tmp_path)
    place = f"g.toml:{line_of(text, path)}: {path}: "
    (line,) = [line for line in lines if line.startswith(place)]
    assert any(part in line for part in says.split("|"))
    assert len(lines) == 1 or (old, path) in CONSEQUENCES


def test_all_mistakes_are_told_in_the_order_of_the_file():
    lines = refusal(WHOLE.replace('to = ["pstn"]', 'to = ["x"]').replace("t1_ms = 500", 'domain = "-"'))
    assert [line.split(": ")[1] for line in lines] == ["sip.domain", "route[0].to[0]"]


def test_a_sip_trunk_needs_the_sip_table():
    text = SS7 + CIRCUITS + SIP_TRUNK
    (line,) = refusal(text)
    assert re.fullmatch(r"g.toml:\d+: trunk\[1\]: a SIP trunk needs a \[sip\] table with `listen`", line)


def test_a_linkset_without_links_and_a_trunk_without_circuits():
    linkset = '[[ss7.linkset]]\nname = "l"\npoint_code = "1"\nadjacent_point_code = "2"\nlink = []\n'
    trunk = '[[trunk]]\ntype = "isup"\nname = "t"\nlinkset = "l"\ncircuits = []\n'
    assert refusal(linkset + trunk) == [
        "g.toml:5: ss7.linkset[0].link: has 0 entries; 1 to 16 are right",
        "g.toml:10: trunk[0].circuits: has 0 entries; 1 or more are right",
    ]


def test_two_linksets_to_one_neighbour():
    second = SS7[SS7.index("[[ss7.linkset]]") :].replace('"to-b"', '"to-b2"').replace("timeslot = 1", "timeslot = 2")
    lines = refusal(SIP + SS7 + second)
    assert [line.split(": ", 2)[1:] for line in lines] == [
        ["ss7.linkset[1].adjacent_point_code", "linkset 'to-b' already leads there; put all the links into one linkset"]
    ]


def test_two_trunks_with_the_same_circuits():
    second = CIRCUITS.replace('"pstn"', '"pstn2"').replace("1-15", "14,18-20").replace("33-35", "40-42")
    lines = refusal(SS7 + CIRCUITS + second.replace('"1-3"', '"4-6"'))
    assert [line.split(": ", 2)[1] for line in lines] == ["trunk[1].circuits[0].cic", "trunk[1].circuits[0].cic"]
    assert "CIC 14 to this exchange is already used by trunk 'pstn'" in lines[0]
    assert "timeslot 14 of span 'e1' is already used by trunk 'pstn' (trunk[0].circuits[0])" in lines[1]


def test_three_ends_of_a_virtual_line():
    spans = "".join(f'[[span]]\nname = "{n}"\ndevice = "virtual:x"\n' for n in "abc")
    assert [line.split(": ", 2)[2] for line in refusal(spans)] == ["virtual:x is used 3 times; a line has 2 ends"] * 3


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (b"1,2,3,4\n", "d.csv:1: expected did,number[,trunk], found 4 fields"),
        (b"did,number\n1,2,pby\n", "no [[trunk]] is named 'pby'; did you mean 'pbx'?"),
        (b"1,2\n1,3\n", "d.csv:2: 1 is listed twice"),
        (b"\xff,1\n", "d.csv is not UTF-8 text"),
    ],
)
def test_a_wrong_did_table(rows, says, tmp_path):
    (tmp_path / "d.csv").write_bytes(rows)
    text = WHOLE.replace('times = ""', 'did_table = "d.csv"')
    (line,) = refusal(text, tmp_path)
    assert line.startswith(f"g.toml:{line_of(text, 'route[0].did_table')}: route[0].did_table: ")
    assert says in line


def test_a_t1_has_timeslots_1_to_24():
    t1 = WHOLE.replace('name = "e1"', 'name = "e1"\nframing = "esf"')
    assert companding_law(parse(t1).span[0]) == "u"
    assert parse(t1.replace("timeslot = 17", "timeslot = 24"))
    [line] = refusal(t1.replace("timeslot = 17", "timeslot = 25"))
    assert "span 'e1' is a T1 and has no timeslot 25" in line


def test_spans_that_nothing_uses_are_right():
    assert parse('[[span]]\nname = "spare"\ndevice = "virtual:x"\n').span[0].name == "spare"


def test_the_same_cic_to_two_exchanges_is_right():
    near = CIRCUITS.replace('"pstn"', '"near"').replace('peer_point_code = "2-1-3"', "").replace('"e1"', '"e2"')
    near = near.replace('cic = "1-15"', 'cic = "4-15"').replace('"1-3"', '"20-22"')
    assert len(parse(SS7 + CIRCUITS + near).trunk) == 2
