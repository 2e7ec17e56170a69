import csv
import io

import click

from tandem.gateway.analyser.filters import Filter
from tandem.gateway.analyser.model import Analysis, CallRecord, Finding, Leg, Skipped
from tandem.gateway.analyser.report import ladder, summary, table


def record(name="isup-1", **values):
    base = {"protocol": "isup", "id": name, "outcome": "busy", "start": 3661.25, "called": "123", "calling": "99"}
    return CallRecord(**(base | {"cic": 7, "cause": 17, "source": "1-1-1", "destination": "2-2-2"} | values))


def test_the_table_and_what_concerns_its_calls():
    mine = Finding(
        kind="k", severity="error", text="It broke", fault="2-2-2", clause="Q.764 1", calls=["isup-1"], packets=[4]
    )
    other = Finding(kind="k", severity="error", text="Elsewhere", calls=["isup-2"])
    analysis = Analysis(
        packets=10,
        calls=[record(), record("isup-2", outcome="answered", answered=3700.0, cause=16)],
        findings=[mine, other],
        skipped=[Skipped(file="a.pcap", reason="cut", octets=5)],
    )
    lines = [click.unstyle(line) for line in summary(analysis, Filter(failed=True))]
    assert lines[1].split() == ["isup-1", "01:01:01.250", "99", "123", "CIC", "7", "busy", "17", "1-1-1", "2-2-2"]
    assert "10 packets, 1 of 2 call attempts, 0.0 % answered" in lines
    assert any(line.endswith(": It broke (Q.764 1). Fault: 2-2-2. Packet 4") for line in lines)
    assert not any("Elsewhere" in line for line in lines)
    assert lines[-1] == "not used: a.pcap: cut (5 octets)"


def test_a_ladder_has_the_legs_and_the_findings_of_both():
    found = record(released_by="called", legs=[Leg("sip-2", 0.9, "numbers and time")])
    other = record(id="sip-2", protocol="sip", start=found.start + 0.1, opc=None, dpc=None, source="a", destination="b")
    told = [Finding(kind="k", severity="note", text=text, clause="c", calls=[call]) for text, call in (
        ("Mine", "isup-1"), ("Its", "sip-2"), ("Elsewhere", "isup-9"))]  # fmt: skip
    lines = [click.unstyle(line) for line in ladder(Analysis(calls=[found, other], findings=told), found)]
    assert [line for line in lines if line.startswith("note")] == ["note: Mine (c).", "note: Its (c)."]
    assert "same call: sip-2 (numbers and time, 90 % sure)" in lines
    assert any(line.split() == ["isup-1", "sip-2"] for line in lines)


def test_csv():
    rows = list(csv.DictReader(io.StringIO("".join(table([record(calling='a "quoted", one')])))))
    assert (rows[0]["calling"], rows[0]["cic"], rows[0]["answered"]) == ('a "quoted", one', "7", "")
    assert "messages" not in rows[0]


def test_without_calls_it_says_what_there_is():
    analysis = Analysis(packets=5, messages={"sip": {"401": 1, "REGISTER": 2}, "rtp": {"RTP": 9}})
    assert list(summary(analysis, Filter()))[-1] == "messages: SIP 1 401, 2 REGISTER; RTP 9"
    assert list(summary(Analysis(), Filter()))[-1] == "messages: none of those that are looked at"
