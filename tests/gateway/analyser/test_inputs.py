import io
import sys
from pathlib import Path

import pytest

from tandem.core.errors import TandemError
from tandem.gateway.analyser import inputs as module
from tandem.gateway.analyser.inputs import kept, progress


def test_standard_input_is_kept_for_a_second_reading(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"octets")))
    with kept(["-"], again=True) as (path,):
        assert Path(path).read_bytes() == b"octets"
    assert not Path(path).exists()
    with kept(["-"], again=False) as paths:
        assert paths == ["-"]


def test_a_file_that_is_not_there():
    with pytest.raises(TandemError), kept(["nowhere.pcap"], again=False):
        pass


def test_a_bar_for_long_files_on_a_terminal(tmp_path, monkeypatch):
    path = tmp_path / "a.pcap"
    path.write_bytes(bytes(100))
    with progress([str(path)]) as told:
        assert told is None
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(module, "LONG", 50)
    with progress([str(path)]) as told:
        told(100)
    assert "100%" in terminal.getvalue()
