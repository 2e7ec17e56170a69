"""Call control: the basic call, and calls whose parties are rearranged: joined, transferred, parted.

Pure, as `BasicCallControl` is.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from tandem.core.cause import Cause
from tandem.gateway.calls.accounting import Leg, ReleasedBy
from tandem.gateway.calls.actions import APPLICATIONS
from tandem.gateway.calls.basic import BasicCallControl, Timer
from tandem.gateway.calls.call import Call
from tandem.gateway.calls.half_call import HalfCall
from tandem.gateway.calls.model import Release, Retrieve, Setup
from tandem.gateway.calls.routing import Attempt
from tandem.gateway.media.protocol import Source

_JOINED = Release(Cause.NORMAL_CALL_CLEARING, diagnostic="joined to another call")
_TRANSFERRED = Release(Cause.NORMAL_CALL_CLEARING, diagnostic="transferred")


class CallControl(BasicCallControl):
    """All calls of the gateway, and other partners for their parties."""

    def join(self, first: HalfCall, second: HalfCall, now: float) -> bool:
        """Make one call of two answered halves of two calls; False when one of them is not (any more).

        What they were joined to is released. An application's side of a call leaves no record of its own: the call
        goes on with its identity and its times, and names in `linked` the one that it took in.
        """
        one, two = first.call, second.call
        if one is None or two is None or first.released or second.released or first is second:
            return False
        if not (first.answered and second.answered):
            return False
        if one is two:
            return True
        for half in (first, second):
            self._retrieve(half, now)
        kept = next((half for half in (first, second) if self._with_application(half)), None)
        if kept is None:
            setup, links = one.setup, [one.identity, two.identity]
            legs = self._leave(first, _JOINED, "gateway", now) | self._leave(second, _JOINED, "gateway", now)
            call = self._begin(first, setup, (), now)
            call.linked, call.answer_time, call.outgoing = links, now, second
            call.attempt = two.attempt or one.attempt
            call.open_halves, second.call = 2, call
        else:
            other = second if kept is first else first
            call, taken = kept.call or one, other.call or two
            legs = self._leave(other, _JOINED, "gateway", now)
            call.linked += [taken.identity, *(taken.linked if taken.recorded else ())]
            call.attempts_made += taken.attempts_made
            former = kept.other
            if kept is call.incoming:
                call.outgoing = other
                call.attempt = taken.attempt or call.attempt
            else:
                call.incoming = other
            call.open_halves += 1
            other.call = call
            if call.answer_time is None:
                call.answer_time = now
            if former is not None:
                self._release_half(former, _JOINED, now)
        self.ledger.give_legs(call, legs)
        self.ledger.note(call)
        self._timers.stop((call.identity, Timer.NO_ANSWER))
        self._connect(call)
        if self.observer is not None and call.outgoing is not None:
            self.observer.bridged(call.incoming, call.outgoing, now)
        return True

    def transfer(
        self, half: HalfCall, setup: Setup, attempts: Iterable[Attempt], now: float, release: Release | None = None
    ) -> bool:
        """Route the call of `half` anew; its other side is released, with `release`. False when `half` has ended.

        Who has been answered stays so, and hears ringback or what the new called side sends until that answers.
        """
        call = half.call
        if call is None or half.released or call.release is not None:
            return False
        self._retrieve(half, now)
        other, release = half.other, release or _TRANSFERRED
        if call.answer_time is not None and other is not None and not other.is_application:
            link = call.identity
            legs = self._leave(half, release, "gateway", now)
            call = self._begin(half, setup, attempts, now)
            call.linked.append(link)
            self.ledger.give_legs(call, legs)
        else:
            self._timers.stop((call.identity, Timer.NO_ANSWER))
            call.incoming, call.outgoing = half, None
            call.setup, call.attempts, call.more = setup, iter(attempts), None
            call.answer_time, call.passed_backward = None, False
            if other is not None:
                self._release_half(other, release, now)
            self.media_commands += [Source(endpoint, None) for endpoint in half.endpoints]
        self._try_next(call, None, "gateway", now)
        return True

    def transfer_both(
        self,
        half: HalfCall,
        own: tuple[Setup, Iterable[Attempt]],
        others: tuple[Setup, Iterable[Attempt]],
        now: float,
    ) -> bool:
        """Part `half` and whom it talks with, and route each anew; False when they do not talk (any more)."""
        call, other = half.call, half.other
        if call is None or call.release is not None or other is None or half.released or other.released:
            return False
        if call.answer_time is None or half.is_application or other.is_application:
            return False
        self._retrieve(half, now)
        self._retrieve(other, now)
        parted = [(one, *anew, self._take_out(one)) for one, anew in ((half, own), (other, others))]
        self._end(call, _TRANSFERRED, "gateway", now, tone=False)
        for one, setup, attempts, legs in parted:
            new = self._begin(one, setup, attempts, now)
            new.linked.append(call.identity)
            self.ledger.give_legs(new, legs)
        for one, *_ in parted:
            if one.call is not None:
                self._try_next(one.call, None, "gateway", now)
        return True

    def _go_on(self, call: Call, half: HalfCall, survivor: HalfCall, release: Release, now: float) -> None:
        """`half` released, and `survivor` has something to do after that."""
        self._retrieve(survivor, now)
        actions, survivor.after = survivor.after, ()
        by: ReleasedBy = "incoming" if half is call.incoming else "outgoing"
        setup = call.setup
        attempt = Attempt("after the call", APPLICATIONS, setup, Cause.NORMAL_CALL_CLEARING, frozenset(), actions)
        legs = self._leave(survivor, release, by, now)
        link = call.identity
        call = self._begin(survivor, setup, (attempt,), now)
        call.linked.append(link)
        self.ledger.give_legs(call, legs)
        self._try_next(call, None, "gateway", now)

    @staticmethod
    def _retrieve(half: HalfCall, now: float) -> None:
        """Whoever held `half` has nothing to do with it any more."""
        other = half.other
        if other is not None and other.held:
            other.held = False
            half.trunk.send(half, Retrieve(), now)

    @staticmethod
    def _with_application(half: HalfCall) -> bool:
        other = half.other
        return other is not None and other.is_application

    def _leave(self, half: HalfCall, release: Release, by: ReleasedBy, now: float) -> set[int]:
        """Take `half` out of its call, which ends without it; the legs whose statistics go with it."""
        call, absorbed = half.call, self._with_application(half)
        assert call is not None
        legs = self._take_out(half)
        if call.release is None:
            if absorbed:
                self.ledger.drop(call)
            self._end(call, release, by, now, tone=False)
        return legs

    def _take_out(self, half: HalfCall) -> set[int]:
        """Take `half` out of its call; the legs whose statistics go with it.

        The record of that call keeps what is known of the half now.
        """
        call = half.call
        assert call is not None
        legs = self.ledger.take_legs(call, half)
        call.open_halves -= 1
        known = HalfCall(half.trunk, half.incoming, reference=half.reference, released=True, leg=_copy(half.leg))
        known.uuid, known.answered = half.uuid, half.answered
        if half is call.incoming:
            call.incoming = known
        else:
            call.outgoing = known
        half.call = None
        self.media_commands += [Source(endpoint, None) for endpoint in half.endpoints]
        return legs


def _copy(leg: Leg) -> Leg:
    """What is known of a leg now."""
    return msgspec.structs.replace(leg)
