"""What the keys of a PRI trunk mean together, and what is told when they do not fit."""

import pytest

from tandem.core.errors import ConfigurationError
from tandem.gateway.configuration.load import parse
from tandem.gateway.configuration.pri import TIMERS, d_channels, pri_lines

SPANS = """
[[span]]
name = "line"
device = "virtual:line"
[[span]]
name = "t1"
device = "virtual:t1"
framing = "esf"
[[span]]
name = "t2"
device = "virtual:t2"
framing = "esf"
[[span]]
name = "t3"
device = "virtual:t3"
framing = "esf"
"""
SERIAL = """
[[span]]
name = "com"
device = "serial:/dev/ttyUSB0"
"""
TRUNK = """
[[trunk]]
name = "pbx"
type = "pri"
side = "network"
{keys}
  [[trunk.spans]]
  span = "line"
[[route]]
to = ["pbx"]
"""
GROUP = """
[[trunk]]
name = "pbx"
type = "pri"
side = "network"
switch = "ni2"
  [[trunk.spans]]
  span = "t1"
  d_channel = 24
  [[trunk.spans]]
  span = "t2"
  d_channel = 24
  interface = 1
  [[trunk.spans]]
  span = "t3"
  interface = 2
[[route]]
to = ["pbx"]
"""


def configured(trunk=TRUNK, keys="", change=("", "")):
    text = (SPANS + trunk.replace("{keys}", keys)).replace(*change, 1)
    configuration = parse(text)
    return configuration.trunk[0], configuration.span


def refused(trunk=TRUNK, keys="", change=("", "")):
    with pytest.raises(ConfigurationError) as refusal:
        configured(trunk, keys, change)
    return str(refusal.value)


def test_an_e1_has_30_channels_and_its_d_channel_in_timeslot_16():
    (line,) = pri_lines(*configured())
    assert line.d_channel == 16
    assert line.b_channels == (*range(1, 16), *range(17, 32))


def test_a_t1_has_23_channels_and_its_d_channel_in_timeslot_24():
    (line,) = pri_lines(*configured(change=('span = "line"', 'span = "t1"')))
    assert (line.d_channel, line.b_channels) == (24, tuple(range(1, 24)))


def test_channels_and_d_channel_can_be_told():
    (line,) = pri_lines(*configured(change=('span = "line"', 'span = "line"\n  d_channel = 1\n  channels = "2-4,9"')))
    assert (line.d_channel, line.b_channels) == (1, (2, 3, 4, 9))


def test_several_lines_have_a_d_channel_and_its_back_up():
    trunk, spans = configured(GROUP)
    lines = pri_lines(trunk, spans)
    assert [(line.span, line.interface, line.d_channel) for line in lines] == [
        ("t1", 0, 24),
        ("t2", 1, 24),
        ("t3", 2, None),
    ]
    assert len(lines[2].b_channels) == 24
    assert [line.span for line in d_channels(trunk, spans)] == ["t1", "t2"]


def parsed_with_serial(keys):
    text = TRUNK.replace("{keys}", "").replace('  span = "line"', f'  span = "line"\n{keys}')
    configuration = parse(SERIAL + SPANS + text)
    return configuration.trunk[0], configuration.span


def test_the_d_channel_may_be_on_a_serial_line():
    trunk, spans = parsed_with_serial('  d_channel_span = "com"')
    (line,) = pri_lines(trunk, spans)
    assert (line.span, line.d_channel, len(line.b_channels)) == ("line", 16, 30)
    assert [(line.span, line.d_channel) for line in d_channels(trunk, spans)] == [("com", 16)]
    trunk, spans = parsed_with_serial('  d_channel_span = "com"\n  channels = "1-31"')
    assert len(pri_lines(trunk, spans)[0].b_channels) == 31


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ('  span = "line"\n  d_channel_span = "con"', "con"),
        ('  span = "com"', "span 'com' is a serial line: one signalling channel, no speech"),
    ],
)
def test_serial_lines_that_do_not_fit(lines, says):
    with pytest.raises(ConfigurationError) as refusal:
        parse(SERIAL + SPANS + TRUNK.replace("{keys}", "").replace('  span = "line"', lines))
    assert says in str(refusal.value)


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ("timers = { t399 = 1.0 }", "unknown timer"),
        ("timers = { t200 = 5.0, t203 = 5.0 }", "t203 (5 s) must be above t200 (5 s)"),
        ("minimum_digits = 5\nmaximum_digits = 4", "is less than minimum_digits (5)"),
        ("pass_digits = true", "pass_digits: is for `overlap`"),
        ('switch = "ni2"\noverlap = true', "ni2 has no overlap sending"),
        ('switch = "qsig"\nsuspension = true', "is for the network side to allow"),
        ('numbers = ["12a"]', "'12a' is not a number"),
        ('default_number = "one"', "'one' is not a number"),
        ("replace_unscreened = true", "is empty although `replace_unscreened` is set"),
        ('national_prefix = "0x"', "'0x' is not what can be dialled"),
    ],
)
def test_keys_that_do_not_fit(keys, says):
    assert says in refused(keys=keys)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (('span = "line"\n[', 'span = "lin"\n['), "lin"),
        (('span = "line"\n[', 'span = "line"\n  channels = "1-40"\n['), "40"),
        (('span = "line"\n[', 'span = "line"\n  channels = "1-16"\n['), "timeslot 16 is the D-channel"),
        (('span = "line"\n[', 'span = "line"\n  [[trunk.spans]]\n  span = "t1"\n['), "no line has a D-channel"),
    ],
)
def test_lines_that_do_not_fit(change, says):
    assert says in refused(change=change)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("interface = 2", "interface = 1"), "1 is already the interface of spans[1]"),
        (("interface = 2", "interface = 2\n  d_channel = 24"), "3 lines have a D-channel"),
        (('"ni2"', '"euroisdn"'), "euroisdn has no NFAS"),
    ],
)
def test_groups_that_do_not_fit(change, says):
    assert says in refused(GROUP, change=change)


def test_a_timeslot_has_one_user():
    other = TRUNK.replace('"pbx"', '"pbx2"').replace("{keys}", "")
    assert "already used by" in refused(TRUNK + other.split("[[route]]")[0])


def test_every_timer_of_q931_and_two_of_q921_can_be_set():
    assert {"t301", "t303", "t309", "t310", "t313", "t316", "t322", "t200", "t203"} <= set(TIMERS)
