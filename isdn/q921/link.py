"""A point-to-point data link connection, Q.921 (09/97) 5.5 to 5.8 and Annex B (figures recalled; see `TRANSITIONS`)."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import Final

from tandem.core.errors import DecodeError, EncodeError
from tandem.core.timers import TimerTable
from tandem.isdn.q921.configuration import LinkConfiguration, LinkCounters, Timer
from tandem.isdn.q921.frames import (
    MODULUS,
    Address,
    Direction,
    Frame,
    FrameError,
    InformationFrame,
    Supervisory,
    SupervisoryFrame,
    Unnumbered,
    UnnumberedFrame,
    parse_frame,
)
from tandem.isdn.q921.primitives import (
    DataIndication,
    ErrorCode,
    ErrorIndication,
    Established,
    Output,
    Released,
    SendFrame,
    State,
    UnitDataIndication,
)
from tandem.isdn.q921.window import SendWindow


class Input(Enum):
    """Inputs of Annex B."""

    DL_ESTABLISH_REQUEST = auto()
    DL_RELEASE_REQUEST = auto()
    DL_DATA_REQUEST = auto()
    """A message is in the I queue; `data` has refused it where none may be queued."""
    PERSISTENT_DEACTIVATION = auto()
    """The physical layer has failed for good (MPH-DEACTIVATE)."""
    OWN_RECEIVER_BUSY = auto()
    OWN_RECEIVER_READY = auto()
    T200_EXPIRY = auto()
    T203_EXPIRY = auto()
    SABME = auto()
    DISC = auto()
    UA = auto()
    DM = auto()
    UI = auto()
    FRMR = auto()
    XID = auto()
    I = auto()  # noqa: E741 - the Recommendation's name
    RR = auto()
    RNR = auto()
    REJ = auto()
    FRAME_ERROR = auto()
    """A frame rejection condition; `_error` says which."""


Action = Callable[["DataLink", float], State]


class DataLink:
    """One data link connection with a fixed TEI, network or user side; layer 3 is the caller.

    It begins released (state 4). Feed it frames with `frame_received`, hand SendFrame from `outputs` down, the rest
    up. It establishes the connection only when asked, by `establish` or by the peer, except to recover one that was up.
    """

    def __init__(self, configuration: LinkConfiguration) -> None:
        self.configuration = configuration
        self.counters = LinkCounters()
        self.state = State.TEI_ASSIGNED
        self.peer_busy = False
        """The peer sent RNR: it gets no I frames."""
        self.own_busy = False
        """We sent RNR. Ends when the connection is established anew (Annex B: clear exception conditions)."""
        self._outputs: list[Output] = []
        self._timers: TimerTable[Timer] = TimerTable()
        self._window = SendWindow(configuration.window, configuration.send_queue, self.counters)
        self._vr = 0
        self._retries = 0
        self._layer_3_initiated = False
        self._release_pending = False
        self._reject_exception = False
        self._acknowledge_pending = False
        self._error = ErrorCode.UNDEFINED_FRAME

        network, sapi, tei = configuration.network, configuration.sapi, configuration.tei
        self._command = Address.of(network, True, sapi, tei)
        self._response = Address.of(network, False, sapi, tei)
        self._peer_command = Address.of(not network, True, sapi, tei)
        self._own_address = frozenset((self._command.encode(), self._response.encode()))
        self._frame: Frame = UnnumberedFrame(self._peer_command, Unnumbered.UI, False)

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
        self._check_length(octets)
        recovering = self.state is State.AWAITING_ESTABLISHMENT and not self._layer_3_initiated
        if not (recovering or self.is_established) or not self._window.put(octets):
            self.counters.messages_refused += 1
            return False
        self._handle(Input.DL_DATA_REQUEST, now)
        return True

    def unit_data(self, octets: bytes, now: float) -> None:
        """DL-UNIT DATA request: send a message in a UI frame, in any state, without acknowledgement.

        Raises EncodeError when it is empty or longer than N201.
        """
        self._check_length(octets)
        self._send(UnnumberedFrame(self._command, Unnumbered.UI, False, bytes(octets)))

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
        command = frame.address == self._peer_command
        if frame.direction is not Direction.BOTH and (frame.direction is Direction.COMMAND) is not command:
            self._reject(ErrorCode.UNDEFINED_FRAME, now)
            return
        self._frame = frame
        self._handle(_FRAME_INPUTS[frame.kind] if not isinstance(frame, InformationFrame) else Input.I, now)

    # The machine's clockwork

    def next_deadline(self) -> float | None:
        """Time at which `handle_timers` is due, or None when no timer runs."""
        return self._timers.next_deadline()

    def handle_timers(self, now: float) -> None:
        """Act on every timer that has expired at `now`."""
        for timer in self._timers.expired(now):
            self._handle(_TIMER_INPUTS[timer], now)

    def outputs(self) -> list[Output]:
        """Return what has been produced since the last call, in order, and forget it."""
        outputs = self._outputs[:]
        self._outputs.clear()
        return outputs

    @property
    def is_established(self) -> bool:
        """Whether messages flow, or will when the peer answers an enquiry (states 7 and 8)."""
        return self.state in (State.MULTIPLE_FRAME_ESTABLISHED, State.TIMER_RECOVERY)

    @property
    def pending_messages(self) -> int:
        """Messages waiting or unacknowledged."""
        return len(self._window)

    def _check_length(self, octets: bytes) -> None:
        if not 1 <= len(octets) <= self.configuration.n201:
            raise EncodeError(f"message of {len(octets)} octets: must have 1 to {self.configuration.n201} (N201)")

    def _reject(self, code: ErrorCode, now: float) -> None:
        self.counters.frames_in_error += 1
        self._error = code
        self._handle(Input.FRAME_ERROR, now)

    def _handle(self, event: Input, now: float) -> None:
        if (action := TRANSITIONS.get((self.state, event))) is not None:
            self.state = action(self, now)
            self._transmit(now)

    def _transmit(self, now: float) -> None:
        """I frame queued up, then acknowledge pending: an I frame is an acknowledgement too."""
        if self.state is State.MULTIPLE_FRAME_ESTABLISHED and not self.peer_busy:
            while (message := self._window.next()) is not None:
                self._send(InformationFrame(self._command, message[0], self._vr, False, message[1]))
                self._acknowledge_pending = False
                if not self._timers.is_running(Timer.T200):
                    self._timers.stop(Timer.T203)
                    self._start_t200(now)
        if self._acknowledge_pending:
            self._supervise(Supervisory.RR, False)

    # Small parts of the actions

    def _send(self, frame: Frame) -> None:
        self._outputs.append(SendFrame(frame.encode()))

    def _supervise(self, kind: Supervisory, final: bool, command: bool = False) -> None:
        address = self._command if command else self._response
        self._send(SupervisoryFrame(address, kind, self._vr, final))
        self._acknowledge_pending = False

    def _report_receiver(self, poll_final: bool, command: bool = False) -> None:
        self._supervise(Supervisory.RNR if self.own_busy else Supervisory.RR, poll_final, command)

    def _command_u(self, kind: Unnumbered) -> None:
        self._send(UnnumberedFrame(self._command, kind, True))

    def _respond(self, kind: Unnumbered) -> None:
        self._send(UnnumberedFrame(self._response, kind, self._poll_final))

    def _error_indication(self, code: ErrorCode) -> None:
        self._outputs.append(ErrorIndication(code))

    def _start_t200(self, now: float) -> None:
        self._timers.start(Timer.T200, now + self.configuration.t200)

    def _watch_line(self, now: float) -> None:
        self._timers.stop(Timer.T200)
        self._timers.start(Timer.T203, now + self.configuration.t203)

    @property
    def _poll_final(self) -> bool:
        frame = self._frame
        return frame.poll if isinstance(frame, InformationFrame) else frame.poll_final

    @property
    def _is_command(self) -> bool:
        return self._frame.address == self._peer_command

    def _clear_exceptions(self) -> None:
        self.peer_busy = self.own_busy = self._reject_exception = self._acknowledge_pending = False

    def _begin_establishment(self, now: float, layer_3: bool) -> State:
        """ESTABLISH DATA LINK."""
        self._layer_3_initiated = layer_3
        self._release_pending = False
        self._clear_exceptions()
        self._retries = 0
        self._command_u(Unnumbered.SABME)
        self._timers.stop(Timer.T203)
        self._start_t200(now)
        return State.AWAITING_ESTABLISHMENT

    def _begin_release(self, now: float) -> State:
        self._window.discard()
        self._clear_exceptions()
        self._retries = 0
        self._command_u(Unnumbered.DISC)
        self._timers.stop(Timer.T203)
        self._start_t200(now)
        return State.AWAITING_RELEASE

    def _released(self, confirm: bool) -> State:
        self._window.discard()
        self._clear_exceptions()
        self._layer_3_initiated = self._release_pending = False
        self._timers.clear()
        self.counters.releases += 1
        self._outputs.append(Released(confirm))
        return State.TEI_ASSIGNED

    def _established(self, now: float) -> State:
        self._window.restart()
        self._vr = 0
        self.counters.establishments += 1
        self._watch_line(now)
        return State.MULTIPLE_FRAME_ESTABLISHED

    def _reestablish(self, code: ErrorCode, now: float) -> State:
        self._error_indication(code)
        return self._begin_establishment(now, layer_3=False)

    def _enquire(self, now: float) -> State:
        """TRANSMIT ENQUIRY."""
        self._report_receiver(True, command=True)
        self._timers.stop(Timer.T203)
        self._start_t200(now)
        return State.TIMER_RECOVERY

    # Actions of any state

    def _nothing(self, now: float) -> State:
        return self.state

    def _unit_data(self, now: float) -> State:
        assert isinstance(self._frame, UnnumberedFrame)
        self._outputs.append(UnitDataIndication(self._frame.information))
        return self.state

    def _unsolicited_ua(self, now: float) -> State:
        code = ErrorCode.UNSOLICITED_UA_FINAL if self._poll_final else ErrorCode.UNSOLICITED_UA
        self._error_indication(code)
        return self.state

    def _report_frame_error(self, now: float) -> State:
        self._error_indication(self._error)
        return self.state

    # State 4

    def _establish(self, now: float) -> State:
        self._window.discard()
        return self._begin_establishment(now, layer_3=True)

    def _confirm_release(self, now: float) -> State:
        return self._released(confirm=True)

    def _accept(self, now: float) -> State:
        self._respond(Unnumbered.UA)
        self._clear_exceptions()
        self._outputs.append(Established(confirm=False))
        return self._established(now)

    def _disconnected_mode(self, now: float) -> State:
        self._respond(Unnumbered.DM)
        return self.state

    def _invited(self, now: float) -> State:
        # 5.5.4: an unsolicited DM with F = 0 asks for the connection.
        return self.state if self._poll_final else self._begin_establishment(now, layer_3=True)

    # State 5

    def _establish_again(self, now: float) -> State:
        if not self._release_pending:
            self._window.discard()
            self._layer_3_initiated = True
        return self.state

    def _release_later(self, now: float) -> State:
        # 5.5.3.1: served when establishment is complete.
        self._window.discard()
        self._release_pending = True
        return self.state

    def _acknowledge_sabme(self, now: float) -> State:
        self._respond(Unnumbered.UA)
        return self.state

    def _establishment_answered(self, now: float) -> State:
        if not self._poll_final:
            return self._unsolicited_ua(now)
        if self._release_pending:
            self._release_pending = False
            return self._begin_release(now)
        if self._layer_3_initiated:
            self._layer_3_initiated = False
            self._outputs.append(Established(confirm=True))
        elif not self._window.all_acknowledged:
            self._window.discard()
            self._outputs.append(Established(confirm=False))
        return self._established(now)

    def _establishment_refused(self, now: float) -> State:
        return self._released(self._release_pending) if self._poll_final else self.state

    def _establishment_late(self, now: float) -> State:
        if self._retries == self.configuration.n200:
            self._error_indication(ErrorCode.NO_ANSWER_TO_SABME)
            return self._released(self._release_pending)
        self._retries += 1
        self._command_u(Unnumbered.SABME)
        self._start_t200(now)
        return self.state

    def _establishment_deactivated(self, now: float) -> State:
        return self._released(self._release_pending)

    # State 6

    def _acknowledge_disc(self, now: float) -> State:
        self._respond(Unnumbered.UA)
        return self.state

    def _release_answered(self, now: float) -> State:
        return self._released(confirm=True) if self._poll_final else self._unsolicited_ua(now)

    def _release_refused(self, now: float) -> State:
        return self._released(confirm=True) if self._poll_final else self.state

    def _release_late(self, now: float) -> State:
        if self._retries == self.configuration.n200:
            self._error_indication(ErrorCode.NO_ANSWER_TO_DISC)
            return self._released(confirm=True)
        self._retries += 1
        self._command_u(Unnumbered.DISC)
        self._start_t200(now)
        return self.state

    # States 7 and 8

    def _release(self, now: float) -> State:
        return self._begin_release(now)

    def _own_receiver_busy(self, now: float) -> State:
        if not self.own_busy:
            self.own_busy = True
            self._supervise(Supervisory.RNR, False)
        return self.state

    def _own_receiver_ready(self, now: float) -> State:
        if self.own_busy:
            self.own_busy = False
            self._supervise(Supervisory.RR, False)
        return self.state

    def _start_recovery(self, now: float) -> State:
        self._retries = 0
        return self._enquire(now)

    def _enquiry_late(self, now: float) -> State:
        if self._retries == self.configuration.n200:
            return self._reestablish(ErrorCode.NO_ANSWER_TO_ENQUIRY, now)
        self._retries += 1
        return self._enquire(now)

    def _reset_by_peer(self, now: float) -> State:
        self._respond(Unnumbered.UA)
        self._clear_exceptions()
        self._error_indication(ErrorCode.PEER_REESTABLISHED)
        if not self._window.all_acknowledged:
            self._window.discard()
            self._outputs.append(Established(confirm=False))
        return self._established(now)

    def _released_by_peer(self, now: float) -> State:
        self._respond(Unnumbered.UA)
        return self._released(confirm=False)

    def _deactivated(self, now: float) -> State:
        return self._released(confirm=False)

    def _peer_disconnected(self, now: float) -> State:
        if self._poll_final:
            self._error_indication(ErrorCode.UNSOLICITED_DM_FINAL)
            return self.state
        return self._reestablish(ErrorCode.UNSOLICITED_DM, now)

    def _peer_disconnected_in_recovery(self, now: float) -> State:
        final = self._poll_final
        return self._reestablish(ErrorCode.UNSOLICITED_DM_FINAL if final else ErrorCode.UNSOLICITED_DM, now)

    def _frame_rejected(self, now: float) -> State:
        return self._reestablish(ErrorCode.FRAME_REJECT, now)

    def _frame_error(self, now: float) -> State:
        return self._reestablish(self._error, now)

    def _information(self, now: float) -> State:
        frame = self._frame
        assert isinstance(frame, InformationFrame)
        if self.own_busy:
            if frame.poll:
                self._supervise(Supervisory.RNR, True)
        elif frame.ns == self._vr:
            self._vr = (self._vr + 1) % MODULUS
            self._reject_exception = False
            self.counters.messages_received += 1
            self._outputs.append(DataIndication(frame.information))
            if frame.poll:
                self._supervise(Supervisory.RR, True)
            else:
                self._acknowledge_pending = True
        else:
            self.counters.out_of_sequence += 1
            if not self._reject_exception:
                self._reject_exception = True
                self._supervise(Supervisory.REJ, frame.poll)
            elif frame.poll:
                self._supervise(Supervisory.RR, True)
        if not self._window.is_valid(frame.nr):
            return self._reestablish(ErrorCode.INVALID_NR, now)
        if self.state is State.TIMER_RECOVERY or self.peer_busy:
            self._window.acknowledge(frame.nr)
        else:
            self._take_acknowledgement(frame.nr, now)
        return self.state

    def _take_acknowledgement(self, nr: int, now: float) -> None:
        if nr == self._window.vs:
            self._window.acknowledge(nr)
            self._watch_line(now)
        elif self._window.acknowledge(nr):
            self._start_t200(now)

    def _supervisory_in_7(self, now: float) -> State:
        frame = self._frame
        assert isinstance(frame, SupervisoryFrame)
        self.peer_busy = frame.kind is Supervisory.RNR
        if self._is_command:
            if frame.poll_final:
                self._report_receiver(True)
        elif frame.poll_final:
            self._error_indication(ErrorCode.UNSOLICITED_SUPERVISORY)
        if not self._window.is_valid(frame.nr):
            return self._reestablish(ErrorCode.INVALID_NR, now)
        match frame.kind:
            case Supervisory.RR:
                self._take_acknowledgement(frame.nr, now)
            case Supervisory.REJ:
                self.counters.rejects_received += 1
                self._window.acknowledge(frame.nr)
                self._window.go_back()
                self._watch_line(now)
            case Supervisory.RNR:
                self._window.acknowledge(frame.nr)
                self._timers.stop(Timer.T203)
                self._start_t200(now)
        return self.state

    def _supervisory_in_8(self, now: float) -> State:
        frame = self._frame
        assert isinstance(frame, SupervisoryFrame)
        self.peer_busy = frame.kind is Supervisory.RNR
        self.counters.rejects_received += frame.kind is Supervisory.REJ
        if self._is_command and frame.poll_final:
            self._report_receiver(True)
        if not self._window.is_valid(frame.nr):
            return self._reestablish(ErrorCode.INVALID_NR, now)
        self._window.acknowledge(frame.nr)
        if self._is_command or not frame.poll_final:
            return self.state
        self._window.go_back()
        if self.peer_busy:
            self._start_t200(now)
        else:
            self._watch_line(now)
        return State.MULTIPLE_FRAME_ESTABLISHED


_FRAME_INPUTS: Final = {kind: Input[kind.name] for kind in (*Supervisory, *Unnumbered)}
_TIMER_INPUTS: Final = {Timer.T200: Input.T200_EXPIRY, Timer.T203: Input.T203_EXPIRY}

_S, _I, _L = State, Input, DataLink

#: Q.921 (09/97) Annex B, figures B.4 to B.9 (recalled, checked against tables of clause 5 and real ends).
#: Every state with every input: what is to be ignored says so.
TRANSITIONS: Final[dict[tuple[State, Input], Action]] = {
    # State 4: TEI assigned
    (_S.TEI_ASSIGNED, _I.DL_ESTABLISH_REQUEST): _L._establish,
    (_S.TEI_ASSIGNED, _I.DL_RELEASE_REQUEST): _L._confirm_release,
    (_S.TEI_ASSIGNED, _I.DL_DATA_REQUEST): _L._nothing,
    (_S.TEI_ASSIGNED, _I.PERSISTENT_DEACTIVATION): _L._nothing,
    (_S.TEI_ASSIGNED, _I.OWN_RECEIVER_BUSY): _L._nothing,
    (_S.TEI_ASSIGNED, _I.OWN_RECEIVER_READY): _L._nothing,
    (_S.TEI_ASSIGNED, _I.T200_EXPIRY): _L._nothing,
    (_S.TEI_ASSIGNED, _I.T203_EXPIRY): _L._nothing,
    (_S.TEI_ASSIGNED, _I.SABME): _L._accept,
    (_S.TEI_ASSIGNED, _I.DISC): _L._disconnected_mode,
    (_S.TEI_ASSIGNED, _I.UA): _L._unsolicited_ua,
    (_S.TEI_ASSIGNED, _I.DM): _L._invited,
    (_S.TEI_ASSIGNED, _I.UI): _L._unit_data,
    (_S.TEI_ASSIGNED, _I.FRMR): _L._nothing,
    (_S.TEI_ASSIGNED, _I.XID): _L._nothing,
    (_S.TEI_ASSIGNED, _I.I): _L._nothing,
    (_S.TEI_ASSIGNED, _I.RR): _L._nothing,
    (_S.TEI_ASSIGNED, _I.RNR): _L._nothing,
    (_S.TEI_ASSIGNED, _I.REJ): _L._nothing,
    (_S.TEI_ASSIGNED, _I.FRAME_ERROR): _L._report_frame_error,
    # State 5: awaiting establishment
    (_S.AWAITING_ESTABLISHMENT, _I.DL_ESTABLISH_REQUEST): _L._establish_again,
    (_S.AWAITING_ESTABLISHMENT, _I.DL_RELEASE_REQUEST): _L._release_later,
    (_S.AWAITING_ESTABLISHMENT, _I.DL_DATA_REQUEST): _L._nothing,
    (_S.AWAITING_ESTABLISHMENT, _I.PERSISTENT_DEACTIVATION): _L._establishment_deactivated,
    (_S.AWAITING_ESTABLISHMENT, _I.OWN_RECEIVER_BUSY): _L._nothing,
    (_S.AWAITING_ESTABLISHMENT, _I.OWN_RECEIVER_READY): _L._nothing,
    (_S.AWAITING_ESTABLISHMENT, _I.T200_EXPIRY): _L._establishment_late,
    (_S.AWAITING_ESTABLISHMENT, _I.T203_EXPIRY): _L._nothing,
    (_S.AWAITING_ESTABLISHMENT, _I.SABME): _L._acknowledge_sabme,
    (_S.AWAITING_ESTABLISHMENT, _I.DISC): _L._disconnected_mode,
    (_S.AWAITING_ESTABLISHMENT, _I.UA): _L._establishment_answered,
    (_S.AWAITING_ESTABLISHMENT, _I.DM): _L._establishment_refused,
    (_S.AWAITING_ESTABLISHMENT, _I.UI): _L._unit_data,
    (_S.AWAITING_ESTABLISHMENT, _I.FRMR): _L._nothing,
    (_S.AWAITING_ESTABLISHMENT, _I.XID): _L._nothing,
    (_S.AWAITING_ESTABLISHMENT, _I.I): _L._nothing,
    (_S.AWAITING_ESTABLISHMENT, _I.RR): _L._nothing,
    (_S.AWAITING_ESTABLISHMENT, _I.RNR): _L._nothing,
    (_S.AWAITING_ESTABLISHMENT, _I.REJ): _L._nothing,
    (_S.AWAITING_ESTABLISHMENT, _I.FRAME_ERROR): _L._report_frame_error,
    # State 6: awaiting release
    (_S.AWAITING_RELEASE, _I.DL_ESTABLISH_REQUEST): _L._nothing,
    (_S.AWAITING_RELEASE, _I.DL_RELEASE_REQUEST): _L._nothing,
    (_S.AWAITING_RELEASE, _I.DL_DATA_REQUEST): _L._nothing,
    (_S.AWAITING_RELEASE, _I.PERSISTENT_DEACTIVATION): _L._confirm_release,
    (_S.AWAITING_RELEASE, _I.OWN_RECEIVER_BUSY): _L._nothing,
    (_S.AWAITING_RELEASE, _I.OWN_RECEIVER_READY): _L._nothing,
    (_S.AWAITING_RELEASE, _I.T200_EXPIRY): _L._release_late,
    (_S.AWAITING_RELEASE, _I.T203_EXPIRY): _L._nothing,
    (_S.AWAITING_RELEASE, _I.SABME): _L._disconnected_mode,
    (_S.AWAITING_RELEASE, _I.DISC): _L._acknowledge_disc,
    (_S.AWAITING_RELEASE, _I.UA): _L._release_answered,
    (_S.AWAITING_RELEASE, _I.DM): _L._release_refused,
    (_S.AWAITING_RELEASE, _I.UI): _L._unit_data,
    (_S.AWAITING_RELEASE, _I.FRMR): _L._nothing,
    (_S.AWAITING_RELEASE, _I.XID): _L._nothing,
    (_S.AWAITING_RELEASE, _I.I): _L._nothing,
    (_S.AWAITING_RELEASE, _I.RR): _L._nothing,
    (_S.AWAITING_RELEASE, _I.RNR): _L._nothing,
    (_S.AWAITING_RELEASE, _I.REJ): _L._nothing,
    (_S.AWAITING_RELEASE, _I.FRAME_ERROR): _L._report_frame_error,
    # State 7: multiple frame established
    (_S.MULTIPLE_FRAME_ESTABLISHED, _I.DL_ESTABLISH_REQUEST): _L._establish,
    (_S.MULTIPLE_FRAME_ESTABLISHED, _I.DL_RELEASE_REQUEST): _L._release,
    (_S.MULTIPLE_FRAME_ESTABLISHED, _I.DL_DATA_REQUEST): _L._nothing,
    (_S.MULTIPLE_FRAME_ESTABLISHED, _I.PERSISTENT_DEACTIVATION): _L._deactivated,
    (_S.MULTIPLE_FRAME_ESTABLISHED, _I.OWN_RECEIVER_BUSY): _L._own_receiver_busy,
    (_S.MULTIPLE_FRAME_ESTABLISHED, _I.OWN_RECEIVER_READY): _L._own_receiver_ready,
    (_S.MULTIPLE_FRAME_ESTABLISHED, _I.T200_EXPIRY): _L._start_recovery,
    (_S.MULTIPLE_FRAME_ESTABLISHED, _I.T203_EXPIRY): _L._start_recovery,
    (_S.MULTIPLE_FRAME_ESTABLISHED, _I.SABME): _L._reset_by_peer,
    (_S.MULTIPLE_FRAME_ESTABLISHED, _I.DISC): _L._released_by_peer,
    (_S.MULTIPLE_FRAME_ESTABLISHED, _I.UA): _L._unsolicited_ua,
    (_S.MULTIPLE_FRAME_ESTABLISHED, _I.DM): _L._peer_disconnected,
    (_S.MULTIPLE_FRAME_ESTABLISHED, _I.UI): _L._unit_data,
    (_S.MULTIPLE_FRAME_ESTABLISHED, _I.FRMR): _L._frame_rejected,
    (_S.MULTIPLE_FRAME_ESTABLISHED, _I.XID): _L._nothing,
    (_S.MULTIPLE_FRAME_ESTABLISHED, _I.I): _L._information,
    (_S.MULTIPLE_FRAME_ESTABLISHED, _I.RR): _L._supervisory_in_7,
    (_S.MULTIPLE_FRAME_ESTABLISHED, _I.RNR): _L._supervisory_in_7,
    (_S.MULTIPLE_FRAME_ESTABLISHED, _I.REJ): _L._supervisory_in_7,
    (_S.MULTIPLE_FRAME_ESTABLISHED, _I.FRAME_ERROR): _L._frame_error,
    # State 8: timer recovery
    (_S.TIMER_RECOVERY, _I.DL_ESTABLISH_REQUEST): _L._establish,
    (_S.TIMER_RECOVERY, _I.DL_RELEASE_REQUEST): _L._release,
    (_S.TIMER_RECOVERY, _I.DL_DATA_REQUEST): _L._nothing,
    (_S.TIMER_RECOVERY, _I.PERSISTENT_DEACTIVATION): _L._deactivated,
    (_S.TIMER_RECOVERY, _I.OWN_RECEIVER_BUSY): _L._own_receiver_busy,
    (_S.TIMER_RECOVERY, _I.OWN_RECEIVER_READY): _L._own_receiver_ready,
    (_S.TIMER_RECOVERY, _I.T200_EXPIRY): _L._enquiry_late,
    (_S.TIMER_RECOVERY, _I.T203_EXPIRY): _L._nothing,
    (_S.TIMER_RECOVERY, _I.SABME): _L._reset_by_peer,
    (_S.TIMER_RECOVERY, _I.DISC): _L._released_by_peer,
    (_S.TIMER_RECOVERY, _I.UA): _L._unsolicited_ua,
    (_S.TIMER_RECOVERY, _I.DM): _L._peer_disconnected_in_recovery,
    (_S.TIMER_RECOVERY, _I.UI): _L._unit_data,
    (_S.TIMER_RECOVERY, _I.FRMR): _L._frame_rejected,
    (_S.TIMER_RECOVERY, _I.XID): _L._nothing,
    (_S.TIMER_RECOVERY, _I.I): _L._information,
    (_S.TIMER_RECOVERY, _I.RR): _L._supervisory_in_8,
    (_S.TIMER_RECOVERY, _I.RNR): _L._supervisory_in_8,
    (_S.TIMER_RECOVERY, _I.REJ): _L._supervisory_in_8,
    (_S.TIMER_RECOVERY, _I.FRAME_ERROR): _L._frame_error,
}
