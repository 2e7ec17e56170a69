from __future__ import annotations

import json
import time

import pytest
from click.testing import CliRunner
from support.dahdi_kernel import Kernel
from support.spans import spec_pair

from tandem.core.errors import SpanError
from tandem.gateway import span_command
from tandem.gateway.cli import main
from tandem.gateway.line_test import LineTester
from tandem.gateway.span_command import parse_timeslots
from tandem.hardware import dahdi_calls
from tandem.hardware.dahdi_ioctl import Loop
from tandem.hardware.registry import loop_card, open_span


def run(*arguments):
    return CliRunner().invoke(main, ["span", *arguments])


@pytest.mark.parametrize(
    ("text", "timeslots"), [("", list(range(1, 25))), ("1-3,17", [1, 2, 3, 17]), ("5", [5]), ("3,1-3", [1, 2, 3])]
)
def test_timeslots(text, timeslots):
    assert parse_timeslots(text, 24) == timeslots


@pytest.mark.parametrize("text", ["x", "0", "1-25", "1-", ",", "3-1"])
def test_wrong_timeslots_say_what_is_wrong(text):
    with pytest.raises(SpanError, match="--timeslots"):
        parse_timeslots(text, 24)


def test_wrong_spec_is_one_line_and_exit_status_1():
    result = run("status", "dahdy:1")
    assert result.exit_code == 1


class VirtualTime:
    """What the command takes for the module `time`; the far end does what is due whenever the command sleeps."""

    strftime = staticmethod(time.strftime)

    def __init__(self, far):
        self.now = 1000.0
        self._far = far

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds
        self._far.step(self.now)


def test_bert_against_a_loop_at_the_far_end(monkeypatch):
    one, other = spec_pair("satop")
    span = open_span(other)
    monkeypatch.setattr(span_command, "time", VirtualTime(LineTester(span, loopback=True)))
    result = run("bert", one, "--seconds", "2", "--timeslots", "1-15,17-31", "--json")
    span.close()
    told = json.loads(result.output)
    assert told["spec"] == one
    assert told["synchronised"] == told["timeslots"] == [*range(1, 16), *range(17, 32)]
    assert told["bits"] > 30 * 64_000
    assert told["counters"]["crc4_errors"] == 0


def test_a_card_loops_its_line_by_itself_until_the_time_is_over(monkeypatch):
    """The card is looped while the command sleeps, and is not afterwards; what is not open stays so."""
    kernel, looped = Kernel({}, {}), []
    monkeypatch.setattr(dahdi_calls, "KERNEL", kernel)
    monkeypatch.setattr(time, "sleep", lambda seconds: looped.append((seconds, kernel.spans[1].maintenance)))
    result = run("loopback", "dahdi:2", "--card", "remote", "--seconds", "30")
    assert result.exit_code == 0, result.output
    assert looped == [(30.0, Loop.REMOTE)]
    assert kernel.spans[1].maintenance == Loop.OFF
    assert kernel.open_files == 0
    assert "looped by its card (remote)" in result.output
    told = json.loads(run("loopback", "dahdi:1", "--card", "local", "--seconds", "1", "--json").output)
    assert told == {"spec": "dahdi:1", "card_loop": "local", "ended": True}
    assert looped[1:] == [(1.0, Loop.OFF)]  # of the other span


@pytest.mark.parametrize("trouble", [KeyboardInterrupt, ValueError])
def test_the_loop_of_a_card_ends_whatever_happens(monkeypatch, trouble):
    kernel = Kernel({})

    def sleep(seconds):
        raise trouble

    monkeypatch.setattr(dahdi_calls, "KERNEL", kernel)
    monkeypatch.setattr(time, "sleep", sleep)
    assert (run("loopback", "dahdi:1", "--card", "local").exit_code == 0) is (trouble is KeyboardInterrupt)
    assert kernel.spans[0].maintenance == Loop.OFF


@pytest.mark.parametrize(
    ("spec", "told"), [("virtual:x", "no loop of their own, dahdi has"), ("dahdi:9", "DAHDI has no span 9")]
)
def test_what_has_no_card_says_so(monkeypatch, spec, told):
    monkeypatch.setattr(dahdi_calls, "KERNEL", Kernel({}))
    with pytest.raises(SpanError, match=told):
        loop_card(spec, "local")
    assert run("loopback", spec, "--card", "local").exit_code == 1


def test_status_of_a_dead_line_shows_it_and_fails():
    result = run("status", spec_pair("satop")[0], "--seconds", "1.2")
    assert result.exit_code == 1
    assert "LOS" in result.output
    assert "near ES" in result.output


def test_bert_table_and_failure_without_far_end():
    result = run("bert", spec_pair("cesopsn")[0], "--seconds", "1.2", "--timeslots", "3")
    assert result.exit_code == 1
    assert "0 of 1 synchronised" in result.output
    assert result.output.splitlines()[-6:] != []
