"""Timers of level 3; Q.707 numbers its own from 1 as well."""

from __future__ import annotations

from enum import Enum, auto

from tandem.core.timers import TimerTable


class Timer(Enum):
    """What each timer waits for, Q.704 (07/96) 16.8 and Q.707 5.5."""

    T1 = auto()
    """Q.704: time-controlled changeover, when the neighbour cannot be asked. Key: link, or diversion."""
    T2 = auto()
    """Q.704: changeover acknowledgement. Key: link."""
    T3 = auto()
    """Q.704: time-controlled diversion, to a linkset that restarted. Key: diversion."""
    T4 = auto()
    """Q.704: changeback acknowledgement, first attempt. Key: diversion."""
    T5 = auto()
    """Q.704: changeback acknowledgement, second attempt. Key: diversion."""
    T6 = auto()
    """Q.704: controlled rerouting. Key: diversion."""
    T10 = auto()
    """Q.704: next signalling route set test. Key: destination and linkset."""
    T17 = auto()
    """Q.704: next initial alignment. Key: link."""
    T19 = auto()
    """Q.704: until a TRA may be answered with TRA. Key: linkset."""
    T21 = auto()
    """Q.704: the neighbour's TRA; its duration is `LinksetConfiguration.restart_wait`. Key: linkset."""
    T23 = auto()
    """Q.704: next remote inhibit test. Key: link."""
    PEER_TEST = auto()
    """Not in Q.704: the neighbour's first SLTM, before our TRA goes out all the same. Key: linkset."""
    TEST_T1 = auto()
    """Q.707 T1: SLTA. Key: link."""
    TEST_T2 = auto()
    """Q.707 T2: next SLTM. Key: link."""


TimerKey = tuple[Timer, int | str | tuple[int, str]]
Timers = TimerTable[TimerKey]
