"""Read a configuration file, or say what is wrong with it, where, and what would be right."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

from tandem.core.errors import ConfigurationError
from tandem.gateway.configuration.check import problems
from tandem.gateway.configuration.lines import KeyLines
from tandem.gateway.configuration.problem import Problem
from tandem.gateway.configuration.schema import Configuration
from tandem.gateway.configuration.shape import convert, shape_problems


def load(path: str | Path) -> Configuration:
    """The configuration in the file at `path`, relative file names in it made absolute.

    Raises ConfigurationError with one line per mistake, each beginning `FILE:LINE:`.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigurationError(f"{path}: cannot be read: {reason}") from None
    return parse(text, str(path), path.resolve().parent)


def parse(text: str, name: str = "configuration", base: Path | None = None) -> Configuration:
    """The configuration in `text`; `name` stands in errors, relative file names start from `base`.

    What the values mean together is looked at only when every key and its kind are right.
    """
    lines = KeyLines(text)
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        line = int(found[1]) if found else lines.count
        raise ConfigurationError(f"{name}:{line}: not TOML: {str(error).split(' (at')[0]}") from None
    _refuse(shape_problems(tables), lines, name)
    configuration = convert(tables)
    _make_absolute(configuration, base or Path.cwd())
    _refuse(problems(configuration), lines, name)
    return configuration


def _refuse(found: Iterable[Problem], lines: KeyLines, name: str) -> None:
    """Raise ConfigurationError when there are problems: one line each, in the order of the file."""
    numbered = sorted((lines.find(problem.path), order, problem) for order, problem in enumerate(found))
    if numbered:
        text = "\n".join(f"{name}:{line}: {path or 'the file'}: {text}" for line, _, (path, text) in numbered)
        raise ConfigurationError(text)


def _make_absolute(configuration: Configuration, base: Path) -> None:
    node = configuration.node
    node.records = str(base / node.records)
    node.capture_file = str(base / node.capture_file)
    node.audit_file = str(base / node.audit_file)
    if configuration.media.hold_music and "://" not in configuration.media.hold_music:
        configuration.media.hold_music = str(base / configuration.media.hold_music)
    tls = configuration.sip.tls if configuration.sip is not None else None
    if tls is not None:
        for key in ("certificate", "private_key", "authorities"):
            if name := getattr(tls, key):
                setattr(tls, key, str(base / name))
    for database in configuration.records.sqlite:
        database.file = str(base / database.file)
    for service in configuration.records.http:
        if service.authorities:
            service.authorities = str(base / service.authorities)
    for route in configuration.route:
        if route.did_table:
            route.did_table = str(base / route.did_table)
