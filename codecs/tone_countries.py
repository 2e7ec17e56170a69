"""Call progress tones by country.

The list of the ITU (Various tones used in national networks, E.180 supplement 2) was not at hand: each plan says by way
of what its values are known. None is here that no document was named for.
"""

from __future__ import annotations

from typing import Final

from tandem.codecs.tone_plans import DEFAULT_LEVEL, Plan, Tone, UnknownToneError, parse_cadence

_INDICATIONS: Final = "as Asterisk's indications.conf.sample has it"
_ITU: Final = f"ITU list of national tones (tones-0203), {_INDICATIONS}"
_LISTS: Final = "E.180 supplement 2, where the lists of SpanDSP and Asterisk agree"
_TWO: Final = "E.180 supplement 2, where Asterisk's list of today and that of its Zaptel drivers of 2004 agree"

_SPECIAL_INFORMATION: Final = "950 0.33/0 1400 0.33/0 1800 0.33/1.0"


def tone_plan(region: str) -> Plan:
    """The plan of `region` (`eu`, `cn`, `de`, …); UnknownToneError names the known ones."""
    try:
        return PLANS[region]
    except KeyError:
        known = ", ".join(sorted(PLANS))
        raise UnknownToneError(f"unknown tone plan {region!r}; known are {known}") from None


