"""Building PJSIP and its Python interface from the source that Debian has: IPv6, OpenSSL of the system, more calls.

The result is a wheel that takes the place of that of PyPI: the same name, all of PJSIP in one shared library, and every
function of it exported.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

import click

from . import source
from .source import BuildError

CALLS: Final = 256
"""Calls at once: more than a core has speech for."""
#: What Tandem needs to be otherwise than PJSIP has it.
SETTINGS: Final = f"""\
#define PJ_HAS_IPV6 1
#define PJSUA_MAX_CALLS {CALLS}
/* A call has up to two ports of the bridge, one its own and one Tandem's, and two sockets. */
#define PJSUA_MAX_CONF_PORTS {4 * CALLS}
#define PJ_IOQUEUE_MAX_HANDLES {16 * CALLS}
/* One for each trunk and place that its requests go to, and each registration. */
#define PJSUA_MAX_ACC {2 * CALLS}
#define PJSIP_MAX_TSX_COUNT 16383
#define PJSIP_MAX_DIALOG_COUNT 2047
#define PJSIP_MAX_PKT_LEN 65536
#define PJMEDIA_HAS_VIDEO 0
"""
#: Nothing but G.711, SRTP and TLS: Debian has taken out what others have written, and Tandem needs none of it.
_WITHOUT: Final = (
    *("shared", "resample", "video", "sound", "upnp", "speex-aec", "libwebrtc", "libyuv", "v4l2", "sdl", "ffmpeg"),
    *("openh264", "vpx", "opencore-amr", "speex-codec", "ilbc-codec", "g722-codec", "g7221-codec", "gsm-codec"),
    *("bcg729", "opus", "silk", "lyra"),
)
#: Without assertions: what a peer sends must not end the process.
_FLAGS: Final = "-O2 -fPIC -DNDEBUG"
_PARTS: Final = ("pjlib", "pjlib-util", "pjnath", "pjmedia", "pjsip")
_LIBRARIES: Final = ("ssl", "crypto", "srtp2", "uuid", "m", "pthread")
#: Left out by Debian, and in the list of what is compiled: a driver of sound that is not free.
_MISSING: Final = "pjmedia/src/pjmedia-audiodev/bdimad_dev.c"
#: Part of another library too.
_TWICE: Final = "libpjsdp-"
_TOOLS: Final = {"gcc": "gcc", "g++": "g++", "make": "make", "swig": "swig", "tar": "tar", "xz": "xz-utils"}
_HEADERS: Final = {
    **{"openssl/ssl.h": "libssl-dev", "srtp2/srtp.h": "libsrtp2-dev", "uuid/uuid.h": "uuid-dev"},
    **{"stdlib.h": "libc6-dev", "Python.h": "python3-dev"},
}
_ROOM: Final = 300 << 20
"""Octets that it takes while it is built."""
_NAME: Final = "pjsua2_python"
Say = Callable[[str], None]


def build(folder: Path, say: Say, mirror: str = source.MIRROR) -> Path:
    """Build in `folder`, or take what was built there before: a wheel. Raises BuildError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("waiting for another that builds in the same folder")
                fcntl.flock(lock, fcntl.LOCK_EX)
            return _build(folder, say, mirror)
    except OSError as error:
        raise BuildError(f"{error.filename or folder}: {error.strerror}") from error


def unpacked(wheel: Path) -> Path:
    """A folder for PYTHONPATH with what is in a wheel."""
    place = wheel.with_suffix("")
    if not place.exists():
        part = place.with_name(f"{place.name}.part{os.getpid()}")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(part)
        try:
            part.rename(place)
        except OSError:  # another one was faster
            shutil.rmtree(part)
    return place


def _build(folder: Path, say: Say, mirror: str) -> Path:
    for wheel in folder.glob(f"{_NAME}-*+*{_recipe()}-{_tag()}.whl"):
        say(f"built before: {wheel}")
        return wheel
    _look_around(folder)
    archive, _ = source.get(folder, say, mirror)
    work = folder / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    with (folder / "build.log").open("w") as log:
        steps = _Steps(log, say)
        steps.run(work, "unpack", "tar", "--strip-components=1", "-xJf", str(archive.resolve()))
        module = _compiled(work, steps)
    wheel = _packed(folder, work, module)
    shutil.rmtree(work)
    say(f"built {wheel}")
    return wheel


