"""What a user installs: the wheel, built from a copy of the tree, without network."""

import ast
import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from configparser import ConfigParser
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).resolve().parent.parent
LAYERS = ("core", "codecs", "ss7", "isdn", "hardware", "gateway")
#: Distributions by the name of their module, where the two differ.
NAMED = {
    "dns": "dnspython",
    "pjsua2": "pjsua2-python",
    "prometheus_client": "prometheus-client",
    "serial": "pyserial",
}
BUILT = ("__pycache__", "*.so", "*.c")
LAUNCHER = "import sys; sys.path.insert(0, sys.argv.pop(1)); from tandem.gateway.cli import main; main()"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the wheel is made from: what earlier builds left in `build/` would get into the wheel too."""
    tree = tmp_path_factory.mktemp("tree")
    for folder in (*LAYERS, "examples"):
        shutil.copytree(ROOT / folder, tree / folder, symlinks=True, ignore=shutil.ignore_patterns(*BUILT))
    for name in ("pyproject.toml", "README.md", "LICENSE", "MANIFEST.in"):
        shutil.copy(ROOT / name, tree / name)
    return tree


@pytest.fixture(scope="module")
def wheel(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, as `pip wheel` makes it."""
    return built(tree, tmp_path_factory.mktemp("wheel"))


def built(tree: Path, folder: Path, **environment: str) -> Path:
    """The wheel of a tree."""
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    command += ["--wheel-dir", str(folder), str(tree)]
    subprocess.run(command, check=True, timeout=100, env=os.environ | environment)
    (found,) = folder.glob("*.whl")
    return found


def test_every_module_is_in_the_wheel(tree: Path, wheel: Path):
    files = [path for layer in LAYERS for path in (tree / layer).rglob("*") if path.suffix in (".py", ".typed")]
    expected = {f"tandem/{path.relative_to(tree)}" for path in files}
    page = {f"tandem/gateway/web/static/{path.name}" for path in (tree / "gateway/web/static").iterdir()}
    assert expected | page <= set(ZipFile(wheel).namelist())


def test_the_compiled_loops_are_in_the_wheel_if_there_is_a_compiler(tree: Path, wheel: Path, tmp_path: Path):
    def loops(wheel: Path) -> list[str]:
        return [name for name in ZipFile(wheel).namelist() if "speedups" in name and name.endswith(".so")]

    compiler = shutil.which((sysconfig.get_config_var("CC") or "cc").split()[0])
    header = Path(sysconfig.get_path("include")) / "Python.h"
    assert len(loops(wheel)) == (7 if compiler is not None and header.exists() else 0)
    shutil.copytree(tree, tmp_path / "tree", symlinks=True, ignore=shutil.ignore_patterns("build", *BUILT))
    without = built(tmp_path / "tree", tmp_path / "wheel", CC="false")
    assert not loops(without)
    assert "tandem/gateway/analyser/speed.py" in ZipFile(without).namelist()


def test_nothing_else_is_in_the_wheel(wheel: Path):
    """No tests, no top-level `codecs` that would hide the standard library's."""
    assert {name.split("/")[0].split("-")[0] for name in ZipFile(wheel).namelist()} == {"tandem", "tandem_gateway"}


@pytest.mark.parametrize("name", ["gateway-a.toml", "gateway-b.toml"])
def test_examples_of_the_demo_are_files(wheel: Path, name: str):
    """In the tree they are symbolic links to `examples/`."""
    assert ZipFile(wheel).read(f"tandem/gateway/demo/{name}") == (ROOT / "examples" / name).read_bytes()


def test_command_and_licence(wheel: Path):
    archive = ZipFile(wheel)
    (info,) = {name.split("/")[0] for name in archive.namelist() if ".dist-info/" in name}
    scripts = ConfigParser()
    scripts.read_string(archive.read(f"{info}/entry_points.txt").decode())
    assert scripts["console_scripts"]["tandem"] == "tandem.gateway.__main__:start"
    assert archive.read(f"{info}/licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()


def test_dependencies_are_what_the_packages_import(wheel: Path):
    """One imported and not declared fails at a user's, one declared and not imported is installed for nothing."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = project["dependencies"] + [
        needed for extra in project["optional-dependencies"].values() for needed in extra
    ]
    archive = ZipFile(wheel)
    imported = {
        module
        for name in archive.namelist()
        if name.endswith(".py")
        for node in ast.walk(ast.parse(archive.read(name)))
        for module in imported_by(node)
    }
    foreign = {NAMED.get(module, module) for module in imported - set(sys.stdlib_module_names) - {"tandem"}}
    assert {requirement.split(">")[0].split("[")[0].lower() for requirement in declared} == foreign


def imported_by(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name.split(".")[0] for alias in node.names]
    return [node.module.split(".")[0]] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []


def test_the_installed_command_runs(wheel: Path, tmp_path: Path):
    ZipFile(wheel).extractall(tmp_path)
    command = [sys.executable, "-P", "-c", LAUNCHER, str(tmp_path)]
    example = tmp_path / "tandem" / "gateway" / "demo" / "gateway-a.toml"
    done = subprocess.run([*command, "check", str(example)], capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{example}: right.")
