"""The D-channel of an interface or of a group of interfaces (NFAS), with a back-up D-channel: one service upwards.

Of two D-channels one is in service and carries call control, the other stands by with its data link established
(Q.931 (05/98) Annex F, recalled; ANSI T1.607 and National ISDN-2 settle who is in service with SERVICE messages).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from enum import auto
from typing import Final, Protocol

from tandem.core.enumeration import Symbol
from tandem.core.timers import TimerTable
from tandem.isdn.dchannel_primitives import (
    ChangedOver,
    ChangeOver,
    ChannelDown,
    ChannelError,
    ChannelUp,
    GroupConfiguration,
    MessageReceived,
    Output,
    SendOnChannel,
    Status,
)
from tandem.isdn.q921.link import DataLink
from tandem.isdn.q921.primitives import (
    DataIndication,
    ErrorIndication,
    Established,
    Released,
    SendFrame,
    State,
    UnitDataIndication,
)
from tandem.isdn.q921.primitives import Output as Layer2Output

#: Protocol discriminators of maintenance messages; they may come on a D-channel that stands by.
_MAINTENANCE: Final = (0x03, 0x43)


class Timer(Symbol):
    """Timers of a group."""

    T321 = auto()
    """Waiting for the peer to agree to a change-over (Q.931 table 9-1)."""
    RETRY = auto()
    """Before a data link that failed is asked for again."""
    FIRST = auto()
    """At the start D-channel 0 is given time to come up before the back-up is taken."""


class Input(Symbol):
    """What happens to a D-channel."""

    UP = auto()
    """Its data link is established."""
    DOWN = auto()
    """Its data link is released."""
    SELECTED = auto()
    """We want it in service."""
    AGREED = auto()
    """The peer has it in service: it said so, or uses it."""
    REFUSED = auto()
    """The peer does not want it, or has not answered within T321."""


Action = Callable[["DChannelGroup", int, float], Status]


class Layer2(Protocol):
    """A data link as layer 3 sees it: Q.921 here (`q921.link.DataLink`), or elsewhere by IUA (`iua.link.IuaLink`)."""

    @property
    def state(self) -> State:
        """Where the connection is."""
        ...

    def establish(self, now: float) -> None:
        """DL-ESTABLISH request."""
        ...

    def release(self, now: float) -> None:
        """DL-RELEASE request."""
        ...

    def data(self, octets: bytes, now: float) -> bool:
        """DL-DATA request; False when it is refused."""
        ...

    def check_length(self, octets: bytes) -> None:
        """Raise EncodeError for a message that is too short or too long."""
        ...

    def frame_received(self, octets: bytes, now: float) -> None:
        """A frame came."""
        ...

    def persistent_deactivation(self, now: float) -> None:
        """The line is gone for good."""
        ...

    def next_deadline(self) -> float | None:
        """When `handle_timers` is due."""
        ...

    def handle_timers(self, now: float) -> None:
        """Act on expired timers."""
        ...

    def outputs(self) -> Sequence[Layer2Output]:
        """What was produced since the last call."""
        ...


class DChannelGroup:
    """One or two D-channels, numbered 0 and 1 (the back-up); layer 3 is the caller.

    It keeps every data link established from `establish` until `release`. Of two, 0 is taken at the start; later the
    one in service stays so until its link fails. Messages sent while the peer is asked to change over are held back.
    """

    def __init__(self, configuration: GroupConfiguration, links: Sequence[Layer2 | None] = ()) -> None:
        """`links` are the data links of those D-channels whose Q.921 is elsewhere."""
        self.configuration = configuration
        given: list[Layer2 | None] = [*links, None, None]
        self.links: tuple[Layer2, ...] = tuple(
            DataLink(link) if elsewhere is None else elsewhere
            for link, elsewhere in zip(configuration.links, given, strict=False)
        )
        self.status = [Status.OUT_OF_SERVICE for _ in self.links]
        """What each D-channel is doing."""
        self.is_established = False
        """Whether the service is there: calls can be made, or go on."""
        self._network = configuration.links[0].network
        self._outputs: list[Output] = []
        self._timers: TimerTable[tuple[Timer, int]] = TimerTable()
        self._wanted = False
        self._releasing = False
        self._began = False
        self._lost_lines: set[int] = set()
        self._refused: int | None = None
        self._held: deque[bytes] = deque()

    @property
    def active(self) -> int | None:
        """The D-channel in service, or None."""
        return next((channel for channel, status in enumerate(self.status) if status is Status.IN_SERVICE), None)

    # Requests of layer 3

    def establish(self, now: float) -> None:
        """Establish the data links and keep them so; Established tells when the first is in service."""
        self._wanted, self._releasing = True, False
        if not self.is_established and len(self.links) > 1:
            self._timers.start((Timer.FIRST, 0), now + self.configuration.first)
        for channel in range(len(self.links)):
            self._ask(channel, now)
        self._settle(now)

    def release(self, now: float) -> None:
        """Release the data links; Released answers."""
        self._wanted, self._releasing, self._began = False, True, False
        self._timers.clear()
        for link in self.links:
            link.release(now)
        self._settle(now)

    def data(self, octets: bytes, now: float, channel: int | None = None) -> bool:
        """Send a message on the D-channel in service, or on a given one (maintenance). False when it is refused.

        Raises EncodeError when it is empty or longer than N201.
        """
        where = self.active if channel is None else channel
        self.links[where or 0].check_length(octets)
        if where is None:
            if self.is_established and len(self._held) < self.configuration.links[0].send_queue:
                self._held.append(octets)
                return True
            return False
        taken = self.links[where].data(octets, now)
        self._settle(now)
        return taken

    def change_over(self, channel: int, now: float) -> bool:
        """Take a D-channel in service that stands by (maintenance staff); False when it does not stand by.

        Without SERVICE messages only the network can: the user follows it.
        """
        may = self.configuration.service_messages or self._network
        if not may or self.status[channel] is not Status.STANDBY or Status.WAIT in self.status:
            return False
        self._handle(channel, Input.SELECTED, now)
        self._settle(now)
        return True

    def change_over_acknowledged(self, channel: int, now: float) -> None:
        """SERVICE ACKNOWLEDGE for ChangeOver came."""
        if self.status[channel] is Status.WAIT:
            self._handle(channel, Input.AGREED, now)
            self._settle(now)

    def change_over_refused(self, channel: int, now: float) -> None:
        """The peer does not take the D-channel in service: the other one is tried, else the same again after T321."""
        if self._refused is None and Status.STANDBY in self.status:
            self._handle(channel, Input.REFUSED, now)
            self._settle(now)

    def peer_changes_over(self, channel: int, now: float) -> bool:
        """The peer's SERVICE, in service, for a D-channel came; whether to acknowledge it.

        When both ask at once for different ones the network's choice holds.
        """
        collision = self._network and self.status[1 - channel : 2 - channel] == [Status.WAIT]
        if self.status[channel] is Status.OUT_OF_SERVICE or collision:
            return False
        self._handle(channel, Input.AGREED, now)
        self._settle(now)
        return True

    # From below

    def frame_received(self, channel: int, octets: bytes, now: float) -> None:
        """Take a frame of a D-channel, from its address field on, without FCS."""
        self.links[channel].frame_received(octets, now)
        self._settle(now)

    def line_lost(self, channel: int, now: float) -> None:
        """The line of a D-channel has failed: its data link is gone at once, and not asked for until it is back."""
        self._lost_lines.add(channel)
        self._timers.stop((Timer.RETRY, channel))
        self.links[channel].persistent_deactivation(now)
        self._settle(now)

    def line_restored(self, channel: int, now: float) -> None:
        """The line of a D-channel is back."""
        self._lost_lines.discard(channel)
        if self._wanted:
            self._ask(channel, now)
        self._settle(now)

    def take_up(self, now: float) -> None:
        """Data links whose Q.921 is elsewhere may have said something."""
        self._settle(now)

    # The machine's clockwork

    def next_deadline(self) -> float | None:
        """Time at which `handle_timers` is due, or None when no timer runs."""
        deadlines = [self._timers.next_deadline(), *(link.next_deadline() for link in self.links)]
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def handle_timers(self, now: float) -> None:
        """Act on every timer that has expired at `now`."""
        for link in self.links:
            link.handle_timers(now)
        self._settle(now)
        for timer, channel in self._timers.expired(now):
            if timer is Timer.RETRY:
                self._ask(channel, now)
            elif timer is Timer.T321:
                self._handle(channel, Input.REFUSED, now)
            else:
                self._choose(now)
        self._settle(now)

    def outputs(self) -> list[Output]:
        """Return what has been produced since the last call, in order, and forget it."""
        outputs = self._outputs[:]
        self._outputs.clear()
        return outputs

    def _ask(self, channel: int, now: float) -> None:
        if channel not in self._lost_lines and self.links[channel].state is State.TEI_ASSIGNED:
            self.links[channel].establish(now)

    def _settle(self, now: float) -> None:
        """Carry on what the data links said; what follows may make them say more."""
        moved = True
        while moved:
            moved = False
            for channel, link in enumerate(self.links):
                for output in link.outputs():
                    moved = True
                    self._link_said(channel, output, now)

    def _link_said(self, channel: int, output: object, now: float) -> None:
        match output:
            case SendFrame(octets):
                self._outputs.append(SendOnChannel(channel, octets))
            case DataIndication(octets) | UnitDataIndication(octets):
                if octets[:1] and octets[0] not in _MAINTENANCE:
                    self._follow(channel, now)
                self._outputs.append(MessageReceived(channel, octets, isinstance(output, DataIndication)))
            case ErrorIndication(code):
                self._outputs.append(ChannelError(channel, code))
            case Established():
                self._outputs.append(ChannelUp(channel))
                if self.status[channel] is Status.IN_SERVICE:
                    self._outputs.append(Established(confirm=False))
                self._handle(channel, Input.UP, now)
            case Released():
                if self.status[channel] is not Status.OUT_OF_SERVICE:
                    self._outputs.append(ChannelDown(channel))
                self._handle(channel, Input.DOWN, now)

    def _follow(self, channel: int, now: float) -> None:
        """Call control on a D-channel that stands by says that the peer has it in service.

        The network follows only when its own choice does not answer, so that the ends cannot follow each other.
        With SERVICE messages this is for ends that differ all the same; a question under way waits for its answer.
        """
        active = self.active
        if active == channel or (active is None and self.configuration.service_messages):
            return
        answers = active is not None and self.links[active].state is State.MULTIPLE_FRAME_ESTABLISHED
        if not (self._network and answers):
            self._handle(channel, Input.AGREED, now)

    def _handle(self, channel: int, event: Input, now: float) -> None:
        if (action := TRANSITIONS.get((self.status[channel], event))) is not None:
            self.status[channel] = action(self, channel, now)
            self._choose(now)

    def _choose(self, now: float) -> None:
        """Take a D-channel in service when none is, and none is on its way; say so when none is left."""
        if Status.IN_SERVICE in self.status or Status.WAIT in self.status:
            return
        ready = [channel for channel, status in enumerate(self.status) if status is Status.STANDBY]
        under_way = any(link.state in (State.AWAITING_ESTABLISHMENT, State.AWAITING_RELEASE) for link in self.links)
        if self._releasing:
            if under_way:
                return
            self._end(confirm=True)
        elif self.is_established and not ready:
            self._end(confirm=False)
        early = not self._began and 0 not in ready and self._timers.is_running((Timer.FIRST, 0))
        if ready and not early:
            self._handle(next((c for c in ready if c != self._refused), ready[0]), Input.SELECTED, now)

    def _end(self, confirm: bool) -> None:
        self._held.clear()
        self._outputs.append(Released(confirm))
        self.is_established = self._releasing = False

    # Actions: each returns what the D-channel does next

    def _stand_by(self, channel: int, now: float) -> Status:
        return Status.STANDBY

    def _fail(self, channel: int, now: float) -> Status:
        self._timers.stop((Timer.T321, channel))
        if self._wanted and channel not in self._lost_lines:
            self._timers.start((Timer.RETRY, channel), now + self.configuration.retry)
        return Status.OUT_OF_SERVICE

    def _select(self, channel: int, now: float) -> Status:
        if self.configuration.service_messages and len(self.links) > 1:
            self._timers.start((Timer.T321, channel), now + self.configuration.t321)
            self._outputs.append(ChangeOver(channel))
            return Status.WAIT
        return self._activate(channel, now)

    def _activate(self, channel: int, now: float) -> Status:
        self._refused = None
        self._began = True
        for other, status in enumerate(self.status):
            if other != channel and status in (Status.IN_SERVICE, Status.WAIT):
                self._timers.stop((Timer.T321, other))
                self.status[other] = Status.STANDBY
        self._timers.stop((Timer.T321, channel))
        self._timers.stop((Timer.FIRST, 0))
        self._outputs.append(ChangedOver(channel))
        if not self.is_established:
            self.is_established = True
            self._outputs.append(Established(confirm=self._wanted))
        while self._held:
            self.links[channel].data(self._held.popleft(), now)
        return Status.IN_SERVICE

    def _give_up(self, channel: int, now: float) -> Status:
        self._timers.stop((Timer.T321, channel))
        self._refused = channel
        return Status.STANDBY


_S, _I, _G = Status, Input, DChannelGroup

#: What a D-channel does; the rest changes nothing.
TRANSITIONS: Final[dict[tuple[Status, Input], Action]] = {
    (_S.OUT_OF_SERVICE, _I.UP): _G._stand_by,
    (_S.OUT_OF_SERVICE, _I.DOWN): _G._fail,
    (_S.STANDBY, _I.DOWN): _G._fail,
    (_S.STANDBY, _I.SELECTED): _G._select,
    (_S.STANDBY, _I.AGREED): _G._activate,
    (_S.WAIT, _I.DOWN): _G._fail,
    (_S.WAIT, _I.AGREED): _G._activate,
    (_S.WAIT, _I.REFUSED): _G._give_up,
    (_S.IN_SERVICE, _I.DOWN): _G._fail,
}
