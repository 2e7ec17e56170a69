"""Call control between fake trunks, with a switchboard."""

from __future__ import annotations

from support.fake_trunk import Exchange, FakeTrunk

from tandem.gateway.applications.events import EVERYTHING, Happening
from tandem.gateway.applications.switchboard import Switchboard
from tandem.gateway.calls.actions import APPLICATIONS, Action
from tandem.gateway.calls.half_call import HalfCall
from tandem.gateway.calls.model import Answer, Number, Setup
from tandem.gateway.calls.routing import Attempt
from tandem.gateway.configuration.schema import Route
from tandem.gateway.log import Line

#: What follows from what is told besides; tests/gateway/applications/test_channels.py has these.
STATES = frozenset({Happening.CHANNEL_STATE, Happening.CHANNEL_CALLSTATE, Happening.CHANNEL_DESTROY})


class Board:
    """An exchange of circuits `c1`, `c2` and RTP legs `s1`, `s2`, its switchboard, and the time."""

    def __init__(self, *routes: Route) -> None:
        self.exchange = Exchange(*routes)
        self.control = self.exchange.control
        self.lines: list[Line] = []
        self._tokens = 0
        self.board = Switchboard(self.control, self._token, lambda now: Exchange.START + now, self.lines.append)
        self.board.kinds = {"c1": "isup", "c2": "isup", "s1": "sip", "s2": "sip"}
        self.board.interest = EVERYTHING
        self.now = 0.0

    def _token(self) -> str:
        self._tokens += 1
        return f"token-{self._tokens}"

    def __getitem__(self, name: str) -> FakeTrunk:
        return self.exchange[name]

    def settle(self) -> None:
        """Do all that waits."""
        while self.board.settle(self.now):
            pass

    def run(self, seconds: float) -> None:
        """Let time pass."""
        end = self.now + seconds
        while True:
            due = [time for time in (self.board.next_deadline(), self.control.next_deadline()) if time is not None]
            if not due or min(due) > end:
                break
            self.now = max(self.now, min(due))
            if (deadline := self.board.next_deadline()) is not None and deadline <= self.now:
                self.board.handle_timers(self.now)
            if (deadline := self.control.next_deadline()) is not None and deadline <= self.now:
                self.control.handle_timers(self.now)
            self.settle()
        self.now = end

    def tell(self, half: HalfCall, primitive: object) -> None:
        """The peer of `half` says something."""
        self.control.event(half, primitive, self.now)  # type: ignore[arg-type]
        self.settle()

    def clear(self, *halves: HalfCall) -> None:
        """The protocol is done with them."""
        for half in halves:
            self.control.cleared(half, self.now)
        self.settle()

    def clear_all(self) -> None:
        """Every half that has been released is cleared, every leg closed."""
        known = [call.incoming for call in self.control.calls.values()]
        for name in ("c1", "c2", "s1", "s2"):
            known += [half for _, half, _ in self[name].asked] + self[name].halves
        for half in dict.fromkeys(known):
            if half.released and half.call is not None:
                self.control.cleared(half, self.now)
        self.settle()
        self.exchange.close_legs()
        self.settle()

    def call_in(self, name: str, called: str = "123") -> HalfCall:
        """A call comes in."""
        half = self[name].call_in(called, self.now)
        self.settle()
        return half

    def call_application(self, name: str, *texts: str) -> HalfCall:
        """A call that comes in on trunk `name` and is led to these actions."""
        actions = tuple(Action.parse(text) for text in texts)
        setup = Setup(Number("123"), Number("99"))
        attempt = Attempt("test", APPLICATIONS, setup, 21, frozenset(), actions)
        half = self[name].call_in("123", self.now, attempts=(attempt,))
        self.settle()
        return half

    def originate(self, dial: str, then: str = "&park") -> str:
        """Originate; the job."""
        job = self.board.originate(dial, then, self.now)
        self.settle()
        return job

    def parked(self, dial: str) -> tuple[str, HalfCall]:
        """A leg that has answered and is parked: its uuid, and itself."""
        self.originate(dial)
        half = self[dial.split("/")[1]].halves[-1]
        self.tell(half, Answer())
        return self.board.uuid_of(half), half

    def happened(self) -> list[Happening]:
        """What was told of since the last call, but for states."""
        events, self.board.events = self.board.events, []
        return [event.what for event in events if event.what not in STATES]

    def results(self) -> list[str]:
        """Results of jobs."""
        return [event.data["result"] for event in self.board.events if event.what is Happening.BACKGROUND_JOB]
