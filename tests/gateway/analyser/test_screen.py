import sys

import click
from rich.console import Console

from tandem.gateway.analyser.live import LiveAnalyser
from tandem.gateway.analyser.model import CallRecord, Finding
from tandem.gateway.analyser.screen import Lines, Screen, shown

RECORD = CallRecord(
    protocol="isup", id="isup-1", outcome="busy", start=61.5, called="[red]12", calling="9", cic=7, cause=17
)
FOUND = [
    Finding(kind="k", severity="error", text="It broke", clause="Q.764 1"),
    Finding(kind="k", severity="note", text="A trifle", clause="Q.764 2"),
]


def test_lines(capsys):
    Lines(False).call(RECORD, FOUND)
    text = click.unstyle(capsys.readouterr().out)
    assert text.splitlines()[0].split() == ["isup-1", "00:01:01.500", "9", "[red]12", "CIC", "7", "busy", "17"]
    assert text.splitlines()[1:] == ["  error: It broke (Q.764 1)"]
    Lines(True).call(RECORD, FOUND)
    assert capsys.readouterr().out.startswith('{"protocol":"isup"')
    Lines(False).finding(FOUND[0])
    assert click.unstyle(capsys.readouterr().out) == "error: It broke (Q.764 1)\n"
    Lines(True).finding(FOUND[0])
    assert capsys.readouterr().out.startswith('{"finding":{"kind":"k"')


def test_the_screen():
    class Kept:
        def update(self, picture, refresh):
            self.picture = picture

    kept = Kept()
    screen = Screen(kept)
    analyser = LiveAnalyser(None, screen.call)
    analyser._done(RECORD)
    screen.call(RECORD, FOUND)
    screen.finding(Finding(kind="k", severity="warning", text="A link failed", clause="Q.703 11"))
    screen.refresh(analyser)
    console = Console(width=200, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(kept.picture)
    console.file.close()
    text = console.export_text()
    assert "0 packets   0 calls under way   1 over, 0.0 % answered" in text
    assert "[red]12" in text
    assert "error: It broke (Q.764 1)" in text
    assert "warning: A link failed (Q.703 11)" in text
    assert "A trifle" not in text


def test_lines_where_there_is_no_terminal(monkeypatch, capsys):
    with shown(False) as out:
        assert isinstance(out, Lines)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setitem(sys.modules, "rich.live", None)
    with shown(False) as out:
        assert isinstance(out, Lines)
    assert "tandem-gateway[live]" in capsys.readouterr().err
