"""What a call progress tone is, the notation of E.180 for it, and the plan of a region (see `tone_countries`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from tandem.core.errors import ConfigurationError

#: Level of each frequency where a country's table gives none: the lower end of the European -10 to -13 dBm0 (recalled).
DEFAULT_LEVEL: Final = -13.0


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
    modulation: int = 0
    """Hertz that they swell with, from nothing to twice their amplitude; 0: they do not."""


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
    source: str = ""
    """Where its rows are from."""

    def tone(self, name: str) -> Tone:
        """The tone `name`; UnknownToneError when there is none."""
        try:
            return self.tones[name]
        except KeyError:
            known = ", ".join(sorted(self.tones))
            raise UnknownToneError(f"tone plan {self.code!r} has no tone {name!r}; it has {known}") from None


def cadence_text(bursts: tuple[Burst, ...]) -> str:
    """Bursts in the notation that `parse_cadence` reads."""
    words: list[str] = []
    last = ""
    for burst in bursts:
        hertz = "+".join(map(str, burst.frequencies)) + (f"*{burst.modulation}" if burst.modulation else "")
        words += [hertz] if hertz != last else []
        last = hertz
        if len(bursts) > 1 or burst.off:
            words.append(f"{burst.on:g}/{burst.off:g}")
    return " ".join(words)


def parse_cadence(text: str) -> tuple[Burst, ...]:
    """Read the notation of E.180: `425`, `400+450 0.4/0.2 0.4/2.0`, `950 0.33/0 1400 0.33/1.0`, `400*25 1.0/2.0`.

    A word of Hertz, joined by `+`, sets the frequencies, and `*` with what they are modulated; each word `on/off` after
    it is a burst in seconds. Frequencies with no burst sound without a pause.
    """
    bursts: list[Burst] = []
    frequencies: tuple[int, ...] = ()
    modulation = 0
    for word in text.split():
        on, slash, off = word.partition("/")
        if slash:
            bursts.append(Burst(frequencies, float(on), float(off), modulation))
        else:
            carriers, _, modulating = word.partition("*")
            frequencies, modulation = tuple(int(part) for part in carriers.split("+")), int(modulating or 0)
    return tuple(bursts) or (Burst(frequencies, 1.0, 0.0, modulation),)
