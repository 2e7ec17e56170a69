"""What a data link connection remembers, and the procedures that its states share (Q.921 (09/97) Annex B)."""

from __future__ import annotations

from tandem.core.timers import TimerTable
from tandem.isdn.q921.configuration import LinkConfiguration, LinkCounters, Timer
from tandem.isdn.q921.frames import (
    Address,
    Frame,
    InformationFrame,
    Supervisory,
    SupervisoryFrame,
    Unnumbered,
    UnnumberedFrame,
)
from tandem.isdn.q921.primitives import ErrorCode, ErrorIndication, Output, Released, SendFrame, State
from tandem.isdn.q921.window import SendWindow


class Connection:
    """Variables and procedures of one connection; which is due when, the table of states says."""

    def __init__(self, configuration: LinkConfiguration) -> None:
        self.configuration = configuration
        self.counters = LinkCounters()
        self.state = State.TEI_ASSIGNED
        self.outputs: list[Output] = []
        self.timers: TimerTable[Timer] = TimerTable()
        self.window = SendWindow(configuration.window, configuration.send_queue, self.counters)
        self.vr = 0
        """V(R): the N(S) expected next."""
        self.retries = 0
        """RC, retransmission counter."""
        self.layer_3_initiated = False
        """Layer 3 asked for the establishment under way."""
        self.release_pending = False
        """Layer 3 wants the connection released when its establishment is complete."""
        self.peer_busy = False
        """The peer sent RNR: it gets no I frames."""
        self.own_busy = False
        """We sent RNR."""
        self.reject_exception = False
        """REJ is sent, and the frame asked for has not come."""
        self.acknowledge_pending = False
        """An I frame is to be acknowledged."""
        self.error = ErrorCode.UNDEFINED_FRAME
        """Of the frame rejection condition at hand."""

        network, sapi, tei = configuration.network, configuration.sapi, configuration.tei
        self._command = Address.of(network, True, sapi, tei)
        self._response = Address.of(network, False, sapi, tei)
        self.peer_command = Address.of(not network, True, sapi, tei)
        """Address of the peer's commands, and of our responses."""
        self.frame: Frame = UnnumberedFrame(self.peer_command, Unnumbered.UI, False)
        """The frame at hand."""

    def transmit(self, now: float) -> None:
        """I frame queued up, then acknowledge pending: an I frame is an acknowledgement too."""
        if self.state is State.MULTIPLE_FRAME_ESTABLISHED and not self.peer_busy:
            while (message := self.window.next()) is not None:
                self.send(InformationFrame(self._command, message[0], self.vr, False, message[1]))
                self.acknowledge_pending = False
                if not self.timers.is_running(Timer.T200):
                    self.timers.stop(Timer.T203)
                    self.start_t200(now)
        if self.acknowledge_pending:
            self.supervise(Supervisory.RR, False)

    def send(self, frame: Frame) -> None:
        """Send a frame."""
        self.outputs.append(SendFrame(frame.encode()))

    def supervise(self, kind: Supervisory, final: bool, command: bool = False) -> None:
        """Send RR, RNR or REJ; it acknowledges what was received."""
        address = self._command if command else self._response
        self.send(SupervisoryFrame(address, kind, self.vr, final))
        self.acknowledge_pending = False

    def send_unit_data(self, octets: bytes) -> None:
        """Send a UI frame."""
        self.send(UnnumberedFrame(self._command, Unnumbered.UI, False, octets))

    def report_receiver(self, poll_final: bool, command: bool = False) -> None:
        """Send RR or RNR, as our receiver is."""
        self.supervise(Supervisory.RNR if self.own_busy else Supervisory.RR, poll_final, command)

    def send_command(self, kind: Unnumbered) -> None:
        """Send an unnumbered command with P = 1."""
        self.send(UnnumberedFrame(self._command, kind, True))

    def respond(self, kind: Unnumbered) -> None:
        """Answer the frame at hand: F = P."""
        self.send(UnnumberedFrame(self._response, kind, self.poll_final))

    def error_indication(self, code: ErrorCode) -> None:
        """MDL-ERROR indication."""
        self.outputs.append(ErrorIndication(code))

    def start_t200(self, now: float) -> None:
        """Start or restart T200."""
        self.timers.start(Timer.T200, now + self.configuration.t200)

    def watch_line(self, now: float) -> None:
        """Nothing is outstanding: stop T200, restart T203."""
        self.timers.stop(Timer.T200)
        self.timers.start(Timer.T203, now + self.configuration.t203)

    @property
    def poll_final(self) -> bool:
        """P or F bit of the frame at hand."""
        frame = self.frame
        return frame.poll if isinstance(frame, InformationFrame) else frame.poll_final

    @property
    def is_command(self) -> bool:
        """Whether the frame at hand is a command."""
        return self.frame.address == self.peer_command

    def clear_exceptions(self) -> None:
        """CLEAR EXCEPTION CONDITIONS."""
        self.peer_busy = self.own_busy = self.reject_exception = self.acknowledge_pending = False

    def begin_establishment(self, now: float, layer_3: bool) -> State:
        """ESTABLISH DATA LINK; `layer_3`: at the request of layer 3."""
        self.layer_3_initiated = layer_3
        self.release_pending = False
        self.clear_exceptions()
        self.retries = 0
        self.send_command(Unnumbered.SABME)
        self.timers.stop(Timer.T203)
        self.start_t200(now)
        return State.AWAITING_ESTABLISHMENT

    def begin_release(self, now: float) -> State:
        """Send DISC; what was to be sent is lost."""
        self.window.discard()
        self.clear_exceptions()
        self.retries = 0
        self.send_command(Unnumbered.DISC)
        self.timers.stop(Timer.T203)
        self.start_t200(now)
        return State.AWAITING_RELEASE

    def released(self, confirm: bool) -> State:
        """The connection is down: tell layer 3."""
        self.window.discard()
        self.clear_exceptions()
        self.layer_3_initiated = self.release_pending = False
        self.timers.clear()
        self.counters.releases += 1
        self.outputs.append(Released(confirm))
        return State.TEI_ASSIGNED

    def established(self, now: float) -> State:
        """The connection is up: sequence numbers start at 0."""
        self.window.restart()
        self.vr = 0
        self.counters.establishments += 1
        self.watch_line(now)
        return State.MULTIPLE_FRAME_ESTABLISHED

    def reestablish(self, code: ErrorCode, now: float) -> State:
        """Report an error and establish the connection anew (5.7), layer 3 not having asked for it."""
        self.error_indication(code)
        return self.begin_establishment(now, layer_3=False)

    def enquire(self, now: float) -> State:
        """TRANSMIT ENQUIRY."""
        self.report_receiver(True, command=True)
        self.timers.stop(Timer.T203)
        self.start_t200(now)
        return State.TIMER_RECOVERY
