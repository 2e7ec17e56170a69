"""What a process has in memory on huge pages, as far as the system gives them (docs/decisions/0036).

madvise(2): MADV_HUGEPAGE allows them, MADV_COLLAPSE (Linux 6.1) makes them of what is there at once. The latter does
not look at what the operator has set for the system, so it is looked at here.
"""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Final

_MADV_HUGEPAGE: Final = 14
_MADV_COLLAPSE: Final = 25
_SYSTEM: Final = Path("/sys/kernel/mm/transparent_hugepage")
_MAPS: Final = Path("/proc/self/maps")
_LIBC: Final = ctypes.CDLL(None)
_LIBC.madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)


def take_huge_pages() -> int:
    """Move the heap and other private memory of this process onto huge pages; octets that are on them now.

    Nothing else changes; 0 where the system has none, or is set to `never`. It copies, which takes some milliseconds
    for each page: to be called once, when what stays has been made and nobody waits.
    """
    try:
        if "[never]" in (_SYSTEM / "enabled").read_text():
            return 0
        size = int((_SYSTEM / "hpage_pmd_size").read_text())
        lines = _MAPS.read_text().splitlines()
    except (OSError, ValueError):
        return 0
    taken = 0
    for line in lines:
        extent, permissions, _, _, _, *name = line.split()
        if permissions != "rw-p" or name not in ([], ["[heap]"]):
            continue
        begin, end = (int(address, 16) for address in extent.split("-"))
        for page in range(-(-begin // size) * size, end // size * size, size):
            if _LIBC.madvise(page, size, _MADV_HUGEPAGE) == 0 and _LIBC.madvise(page, size, _MADV_COLLAPSE) == 0:
                taken += size
    return taken
