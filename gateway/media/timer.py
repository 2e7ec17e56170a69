"""The kernel's interval timer as a file descriptor, which wakes an epoll to the microsecond (its timeout is in ms)."""

from __future__ import annotations

import ctypes
import os
import time
from typing import Final

_CLOEXEC_NONBLOCK: Final = os.O_CLOEXEC | os.O_NONBLOCK
_ABSOLUTE: Final = 1
_LIBC: Final = ctypes.CDLL(None, use_errno=True)


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _Interval(ctypes.Structure):
    _fields_ = (("period", _Timespec), ("first", _Timespec))


def interval_timer(start: float, period: float) -> int:
    """A descriptor that becomes readable at `start` (scale of time.monotonic) and every `period` seconds after it.

    Read eight octets whenever it is readable: only that starts the next period. OSError when the kernel refuses.
    """
    descriptor: int = _LIBC.timerfd_create(time.CLOCK_MONOTONIC, _CLOEXEC_NONBLOCK)
    if descriptor < 0:
        raise _error()
    set_interval(descriptor, start, period)
    return descriptor


def set_interval(descriptor: int, start: float, period: float) -> None:
    """Let it be readable at `start` and every `period` seconds after it from now on."""
    value = _Interval(_timespec(period), _timespec(start))
    if _LIBC.timerfd_settime(descriptor, _ABSOLUTE, ctypes.byref(value), None) < 0:
        raise _error()


def _error() -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number))


def _timespec(seconds: float) -> _Timespec:
    nanoseconds = round(seconds * 1e9)
    return _Timespec(nanoseconds // 1_000_000_000, nanoseconds % 1_000_000_000)
