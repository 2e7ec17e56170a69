"""Tones by region, as in supplement 2 to ITU-T E.180 (checked against what deployed exchanges and PBXs play)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from tandem.core.errors import ConfigurationError

#: Level of each frequency where a country's table gives none: the lower end of the European -10 to -13 dBm0 (recalled).
DEFAULT_LEVEL: Final = -13.0

_SPECIAL_INFORMATION = "950 0.33/0 1400 0.33/0 1800 0.33/1.0"


class UnknownToneError(ConfigurationError, ValueError):
    """No tone plan or no tone of that name; the text lists the names there are."""


@dataclass(frozen=True, slots=True)
class Burst:
    """Some frequencies for some time, then silence."""

    frequencies: tuple[int, ...]
    """Hertz, sounded together."""
    on: float
    """Seconds of tone."""
    off: float
    """Seconds of silence after it."""


@dataclass(frozen=True, slots=True)
class Tone:
    """A tone and its cadence, repeated for as long as it is played."""

    bursts: tuple[Burst, ...]
    level_dbm0: float = DEFAULT_LEVEL
    """Level of each frequency."""

    @property
    def continuous(self) -> bool:
        """Whether the tone has no cadence."""
        return len(self.bursts) == 1 and not self.bursts[0].off


@dataclass(frozen=True, slots=True)
class Plan:
    """The tones of a region."""

    code: str
    """Short name, as in the configuration."""
    region: str
    """The country or area."""
    tones: dict[str, Tone] = field(repr=False)

    def tone(self, name: str) -> Tone:
        """The tone `name`; UnknownToneError when there is none."""
        try:
            return self.tones[name]
        except KeyError:
            known = ", ".join(sorted(self.tones))
            raise UnknownToneError(f"tone plan {self.code!r} has no tone {name!r}; it has {known}") from None


def tone_plan(region: str) -> Plan:
    """The plan of `region` (`eu`, `cn`, `de`, …); UnknownToneError names the known ones."""
    try:
        return PLANS[region]
    except KeyError:
        known = ", ".join(sorted(PLANS))
        raise UnknownToneError(f"unknown tone plan {region!r}; known are {known}") from None


def parse_cadence(text: str) -> tuple[Burst, ...]:
    """Read the notation of E.180: `425`, `400+450 0.4/0.2 0.4/2.0`, `950 0.33/0 1400 0.33/1.0`.

    A word of Hertz, joined by `+`, sets the frequencies; each word `on/off` after it is a burst in seconds.
    Frequencies with no burst sound without a pause.
    """
    bursts: list[Burst] = []
    frequencies: tuple[int, ...] = ()
    for word in text.split():
        on, slash, off = word.partition("/")
        if slash:
            bursts.append(Burst(frequencies, float(on), float(off)))
        else:
            frequencies = tuple(int(part) for part in word.split("+"))
    return tuple(bursts) or (Burst(frequencies, 1.0, 0.0),)


def _plan(
    code: str, region: str, level: float = DEFAULT_LEVEL, levels: dict[str, float] | None = None, **cadences: str
) -> Plan:
    """Build a plan; special information is the E.180 tone, and unobtainable numbers get it, unless told otherwise."""
    cadences.setdefault("special_information", _SPECIAL_INFORMATION)
    cadences.setdefault("number_unobtainable", cadences["special_information"])
    tones = {name: Tone(parse_cadence(text), (levels or {}).get(name, level)) for name, text in cadences.items()}
    # The check tone of continuity checks is the same everywhere: Q.724 7, 2000 Hz at -12 dBm0 (level recalled).
    tones["continuity"] = Tone(parse_cadence("2000"), -12.0)
    return Plan(code, region, tones)


_ALL: Final = (
    _plan(
        "cn",
        "China",
        level=-12.0,
        dial="450",
        ringback="450 1.0/4.0",
        busy="450 0.35/0.35",
        congestion="450 0.7/0.7",
        number_unobtainable="450 0.1/0.1 0.1/0.1 0.1/0.1 0.4/0.4",
        call_waiting="450 0.4/4.0",
    ),
    _plan(
        "de",
        "Germany",
        dial="425",
        ringback="425 1.0/4.0",
        busy="425 0.48/0.48",
        congestion="425 0.24/0.24",
        call_waiting="425 0.2/0.2 0.2/5.0",
    ),
    _plan(
        "eu",
        "Europe (CEPT T/CS 20-15, ETSI TR 101 041-2)",
        dial="425",
        ringback="425 1.0/4.0",
        busy="425 0.5/0.5",
        congestion="425 0.25/0.25",
        call_waiting="425 0.2/0.2 0.2/9.0",
    ),
    _plan(
        "us",
        "North America",
        levels={"dial": -13.0, "ringback": -19.0, "busy": -24.0, "congestion": -24.0},
        dial="350+440",
        ringback="440+480 2.0/4.0",
        busy="480+620 0.5/0.5",
        congestion="480+620 0.25/0.25",
        call_waiting="440 0.3/10.0",
    ),
    _plan(
        "uk",
        "United Kingdom (BT SIN 350)",
        dial="350+440",
        ringback="400+450 0.4/0.2 0.4/2.0",
        busy="400 0.375/0.375",
        congestion="400 0.4/0.35 0.225/0.525",
        number_unobtainable="400",
        special_information="950 0.33/0.015 1400 0.33/0.015 1800 0.33/1.0",
        call_waiting="400 0.1/4.0",
    ),
    _plan(
        "fr",
        "France",
        dial="440",
        ringback="440 1.5/3.5",
        busy="440 0.5/0.5",
        congestion="440 0.25/0.25",
        special_information="950 0.3/0.03 1400 0.3/0.03 1800 0.3/1.0",
    ),
    _plan(
        "it",
        "Italy",
        dial="425 0.6/1.0 0.2/0.2",
        ringback="425 1.0/4.0",
        busy="425 0.5/0.5",
        congestion="425 0.2/0.2",
    ),
    _plan("nl", "Netherlands", dial="425", ringback="425 1.0/4.0", busy="425 0.5/0.5", congestion="425 0.25/0.25"),
    _plan(
        "es",
        "Spain",
        dial="425",
        ringback="425 1.5/3.0",
        busy="425 0.2/0.2",
        congestion="425 0.2/0.2 0.2/0.2 0.2/0.6",
    ),
    _plan("se", "Sweden", dial="425", ringback="425 1.0/5.0", busy="425 0.25/0.25", congestion="425 0.25/0.75"),
)

#: Every plan by its code.
PLANS: Final[dict[str, Plan]] = {plan.code: plan for plan in _ALL}
