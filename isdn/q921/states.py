"""The states of a data link connection and what each does with each input, Q.921 (09/97) Annex B.

The figures are recalled, not at hand; where clause 5 says more it is cited.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import auto
from typing import Final

from tandem.core.enumeration import Symbol
from tandem.isdn.q921.configuration import Timer
from tandem.isdn.q921.connection import Connection
from tandem.isdn.q921.frames import (
    MODULUS,
    InformationFrame,
    Supervisory,
    SupervisoryFrame,
    Unnumbered,
    UnnumberedFrame,
)
from tandem.isdn.q921.primitives import DataIndication, ErrorCode, Established, State, UnitDataIndication


class Input(Symbol):
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
    """A frame rejection condition; `Connection.error` says which."""


#: What a state does with an input; it returns the next state.
Action = Callable[[Connection, float], State]


# Actions of any state


def _nothing(link: Connection, now: float) -> State:
    return link.state


def _unit_data(link: Connection, now: float) -> State:
    assert isinstance(link.frame, UnnumberedFrame)
    link.outputs.append(UnitDataIndication(link.frame.information))
    return link.state


def _unsolicited_ua(link: Connection, now: float) -> State:
    code = ErrorCode.UNSOLICITED_UA_FINAL if link.poll_final else ErrorCode.UNSOLICITED_UA
    link.error_indication(code)
    return link.state


def _report_frame_error(link: Connection, now: float) -> State:
    link.error_indication(link.error)
    return link.state


# State 4


def _establish(link: Connection, now: float) -> State:
    link.window.discard()
    return link.begin_establishment(now, layer_3=True)


def _confirm_release(link: Connection, now: float) -> State:
    return link.released(confirm=True)


def _accept(link: Connection, now: float) -> State:
    link.respond(Unnumbered.UA)
    link.clear_exceptions()
    link.outputs.append(Established(confirm=False))
    return link.established(now)


def _disconnected_mode(link: Connection, now: float) -> State:
    link.respond(Unnumbered.DM)
    return link.state


def _invited(link: Connection, now: float) -> State:
    # 5.5.4: an unsolicited DM with F = 0 asks for the connection.
    return link.state if link.poll_final else link.begin_establishment(now, layer_3=True)


# State 5


def _establish_again(link: Connection, now: float) -> State:
    if not link.release_pending:
        link.window.discard()
        link.layer_3_initiated = True
    return link.state


def _release_later(link: Connection, now: float) -> State:
    # 5.5.3.1: served when establishment is complete.
    link.window.discard()
    link.release_pending = True
    return link.state


def _acknowledge_sabme(link: Connection, now: float) -> State:
    link.respond(Unnumbered.UA)
    return link.state


def _establishment_answered(link: Connection, now: float) -> State:
    if not link.poll_final:
        return _unsolicited_ua(link, now)
    if link.release_pending:
        link.release_pending = False
        return link.begin_release(now)
    if link.layer_3_initiated:
        link.layer_3_initiated = False
        link.outputs.append(Established(confirm=True))
    elif not link.window.all_acknowledged:
        link.window.discard()
        link.outputs.append(Established(confirm=False))
    return link.established(now)


def _establishment_refused(link: Connection, now: float) -> State:
    return link.released(link.release_pending) if link.poll_final else link.state


def _establishment_late(link: Connection, now: float) -> State:
    if link.retries == link.configuration.n200:
        link.error_indication(ErrorCode.NO_ANSWER_TO_SABME)
        return link.released(link.release_pending)
    link.retries += 1
    link.send_command(Unnumbered.SABME)
    link.start_t200(now)
    return link.state


def _establishment_deactivated(link: Connection, now: float) -> State:
    return link.released(link.release_pending)


# State 6


def _acknowledge_disc(link: Connection, now: float) -> State:
    link.respond(Unnumbered.UA)
    return link.state


def _release_answered(link: Connection, now: float) -> State:
    return link.released(confirm=True) if link.poll_final else _unsolicited_ua(link, now)


def _release_refused(link: Connection, now: float) -> State:
    return link.released(confirm=True) if link.poll_final else link.state


def _release_late(link: Connection, now: float) -> State:
    if link.retries == link.configuration.n200:
        link.error_indication(ErrorCode.NO_ANSWER_TO_DISC)
        return link.released(confirm=True)
    link.retries += 1
    link.send_command(Unnumbered.DISC)
    link.start_t200(now)
    return link.state


# States 7 and 8


def _release(link: Connection, now: float) -> State:
    return link.begin_release(now)


def _own_receiver_busy(link: Connection, now: float) -> State:
    if not link.own_busy:
        link.own_busy = True
        link.supervise(Supervisory.RNR, False)
    return link.state


def _own_receiver_ready(link: Connection, now: float) -> State:
    if link.own_busy:
        link.own_busy = False
        link.supervise(Supervisory.RR, False)
    return link.state


def _start_recovery(link: Connection, now: float) -> State:
    link.retries = 0
    return link.enquire(now)


def _enquiry_late(link: Connection, now: float) -> State:
    if link.retries == link.configuration.n200:
        return link.reestablish(ErrorCode.NO_ANSWER_TO_ENQUIRY, now)
    link.retries += 1
    return link.enquire(now)


def _reset_by_peer(link: Connection, now: float) -> State:
    link.respond(Unnumbered.UA)
    link.clear_exceptions()
    link.error_indication(ErrorCode.PEER_REESTABLISHED)
    if not link.window.all_acknowledged:
        link.window.discard()
        link.outputs.append(Established(confirm=False))
    return link.established(now)


def _released_by_peer(link: Connection, now: float) -> State:
    link.respond(Unnumbered.UA)
    return link.released(confirm=False)


def _deactivated(link: Connection, now: float) -> State:
    return link.released(confirm=False)


def _peer_disconnected(link: Connection, now: float) -> State:
    if link.poll_final:
        link.error_indication(ErrorCode.UNSOLICITED_DM_FINAL)
        return link.state
    return link.reestablish(ErrorCode.UNSOLICITED_DM, now)


def _peer_disconnected_in_recovery(link: Connection, now: float) -> State:
    final = link.poll_final
    return link.reestablish(ErrorCode.UNSOLICITED_DM_FINAL if final else ErrorCode.UNSOLICITED_DM, now)


def _frame_rejected(link: Connection, now: float) -> State:
    return link.reestablish(ErrorCode.FRAME_REJECT, now)


def _frame_error(link: Connection, now: float) -> State:
    return link.reestablish(link.error, now)


def _information(link: Connection, now: float) -> State:
    frame = link.frame
    assert isinstance(frame, InformationFrame)
    if link.own_busy:
        if frame.poll:
            link.supervise(Supervisory.RNR, True)
    elif frame.ns == link.vr:
        link.vr = (link.vr + 1) % MODULUS
        link.reject_exception = False
        link.counters.messages_received += 1
        link.outputs.append(DataIndication(frame.information))
        if frame.poll:
            link.supervise(Supervisory.RR, True)
        else:
            link.acknowledge_pending = True
    else:
        link.counters.out_of_sequence += 1
        if not link.reject_exception:
            link.reject_exception = True
            link.supervise(Supervisory.REJ, frame.poll)
        elif frame.poll:
            link.supervise(Supervisory.RR, True)
    if not link.window.is_valid(frame.nr):
        return link.reestablish(ErrorCode.INVALID_NR, now)
    if link.state is State.TIMER_RECOVERY or link.peer_busy:
        link.window.acknowledge(frame.nr)
    else:
        _take_acknowledgement(link, frame.nr, now)
    return link.state


def _take_acknowledgement(link: Connection, nr: int, now: float) -> None:
    if nr == link.window.vs:
        link.window.acknowledge(nr)
        link.watch_line(now)
    elif link.window.acknowledge(nr):
        link.start_t200(now)


def _supervisory_in_7(link: Connection, now: float) -> State:
    frame = link.frame
    assert isinstance(frame, SupervisoryFrame)
    link.peer_busy = frame.kind is Supervisory.RNR
    if link.is_command:
        if frame.poll_final:
            link.report_receiver(True)
    elif frame.poll_final:
        link.error_indication(ErrorCode.UNSOLICITED_SUPERVISORY)
    if not link.window.is_valid(frame.nr):
        return link.reestablish(ErrorCode.INVALID_NR, now)
    match frame.kind:
        case Supervisory.RR:
            _take_acknowledgement(link, frame.nr, now)
        case Supervisory.REJ:
            link.counters.rejects_received += 1
            link.window.acknowledge(frame.nr)
            link.window.go_back()
            link.watch_line(now)
        case Supervisory.RNR:
            link.window.acknowledge(frame.nr)
            link.timers.stop(Timer.T203)
            link.start_t200(now)
    return link.state


def _supervisory_in_8(link: Connection, now: float) -> State:
    frame = link.frame
    assert isinstance(frame, SupervisoryFrame)
    link.peer_busy = frame.kind is Supervisory.RNR
    link.counters.rejects_received += frame.kind is Supervisory.REJ
    if link.is_command and frame.poll_final:
        link.report_receiver(True)
    if not link.window.is_valid(frame.nr):
        return link.reestablish(ErrorCode.INVALID_NR, now)
    link.window.acknowledge(frame.nr)
    if link.is_command or not frame.poll_final:
        return link.state
    link.window.go_back()
    if link.peer_busy:
        link.start_t200(now)
    else:
        link.watch_line(now)
    return State.MULTIPLE_FRAME_ESTABLISHED


#: Inputs that frames are, those but I frames by their kind.
FRAME_INPUTS: Final = {kind: Input[kind.name] for kind in (*Supervisory, *Unnumbered)}
TIMER_INPUTS: Final = {Timer.T200: Input.T200_EXPIRY, Timer.T203: Input.T203_EXPIRY}

_S, _I = State, Input

#: Q.921 (09/97) Annex B, figures B.4 to B.9 (recalled).
#: Every state with every input: what is to be ignored says so.
TRANSITIONS: Final[dict[tuple[State, Input], Action]] = {
    # State 4: TEI assigned
    (_S.TEI_ASSIGNED, _I.DL_ESTABLISH_REQUEST): _establish,
    (_S.TEI_ASSIGNED, _I.DL_RELEASE_REQUEST): _confirm_release,
    (_S.TEI_ASSIGNED, _I.DL_DATA_REQUEST): _nothing,
    (_S.TEI_ASSIGNED, _I.PERSISTENT_DEACTIVATION): _nothing,
    (_S.TEI_ASSIGNED, _I.OWN_RECEIVER_BUSY): _nothing,
    (_S.TEI_ASSIGNED, _I.OWN_RECEIVER_READY): _nothing,
    (_S.TEI_ASSIGNED, _I.T200_EXPIRY): _nothing,
    (_S.TEI_ASSIGNED, _I.T203_EXPIRY): _nothing,
    (_S.TEI_ASSIGNED, _I.SABME): _accept,
    (_S.TEI_ASSIGNED, _I.DISC): _disconnected_mode,
    (_S.TEI_ASSIGNED, _I.UA): _unsolicited_ua,
    (_S.TEI_ASSIGNED, _I.DM): _invited,
    (_S.TEI_ASSIGNED, _I.UI): _unit_data,
    (_S.TEI_ASSIGNED, _I.FRMR): _nothing,
    (_S.TEI_ASSIGNED, _I.XID): _nothing,
    (_S.TEI_ASSIGNED, _I.I): _nothing,
    (_S.TEI_ASSIGNED, _I.RR): _nothing,
    (_S.TEI_ASSIGNED, _I.RNR): _nothing,
    (_S.TEI_ASSIGNED, _I.REJ): _nothing,
    (_S.TEI_ASSIGNED, _I.FRAME_ERROR): _report_frame_error,
    # State 5: awaiting establishment
    (_S.AWAITING_ESTABLISHMENT, _I.DL_ESTABLISH_REQUEST): _establish_again,
    (_S.AWAITING_ESTABLISHMENT, _I.DL_RELEASE_REQUEST): _release_later,
    (_S.AWAITING_ESTABLISHMENT, _I.DL_DATA_REQUEST): _nothing,
    (_S.AWAITING_ESTABLISHMENT, _I.PERSISTENT_DEACTIVATION): _establishment_deactivated,
    (_S.AWAITING_ESTABLISHMENT, _I.OWN_RECEIVER_BUSY): _nothing,
    (_S.AWAITING_ESTABLISHMENT, _I.OWN_RECEIVER_READY): _nothing,
    (_S.AWAITING_ESTABLISHMENT, _I.T200_EXPIRY): _establishment_late,
    (_S.AWAITING_ESTABLISHMENT, _I.T203_EXPIRY): _nothing,
    (_S.AWAITING_ESTABLISHMENT, _I.SABME): _acknowledge_sabme,
    (_S.AWAITING_ESTABLISHMENT, _I.DISC): _disconnected_mode,
    (_S.AWAITING_ESTABLISHMENT, _I.UA): _establishment_answered,
    (_S.AWAITING_ESTABLISHMENT, _I.DM): _establishment_refused,
    (_S.AWAITING_ESTABLISHMENT, _I.UI): _unit_data,
    (_S.AWAITING_ESTABLISHMENT, _I.FRMR): _nothing,
    (_S.AWAITING_ESTABLISHMENT, _I.XID): _nothing,
    (_S.AWAITING_ESTABLISHMENT, _I.I): _nothing,
    (_S.AWAITING_ESTABLISHMENT, _I.RR): _nothing,
    (_S.AWAITING_ESTABLISHMENT, _I.RNR): _nothing,
    (_S.AWAITING_ESTABLISHMENT, _I.REJ): _nothing,
    (_S.AWAITING_ESTABLISHMENT, _I.FRAME_ERROR): _report_frame_error,
    # State 6: awaiting release
    (_S.AWAITING_RELEASE, _I.DL_ESTABLISH_REQUEST): _nothing,
    (_S.AWAITING_RELEASE, _I.DL_RELEASE_REQUEST): _nothing,
    (_S.AWAITING_RELEASE, _I.DL_DATA_REQUEST): _nothing,
    (_S.AWAITING_RELEASE, _I.PERSISTENT_DEACTIVATION): _confirm_release,
    (_S.AWAITING_RELEASE, _I.OWN_RECEIVER_BUSY): _nothing,
    (_S.AWAITING_RELEASE, _I.OWN_RECEIVER_READY): _nothing,
    (_S.AWAITING_RELEASE, _I.T200_EXPIRY): _release_late,
    (_S.AWAITING_RELEASE, _I.T203_EXPIRY): _nothing,
    (_S.AWAITING_RELEASE, _I.SABME): _disconnected_mode,
    (_S.AWAITING_RELEASE, _I.DISC): _acknowledge_disc,
    (_S.AWAITING_RELEASE, _I.UA): _release_answered,
    (_S.AWAITING_RELEASE, _I.DM): _release_refused,
    (_S.AWAITING_RELEASE, _I.UI): _unit_data,
    (_S.AWAITING_RELEASE, _I.FRMR): _nothing,
    (_S.AWAITING_RELEASE, _I.XID): _nothing,
    (_S.AWAITING_RELEASE, _I.I): _nothing,
    (_S.AWAITING_RELEASE, _I.RR): _nothing,
    (_S.AWAITING_RELEASE, _I.RNR): _nothing,
    (_S.AWAITING_RELEASE, _I.REJ): _nothing,
    (_S.AWAITING_RELEASE, _I.FRAME_ERROR): _report_frame_error,
    # State 7: multiple frame established
    (_S.MULTIPLE_FRAME_ESTABLISHED, _I.DL_ESTABLISH_REQUEST): _establish,
    (_S.MULTIPLE_FRAME_ESTABLISHED, _I.DL_RELEASE_REQUEST): _release,
    (_S.MULTIPLE_FRAME_ESTABLISHED, _I.DL_DATA_REQUEST): _nothing,
    (_S.MULTIPLE_FRAME_ESTABLISHED, _I.PERSISTENT_DEACTIVATION): _deactivated,
    (_S.MULTIPLE_FRAME_ESTABLISHED, _I.OWN_RECEIVER_BUSY): _own_receiver_busy,
    (_S.MULTIPLE_FRAME_ESTABLISHED, _I.OWN_RECEIVER_READY): _own_receiver_ready,
    (_S.MULTIPLE_FRAME_ESTABLISHED, _I.T200_EXPIRY): _start_recovery,
    (_S.MULTIPLE_FRAME_ESTABLISHED, _I.T203_EXPIRY): _start_recovery,
    (_S.MULTIPLE_FRAME_ESTABLISHED, _I.SABME): _reset_by_peer,
    (_S.MULTIPLE_FRAME_ESTABLISHED, _I.DISC): _released_by_peer,
    (_S.MULTIPLE_FRAME_ESTABLISHED, _I.UA): _unsolicited_ua,
    (_S.MULTIPLE_FRAME_ESTABLISHED, _I.DM): _peer_disconnected,
    (_S.MULTIPLE_FRAME_ESTABLISHED, _I.UI): _unit_data,
    (_S.MULTIPLE_FRAME_ESTABLISHED, _I.FRMR): _frame_rejected,
    (_S.MULTIPLE_FRAME_ESTABLISHED, _I.XID): _nothing,
    (_S.MULTIPLE_FRAME_ESTABLISHED, _I.I): _information,
    (_S.MULTIPLE_FRAME_ESTABLISHED, _I.RR): _supervisory_in_7,
    (_S.MULTIPLE_FRAME_ESTABLISHED, _I.RNR): _supervisory_in_7,
    (_S.MULTIPLE_FRAME_ESTABLISHED, _I.REJ): _supervisory_in_7,
    (_S.MULTIPLE_FRAME_ESTABLISHED, _I.FRAME_ERROR): _frame_error,
    # State 8: timer recovery
    (_S.TIMER_RECOVERY, _I.DL_ESTABLISH_REQUEST): _establish,
    (_S.TIMER_RECOVERY, _I.DL_RELEASE_REQUEST): _release,
    (_S.TIMER_RECOVERY, _I.DL_DATA_REQUEST): _nothing,
    (_S.TIMER_RECOVERY, _I.PERSISTENT_DEACTIVATION): _deactivated,
    (_S.TIMER_RECOVERY, _I.OWN_RECEIVER_BUSY): _own_receiver_busy,
    (_S.TIMER_RECOVERY, _I.OWN_RECEIVER_READY): _own_receiver_ready,
    (_S.TIMER_RECOVERY, _I.T200_EXPIRY): _enquiry_late,
    (_S.TIMER_RECOVERY, _I.T203_EXPIRY): _nothing,
    (_S.TIMER_RECOVERY, _I.SABME): _reset_by_peer,
    (_S.TIMER_RECOVERY, _I.DISC): _released_by_peer,
    (_S.TIMER_RECOVERY, _I.UA): _unsolicited_ua,
    (_S.TIMER_RECOVERY, _I.DM): _peer_disconnected_in_recovery,
    (_S.TIMER_RECOVERY, _I.UI): _unit_data,
    (_S.TIMER_RECOVERY, _I.FRMR): _frame_rejected,
    (_S.TIMER_RECOVERY, _I.XID): _nothing,
    (_S.TIMER_RECOVERY, _I.I): _information,
    (_S.TIMER_RECOVERY, _I.RR): _supervisory_in_8,
    (_S.TIMER_RECOVERY, _I.RNR): _supervisory_in_8,
    (_S.TIMER_RECOVERY, _I.REJ): _supervisory_in_8,
    (_S.TIMER_RECOVERY, _I.FRAME_ERROR): _frame_error,
}
