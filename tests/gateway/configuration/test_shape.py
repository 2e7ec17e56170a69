"""Keys and kinds of values, at every level."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.configurations import WHOLE, line_of

from tandem.core.errors import ConfigurationError
from tandem.gateway.configuration.load import parse
from tandem.gateway.configuration.shape import convert, shape_problems

#: (what to change in WHOLE, to what, where the error is, what it says)
CHANGES = [
    # unknown keys, with a suggestion
    ('name = "G"', 'nme = "G"', "node.nme", "unknown key; did you mean 'name'?"),
    ('name = "G"', "zzz = 1", "node.zzz", "unknown key; the keys here are audit_file, capture_file"),
    ("[media]", "[mediaa]", "mediaa", "unknown key; did you mean 'media'?"),
    ("t1_ms = 500", "t1 = 500", "sip.t1", "did you mean 't1_ms'?"),
    ('name = "e2"', 'name = "e2"\ndevise = ""', "span[1].devise", "did you mean 'device'?"),
    ("restart_wait = 1", "restart_wate = 1", "ss7.linkset[0].restart_wate", "did you mean 'restart_wait'?"),
    ("timeslot = 17", "timeslot = 17\nspann = 1", "ss7.linkset[0].link[1].spann", "did you mean 'span'?"),
    ("category = 10", "overlab = true", "trunk[0].overlab", "did you mean 'overlap'?"),
    ("max_calls = 10", "max_call = 10", "trunk[1].max_call", "did you mean 'max_calls'?"),
    ("max_calls = 10", "category = 10", "trunk[1].category", "unknown key"),
    ("max_calls = 10", "typ = 10", "trunk[1].typ", "did you mean 'type'?"),
    ('cic = "33-35"', 'cic = "33-35"\ncics = ""', "trunk[0].circuits[1].cics", "did you mean 'cic'?"),
    ('times = ""', 'time = ""', "route[0].time", "did you mean 'times'?"),
    # missing keys
    ('cic = "33-35"', "", "trunk[0].circuits[1]", "the key 'cic' is missing"),
    ('point_code = "2-1-1"', "", "ss7.linkset[0]", "the key 'point_code' is missing"),
    ('device = "satop:listen=127.0.0.1:40002,peer=127.0.0.1:41002"', "", "span[1]", "the key 'device' is missing"),
    ('peer = "127.0.0.1:5070"', "", "trunk[1]", "the key 'peer' is missing"),
    ('linkset = "to-b"', "", "trunk[0]", "the key 'linkset' is missing"),
    # wrong kinds
    ('name = "G"', "name = 1", "node.name", "must be a string in quotes, not the number 1"),
    ('name = "G"', "capture_megabytes = 1.5", "node.capture_megabytes", "must be a whole number, not the number 1.5"),
    ('name = "G"', "capture_megabytes = true", "node.capture_megabytes", "must be a whole number, not true"),
    ('name = "G"', "shutdown_seconds = nan", "node.shutdown_seconds", "must be a number, not the number nan"),
    ('name = "G"', "shutdown_seconds = 2020-01-01", "node.shutdown_seconds", "not the date 2020-01-01"),
    ('name = "G"', 'log_level = "warn"', "node.log_level", "'warn' is not known here; did you mean 'warning'?"),
    ('name = "G"', 'log_level = "x"', "node.log_level", "write one of debug, error, info, warning"),
    ('name = "G"', "log_level = 3", "node.log_level", "must be a string in quotes, not the number 3"),
    ("ports = [20000, 20099]", "ports = [20000]", "media.ports", "must be a list of 2 values in [ ], not a list of 1"),
    ("ports = [20000, 20099]", "ports = 20000", "media.ports", "must be a list of 2 values"),
    ("ports = [20000, 20099]", 'ports = [20000, "x"]', "media.ports[1]", "must be a whole number, not the string 'x'"),
    ("timeslot = 17", 'timeslot = "17"', "ss7.linkset[0].link[1].timeslot", "must be a whole number, not the string"),
    ("timers = { q703_t1 = 40 }", 'timers = { q703_t1 = "40" }', "ss7.linkset[0].timers.q703_t1", "must be a number"),
    ("timers = { q703_t1 = 40 }", "timers = 40", "ss7.linkset[0].timers", "must be a table, not the number 40"),
    (
        'codecs = ["PCMA"]',
        'codecs = ["G729"]',
        "trunk[1].codecs[0]",
        "'G729' is not known here; write one of PCMA, PCMU",
    ),
    ('codecs = ["PCMA"]', 'codecs = "PCMA"', "trunk[1].codecs", "must be a list in [ ], not the string 'PCMA'"),
    ("max_calls = 10", "early_media = 1", "trunk[1].early_media", "must be true or false, not the number 1"),
    ('to = ["pstn"]', 'to = "pstn"', "route[0].to", "must be a list in [ ], not the string 'pstn'"),
    ('"isup-sip 21" = 603', '"isup-sip 21" = "603"', "cause_map.isup-sip 21", "is not a row; write"),
    ('times = ""', 'called_nature = "nationel"', "route[0].called_nature", "did you mean 'national'?"),
    # trunk types
    ('type = "sip"', 'type = "sipp"', "trunk[1].type", "'sipp' is not a trunk type; write one of \"isup\" (SS7 ISUP"),
    ('type = "sip"', "type = 1", "trunk[1].type", "1 is not a trunk type"),
    ('type = "sip"', "type = []", "trunk[1].type", "[] is not a trunk type"),
    ('type = "sip"\n', "", "trunk[1]", "trunk[1].type: is missing; write one of"),
]


@pytest.mark.parametrize(("old", "new", "path", "says"), CHANGES, ids=[f"{c[2]}:{c[1][:24]}" for c in CHANGES])
def test_a_mistake_is_one_line_at_its_place(old, new, path, says):
    assert old in WHOLE
    text = WHOLE.replace(old, new, 1)
    with pytest.raises(ConfigurationError) as error:
        parse(text, "g.toml")
    (line,) = str(error.value).splitlines()
    assert line.startswith(f"g.toml:{line_of(text, path)}: {path}")
    assert says in line


@pytest.mark.parametrize(
    ("tables", "path", "says"),
    [
        ({"span": {"name": "x"}}, "span", "must be [[span]] tables, not a table"),
        ({"span": [1]}, "span[0]", "must be a table, not the number 1"),
        ({"trunk": ["x"]}, "trunk[0]", "must be a table, not the string 'x'"),
        ({"trunk": "x"}, "trunk", "must be [[trunk]] tables, not the string 'x'"),
        ({"ss7": []}, "ss7", "must be a table, not an empty list"),
        ({"ss7": {"linkset": {}}}, "ss7.linkset", "must be [[ss7.linkset]] tables, not a table"),
        ({"sip": 5060}, "sip", "must be a table, not the number 5060"),
    ],
)
def test_tables_that_are_none(tables, path, says):
    assert shape_problems(tables) == [(path, says)]


def test_a_header_inside_an_array_is_named_without_numbers():
    linkset = {"name": "l", "point_code": "1", "adjacent_point_code": "2", "link": 3}
    assert shape_problems({"ss7": {"linkset": [linkset]}}) == [
        ("ss7.linkset[0].link", "must be [[ss7.linkset.link]] tables, not the number 3")
    ]


def test_every_mistake_is_found_at_once():
    found = shape_problems({"node": {"namee": 1, "name": 2}, "sapn": [], "span": [{}]})
    assert [problem.path for problem in found] == ["node.namee", "node.name", "sapn", "span[0]", "span[0]"]


WORDS = """node media sip span ss7 trunk route cause_map name device type linkset circuits link peer codecs timers
ports to"""
KEYS = st.sampled_from(WORDS.split())
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=4)
    | st.sampled_from(["sip", "isup", "A"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_tables_without_problems_convert(tables):
    """What the walk lets pass, the schema takes: no message of the library reaches the operator."""
    if not shape_problems(tables):
        convert(tables)