def _recipe() -> str:
    """What changes when the same source would become something else."""
    told = "\n".join((SETTINGS, _FLAGS, *_WITHOUT, source.PINNED.sha256))
    return hashlib.sha256(told.encode()).hexdigest()[:8]


def _tag() -> str:
    """Of wheels for this Python on this machine."""
    python = f"cp{sys.version_info[0]}{sys.version_info[1]}"
    return f"{python}-{python}{sys.abiflags}-{re.sub('[-.]', '_', sysconfig.get_platform())}"


def _look_around(folder: Path) -> None:
    """Raise BuildError for all that is missing, at once."""
    if platform.system() != "Linux":
        raise BuildError("PJSIP is built on Linux only")
    wanted = [package for tool, package in _TOOLS.items() if shutil.which(tool) is None]
    if "gcc" not in wanted:
        wanted += [package for header, package in _HEADERS.items() if not _has(header)]
    if wanted:
        raise BuildError(f"PJSIP needs more to be built: apt install {' '.join(wanted)}")
    if (free := shutil.disk_usage(folder).free) < _ROOM:
        raise BuildError(f"{folder} has {free >> 20} MB free, and PJSIP takes {_ROOM >> 20} to be built")


def _has(header: str) -> bool:
    command = ["gcc", "-E", "-x", "c", f"-I{sysconfig.get_path('include')}", "-o", os.devnull, "-"]
    text = f"#include <{header}>\n"
    return subprocess.run(command, input=text, text=True, capture_output=True, check=False).returncode == 0


class _Steps:
    """Commands whose output goes into a file."""

    def __init__(self, log: TextIO, say: Say) -> None:
        self._log = log
        self._say = say

    def run(self, folder: Path, what: str, *command: str) -> None:
        """Run one; raises BuildError with the end of what it said."""
        with self.beside(folder, what, *command):
            pass

    @contextmanager
    def beside(self, folder: Path, what: str, *command: str) -> Iterator[None]:
        """Run one beside what is done meanwhile."""
        begin = time.monotonic()
        with tempfile.TemporaryFile("w+", errors="replace") as file:
            process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=file, stderr=file)
            try:
                yield
            finally:
                status = process.wait()
            file.seek(0)
            text = file.read()
        print(*command, text, file=self._log, flush=True)
        if status:
            end = "\n".join(text.strip().splitlines()[-5:])
            raise BuildError(f"{what} failed, see {self._log.name}:\n{end}")
        self._say(f"{what}: {time.monotonic() - begin:.0f} s")


def _compiled(work: Path, steps: _Steps) -> Path:
    """Configure, compile and link; the folder with the two files of the module."""
    (work / "pjlib/include/pj/config_site.h").write_text(SETTINGS)
    (work / _MISSING).touch()
    options = [f"--disable-{one}" for one in _WITHOUT]
    flags = [f"CFLAGS={_FLAGS}", f"CXXFLAGS={_FLAGS}"]
    steps.run(work, "configure", "./aconfigure", "--enable-epoll", "--with-external-srtp", *options, *flags)
    binding = work / "pjsip-apps/src/swig/python"
    headers = [f"-I{work / part / 'include'}" for part in _PARTS]
    steps.run(binding, "swig", "swig", *headers, "-c++", "-w312", "-threads", "-python", "-o", "w.cpp", "../pjsua2.i")
    own = ["-O1", "-fPIC", "-DNDEBUG", "-fno-strict-aliasing", "-w", *_definitions(work), *headers]
    include = f"-I{sysconfig.get_path('include')}"
    jobs = f"-j{os.cpu_count() or 1}"
    with steps.beside(binding, "compile its Python interface", "g++", *own, include, "-c", "w.cpp", "-o", "w.o"):
        for part in _PARTS:
            steps.run(work / part / "build", f"compile {part}", "make", "-s", jobs)
    archives = sorted(
        str(one) for part in _PARTS for one in (work / part / "lib").glob("*.a") if _TWICE not in one.name
    )
    module = work / "module"
    module.mkdir()
    whole = ["-Wl,--whole-archive", *archives, "-Wl,--no-whole-archive"]
    libraries = [f"-l{one}" for one in _LIBRARIES]
    name = f"_pjsua2{sysconfig.get_config_var('EXT_SUFFIX')}"
    steps.run(module, "link", "g++", "-shared", "-s", "-o", name, str(binding / "w.o"), *whole, *libraries)
    shutil.copy(binding / "pjsua2.py", module / "__init__.py")
    # What cannot be imported must not be installed.
    trial = [sys.executable, "-c", "import sys; sys.path.insert(0, '..'); import module"]
    steps.run(module, "import", *trial)
    return module


