"""What the keys of a PRI trunk mean together, and what they must satisfy beyond their types."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from tandem.gateway.configuration.check_ss7 import Usage
from tandem.gateway.configuration.problem import Problem, suggestion, unknown_name
from tandem.gateway.configuration.ranges import parse_ranges
from tandem.gateway.configuration.schema import Configuration, DChannelBackhaul, PriTrunk, Span
from tandem.gateway.configuration.spans import last_timeslots
from tandem.gateway.configuration.trunks import PriSpan
from tandem.isdn.q921.configuration import Timer as LinkTimer
from tandem.isdn.q931.switch_types import SWITCH_TYPES
from tandem.isdn.q931.timers import Timer

#: Timeslots of D-channels by custom: E1 and T1.
E1_D_CHANNEL: Final = 16
T1_D_CHANNEL: Final = 24
_E1_TIMESLOTS: Final = 31
LINK_TIMERS: Final = tuple(timer.name.lower() for timer in LinkTimer)
TIMERS: Final = (*(timer.name.lower() for timer in Timer), *LINK_TIMERS)
_NUMBER: Final = re.compile(r"\+?[0-9]+\*?|\*")
_DIGITS: Final = re.compile(r"[0-9*#]*")


@dataclass(frozen=True)
class PriLine:
    """A line of a PRI trunk with all that was left out filled in."""

    span: str
    interface: int
    d_channel: int | None
    """Timeslot of its D-channel, None where another line carries the signalling."""
    b_channels: tuple[int, ...]
    """Timeslots of its B-channels, which are their channel numbers too."""
    iua: int | str | None = None
    """IUA interface identifier of the D-channel, where a gateway has its Q.921."""
    d_channel_span: str = ""
    """The span with its D-channel, where that is another one."""


def pri_lines(trunk: PriTrunk, spans: list[Span]) -> list[PriLine]:
    """The lines of a trunk; ValueError, worded for the operator, when a list of timeslots is none."""
    last = last_timeslots(spans)
    return [_line(trunk, place, last.get(line.span, _E1_TIMESLOTS)) for place, line in enumerate(trunk.spans)]


def _line(trunk: PriTrunk, place: int, last: int) -> PriLine:
    line, d_channel = trunk.spans[place], trunk.spans[place].d_channel
    if d_channel is None and (len(trunk.spans) == 1 or line.iua_interface is not None or line.d_channel_span):
        d_channel = T1_D_CHANNEL if last == T1_D_CHANNEL else E1_D_CHANNEL
    if line.channels:
        channels = parse_ranges(line.channels, 1, last)
    else:
        channels = tuple(slot for slot in range(1, last + 1) if slot != d_channel)
    return PriLine(line.span, line.interface, d_channel, channels, line.iua_interface, line.d_channel_span)


def d_channels(trunk: PriTrunk, spans: list[Span]) -> list[PriLine]:
    """The lines with D-channels, named by the span that these are on: the first, then its back-up."""
    lines = [line for line in pri_lines(trunk, spans) if line.d_channel is not None]
    return [replace(line, span=line.d_channel_span) if line.d_channel_span else line for line in lines]


def check_pri_trunk(path: str, trunk: PriTrunk, configuration: Configuration, usage: Usage) -> Iterator[Problem]:
    """Problems of a `[[trunk]]` of type `pri`."""
    yield from _lines(path, trunk, configuration, usage)
    for name in trunk.timers:
        if name not in TIMERS:
            yield Problem(f"{path}.timers.{name}", f"unknown timer; {suggestion(name, TIMERS, 'there are')}")
    t200, t203 = trunk.timers.get("t200", 1.0), trunk.timers.get("t203", 10.0)
    if t203 <= t200:
        yield Problem(f"{path}.timers", f"t203 ({t203:g} s) must be above t200 ({t200:g} s)")
    if trunk.pass_digits and not trunk.overlap:
        yield Problem(f"{path}.pass_digits", "is for `overlap`; set that too, or leave this out")
    if trunk.maximum_digits and trunk.maximum_digits < trunk.minimum_digits:
        yield Problem(f"{path}.maximum_digits", f"is less than minimum_digits ({trunk.minimum_digits}); 0 is no limit")
    if trunk.overlap and not SWITCH_TYPES[trunk.switch].overlap:
        yield Problem(f"{path}.overlap", f"{trunk.switch} has no overlap sending; leave it out")
    if trunk.suspension and (trunk.side == "user" or SWITCH_TYPES[trunk.switch].symmetrical):
        yield Problem(f"{path}.suspension", "is for the network side to allow; leave it out")
    for index, number in enumerate(trunk.numbers):
        if not _NUMBER.fullmatch(number):
            text = (
                f"{number!r} is not a number; write digits, + in front if international, * behind for any that follow"
            )
            yield Problem(f"{path}.numbers[{index}]", text)
    if trunk.default_number and not re.fullmatch(r"\+?[0-9]+", trunk.default_number):
        yield Problem(f"{path}.default_number", f"{trunk.default_number!r} is not a number")
    if trunk.replace_unscreened and not trunk.default_number:
        yield Problem(f"{path}.default_number", "is empty although `replace_unscreened` is set")
    for key in ("international_prefix", "national_prefix"):
        if not _DIGITS.fullmatch(getattr(trunk, key)):
            yield Problem(f"{path}.{key}", f"{getattr(trunk, key)!r} is not what can be dialled: 0-9, * and #")


def _lines(path: str, trunk: PriTrunk, configuration: Configuration, usage: Usage) -> Iterator[Problem]:
    names = [span.name for span in configuration.span]
    try:
        lines = pri_lines(trunk, configuration.span)
    except ValueError:
        lines = []
    with_d = [line for line in lines if line.d_channel is not None]
    if lines and not with_d:
        yield Problem(f"{path}.spans", "no line has a D-channel; give one its d_channel")
    if len(with_d) > 2:
        yield Problem(f"{path}.spans", f"{len(with_d)} lines have a D-channel; one and a back-up are right")
    if len(lines) > 1:
        yield from _several(path, trunk, lines)
    for index, part in enumerate(trunk.spans):
        here = f"{path}.spans[{index}]"
        yield from unknown_name(f"{here}.span", part.span, names, "span")
        last = last_timeslots(configuration.span).get(part.span, _E1_TIMESLOTS)
        try:
            line = _line(trunk, index, last)
        except ValueError as error:
            yield Problem(f"{here}.channels", str(error))
            continue
        yield from _iua(here, part, configuration, usage)
        if part.d_channel_span:
            yield from unknown_name(f"{here}.d_channel_span", part.d_channel_span, names, "span")
            if line.iua is not None:
                yield Problem(
                    f"{here}.d_channel_span", "the D-channel comes by IUA (iua_interface); give one of the two"
                )
        if line.iua is None and line.d_channel is not None:
            if line.d_channel in line.b_channels and not part.d_channel_span:
                yield Problem(f"{here}.channels", f"timeslot {line.d_channel} is the D-channel; leave it out")
            yield from usage.timeslots(
                f"{here}.d_channel",
                part.d_channel_span or part.span,
                (line.d_channel,),
                f"the D-channel of trunk {trunk.name!r}",
            )
        slots = [slot for slot in line.b_channels if slot != line.d_channel or part.d_channel_span]
        yield from usage.speech(f"{here}.channels", part.span, slots, f"trunk {trunk.name!r} ({here})")


def _iua(here: str, line: PriSpan, configuration: Configuration, usage: Usage) -> Iterator[Problem]:
    """Problems of a D-channel that a gateway hands on."""
    if bool(line.associations) != (line.iua_interface is not None):
        yield Problem(here, "associations and iua_interface go together (a D-channel by IUA); give both or neither")
    elif line.iua_interface is not None:
        yield from _associations(here, line.associations, "IUA", configuration, usage)
        yield from usage.iua_interface(f"{here}.iua_interface", line.iua_interface)


def _associations(
    here: str, names: list[str], kind: str, configuration: Configuration, usage: Usage
) -> Iterator[Problem]:
    for place, name in enumerate(names):
        yield from usage.association(f"{here}.associations[{place}]", name, kind, configuration)
        if name in names[:place]:
            yield Problem(f"{here}.associations[{place}]", f"{name!r} is there twice")


def check_d_channel_backhauls(configuration: Configuration, usage: Usage) -> Iterator[Problem]:
    """Problems of `[[isdn.backhaul]]`."""
    spans = [span.name for span in configuration.span]
    for index, backhaul in enumerate(configuration.isdn.backhaul):
        path = f"isdn.backhaul[{index}]"
        yield from unknown_name(f"{path}.span", backhaul.span, spans, "span")
        if not backhaul.associations:
            yield Problem(f"{path}.associations", "is empty; name the association with the application server")
        yield from _associations(path, backhaul.associations, "IUA gateway", configuration, usage)
        yield from usage.iua_interface(f"{path}.interface", backhaul.interface)
        slot = backhaul_timeslot(backhaul, configuration.span)
        yield from usage.timeslots(f"{path}.d_channel", backhaul.span, (slot,), f"the D-channel {backhaul.interface!r}")
        for name in backhaul.timers:
            if name not in LINK_TIMERS:
                yield Problem(f"{path}.timers.{name}", f"unknown timer; {suggestion(name, LINK_TIMERS, 'there are')}")
        t200, t203 = backhaul.timers.get("t200", 1.0), backhaul.timers.get("t203", 10.0)
        if t203 <= t200:
            yield Problem(f"{path}.timers", f"t203 ({t203:g} s) must be above t200 ({t200:g} s)")


def backhaul_timeslot(backhaul: DChannelBackhaul, spans: list[Span]) -> int:
    """The timeslot of a D-channel that is handed on."""
    if backhaul.d_channel is not None:
        return backhaul.d_channel
    return T1_D_CHANNEL if last_timeslots(spans).get(backhaul.span) == T1_D_CHANNEL else E1_D_CHANNEL


def _several(path: str, trunk: PriTrunk, lines: Sequence[PriLine]) -> Iterator[Problem]:
    """Problems of a D-channel that serves several lines."""
    if not SWITCH_TYPES[trunk.switch].nfas:
        yield Problem(f"{path}.spans", f"{trunk.switch} has no NFAS: one line a trunk; make each line a trunk")
    seen: dict[int, int] = {}
    for index, line in enumerate(lines):
        if line.interface in seen:
            text = f"{line.interface} is already the interface of spans[{seen[line.interface]}]"
            yield Problem(f"{path}.spans[{index}].interface", text)
        seen.setdefault(line.interface, index)
