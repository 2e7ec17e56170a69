"""What stands at a peer when the process that made it is no more, and how another process ends it.

A gateway that was killed has left dialogs that were confirmed, INVITEs of its own without a final response, and INVITEs
of peers that wait for one. Each is kept as what the message that ends it is made of: a BYE, a CANCEL, a refusal.
"""

from __future__ import annotations

from typing import Final

import msgspec

from tandem.gateway.sip.dialog import Dialog, RequestHead
from tandem.gateway.sip.endpoint import Endpoint, endpoint_of
from tandem.gateway.sip.message import Request, parse_message
from tandem.gateway.sip.server_transaction import ServerTransaction

#: Requests that may have been sent in a dialog since it was kept: the CSeq of the BYE must be higher than that of each
#: of them, and may be higher by more than one (RFC 3261 12.2.2).
SEQUENCE_LEAP: Final = 1 << 16

Place = tuple[str, str, int, str]
"""Transport, address, port, and the name that its certificate must bear: an endpoint without its connection."""


class StandingDialog(msgspec.Struct, frozen=True, array_like=True, tag="dialog"):
    """A confirmed dialog: it ends with BYE."""

    call_id: str
    local: str
    """Our From value."""
    remote: str
    cseq: int
    target: str
    routes: list[str]
    place: Place

    @classmethod
    def of(cls, dialog: Dialog) -> StandingDialog:
        """What is to be known of `dialog`."""
        place = place_of(dialog.destination)
        return cls(dialog.call_id, dialog.local, dialog.remote, dialog.local_cseq, dialog.target, dialog.routes, place)

    def dialog(self) -> Dialog:
        """The dialog again, for requests of ours."""
        dialog = Dialog(self.call_id, (self.local, ""), (self.remote, ""), self.cseq + SEQUENCE_LEAP, None)
        dialog.target, dialog.routes = self.target, self.routes
        dialog.fallback, dialog.pinned, dialog.confirmed = endpoint_at(self.place), True, True
        return dialog


class SentInvite(msgspec.Struct, frozen=True, array_like=True, tag="sent"):
    """An INVITE of ours without a final response: it ends with CANCEL."""

    head: RequestHead
    place: Place


class ReceivedInvite(msgspec.Struct, frozen=True, array_like=True, tag="received"):
    """An INVITE of a peer that has no final response: it ends with one."""

    uri: str
    echo: str
    """The Via, From, Call-ID and CSeq lines that every response repeats (RFC 3261 8.2.6.2)."""
    to: str
    tag: str
    """The tag of To in our responses."""
    place: Place

    @classmethod
    def of(cls, transaction: ServerTransaction, tag: str) -> ReceivedInvite:
        """What is to be known of the INVITE of `transaction`, whose responses have `tag`."""
        request = transaction.request
        place = place_of(transaction.destination)
        return cls(request.uri_text, transaction.echo, request.fields["to"][0], tag, place)

    def request(self) -> Request:
        """As much of the INVITE as its refusal needs; raise SipDecodeError when it is none."""
        text = f"INVITE {self.uri} SIP/2.0\r\n{self.echo}To: {self.to}\r\nMax-Forwards: 0\r\nContent-Length: 0\r\n\r\n"
        request = parse_message(text.encode())
        assert isinstance(request, Request)  # as its start line says
        return request


Standing = StandingDialog | SentInvite | ReceivedInvite


def place_of(endpoint: Endpoint) -> Place:
    """An endpoint, but for a connection: that ends with us."""
    if len(endpoint) == 2:
        return "udp", endpoint[0], endpoint[1], ""
    return endpoint.transport, endpoint.host, endpoint.port, endpoint.name


def endpoint_at(place: Place) -> Endpoint:
    """The endpoint again."""
    return endpoint_of(*place)
