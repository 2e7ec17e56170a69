"""The system calls of the DAHDI driver, made at `dahdi_server.py` instead of at the kernel."""

from __future__ import annotations

import errno
import os
import pickle
import socket
import struct

TROUBLE = b"e"
WRITES_ONLY = 1
GET_PARAMETERS = 0xC088DA05
#: SPECIFY and ECHOCANCEL.
MAY_FAIL = {0x4004DA26, 0x4004DA21}


class Client:
    """The five calls."""

    def __init__(self, path: str) -> None:
        self._connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._connection.connect(path)
        self._theirs: dict[int, int] = {}
        self._parameters: dict[int, bytes] | None = None

    def open(self, path: str) -> int:
        number, (descriptor,) = self._ask("open", 0, path)
        os.set_blocking(descriptor, False)
        self._theirs[descriptor] = number
        return descriptor

    def ioctl(self, descriptor: int, request: int, argument: bytearray) -> None:
        number = self._theirs[descriptor]
        if request == GET_PARAMETERS:
            # Asked for every channel of the machine: all answers come at once, for the sake of a busy machine.
            if self._parameters is None:
                self._parameters, _ = self._ask("parameters", number)
            (channel,) = struct.unpack_from("=i", argument)
            answer = self._parameters.get(channel)
            if answer is None:
                raise OSError(errno.ENXIO, os.strerror(errno.ENXIO))
            argument[:] = answer
        elif request >> 30 == WRITES_ONLY and request not in MAY_FAIL:
            # The server judges it, and ends when it is wrong; nobody waits for that.
            self._connection.send(pickle.dumps(("tell", number, request, bytes(argument))))
        else:
            argument[:], _ = self._ask("ioctl", number, request, bytes(argument))

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
        answer, descriptors, _, _ = socket.recv_fds(self._connection, 1 << 17, 1)
        result = pickle.loads(answer)
        if isinstance(result, OSError):
            raise result
        return result, descriptors
