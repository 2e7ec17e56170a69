"""The system calls that the DAHDI driver makes, all in one place."""

from __future__ import annotations

import fcntl
import os
from typing import Protocol


class SystemCalls(Protocol):
    """Five calls; errors are OSErrors with the kernel's numbers."""

    def open(self, path: str) -> int:
        """Open a device for reading and writing, never to wait on it; its descriptor."""
        ...

    def ioctl(self, descriptor: int, request: int, argument: bytearray) -> None:
        """Do a request; `argument` is what the kernel reads, or becomes what it writes."""
        ...

    def read(self, descriptor: int, octets: int) -> bytes:
        """One buffer, or one frame; BlockingIOError when there is none."""
        ...

    def write(self, descriptor: int, octets: bytes) -> int:
        """Fill one buffer; BlockingIOError when all are full."""
        ...

    def close(self, descriptor: int) -> None:
        """Close a descriptor."""
        ...


class _Kernel:
    """The calls of this machine's kernel."""

    def open(self, path: str) -> int:
        return os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)

    def ioctl(self, descriptor: int, request: int, argument: bytearray) -> None:
        fcntl.ioctl(descriptor, request, argument, True)

    read = staticmethod(os.read)
    write = staticmethod(os.write)
    close = staticmethod(os.close)


KERNEL: SystemCalls = _Kernel()
"""What the driver calls; tests put a stand-in here."""
