"""`tandem hardware`: the lines that are on this machine, and what to write for them."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from tandem.hardware.registry import BACKENDS, Found, discover

_COLUMNS = ("name", "kind", "state", "spec")


@click.command("hardware")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
def hardware_command(as_json: bool) -> None:
    """Show what lines are on this machine, and the spec string of each.

    That string is the `device` of a `[[span]]`. Nothing is opened and nothing disturbed. Exit status 0, also when
    nothing is there.

    \b
    Example:
      tandem hardware
    """  # noqa: D301 - click reads the backspace
    found = discover()
    if as_json:
        click.echo(json.dumps([asdict(each) for each in found], indent=2))
        return
    if found:
        for line in _table(found):
            click.echo(line)
    else:
        click.echo("No cards, USB adapters or serial lines found.")
    click.echo("\nNeeds no hardware:")
    for scheme in ("satop", "cesopsn"):
        click.echo(f"  {BACKENDS[scheme][1]}")


def _table(found: list[Found]) -> list[str]:
    """Columns, each as wide as need be, and details below."""
    rows = [_COLUMNS, *([str(getattr(each, column)) or "-" for column in _COLUMNS] for each in found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    for place in range(len(found) - 1, -1, -1):
        if found[place].detail:
            lines.insert(place + 2, f"    {found[place].detail}")
    return lines
