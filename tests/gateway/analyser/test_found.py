"""Findings that are made when they are read: the same, in the same order, as if all had been made at once."""

import numpy as np
import pytest
from bench.traffic import generate

from tandem.gateway.analyser import analysis, findings
from tandem.gateway.analyser.analysis import analyse
from tandem.gateway.analyser.filters import Filter
from tandem.gateway.analyser.found import Findings
from tandem.gateway.analyser.model import Finding
from tandem.gateway.analyser.report import summary


def finding(kind, time):
    return Finding(kind=kind, severity="note", text=f"{kind} {time}", time=time)


def made(number):
    return [finding("release-before-acm", float(number)), finding("congestion", float(number))]


def several(most=100):
    kind = [("number", "i8"), ("mark", "u1"), ("last", "f8")]
    marked = np.array([(10, 2, 10.0), (30, 3, 30.0)], kind)
    few = [(0, finding("missing-rlc", 30.0)), (2, finding("congestion", 5.0))]
    return Findings(few, marked, np.array([1, 3]), [finding("reset-storm", 10.0)], made, most)


def test_in_the_order_of_time_and_then_of_calls():
    assert [one.text for one in several()] == [
        "congestion 5.0", "release-before-acm 10.0", "reset-storm 10.0", "missing-rlc 30.0", "release-before-acm 30.0",
        "congestion 30.0",
    ]  # fmt: skip
    assert len(several()) == 6
    assert several()[-1].text == several()[5:][0].text == "congestion 30.0"
    assert several() == list(several())


def test_kinds_and_the_first_of_each():
    assert list(several().kinds().items()) == [
        ("congestion", 2), ("release-before-acm", 2), ("reset-storm", 1), ("missing-rlc", 1),
    ]  # fmt: skip
    assert [one.text for one in several().first(1)] == [
        "congestion 5.0", "release-before-acm 10.0", "reset-storm 10.0", "missing-rlc 30.0",
    ]  # fmt: skip


def test_of_many_those_of_the_first_calls_are_kept():
    assert [one.text for one in several(2)] == ["release-before-acm 10.0", "reset-storm 10.0", "missing-rlc 30.0"]
    assert several(2).left_out == 3


@pytest.mark.parametrize("mix", ["isup", "sip", "signalling"])
def test_as_the_rules_say_them_call_by_call(tmp_path, mix):
    generate(tmp_path / "busy.pcap", 20_000, mix)
    found = analyse([str(tmp_path / "busy.pcap")])
    end = max(record.messages[-1].time for record in found.calls)
    expected = [one for one in findings.of_calls(found.calls, end, found.calls.find)]
    assert len(expected) > 10
    assert list(found.findings) == sorted(expected, key=lambda one: one.time or 0.0)


def test_what_is_left_out_is_told(tmp_path, monkeypatch):
    generate(tmp_path / "busy.pcap", 6000, "isup")
    whole = analyse([str(tmp_path / "busy.pcap")])
    monkeypatch.setattr(analysis, "MOST_FINDINGS", 3)
    cut = analyse([str(tmp_path / "busy.pcap")])
    assert len(cut.findings) == 3
    assert f"{len(whole.findings) - 3} findings beyond the first 3" in [one.reason for one in cut.skipped]


def test_the_table_shows_as_much_with_and_without_a_filter(tmp_path):
    generate(tmp_path / "busy.pcap", 6000, "isup")
    found = analyse([str(tmp_path / "busy.pcap")])
    shown = [list(summary(found, wanted)) for wanted in (Filter(), lambda _: True)]
    assert "".join(shown[0]).replace("\n", "") == "".join(shown[1]).replace("\n", "")
