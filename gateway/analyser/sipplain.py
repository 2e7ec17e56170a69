"""Calls of SIP that went as most do, followed in bulk: one INVITE, and whatever comes once of each kind behind it.

An INVITE that answers a challenge goes on with its call. Whatever else happens (a message that is repeated, another
INVITE outside the dialog, a message that has to be read word by word) hands all messages of the call to
`DialogTracker`, which follows calls one by one. Either way a record is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from . import speed
from .attempts import MOST_MESSAGES, MOST_OPEN
from .dialogs import CHALLENGES, PATIENCE, REMEMBERED, Spoken, host_of
from .model import Message, Protocol, Where
from .network import Ints
from .packets import among, groups, starts
from .sipblocks import SipBlock, block_of, last_retry, releases
from .sipbulk import BYE, CANCEL, INVITE, SipRows
from .sipkeys import key_of
from .sipscan import scan
from .sipwords import described
from .texts import Texts

_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_UNDER_WAY, _OVER, _SPOILT = range(3)


class _Wanted:
    """A call whose speech is looked for."""

    __slots__ = ("completed", "id", "released", "start")

    def __init__(
        self, number: int, start: float, released: float | None = None, completed: float | None = None
    ) -> None:
        self.id = f"sip-{number}"
        self.start = start
        self.released = released
        self.completed = completed


class Wishes:
    """Where calls that are followed in bulk want their speech; read only once there is any in the capture."""

    def __init__(self, calls: Calls, numbers: Ints, starts: np.ndarray, bodies: Texts) -> None:
        self._calls = calls
        self._numbers = numbers
        self._starts = starts
        self._bodies = bodies

    def __len__(self) -> int:
        return len(self._numbers)

    def forget(self, before: float) -> None:
        """Let go of those of calls that were over by this time, or that others follow now."""
        over = self._calls.over(before)
        if not len(over):
            return
        place = np.minimum(np.searchsorted(over, self._numbers), len(over) - 1)
        kept = np.flatnonzero(over[place] != self._numbers)
        if len(kept) < len(self._numbers):
            self._numbers, self._starts = self._numbers[kept], self._starts[kept]
            self._bodies = self._bodies.some(kept).compact()

    def resolve(self) -> Iterator[tuple[str, Spoken]]:
        """Each as an address, and the call."""
        for number, start, body in zip(
            self._numbers.tolist(), self._starts.tolist(), self._bodies.tolist(), strict=True
        ):
            if (wish := described(body)) is not None and (call := self._calls.spoken(number, start)) is not None:
                yield wish[0], call


class Calls:
    """When calls that are followed in bulk were over, for whoever looks for their speech."""

    def __init__(self) -> None:
        self._known: dict[int, _Wanted] = {}
        """Calls that were asked for."""
        self._numbers = np.zeros(0, np.int64)
        self._released = self._completed = np.zeros(0)
        self._more: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        self._handed: set[int] = set()
        self._over: Ints | None = None
        """What `over` gives until `forget` is called."""

    def ended(self, block: SipBlock) -> None:
        """The calls of a block are over."""
        self._more.append((block.number, block.released, block.completed))
        if self._known:
            for number, released, completed in zip(
                block.number.tolist(), block.released.tolist(), block.completed.tolist(), strict=True
            ):
                if (call := self._known.pop(number, None)) is not None:
                    call.released, call.completed = _time(released), _time(completed)

    def handed(self, number: int) -> None:
        """Others follow this call now."""
        self._handed.add(number)
        if (call := self._known.pop(number, None)) is not None:
            call.start = np.inf

    def over(self, before: float) -> Ints:
        """The numbers of calls that were over by this time, or that others follow, in order."""
        if self._over is None:
            self._gather()
            ended = np.where(np.isnan(self._completed), self._released, self._completed)
            self._over = np.sort(
                np.concatenate((self._numbers[ended < before], np.array(list(self._handed), np.int64)))
            )
        return self._over

    def forget(self, before: float) -> None:
        """Nobody asks for those any more that were over by this time."""
        self._over = None
        self._handed.clear()
        self._gather()
        kept = ~(np.where(np.isnan(self._completed), self._released, self._completed) < before)
        self._numbers = self._numbers[kept]
        self._released, self._completed = self._released[kept], self._completed[kept]

    def spoken(self, number: int, start: float) -> Spoken | None:
        """The call with a number; None where others follow it."""
        if (call := self._known.get(number)) is not None:
            return call
        if number in self._handed:
            return None
        self._gather()
        place = int(np.searchsorted(self._numbers, number))
        if place < len(self._numbers) and self._numbers[place] == number:
            return _Wanted(number, start, _time(self._released[place]), _time(self._completed[place]))
        call = self._known[number] = _Wanted(number, start)
        return call

    def _gather(self) -> None:
        if not self._more:
            return
        parts, self._more = [(self._numbers, self._released, self._completed), *self._more], []
        numbers = np.concatenate([part[0] for part in parts])
        order = np.argsort(numbers)
        self._numbers = numbers[order]
        self._released = np.concatenate([part[1] for part in parts])[order]
        self._completed = np.concatenate([part[2] for part in parts])[order]


def _time(value: float) -> float | None:
    return None if value != value else float(value)


class PlainDialogs:
    """Takes rows batch by batch; gives blocks of calls that are over, and messages for others to follow."""

    def __init__(
        self,
        ends: list[Where],
        done: Callable[[SipBlock], None],
        followed: Callable[[], Iterable[int]],
        want: Callable[[Wishes], None],
        seen: Callable[[Message], None],
    ) -> None:
        """`followed` tells the keys of attempts that others follow, `want` hears of where they want speech.

        `seen` hears of messages that went before what others are to follow.
        """
        self._ends = ends
        self._done = done
        self._followed = followed
        self._want = want
        self._seen = seen
        self._recent = SipRows.none()
        """The last rows of calls that are over: what comes again may begin with one of them."""
        self._waiting = SipRows.none()
        """Rows of the calls under way, call by call."""
        self._all = self._waiting
        self._over = self._left = self._new = self._openings = self._begun = np.zeros(0, np.int64)
        self.calls = Calls()

    def __len__(self) -> int:
        """Attempts under way."""
        return int(np.count_nonzero(self._waiting.opens))

    def take(self, rows: SipRows, messages: list[Message]) -> tuple[list[Message], Ints]:
        """The messages to be followed one by one, in order, and the packets in which calls begin that are not.

        `messages` are those of the same batch. `settle` must follow once these were taken.
        """
        others = np.concatenate((self._others(messages), self._again(rows, messages)))
        if not len(rows) and not len(self._waiting):
            return messages, np.zeros(0, np.int64)
        found = self._all = SipRows.joined([self._waiting, rows])
        fresh = len(self._waiting)
        order, of, ends = groups(found.key)
        first = order[starts(ends)]
        if np.count_nonzero(found.opens) > np.count_nonzero(found.opens[first]):
            again = found.opens[order]
            again[starts(ends)] = False
            again &= _answers(found, order, of[order])
            found.opens[order[again]], found.retry[order[again]] = False, True
        odd = among(found.key, others)
        verdict = (_verdict if speed.speedups is None else _compiled_verdict)(found, order, ends, odd)
        told = np.repeat(verdict, np.diff(ends, prepend=0))
        self._over, self._left, handed = (order[told == which] for which in (_OVER, _UNDER_WAY, _SPOILT))
        if np.count_nonzero(found.opens[self._left]) > MOST_OPEN:
            # Bounded: whoever follows one by one gives up those idle longest.
            handed, self._left = np.concatenate((handed, self._left)), self._left[:0]
        kept = fresh + np.flatnonzero(verdict[of[fresh:]] != _SPOILT)
        if len(handed) > np.count_nonzero(told == _SPOILT):
            kept = kept[verdict[of[kept]] == _OVER]
        begun = kept[found.opens[kept]]
        begun = begun[np.argsort(found.packet[begun], kind="stable")]
        # What asks for speech does so in the order of the capture.
        self._new = kept[found.words.size[kept] > 0]
        self._openings = first[of[self._new]]
        self._begun = begun
        if len(handed):
            messages = sorted([*messages, *self._give(found, handed)], key=lambda message: message.packet)
        return messages, found.packet[begun]

    def settle(self, numbers: np.ndarray) -> None:
        """The batch is done: `numbers` of the calls that begin in it; give out those that are over."""
        found = self._all
        if not len(found):
            return
        found.number[self._begun] = numbers
        self._speech(found)
        if len(self._over):
            self._give_out(found, self._over)
        self._waiting, self._all = found.some(self._left).lean(), SipRows.none()
        self._over = self._left = self._new = self._begun = np.zeros(0, np.int64)

    def expire(self, now: float) -> None:
        """Give out what was released and then not heard of for long; comes last of what is done for a batch."""
        self._expire(now)
        self._recent = self._recent.lean()

    def _expire(self, now: float) -> None:
        rows = self._waiting
        if not len(rows):
            return
        offset = np.flatnonzero(rows.opens)
        size = np.diff(offset, append=len(rows))
        idle = now - rows.time[offset + size - 1] >= PATIENCE
        if not idle.any():
            return
        over = idle & np.bitwise_or.reduceat(_released(rows, offset, size), offset)
        if over.any():
            which = np.repeat(over, size)
            self._give_out(rows, np.flatnonzero(which))
            self._waiting = rows.some(np.flatnonzero(~which))

    def rest(self) -> None:
        """Give out everything that is under way: the capture ends here."""
        rows, self._waiting = self._waiting, SipRows.none()
        if len(rows):
            self._give_out(rows, np.arange(len(rows)))

    def _give_out(self, rows: SipRows, which: Ints) -> None:
        """Calls that are over, their rows `which` one call behind the other."""
        offset = np.flatnonzero(rows.opens[which])
        block = block_of(rows, which, offset, np.diff(offset, append=len(which)))
        self.calls.ended(block)
        self._done(block)
        kept = SipRows.joined([self._recent, rows.some(which[-REMEMBERED:])])
        self._recent = kept.some(slice(-REMEMBERED, None))

    def _again(self, rows: SipRows, messages: list[Message]) -> np.ndarray:
        """Keys of calls that begin once more after they were over: what is repeated in them others must tell."""
        recent = self._recent
        if not len(recent):
            return np.zeros(0, np.uint64)
        begun = [message.value.key for message in messages if message.type == "INVITE" and message.value is not None]
        again = among(recent.key, np.concatenate((rows.key[rows.opens], np.array(begun, np.uint64))))
        if again.any():
            for message in recent.messages(np.flatnonzero(again), self._ends):
                self._seen(message)
            self._recent = recent.some(~again)
        return recent.key[again]

    def _give(self, found: SipRows, which: Ints) -> list[Message]:
        """Rows as messages for others, who hear of keys with them, and for whom speech is looked for from here on."""
        messages = found.messages(which, self._ends)
        for message, key in zip(messages, found.key[which].tolist(), strict=True):
            message.value = scan(message.octets)
            if message.value is not None:
                message.value.key = key
            if message.number:
                self.calls.handed(message.number)
        return messages

    def _speech(self, found: SipRows) -> None:
        rows = self._new
        if not len(rows):
            return
        of = self._openings
        self._want(Wishes(self.calls, found.number[of], found.time[of], found.words.some(rows).compact()))

    def _others(self, messages: list[Message]) -> np.ndarray:
        """Keys of calls of which there are messages that are not in rows, or that others follow."""
        keys = list(self._followed())
        for message in messages:
            if message.protocol is Protocol.SIP:
                scanned = message.value = scan(message.octets)
                if scanned is not None:
                    where = message.where
                    scanned.key = key_of(scanned.call_id, host_of(where.source), host_of(where.destination))
                    keys.append(scanned.key)
        return np.array(keys, np.uint64)


def _answers(found: SipRows, order: Ints, group: Ints) -> np.ndarray:
    """(n,) rows, in `order`, before which the call was refused with a challenge, and nothing has come of it yet.

    `group` numbers the calls, whose rows follow each other.
    """
    kind, tag, index = found.kind[order], found.tag[order], np.arange(len(order))
    begin = np.searchsorted(group, group)
    mine = tag == tag[begin]
    response = (kind > 0) & (found.method[order] == INVITE) & mine
    refusal = np.maximum.accumulate(np.where(response & (kind >= 300), index, -1))
    invite = np.maximum.accumulate(np.where(found.opens[order] | found.retry[order], index, -1))
    other = (response & (kind >= 200) & (kind < 300)) | (kind == -BYE) | (kind == -CANCEL)
    before = np.cumsum(other)
    challenged = np.isin(kind[refusal], tuple(CHALLENGES)) & (refusal >= begin)
    found_at: np.ndarray = mine & challenged & (before == before[begin])
    # Of the INVITE itself the one before it counts.
    found_at[1:] &= refusal[1:] > invite[:-1]
    return found_at


def _compiled_verdict(found: SipRows, order: Ints, ends: Ints, odd: np.ndarray) -> np.ndarray:
    verdict = np.empty(len(ends), np.uint8)
    speed.speedups.dialogs(
        order, ends, found.kind, found.method, found.opens.view(np.uint8), found.sequence, found.place,
        odd.view(np.uint8), MOST_MESSAGES, verdict,
    )  # fmt: skip
    return verdict


def _verdict(found: SipRows, order: Ints, ends: Ints, odd: np.ndarray) -> np.ndarray:
    """Of n calls, whose rows stand in `order` up to `ends`, whether each is over, spoilt, or under way."""
    size = np.diff(ends, prepend=0)
    begin = ends - size
    opens, final = found.opens[order], (found.kind[order] >= 200) & (found.method[order] == BYE)
    first, last = np.zeros(len(order), np.bool_), np.zeros(len(order), np.bool_)
    first[begin] = last[ends - 1] = True
    bad = (first != opens) | (final & ~last) | _repeated(found)[order] | odd[order]
    spoilt = np.bitwise_or.reduceat(bad, begin) | (size > MOST_MESSAGES)
    verdict: np.ndarray = np.where(spoilt, _SPOILT, np.where(np.bitwise_or.reduceat(final, begin), _OVER, _UNDER_WAY))
    return verdict


def _repeated(found: SipRows) -> np.ndarray:
    """(n,) rows that one before of the same call looks like: of the same kind and CSeq, between the same ends."""
    mark = found.key ^ (found.kind.astype(np.uint64) << np.uint64(48) ^ found.place.astype(np.uint64)) * _SPREAD
    mark ^= (found.sequence.astype(np.uint64) << np.uint64(3) ^ found.method.astype(np.uint64)) * (
        _SPREAD ^ _SPREAD >> np.uint64(7)
    )
    by_mark = np.argsort(mark)
    same = mark[by_mark][1:] == mark[by_mark][:-1]
    found_again = np.zeros(len(mark), np.bool_)
    found_again[by_mark[1:][same]] = True
    return found_again


def _released(rows: SipRows, offset: np.ndarray, size: np.ndarray) -> np.ndarray:
    """(n,) rows by which their calls were released: of a failure that came behind the answer, no release."""
    release = releases(rows)
    candidates = np.flatnonzero(release & (rows.kind > 0))
    if len(candidates):
        answers = (rows.kind >= 200) & (rows.kind < 300) & (rows.method == INVITE)
        before = np.cumsum(answers)
        begin = np.repeat(offset, size)[candidates]
        same = rows.tag[candidates] == rows.tag[begin]
        answered = before[candidates] > before[begin]
        release[candidates] = same & ~answered
    if rows.retry.any():
        release &= np.arange(len(rows)) > np.repeat(last_retry(rows.retry, offset), size)
    return release
