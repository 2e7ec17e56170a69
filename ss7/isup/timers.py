"""The timers of ISUP: ITU-T Q.764 (12/1999) annex A, table A.1.

Where the Recommendation gives a range, the default lies in it; a circuit group may override any value.
Two timers are not run: T31 and T32 belong to end-to-end signalling over SCCP, which this exchange does not use.

Repeat timers (T1, T12, T14 …) stand at the lower end, so that a message lost on the way is made good soon.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tandem.core.enumeration import Symbol
from tandem.core.errors import ConfigurationError


class Timer(Symbol):
    """Timers of Q.764 table A.1 that this exchange runs; T1 here is not T1 of Q.703 or Q.704."""

    T1 = "REL sent, no RLC yet: repeat REL"
    T2 = "SUS (user) received: release unless RES comes"
    T3 = "OLM received: release the call attempt"
    T4 = "user part of the peer inaccessible: repeat UPT"
    T5 = "first REL sent, no RLC for long: reset the circuit, alert maintenance"
    T6 = "SUS (network) received: release unless RES comes"
    T7 = "last address message sent: release unless ACM or CON comes"
    T8 = "IAM asked for continuity: release unless COT comes"
    T9 = "ACM received: release unless ANM comes"
    T10 = "last digit received, number long enough: take it as complete"
    T11 = "last address message received: ACM is due although the called side is silent"
    T12 = "BLO sent, no BLA yet: repeat"
    T13 = "first BLO sent, no BLA for long: repeat, alert maintenance"
    T14 = "UBL sent, no UBA yet: repeat"
    T15 = "first UBL sent, no UBA for long: repeat, alert maintenance"
    T16 = "RSC sent, no RLC yet: repeat"
    T17 = "first RSC sent, no RLC for long: repeat, alert maintenance"
    T18 = "CGB sent, no CGBA yet: repeat"
    T19 = "first CGB sent, no CGBA for long: repeat, alert maintenance"
    T20 = "CGU sent, no CGUA yet: repeat"
    T21 = "first CGU sent, no CGUA for long: repeat, alert maintenance"
    T22 = "GRS sent, no GRA yet: repeat"
    T23 = "first GRS sent, no GRA for long: repeat, alert maintenance"
    T24 = "check tone sent: the continuity check failed unless the tone comes back"
    T25 = "continuity check failed for the first time: check again"
    T26 = "continuity check failed again: check again"
    T27 = "COT (failed) received: reset the circuit unless CCR comes"
    T28 = "CQM sent: alert maintenance unless CQR comes"
    T29 = "congestion indication taken into account: further ones are ignored"
    T30 = "traffic reduced by congestion: restore one step"
    T33 = "INR sent: release unless INF comes"
    T34 = "message with more to come in SGM received: go on without it"
    T35 = "last digit received, number too short: release unless more digits or ST come"
    T36 = "CCR received: release unless COT or REL comes"
    T37 = "NRM sent: go on without an answer"
    T38 = "SUS (network) sent backwards: release unless RES is sent"
    T39 = "IDR sent: go on without IRS"
    TCRA = "CRA sent (ANSI): give the circuit up unless IAM or REL comes"
    TCVT = "CVT sent (ANSI): alert maintenance unless CVR comes"


_MINUTE: Final = 60.0

#: Timer -> (lowest, highest, default) in seconds, Q.764 table A.1; a highest of None means "no upper limit given".
VALUES: Final[Mapping[Timer, tuple[float, float | None, float]]] = {
    Timer.T1: (15, 60, 15),
    Timer.T2: (3 * _MINUTE, 3 * _MINUTE, 3 * _MINUTE),
    Timer.T3: (2 * _MINUTE, 2 * _MINUTE, 2 * _MINUTE),
    Timer.T4: (5 * _MINUTE, 15 * _MINUTE, 5 * _MINUTE),
    Timer.T5: (5 * _MINUTE, 15 * _MINUTE, 5 * _MINUTE),
    Timer.T6: (10, 32, 30),  # table A.1 refers to Q.118; many networks use 60 to 120 s
    Timer.T7: (20, 30, 25),
    Timer.T8: (10, 15, 13),
    Timer.T9: (90, 180, 180),  # table A.1 refers to Q.118
    Timer.T10: (4, 6, 5),
    Timer.T11: (15, 20, 18),
    Timer.T12: (15, 60, 15),
    Timer.T13: (5 * _MINUTE, 15 * _MINUTE, 5 * _MINUTE),
    Timer.T14: (15, 60, 15),
    Timer.T15: (5 * _MINUTE, 15 * _MINUTE, 5 * _MINUTE),
    Timer.T16: (15, 60, 15),
    Timer.T17: (5 * _MINUTE, 15 * _MINUTE, 5 * _MINUTE),
    Timer.T18: (15, 60, 15),
    Timer.T19: (5 * _MINUTE, 15 * _MINUTE, 5 * _MINUTE),
    Timer.T20: (15, 60, 15),
    Timer.T21: (5 * _MINUTE, 15 * _MINUTE, 5 * _MINUTE),
    Timer.T22: (15, 60, 15),
    Timer.T23: (5 * _MINUTE, 15 * _MINUTE, 5 * _MINUTE),
    Timer.T24: (0, 2, 2),
    Timer.T25: (1, 10, 5),
    Timer.T26: (1 * _MINUTE, 3 * _MINUTE, 2 * _MINUTE),
    Timer.T27: (4 * _MINUTE, 4 * _MINUTE, 4 * _MINUTE),
    Timer.T28: (10, 10, 10),
    Timer.T29: (0.3, 0.6, 0.5),
    Timer.T30: (5, 10, 8),
    Timer.T33: (12, 15, 14),
    Timer.T34: (2, 4, 3),
    Timer.T35: (15, 20, 20),
    Timer.T36: (10, 15, 13),
    Timer.T37: (2, 4, 3),
    Timer.T38: (60, 120, 120),  # table A.1 refers to Q.118
    Timer.T39: (4, 15, 10),
    Timer.TCRA: (10, 20, 20),  # recalled from T1.113.4
    Timer.TCVT: (10, 10, 10),  # recalled from T1.113.4
}

#: What ANSI T1.113.4 asks for instead, where it differs: acknowledgements are awaited for 4 to 15 s and one minute.
ANSI_VALUES: Final[Mapping[Timer, float]] = {
    **dict.fromkeys((Timer.T1, Timer.T12, Timer.T14, Timer.T16, Timer.T18, Timer.T20, Timer.T22), 10.0),
    **dict.fromkeys((Timer.T5, Timer.T13, Timer.T15, Timer.T17, Timer.T19, Timer.T21, Timer.T23), 1 * _MINUTE),
}


def timer_values(overrides: Mapping[str, float], *, ansi: bool = False) -> dict[Timer, float]:
    """The value of every timer in seconds: the defaults with `overrides` (`{"T7": 20.0}`) laid over them.

    `ansi` takes the defaults of T1.113.4, by the names of Q.764: what T1.113 calls T34 (continuity recheck) is T36
    here, what it calls T36 (segmentation) is T34.

    A value outside the Recommendation's range is allowed (networks differ); one that is not positive, or a name
    that is no timer of this exchange, raises ConfigurationError.
    """
    values = {timer: default for timer, (_, _, default) in VALUES.items()}
    if ansi:
        values.update(ANSI_VALUES)
    for name, seconds in overrides.items():
        try:
            timer = Timer[name.upper()]
        except KeyError:
            raise ConfigurationError(f"{name} is not a timer of ISUP here; known are {', '.join(_names())}") from None
        if not seconds > 0:
            raise ConfigurationError(f"timer {name} must be a positive number of seconds, not {seconds}")
        values[timer] = float(seconds)
    return values


def _names() -> list[str]:
    return [timer.name for timer in Timer]
