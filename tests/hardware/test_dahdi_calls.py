"""The real system calls, on devices that every machine has."""

from __future__ import annotations

import os
import sys
import termios

import pytest

from tandem.hardware.dahdi_calls import KERNEL


def test_a_device_is_opened_for_both_ways_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "device")
    descriptor = KERNEL.open(str(tmp_path / "device"))
    with pytest.raises(BlockingIOError):
        KERNEL.read(descriptor, 10)
    assert KERNEL.write(descriptor, b"hello") == 5
    waiting = bytearray(4)
    KERNEL.ioctl(descriptor, termios.FIONREAD, waiting)
    assert int.from_bytes(waiting, sys.byteorder) == 5, "what the kernel writes is in the argument"
    assert KERNEL.read(descriptor, 10) == b"hello"
    assert not os.get_inheritable(descriptor)
    KERNEL.close(descriptor)
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(descriptor)


def test_what_is_not_there_is_named():
    with pytest.raises(FileNotFoundError) as caught:
        KERNEL.open("/dev/no-dahdi/ctl")
    assert caught.value.filename == "/dev/no-dahdi/ctl"
