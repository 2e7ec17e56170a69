"""Several contacts of a user rung at once: which answer counts, and what their refusals come to (RFC 3261 16.6, 16.7).

Each contact gets an INVITE of its own with the same offer. One of them is the call of the half-call, the others ring
beside it; when that one fails, another takes its place. The first that answers is the call, all others are cancelled.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from tandem.core.errors import EncodeError
from tandem.gateway.sip.message import Response
from tandem.gateway.sip.primitives import (
    Answered,
    CallOutput,
    Closed,
    Failed,
    InviteRequest,
    Provisional,
    Rejected,
    SessionOffered,
)
from tandem.gateway.trunks.sip_attempts import GLOBAL_FAILURE, REDIRECTIONS, SipAttempts
from tandem.gateway.trunks.sip_session import Failure, Place, Session

#: RFC 3326 2: a phone does not call this a missed call.
_ELSEWHERE: Final = (("Reason", 'SIP;cause=200;text="Call completed elsewhere"'),)
#: 16.7 step 6: of one class these are told first, as the caller can do something about them.
_TELLING: Final = (401, 407, 415, 420, 484)
_BUSY: Final = 486
_TIMEOUT: Final = 408
#: For another offer before the answer: only one of several dialogs will last.
_NOT_NOW: Final = 488


class SipForks(SipAttempts):
    """The INVITEs of one call to several contacts."""

    _forked: dict[int, Session]
    """Calls of the agent that ring beside that of their half-call, until they are over."""

    def _handle(self, output: CallOutput, now: float) -> None:
        """Act on what the agent says of a call."""
        raise NotImplementedError

    def _ring_beside(self, session: Session, places: list[Place], now: float) -> None:
        """Call these places too."""
        request = session.request
        assert request is not None  # set with the first INVITE
        for place in places:
            self._branch(session, replace(request, uri=place.uri or request.uri, destination=place.destination), now)

    def _branch(self, session: Session, request: InviteRequest, now: float) -> bool:
        """Call one more place with the same offer; False when that cannot be."""
        request = replace(request, call_id=f"{self._token()}@{self._domain}")
        try:
            call = self.agent.invite(request, now)
        except EncodeError:
            return False
        self._forked[call] = session
        session.branches[call] = request
        return True

    def _redirected(self, session: Session, status: int | None, response: Response | None, now: float) -> bool:
        """One of several places names another: call that at once, while the others ring (16.5, 16.7 step 4).

        Of several places that it names the first is called; the others are for when all have failed. False where
        redirections are not followed: the 3xx is then one failure among others.
        """
        if status not in REDIRECTIONS or response is None or session.request is None:
            return False
        found = self.next_target(session, response)
        return found is not None and self._branch(session, found, now)

    def others_ring(self, session: Session, status: int | None, response: Response | None, now: float) -> bool:
        """The call of the half-call failed, with `status` or without any: whether others go on in its place.

        A refusal for all (6xx) ends the others.
        """
        if not session.branches or not self._redirected(session, status, response, now):
            session.failures.append(Failure(status, response))
        if status is not None and status >= GLOBAL_FAILURE:
            self.end_branches(session, (), now)
        if not session.branches:
            return False
        call = next(iter(session.branches))
        request = session.branches.pop(call)
        del self._forked[call]
        session.request = request
        self._renumber(session, call, request, early_ends=False)
        return True

    def end_branches(self, session: Session, headers: tuple[tuple[str, str], ...], now: float) -> None:
        """Give up every call but that of the half-call."""
        branches, session.branches = session.branches, {}
        for call in branches:
            self.agent.end(call, 487, headers, now)

    def answered_here(self, session: Session, now: float) -> None:
        """The call of the half-call was answered: no other counts."""
        session.failures.clear()
        self.end_branches(session, _ELSEWHERE, now)

    def forked(self, session: Session, output: CallOutput, now: float) -> None:
        """Something came for a call that rings beside that of its half-call."""
        call = output.call
        match output:
            case Closed():
                del self._forked[call]
                session.branches.pop(call, None)
            case Answered(offer=offer) if call not in session.branches:
                # It crossed our CANCEL.
                if offer:
                    self.agent.acknowledge(call, None, now)
                self.agent.bye(call, (), now)
            case _ if call not in session.branches:
                pass
            case Answered():
                self._change_places(session, call)
                self._handle(output, now)
            case Rejected(status=status) if status >= GLOBAL_FAILURE:
                self._change_places(session, call)
                self._handle(output, now)
            case Rejected(status=status, message=response):
                del session.branches[call]
                if not self._redirected(session, status, response, now):
                    session.failures.append(Failure(status, response))
            case Failed():
                del session.branches[call]
                session.failures.append(Failure())
            case Provisional(status=status) if status > 100:
                self._progress(session, output, now)
            case SessionOffered():
                self.agent.answer_update(call, _NOT_NOW, now=now)
            case _:
                pass

    def _progress(self, session: Session, output: Provisional, now: float) -> None:
        """A provisional response to any of the INVITEs."""
        raise NotImplementedError

    def _change_places(self, session: Session, call: int) -> None:
        """Make this call that of the half-call, whose own rings beside it from now on."""
        before, request = session.half.handle, session.branches.pop(call)
        del self._forked[call]
        assert session.request is not None  # it rings
        session.branches[before], self._forked[before] = session.request, session
        session.request = request
        self._renumber(session, call, request, early_ends=False)


def best(failures: list[Failure]) -> Failure:
    """What the caller is told of several failures (16.7 step 6): 6xx, else of the lowest class.

    Of one class what the caller can do something about, then busy; that nobody responded comes last.
    """
    return min(failures, key=_rank)


def _rank(failure: Failure) -> tuple[int, int]:
    status = _TIMEOUT if failure.status is None else failure.status
    preference = 3 if failure.status is None or status == _TIMEOUT else 2
    if status in _TELLING:
        preference = 0
    elif status == _BUSY:
        preference = 1
    return (0 if status >= GLOBAL_FAILURE else status // 100), preference
