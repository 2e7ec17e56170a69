"""Timers of level 3; Q.707 numbers its own from 1 as well."""

from __future__ import annotations

from enum import auto

from tandem.core.enumeration import Symbol
from tandem.core.timers import TimerTable


class Timer(Symbol):
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
    T8 = auto()
    """Q.704: no second TFP in answer to misdirected messages. Key: destination and linkset."""
    T10 = auto()
    """Q.704: next signalling route set test. Key: destination and linkset."""
    T11 = auto()
    """Q.704: a route of second choice has lasted long enough to tell TFR. Key: destination."""
    T12 = auto()
    """Q.704: uninhibit acknowledgement. Key: link."""
    T13 = auto()
    """Q.704: LUN in answer to LFU. Key: link."""
    T14 = auto()
    """Q.704: inhibit acknowledgement. Key: link."""
    T15 = auto()
    """Q.704: start of the route set congestion test. Key: destination."""
    T16 = auto()
    """Q.704: TFC in answer to RCT. Key: destination."""
    T17 = auto()
    """Q.704: next initial alignment. Key: link."""
    T18 = auto()
    """Q.704: a restarting transfer point listens to its neighbours. Key: 0."""
    T19 = auto()
    """Q.704: until a TRA may be answered with TRA. Key: linkset."""
    T20 = auto()
    """Q.704: longest restart of the signalling point. Key: 0."""
    T21 = auto()
    """Q.704: the neighbour's TRA; its duration is `LinksetConfiguration.restart_wait`. Key: linkset."""
    T22 = auto()
    """Q.704: next local inhibit test. Key: link."""
    T23 = auto()
    """Q.704: next remote inhibit test. Key: link."""
    T25 = auto()
    """T1.111.4: the neighbour's TRA, after its TRW. Key: linkset."""
    T26 = auto()
    """T1.111.4: next TRW of ours. Key: linkset."""
    T28 = auto()
    """T1.111.4: the neighbour's TRW or TRA; its duration is `LinksetConfiguration.restart_wait`. Key: linkset."""
    T29 = auto()
    """T1.111.4: until a TRA or TRW may be answered with TRA. Key: linkset."""
    T32 = auto()
    """T1.111.4: a link that failed fails again before this: it oscillates. Key: link."""
    PEER_TEST = auto()
    """Not in Q.704: the neighbour's first SLTM, before our TRA goes out all the same. Key: linkset."""
    TEST_T1 = auto()
    """Q.707 T1: SLTA. Key: link."""
    TEST_T2 = auto()
    """Q.707 T2: next SLTM. Key: link."""
    ROUTE_TEST_T1 = auto()
    """JT-Q707: SRTA. Key: destination."""
    ROUTE_TEST_T2 = auto()
    """JT-Q707: next SRT. Key: destination."""


TimerKey = tuple[Timer, int | str | tuple[int, str]]
Timers = TimerTable[TimerKey]
