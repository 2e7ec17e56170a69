"""Building PJSIP: what it says where it cannot, and the wheel. That it can is seen by tests with what was built."""

import csv
import fcntl
import io
import shutil
import subprocess
import sys
import zipfile
from collections import namedtuple
from pathlib import Path

import pytest
from click.testing import CliRunner

from tandem.gateway.cli import main
from tandem.gateway.pjsip import build as module
from tandem.gateway.pjsip.build import BuildError, build, unpacked

VERSION = "export PJ_VERSION_MAJOR  := 2\nexport PJ_VERSION_MINOR  := 17\nexport PJ_VERSION_REV    :=\n"
Usage = namedtuple("Usage", ["free"])


@pytest.fixture
def wheel(tmp_path):
    """One with a module that says who it is."""
    work = tmp_path / "work"
    (work / "module").mkdir(parents=True)
    (work / "module/__init__.py").write_text("NAME = 'built'\n")
    (work / "COPYING").write_text("the licence\n")
    (work / "version.mak").write_text(VERSION)
    return module._packed(tmp_path, work, work / "module")


@pytest.fixture
def everything(monkeypatch):
    """Tools, headers and room, whatever this machine has."""
    monkeypatch.setattr(module.shutil, "which", lambda tool: tool)
    monkeypatch.setattr(module, "_has", lambda header: True)


def test_what_was_built_is_not_built_again(tmp_path, wheel):
    said = []
    assert build(tmp_path, said.append) == wheel
    assert said == [f"built before: {wheel}"]


def test_other_settings_are_another_wheel(tmp_path, wheel, monkeypatch, everything):
    monkeypatch.setattr(module, "SETTINGS", "#define PJSUA_MAX_CALLS 8\n")
    with pytest.raises(BuildError, match="cannot be fetched"):
        build(tmp_path, print, "http://127.0.0.1:9")


def test_tools_and_headers_that_are_missing_are_named_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(module.shutil, "which", lambda tool: None if tool in ("swig", "xz") else tool)
    monkeypatch.setattr(module, "_has", lambda header: header != "srtp2/srtp.h")
    with pytest.raises(BuildError, match=r"^PJSIP needs more to be built: apt install swig xz-utils libsrtp2-dev$"):
        build(tmp_path, print)


def test_a_disk_without_room(tmp_path, monkeypatch, everything):
    monkeypatch.setattr(module.shutil, "disk_usage", lambda folder: Usage(5 << 20))
    with pytest.raises(BuildError, match=f"{tmp_path} has 5 MB free, and PJSIP takes"):
        build(tmp_path, print)


def test_a_folder_that_cannot_be_one(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(BuildError, match="file: File exists"):
        build(tmp_path / "file", print)


def test_a_step_that_fails_says_how_it_ended(tmp_path):
    with (tmp_path / "build.log").open("w") as log:
        steps = module._Steps(log, print)
        with pytest.raises(BuildError, match=r"^compile pjlib failed, see .*build\.log:\nno such thing$"):
            steps.run(tmp_path, "compile pjlib", "sh", "-c", "echo no such thing >&2; exit 2")
    assert "no such thing" in (tmp_path / "build.log").read_text()


def test_two_do_not_build_at_once(tmp_path, wheel):
    said = []
    with (tmp_path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        def say(text):
            said.append(text)
            fcntl.flock(lock, fcntl.LOCK_UN)

        assert build(tmp_path, say) == wheel
    assert said[0] == "waiting for another that builds in the same folder"


def test_the_wheel_lists_what_it_has(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (record,) = (name for name in names if name.endswith("/RECORD"))
        rows = list(csv.reader(io.StringIO(archive.read(record).decode())))
        assert {row[0]: row[2] for row in rows} == {
            name: "" if name == record else str(archive.getinfo(name).file_size) for name in names
        }
    assert "pjsua2/__init__.py" in names
    assert wheel.name.startswith("pjsua2_python-2.17+tandem.")


def test_a_wheel_unpacked_twice_is_a_module(wheel):
    place = unpacked(wheel)
    assert unpacked(wheel) == place
    code = f"import sys; sys.path.insert(0, {str(place)!r}); import pjsua2; print(pjsua2.NAME)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "built\n"


def test_pip_takes_the_wheel_in_the_place_of_another(wheel, tmp_path):
    target = tmp_path / "target"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target", str(target)]
    subprocess.run([*command, str(wheel)], check=True)
    assert (target / "pjsua2/__init__.py").read_text() == "NAME = 'built'\n"
    assert [Path(one).name.partition("-")[0] for one in target.glob("*.dist-info")] == ["pjsua2_python"]


def test_the_command_says_in_one_line_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(module.shutil, "which", lambda tool: None if tool == "swig" else shutil.__name__)
    monkeypatch.setattr(module, "_has", lambda header: True)
    result = CliRunner().invoke(main, ["build-pjsip", "--folder", str(tmp_path)])
    assert (result.exit_code, result.output) == (1, "tandem: PJSIP needs more to be built: apt install swig\n")


def test_the_command_builds_and_leaves_it_to_you_to_install(tmp_path, wheel):
    result = CliRunner().invoke(main, ["build-pjsip", "--no-install", "--folder", str(tmp_path)])
    assert (result.exit_code, result.output) == (0, f"built before: {wheel}\n")
