"""The system calls of the DAHDI driver, made at `dahdi_server.py` instead of at the kernel."""

from __future__ import annotations

import os
import pickle
import socket

TROUBLE = b"e"


class Client:
    """The five calls."""

    def __init__(self, path: str) -> None:
        self._connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._connection.connect(path)
        self._theirs: dict[int, int] = {}

    def open(self, path: str) -> int:
        number, (descriptor,) = self._ask("open", 0, path)
        os.set_blocking(descriptor, False)
        self._theirs[descriptor] = number
        return descriptor

    def ioctl(self, descriptor: int, request: int, argument: bytearray) -> None:
        argument[:], _ = self._ask("ioctl", self._theirs[descriptor], request, bytes(argument))

    def read(self, descriptor: int, octets: int) -> bytes:
        datagram = os.read(descriptor, octets + 1)
        if datagram[:1] == TROUBLE:
            number = int(datagram[1:])
            raise OSError(number, os.strerror(number))
        return datagram[1:]

    def write(self, descriptor: int, octets: bytes) -> int:
        return os.write(descriptor, octets)

    def close(self, descriptor: int) -> None:
        self._ask("close", self._theirs.pop(descriptor))
        os.close(descriptor)

    def _ask(self, *request: object) -> tuple:
        self._connection.send(pickle.dumps(request))
        answer, descriptors, _, _ = socket.recv_fds(self._connection, 8192, 1)
        result = pickle.loads(answer)
        if isinstance(result, OSError):
            raise result
        return result, descriptors
