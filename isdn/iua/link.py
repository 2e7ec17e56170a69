"""A data link at the ASP, in the place of Q.921, and what the SG is to do with one of its own (RFC 4233 1.5, 3.3.1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from tandem.core.errors import EncodeError
from tandem.core.sigtran.codes import Tag, Type
from tandem.core.sigtran.common import Parameter
from tandem.core.sigtran.interfaces import Interface
from tandem.isdn.iua.messages import ReleaseReason
from tandem.isdn.q921.primitives import DataIndication, Established, Indication, Released, State, UnitDataIndication

#: Longest message of layer 3: the N201 of a primary-rate line (Q.921 5.9.3).
LONGEST = 260

Send = Callable[[Interface, Type, Sequence[Parameter]], bool]
"""Sends a message about an interface; False when no ASP of ours is active for it."""


class Request(Enum):
    """What an ASP wants of a data link at the gateway."""

    ESTABLISH = auto()
    RELEASE = auto()
    DENY = auto()
    """Release it, and refuse it to the far end as well."""
    DATA = auto()
    UNIT_DATA = auto()


@dataclass(frozen=True, slots=True)
class LinkRequest:
    """At the gateway, to Q.921 of the D-channel `interface`."""

    interface: Interface
    request: Request
    octets: bytes = b""
    """Message of layer 3, for DATA and UNIT_DATA."""


class IuaLink:
    """One D-channel at the ASP; layer 3 uses it as it uses `q921.link.DataLink`.

    Its `outputs` are for layer 3; what it sends is among the outputs of the layer, and its timer is the layer's.
    A link that layer 3 wants is asked for until it is there: when our ASP becomes active, and again after a while.
    """

    def __init__(self, interface: Interface, send: Send, watch: Callable[[Interface, bool, float], None]) -> None:
        """`watch` starts or stops the timer for the gateway's answer."""
        self.interface = interface
        self.state = State.TEI_ASSIGNED
        self._send = send
        self._watch = watch
        self._outputs: list[Indication] = []

    # Requests of layer 3

    def establish(self, now: float) -> None:
        """DL-ESTABLISH request; Established will tell when the gateway has the link."""
        self.state = State.AWAITING_ESTABLISHMENT
        self.ask(now)

    def release(self, now: float) -> None:
        """DL-RELEASE request, answered by Released; at once when no gateway can be told.

        Nobody here takes calls afterwards: the gateway is to refuse the data link to the far end, too, until
        `establish` (release reason 2, RFC 4233 3.3.1.3).
        """
        if self.state is State.TEI_ASSIGNED:
            self._outputs.append(Released(confirm=True))
            return
        reason = Parameter.number(Tag.RELEASE_REASON, ReleaseReason.DM)
        if self._send(self.interface, Type.QPTM_RELEASE_REQUEST, [reason]):
            self.state = State.AWAITING_RELEASE
            self._watch(self.interface, True, now)
        else:
            self._end(True, now)

    def data(self, octets: bytes, now: float) -> bool:
        """DL-DATA request: False when the link is not established; EncodeError when the message has a bad length."""
        self.check_length(octets)
        if self.state is not State.MULTIPLE_FRAME_ESTABLISHED:
            return False
        return self._send(self.interface, Type.QPTM_DATA_REQUEST, [Parameter(Tag.QPTM_PROTOCOL_DATA, octets)])

    def unit_data(self, octets: bytes, now: float) -> None:
        """DL-UNIT DATA request: without acknowledgement, in any state; EncodeError as for `data`."""
        self.check_length(octets)
        self._send(self.interface, Type.QPTM_UNIT_DATA_REQUEST, [Parameter(Tag.QPTM_PROTOCOL_DATA, octets)])

    def check_length(self, octets: bytes) -> None:
        """Raise EncodeError for a message that is empty or longer than N201."""
        if not 1 <= len(octets) <= LONGEST:
            raise EncodeError(f"message of {len(octets)} octets: must have 1 to {LONGEST} (N201)")

    def frame_received(self, octets: bytes, now: float) -> None:
        """Frames are the gateway's: there is none to be taken here."""

    def persistent_deactivation(self, now: float) -> None:
        """The line of the D-channel is known to be gone: so is the link."""
        if self.state is not State.TEI_ASSIGNED:
            self._end(self.state is State.AWAITING_RELEASE, now)

    def next_deadline(self) -> float | None:
        """None: the timer is the layer's."""
        return None

    def handle_timers(self, now: float) -> None:
        """Nothing: the timer is the layer's, which tells `unanswered`."""

    def outputs(self) -> list[Indication]:
        """Return what has been produced for layer 3 since the last call, in order, and forget it."""
        done, self._outputs = self._outputs, []
        return done

    # From the layer

    def ask(self, now: float) -> None:
        """Our ASP may have become active: ask for the link if layer 3 waits for it."""
        if self.state is State.AWAITING_ESTABLISHMENT:
            if self._send(self.interface, Type.QPTM_ESTABLISH_REQUEST, ()):
                self._watch(self.interface, True, now)
            else:
                self._watch(self.interface, False, now)

    def unanswered(self, now: float) -> None:
        """The gateway has not answered for long: ask again, or take the link for released."""
        if self.state is State.AWAITING_RELEASE:
            self._end(True, now)
        else:
            self.ask(now)

    def inactive(self, now: float) -> None:
        """No gateway serves the link any more; one that layer 3 waits for it goes on waiting for."""
        self._watch(self.interface, False, now)
        if self.state in (State.MULTIPLE_FRAME_ESTABLISHED, State.AWAITING_RELEASE):
            self._end(self.state is State.AWAITING_RELEASE, now)

    def established(self, confirm: bool, now: float) -> None:
        """Establish Confirm, or Establish Indication: the far end set the link up, maybe anew."""
        if self.state is State.AWAITING_RELEASE or (confirm and self.state is State.TEI_ASSIGNED):
            return
        asked = self.state is State.AWAITING_ESTABLISHMENT
        self.state = State.MULTIPLE_FRAME_ESTABLISHED
        self._watch(self.interface, False, now)
        self._outputs.append(Established(confirm=asked))

    def released(self, now: float) -> None:
        """Release Confirm or Release Indication."""
        if self.state is not State.TEI_ASSIGNED:
            self._end(self.state is State.AWAITING_RELEASE, now)

    def received(self, octets: bytes, acknowledged: bool) -> None:
        """Data Indication or Unit Data Indication."""
        if not acknowledged:
            self._outputs.append(UnitDataIndication(octets))
        elif self.state is State.MULTIPLE_FRAME_ESTABLISHED:
            self._outputs.append(DataIndication(octets))

    def _end(self, confirm: bool, now: float) -> None:
        self.state = State.TEI_ASSIGNED
        self._watch(self.interface, False, now)
        self._outputs.append(Released(confirm=confirm))
