"""One application half-call: the actions that it carries out, and what ends the one that it is at."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tandem.gateway.calls.actions import Action
from tandem.gateway.calls.half_call import HalfCall
from tandem.gateway.calls.model import Primitive, Release

if TYPE_CHECKING:
    from tandem.gateway.applications.origination import Origination
    from tandem.gateway.applications.referral import Referral


@dataclass(frozen=True, slots=True)
class Begin:
    """The half was offered a call, and is to do what its attempt says."""


@dataclass(frozen=True, slots=True)
class End:
    """Call control has released the half."""

    release: Release


@dataclass(frozen=True, slots=True)
class Expired:
    """What was waited for did not come in time."""


@dataclass(frozen=True, slots=True)
class Digit:
    """A digit was pressed; it is in `Session.digits` too."""

    digit: str


@dataclass(frozen=True, slots=True)
class MediaEnded:
    """A playback or recording is over."""

    number: int
    status: str
    """`done`, `stopped`, or why it could not be."""
    milliseconds: int


@dataclass(frozen=True, slots=True)
class LegProgress:
    """A leg that is being called tells progress."""

    leg: HalfCall
    primitive: Primitive


@dataclass(frozen=True, slots=True)
class LegAnswered:
    """The first leg answered; the others are released."""

    leg: HalfCall
    primitive: Primitive


@dataclass(frozen=True, slots=True)
class LegsFailed:
    """Nobody answered; the release of the last leg."""

    release: Release


@dataclass(frozen=True, slots=True)
class Interrupt:
    """The operator wants something else done now."""


Input = Expired | Digit | MediaEnded | LegProgress | LegAnswered | LegsFailed | Interrupt
#: An application at work: yields the seconds that it waits at most (None: without end), is sent what happened, and
#: returns what `CHANNEL_EXECUTE_COMPLETE` gives as its response.
Program = Generator[float | None, Input, str]


@dataclass(slots=True, eq=False)
class Session:
    """What the application side of a call is doing."""

    half: HalfCall
    actions: deque[Action] = field(default_factory=deque)
    """What is still to be done."""
    current: Action | None = None
    program: Program | None = None
    digits: str = ""
    """Pressed and not used yet."""
    origination: Origination | Referral | None = None
    """The half calls a leg for it, which has not answered."""
    ended: bool = False
    media: set[int] = field(default_factory=set)
    """Playbacks and recordings that end with the session."""

    @property
    def channel(self) -> HalfCall | None:
        """The half-call that the application serves."""
        return self.half.other
