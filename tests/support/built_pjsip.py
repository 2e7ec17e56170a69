"""PJSIP built from the source that Debian has, as `tandem build-pjsip` does it, beside the wheel that the tests have.

It takes a minute or two and a network: `make` begins it before all tests (`ahead`), with `python -m
support.built_pjsip`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tandem.gateway.pjsip.build import BuildError, build, unpacked

FOLDER = Path(__file__).resolve().parents[2] / "build/pjsip"
NAME = "pjsua2-built"
"""What the engine is called in tests."""
PATIENCE = 600
"""Seconds that a test with it may take: it may have to wait for the compiler, beside other tests."""


def place() -> Path:
    """A folder for PYTHONPATH."""
    try:
        return unpacked(build(FOLDER, lambda text: None))
    except BuildError as error:
        pytest.fail(str(error))


@contextmanager
def used(engine: str) -> Iterator[str]:
    """Processes that are started meanwhile have the PJSIP that `engine` names; what to write for it."""
    with pytest.MonkeyPatch.context() as patch:
        if engine == NAME:
            patch.setenv("PYTHONPATH", str(place()), prepend=os.pathsep)
        yield "pjsua2" if engine == NAME else engine


if __name__ == "__main__":
    unpacked(build(FOLDER, print))
