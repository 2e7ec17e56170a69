"""Tandem's modules in PJSIP: what each message passes before PJSIP's transactions and dialogs see it, or it is sent."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from tandem.gateway.sip.errors import SipDecodeError
from tandem.gateway.sip.message import parse_message

from . import library, requests, sound
from .fields import ISUP, is_within_dialog
from .peers import shown
from .protocol import Content

if TYPE_CHECKING:
    from .calls import Call
    from .engine import Engine

_LATER: Final = [("Retry-After", "60")]
"""With 503 while no new calls are wanted, as of Tandem's own agent."""


class Modules:
    """Those that are asked about each message."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._exchange = engine.exchange
        self._guarded = any(account.guarded for account in engine.configuration.accounts)
        self.pins: dict[str, bytes] = {}
        """Where the requests of a call of ours go to, whatever the peer's Contact says, by its Call-ID."""
        self.refreshers: dict[str, bytes] = {}
        """Who is to refresh the session of a call of ours, by its Call-ID."""
        self._released: Content | None = None
        """What the 200 to the BYE that PJSIP is about to see is to have in it."""
        self.leaving = False
        """No new calls are wanted."""
        self._modules = (
            library.Module(library.BEFORE_TRANSACTIONS, request=self._first, response=self._response),
            library.Module(
                library.BEFORE_DIALOGS,
                request=self._request,
                sent_request=self._sent_request,
                sent_response=self._sent_response,
            ),
            library.Module(library.LOG, sent_request=self._exchange.goes, sent_response=self._exchange.goes),
        )

    def register(self) -> None:
        """Be asked from now on; once the endpoint is initialised."""
        for module in self._modules:
            module.register()

    # --- what comes

    def _first(self, received: int) -> bool:
        """A request came: whether PJSIP is to see nothing of it at all."""
        if not sound.is_sound(library.octets_of(received)):
            return True
        self._heard(received)
        return self._exchange.comes(received)

    def _heard(self, received: int) -> None:
        """A message came: where nobody registers, its connection is one that is used."""
        if not self._guarded:
            self._engine.gate.proved(requests.connection_of(received))

    def _request(self, received: int) -> bool:
        """A request came that PJSIP has not answered: whether it is to see nothing of it for now.

        What a REFER asks for, and an INVITE with Replaces, is for call control to do: PJSIP would do it by itself.
        An ACK outside a dialog acknowledges nothing; one that is like an INVITE else has PJSIP answer it (482), and a
        build with assertions end.
        """
        message = library.octets_of(received)
        self._released = None
        _hide_isup(received, message)
        if self._exchange.hide_description(received, message):
            return True
        if message.startswith(b"INVITE "):
            library.without_header(received, b"Replaces")
        if self.leaving and message.startswith(b"OPTIONS ") and not is_within_dialog(message):
            return requests.answer(received, 503, _LATER, lasting=False)
        if self._guarded and self._must_prove(received, message):
            return True
        if message.startswith(b"ACK "):
            return not is_within_dialog(message)
        elif message.startswith(b"REFER "):
            call = self._call_of(message)
            return call is not None and call.asked_to_transfer(received, message)
        elif message.startswith(b"BYE ") and ISUP in message.lower():
            call = self._call_of(message)
            self._released = None if call is None else call.released
        return False

    def _call_of(self, message: bytes) -> Call | None:
        """The answered call whose dialog a request is of."""
        try:
            request = parse_message(message)
        except SipDecodeError:
            return None
        return next((call for call in self._engine.calls.values() if call.is_of(request)), None)

    def _must_prove(self, received: int, message: bytes) -> bool:
        """Whether a request waits for what the signalling process decides: outside a dialog, and of no known peer."""
        if message.startswith(b"ACK ") or is_within_dialog(message):
            return False
        if message.startswith(b"CANCEL "):
            return self._engine.gate.cancel(received, message)
        source = shown(requests.origin_of(received))
        found = self._engine.peers.account_of(source, requests.transport_of(received))
        if found is not None and not self._engine.accounts.by_name[found].guarded:
            self._engine.gate.proved(requests.connection_of(received))
            return False
        return self._engine.gate.ask(received, message, time.monotonic())

    def _response(self, received: int) -> bool:
        """A response came: whether PJSIP is to see nothing of it for now."""
        self._heard(received)
        self._exchange.comes(received)
        message = library.octets_of(received)
        _hide_isup(received, message)
        if self.pins and (place := self.pins.get(library.call_id_received(received))) is not None:
            requests.route_back(received, place)
        return self._exchange.hide_description(received, message)

    # --- what is sent

    def _sent_request(self, sent: int) -> bool:
        """A request is being sent: an INVITE names who is to refresh the session."""
        if self.refreshers and (who := self.refreshers.get(library.call_id_of_sent(sent))) is not None:
            library.name_refresher_sent(sent, who)
        return False

    def _sent_response(self, sent: int) -> bool:
        """A response is being sent: RLC belongs into that to a BYE with REL.

        PJSIP makes each answer to INVITE of the one before, with the fields of that, which are taken out.
        """
        content, self._released = self._released, None
        self._exchange.bare = False
        if content is not None and library.status_sent(sent, b"BYE") == 200:
            library.with_body(sent, 200, content.media_type, content.octets)
        elif (status := library.status_sent(sent, b"INVITE")) > 100:
            message = library.response_sent(sent, status)
            if self._guarded and message:
                requests.without_route_back(message)
            call_id = library.call_id_in(message)
            invite = call_id, library.sequence_in(message)
            call = next((call for call in self._engine.calls.values() if call.answers == invite), None)
            self._exchange.bare = status == 183 and call is not None and call.bare
            for (name, value), count in call.fields.get(status, {}).items() if call is not None else ():
                library.keep_last(message, name.encode(), value.encode(), count)
        return False


def _hide_isup(received: int, message: bytes) -> None:
    """Have PJSIP not see a body with ISUP and no description: it would refuse that, or end the call (415)."""
    folded = message.lower()
    if ISUP in folded and b"application/sdp" not in folded:
        library.without_body(received)
