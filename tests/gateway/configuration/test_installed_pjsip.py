"""What the installed PJSIP can do is asked of it."""

import sys

import pytest

from tandem.gateway.configuration import installed_pjsip
from tandem.gateway.configuration.installed_pjsip import Abilities, installed


def test_of_the_wheel():
    found = installed()
    assert found == Abilities(found.version, 4, False, found.openssl, False, True)
    assert found.version.startswith("2.15")
    assert found.openssl.startswith("OpenSSL 1.0.2")
    assert "pjsua2" not in sys.modules, "the signalling process never loads it"


def test_it_is_asked_once(monkeypatch):
    installed()
    monkeypatch.setattr(installed_pjsip.subprocess, "run", None)
    assert installed().calls == 4


def test_where_there_is_none(monkeypatch):
    monkeypatch.setattr(installed_pjsip, "find_spec", lambda name: None)
    assert installed() is None


def test_one_that_does_not_work(tmp_path, monkeypatch):
    (tmp_path / "pjsua2.py").write_text("raise ImportError('libssl.so.3: cannot open shared object file')\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(ValueError, match=r"pjsua2\.py cannot be used: ImportError: libssl\.so\.3: cannot open"):
        installed()


def test_one_that_says_nothing(tmp_path, monkeypatch):
    (tmp_path / "pjsua2.py").write_text("import time\ntime.sleep(60)\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(installed_pjsip, "_PATIENCE", 0.5)
    with pytest.raises(ValueError, match="does not say what it can do"):
        installed()
