"""A transfer that a party asks for (REFER): somebody else is called for the other party, and then the two are joined.

The party that asked keeps the call until somebody answers, so that a transfer that fails leaves things as they were. It
may hang up before that: then the other party waits, and hears ringback.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from tandem.core.cause import Cause
from tandem.gateway.applications.session import LegsFailed, Session
from tandem.gateway.calls.actions import Action
from tandem.gateway.calls.half_call import HalfCall
from tandem.gateway.calls.model import Alerting, Answer, Primitive, Progress, Release, Setup
from tandem.gateway.calls.routing import Attempt
from tandem.gateway.media.protocol import Source, Tone

if TYPE_CHECKING:
    from tandem.gateway.applications.switchboard import Switchboard

#: Application of a party that waits for somebody whom the other one has called for it.
AWAIT: Final = "await_transfer"
_GONE: Final = Release(Cause.NORMAL_CALL_CLEARING, diagnostic="the transferred party has gone")
Tell = Callable[[Primitive, float], None]


class Referral:
    """One transfer in progress."""

    def __init__(self, board: Switchboard, party: HalfCall, tell: Tell) -> None:
        """`party` is to be joined to whom is called; `tell` is told how that goes, a Release or Answer at the end."""
        self.party = party
        self.waiting: Session | None = None
        """The party's own session, once it is alone."""
        self.over = False
        self._board = board
        self._tell = tell
        self._session: Session | None = None

    def start(self, setup: Setup, attempts: Iterable[Attempt], linked: str, now: float) -> None:
        """Call somebody."""
        self.party.after = (Action(AWAIT),)
        session = self._session = self._board.applications.call(self, {})
        self._board.control.originate(session.half, setup, attempts, now)
        if session.half.call is not None:
            session.half.call.linked.append(linked)

    def leg_progressed(self, session: Session, primitive: Primitive, now: float) -> None:
        """Whom was called rings, lets something be heard, or answers."""
        leg, party = session.channel, self.party
        if self.over or leg is None:
            return
        if isinstance(primitive, Answer):
            self._end()
            session.origination = None
            self._tell(primitive, now)
            self._board.control.join(party, leg, now)
            return
        self._tell(primitive, now)
        if party.endpoint is None:
            return
        if isinstance(primitive, Alerting | Progress) and primitive.inband and leg.endpoint is not None:
            self._board.media([Source(party.endpoint, leg.endpoint)])
        elif isinstance(primitive, Alerting):
            self._board.media([Tone(party.endpoint, "ringback")])

    def leg_ended(self, session: Session, release: Release, now: float) -> None:
        """Nobody is to be had: the party talks with who asked again, or is released where that has gone."""
        if self.over:
            return
        self._end()
        self._tell(release, now)
        if self.waiting is not None:
            self._board.applications.feed(self.waiting, LegsFailed(release), now)
        else:
            self._board.control.reconnect(self.party)

    def party_gone(self) -> None:
        """The party released."""
        if self.over:
            return
        self._end()
        session = self._session
        if session is not None:
            self._board.later(lambda now: self._board.applications.hang_up(session, _GONE, now))

    def _end(self) -> None:
        self.over = True
        self.party.after = ()
        self._board.forget_referral(self)
