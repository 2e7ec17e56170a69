"""What the PJSIP that is installed can do: asked of it in a process of its own, as this one never loads it."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import msgspec

_PATIENCE: Final = 30.0
"""Seconds; it takes a tenth of one."""


class Abilities(msgspec.Struct, frozen=True):
    """Of a build of PJSIP."""

    version: str
    calls: int
    """At once (PJSUA_MAX_CALLS)."""
    ipv6: bool
    """PJ_HAS_IPV6."""
    openssl: str
    """Name and version, empty where it uses another library for TLS."""
    tls13: bool
    """Whether that has TLS 1.3."""
    assertions: bool = False
    """Whether what a peer sends may end the process by an assertion of C."""


def installed() -> Abilities | None:
    """Of what `import pjsua2` finds, None where there is none; raises ValueError where it does not work."""
    spec = find_spec("pjsua2")
    if spec is None or spec.origin is None:
        return None
    return _asked(spec.origin, Path(spec.origin).stat().st_mtime_ns)


@cache
def _asked(origin: str, changed: int) -> Abilities:
    """Ask, once for each build."""
    command = [sys.executable, "-P", "-m", "tandem.gateway.pjsip.abilities"]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_PATIENCE, check=False)
        return msgspec.json.decode(done.stdout, type=Abilities)
    except subprocess.TimeoutExpired:
        raise ValueError(f"{origin} does not say what it can do") from None
    except msgspec.DecodeError:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise ValueError(f"{origin} cannot be used: {said[-1] if said else f'status {done.returncode}'}") from None
