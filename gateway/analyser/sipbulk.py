"""SIP in UDP found in bulk: what following calls needs of the plain messages of a batch, taken apart all at once.

Plain is a message in ASCII, whole, of a method that is part of a call or a response to it, each of whose header fields
stands on a line of its own and of which From, To, Call-ID and CSeq are there once. All else is left to `sipscan`, whose
word counts for these as well: what comes out is the same. Source: RFC 3261 7, 25.1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from . import speed
from .model import Message, Protocol, Where
from .network import Ints, Transports
from .sipkeys import LONGEST, Keys, keys_of, text_key, texts
from .sipscan import CSEQ, WANTED, scan, tag_of
from .sipwords import calling_of, reason_cause, uri_of, user_of, worded
from .texts import Texts

METHODS: Final = ("", "INVITE", "ACK", "BYE", "CANCEL", "PRACK", "UPDATE", "INFO")
"""Requests of a call; a row has the place of its method here."""
INVITE, ACK, BYE, CANCEL = 1, 2, 3, 4
LEAST_KIND: Final = 1 - len(METHODS)
"""The least that there is of `SipRows.kind`."""
_CODES: Final = {name: code for code, name in enumerate(METHODS) if name}
_UDP: Final = 8
_LEAST: Final = 64
_LONGEST: Final = 8000
"""Octets of a request line that are looked at as SIP."""
_VERSION: Final = len(" SIP/2.0\r")
Words = npt.NDArray[np.uint64]


def _word(octets: bytes) -> np.uint64:
    return np.uint64(int.from_bytes(octets.ljust(8, b"\0"), "little"))


def _mask(size: int) -> np.uint64:
    return np.uint64((1 << 8 * size) - 1)


_LETTER: Final = _word(b"@" * 8)
"""The bit that letters have, and what stands between the words of a name has not."""
_RESPONSE: Final = _word(b"SIP/2.0 ")
_REQUESTS: Final = [(code, _word(name.encode() + b" "), _mask(len(name) + 1)) for name, code in _CODES.items()]
_ONCE: Final = [
    [(_word(name), _mask(len(name)), len(name)) for name in names]
    for names in ((b"call-id:", b"i:"), (b"from:", b"f:"), (b"to:", b"t:"), (b"cseq:",))
]
"""Names of the fields that there must be once, in the order call, caller, callee, sequence."""
_REASON, _IDENTITIES = _word(b"reason:"), (_word(b"p-assert"), _word(b"remote-p"))
_IDENTITY: Final = re.compile(rb"\n(?:P-Asserted-Identity|Remote-Party-ID)", re.IGNORECASE)
_CONTENT, _TYPE, _SHORT_TYPE = _word(b"content-"), _word(b"type:"), _word(b"c:")
_SDP: Final = (_word(b"type: ap"), _word(b"plicatio"), _word(b"n/sdp"))
_AUDIO: Final = _word(b"m=audio")
_TAG: Final = _word(b";tag=")
_WIDE: Final = 160
"""Octets of a From that are looked at in bulk."""
_ENDS_TAG: Final = np.isin(np.arange(256), list(b'<>;, \t"\r\n'))
_SLOTS: Final = 4096
_SPREAD: Final = np.uint64(0x9E3779B97F4A7C15)
_harmless = np.zeros(_SLOTS, np.uint64)
"""Beginnings of header lines that are known to be of fields that nobody looks at, by their hash."""


Opening = tuple[str, str, str]
"""What an INVITE that may begin a call says of it: Call-ID, calling and called number."""
_BETWEEN: Final = b"\n"
"""Stands between the parts of an opening; no message has it within a line."""


def opening_of(text: bytes) -> Opening:
    """What a text of `SipRows.opening` says."""
    call_id, calling, called = text.decode().split("\n")
    return call_id, calling, called


@dataclass(slots=True)
class SipRows:
    """n messages of SIP, in the order of the capture."""

    packet: Ints
    time: npt.NDArray[np.float64]
    key: npt.NDArray[np.uint64]
    """(n,) Call-ID and both addresses, by `keys_of`."""
    place: Ints
    """(n,) place of the two ends in the table of the dissector, `Dissector.ends`."""
    kind: npt.NDArray[np.int16]
    """(n,) status of a response; of a request -1 times the place of its method in `METHODS`."""
    method: npt.NDArray[np.int8]
    """(n,) place in `METHODS` of the method that CSeq names."""
    sequence: Ints
    """(n,) the number of CSeq."""
    tag: Keys
    """(n,) hash of the tag of From."""
    opens: npt.NDArray[np.bool_]
    """(n,) INVITE without a tag in To."""
    cause: npt.NDArray[np.int16]
    """(n,) Q.850 value of a Reason header where it counts, else -1."""
    number: Ints
    """(n,) of an INVITE that was numbered: the number of its record; 0 before, and for other messages."""
    line: npt.NDArray[np.int32]
    """(n,) octets of the first line, its line feed left out."""
    retry: npt.NDArray[np.bool_]
    """(n,) INVITE without a tag in To that goes on with a call after a challenge; it no longer `opens`, then."""
    octets: Texts
    """The n messages."""
    opening: Texts
    """n texts as `opening_of` reads them where `opens`, else empty."""
    words: Texts
    """n times what `sipwords.described` reads of a session description that asks for speech; empty where none does."""

    def __len__(self) -> int:
        return len(self.packet)

    def some(self, which: Any) -> SipRows:
        """The rows at these places."""
        columns: list[Any] = [getattr(self, name)[which] for name in _COLUMNS]
        columns += [getattr(self, name).some(which) for name in _TEXTS]
        return SipRows(*columns)

    @classmethod
    def joined(cls, parts: list[SipRows]) -> SipRows:
        """All of them, one behind the other."""
        if len(parts) < 2:
            return parts[0] if parts else cls.none()
        columns: list[Any] = [np.concatenate([getattr(part, name) for part in parts]) for name in _COLUMNS]
        columns += [Texts.joined([getattr(part, name) for part in parts]) for name in _TEXTS]
        return cls(*columns)

    @classmethod
    def none(cls) -> Self:
        """No rows."""
        columns: list[Any] = [np.zeros(0, kind) for kind in _TYPES]
        columns += [Texts.made_of(()) for _ in _TEXTS]
        return cls(*columns)

    def lean(self) -> SipRows:
        """The same, without keeping more of the capture in memory than it needs."""
        for name in _TEXTS:
            setattr(self, name, getattr(self, name).lean())
        return self

    def messages(self, which: Ints, ends: list[Where]) -> list[Message]:
        """The rows at these places as messages, for whoever follows calls one by one."""
        columns = (self.packet, self.time, self.kind, self.place, self.number)
        return [
            Message(packet, time, Protocol.SIP, type_name(kind), ends[place], octets, number=number)
            for packet, time, kind, place, number, octets in zip(
                *(column[which].tolist() for column in columns), self.octets.some(which).tolist(), strict=True
            )
        ]


_TEXTS: Final = ("octets", "opening", "words")
_COLUMNS: Final = tuple(field.name for field in fields(SipRows) if field.name not in _TEXTS)
_TYPES: Final = (
    *(np.int64, np.float64, np.uint64, np.int64, np.int16, np.int8, np.int64, np.uint64, np.bool_, np.int16, np.int64),
    *(np.int32, np.bool_),
)


def type_name(kind: int) -> str:
    """The type of a message, as `Message` has it, by the kind of its row."""
    return str(kind) if kind > 0 else METHODS[-kind]


def sip_rows(
    found: Transports, at: Ints, buffer: bytes, packet: Ints, time: npt.NDArray[np.float64]
) -> tuple[SipRows, Ints]:
    """Plain SIP among the transports `at`, which are UDP, and where among these each row comes from.

    `packet` and `time` are columns as long as `at`. `place` is left to the caller.
    """
    rows, chosen, reasons = (_in_numpy if speed.speedups is None else _compiled)(found, at, buffer)
    if not len(rows):
        return rows, chosen
    rows.packet, rows.time = packet[chosen], time[chosen]
    for row in np.flatnonzero(reasons & ((rows.kind >= 300) | np.isin(rows.kind, (-BYE, -CANCEL)))).tolist():
        scanned = scan(rows.octets[row])
        cause = None if scanned is None else reason_cause(scanned.reasons)
        rows.cause[row] = -1 if cause is None else cause
    return rows, chosen


def _rows(octets: Texts, opening: Texts, words: Texts, **columns: Any) -> SipRows:
    count = len(octets)
    given: list[Any] = [
        columns[name] if name in columns else np.zeros(count, kind) for name, kind in zip(_COLUMNS, _TYPES, strict=True)
    ]
    given += [octets, opening, words]
    rows = SipRows(*given)
    rows.cause.fill(-1)
    return rows


_OPENS, _ODD_TAG, _ODD_TO, _ODD_NAMES, _HAS_REASON = 1, 2, 4, 8, 16
"""Flags that the compiled scanner gives."""


def _compiled(found: Transports, at: Ints, buffer: bytes) -> tuple[SipRows, Ints, npt.NDArray[np.bool_]]:
    """Rows, where they come from, and which have a Reason header."""
    octets, count = found.buffer, len(at)
    start, stop = found.start[at] + _UDP, found.end[at]
    kind, method, sequence = np.zeros(count, np.int16), np.zeros(count, np.int8), np.zeros(count, np.int64)
    key, tag = np.empty(count, np.uint64), np.empty(count, np.uint64)
    flags, spans = np.zeros(count, np.uint8), np.zeros(7 * count, np.int64)
    (names, words), (named, worded) = (
        (np.empty(len(octets), np.uint8) for _ in range(2)),
        (np.zeros((count, 2), np.int64) for _ in range(2)),
    )
    used, spoken = speed.speedups.sip(
        octets, start, stop, found.address[at], found.six[at].view(np.uint8),
        kind, method, sequence, key, tag, flags, spans, names, named, words, worded,
    )  # fmt: skip
    chosen = np.flatnonzero(kind)
    flag, edges = flags[chosen], spans.reshape(-1, 7)[chosen]
    for row in np.flatnonzero(flag & _ODD_TAG).tolist():
        tag[chosen[row]] = text_key(tag_of(buffer[edges[row, 2] : edges[row, 3]].decode()))
    opens = flag & _OPENS > 0
    for row in np.flatnonzero(flag & _ODD_TO).tolist():
        opens[row] = not tag_of(buffer[edges[row, 4] : edges[row, 5]].decode())
    messages = Texts.within(buffer, start[chosen], stop[chosen])
    added: list[bytes] = []
    span = named[chosen]
    span[~opens] = 0
    for row in np.flatnonzero(opens & (flag & _ODD_NAMES > 0)).tolist():
        text = _opening(messages[row], *(buffer[edges[row, edge] : edges[row, edge + 1]] for edge in (0, 2, 4)))
        span[row] = used, used + len(text)
        used += len(text)
        added.append(text)
    written = used - sum(map(len, added))
    opening = Texts.within(b"".join((names[:written].tobytes(), *added)), span[:, 0].copy(), span[:, 1].copy())
    rows = _rows(
        messages, opening, Texts.within(words[:spoken].tobytes(), worded[chosen, 0], worded[chosen, 1]),
        key=key[chosen], kind=kind[chosen], method=method[chosen], sequence=sequence[chosen], tag=tag[chosen],
        opens=opens, line=(edges[:, 6] - start[chosen]).astype(np.int32),
    )  # fmt: skip
    return rows, chosen, flag & _HAS_REASON > 0


def _in_numpy(found: Transports, at: Ints, buffer: bytes) -> tuple[SipRows, Ints, npt.NDArray[np.bool_]]:
    """The same, where there is no compiled scanner."""
    octets = found.octets
    words: Words = np.ndarray((len(octets) - 7,), "<u8", buffer=octets, strides=(1,))
    start, stop = found.start[at] + _UDP, found.end[at]
    kind = _kinds(octets, words, start)
    which = np.flatnonzero((kind != 0) & (stop - start >= _LEAST))
    if not len(which):
        return SipRows.none(), which, np.zeros(0, np.bool_)
    # Lines are looked for in the order of the buffer, which need not be that of the packets.
    which = which[np.argsort(start[which], kind="stable")]
    start, stop, kind = start[which], stop[which], kind[which]
    lines = _Lines(octets, words, buffer, start, stop)
    good = lines.good
    spans = [lines.value(names) for names in _ONCE]
    good &= spans[0][1] - spans[0][0] <= LONGEST
    whole = np.flatnonzero(good)
    method, sequence = np.zeros(len(kind), np.int8), np.zeros(len(kind), np.int64)
    method[whole], sequence[whole] = _cseq(octets, spans[3][0][whole], spans[3][1][whole])
    request_ok = lines.requests_end(kind < 0)
    good &= (method > 0) & ((kind > 0) | ((method == -kind) & request_ok))
    messages = Texts.within(buffer, start, stop)
    good &= np.fromiter(map(bytes.isascii, messages.tolist()), np.bool_, len(messages))
    keep = np.flatnonzero(good)
    keep = keep[np.argsort(which[keep], kind="stable")]
    chosen = which[keep]
    openings = _openings(messages.some(keep), kind[keep], [(span[0][keep], span[1][keep]) for span in spans], buffer)
    rows = _rows(
        messages.some(keep),
        Texts.made_of(openings),
        worded(Texts.within(buffer, np.where(lines.audio, lines.body, stop), stop).some(keep)),
        key=keys_of(octets, spans[0][0][keep], spans[0][1][keep], found.address[at[chosen]], found.six[at[chosen]]),
        kind=kind[keep],
        method=method[keep],
        sequence=sequence[keep],
        tag=_tags(octets, words, spans[1][0][keep], spans[1][1][keep]),
        opens=np.array([len(opening) > 0 for opening in openings], np.bool_),
        line=(lines.first[keep] - start[keep]).astype(np.int32),
    )
    return rows, chosen, lines.reason[keep]


def _lowered(words: Words) -> Words:
    """The same with letters made small."""
    found: Words = words | (words & _LETTER) >> np.uint64(1)
    return found


def _kinds(octets: npt.NDArray[np.uint8], words: Words, start: Ints) -> npt.NDArray[np.int16]:
    """The kind of a row by the first octets of its message; 0 for what is none."""
    first = words[start]
    kind = np.zeros(len(start), np.int16)
    for code, word, mask in _REQUESTS:
        kind[first & mask == word] = -code
    response = np.flatnonzero(first == _RESPONSE)
    digits = octets[start[response][:, None] + np.arange(8, 12)].astype(np.int16) - ord("0")
    status = digits[:, 0] * 100 + digits[:, 1] * 10 + digits[:, 2]
    valid = ((digits[:, :3] >= 0) & (digits[:, :3] <= 9)).all(1) & (digits[:, 3] == ord(" ") - ord("0"))
    kind[response] = np.where(valid & (status >= 100), status, 0)
    return kind


class _Lines:
    """The lines of n messages that lie in a buffer one behind the other."""

    def __init__(self, octets: npt.NDArray[np.uint8], words: Words, buffer: bytes, start: Ints, stop: Ints) -> None:
        count = len(start)
        low = int(start[0])
        ends = np.flatnonzero(octets[low : int(stop.max())] == 10) + low
        owner = np.searchsorted(start, ends, side="right") - 1
        inside = ends < stop[owner]
        ends, owner = ends[inside], owner[inside]
        index = np.arange(len(ends))
        blank = np.flatnonzero(
            (octets[ends + 1] == 13) & (octets[ends + 2] == 10) & (ends + 3 <= stop[owner]) & (octets[ends - 1] == 13)
        )
        of = owner[blank]
        first = np.concatenate(([True], of[1:] != of[:-1])) if len(of) else np.zeros(0, np.bool_)
        last = np.full(count, -1, np.int64)
        """The last line of each header; -1 where it does not end."""
        last[of[first]] = blank[first]
        self.good = last >= 0
        within = index <= last[owner]
        self.good[owner[within & (octets[ends - 1] != 13)]] = False
        self.body = np.where(self.good, ends[np.maximum(last, 0)] + 3, stop) if len(ends) else stop
        self._octets, self._words, self._buffer, self.start = octets, words, buffer, start
        self.first = np.full(count, 0, np.int64)
        begins = np.flatnonzero(np.concatenate(([True], owner[1:] != owner[:-1]))) if len(owner) else index
        self.first[owner[begins]] = ends[begins]
        header = np.flatnonzero(index < last[owner])
        self._begin, self._finish, self._of = (
            ends[header] + 1,
            ends[np.minimum(header + 1, len(ends) - 1)] - 1,
            owner[header],
        )
        # The place behind all lines is no colon, but stands for one that is not there.
        colons = np.append(np.flatnonzero(octets[low : int(stop.max())] == ord(":")) + low, len(octets))
        self.good[self._of[colons[np.searchsorted(colons, self._begin)] >= self._finish]] = False
        self._word = _lowered(words[self._begin])
        self._known = np.zeros(len(header), np.bool_)
        self.reason = self._flag(self._word & _mask(7) == _REASON)
        self._known |= np.isin(self._word, _IDENTITIES)
        self._content()
        behind = np.flatnonzero(index > last[owner])
        audio = (words[ends[behind] + 1] & _mask(7) == _AUDIO) & (ends[behind] + 8 <= stop[owner[behind]])
        self.audio = np.zeros(count, np.bool_)
        self.audio[owner[behind[audio]]] = True

    def value(self, names: list[tuple[np.uint64, np.uint64, int]]) -> tuple[Ints, Ints]:
        """Where the value of a field begins and ends that each message must have once; `good` says which do."""
        count = len(self.good)
        begin, end, times = np.zeros(count, np.int64), np.zeros(count, np.int64), np.zeros(count, np.int64)
        for word, mask, size in names:
            lines = np.flatnonzero(self._word & mask == word)
            self._known[lines] = True
            of = self._of[lines]
            times += np.bincount(of, minlength=count)
            begin[of], end[of] = self._begin[lines] + size, self._finish[lines]
        octets = self._octets
        self.good &= (times == 1) & (octets[begin - 1] == ord(":"))
        begin += octets[begin] == ord(" ")
        self.good &= (begin < end) & (octets[begin] > 32) & (octets[end - 1] > 32)
        if names is _ONCE[-1]:
            self._others()
        return begin, end

    def requests_end(self, requests: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Which of the messages, as far as they are requests, have a request line that ends as one."""
        end = self.first
        version = self._words[np.maximum(end - _VERSION, 0)] == _word(b" SIP/2.0")
        long_enough = (end - self.start > _VERSION + len("CANCEL ")) & (end - self.start < _LONGEST)
        found: npt.NDArray[np.bool_] = version & long_enough & self.good & requests
        returns = np.flatnonzero(self._octets[int(self.start[0]) : int(end.max()) + 1] == 13) + int(self.start[0])
        at = np.flatnonzero(found)
        found[at] = returns[np.searchsorted(returns, self.start[at])] == end[at] - 1
        return found

    def _flag(self, lines: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        found = np.zeros(len(self.good), np.bool_)
        found[self._of[lines]] = True
        self._known |= lines
        return found

    def _content(self) -> None:
        """A body that may hold an ISUP message makes its message one for others."""
        lines = np.flatnonzero(self._word == _CONTENT)
        self._known[lines] = True
        begin = self._begin[lines] + 8
        second = _lowered(self._words[begin])
        kind = second & _mask(5) == _TYPE
        plain = (second == _SDP[0]) & (_lowered(self._words[begin + 8]) == _SDP[1])
        plain &= _lowered(self._words[begin + 16]) & _mask(5) == _SDP[2]
        short = np.flatnonzero(self._word & _mask(2) == _SHORT_TYPE)
        self._known[short] = True
        for line in [*lines[kind & ~plain].tolist(), *short.tolist()]:
            value = self._buffer[int(self._begin[line]) : int(self._finish[line])].lower()
            if b"isup" in value or b"multipart" in value:
                self.good[self._of[line]] = False

    def _others(self) -> None:
        """Look at the lines that are of no field known so far; what is none, or a wanted one, is for others."""
        word = self._word
        slot = (word * _SPREAD >> np.uint64(52)).astype(np.int64)
        for line in np.flatnonzero(~self._known & (_harmless[slot] != word)).tolist():
            name, _, _ = self._buffer[int(self._begin[line]) : int(self._finish[line])].partition(b":")
            if name[:1] in (b" ", b"\t") or name.decode("latin-1").strip().lower() in WANTED:
                self.good[self._of[line]] = False
            else:
                _harmless[slot[line]] = word[line]


def _openings(
    messages: Texts, kind: npt.NDArray[np.int16], spans: list[tuple[Ints, Ints]], buffer: bytes
) -> list[bytes]:
    """(n,) what INVITEs that may begin a call say; empty for all other messages."""
    found = [b""] * len(kind)
    invites = np.flatnonzero(kind == -INVITE)
    columns = [edge[invites].tolist() for span in spans[:3] for edge in span]
    for row, call, call_end, caller, caller_end, callee, callee_end in zip(invites.tolist(), *columns, strict=True):
        to = buffer[callee:callee_end]
        if not (b"tag" in to.lower() and tag_of(to.decode())):
            found[row] = _opening(messages[row], buffer[call:call_end], buffer[caller:caller_end], to)
    return found


def _opening(message: bytes, call_id: bytes, caller: bytes, callee: bytes) -> bytes:
    """The text of `SipRows.opening` of an INVITE, by it and by the values of its fields."""
    scanned = scan(message) if _IDENTITY.search(message) else None
    calling = _user(caller) if scanned is None else calling_of(scanned.identities, scanned.caller)
    called = _requested(message[7 : message.index(b"\n") - _VERSION]) or user_of(uri_of(callee.decode()))
    return _BETWEEN.join((call_id, calling.encode(), called.encode()))


def _requested(uri: bytes) -> str:
    """The user of a Request-URI; nearly all look alike."""
    user, at, _ = uri[4:].partition(b"@")
    return user.decode() if at and user.isalnum() and uri[:4] == b"sip:" else user_of(uri.decode())


def _user(value: bytes) -> str:
    """The user of a From; nearly all look alike."""
    begin = value.rfind(b"<sip:") + 5
    user, at, _ = value[begin:].partition(b"@")
    if begin > 4 and at and user.isalnum() and value.rfind(b"<") == begin - 5:
        return user.decode()
    return user_of(uri_of(value.decode()))


def _cseq(octets: npt.NDArray[np.uint8], begin: Ints, end: Ints) -> tuple[Ints, Ints]:
    """(n,) place of the method, 0 for one of no call, and number of CSeq values; there are few different ones."""
    _, first, inverse = np.unique(texts(octets, begin, end), return_index=True, return_inverse=True)
    values = [octets[int(begin[at]) : int(end[at])].tobytes() for at in first.tolist()]
    found = np.array([_one_cseq(value) for value in values], np.int64).reshape(-1, 2)[inverse.reshape(-1)]
    return found[:, 0], found[:, 1]


@lru_cache(maxsize=4096)
def _one_cseq(value: bytes) -> tuple[int, int]:
    try:
        match = CSEQ.fullmatch(value.decode())
    except UnicodeDecodeError:
        return 0, 0
    if match is None:
        return 0, 0
    return _CODES.get(match[1], 0), int(match[0].split()[0])


def _tags(octets: npt.NDArray[np.uint8], words: Words, begin: Ints, end: Ints) -> Keys:
    """Hashes of the tags of From values: nearly all end with `>;tag=` and it; the others are read one by one."""
    most = min(_WIDE, int((end - begin).max(initial=1)))
    columns = np.arange(most)
    # What is behind the end of the buffer is looked at for no value: the others may be shorter than the longest.
    values = octets[np.minimum(begin[:, None] + columns, len(octets) - 1)]
    size = end - begin
    closed = (values == ord(">")).argmax(1)
    first = begin + closed + 1
    plain = (size <= most) & (values[np.arange(len(size)), closed] == ord(">"))
    plain &= words[first] & _mask(5) == _TAG
    first += 5
    behind = (columns > (first - begin)[:, None]) & (columns < size[:, None])
    plain &= ~(_ENDS_TAG[values] & behind).any(1) & (first < end) & ~_ENDS_TAG[octets[first]]
    tags = texts(octets, first, np.where(plain, end, first + 1))
    for row in np.flatnonzero(~plain).tolist():
        tags[row] = text_key(tag_of(octets[int(begin[row]) : int(end[row])].tobytes().decode()))
    return tags
