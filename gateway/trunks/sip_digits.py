"""Further digits of a called number in INFO within the early dialog, the in-dialog method of overlap signalling.

3GPP TS 24.229 annex N, in part recalled: whoever wants more digits answers the INVITE with a reliable 183 without a
session description, which makes the dialog; each INFO then carries `SubsequentDigit` in application/x-session-info.
Where the trunk carries ISUP it carries SAM (Q.1912.5). One INFO is on its way at a time, so digits keep their order.
"""

from __future__ import annotations

import re
from typing import Final

from tandem.gateway.calls.model import Information
from tandem.gateway.log import Line
from tandem.gateway.sip.message import Message
from tandem.gateway.sip.primitives import Provisional
from tandem.gateway.sip.reliable import response_sequence
from tandem.gateway.trunks.sip_forks import SipForks
from tandem.gateway.trunks.sip_session import Session

#: What we send, and what it was called once it was registered; both are taken.
MEDIA_TYPE: Final = "application/x-session-info"
MEDIA_TYPES: Final = (MEDIA_TYPE, "application/session-info")
_DIGITS: Final = re.compile(r"^\s*SubsequentDigit\s*:\s*([0-9A-E*#]{1,32})\s*$", re.IGNORECASE | re.MULTILINE)
_OPTIONAL: Final = (("Content-Disposition", "signal;handling=optional"),)
_REQUIRED: Final = (("Content-Disposition", "signal;handling=required"),)
_SESSION_PROGRESS: Final = 183


def further_digits(message: Message) -> Information | None:
    """The digits that an INFO carries; None when it carries none. Nothing in it says that the number is whole."""
    part = next((found for kind in MEDIA_TYPES if (found := message.part(kind)) is not None), None)
    match = None if part is None else _DIGITS.search(part.body.decode("ascii", "replace"))
    return None if match is None else Information(match[1].upper().replace("*", "B").replace("#", "C"))


class SipDigits(SipForks):
    """Digits that go to a peer in INFO."""

    def only_collects(self, session: Session, output: Provisional, now: float) -> bool:
        """Whether a provisional response says no more than that further digits may come; they go out then."""
        wanted = self.trunks[session.trunk.name].digits_in_info and session.offered is not None and not session.settled
        if not wanted or output.status != _SESSION_PROGRESS or output.message.body:
            return False
        if response_sequence(output.message) is None:
            return False
        self._tell(session, now)
        return True

    def digits_on(self, session: Session, more: Information, now: float) -> None:
        """Further digits for the early dialog, as soon as there is one and it has taken those before."""
        before = "" if session.untold is None else session.untold.digits
        session.untold = Information(before + more.digits, more.complete)
        self._tell(session, now)

    def _tell(self, session: Session, now: float) -> None:
        more, encapsulation = session.untold, self.trunks[session.trunk.name].encapsulation
        if more is None or session.telling:
            return
        if encapsulation is not None:
            content_type, headers = encapsulation.content_type(), _REQUIRED
            body = encapsulation.subsequent(more).body
        elif more.digits:
            content_type, headers = MEDIA_TYPE, _OPTIONAL
            body = f"SubsequentDigit: {more.digits.replace('B', '*').replace('C', '#')}\r\n".encode()
        else:
            session.untold = None  # that the number is whole has no sign here
            return
        if self.agent.send_early_info(session.half.handle, content_type, body, headers, now):
            session.untold, session.telling = None, True

    def digits_told(self, session: Session, status: int | None, now: float) -> None:
        """An INFO with digits was answered; None: it was not."""
        session.telling = False
        if status is not None and status < 300:
            self._tell(session, now)
        elif not session.half.released:
            text = "no answer" if status is None else str(status)
            self._log(Line("warning", "!", session.half.reference, f"further digits were not taken: {text}"))
