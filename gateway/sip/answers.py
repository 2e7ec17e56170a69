"""The 2xx responses to an INVITE of ours, of which forks bring several: each gets its ACK (RFC 3261 13.2.2.4)."""

from __future__ import annotations

from enum import IntEnum

from tandem.gateway.sip.call import Bye, Extra
from tandem.gateway.sip.client_transaction import ClientTransaction
from tandem.gateway.sip.dialog import Dialog
from tandem.gateway.sip.endpoint import Endpoint
from tandem.gateway.sip.errors import SipDecodeError
from tandem.gateway.sip.layer import TransactionLayer
from tandem.gateway.sip.message import Response
from tandem.gateway.sip.primitives import Credentials, InviteRequest
from tandem.gateway.sip.transaction import Transaction


class Answers:
    """The ACKs of one INVITE, sent again when their 2xx comes again.

    Once the call is over this is the user of the INVITE transaction in its place, with all that is needed of it: a
    fork that answers that late gets a BYE.
    """

    __slots__ = ("_acks", "_authorization", "_credentials", "_cseq", "_layer", "_pinned", "_uri")

    def __init__(
        self,
        layer: TransactionLayer,
        invite: InviteRequest,
        cseq: int,
        authorization: str,
        credentials: Credentials | None,
    ) -> None:
        self._layer = layer
        self._uri = invite.uri
        self._pinned = invite.pinned
        self._cseq = cseq
        self._authorization = authorization
        """The line that answered the challenge to the INVITE: the ACK has it too (22.1)."""
        self._credentials = credentials
        self._acks: tuple[tuple[str, bytes, Endpoint], ...] = ()
        """To tag, ACK, and where it went."""

    def repeat(self, tag: str) -> bool:
        """Send the ACK of the 2xx with this To tag again; False when it has had none."""
        for known, ack, destination in self._acks:
            if known == tag:
                self._layer.send(ack, destination)
                return True
        return False

    def confirm(self, response: Response, source: Endpoint, early: Dialog | None) -> Dialog:
        """The dialog of a 2xx (13.2.2.4): its route set is computed anew, the sequence numbers of `early` go on."""
        try:
            dialog = Dialog.from_response(response, self._cseq, source)
        except SipDecodeError:
            self._layer.statistics["2xx without usable Contact"] += 1
            for name in ("contact", "record-route"):
                response.fields.pop(name, None)
            dialog = Dialog.from_response(response, self._cseq, source)
        if early is not None:
            dialog.local_cseq, dialog.remote_cseq = early.local_cseq, early.remote_cseq
        if not dialog.target:
            dialog.target = early.target if early is not None and early.target else self._uri
        dialog.pinned = self._pinned
        dialog.confirmed = True
        return dialog

    def acknowledge(self, dialog: Dialog, response: Response, body: bytes | None = None) -> None:
        """Send the ACK of a 2xx, with the answer to its offer."""
        destination = dialog.destination
        content = "Content-Type: application/sdp\r\n" if body else ""
        head = dialog.head(self._layer.via(), response.cseq)
        ack = self._layer.acknowledge(head, destination, f"{self._authorization}{content}", body)
        self._acks += ((response.to.tag or "", ack, destination),)

    def leave(self, dialog: Dialog, now: float) -> None:
        """End what another fork has answered."""
        Bye(self._layer, dialog, Extra(), self._credentials).send("", now)

    # --- the user of the transaction of a call that is over

    def on_response(self, transaction: ClientTransaction, response: Response, source: Endpoint, now: float) -> None:
        """A 2xx again, or that of another fork."""
        if not self.repeat(response.to.tag or ""):
            dialog = self.confirm(response, source, None)
            self.acknowledge(dialog, response)
            self.leave(dialog, now)

    def on_timeout(self, transaction: Transaction, now: float) -> None:
        """It was answered."""

    def on_timer(self, timer: IntEnum, now: float) -> None:
        """No timers."""