def _plan(
    code: str,
    region: str,
    source: str = _LISTS,
    level: float = DEFAULT_LEVEL,
    levels: dict[str, float] | None = None,
    **cadences: str,
) -> Plan:
    """Build a plan; special information is the E.180 tone, and unobtainable numbers get it, unless told otherwise."""
    cadences.setdefault("special_information", _SPECIAL_INFORMATION)
    cadences.setdefault("number_unobtainable", cadences["special_information"])
    tones = {name: Tone(parse_cadence(text), (levels or {}).get(name, level)) for name, text in cadences.items()}
    # The check tone of continuity checks is the same everywhere: Q.724 7, 2000 Hz at -12 dBm0 (level recalled).
    tones["continuity"] = Tone(parse_cadence("2000"), -12.0)
    return Plan(code, region, tones, source)


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
        "Europe",
        "CEPT T/CS 20-15 and ETSI TR 101 041-2 (recalled)",
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
        "United Kingdom",
        "BT SIN 350, by way of the lists of SpanDSP, Asterisk and DAHDI",
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
    _plan(
        "at",
        "Austria",
        _ITU,
        dial="420",
        ringback="420 1.0/5.0",
        busy="420 0.4/0.4",
        congestion="420 0.2/0.2",
        special_information="950 0.33/0 1450 0.33/0 1850 0.33/1.0",
        call_waiting="420 0.04/1.96",
    ),
    _plan(
        "au",
        "Australia",
        f"ACIF S002:2001, {_INDICATIONS}; the level of the congestion tone does not change from burst to burst here",
        dial="413+438",
        ringback="413+438 0.4/0.2 0.4/2.0",
        busy="425 0.375/0.375",
        congestion="425 0.375/0.375",
        number_unobtainable="425 2.5/0.5",
        call_waiting="425 0.2/0.2 0.2/4.4",
    ),
    _plan(
        "be",
        "Belgium",
        _ITU,
        dial="425",
        ringback="425 1.0/3.0",
        busy="425 0.5/0.5",
        congestion="425 0.167/0.167",
        special_information="900 0.33/0 1400 0.33/0 1800 0.33/1.0",
        call_waiting="1400 0.175/0.175 0.175/3.5",
    ),
    _plan(
        "bg",
        "Bulgaria",
        _ITU,
        dial="425",
        ringback="425 1.0/4.0",
        busy="425 0.5/0.5",
        congestion="425 0.25/0.25",
        call_waiting="425 0.15/0.15 0.15/4.0",
    ),
    _plan(
        "ch",
        "Switzerland",
        _ITU,
        dial="425",
        ringback="425 1.0/4.0",
        busy="425 0.5/0.5",
        congestion="425 0.2/0.2",
        call_waiting="425 0.2/0.2 0.2/4.0",
    ),
    _plan(
        "cl",
        "Chile",
        f"Telefónica CTC Chile, {_INDICATIONS}",
        dial="400",
        ringback="400 1.0/3.0",
        busy="400 0.5/0.5",
        congestion="400 0.2/0.2",
        call_waiting="400 0.25/8.75",
    ),
    _plan(
        "cz",
        "Czechia",
        _ITU,
        dial="425 0.33/0.33 0.66/0.66",
        ringback="425 1.0/4.0",
        busy="425 0.33/0.33",
        congestion="425 0.165/0.165",
        special_information="950 0.33/0.03 1400 0.33/0.03 1800 0.33/1.0",
        call_waiting="425 0.33/9.0",
    ),
    _plan(
        "dk",
        "Denmark",
        _ITU,
        dial="425",
        ringback="425 1.0/4.0",
        busy="425 0.5/0.5",
        congestion="425 0.2/0.2",
    ),
    _plan(
        "ee",
        "Estonia",
        _ITU,
        dial="425",
        ringback="425 1.0/4.0",
        busy="425 0.3/0.3",
        congestion="425 0.2/0.2",
    ),
    _plan(
        "fi",
        "Finland",
        _TWO,
        dial="425",
        ringback="425 1.0/4.0",
        busy="425 0.3/0.3",
        congestion="425 0.2/0.2",
        call_waiting="425 0.15/0.15 0.15/8.0",
    ),
    _plan(
        "gr",
        "Greece",
        _TWO,
        dial="425 0.2/0.3 0.7/0.8",
        ringback="425 1.0/4.0",
        busy="425 0.3/0.3",
        congestion="425 0.2/0.2",
        call_waiting="425 0.15/0.15 0.15/8.0",
    ),
    _plan(
        "hu",
        "Hungary",
        _ITU,
        dial="425",
        ringback="425 1.25/3.75",
        busy="425 0.3/0.3",
        congestion="425 0.3/0.3",
        call_waiting="425 0.04/1.96",
    ),
    _plan(
        "id",
        "Indonesia",
        _ITU,
        dial="425",
        ringback="425 1.0/4.0",
        busy="425 0.5/0.5",
        congestion="425 0.25/0.25",
        call_waiting="425 0.15/0.15 0.15/10.0",
    ),
    _plan(
        "in",
        "India",
        f"Android's ToneGenerator (change b7afce9, dial, busy and congestion tone); all {_INDICATIONS}",
        dial="400*25",
        ringback="400*25 0.4/0.2 0.4/2.0",
        busy="400 0.75/0.75",
        congestion="400 0.25/0.25",
        call_waiting="400 0.2/0.1 0.2/7.5",
    ),
    _plan(
        "jp",
        "Japan",
        _TWO,
        dial="400",
        ringback="400*15 1.0/2.0",
        busy="400 0.5/0.5",
        congestion="400 0.5/0.5",
        call_waiting="400*16 0.5/8.0",
    ),
    _plan(
        "no",
        "Norway",
        _TWO,
        dial="425",
        ringback="425 1.0/4.0",
        busy="425 0.5/0.5",
        congestion="425 0.2/0.2",
        call_waiting="425 0.2/0.6 0.2/10.0",
    ),
    _plan(
        "nz",
        "New Zealand",
        f"Telecom TNA 102, {_INDICATIONS}; Android's ToneGenerator (change fb19696) has the same where it has any",
        dial="400",
        ringback="400+450 0.4/0.2 0.4/2.0",
        busy="400 0.5/0.5",
        congestion="400 0.25/0.25",
        number_unobtainable="400 0.075/0.1 0.075/0.1 0.075/0.1 0.075/0.4",
        call_waiting="400 0.2/3.0",
    ),
    _plan(
        "ph",
        "Philippines",
        _ITU,
        dial="425",
        ringback="425+480 1.0/4.0",
        busy="480+620 0.5/0.5",
        congestion="480+620 0.25/0.25",
        call_waiting="440 0.3/10.0",
    ),
    _plan(
        "ru",
        "Russia",
        f"GOST 45.223-2001, {_INDICATIONS}",
        dial="425",
        ringback="425 1.0/4.0",
        busy="425 0.35/0.35",
        congestion="425 0.175/0.175",
        call_waiting="425 0.2/5.0",
    ),
    _plan(
        "sg",
        "Singapore",
        f"IDA TS PSTN1 issue 4 rev. 2, {_INDICATIONS}",
        dial="425",
        ringback="425*24 0.4/0.2 0.4/2.0",
        busy="425 0.75/0.75",
        congestion="425 0.25/0.25",
        number_unobtainable="425 2.5/0.5",
        call_waiting="425*24 0.3/0.2 0.3/3.2",
    ),
    _plan(
        "th",
        "Thailand",
        _ITU,
        dial="400*50",
        ringback="420 1.0/5.0",
        busy="400 0.5/0.5",
        congestion="400 0.3/0.3",
    ),
    _plan(
        "tw",
        "Taiwan",
        f"Cisco VCO/4K country supplement, {_INDICATIONS}; the older list has the same",
        dial="350+440",
        ringback="440+480 1.0/2.0",
        busy="480+620 0.5/0.5",
        congestion="480+620 0.25/0.25",
        call_waiting="350+440 0.25/0.25 0.25/3.25",
    ),
    _plan(
        "ve",
        "Venezuela",
        _ITU,
        dial="425",
        ringback="425 1.0/4.0",
        busy="425 0.5/0.5",
        congestion="425 0.25/0.25",
        special_information="950 0.33/0 1440 0.33/0 1800 0.33/1.0",
        call_waiting="400+450 0.3/6.0",
    ),
    _plan(
        "za",
        "South Africa",
        f"Cisco VCO/4K country supplement (Siemens exchanges), {_INDICATIONS}",
        dial="400*33",
        ringback="400*33 0.4/0.2 0.4/2.0",
        busy="400 0.5/0.5",
        congestion="400 0.25/0.25",
        call_waiting="400*33 0.25/0.25 0.25/0.25 0.25/0.25 0.25/0.25",
    ),
)

#: Every plan by its code.
PLANS: Final[dict[str, Plan]] = {plan.code: plan for plan in _ALL}
