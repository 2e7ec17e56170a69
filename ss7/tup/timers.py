"""The timers of TUP: ITU-T Q.724 (1988), values recalled; China GF 001-9001 gives narrower answer supervision.

T1 to T19 carry the Recommendation's numbers. The others have names here instead of numbers: what supervises circuit
groups is one pair of timers for all its messages, and what supervises digits, answer and clearing belongs to Q.118
and to national practice. Repeat timers stand at the lower end, so that a message lost on the way is made good soon.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tandem.core.enumeration import Symbol
from tandem.core.errors import ConfigurationError


class Timer(Symbol):
    """Timers of Q.724 that this exchange runs; T1 here is not T1 of Q.703, Q.704 or Q.764."""

    T1 = "IAM asked for continuity: fail the call unless COT or CCF comes"
    T2 = "last address message sent: clear the call unless ACM or a message of failure comes"
    T3 = "message of failure sent: send CFL unless CLF comes"
    T4 = "CFL sent, no CLF yet: repeat"
    T5 = "first CFL sent, no CLF for long: alert maintenance, reset the circuit"
    T6 = "CLF sent, no RLG yet: repeat"
    T7 = "first CLF sent, no RLG for long: alert maintenance, repeat at this interval from now on"
    T8 = "check tone sent: the continuity check failed unless the tone comes back"
    T9 = "continuity check failed for the first time: check again"
    T10 = "continuity check failed again: check again"
    T11 = "BLO sent, no BLA yet: repeat"
    T12 = "first BLO sent, no BLA for long: alert maintenance, T13 repeats"
    T13 = "BLO still not acknowledged: repeat"
    T14 = "UBL sent, no UBA yet: repeat"
    T15 = "first UBL sent, no UBA for long: alert maintenance, T16 repeats"
    T16 = "UBL still not acknowledged: repeat"
    T18 = "RSC sent, no RLG or CLF yet: repeat"
    T19 = "first RSC sent, no answer for long: alert maintenance, repeat at this interval from now on"
    GROUP = "group message sent (MGB, HGB, SGB, MGU, HGU, SGU, GRS), no acknowledgement yet: repeat"
    GROUP_ALERT = "group message not acknowledged for long: alert maintenance, repeat at this interval from now on"
    GROUP_SECOND = "group message received once: forget it unless it comes a second time (Blue Book)"
    ANSWER = "ACM received: clear the call unless it is answered"
    CLEAR_BACK = "CBK received: clear the call unless RAN comes"
    CLEAR_FORWARD = "CBK sent: send CFL unless CLF comes"
    HOLD = "CCL sent: clear the call unless the called party clears"
    INFORMATION = "GRQ sent: go on without GSM"
    CHECK = "CCR received: remove the loop unless CLF or CCF comes"
    DIGITS = "last digit received, number too short: ADI unless more digits or ST come"
    COMPLETE = "last digit received, number long enough: take it as complete"
    ACM_DUE = "last address message received: ACM is due although the called side is silent"
    CONGESTION = "congestion indication taken into account: further ones are ignored"
    RESTORE = "traffic reduced by congestion: restore one step"
    USER_PART = "user part of the peer unavailable: try it again"


_MINUTE: Final = 60.0

#: Timer -> (lowest, highest, default) in seconds. T1 to T19 recalled from Q.724; ANSWER to HOLD from Q.118 and
#: GF 001-9001 (recalled); the rest are those of the same purpose in Q.764 table A.1.
VALUES: Final[Mapping[Timer, tuple[float, float, float]]] = {
    Timer.T1: (10, 15, 13),
    Timer.T2: (20, 30, 25),
    Timer.T3: (4, 15, 10),
    Timer.T4: (4, 15, 5),
    Timer.T5: (_MINUTE, _MINUTE, _MINUTE),
    Timer.T6: (4, 15, 5),
    Timer.T7: (_MINUTE, _MINUTE, _MINUTE),
    Timer.T8: (0, 2, 2),
    Timer.T9: (1, 10, 5),
    Timer.T10: (_MINUTE, 3 * _MINUTE, 2 * _MINUTE),
    Timer.T11: (4, 15, 5),
    Timer.T12: (_MINUTE, _MINUTE, _MINUTE),
    Timer.T13: (_MINUTE, _MINUTE, _MINUTE),
    Timer.T14: (4, 15, 5),
    Timer.T15: (_MINUTE, _MINUTE, _MINUTE),
    Timer.T16: (_MINUTE, _MINUTE, _MINUTE),
    Timer.T18: (4, 15, 5),
    Timer.T19: (_MINUTE, _MINUTE, _MINUTE),
    Timer.GROUP: (4, 15, 5),
    Timer.GROUP_ALERT: (_MINUTE, _MINUTE, _MINUTE),
    Timer.GROUP_SECOND: (5, 5, 5),
    Timer.ANSWER: (_MINUTE, 2 * _MINUTE, 2 * _MINUTE),
    Timer.CLEAR_BACK: (_MINUTE, 2 * _MINUTE, _MINUTE),
    Timer.CLEAR_FORWARD: (2 * _MINUTE, 5 * _MINUTE, 3 * _MINUTE),
    Timer.HOLD: (_MINUTE, 60 * _MINUTE, 10 * _MINUTE),
    Timer.INFORMATION: (4, 15, 10),
    Timer.CHECK: (_MINUTE, 4 * _MINUTE, 3 * _MINUTE),
    Timer.DIGITS: (15, 20, 20),
    Timer.COMPLETE: (4, 6, 5),
    Timer.ACM_DUE: (15, 20, 18),
    Timer.CONGESTION: (0.3, 0.6, 0.5),
    Timer.RESTORE: (5, 10, 8),
    Timer.USER_PART: (5 * _MINUTE, 15 * _MINUTE, 5 * _MINUTE),
}

#: What GF 001-9001 asks for instead, where it differs (recalled).
CHINA_VALUES: Final[Mapping[Timer, float]] = {Timer.ANSWER: 90.0, Timer.CLEAR_BACK: 90.0}


def timer_values(overrides: Mapping[str, float], *, china: bool = False) -> dict[Timer, float]:
    """The value of every timer in seconds: the defaults with `overrides` (`{"T6": 8.0, "ANSWER": 90.0}`) over them.

    `china` takes the defaults of GF 001-9001. A value outside the range above is allowed (networks differ); one
    that is not positive, or a name that is no timer of this exchange, raises ConfigurationError.
    """
    values = {timer: float(default) for timer, (_, _, default) in VALUES.items()}
    if china:
        values.update(CHINA_VALUES)
    for name, seconds in overrides.items():
        try:
            timer = Timer[name.upper()]
        except KeyError:
            known = ", ".join(timer.name for timer in Timer)
            raise ConfigurationError(f"{name} is not a timer of TUP here; known are {known}") from None
        if not seconds > 0:
            raise ConfigurationError(f"timer {name} must be a positive number of seconds, not {seconds}")
        values[timer] = float(seconds)
    return values
