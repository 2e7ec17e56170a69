from pathlib import Path

import numpy as np

from tandem.gateway.analyser import live as module
from tandem.gateway.analyser.analysis import analyse
from tandem.gateway.analyser.clock import Span
from tandem.gateway.analyser.live import LiveAnalyser
from tandem.gateway.analyser.model import CallRecord, MediaStream, Message, Protocol, Where
from tandem.gateway.analyser.revisit import batches
from tandem.gateway.analyser.rows import Rows
from tandem.gateway.analyser.sipbulk import SipRows

CAPTURE = str(Path(__file__).parents[2] / "vectors" / "isup" / "captures" / "m3ua_94calls_wireshark.pcap")


def run(**options):
    seen, passed = [], []
    analyser = LiveAnalyser(None, lambda record, found: seen.append((record, found)), passed.append, **options)
    for batch in batches([CAPTURE]):
        analyser.feed(batch)
    return analyser, seen, passed


def test_calls_are_told_as_they_end():
    analyser, seen, passed = run()
    assert (len(seen), analyser.open, analyser.outcomes) == (94, 0, {"answered": 94})
    assert sorted(record.id for record, _ in seen) == sorted(record.id for record in analyse([CAPTURE]).calls)
    assert all(found == [] for _, found in seen)
    assert sum(message.protocol.value == "isup" for message in passed) == 470
    analyser.finish()
    assert len(seen) == 94


def test_only_the_latest_are_kept(monkeypatch):
    monkeypatch.setattr(module, "KEPT", 5)
    analyser, _, _ = run()
    assert len(analyser.latest) == 5


def test_time_goes_on_without_packets():
    analyser, _, _ = run()
    before = analyser.end
    analyser.tick(before + 100)
    analyser.tick(before)
    assert analyser.end == before + 100


def test_legs_and_speech_of_calls_that_are_over():
    seen = []
    analyser = LiveAnalyser(None, lambda record, found: seen.append(record))
    for number, protocol in ((1, "isup"), (2, "sip")):
        analyser._done(
            CallRecord(
                protocol=protocol,
                id=f"{protocol}-{number}",
                outcome="busy",
                start=number,
                called="12345",
                calling="67890",
            )
        )
    assert [(leg.id, leg.sure) for leg in seen[0].legs] == [("sip-2", 0.9)]
    stream = MediaStream(
        source="a", destination="b", ssrc=1, codec="PCMA", first=0.0, last=1.0, packets=9, lost=0, jitter_ms=0.0
    )
    analyser._attach(2, stream)
    analyser._attach(99, stream)
    assert seen[1].media == [stream]


def test_findings_of_no_call_are_told_when_they_happen():
    told = []
    analyser = LiveAnalyser(None, lambda record, found: None, told=told.append)
    where = Where("", "", 1, 2, 2, "itu")
    resets = [Message(n, 5.0, Protocol.ISUP, "RSC", where, bytes((n, 0, 0x12))) for n in range(12)]
    analyser._take(resets, Span.of(np.array([6.0])), Rows.none(), SipRows.none())
    assert told == []
    analyser.tick(7.0)
    assert [finding.kind for finding in told] == ["reset-storm"]
    analyser.tick(8.0)
    assert len(told) == 1
    assert not analyser._circuits.supervision
