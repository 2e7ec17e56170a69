"""Calling the legs of a dial string: those of a group at once, group after group, until one answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tandem.core.cause import Cause
from tandem.gateway.applications.dial_strings import DialString, Target
from tandem.gateway.applications.session import LegAnswered, LegProgress, LegsFailed, Session
from tandem.gateway.calls.model import Answer, Nature, Number, Primitive, Release, Setup
from tandem.gateway.calls.routing import Attempt

if TYPE_CHECKING:
    from tandem.gateway.applications.switchboard import Switchboard

#: Seconds that a leg is rung where no variable says otherwise.
TIMEOUT: Final = 60.0
#: What legs are told that another one was quicker than: non-selected user clearing (Q.850 26).
_LOST: Final = Release(Cause.NON_SELECTED_USER_CLEARING, diagnostic="another leg answered first")
_TIMED_OUT: Final = Release(Cause.NO_ANSWER_FROM_USER, diagnostic="no answer within the time given")
Outcome = LegProgress | LegAnswered | LegsFailed


@dataclass(frozen=True, slots=True)
class Caller:
    """For whom legs are called."""

    setup: Setup
    """As the call came in: caller and bearer are taken from it."""
    linked: str = ""
    """`id` of the record of the call that wants them."""


class Origination:
    """The legs of one dial string."""

    def __init__(
        self, board: Switchboard, dial: DialString, caller: Caller, tell: Callable[[Outcome, float], None]
    ) -> None:
        """`tell` is called with what becomes of the legs; ValueError when a trunk is not there."""
        self.number = board.next_number()
        self._board = board
        self._dial = dial
        self._caller = caller
        self._tell = tell
        for group in dial.groups:
            for target in group:
                board.check_target(target)
        self._groups: Iterator[tuple[Target, ...]] = iter(dial.groups)
        self._legs: list[Session] = []
        self._last = Release(Cause.NO_ROUTE_TO_DESTINATION, diagnostic="the dial string names nobody")
        self.over = False

    def start(self, now: float) -> None:
        """Call the first group."""
        seconds = self._dial.variables.get("originate_timeout", self._dial.variables.get("call_timeout", ""))
        self._board.time_origination(self, now + _seconds(seconds))
        self._next_group(now)

    def leg_progressed(self, session: Session, primitive: Primitive, now: float) -> None:
        """A leg tells something before answer, or that."""
        leg = session.channel
        if self.over or leg is None:
            return
        if not isinstance(primitive, Answer):
            self._tell(LegProgress(leg, primitive), now)
            return
        self._end()
        session.origination = None
        self._legs.remove(session)
        self._release_legs(_LOST, now)
        self._tell(LegAnswered(leg, primitive), now)

    def leg_ended(self, session: Session, release: Release, now: float) -> None:
        """A leg failed."""
        if session in self._legs:
            self._legs.remove(session)
        if self.over:
            return
        self._last = release
        if not self._legs:
            self._next_group(now)

    def timed_out(self, now: float) -> None:
        """Nobody answered in time."""
        if not self.over:
            self._fail(_TIMED_OUT, now)

    def cancel(self, release: Release, now: float) -> None:
        """Whoever wanted the legs has gone."""
        if not self.over:
            self._end()
            self._release_legs(release, now)

    def _next_group(self, now: float) -> None:
        group = next(self._groups, None)
        if group is None:
            self._fail(self._last, now)
            return
        for target in group:
            self._call(target, now)

    def _call(self, target: Target, now: float) -> None:
        variables = {**self._dial.variables, **target.variables}
        setup = self._setup(target, variables)
        attempt = Attempt("originate", target.trunk, setup, Cause.NO_ROUTE_TO_DESTINATION, frozenset())
        session = self._board.applications.call(self, variables)
        self._legs.append(session)
        self._board.control.originate(session.half, setup, (attempt,), now)
        call = session.half.call
        if call is not None and self._caller.linked:
            call.linked.append(self._caller.linked)

    def _setup(self, target: Target, variables: dict[str, str]) -> Setup:
        caller = self._caller.setup
        calling = caller.calling
        if "origination_caller_id_number" in variables:
            calling = number_of(variables["origination_caller_id_number"])
        return Setup(
            number_of(target.number),
            calling,
            category=caller.category,
            bearer=caller.bearer,
            redirecting=caller.redirecting,
            original_called=caller.original_called,
            redirection_reason=caller.redirection_reason,
            redirection_counter=caller.redirection_counter,
            hop_counter=caller.hop_counter,
        )

    def _fail(self, release: Release, now: float) -> None:
        self._end()
        self._release_legs(release, now)
        self._tell(LegsFailed(release), now)

    def _end(self) -> None:
        self.over = True
        self._board.forget_origination(self)

    def _release_legs(self, release: Release, now: float) -> None:
        for session in self._legs[:]:
            self._board.applications.hang_up(session, release, now)
        self._legs.clear()


def number_of(text: str) -> Number:
    """A number as people write it: `+` makes it international."""
    if text.startswith("+"):
        return Number(text[1:], Nature.INTERNATIONAL)
    return Number(text)


def _seconds(text: str) -> float:
    try:
        return max(1.0, float(text))
    except ValueError:
        return TIMEOUT
