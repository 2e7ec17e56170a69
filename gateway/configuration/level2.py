"""Parameters of level 2 that a link may set by name (`level2` of `[[ss7.linkset.link]]` and `[[ss7.backhaul]]`).

Not among them, because they follow from elsewhere: `bit_rate` (the timeslots), `format` and `error_correction` (keys of
the link), `queue_ahead` (how the two processes work together), `association` and the retrieval of level 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from tandem.core.errors import ConfigurationError
from tandem.ss7.mtp2.configuration import LinkConfiguration, SuermParameters
from tandem.ss7.sigtran.m2pa_configuration import M2paConfiguration

_BOTH = ("max_sif", "congestion_onset", "congestion_abatement", "congestion_levels", "transmission_buffer")
_MONITORS = ("suerm_threshold", "suerm_rate", "suerm_octets", "eim_threshold", "eim_increment", "eim_decrement")
#: Names for a link on timeslots.
MTP2_NAMES = (
    *("n1", "n2", "status_octets", "max_unacknowledged", "proving_attempts", "aerm_normal", "aerm_emergency"),
    *_MONITORS,
    *_BOTH,
)
#: Names for a link by M2PA.
M2PA_NAMES = ("window", "ack_messages", *_BOTH)
_TIMERS = {
    "q703_t4n": "t4_normal",
    "q703_t4e": "t4_emergency",
    "m2pa_repeat": "repeat",
    "m2pa_ack_delay": "ack_delay",
}


def with_mtp2(
    base: LinkConfiguration, level2: Mapping[str, int], timers: Mapping[str, float], **more: Any
) -> LinkConfiguration:
    """`base` with the parameters and timers of a link; ConfigurationError when they contradict each other."""
    changes: dict[str, Any] = {name: value for name, value in level2.items() if name not in _MONITORS}
    suerm = _of("suerm_", level2)
    eim = _of("eim_", level2)
    if eim and base.eim is None:
        raise ConfigurationError("the errored interval monitor (eim_...) goes with the format extended")
    if suerm:
        changes["suerm"] = replace(SuermParameters(), **suerm)
    if eim and base.eim is not None:
        changes["eim"] = replace(base.eim, **eim)
    return replace(base, **changes, **_known(LinkConfiguration, timers), **more)


def with_m2pa(base: M2paConfiguration, level2: Mapping[str, int], timers: Mapping[str, float]) -> M2paConfiguration:
    """`base` with the parameters and timers of a link; ConfigurationError when they contradict each other."""
    changes: dict[str, Any] = dict(level2)
    return replace(base, **changes, **_known(M2paConfiguration, timers))


def _of(prefix: str, level2: Mapping[str, int]) -> dict[str, Any]:
    return {name.removeprefix(prefix): value for name, value in level2.items() if name.startswith(prefix)}


def _known(kind: type, timers: Mapping[str, float]) -> dict[str, Any]:
    """Timers of level 2 by the names that `kind` has for them; others are for other levels, or for the other kind."""
    known = {field.name for field in fields(kind)}
    named = {
        _TIMERS.get(key, key.removeprefix("q703_")): value
        for key, value in timers.items()
        if key.startswith(("q703_", "m2pa_"))
    }
    return {name: value for name, value in named.items() if name in known}
