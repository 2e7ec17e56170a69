"""Requests that wait in the PJSIP process until it is decided who sent them: REGISTER, and calls that need proof."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from tandem.gateway.pjsip import protocol
from tandem.gateway.sip.endpoint import Endpoint, Stream
from tandem.gateway.sip.errors import SipDecodeError
from tandem.gateway.sip.message import Request, parse_message
from tandem.gateway.sip.registrar import Registrar
from tandem.gateway.trunks.sip_pjsip_messages import source_of, uri_of


class Keeper(Protocol):
    """Who decides: `SipAdmission`."""

    registrar: Registrar

    def admit(self, request: Request, source: Endpoint, now: float) -> bool:
        """Whether a request is to go on; if not, it was answered, or gets no answer."""

    def answers_malformed(self, source: Endpoint, now: float) -> bool:
        """Whether the sender of what cannot be read gets an answer."""

    def is_banned(self, source: Endpoint, now: float) -> bool:
        """Whether a request from there is to be dropped unread."""

    def trunk_of_user(self, name: str) -> str:
        """The trunk that calls of a user come from."""


class PjsipGate:
    """Puts each request before the keeper, and its decision into a command."""

    def __init__(self, commands: list[protocol.Command]) -> None:
        """`commands` are for the PJSIP process."""
        self.keeper: Keeper | None = None
        self._commands = commands
        self._number = 0
        """The request that is being decided about; 0: none, or decided."""
        self._sources: Collection[Endpoint] = ()
        """Where phones have registered from, when that was last looked at."""
        self._streams: set[Endpoint] = set()
        """Those of them over connections, as the process was told of them."""

    def started(self) -> None:
        """The process has begun, and knows nothing."""
        self._sources, self._streams = (), set()
        self.tell_connections(anew=True)

    def arrived(self, event: protocol.RequestArrived, now: float) -> None:
        """A request waits."""
        keeper, source = self.keeper, source_of(event)
        assert keeper is not None, "there is one before the process begins"
        self._number = event.number
        caller, admitted = None, False
        if not keeper.is_banned(source, now):
            try:
                request = parse_message(event.message)
                if not isinstance(request, Request):
                    raise SipDecodeError("no request")
            except SipDecodeError as error:
                if keeper.answers_malformed(source, now):
                    self.answer(error.status, "", lasting=False)
            else:
                admitted = keeper.admit(request, source, now)
                caller = request.caller
        if admitted:
            account = "" if caller is None else keeper.trunk_of_user(caller)
            pinned = "" if caller is None else uri_of(source)
            self._commands.append(protocol.AdmitRequest(event.number, account, caller, pinned))
        elif self._number:
            self._commands.append(protocol.DropRequest(event.number))
        self._number = 0
        self.tell_connections(anew=event.transport != "udp")

    def answer(self, status: int, lines: str, *, lasting: bool) -> bool:
        """Answer the request that is being decided about; False where there is none. `lines` end with CRLF."""
        if not self._number:
            return False
        headers = [(name, value) for name, _, value in (line.partition(": ") for line in lines.split("\r\n")) if name]
        self._commands.append(protocol.AnswerRequest(self._number, status, headers, lasting))
        self._number = 0
        return True

    def tell_connections(self, *, anew: bool = False) -> None:
        """Have the connections stay open that phones have registered over; `anew`: there may be one more of them."""
        if self.keeper is None or not (anew or self._streams):
            return
        sources = self.keeper.registrar.sources()
        if sources is not self._sources:
            self._sources = sources
            streams: set[Endpoint] = {source for source in sources if isinstance(source, Stream)}
            if streams != self._streams:
                self._streams = streams
                self._commands.append(protocol.KeepConnections([(one[0], one[1]) for one in streams]))
