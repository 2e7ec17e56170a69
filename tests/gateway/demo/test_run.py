"""How the demonstration judges. The demonstration itself runs in tests/interop/test_demo.py."""

from pathlib import Path

from click.testing import CliRunner

from tandem.codecs.quality import Quality
from tandem.gateway.calls.accounting import Leg, Record
from tandem.gateway.cli import main
from tandem.gateway.demo import run
from tandem.gateway.demo.gateway import Gateway
from tandem.gateway.demo.plans import two_gateways
from tandem.gateway.demo.run import Demo, Findings, _record_is_right, _words


def quality(**changes):
    values = {
        "snr_db": 36.0,
        "delay_samples": 400,
        "lost_samples": 0,
        "repeated_samples": 0,
        "unmatched_samples": 0,
        "matched_samples": 40000,
    }
    return Quality(**(values | changes))


JUDGE = Demo(Path(), two_gateways("mtp"))


def test_good_speech():
    assert JUDGE._good(quality(), 60.0)
    assert "SNR 36.0 dB" in _words(quality(), 60.0)
    assert "bit exact" in _words(quality(snr_db=float("inf")), 60.0)


def test_bad_speech():
    assert not JUDGE._good(quality(snr_db=20.0), 60.0)
    assert not JUDGE._good(quality(lost_samples=160), 60.0)
    assert not JUDGE._good(quality(repeated_samples=160), 60.0)
    assert not JUDGE._good(quality(matched_samples=8000), 60.0)
    assert not JUDGE._good(quality(), 500.0)


def record(**changes):
    values = {
        "id": "1",
        "incoming": Leg(called="0301234567"),
        "cause": 16,
        "location": 10,
        "released_by": "outgoing",
        "result": "answered",
        "duration_ms": 5000,
    }
    return Record(**(values | changes))


def test_records_are_judged():
    assert _record_is_right(record())
    for change in ({"cause": 31}, {"released_by": "incoming"}, {"result": "failed"}, {"duration_ms": 0}):
        assert not _record_is_right(record(**change))


def test_one_wrong_finding_spoils_all(capsys):
    findings = Findings()
    assert not findings.all_right
    findings.check(True, "a")
    assert findings.all_right
    findings.check(False, "b")
    assert not findings.all_right
    assert "WRONG" in capsys.readouterr().out


def test_gateways_that_do_not_come_up_are_one_line(monkeypatch):
    async def never_up(self, level="debug"):
        self.last_trouble = "link a-1: no acknowledgement"

    monkeypatch.setattr(Gateway, "start", never_up)
    monkeypatch.setattr(run, "START_SECONDS", 0.02)
    result = CliRunner().invoke(main, ["demo"])
    assert (result.exit_code, type(result.exception)) == (1, SystemExit)
    (line,) = result.stderr.splitlines()
    assert line.startswith("tandem: signalling did not come into service within 0 s; gateway A is not up yet (link")
