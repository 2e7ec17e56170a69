"""M2PA, RFC 4165: a signalling link over one association, with the interface of MTP level 2."""

from __future__ import annotations

from tandem.core.errors import EncodeError
from tandem.core.sigtran.common import MessageError
from tandem.core.sigtran.primitives import SendMessage
from tandem.core.timers import Agenda
from tandem.ss7.mtp2.primitives import (
    Indication,
    LinkState,
    MessageReceived,
    RetrievedBsnt,
    RetrievedMessages,
)
from tandem.ss7.sigtran.level2 import Level2
from tandem.ss7.sigtran.m2pa_configuration import Timer
from tandem.ss7.sigtran.m2pa_control import ALIGNED, OPERATING, LinkControl
from tandem.ss7.sigtran.m2pa_messages import SEQUENCE_MASK, LinkStatus, StatusMessage, UserData, parse_m2pa
from tandem.ss7.sigtran.m2pa_states import EXPIRIES, LINK_STATES, Input, State

Output = Indication | SendMessage


class M2paLink(LinkControl):
    """One signalling link; level 3 uses it as it uses `mtp2.link.SignallingLink`.

    The transport says `connected` and `disconnected` and hands over messages with `receive`; SendMessage among the
    `outputs` goes to it, the rest to level 3. A link that is started without an association waits T2 for one.
    """

    # Requests of level 3

    def start(self, now: float) -> None:
        """Align the link; LinkInService or LinkOutOfService will tell how it went. Messages kept are forgotten."""
        self._handle(Input.START, now)

    def stop(self, now: float) -> None:
        """Take the link out of service, at once and without a report."""
        self._handle(Input.STOP, now)

    def set_emergency(self, emergency: bool, now: float) -> None:
        """Ask for short proving, of an alignment under way as well; holds until set to False."""
        self._emergency = emergency
        if emergency:
            self._handle(Input.EMERGENCY, now)

    def send(self, msu: bytes, now: float) -> None:
        """Send a message, SIO and SIF. When the link cannot, it waits and can be retrieved; `start` forgets it.

        Raises EncodeError when it is too short or too long.
        """
        if not 3 <= len(msu) <= self.configuration.max_sif + 1:
            raise EncodeError(f"a message has 3 to {self.configuration.max_sif + 1} octets, not {len(msu)}")
        self._transmitter.send(msu, now)

    def local_processor_outage(self, now: float) -> None:
        """Level 3 cannot take messages: the peer is told (4.1.4)."""
        if not self.local_outage:
            self.local_outage = True
            self._handle(Input.LOCAL_OUTAGE, now)

    def local_processor_recovered(self, now: float) -> None:
        """Level 3 takes messages again."""
        if self.local_outage:
            self.local_outage = False
            self._handle(Input.LOCAL_RECOVERED, now)

    def set_busy(self, busy: bool, now: float) -> None:
        """Level 3 is congested in receiving: hold the peer back with Busy and without acknowledgements (4.1.5)."""
        if busy is self._busy:
            return
        self._busy = busy
        if self._state in OPERATING:
            self._say_busy()

    def retrieve_bsnt(self, now: float) -> None:
        """Ask for the number of the last message accepted; answered by RetrievedBsnt, of 24 bits (XCO, XCA)."""
        bsnt = (self._transmitter.bsn - len(self._held)) & SEQUENCE_MASK
        self._outputs.append(RetrievedBsnt(bsnt))

    def retrieval_request(self, fsnc: int | None, now: float) -> None:
        """Ask for the messages that the peer has not accepted; answered by RetrievedMessages.

        `fsnc` is the number that the peer reported; None, when it could not, leaves out those already sent.
        A link in service gives nothing away.
        """
        in_service = self._state is State.IN_SERVICE
        self._outputs.append(RetrievedMessages(() if in_service else self._transmitter.retrieve(fsnc)))

    # From the transport

    def connected(self, now: float) -> None:
        """The association is up."""
        if self.connected_now:
            self.disconnected(now)
        self.connected_now = True
        self._handle(Input.CONNECTED, now)

    def disconnected(self, now: float) -> None:
        """The association is down."""
        if self.connected_now:
            self.connected_now = False
            self._fail("association lost", now)

    def receive(self, octets: bytes, stream: int, now: float) -> None:
        """A message from the peer; one that cannot be understood is counted."""
        try:
            message = parse_m2pa(octets)
        except MessageError:
            self.counters.malformed += 1
            return
        if isinstance(message, StatusMessage):
            self._message = message
            self._reason = f"the peer says {message.status.name.replace('_', ' ').lower()}"
            self._handle(message.status, now)
        else:
            self._user_data(message, now)

    # The machine's clockwork

    def share(self, agenda: Agenda) -> None:
        """Tell `agenda` of timers from now on."""
        self._timers.share(agenda)

    def next_deadline(self) -> float | None:
        """Time at which `handle_timers` is due, or None when no timer runs."""
        return self._timers.next_deadline()

    def handle_timers(self, now: float) -> None:
        """Act on every timer that has expired at `now`."""
        for timer in self._timers.expired(now):
            if timer is Timer.ACK:
                self._transmitter.acknowledge()
            elif timer is Timer.REPEAT:
                self._repeat(now)
            elif timer is Timer.T6:
                self._fail("peer was congested too long (T6)", now)
            elif timer is Timer.T7:
                self._fail("peer acknowledges too late (T7)", now)
            else:
                event, self._reason = EXPIRIES[timer]
                self._handle(event, now)

    @property
    def waiting(self) -> list[object]:
        """What `outputs` is going to return: the same list every time, for those who look often."""
        return self._outputs

    def outputs(self) -> list[object]:
        """Return what has been produced since the last call, in order, and forget it; see Output."""
        outputs = self._outputs[:]
        self._outputs.clear()
        return outputs

    @property
    def state(self) -> LinkState:
        """State of the link as level 2 has them."""
        return LINK_STATES[self._state]

    @property
    def alignment(self) -> State:
        """State in the words of this module."""
        return self._state

    @property
    def pending_messages(self) -> int:
        """Messages waiting or unacknowledged."""
        return self._transmitter.pending

    # Messages

    def _user_data(self, message: UserData, now: float) -> None:
        if self._state not in OPERATING and self._state not in ALIGNED:
            self.counters.unexpected += 1
            return
        if not self._transmitter.is_expected(message.bsn):
            self._fail(f"BSN {message.bsn} acknowledges what was not sent", now)
            return
        expected = (self._transmitter.bsn + 1) & SEQUENCE_MASK
        if message.msu and message.fsn != expected:
            behind = (expected - message.fsn) & SEQUENCE_MASK
            if behind < SEQUENCE_MASK // 2:
                self.counters.unexpected += 1  # we have it
            else:
                self._fail(f"FSN {message.fsn} in place of {expected}", now)
            return
        # Streams may overtake each other: who sends messages is ready.
        self._handle(Input.USER_DATA, now)
        self._transmitter.acknowledged(message.bsn, now)
        if message.msu:
            self._transmitter.bsn = expected
            self.counters.messages_received += 1
            self.counters.octets_received += len(message.msu)
            if self.local_outage or self._awaiting_ready:
                self._held.append(message.msu)
            else:
                self._outputs.append(MessageReceived(message.msu))
                self._transmitter.accepted(now)

    def _repeat(self, now: float) -> None:
        if self._state is State.NOT_ALIGNED and self.connected_now:
            self._say_again(LinkStatus.ALIGNMENT, now)
        elif self._state in (State.ALIGNED, State.PROVING):
            self._say_again(self._proving, now)


_LEVEL_2: type[Level2] = M2paLink
