"""Programs of others that the interop tests drive. One that is absent fails the test that wants it, and says what to
install: `make test` installs them all."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

INTEROP = Path(__file__).parents[1] / "interop"


def program(name: str, package: str) -> str:
    """The path of a program; the test fails with the name of its Debian package when there is none."""
    found = shutil.which(name)
    if found is None:
        pytest.fail(f"{name} is not installed: apt install {package}")
    return found
