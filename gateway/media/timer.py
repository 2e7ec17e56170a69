"""The kernel's interval timer as a file descriptor, which wakes an epoll to the microsecond (its timeout is in ms)."""

from __future__ import annotations

import ctypes
import os
import time
from typing import Final

_CLOEXEC_NONBLOCK: Final = os.O_CLOEXEC | os.O_NONBLOCK
_ABSOLUTE: Final = 1


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _Interval(ctypes.Structure):
    _fields_ = (("period", _Timespec), ("first", _Timespec))


def interval_timer(start: float, period: float) -> int:
    """A descriptor that becomes readable at `start` (scale of time.monotonic) and every `period` seconds after it.

    Read eight octets whenever it is readable: only that starts the next period. OSError when the kernel refuses.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor: int = libc.timerfd_create(time.CLOCK_MONOTONIC, _CLOEXEC_NONBLOCK)
    value = _Interval(_timespec(period), _timespec(start))
    if descriptor < 0 or libc.timerfd_settime(descriptor, _ABSOLUTE, ctypes.byref(value), None) < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return descriptor


def _timespec(seconds: float) -> _Timespec:
    nanoseconds = round(seconds * 1e9)
    return _Timespec(nanoseconds // 1_000_000_000, nanoseconds % 1_000_000_000)
