"""One side of a call, and what call control and a trunk adapter ask of each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import msgspec

from tandem.gateway.calls.accounting import Leg
from tandem.gateway.calls.model import InformationRequest, Number, Primitive, Release, Setup
from tandem.gateway.media.protocol import Endpoint

if TYPE_CHECKING:
    from tandem.gateway.calls.actions import Action
    from tandem.gateway.calls.call import Call
    from tandem.gateway.calls.routing import Attempt


@dataclass(slots=True, eq=False)
class HalfCall:
    """A call as one trunk sees it."""

    trunk: Trunk
    incoming: bool
    handle: int = -1
    """The protocol machine's number for it; -1 before there is one."""
    reference: str = ""
    """For records and logs: SIP Call-ID, or `TRUNK/CIC`."""
    endpoint: Endpoint | None = None
    """Where its speech is, once known."""
    more_endpoints: tuple[Endpoint, ...] = ()
    """The further timeslots of an N x 64 kbit/s call, in the order of its octets."""
    hears_early: bool = False
    """Whether the peer hears us before answer: always on a circuit, on SIP once SDP went out in a 18x."""
    clear_channel: bool = False
    """Its RTP carries octets that are no speech (CLEARMODE)."""
    call: Call | None = None
    released: bool = False
    """Release was sent or received; only `cleared` may follow."""
    leg: Leg = field(default_factory=Leg)
    answered: bool = False
    """Answer went to its peer, or came from it; it stays so when the half is joined to another."""
    held: bool = False
    """Its peer has put the call on hold."""
    uuid: str = ""
    """Its name as a channel, given when somebody first asks for it."""
    variables: dict[str, str] | None = None
    """Channel variables, None before there is one."""
    after: tuple[Action, ...] = ()
    """What an answered half does when the other side of its call releases; empty: it is released too."""
    is_application: bool = field(init=False)
    """Whether an application of the gateway is its peer."""

    def __post_init__(self) -> None:
        self.is_application = isinstance(self.trunk, ApplicationPeer)

    @property
    def other(self) -> HalfCall | None:
        """The other side of the call, None where there is none (yet)."""
        call = self.call
        if call is None:
            return None
        return call.outgoing if self is call.incoming else call.incoming

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """All places of its octets in order, none before they are known."""
        return () if self.endpoint is None else (self.endpoint, *self.more_endpoints)


class Trunk(Protocol):
    """What call control needs of a trunk adapter.

    The adapter in turn calls `CallControl.setup`, `.event` and `.cleared`. It must call `cleared` exactly once for
    every half-call that it made known or accepted, after Release in either direction.
    """

    @property
    def name(self) -> str:
        """Name of the `[[trunk]]`."""
        ...

    @property
    def is_circuit(self) -> bool:
        """Whether its speech is on timeslots (a backward path is there from seizure on)."""
        ...

    def offer(self, half: HalfCall, setup: Setup, now: float) -> Release | None:
        """Begin an outgoing call; a Release says why it cannot be begun (and `cleared` is then not called)."""
        ...

    def send(self, half: HalfCall, primitive: Primitive, now: float) -> None:
        """Pass a primitive other than Setup and Release to the peer."""
        ...

    def release(self, half: HalfCall, release: Release, now: float) -> None:
        """End the half-call in whatever state it is."""
        ...


@runtime_checkable
class MultirateTrunk(Protocol):
    """A trunk that also carries calls of several timeslots (`Setup.timeslots`); others are not offered them."""

    @property
    def multirate(self) -> bool:
        """Whether it does."""
        ...


@runtime_checkable
class OverlapTrunk(Protocol):
    """A trunk that may be offered a call before its number is whole: `Information` with further digits follows."""

    @property
    def sends_overlap(self) -> bool:
        """Whether it may."""
        ...


@runtime_checkable
class ContinuityTrunk(Protocol):
    """A trunk that may be offered a call whose way to here is not whole yet: `Continuity` follows."""

    @property
    def takes_pending(self) -> bool:
        """Whether it may."""
        ...


@runtime_checkable
class DigitTrunk(Protocol):
    """A trunk that may want digits in signalling (`Dtmf`) instead of its speech path."""

    @property
    def takes_digits(self) -> bool:
        """Whether it does."""
        ...


@runtime_checkable
class InformationTrunk(Protocol):
    """A trunk whose caller can be asked who it is; `InformationReply` follows as an event of its half."""

    def ask(self, half: HalfCall, request: InformationRequest, now: float) -> bool:
        """Ask the peer; False when that cannot be asked (now), and no reply will follow."""
        ...


@runtime_checkable
class ControlledTrunk(Protocol):
    """A trunk whose called party may end calls alone: it is told of a caller who clears (`CallingPartyCleared`)."""

    @property
    def called_party_control(self) -> bool:
        """Whether it does."""
        ...


@runtime_checkable
class AccessTrunk(Protocol):
    """A trunk where ringing is told by message, so that who calls hears ringback that the gateway makes."""

    @property
    def needs_ringback(self) -> bool:
        """Whether an Alerting that is not in band leaves the channel silent."""
        ...


class StandingTrunk(Protocol):
    """A trunk whose peer takes a call for standing when the gateway was killed and has begun anew.

    Not one of circuits: those are reset at the start, on both sides.
    """

    def farewell(self, half: HalfCall) -> msgspec.Raw | None:
        """What `bid_farewell` of a later process needs to end `half`, JSON; None when nothing stands."""
        ...

    def bid_farewell(self, what: msgspec.Raw, release: Release, now: float) -> None:
        """End at the peer what an earlier process left: `what` its `farewell` gave; TandemError when it is not."""
        ...


class ApplicationPeer:
    """Base of the trunk whose half-calls are applications of the gateway: they have no speech path of their own."""

    __slots__ = ()


class Transferrer(Protocol):
    """Who carries out transfers that a peer asks for."""

    def refer(
        self,
        half: HalfCall,
        number: Number | None,
        replaced: HalfCall | None,
        tell: Callable[[Primitive, float], None],
        now: float,
    ) -> bool:
        """The peer of `half` wants its partner to talk with `number`, or with the partner of its other call `replaced`.

        False when that cannot be. `tell` gets what the one who is called says; Answer or Release is the last of it, and
        after Answer `half` is released.
        """
        ...

    def replacing(self, replaced: HalfCall, setup: Setup) -> tuple[Attempt, ...] | None:
        """What is to become of a call that takes the place of `replaced`; None when that talks with nobody."""
        ...


class Observer(Protocol):
    """Who is told what becomes of half-calls; call control calls it as things happen, with the time of the machines."""

    def created(self, half: HalfCall, now: float) -> None:
        """A half-call came in, or is being offered to its trunk."""
        ...

    def progressed(self, half: HalfCall, primitive: Primitive, now: float) -> None:
        """The called side of `half` told Proceeding, Progress or Alerting."""
        ...

    def answered(self, half: HalfCall, now: float) -> None:
        """Answer passed on `half`."""
        ...

    def bridged(self, first: HalfCall, second: HalfCall, now: float) -> None:
        """The two hear each other."""
        ...

    def held(self, half: HalfCall, held: bool, now: float) -> None:
        """The peer of `half` put the call on hold or took it off."""
        ...

    def digit(self, half: HalfCall, digit: str, duration_ms: int, now: float) -> None:
        """A digit came from the peer of `half`."""
        ...

    def released(self, half: HalfCall, release: Release, other: HalfCall | None, now: float) -> None:
        """`half` ends, whoever released; `other` is whom it was joined to."""
        ...

    def cleared(self, half: HalfCall, now: float) -> None:
        """Nothing is left of `half`."""
        ...
