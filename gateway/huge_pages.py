"""What a process has in memory on huge pages, as far as the system gives them (docs/decisions/0036).

madvise(2): MADV_HUGEPAGE allows them, MADV_COLLAPSE (Linux 6.1) makes them of what is there at once.
"""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Final

_MADV_HUGEPAGE: Final = 14
_MADV_COLLAPSE: Final = 25
_SIZE: Final = Path("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size")
_MAPS: Final = Path("/proc/self/maps")
_LIBC: Final = ctypes.CDLL(None)
_LIBC.madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)


def take_huge_pages() -> int:
    """Move the heap and other private memory of this process onto huge pages; octets that are on them now.

    Nothing else changes, and a system that has none, or does not give them, does nothing. It copies, and so takes a
    millisecond or so for each page: to be called once, when what stays has been made and nobody waits.
    """
    try:
        size = int(_SIZE.read_text())
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
