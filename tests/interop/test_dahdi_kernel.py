"""The real DAHDI: its kernel modules, built for a Linux that is a program, with local spans in the place of cards.

So the requests, the sizes of their structures, buffers and events are DAHDI's own, not those of the stand-in; a card's
driver and its line are what is missing. Its local spans have no MTP2 mode: that has the stand-in alone.
"""

import json
import re

import pytest
from support import dahdi_modules, uml
from support.peers import program

pytestmark = [pytest.mark.interop, pytest.mark.realtime, pytest.mark.alone, pytest.mark.timeout(400)]
CALLS = (
    "test_each_hears_the_other[isup]",
    "test_each_hears_the_other[pri]",
    "test_both_gateways_ended_in_order_and_wrote_their_records",
    "test_no_alarm_was_left[a]",
    "test_no_alarm_was_left[b]",
    "test_an_outage_clears_circuits_and_nothing_else",
)


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What each scene printed, by scene."""
    program("dahdi_cfg", "dahdi")
    modules = [str(module) for module in dahdi_modules.build()]
    folder = tmp_path_factory.mktemp("dahdi")
    command = uml.python("support.dahdi_linux", str(folder), *modules)
    printed = uml.run(command, ["kernel/lib/crc-ccitt.ko"], folder, 200.0)
    lines = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    return {name: text for line in lines for name, text in line.items()}


def test_spans_and_the_use_of_their_channels_are_shown(told):
    rows = re.findall(r"DYNAM  \S+ +dahdi:(\d)\n +(.*)", told["hardware"])
    assert rows == [("1", "clear 1-4 16"), ("2", "clear 1-4 16"), ("3", "clear 1-4, dchan 16"), ("4", "clear 1-4 16")]


def test_not_a_bit_is_wrong_in_speech_that_goes_there_and_back(told):
    found = json.loads(told["bert"])
    assert found["synchronised"] == [1, 2, 3, 4]
    assert found["bits"] > 400_000
    assert found["errors"] == 0
    assert (found["counters"]["read_overruns"], found["counters"]["write_underruns"]) == (0, 0)


@pytest.mark.parametrize("name", CALLS)
def test_calls(told, name):
    """Raw timeslots with HDLC of ours, the kernel's HDLC of a D-channel, spans unplugged and plugged in mid-call."""
    passed = re.findall(r"(?m)^PASSED \S+::(test_.*)$", told["calls"])
    assert name in passed, told["calls"]
