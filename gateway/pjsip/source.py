"""Where the source of PJSIP comes from: a part of Debian's source package of Asterisk, checked before it is used."""

from __future__ import annotations

import hashlib
import http.client
import lzma
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import quote

from tandem.core.errors import TandemError

MIRROR: Final = "http://deb.debian.org/debian"
SNAPSHOT: Final = "https://snapshot.debian.org"
SUITE: Final = "sid"
_POOL: Final = "pool/main/a/asterisk"
_KEYRING: Final = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_TIMEOUT: Final = 30.0
"""Seconds in which a server must answer, and go on answering."""
_ATTEMPTS: Final = 3
_PAUSE: Final = 3.0
"""Seconds between attempts where a server has not answered."""
_BLOCK: Final = 1 << 16


class BuildError(TandemError):
    """PJSIP cannot be built here; says what to do about it."""


class Source(NamedTuple):
    """An archive, and what it must be."""

    version: str
    """Debian's, of the Asterisk that it is a part of."""
    sha256: str
    sha1: str = ""
    """By which snapshot.debian.org knows it; empty: not asked for there."""

    @property
    def name(self) -> str:
        """Name of the file."""
        return f"asterisk_{self.version.partition(':')[2] or self.version}.orig-Xpjproject.tar.xz"


PINNED: Final = Source(
    "22.10.1+dfsg+~cs6.17.60671434",
    "6860c2f7604b4eee75f38151a9ef69774eb3f0c5286fc1d14bc1db2dc5a9e8aa",
    "9cbc54943839c75a8d626e84d3562074bc766222",
)
"""PJSIP 2.17: what Tandem's tests run with."""


def get(folder: Path, say: Callable[[str], None], mirror: str = MIRROR, source: Source = PINNED) -> tuple[Path, Source]:
    """The archive in `folder`, fetched unless it is there; raises BuildError.

    Debian keeps the present version of a package. When it has another one, the one that is wanted is asked for at
    snapshot.debian.org, and then that other one is taken, with the checksum of Debian's signed index.
    """
    kept = folder / source.name
    if kept.exists() and _checksum(kept) == source.sha256:
        return kept, source
    try:
        return _fetched(f"{mirror}/{_POOL}/{quote(source.name)}", kept, source.sha256, say), source
    except _AbsentError:
        say(f"Debian has {source.version} no more")
    if source.sha1:
        try:
            return _fetched(f"{SNAPSHOT}/file/{source.sha1}", kept, source.sha256, say), source
        except BuildError as error:
            say(f"nor can it be had from {SNAPSHOT}: {error}")
    present = _present(folder, say, mirror)
    say(f"taking {present.version} instead, which Tandem has not been tried with")
    kept = folder / present.name
    if not kept.exists() or _checksum(kept) != present.sha256:
        _fetched(f"{mirror}/{_POOL}/{quote(present.name)}", kept, present.sha256, say)
    return kept, present


class _AbsentError(BuildError):
    """A server has no such file."""


def _fetched(url: str, place: Path, sha256: str, say: Callable[[str], None]) -> Path:
    """Fetch a file that is what `sha256` says, or leave none; any file where it is empty."""
    say(f"fetching {url}")
    part = place.with_name(f"{place.name}.part")
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with urllib.request.urlopen(url, timeout=_TIMEOUT) as answer, part.open("wb") as file:
                shutil.copyfileobj(answer, file, _BLOCK)
            break
        except urllib.error.HTTPError as error:
            what = f"{url}: {error.code} {error.reason}"
            raise (_AbsentError if error.code in (404, 410) else BuildError)(what) from None
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            if isinstance(reason, FileNotFoundError) and url.startswith("file:"):
                raise _AbsentError(f"{url}: not there") from None
            part.unlink(missing_ok=True)
            if attempt == _ATTEMPTS:
                text = f"{url} cannot be fetched: {reason}; is there a network, and http_proxy set where it needs one?"
                raise BuildError(text) from None
            say(f"{reason}; once more in {_PAUSE:.0f} s")
            time.sleep(_PAUSE)
    found = _checksum(part)
    if sha256 and found != sha256:
        part.unlink()
        raise BuildError(f"{url} is not what it should be: its SHA-256 is {found}, and must be {sha256}")
    part.replace(place)
    return place


def _checksum(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _present(folder: Path, say: Callable[[str], None], mirror: str) -> Source:
    """What the index of the suite has, which Debian has signed."""
    signed = _fetched(f"{mirror}/dists/{SUITE}/InRelease", folder / "InRelease", "", say)
    release = _verified(signed)
    path = "main/source/Sources.xz"
    index = _fetched(f"{mirror}/dists/{SUITE}/{path}", folder / "Sources.xz", sha256_in(release, path), say)
    found = source_in(lzma.decompress(index.read_bytes()).decode("utf-8", "replace"))
    index.unlink()
    return found


def _verified(signed: Path) -> str:
    """What Debian has signed of a file; raises BuildError where it has not."""
    if shutil.which("gpgv") is None or not _KEYRING.exists():
        raise BuildError("the index of Debian cannot be checked: apt install gpgv debian-archive-keyring")
    done = subprocess.run(
        ["gpgv", "--quiet", "--keyring", str(_KEYRING), "--output", "-", str(signed)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BuildError(f"the index of Debian is not signed by Debian: {done.stderr.strip().splitlines()[-1:]}")
    return done.stdout


def sha256_in(release: str, path: str) -> str:
    """The checksum of a file in a Release file; raises BuildError."""
    found = re.search(rf"(?m)^ ([0-9a-f]{{64}}) +[0-9]+ {re.escape(path)}$", release)
    if found is None:
        raise BuildError(f"the index of Debian does not name {path}")
    return found[1]


def source_in(sources: str) -> Source:
    """The newest archive with PJSIP that a Sources file names; raises BuildError."""
    packages = [one for one in sources.split("\n\n") if one.startswith("Package: asterisk\n")]
    found = [
        Source(version[1], archive[1])
        for one in packages
        if (version := re.search(r"(?m)^Version: (?:[0-9]+:)?(\S+)-", one))
        and (archive := re.search(r"(?m)^ ([0-9a-f]{64}) [0-9]+ asterisk_\S+\.orig-Xpjproject\.tar\.xz$", one))
    ]
    if not found:
        text = "Debian has no source of PJSIP any more (in its package asterisk): build PJSIP from https://pjsip.org"
        raise BuildError(text)
    return found[-1]
