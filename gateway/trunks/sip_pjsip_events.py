"""What the PJSIP process says of calls that there are, turned into the primitives of our own agent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tandem.gateway.log import Line
from tandem.gateway.pjsip import protocol
from tandem.gateway.sip.message import Request, Response
from tandem.gateway.sip.primitives import (
    Answered,
    Cancelled,
    Closed,
    Confirmed,
    Ended,
    Failed,
    InfoReceived,
    InfoResult,
    Output,
    ProbeResult,
    Provisional,
    ProvisionalConfirmed,
    Refer,
    ReInvite,
    ReInviteResult,
    Rejected,
    SessionOffered,
    StreamMeasured,
    UpdateResult,
)
from tandem.gateway.sip.upkeep import GONE
from tandem.gateway.trunks.sip_pjsip_call import PjsipCall
from tandem.gateway.trunks.sip_pjsip_messages import dialog_in, message_in, statistics_of

_NO_ANSWER: Final = 408


class PjsipEvents:
    """Of the calls of one owner; a message in them names the PJSIP process in the place of the peer's media."""

    def __init__(
        self,
        calls: dict[int, PjsipCall],
        commands: list[protocol.Command],
        said: list[Output],
        media_address: str,
        log: Callable[[Line], None],
    ) -> None:
        """`commands` goes to the PJSIP process, `said` to the adapter; one that is over leaves `calls`."""
        self._calls = calls
        self._commands = commands
        self._said = said
        self._media_address = media_address
        self._log = log

    def within(self, event: protocol.Event, call: PjsipCall) -> None:
        """An event of one of the calls."""
        match event:
            case protocol.ResponseReceived(number, message, speech):
                self._response(number, call, message, speech)
            case protocol.CallConfirmed(number, speech, message) if isinstance(call.message, Request):
                acknowledgement = message_in(message)
                call.dialog = dialog_in(acknowledgement)
                call.describe(call.message, speech, self._media_address)
                by_peer = call.direct and isinstance(acknowledgement, Request)
                self._said.append(Confirmed(number, acknowledgement if by_peer else call.message))  # type: ignore[arg-type]
            case protocol.SpeechChanged(number, speech):
                self._speech_changed(number, call, speech)
            case protocol.OfferArrived(number, message):
                parsed = message_in(message)
                if isinstance(parsed, Response):
                    self._offered_in_answer(number, call, parsed)
                elif call.ending:
                    pass  # PJSIP refuses what waits when the call is over
                elif not isinstance(parsed, Request):
                    self._commands.append(protocol.AnswerOffer(number, 400))
                elif parsed.method == "INVITE":
                    self._said.append(ReInvite(number, parsed))
                else:
                    self._said.append(SessionOffered(number, parsed))
            case protocol.AnswerArrived(number, message):
                parsed = message_in(message)
                if isinstance(parsed, Request) and not call.ending:
                    self._said.append(ProvisionalConfirmed(number, parsed))
            case protocol.OfferAnswered(number, message):
                call.holding, answer = False, message_in(message)
                if isinstance(answer, Response) and not call.ending:
                    self._said.append(ReInviteResult(number, answer.status, answer))
            case protocol.HoldFailed(number, status):
                if call.holding:
                    call.holding = False
                    self._said.append(ReInviteResult(number, status, None))
            case protocol.InfoArrived(number, message):
                parsed = message_in(message)
                if isinstance(parsed, Request):
                    self._said.append(InfoReceived(number, parsed))
            case protocol.InfoAnswered(number, status):
                self._said.append(InfoResult(number, None if status == _NO_ANSWER else status))
            case protocol.UpdateArrived(number, message, speech):
                parsed = message_in(message)
                if isinstance(parsed, Request) and parsed.session and not call.ending:
                    call.describe(parsed, speech or call.speech, self._media_address)
                    self._said.append(SessionOffered(number, parsed))
            case protocol.UpdateAnswered(number, status, message):
                answer = message_in(message)
                if isinstance(answer, Response):
                    call.describe(answer, call.speech if answer.session else None, self._media_address)
                if not call.ending:
                    self._said.append(UpdateResult(number, status, answer if isinstance(answer, Response) else None))
            case protocol.TagChosen(value=tag):
                call.tag = tag
            case protocol.ReferArrived(number, message):
                parsed = message_in(message)
                call.referring = isinstance(parsed, Request) and not call.ending
                if isinstance(parsed, Request) and call.referring:
                    self._said.append(Refer(number, parsed))
                else:
                    self._commands.append(protocol.AnswerRefer(number, 603))
            case protocol.AskAnswered(number, status):
                self._said.append(ProbeResult(number, status not in GONE))
            case protocol.StreamMeasured(number):
                nothing = event == protocol.StreamMeasured(number, final=event.final)
                self._said.append(StreamMeasured(number, {} if nothing else statistics_of(event), event.final))
            case protocol.CallEnded():
                self._ended(event, call)

    def _response(self, number: int, call: PjsipCall, octets: bytes, speech: protocol.Speech | None) -> None:
        message = message_in(octets)
        if not isinstance(message, Response) or call.ending:
            return
        call.message = message
        call.describe(message, speech, self._media_address)
        if message.status < 200:
            self._said.append(Provisional(number, message.status, message, message.to.tag))
        elif not call.answered:
            call.answered = True
            call.dialog = dialog_in(message)
            self._said.append(Answered(number, message))

    def _offered_in_answer(self, number: int, call: PjsipCall, response: Response) -> None:
        """What our INVITE did not offer the peer does: PJSIP goes on when that is answered."""
        if call.ending:
            self._commands.append(protocol.AnswerOffer(number, 200))
            return
        call.message, call.answered, call.dialog = response, True, dialog_in(response)
        self._said.append(Answered(number, response, offer=True))

    def _speech_changed(self, number: int, call: PjsipCall, speech: protocol.Speech) -> None:
        if call.ending or call.message is None:
            return
        changed = speech != call.speech
        if call.holding:
            call.holding = False
            answer = Response(200, "OK", {}, b"")
            call.describe(answer, speech, self._media_address)
            self._said.append(ReInviteResult(number, 200, answer))
        elif changed:
            request = Request("UPDATE", "", {}, b"")
            call.describe(request, speech, self._media_address)
            self._said.append(SessionOffered(number, request))

    def _ended(self, event: protocol.CallEnded, call: PjsipCall) -> None:
        number = event.call
        del self._calls[number]
        if not call.ending:
            message = message_in(event.message)
            if isinstance(message, Response) and message.status >= 300 and not call.answered:
                self._said.append(Rejected(number, message.status, message))
            elif isinstance(message, Request) and message.method == "BYE":
                self._said.append(Ended(number, message))
            elif isinstance(message, Request):
                self._said.append(Cancelled(number, message))
            else:
                self._said.append(Failed(number, "timeout" if event.status == _NO_ANSWER else "transport"))
                self._log(Line("info", "=", "engine pjsua2", f"call ended by PJSIP: {event.status} {event.reason}"))
        self._said.append(Closed(number))
