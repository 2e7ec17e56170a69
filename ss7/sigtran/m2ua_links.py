"""Signalling links as M2UA sees them: at the ASP in the place of level 2, at the gateway as requests to one."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum, auto
from typing import Final

from tandem.core.errors import EncodeError
from tandem.core.sigtran.codes import Tag, Type
from tandem.core.sigtran.common import Parameter
from tandem.core.sigtran.interfaces import Interface
from tandem.ss7.mtp2.primitives import (
    Indication,
    LinkCongested,
    LinkCongestionCeased,
    LinkInService,
    LinkOutOfService,
    LinkState,
    RemoteProcessorOutage,
    RemoteProcessorRecovered,
    RetrievedBsnt,
    RetrievedMessages,
)
from tandem.ss7.sigtran.level2 import Level2


class StateRequest(IntEnum):
    """Values of State Request, RFC 3331 3.3.1.5."""

    OUTAGE_SET = 0
    OUTAGE_CLEAR = 1
    EMERGENCY_SET = 2
    EMERGENCY_CLEAR = 3
    FLUSH_BUFFERS = 4
    CONTINUE = 5
    CLEAR_RETRANSMISSION = 6
    AUDIT = 7
    CONGESTION_CLEARED = 8
    CONGESTION_ACCEPT = 9
    CONGESTION_DISCARD = 10


class StateEvent(IntEnum):
    """Values of State Event, RFC 3331 3.3.1.7."""

    REMOTE_OUTAGE = 1
    REMOTE_RECOVERED = 2
    LOCAL_OUTAGE = 3
    LOCAL_RECOVERED = 4


class Action(IntEnum):
    """Values of Action, RFC 3331 3.3.1.9."""

    RETRIEVE_BSN = 1
    RETRIEVE_MESSAGES = 2


class Request(Enum):
    """What an ASP wants of a link at the gateway."""

    START = auto()
    STOP = auto()
    SEND = auto()
    EMERGENCY = auto()
    NO_EMERGENCY = auto()
    OUTAGE = auto()
    RECOVERED = auto()
    BUSY = auto()
    NOT_BUSY = auto()
    RETRIEVE_BSN = auto()
    RETRIEVE_MESSAGES = auto()


@dataclass(frozen=True, slots=True)
class LinkRequest:
    """At the gateway, to level 2 of the link `interface`: see `carry_out`."""

    interface: Interface
    request: Request
    msu: bytes = b""
    """SIO and SIF, for SEND."""
    fsnc: int | None = None
    """For RETRIEVE_MESSAGES."""


def carry_out(request: LinkRequest, link: Level2, now: float) -> None:
    """Do what `request` asks on level 2 of the link; EncodeError when a message does not fit it."""
    match request.request:
        case Request.SEND:
            link.send(request.msu, now)
        case Request.RETRIEVE_MESSAGES:
            link.retrieval_request(request.fsnc, now)
        case Request.EMERGENCY | Request.NO_EMERGENCY:
            link.set_emergency(request.request is Request.EMERGENCY, now)
        case Request.BUSY | Request.NOT_BUSY:
            link.set_busy(request.request is Request.BUSY, now)
        case other:
            _PLAIN[other](link, now)


_PLAIN: Final[dict[Request, Callable[[Level2, float], None]]] = {
    Request.START: lambda link, now: link.start(now),
    Request.STOP: lambda link, now: link.stop(now),
    Request.OUTAGE: lambda link, now: link.local_processor_outage(now),
    Request.RECOVERED: lambda link, now: link.local_processor_recovered(now),
    Request.RETRIEVE_BSN: lambda link, now: link.retrieve_bsnt(now),
}

#: State requests that come to something at the gateway; the others are confirmed and nothing more.
STATE_REQUESTS: Final = {
    StateRequest.OUTAGE_SET: Request.OUTAGE,
    StateRequest.OUTAGE_CLEAR: Request.RECOVERED,
    StateRequest.EMERGENCY_SET: Request.EMERGENCY,
    StateRequest.EMERGENCY_CLEAR: Request.NO_EMERGENCY,
    StateRequest.CONGESTION_CLEARED: Request.NOT_BUSY,
    StateRequest.CONGESTION_ACCEPT: Request.BUSY,
    StateRequest.CONGESTION_DISCARD: Request.BUSY,
}
#: Indications of level 2 that go to the ASP as a state event.
STATE_EVENTS: Final[dict[type[object], StateEvent]] = {
    RemoteProcessorOutage: StateEvent.REMOTE_OUTAGE,
    RemoteProcessorRecovered: StateEvent.REMOTE_RECOVERED,
}

Send = Callable[[Interface, Type, Sequence[Parameter]], bool]
"""Sends a message about an interface; False when no ASP of ours is active for it."""


class M2uaLink:
    """One signalling link at the ASP; level 3 uses it as it uses `mtp2.link.SignallingLink`.

    Its `outputs` are for level 3; what it sends is among the outputs of the layer.
    """

    def __init__(
        self, interface: Interface, send: Send, watch: Callable[[Interface, bool, float], None], waiting: int
    ) -> None:
        """`watch` starts or stops the timer for the confirmation of the link."""
        self.interface = interface
        self.state = LinkState.OUT_OF_SERVICE
        self.discarded = 0
        """Messages that were too many while the link was not in service."""
        self._send = send
        self._watch = watch
        self._outputs: list[Indication] = []
        self._waiting: deque[bytes] = deque()
        self._limit = waiting
        self._emergency = False
        self._retrieved: list[bytes] = []

    # Requests of level 3

    def start(self, now: float) -> None:
        """Have the gateway align the link, as soon as our ASP is active there."""
        self.state = LinkState.INITIAL_ALIGNMENT
        self._waiting.clear()
        self._watch(self.interface, True, now)
        self.establish(now)

    def stop(self, now: float) -> None:
        """Have the gateway take the link out of service; not reported."""
        if self.state is not LinkState.OUT_OF_SERVICE:
            self.state = LinkState.OUT_OF_SERVICE
            self._watch(self.interface, False, now)
            self._send(self.interface, Type.RELEASE_REQUEST, ())

    def set_emergency(self, emergency: bool, now: float) -> None:
        """Ask for short proving."""
        self._emergency = emergency
        self._ask(StateRequest.EMERGENCY_SET if emergency else StateRequest.EMERGENCY_CLEAR)

    def send(self, msu: bytes, now: float) -> None:
        """Send a message; it waits while the link is not in service. EncodeError when it is too short or long."""
        if not 3 <= len(msu) <= 4097:
            raise EncodeError(f"a message has 3 to 4097 octets, not {len(msu)}")
        if self.state is not LinkState.IN_SERVICE or not self._send_data(msu):
            if len(self._waiting) >= self._limit:
                self.discarded += 1
            else:
                self._waiting.append(msu)

    def local_processor_outage(self, now: float) -> None:
        """Level 3 cannot take messages."""
        self._ask(StateRequest.OUTAGE_SET)

    def local_processor_recovered(self, now: float) -> None:
        """Level 3 takes messages again."""
        self._ask(StateRequest.OUTAGE_CLEAR)

    def set_busy(self, busy: bool, now: float) -> None:
        """Level 3 is congested in receiving, or not any more."""
        self._ask(StateRequest.CONGESTION_ACCEPT if busy else StateRequest.CONGESTION_CLEARED)

    def retrieve_bsnt(self, now: float) -> None:
        """Ask for the number of the last message accepted; without gateway there is no answer."""
        self._send(self.interface, Type.RETRIEVAL_REQUEST, [Parameter.number(Tag.ACTION, Action.RETRIEVE_BSN)])

    def retrieval_request(self, fsnc: int | None, now: float) -> None:
        """Ask for the messages that the peer of the link has not accepted."""
        self._retrieved.clear()
        parts = [Parameter.number(Tag.ACTION, Action.RETRIEVE_MESSAGES)]
        if fsnc is not None:
            parts.append(Parameter.number(Tag.SEQUENCE_NUMBER, fsnc))
        if not self._send(self.interface, Type.RETRIEVAL_REQUEST, parts):
            self.retrieval_ends()

    @property
    def pending_messages(self) -> int:
        """Messages that wait here; those at the gateway are not counted."""
        return len(self._waiting)

    @property
    def waiting(self) -> list[Indication]:
        """What `outputs` is going to return: the same list every time, for those who look often."""
        return self._outputs

    def outputs(self) -> list[Indication]:
        """Return what has been produced for level 3 since the last call, in order, and forget it."""
        outputs = self._outputs[:]
        self._outputs.clear()
        return outputs

    # From the layer

    def establish(self, now: float) -> None:
        """Our ASP is active at the gateway: say what is wanted of the link."""
        if self.state is LinkState.INITIAL_ALIGNMENT:
            if self._emergency:
                self._ask(StateRequest.EMERGENCY_SET)
            self._send(self.interface, Type.ESTABLISH_REQUEST, ())

    def established(self, now: float) -> None:
        """The gateway says that the link is in service."""
        if self.state is LinkState.INITIAL_ALIGNMENT:
            self.state = LinkState.IN_SERVICE
            self._watch(self.interface, False, now)
            self._outputs.append(LinkInService())
            while self._waiting and self._send_data(self._waiting[0]):
                self._waiting.popleft()

    def failed(self, reason: str, now: float) -> None:
        """The link is out of service."""
        if self.state is not LinkState.OUT_OF_SERVICE:
            self.state = LinkState.OUT_OF_SERVICE
            self._watch(self.interface, False, now)
            self._outputs.append(LinkOutOfService(reason))

    def tell(self, indication: Indication) -> None:
        """Something for level 3."""
        self._outputs.append(indication)

    def event(self, event: int) -> None:
        """State Indication."""
        if event == StateEvent.REMOTE_OUTAGE:
            self._outputs.append(RemoteProcessorOutage())
        elif event == StateEvent.REMOTE_RECOVERED:
            self._outputs.append(RemoteProcessorRecovered())

    def congestion(self, status: int) -> None:
        """Congestion Indication."""
        self._outputs.append(LinkCongested(min(status, 3)) if status else LinkCongestionCeased())

    def retrieval_confirmed(self, action: int, result: int, number: int | None) -> None:
        """Retrieval Confirm; for messages, those follow unless it failed."""
        if action == Action.RETRIEVE_BSN and result == 0 and number is not None:
            self._outputs.append(RetrievedBsnt(number))
        elif action == Action.RETRIEVE_MESSAGES and result:
            self.retrieval_ends()

    def retrieved(self, msu: bytes) -> None:
        """One of the messages retrieved."""
        if len(self._retrieved) < 2 * self._limit:
            self._retrieved.append(msu)

    def retrieval_ends(self) -> None:
        """Those were all; what waits here comes after them."""
        self._outputs.append(RetrievedMessages((*self._retrieved, *self._waiting)))
        self._retrieved.clear()
        self._waiting.clear()

    def _send_data(self, msu: bytes) -> bool:
        return self._send(self.interface, Type.MAUP_DATA, [Parameter(Tag.PROTOCOL_DATA_1, msu)])

    def _ask(self, request: StateRequest) -> None:
        self._send(self.interface, Type.STATE_REQUEST, [Parameter.number(Tag.STATE_REQUEST, request)])


_LEVEL_2: type[Level2] = M2uaLink