def _definitions(work: Path) -> list[str]:
    """What `configure` found that must be the same for all that includes PJSIP's headers."""
    return re.findall(r"-DPJ_\w+=\w+", (work / "build.mak").read_text().partition("APP_CFLAGS :=")[2][:500])


def _packed(folder: Path, work: Path, module: Path) -> Path:
    """A wheel of what was built (PEP 427)."""
    numbers = dict(re.findall(r"export PJ_VERSION_(\w+) *:= *(\S*)", (work / "version.mak").read_text()))
    version = ".".join(filter(None, (numbers["MAJOR"], numbers["MINOR"], numbers.get("REV", ""))))
    version += f"+tandem.{_recipe()}"
    about = f"{_NAME}-{version}.dist-info"
    files = {
        f"pjsua2/{one.name}": one.read_bytes() for one in module.iterdir() if one.is_file() and one.suffix != ".log"
    }
    name, licence = _NAME.replace("_", "-"), "License: GPL-2.0-or-later"
    files[f"{about}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{licence}\n".encode()
    files[f"{about}/COPYING"] = (work / "COPYING").read_bytes()
    wheel = f"Wheel-Version: 1.0\nGenerator: tandem\nRoot-Is-Purelib: false\nTag: {_tag()}\n"
    files[f"{about}/WHEEL"] = wheel.encode()
    rows = [f"{path},sha256={_digest(octets)},{len(octets)}" for path, octets in files.items()]
    files[f"{about}/RECORD"] = "\n".join((*rows, f"{about}/RECORD,,", "")).encode()
    place = folder / f"{_NAME}-{version}-{_tag()}.whl"
    part = place.with_suffix(".part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, octets in files.items():
            archive.writestr(path, octets)
    part.replace(place)
    return place


def _digest(octets: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(octets).digest()).rstrip(b"=").decode()


def _install(wheel: Path) -> str:
    """Put it into this virtual environment, in the place of another PJSIP; what was done, or is to be done."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--force-reinstall"]
    if sys.prefix == sys.base_prefix:
        return f"not in a virtual environment, so not installed: pip install --no-deps --force-reinstall {wheel}"
    done = subprocess.run([*command, str(wheel)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildError(f"{wheel} is built, and pip cannot install it: {done.stderr.strip()}")
    return f"installed in {sys.prefix}"


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tandem/pjsip"


@click.command("build-pjsip")
@click.option("--folder", type=click.Path(path_type=Path), help="Where to build, and keep what was built.")
@click.option("--mirror", default=source.MIRROR, show_default=True, help="A mirror of Debian, for the source.")
@click.option("--install/--no-install", default=True, show_default=True, help="Into this virtual environment.")
def build_command(folder: Path | None, mirror: str, install: bool) -> None:
    """Build PJSIP for trunks with `engine = "pjsua2"`: IPv6, TLS 1.3, 256 calls.

    It takes a minute or two and a compiler, and is installed in the place of another PJSIP. What was
    built before is installed again at once.

    \b
    Example:
      tandem build-pjsip
    """  # noqa: D301 - click reads the backspace
    wheel = build(folder or _cache(), click.echo, mirror.rstrip("/"))
    if install:
        click.echo(_install(wheel))
