"""SIP in UDP found in bulk: what following calls needs of the plain messages of a batch, taken apart all at once.

Plain is a message in ASCII, whole, of a method that is part of a call or a response to it, each of whose header fields
stands on a line of its own and of which From, To, Call-ID and CSeq are there once. All else is left to `sipscan`, whose
word counts for these as well: what comes out is the same. Source: RFC 3261 7, 25.1.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from .model import Message, Protocol, Where
from .network import Ints, Transports
from .sipkeys import LONGEST, Keys, keys_of, text_key, texts
from .sipscan import CSEQ, WANTED, scan, tag_of
from .sipwords import calling_of, reason_cause, uri_of, user_of

METHODS: Final = ("", "INVITE", "ACK", "BYE", "CANCEL", "PRACK", "UPDATE", "INFO")
"""Requests of a call; a row has the place of its method here."""
INVITE, ACK, BYE, CANCEL = 1, 2, 3, 4
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


_LOWER: Final = _word(b" " * 8)
"""What makes letters small, and leaves a colon as it is."""
_RESPONSE: Final = _word(b"SIP/2.0 ")
_REQUESTS: Final = [(code, _word(name.encode() + b" "), _mask(len(name) + 1)) for name, code in _CODES.items()]
_ONCE: Final = [
    [(_word(name), _mask(len(name)), len(name)) for name in names]
    for names in ((b"call-id:", b"i:"), (b"from:", b"f:"), (b"to:", b"t:"), (b"cseq:",))
]
"""Names of the fields that there must be once, in the order call, caller, callee, sequence."""
_REASON, _IDENTITIES = _word(b"reason:"), (_word(b"p-assert"), _word(b"remote-p"))
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


@dataclass(slots=True)
class SipRows:
    """n messages of SIP, in the order of the capture; the last columns hold objects."""

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
    octets: npt.NDArray[np.object_]
    """(n,) the messages."""
    opening: npt.NDArray[np.object_]
    """(n,) `Opening` where `opens`, else None."""
    speech: npt.NDArray[np.object_]
    """(n,) the body with a session description that asks for speech; None where there is none."""

    def __len__(self) -> int:
        return len(self.packet)

    def some(self, which: Any) -> SipRows:
        """The rows at these places."""
        return SipRows(*(getattr(self, name)[which] for name in _COLUMNS))

    @classmethod
    def joined(cls, parts: list[SipRows]) -> SipRows:
        """All of them, one behind the other."""
        if len(parts) < 2:
            return parts[0] if parts else cls.none()
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in _COLUMNS))

    @classmethod
    def none(cls) -> Self:
        """No rows."""
        columns: list[Any] = [np.zeros(0, kind) for kind in _TYPES]
        return cls(*columns)

    def messages(self, which: Ints, ends: list[Where]) -> list[Message]:
        """The rows at these places as messages, for whoever follows calls one by one."""
        columns = (self.packet, self.time, self.kind, self.place, self.number, self.octets)
        return [
            Message(packet, time, Protocol.SIP, type_name(kind), ends[place], octets, number=number)
            for packet, time, kind, place, number, octets in zip(
                *(column[which].tolist() for column in columns), strict=True
            )
        ]


_COLUMNS: Final = tuple(field.name for field in fields(SipRows))
_TYPES: Final = (
    *(np.int64, np.float64, np.uint64, np.int64, np.int16, np.int8, np.int64, np.uint64, np.bool_, np.int16, np.int64),
    *(np.object_, np.object_, np.object_),
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
    octets = found.octets
    words: Words = np.ndarray((len(octets) - 7,), "<u8", buffer=octets, strides=(1,))
    start, stop = found.start[at] + _UDP, found.end[at]
    kind = _kinds(octets, words, start)
    which = np.flatnonzero((kind != 0) & (stop - start >= _LEAST))
    if not len(which):
        return SipRows.none(), which
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
    messages = [buffer[begin:end] for begin, end in zip(start.tolist(), stop.tolist(), strict=True)]
    good &= np.fromiter(map(bytes.isascii, messages), np.bool_, len(messages))
    keep = np.flatnonzero(good)
    keep = keep[np.argsort(which[keep], kind="stable")]
    chosen = which[keep]
    rows = SipRows(
        packet=packet[chosen],
        time=time[chosen],
        key=keys_of(octets, spans[0][0][keep], spans[0][1][keep], found.address[at[chosen]], found.six[at[chosen]]),
        place=np.zeros(len(keep), np.int64),
        kind=kind[keep],
        method=method[keep],
        sequence=sequence[keep],
        tag=_tags(octets, words, spans[1][0][keep], spans[1][1][keep]),
        opens=np.zeros(len(keep), np.bool_),
        cause=np.full(len(keep), -1, np.int16),
        number=np.zeros(len(keep), np.int64),
        octets=_objects(messages)[keep],
        opening=np.full(len(keep), None),
        speech=np.full(len(keep), None),
    )
    _open(rows, keep, buffer, spans, lines)
    for row in np.flatnonzero(lines.reason[keep] & ((rows.kind >= 300) | np.isin(rows.kind, (-BYE, -CANCEL)))).tolist():
        scanned = scan(rows.octets[row])
        cause = None if scanned is None else reason_cause(scanned.reasons)
        rows.cause[row] = -1 if cause is None else cause
    asking = np.flatnonzero(lines.audio[keep])
    bodies, ends = lines.body[keep[asking]].tolist(), stop[keep[asking]].tolist()
    rows.speech[asking] = _objects([buffer[begin:end] for begin, end in zip(bodies, ends, strict=True)])
    return rows, chosen


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
        self._word: Words = words[self._begin] | _LOWER
        self._known = np.zeros(len(header), np.bool_)
        self.reason = self._flag(self._word & _mask(7) == _REASON)
        self.identity = self._flag(np.isin(self._word, _IDENTITIES))
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
        second = self._words[begin] | _LOWER
        kind = second & _mask(5) == _TYPE
        plain = (second == _SDP[0]) & (self._words[begin + 8] | _LOWER == _SDP[1])
        plain &= (self._words[begin + 16] | _LOWER) & _mask(5) == _SDP[2]
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


def _open(rows: SipRows, keep: Ints, buffer: bytes, spans: list[tuple[Ints, Ints]], lines: _Lines) -> None:
    """Fill in `opens` and `opening`."""
    invites = np.flatnonzero(rows.kind == -INVITE)
    opened: list[int] = []
    openings: list[Opening] = []
    at = keep[invites]
    columns = [edge[at].tolist() for span in spans[:3] for edge in span]
    columns += [lines.start[at].tolist(), lines.first[at].tolist(), lines.identity[at].tolist()]
    for row, call, call_end, caller, caller_end, callee, callee_end, start, end, identity in zip(
        invites.tolist(), *columns, strict=True
    ):
        to = buffer[callee:callee_end]
        if b"tag" in to.lower() and tag_of(to.decode()):
            continue
        if identity and (scanned := scan(rows.octets[row])) is not None:
            calling = calling_of(scanned.identities, scanned.caller)
        else:
            calling = _user(buffer[caller:caller_end])
        called = _requested(buffer[start + 7 : end - _VERSION]) or user_of(uri_of(to.decode()))
        opened.append(row)
        openings.append((buffer[call:call_end].decode(), calling, called))
    rows.opens[opened] = True
    rows.opening[opened] = _objects(openings)


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


def _objects(values: list[Any]) -> npt.NDArray[np.object_]:
    return np.fromiter(values, np.object_, len(values))
