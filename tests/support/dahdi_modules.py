"""DAHDI as modules of the Linux that is a program (`support.uml`), built from the sources that Debian has of both.

The sources are got with `apt-get download`, which needs no root, and nothing of them is installed. It takes most of a
minute: `make` begins it before all tests (`ahead`), with `python -m support.dahdi_modules`.
"""

from __future__ import annotations

import fcntl
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from support.peers import program

MODULES = ("dahdi", "dahdi_dynamic", "dahdi_dynamic_loc")
BUILT = Path(__file__).resolve().parents[2] / "build/dahdi"
#: What modules of others need of a Linux is a fraction of it.
_LEFT_OUT = (
    "*/Documentation/*/*",
    "*/drivers/*.[ch]",
    "*/sound/*.[ch]",
    "*/fs/*.c",
    "*/net/*.c",
    "*/tools/testing",
    "*.dts*",
    "*/arch/[!ux]*/*.[chS]",
)


def build(folder: Path = BUILT) -> list[Path]:
    """Build in `folder`, or take what was built there before; the modules in the order in which they are loaded."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _build(folder)


def _build(folder: Path) -> list[Path]:
    release = _output(program("linux.uml", "user-mode-linux"), "--version").strip()
    modules = [folder / release / f"{name}.ko" for name in MODULES]
    if all(module.exists() for module in modules):
        return modules
    for tool in ("flex", "bison", "bc", "gcc", "make"):
        program(tool, tool)
    work = folder / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    linux, dahdi = _linux(work, release), _dahdi(work)
    chosen = [f"CONFIG_{name.upper()}=m" for name in MODULES]
    drivers = dahdi / "drivers/dahdi"
    _make(linux, f"M={drivers}", f"DAHDI_INCLUDE={dahdi}/include", "HOTPLUG_FIRMWARE=no", *chosen, "modules")
    modules[0].parent.mkdir(exist_ok=True)
    for module in modules:
        shutil.move(drivers / module.name, module)
    shutil.rmtree(work)
    return modules


def _linux(work: Path, release: str) -> Path:
    """The source of the Linux of user-mode-linux, prepared for modules; the nearest where Debian has that no more."""
    package = "linux-source-" + ".".join(release.split(".")[:2])
    versions = re.findall(rf"{package} \| +(\S+)", _output("apt-cache", "madison", package))
    if not versions:
        pytest.fail(f"apt has no {package}, the source of the Linux of the package user-mode-linux: apt-get update")
    version = next((each for each in versions if each.startswith(f"{release}-")), versions[0])
    (archive,) = _unpacked(work, f"{package}={version}").glob("usr/src/linux-source-*.tar.xz")
    _run("tar", "-C", str(work), "-xJf", str(archive), *(f"--exclude={each}" for each in _LEFT_OUT))
    linux = work / package
    makefile = linux / "Makefile"
    text = re.sub(r"(?m)^SUBLEVEL = .*", f"SUBLEVEL = {release.split('.')[2]}", makefile.read_text())
    makefile.write_text(text)
    (linux / ".config").write_text(_output("linux.uml", "--showconfig"))
    _make(linux, "olddefconfig")
    _make(linux, "modules_prepare")
    return linux


def _dahdi(work: Path) -> Path:
    """The source of DAHDI."""
    _run("tar", "-C", str(work), "-xjf", str(_unpacked(work, "dahdi-source") / "usr/src/dahdi.tar.bz2"))
    dahdi = work / "modules/dahdi"
    (dahdi / "include/dahdi/version.h").write_text('#define DAHDI_VERSION "of Debian"\n')
    return dahdi


def _unpacked(work: Path, package: str) -> Path:
    """What a Debian package has in it."""
    name = package.partition("=")[0]
    place = work / f"package-{name}"
    place.mkdir()
    _run("apt-get", "-o", "APT::Sandbox::User=root", "download", package, folder=place)
    (archive,) = place.glob("*.deb")
    _run("dpkg-deb", "-x", str(archive), str(place))
    return place


def _make(linux: Path, *arguments: str) -> None:
    _run("make", "-s", "-j2", "ARCH=um", "KBUILD_MODPOST_WARN=1", *arguments, folder=linux)


def _run(*command: str, folder: Path | None = None) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.fail(f"{' '.join(command)}: {done.stdout[-1000:]}{done.stderr[-3000:]}")


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    build()
