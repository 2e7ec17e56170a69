"""A point-to-point data link connection, Q.921 (09/97) 5.5 to 5.8, as layer 3 and the framing see it."""

from __future__ import annotations

from dataclasses import replace

from tandem.core.errors import DecodeError, EncodeError
from tandem.isdn.q921.configuration import LinkConfiguration
from tandem.isdn.q921.connection import Connection
from tandem.isdn.q921.frames import Direction, FrameError, InformationFrame, parse_frame
from tandem.isdn.q921.primitives import ErrorCode, Output, State
from tandem.isdn.q921.states import FRAME_INPUTS, TIMER_INPUTS, TRANSITIONS, Input


class DataLink:
    """One data link connection with a fixed TEI, network or user side; layer 3 is the caller.

    It begins released (state 4). Feed it frames with `frame_received`, hand SendFrame from `outputs` down, the rest
    up. It establishes the connection only when asked, by `establish` or by the peer, except to recover one that was up.
    """

    def __init__(self, configuration: LinkConfiguration) -> None:
        self.configuration = configuration
        self._connection = Connection(configuration)
        self.counters = self._connection.counters
        peer_command = self._connection.peer_command
        self._own_address = frozenset((peer_command.encode(), replace(peer_command, cr=not peer_command.cr).encode()))

    @property
    def state(self) -> State:
        """Where the connection is."""
        return self._connection.state

    @property
    def is_established(self) -> bool:
        """Whether messages flow, or will when the peer answers an enquiry (states 7 and 8)."""
        return self.state in (State.MULTIPLE_FRAME_ESTABLISHED, State.TIMER_RECOVERY)

    @property
    def peer_busy(self) -> bool:
        """The peer sent RNR: our messages wait."""
        return self._connection.peer_busy

    @property
    def own_busy(self) -> bool:
        """We sent RNR. Ends when the connection is established anew (Annex B: clear exception conditions)."""
        return self._connection.own_busy

    @property
    def pending_messages(self) -> int:
        """Messages waiting or unacknowledged."""
        return len(self._connection.window)

    # Requests of layer 3

    def establish(self, now: float) -> None:
        """DL-ESTABLISH request; Established or Released will tell how it went. Messages kept are discarded."""
        self._handle(Input.DL_ESTABLISH_REQUEST, now)

    def release(self, now: float) -> None:
        """DL-RELEASE request: messages kept are discarded; answered by Released."""
        self._handle(Input.DL_RELEASE_REQUEST, now)

    def data(self, octets: bytes, now: float) -> bool:
        """DL-DATA request: send a message, acknowledged and in sequence.

        False when it is refused: the connection is not up (or only on its way up at our request), or the queue is
        full. Raises EncodeError when it is empty or longer than N201.
        """
        self.check_length(octets)
        connection = self._connection
        recovering = self.state is State.AWAITING_ESTABLISHMENT and not (
            connection.layer_3_initiated or connection.release_pending
        )
        if not (recovering or self.is_established) or not connection.window.put(bytes(octets)):
            self.counters.messages_refused += 1
            return False
        self._handle(Input.DL_DATA_REQUEST, now)
        return True

    def unit_data(self, octets: bytes, now: float) -> None:
        """DL-UNIT DATA request: send a message in a UI frame, in any state, without acknowledgement.

        Raises EncodeError when it is empty or longer than N201.
        """
        self.check_length(octets)
        self._connection.send_unit_data(bytes(octets))

    def check_length(self, octets: bytes) -> None:
        """Raise EncodeError for a message that is empty or longer than N201."""
        if not 1 <= len(octets) <= self.configuration.n201:
            raise EncodeError(f"message of {len(octets)} octets: must have 1 to {self.configuration.n201} (N201)")

    def set_busy(self, busy: bool, now: float) -> None:
        """Layer 3 cannot take messages: hold the peer back with RNR, until set to False (5.6.5)."""
        self._handle(Input.OWN_RECEIVER_BUSY if busy else Input.OWN_RECEIVER_READY, now)

    def persistent_deactivation(self, now: float) -> None:
        """The physical layer has failed for good: the connection is gone at once, without a word to the peer."""
        self._handle(Input.PERSISTENT_DEACTIVATION, now)

    # From below

    def frame_received(self, octets: bytes, now: float) -> None:
        """Take a frame with a good FCS, from its address field on, without FCS. Frames for others are dropped."""
        if octets[:2] not in self._own_address:
            self.counters.frames_discarded += 1
            return
        try:
            frame = parse_frame(octets, self.configuration.n201)
        except FrameError as error:
            self._reject(error.code, now)
            return
        except DecodeError:
            self.counters.frames_discarded += 1
            return
        self._connection.frame = frame
        expected = Direction.COMMAND if self._connection.is_command else Direction.RESPONSE
        if frame.direction not in (expected, Direction.BOTH):
            self._reject(ErrorCode.UNDEFINED_FRAME, now)
            return
        self._handle(Input.I if isinstance(frame, InformationFrame) else FRAME_INPUTS[frame.kind], now)

    # The machine's clockwork

    def next_deadline(self) -> float | None:
        """Time at which `handle_timers` is due, or None when no timer runs."""
        return self._connection.timers.next_deadline()

    def handle_timers(self, now: float) -> None:
        """Act on every timer that has expired at `now`."""
        for timer in self._connection.timers.expired(now):
            self._handle(TIMER_INPUTS[timer], now)

    def outputs(self) -> list[Output]:
        """Return what has been produced since the last call, in order, and forget it."""
        outputs = self._connection.outputs[:]
        self._connection.outputs.clear()
        return outputs

    def _reject(self, code: ErrorCode, now: float) -> None:
        self.counters.frames_in_error += 1
        self._connection.error = code
        self._handle(Input.FRAME_ERROR, now)

    def _handle(self, event: Input, now: float) -> None:
        self._connection.state = TRANSITIONS[self._connection.state, event](self._connection, now)
        self._connection.transmit(now)
