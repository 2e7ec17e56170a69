"""How `tandem bench` prints a result."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import click


def show(result: Mapping[str, Any], as_json: bool) -> None:
    """Print `result` as one JSON object, or as lines of name and value."""
    if as_json:
        click.echo(json.dumps(result))
        return
    rows = list(_rows("", result))
    width = max((len(name) for name, _ in rows), default=0)
    for name, value in rows:
        click.echo(f"{name:{width}}  {value}")


def _rows(prefix: str, result: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in result.items():
        name = f"{prefix}{key.replace('_', ' ')}"
        if isinstance(value, Mapping):
            yield from _rows(f"{name} ", value)
        elif isinstance(value, float):
            yield name, f"{value:,.3f}".rstrip("0").rstrip(".")
        elif isinstance(value, int):
            yield name, f"{value:,}"
        else:
            yield name, str(value)
