"""Descriptions that both sides of one call exchange where RTP passes PJMEDIA by; PJSIP waits for each of ours.

What comes is kept from PJSIP until the media process has an answer, and PJSIP sees a placeholder (`direct`).
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, cast

from . import direct, library
from .protocol import AnswerArrived, OfferAnswered, OfferArrived

if TYPE_CHECKING:
    from .calls import Call
    from .engine import Engine


class Offers:
    """Of one call: ours and the peer's."""

    def __init__(self, engine: Engine, call: Call) -> None:
        self._engine = engine
        # The object of a call that is over must end at once, not with the next garbage collection: PJSIP has another
        # call in its place by then, which would be hung up with it.
        self._call = cast("Call", weakref.proxy(call))
        self.session = b""
        """What goes out in the place of PJSIP's descriptions; empty: none does."""
        self.made = True
        """The INVITE had a description, or one has come since."""
        self._waiting = 0
        """The message with an offer of the peer that waits for its answer, as `library` keeps it."""
        self._sequence = 0
        """In CSeq of that request."""
        self._by_response = False
        """It is a response to our INVITE that waits."""
        self._settled = b""
        """What holds again when the peer refuses another description."""
        self._changing = False
        """A re-INVITE of ours with another description is on its way."""

    # --- ours

    def change(self, session: bytes) -> None:
        """A re-INVITE with another description is about to be sent."""
        self._settled, self.session, self._changing = self.session, session, self._call.direct

    def refused(self) -> None:
        """The peer refused a re-INVITE, perhaps that of `change`."""
        if self._changing:
            self.session, self._changing = self._settled, False

    def is_answer(self, transaction: Any, message: bytes) -> bool:
        """Whether a response to a request within the call answers an offer: ours, or PJSIP's that only refreshes."""
        return (
            transaction.method in ("INVITE", "UPDATE")
            and transaction.statusCode // 100 == 2
            and (direct.has_description(message) or (self._changing and transaction.method == "INVITE"))
        )

    def answered(self, message: bytes) -> None:
        """It does: tell it."""
        self._changing = False
        self._engine.tell(OfferAnswered(self._call.number, message))

    # --- the peer's

    def is_offered(self, received: int, message: bytes) -> bool:
        """The answer to our INVITE without a description has one: whether it waits for ours."""
        if self._call.over or (self.made and not self._by_response):
            return False
        if not self._by_response:
            self._waiting, self.made = library.keep(received), True
            self._by_response = bool(self._waiting)
            self._engine.tell(OfferArrived(self._call.number, message))
        return self._by_response

    def is_told(self, received: int, message: bytes) -> bool:
        """A request of this call with another description came: whether it waits for its answer, or was refused.

        In PRACK it is the answer to an offer of ours where the INVITE had none (RFC 3262 5).
        """
        if self._call.over or not self._call.direct:
            return False
        if message.startswith(b"PRACK ") and not self.made:
            self.made = True
            self._engine.tell(AnswerArrived(self._call.number, message))
            return False
        number = library.sequence_received(received)
        if self._waiting and number == self._sequence:
            return True  # once more
        if self._changing or self._call.updating or self._waiting:
            return library.refuse(received, 491)
        self._waiting, self._sequence = library.keep(received), number
        if self._waiting:
            self._engine.tell(OfferArrived(self._call.number, message))
        return bool(self._waiting)

    def answer(self, status: int, session: bytes) -> None:
        """Answer what waits, if anything does: PJSIP goes on with our description, or the offer is refused."""
        kept, self._waiting = self._waiting, 0
        if not kept:
            return
        if self._by_response:
            self.session, self._by_response = session, False
            library.go_on(kept, library.BEFORE_TRANSACTIONS)
        elif status < 300:
            self.session = session
            library.go_on(kept)
        else:
            library.refuse(kept, status)
            library.forget(kept)

    def end(self) -> None:
        """The call is over: so is what waits."""
        if self._waiting:
            if not self._by_response:
                library.refuse(self._waiting, 481)
            library.forget(self._waiting)
            self._waiting = 0
