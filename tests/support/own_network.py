"""A network of its own for the thread that asks and all that it starts: the same ports are free for each worker."""

import ctypes
import fcntl
import os
import socket
import struct

_CLONE_NEWNET = 0x40000000
_SIOCSIFFLAGS, _IFF_UP = 0x8914, 1
_LIBC = ctypes.CDLL(None, use_errno=True)


def enter_own_network() -> None:
    """Leave the network of the machine for one with nothing but a loopback. OSError when this user may not."""
    if _LIBC.unshare(_CLONE_NEWNET) < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"a network of its own needs root: {os.strerror(number)}")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP))
