"""The timers of Q.931: ITU-T Q.931 (05/1998) tables 9-1 (network side) and 9-2 (user side), Q.932 for hold.

Not run: T307's broadcast companion T312 (a primary rate line has no broadcast call offering), T317 (the calls that a
RESTART ends are cleared at once here, so its answer never waits), T320 (packet mode).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tandem.core.enumeration import Symbol
from tandem.core.errors import ConfigurationError


class Timer(Symbol):
    """Timers of Q.931 clause 9 that are run here; T301 here is not the one of another layer."""

    T301 = "ALERTING received: clear unless CONNECT comes"
    T302 = "SETUP ACKNOWLEDGE sent: the number is taken as whole, or too short, unless more digits come"
    T303 = "SETUP sent: repeat once, then clear"
    T304 = "SETUP ACKNOWLEDGE received: clear unless the peer goes on"
    T305 = "DISCONNECT sent: send RELEASE unless the peer does"
    T306 = "DISCONNECT with tones sent: stop them and send RELEASE"
    T307 = "SUSPEND ACKNOWLEDGE sent: clear the suspended call unless it is resumed"
    T308 = "RELEASE sent: repeat once, then give the channel to maintenance"
    T309 = "data link lost: clear the active calls unless it comes back"
    T310 = "CALL PROCEEDING received: clear unless the peer goes on"
    T313 = "CONNECT sent: clear unless CONNECT ACKNOWLEDGE comes"
    T314 = "message segment received: discard the message unless the rest comes"
    T316 = "RESTART sent: repeat, then put the channels out of service"
    T318 = "RESUME sent: clear unless it is acknowledged or rejected"
    T319 = "SUSPEND sent: the call is active again unless it is acknowledged or rejected"
    T321 = "D-channel failed, the other one asked: establish both unless it answers (annex F)"
    T322 = "STATUS ENQUIRY sent: repeat, then clear"
    THOLD = "HOLD sent: not held unless it is acknowledged (Q.932)"
    TRETRIEVE = "RETRIEVE sent: still held unless it is acknowledged (Q.932)"
    TSERVICE = "SERVICE sent: repeat, then alert maintenance"
    TESTABLISH = "data link down: ask for it again"
    TRETRY = "channels out of service after RESTART without answer: ask again"


#: Timer -> (network side, user side) in seconds; Q.931 tables 9-1 and 9-2. Where the tables give a range or leave
#: a value to the implementation, the one that several implementations share. T309: the highest that the tables
#: allow, so that calls outlive a reboot of the transmission equipment. T304 of the network side is provisional.
VALUES: Final[Mapping[Timer, tuple[float, float]]] = {
    Timer.T301: (180, 180),
    Timer.T302: (15, 15),
    Timer.T303: (4, 4),
    Timer.T304: (20, 30),
    Timer.T305: (30, 30),
    Timer.T306: (30, 30),
    Timer.T307: (180, 180),
    Timer.T308: (4, 4),
    Timer.T309: (90, 90),
    Timer.T310: (10, 60),
    Timer.T313: (4, 4),
    Timer.T314: (4, 4),
    Timer.T316: (120, 120),
    Timer.T318: (4, 4),
    Timer.T319: (4, 4),
    Timer.T321: (30, 30),
    Timer.T322: (4, 4),
    Timer.THOLD: (4, 4),
    Timer.TRETRIEVE: (4, 4),
    Timer.TSERVICE: (120, 120),  # T3M1 of AT&T TR 41459 (recalled)
    Timer.TESTABLISH: (2, 2),  # ours: Q.931 5.8.9 only says to ask
    Timer.TRETRY: (300, 300),  # ours: Q.931 leaves it to maintenance
}

#: EN 300 403-1 where it differs: T310 of the network side 30 to 40 s (recalled; an implementation runs 35).
ETSI_VALUES: Final[Mapping[Timer, tuple[float, float]]] = {Timer.T310: (35, 40)}

#: SETUP and RELEASE are sent twice in all (T303, T308), RESTART N316 times more (Q.931 5.5.1, table 9-1).
N303: Final = 1
N308: Final = 1
N316: Final = 2
#: STATUS ENQUIRY repetitions: "several", Q.931 table 9-1.
N322: Final = 2
#: SERVICE repetitions.
NSERVICE: Final = 2


def timer_values(overrides: Mapping[str, float], *, network: bool, etsi: bool = False) -> dict[Timer, float]:
    """The value of every timer in seconds for one side: the defaults with `overrides` (`{"T310": 20.0}`) over them.

    `etsi` takes EN 300 403-1 where it differs. A value outside the Recommendation's range is allowed (networks
    differ); one that is not positive, or a name that is no timer here, raises ConfigurationError.
    """
    table = {**VALUES, **ETSI_VALUES} if etsi else VALUES
    values = {timer: float(pair[0 if network else 1]) for timer, pair in table.items()}
    for name, seconds in overrides.items():
        try:
            timer = Timer[name.upper()]
        except KeyError:
            known = ", ".join(item.name for item in Timer)
            raise ConfigurationError(f"{name} is not a timer of Q.931 here; known are {known}") from None
        if not seconds > 0:
            raise ConfigurationError(f"timer {name} must be a positive number of seconds, not {seconds}")
        values[timer] = float(seconds)
    return values
