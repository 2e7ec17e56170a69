"""The tree itself: packages, and tests that mirror the source."""

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LAYERS = ("core", "codecs", "ss7", "isdn", "hardware", "gateway")
SOURCES = sorted(path.relative_to(ROOT) for layer in LAYERS for path in (ROOT / layer).rglob("*.py"))
#: Modules that are tested through another one's tests, with the reason.
ELSEWHERE = {
    "gateway/media/__main__.py": "started as a process by tests/gateway/media/test_process.py",
    "gateway/__main__.py": "started as a process by tests/gateway/test_cli.py",
    "gateway/pjsip/__main__.py": "started as a process by tests/gateway/pjsip/test_process.py",
    "gateway/pjsip/engine.py": "PJSIP is one a process: tests/gateway/pjsip/test_process.py drives it",
    **{
        f"gateway/pjsip/{name}.py": "the same"
        for name in ("accounts", "bridge", "calls", "media", "modules", "offers", "parameters", "peers", "transports")
    },
    "gateway/pjsip/messages.py": "the same",
    "gateway/pjsip/tls.py": "the same",
    "gateway/child.py": "its two kinds: tests/gateway/media/test_process.py, tests/gateway/pjsip/test_process.py",
}


def configured_packages() -> set[str]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return set(settings["tool"]["setuptools"]["packages"])


def test_every_package_is_in_the_wheel():
    found = {"tandem." + ".".join(path.parent.parts) for path in SOURCES if path.name == "__init__.py"}
    assert found == configured_packages()


def test_every_folder_with_modules_is_a_package():
    folders = {path.parent for path in SOURCES}
    assert [folder for folder in folders if not (ROOT / folder / "__init__.py").exists()] == []


@pytest.mark.parametrize("source", [path for path in SOURCES if path.name != "__init__.py"], ids=str)
def test_source_has_its_test(source: Path):
    if str(source) in ELSEWHERE:
        return
    test = ROOT / "tests" / source.parent / f"test_{source.name}"
    assert test.exists(), f"{source} has no {test.relative_to(ROOT)}"


def test_tests_with_peers_are_where_they_are_run_from():
    tests = [path for layer in LAYERS for path in (ROOT / "tests" / layer).rglob("test_*.py")]
    assert [test for test in tests if "mark.interop" in test.read_text()] == []


def test_every_test_has_its_source():
    tests = [
        path.relative_to(ROOT / "tests") for layer in LAYERS for path in (ROOT / "tests" / layer).rglob("test_*.py")
    ]
    orphans = [test for test in tests if not (ROOT / test.parent / test.name.removeprefix("test_")).exists()]
    assert orphans == []
