"""What is shown while calls happen: a screen that refreshes on a terminal, lines anywhere else."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import click

from . import report
from .cells import COLUMNS, row_of
from .model import CallRecord, Finding

if TYPE_CHECKING:
    from .live import LiveAnalyser

ROWS: Final = 18
FINDINGS: Final = 8
_STYLES: Final = {"answered": "green", "failed": "red", "rejected": "red", "error": "red", "warning": "yellow"}


class Lines:
    """A line a call when it is over, and a line for each finding."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json

    def call(self, record: CallRecord, found: list[Finding]) -> None:
        """A call is over."""
        if self._as_json:
            click.echo(report.json_of(record))
        else:
            click.echo(report.line(record))
            for finding in found:
                if finding.severity != "note":
                    click.echo(f"  {finding.severity}: {finding.text} ({finding.clause})")
        sys.stdout.flush()

    def finding(self, finding: Finding) -> None:
        """Something that belongs to no call is wrong."""
        if self._as_json:
            click.echo(report.json_of({"finding": finding}))
        else:
            click.echo(f"{finding.severity}: {finding.text} ({finding.clause})")
        sys.stdout.flush()

    def refresh(self, analyser: LiveAnalyser) -> None:
        """Nothing is refreshed: lines stay."""


class Screen:
    """Counters, the latest calls and findings, drawn by rich."""

    def __init__(self, live: Any) -> None:
        self._live = live
        self._findings: list[Finding] = []

    def call(self, record: CallRecord, found: list[Finding]) -> None:
        """A call is over."""
        self._findings = [*(one for one in found if one.severity != "note"), *self._findings][:FINDINGS]

    def finding(self, finding: Finding) -> None:
        """Something that belongs to no call is wrong."""
        self._findings = [finding, *self._findings][:FINDINGS]

    def refresh(self, analyser: LiveAnalyser) -> None:
        """Draw what is known now."""
        self._live.update(self.picture(analyser), refresh=True)

    def picture(self, analyser: LiveAnalyser) -> Any:
        """What is drawn. Texts of the capture are plain text: no markup of theirs is obeyed."""
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        over = analyser.outcomes.total()
        share = f"{100 * analyser.outcomes['answered'] / over:.1f} % answered" if over else "none over yet"
        head = f"{analyser.dissector.packets:,} packets   {analyser.open} calls under way   {over:,} over, {share}"
        calls = Table(*COLUMNS, expand=True)
        for record in islice(reversed(analyser.latest.values()), ROWS):
            style = _STYLES.get(record.outcome, "yellow")
            calls.add_row(*(Text(cell, style=style if cell == record.outcome else "") for cell in row_of(record)))
        wrong = [
            Text(f"{one.severity}: {one.text} ({one.clause})", style=_STYLES.get(one.severity, ""))
            for one in self._findings
        ]
        return Group(Text(head, style="bold"), calls, *wrong)


@contextmanager
def shown(as_json: bool) -> Iterator[Lines | Screen]:
    """The screen on a terminal where rich is installed, lines otherwise."""
    if as_json or not sys.stdout.isatty():
        yield Lines(as_json)
        return
    try:
        from rich.live import Live
    except ImportError:
        click.echo("for a screen that refreshes: pip install 'tandem-gateway[live]'", err=True)
        yield Lines(as_json)
        return
    with Live(auto_refresh=False, screen=True) as live:
        yield Screen(live)
