"""What the command line does around reading: standard input kept for a second reading, and a progress bar."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click

from tandem.core.errors import TandemError

from .files import STANDARD_INPUT, expand

LONG: Final = 50_000_000
"""Octets of files from which a progress bar is shown, on a terminal."""

Progress = Callable[[int], None]
"""Hears of octets that were read."""


@contextmanager
def kept(files: list[str], again: bool) -> Iterator[list[str]]:
    """The files meant; with `again`, standard input is put into a temporary file so that it can be read twice."""
    paths = expand(files)
    if not again or STANDARD_INPUT not in paths:
        yield paths
        return
    # Rarely needed, and of use to nobody else.
    import shutil
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="tandem-trace-") as folder:
        copy = Path(folder) / "standard-input"
        try:
            with copy.open("wb") as out:
                shutil.copyfileobj(sys.stdin.buffer, out, 1 << 20)
        except OSError as error:
            raise TandemError(f"standard input cannot be kept in {folder}: {error.strerror}") from None
        yield [str(copy) if path == STANDARD_INPUT else path for path in paths]


@contextmanager
def progress(paths: list[str]) -> Iterator[Progress | None]:
    """A bar on standard error while long files are read; None where it would be of no use."""
    sizes = [Path(path).stat().st_size for path in paths if path != STANDARD_INPUT]
    if STANDARD_INPUT in paths or sum(sizes) < LONG or not sys.stderr.isatty():
        yield None
        return
    with click.progressbar(length=sum(sizes), label="reading", file=sys.stderr) as bar:
        yield bar.update
