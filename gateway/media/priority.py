"""A place at the front of the processor's queue for a process that must wake every millisecond."""

from __future__ import annotations

import contextlib
import os
from typing import Final

REAL_TIME: Final = 1
"""The lowest real-time priority: before everything ordinary, behind whatever else the operator made real-time."""
NICE: Final = -10


def raise_priority() -> str:
    """Take the best scheduling that this user may have; name it for the log.

    Real-time needs CAP_SYS_NICE or an RLIMIT_RTPRIO of 1 (systemd: `LimitRTPRIO=1`), a nice value LimitNICE.
    """
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(REAL_TIME))
        return "real-time"
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
        return f"nice {NICE}"
    return "ordinary"
