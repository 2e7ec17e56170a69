"""What the installed build of PJSIP can do; `python -m tandem.gateway.pjsip.abilities` prints it as JSON."""

from __future__ import annotations

import ctypes
import json
import os
import sys
from pathlib import Path
from typing import Any, Final

import pjsua2 as pj

_LIBRARY: Final = ctypes.CDLL(pj._pjsua2.__file__)
_Written = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_int)
PLENTY: Final = 1 << 15
"""Calls to ask for: PJSIP takes as many as it was built for."""
_ASSERTION: Final = b"\0__assert_fail\0"
_WITH_TLS13: Final = (1, 1, 1)
"""The first OpenSSL that has TLS 1.3."""


def openssl() -> str:
    """Name and version of the OpenSSL that PJSIP uses, as it says it; empty where PJSIP uses another library."""
    for name in ("OpenSSL_version", "SSLeay_version"):
        function = getattr(_LIBRARY, name, None)
        if function is not None:
            function.restype = ctypes.c_char_p
            return (function(0) or b"").decode("ascii", "replace")
    return ""


def has_tls13(library: str) -> bool:
    """Whether an OpenSSL such as `OpenSSL 1.0.2k-fips  26 Jan 2017` has TLS 1.3."""
    words = library.split()
    numbers = words[1].partition("-")[0].split(".") if len(words) > 1 else []
    return tuple(int("".join(filter(str.isdigit, number)) or 0) for number in numbers) >= _WITH_TLS13


def calls_allowed() -> int:
    """How many calls the build allows at once (PJSUA_MAX_CALLS), once the endpoint is initialised with more.

    The Python interface does not say it; the library does. Where it does not either, what every build has.
    """
    try:
        return int(_LIBRARY.pjsua_call_get_max_count())
    except AttributeError:
        return int(pj.UaConfig().maxCalls)


def has_ipv6() -> bool:
    """Whether the build has IPv6 (PJ_HAS_IPV6), as it tells its log: one that has not ends the process if asked."""
    lines: list[bytes] = []
    _LIBRARY.pj_log_get_log_func.restype = ctypes.c_void_p
    before = _LIBRARY.pj_log_get_log_func()
    level = _LIBRARY.pj_log_get_level()
    written = _Written(lambda level, text, length: lines.append(text))
    _LIBRARY.pj_log_set_log_func(written)
    _LIBRARY.pj_log_set_level(3)
    try:
        _LIBRARY.pj_dump_config()
    finally:
        _LIBRARY.pj_log_set_level(level)
        _LIBRARY.pj_log_set_log_func(ctypes.c_void_p(before))
    return any(words[-3:] == [b"PJ_HAS_IPV6", b":", b"1"] for words in map(bytes.split, lines))


def has_assertions() -> bool:
    """Whether the build has assertions, as the wheels of PyPI have: its libraries name what they then call."""
    with open("/proc/self/maps", encoding="utf-8") as maps:
        files = {line.split(maxsplit=5)[5].strip() for line in maps if "/" in line}
    return any(_ASSERTION in Path(file).read_bytes() for file in files if "pj" in Path(file).name)


def main() -> None:
    """Print it."""
    out = os.dup(1)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 1)  # PJSIP greets on standard output
    endpoint, settings = pj.Endpoint(), pj.EpConfig()
    endpoint.libCreate()
    settings.logConfig.level = settings.logConfig.consoleLevel = 0
    settings.uaConfig.maxCalls = PLENTY
    found: dict[str, Any] = {"ipv6": has_ipv6(), "openssl": openssl(), "tls13": has_tls13(openssl())}
    endpoint.libInit(settings)
    found |= {"assertions": has_assertions(), "version": endpoint.libVersion().full, "calls": calls_allowed()}
    os.write(out, json.dumps(found).encode())
    sys.stdout.flush()
    os._exit(0)  # PJSIP's own end waits a second for nothing


if __name__ == "__main__":
    main()
