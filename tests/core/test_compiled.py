import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tandem.core.compiled import compiled
from tandem.hardware import speed


def test_a_package_without_compiled_loops_has_none() -> None:
    assert compiled("tandem.isdn") is None


def test_the_loops_of_a_package_are_found() -> None:
    assert compiled("tandem.hardware") is speed.speedups
    assert speed.speedups is None or isinstance(speed.speedups, ModuleType)


def test_what_is_older_than_its_source_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, built = tmp_path / "tandem_late" / "speedups.pyx", tmp_path / "tandem_late" / "speedups.py"
    source.parent.mkdir()
    for number, file in enumerate((source, built)):
        file.write_text("")
        os.utime(file, (number, number))
    monkeypatch.syspath_prepend(tmp_path)
    assert compiled("tandem_late") is sys.modules["tandem_late.speedups"]
    os.utime(source, (30, 30))
    with pytest.warns(RuntimeWarning, match="`make` compiles it anew"):
        assert compiled("tandem_late") is None
