# cython: language_level=3, boundscheck=True, wraparound=False, initializedcheck=False, cdivision=True
# cython: embedsignature=True
"""The loops over octets that most of the time of a long capture goes to, compiled.

Everything here has a counterpart in numpy, which is used where this is not built; both give the same. Places are
checked before they are read, as captures may be hostile: through memoryviews, whose bounds Cython checks, or where a
run of octets is read at once, by `_within`.
"""

from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.math cimport fabs, fmod
from libc.stdio cimport snprintf
from libc.string cimport memchr, memcmp, memcpy

cdef extern from *:
    """
    #if defined(__GNUC__)
    #define tandem_ahead(place) __builtin_prefetch(place)
    #else
    #define tandem_ahead(place) ((void)0)
    #endif
    """
    void _ahead "tandem_ahead"(const void *place) noexcept nogil
    # Has the octets there fetched while others are looked at: packets lie too far apart to be so of themselves. Nothing
    # is read, so the place need not be within.

ctypedef const unsigned char[::1] Octets
ctypedef const long long[::1] Places
ctypedef unsigned long long Word

cdef enum:
    AHEAD = 8
    RECORD = 16
    RUN = 128  # LONGEST of sipkeys

cdef Word ONE = 0x9E3779B97F4A7C15ULL
cdef Word TWO = 0xC2B2AE3D27D4EB4FULL


cdef inline int _within(Py_ssize_t begin, Py_ssize_t end, Py_ssize_t size) except -1:
    if begin < 0 or end < begin or end > size:
        raise IndexError("a place is outside of the buffer")
    return 0


# --- pcap

cdef inline unsigned int _number(const unsigned char *at, bint big) noexcept nogil:
    if big:
        return (<unsigned int>at[0] << 24) | (<unsigned int>at[1] << 16) | (<unsigned int>at[2] << 8) | at[3]
    return (<unsigned int>at[3] << 24) | (<unsigned int>at[2] << 16) | (<unsigned int>at[1] << 8) | at[0]


def records(
    Octets octets, bint big, long long largest, double unit,
    long long[::1] start, long long[::1] length, long long[::1] original, double[::1] time,
):
    """Whole records of a pcap file from the first octet on, into the columns: how many, where the next begins, corrupt.

    As many as there is room for in the columns.
    """
    cdef Py_ssize_t size = octets.shape[0], position = 0, count = 0, room = start.shape[0]
    cdef unsigned int captured
    cdef const unsigned char *at
    if size < RECORD or not room:
        return 0, 0, False
    at = &octets[0]
    while position + RECORD <= size and count < room:
        captured = _number(at + position + 8, big)
        _ahead(at + position + 6 * (RECORD + captured))  # as if all were as long: in speech they are
        if captured > largest:
            return count, position, True
        if position + RECORD + captured > size:
            break
        start[count] = position + RECORD
        length[count] = captured
        original[count] = _number(at + position + 12, big)
        time[count] = <double>_number(at + position, big) + <double>_number(at + position + 4, big) * unit
        count += 1
        position += RECORD + captured
    return count, position, False


# --- hashes, as `sipkeys` has them

cdef Word _hash(Octets octets, Py_ssize_t begin, Py_ssize_t end) except? 0:
    _within(begin, end, octets.shape[0])
    return _mixed(&octets[0] + begin, end - begin) if end > begin else 0


cdef inline Word _mixed(const unsigned char *at, Py_ssize_t size) noexcept nogil:
    """Of at least one octet."""
    cdef Py_ssize_t place = 0
    cdef Word found = <Word>size * ONE, word, mixed
    while place < RUN and place < size:
        word = 0
        if size - place >= 8:
            memcpy(&word, at + place, 8)
        else:
            memcpy(&word, at + place, size - place)
            word <<= 64 - 8 * (size - place)
        mixed = (found ^ word) * TWO
        found = mixed ^ (mixed >> 32)
        place += 8
    return found * ONE


def text_key(Octets octets):
    """`sipkeys.texts` of one text."""
    return _hash(octets, 0, octets.shape[0])


cdef Word _host(Octets octets, Py_ssize_t at, Py_ssize_t size) except? 0:
    cdef Word found = <Word>size, mixed
    cdef unsigned int word
    cdef Py_ssize_t place
    _within(at, at + size, octets.shape[0])
    for place in range(0, size, 4):
        memcpy(&word, &octets[0] + at + place, 4)
        mixed = (found ^ <Word>word) * TWO
        found = mixed ^ (mixed >> 32)
    return found * ONE


# --- SIP

cdef enum:
    OPENS = 1
    ODD_TAG = 2
    ODD_TO = 4
    ODD_NAMES = 8
    REASON = 16
    _CALL, _FROM, _TO, _CSEQ, _REASON, _IDENTITY, _CONTENT, _OTHER

cdef const unsigned char *_METHODS[8]
_METHODS[1] = b"INVITE "
_METHODS[2] = b"ACK "
_METHODS[3] = b"BYE "
_METHODS[4] = b"CANCEL "
_METHODS[5] = b"PRACK "
_METHODS[6] = b"UPDATE "
_METHODS[7] = b"INFO "
cdef int[8] _SIZES = [0, 7, 4, 4, 7, 6, 7, 5]


cdef inline bint _is(const unsigned char *at, const char *word, int size) noexcept nogil:
    """Whether the octets, letters taken as small ones, are these."""
    cdef int place
    cdef unsigned char octet
    for place in range(size):
        octet = at[place]
        if 65 <= octet <= 90:
            octet |= 32
        if octet != <unsigned char>word[place]:
            return False
    return True


cdef inline int _field(const unsigned char *at, Py_ssize_t size) noexcept nogil:
    """Which header field this name is of."""
    cdef unsigned char first = at[0] | 32
    if size == 1:
        if first == 105:
            return _CALL
        if first == 102:
            return _FROM
        if first == 116:
            return _TO
        return _CONTENT if first == 99 else _OTHER
    if first == 99:
        if size == 7 and _is(at, b"call-id", 7):
            return _CALL
        if size == 4 and _is(at, b"cseq", 4):
            return _CSEQ
        if size == 12 and _is(at, b"content-type", 12):
            return _CONTENT
    elif first == 102:
        if size == 4 and _is(at, b"from", 4):
            return _FROM
    elif first == 116:
        if size == 2 and _is(at, b"to", 2):
            return _TO
    elif first == 114:
        if size == 6 and _is(at, b"reason", 6):
            return _REASON
        if size == 15 and _is(at, b"remote-party-id", 15):
            return _IDENTITY
    elif first == 112:
        if size == 19 and _is(at, b"p-asserted-identity", 19):
            return _IDENTITY
    return _OTHER


cdef inline const unsigned char *_find(const unsigned char *at, const unsigned char *end, int octet) noexcept nogil:
    return <const unsigned char *>memchr(at, octet, end - at) if end > at else NULL


cdef inline bint _has(const unsigned char *at, const unsigned char *end, const char *word, int size) noexcept nogil:
    while end - at >= size:
        if _is(at, word, size):
            return True
        at += 1
    return False


cdef inline Py_ssize_t _user(const unsigned char *at, const unsigned char *end) noexcept nogil:
    """How long the user of a URI is that begins with `sip:`, which goes before `at`; 0 where there is none."""
    cdef const unsigned char *stop = _find(at, end, 64)
    cdef const unsigned char *place = at
    if stop == NULL:
        return 0
    while place < stop and place[0] != 58 and place[0] != 59:
        place += 1
    return place - at


cdef inline bint _is_ascii(const unsigned char *at, Py_ssize_t size) noexcept nogil:
    cdef Word word, all_of = 0
    cdef Py_ssize_t place = 0
    while place + 8 <= size:
        memcpy(&word, at + place, 8)
        all_of |= word
        place += 8
    while place < size:
        all_of |= at[place]
        place += 1
    return not (all_of & 0x8080808080808080ULL)


def sip(
    Octets octets, Places start, Places stop, Places address, const unsigned char[::1] six,
    short[::1] kinds, signed char[::1] methods, long long[::1] sequences, Word[::1] keys, Word[::1] tags,
    unsigned char[::1] flags, long long[::1] spans, unsigned char[::1] names, long long[:, ::1] named,
    unsigned char[::1] words, long long[:, ::1] worded,
):
    """Take apart what the n messages from `start` up to `stop` say, as `sipbulk` has it, into the columns of n.

    `kinds` is 0 where the message is not plain. `spans` (7 n) has begin and end of Call-ID, From and To, and the end of
    the first line; `names`, as long as all messages, what `named` (n, 2) has the begin and end of: Call-ID, caller and
    callee of an INVITE; `words` and `worded` likewise the lines that are read of session descriptions which ask for
    speech. `flags` tell what is left to the caller. Gives how much of `names` and of `words` is used.
    """
    cdef Py_ssize_t index, count = start.shape[0], used = 0, spoken = 0, before, size, first, line_size
    cdef int code, field, kind, method, status, seen
    cdef long long number
    cdef const unsigned char *base
    cdef const unsigned char *at
    cdef const unsigned char *end
    cdef const unsigned char *line
    cdef const unsigned char *next_line
    cdef const unsigned char *colon
    cdef const unsigned char *value
    cdef const unsigned char *tail
    cdef const unsigned char *body
    cdef const unsigned char *request_end
    cdef const unsigned char *begins[4]
    cdef const unsigned char *ends[4]
    cdef bint audible
    cdef Py_ssize_t caller, callee, call
    cdef const unsigned char *caller_at
    cdef const unsigned char *callee_at
    if not count:
        return 0, 0
    base = &octets[0]
    for index in range(count):
        kinds[index] = 0
        _within(start[index], stop[index], octets.shape[0])
        size = stop[index] - start[index]
        if size < 64:
            continue
        at, end = base + start[index], base + stop[index]
        kind = 0
        if _is(at, b"sip/2.0 ", 8) and at[0] == 83 and at[1] == 73 and at[2] == 80:
            if not (48 < at[8] <= 57 and 48 <= at[9] <= 57 and 48 <= at[10] <= 57 and at[11] == 32):
                continue
            kind = (at[8] - 48) * 100 + (at[9] - 48) * 10 + at[10] - 48
        else:
            for code in range(1, 8):
                if at[0] == _METHODS[code][0]:
                    first = 1
                    while first < _SIZES[code] and at[first] == _METHODS[code][first]:
                        first += 1
                    if first == _SIZES[code]:
                        kind = -code
                        break
        if not kind:
            continue
        line = _find(at, end, 10)
        if line == NULL or (line - 1)[0] != 13:
            continue
        request_end = line - 9
        if kind < 0:
            if not 16 < line - at < 8000 or not _is(request_end, b" sip/2.0", 8) or request_end[1] != 83:
                continue
            if request_end[2] != 73 or request_end[3] != 80 or _find(at, line, 13) != line - 1:
                continue
        spans[7 * index + 6] = line - base
        line += 1
        seen, body = 0, NULL
        flags[index] = 0
        while line < end:
            next_line = _find(line, end, 10)
            if next_line == NULL or (next_line - 1)[0] != 13:
                break
            line_size = next_line - line - 1
            if line_size <= 0:
                if line_size == 0:
                    body = next_line + 1
                break
            colon = line
            while 32 < colon[0] < 127 and colon[0] != 58:
                colon += 1
            if colon[0] != 58 or colon == line:
                break
            field = _field(line, colon - line)
            if field != _OTHER:
                value, tail = colon + 1, next_line - 1
                if field <= _CSEQ:
                    if seen & (1 << field):
                        break
                    seen |= 1 << field
                    if value < tail and value[0] == 32:
                        value += 1
                    if value >= tail or value[0] <= 32 or (tail - 1)[0] <= 32:
                        break
                    begins[field - _CALL], ends[field - _CALL] = value, tail
                elif field <= _IDENTITY:
                    # Reason counts for some kinds only, an identity for the caller of an INVITE.
                    flags[index] |= REASON if field == _REASON else ODD_NAMES
                elif _has(value, tail, b"isup", 4) or _has(value, tail, b"multipart", 9):
                    break
            line = next_line + 1
        if body == NULL or seen != (1 << _CALL | 1 << _FROM | 1 << _TO | 1 << _CSEQ):
            continue
        call = ends[0] - begins[0]
        if call > RUN or not _is_ascii(at, size):
            continue
        # CSeq
        value, tail = begins[3], ends[3]
        number = 0
        while value < tail and 48 <= value[0] <= 57 and value - begins[3] < 11:
            number = number * 10 + value[0] - 48
            value += 1
        if value == begins[3] or value - begins[3] > 10 or value >= tail or (value[0] != 32 and value[0] != 9):
            continue
        while value < tail and (value[0] == 32 or value[0] == 9):
            value += 1
        method = 0
        for code in range(1, 8):
            if tail - value == _SIZES[code] - 1:
                first = 0
                while first < tail - value and value[first] == _METHODS[code][first]:
                    first += 1
                if first == tail - value:
                    method = code
                    break
        if not method or (kind < 0 and method != -kind):
            continue
        keys[index] = (
            _hash(octets, begins[0] - base, ends[0] - base)
            + (_host(octets, address[index], 16 if six[index] else 4))
            + (_host(octets, address[index] + (16 if six[index] else 4), 16 if six[index] else 4))
        )
        for code in range(3):
            spans[7 * index + 2 * code] = begins[code] - base
            spans[7 * index + 2 * code + 1] = ends[code] - base
        # The tag of From.
        value, tail = begins[1], ends[1]
        value = _find(value, tail, 62)
        tags[index] = 0
        if value != NULL and tail - value > 6 and _is(value + 1, b";tag=", 5):
            value += 6
            line = value
            while line < tail and line[0] != 59 and line[0] != 44 and line[0] > 32 and line[0] != 62:
                line += 1
            if line > value and _find(line, tail, 62) == NULL and (line == tail or line[0] >= 32 or line[0] == 9):
                tags[index] = _hash(octets, value - base, line - base)
            else:
                flags[index] |= ODD_TAG
        else:
            flags[index] |= ODD_TAG
        # A session description that asks for speech.
        worded[index, 0] = spoken
        before, audible = spoken, False
        line = body
        while line < end:
            next_line = _find(line, end, 10)
            next_line = end if next_line == NULL else next_line + 1
            if _is_worded(line, next_line):
                audible |= _has_begin(line, next_line, b"m=audio", 7)
                # All words are parts of messages, which do not overlap but by mistake.
                _within(spoken, spoken + (next_line - line), words.shape[0])
                memcpy(&words[spoken], line, next_line - line)
                spoken += next_line - line
            line = next_line
        if not audible:
            spoken = before
        worded[index, 1] = spoken
        named[index, 0] = named[index, 1] = used
        if kind == -1:
            if _has(begins[2], ends[2], b"tag", 3):
                flags[index] |= ODD_TO
            flags[index] |= OPENS
            caller_at, callee_at = NULL, NULL
            caller = callee = 0
            line = ends[1] - 1
            while line > begins[1] and line[0] != 60:
                line -= 1
            if ends[1] - line > 5 and line[0] == 60 and line[1] == 115 and line[2] == 105 and line[3] == 112:
                value = _find(line, ends[1], 62)
                if line[4] == 58 and value != NULL:
                    caller_at = line + 5
                    caller = _user(caller_at, value)
            if request_end - at > 11 and at[7] == 115 and at[8] == 105 and at[9] == 112 and at[10] == 58:
                callee_at = at + 11
                callee = _user(callee_at, request_end)
            if not caller or not callee or flags[index] & ODD_NAMES:
                flags[index] |= ODD_NAMES
            else:
                _within(used, used + call + caller + callee + 2, names.shape[0])
                memcpy(&names[used], begins[0], call)
                used += call
                names[used] = 10
                memcpy(&names[used + 1], caller_at, caller)
                used += caller + 1
                names[used] = 10
                memcpy(&names[used + 1], callee_at, callee)
                used += callee + 1
                named[index, 1] = used
        else:
            flags[index] &= ~ODD_NAMES
        kinds[index] = kind
        methods[index] = method
        sequences[index] = number
    return used, spoken


def gathered(list buffers, const int[::1] of, Places begin, Places end):
    """The octets of n texts one behind the other, text i being `buffers[of[i]][begin[i] : end[i]]`, as bytes."""
    cdef Py_ssize_t index, size, count = of.shape[0], total = 0
    cdef bytes buffer, found
    cdef unsigned char *at
    for index in range(count):
        buffer = buffers[of[index]]
        _within(begin[index], end[index], len(buffer))
        total += end[index] - begin[index]
    found = PyBytes_FromStringAndSize(NULL, total)
    at = <unsigned char *><char *>found
    for index in range(count):
        buffer = buffers[of[index]]
        size = end[index] - begin[index]
        memcpy(at, <const unsigned char *>buffer + begin[index], size)
        at += size
    return found


cdef inline bint _is_worded(const unsigned char *at, const unsigned char *end) noexcept nogil:
    """Whether `sipwords.described` reads this line."""
    return (
        (at[0] == 99 and _has_begin(at, end, b"c=IN IP", 7))
        or (at[0] == 109 and _has_begin(at, end, b"m=", 2))
        or (at[0] == 97 and _is_direction(at, end))
    )


cdef inline bint _is_direction(const unsigned char *at, const unsigned char *end) noexcept nogil:
    return (
        _has_begin(at, end, b"a=sendonly", 10)
        or _has_begin(at, end, b"a=recvonly", 10)
        or _has_begin(at, end, b"a=sendrecv", 10)
        or _has_begin(at, end, b"a=inactive", 10)
    )


cdef inline bint _has_begin(const unsigned char *at, const unsigned char *end, const char *word, int size) noexcept nogil:
    return end - at >= size and memcmp(at, word, size) == 0


# --- what calls are kept as: the texts `[CALL-ID \n] calling \n called`

cdef inline const unsigned char *_last(const unsigned char *begin, const unsigned char *end, int octet) noexcept nogil:
    """The last such octet; NULL where there is none."""
    while end > begin:
        end -= 1
        if end[0] == octet:
            return end
    return NULL


cdef inline Py_ssize_t _digits(Octets octets, Py_ssize_t at, Py_ssize_t size, unsigned char *found) except -1:
    """Address signals of octets, low half first, in hexadecimal; how many."""
    cdef Py_ssize_t place
    cdef int octet
    _within(at, at + size, octets.shape[0])
    for place in range(size):
        octet = octets[at + place]
        found[2 * place] = _HEX[octet & 15]
        found[2 * place + 1] = _HEX[octet >> 4]
    return 2 * size


cdef const unsigned char *_HEX = b"0123456789ABCDEF"


def addresses(
    Octets octets, Places begin, Places end, unsigned char[::1] names, long long[:, ::1] named,
    short[::1] called, short[::1] calling,
):
    """The numbers of n IAMs, from the CIC on (Q.763 table 32), as `quick.initial_address` reads them.

    `names`, with room for twice all messages and an octet more for each, gets the texts; `named` (n, 2) where each
    begins and ends. `called` and `calling` get the natures, -1 for no calling number; `called` is -2 where the message
    cannot be read so. Gives how much of `names` is used.
    """
    cdef Py_ssize_t index, at, stop, size, first, last, place, after, used = 0, one, other, calling_at, calling_size
    cdef int kind, code
    cdef bint good
    for index in range(begin.shape[0]):
        at, stop = begin[index], end[index]
        _within(at, stop, octets.shape[0])
        size = stop - at
        named[index, 0] = named[index, 1] = used
        called[index], calling[index] = -2, -1
        if size < 12 or octets[at + 8] < 2:
            continue
        first = 8 + octets[at + 8]
        if first >= size:
            continue
        last = first + 1 + octets[at + first]
        if last > size or last - first < 4:
            continue
        kind = octets[at + first + 1]
        calling_at, calling_size, good = 0, -1, True
        if octets[at + 9]:
            place = 9 + octets[at + 9]
            while place < size:
                code = octets[at + place]
                if not code:
                    break
                if place + 1 >= size:
                    good = False
                    break
                after = place + 2 + octets[at + place + 1]
                if after > size or (code == 0x0A and after - place < 4):
                    good = False
                    break
                if code == 0x0A:
                    calling_at, calling_size = at + place + 4, after - place - 4
                    calling[index] = octets[at + place + 2]
                    break
                place = after
            else:
                good = False
        if not good:
            continue
        _within(used, used + 2 * size + 1, names.shape[0])
        one = 0
        if calling_size >= 0:
            one = _digits(octets, calling_at, calling_size, &names[used])
            if calling[index] & 0x80 and one:
                one -= 1
            calling[index] &= 0x7F
        names[used + one] = 10
        used += one + 1
        other = _digits(octets, at + first + 3, last - first - 3, &names[used])
        if kind & 0x80:
            other -= 1
        if other and names[used + other - 1] == 70:
            other -= 1
        used += other
        called[index] = kind & 0x7F
        named[index, 1] = used
    return used


def joints(Octets octets, Places begin, Places end, int most, int fewest, Word[::1] called, Word[::1] call_ids):
    """By what n calls may be joined to others: hashes of the last `most` digits called, and of the Call-IDs.

    0 where there are fewer than `fewest` digits, or no Call-ID.
    """
    cdef Py_ssize_t index, count
    cdef const unsigned char *first
    cdef const unsigned char *stop
    cdef const unsigned char *line
    cdef const unsigned char *before
    cdef unsigned char[32] digits
    if not begin.shape[0]:
        return
    if not 1 <= fewest <= most <= 32:
        raise ValueError("so many digits are not kept")
    for index in range(begin.shape[0]):
        _within(begin[index], end[index], octets.shape[0])
        first, stop = &octets[0] + begin[index], &octets[0] + end[index]
        count = 0
        line = stop
        while line > first and (line - 1)[0] != 10:
            line -= 1
            if 48 <= line[0] <= 57 and count < most:
                count += 1
                digits[32 - count] = line[0]
        called[index] = 0
        if count >= fewest:
            called[index] = _mixed(&digits[32 - count], count) or 1
        call_ids[index] = 0
        before = _last(first, line - 1, 10) if line > first else NULL
        if before != NULL:
            call_ids[index] = _hash(octets, first - &octets[0], before - &octets[0]) or 1


# --- calls on circuits, as `plain` has them: places of stages are those that it has

cdef enum:
    _START, _IAM, _ACM, _CPG, _ANM, _REL, _RLC


def calls(
    Places order, Places ends, const unsigned char[::1] kind, const double[::1] time, const short[::1] cause,
    const unsigned char[::1] odd, const signed char[::1] stages, const unsigned char[:, ::1] legal, double copy,
    Py_ssize_t most, unsigned char[::1] state, long long[::1] start, long long[::1] stop,
):
    """Whole calls among n messages that `order` brings together by circuit, up to `ends` of each; how many.

    `stages` (256,) has the stage of a kind, `legal` which may follow which. A circuit on which something else happens,
    or a message is `odd`, is spoilt as a whole. `state` (n,) gets 0, or 1 for what is spoilt; `start` and `stop` where
    in `order` each whole call begins and ends.
    """
    cdef Py_ssize_t circuit, index = 0, first, begin, row, found = 0, before_circuit
    cdef int before, stage
    cdef bint bad
    cdef double last
    for circuit in range(ends.shape[0]):
        first, before_circuit = index, found
        before, bad, last, begin = _START, False, 0.0, -1
        while index < ends[circuit]:
            row = order[index]
            stage = stages[kind[row]]
            if (
                not legal[before, stage]
                or odd[row]
                or (stage == _REL and cause[row] < 0)
                # What comes again so soon may be a copy by a second probe.
                or (stage == _CPG and before == _CPG and time[row] - last < copy)
            ):
                bad = True
            if stage == _IAM:
                if begin >= 0 and index - begin > most:
                    bad = True
                begin = index
            index += 1
            if stage == _RLC and begin >= 0:
                # Where another message than an IAM follows, the circuit is spoilt.
                start[found], stop[found] = begin, index
                found += 1
            before = stage
            if stage == _CPG:
                last = time[row]
        if begin >= 0 and index - begin > most:
            bad = True
        if bad:
            found = before_circuit
        for row in range(first, index):
            state[order[row]] = bad
    return found


def circuit_calls(
    Places which, Places first, Places size, const unsigned char[::1] kind, const signed char[::1] stages,
    const double[::1] time, const unsigned char[::1] rung, Places opc, const short[::1] cause,
    const signed char[::1] location, double[:, ::1] moments, unsigned char[::1] by_calling, short[::1] why,
    signed char[::1] where, unsigned char[::1] odd, unsigned char[::1] forward,
):
    """What `plain` says of n calls, whose messages `which` are rows of the columns `kind` to `location`.

    `moments` (5, n) gets alerting, progress, answer, release and completion, and was filled with NaN.
    """
    cdef Py_ssize_t call, index, row
    cdef long long calling
    cdef int stage
    cdef bint ahead
    if moments.shape[0] != 5:
        raise ValueError("five moments are wanted")
    for call in range(first.shape[0]):
        calling = opc[which[first[call]]]
        by_calling[call], why[call], where[call], odd[call] = False, -1, 0, False
        for index in range(first[call], first[call] + size[call]):
            row = which[index]
            stage, ahead = stages[kind[row]], opc[row] == calling
            forward[index] = ahead
            if stage == _ACM or stage == _CPG:
                odd[call] |= ahead
                _reached(moments, 0 if rung[row] else 1, call, time[row])
            elif stage == _ANM:
                odd[call] |= ahead
                _reached(moments, 2, call, time[row])
            elif stage == _REL:
                if moments[3, call] != moments[3, call]:
                    by_calling[call], why[call], where[call] = ahead, cause[row], location[row]
                    moments[3, call] = time[row]
            elif stage == _RLC:
                _reached(moments, 4, call, time[row])


cdef inline int _reached(double[:, ::1] moments, Py_ssize_t which, Py_ssize_t call, double time) except -1:
    """The first time counts."""
    if moments[which, call] != moments[which, call]:
        moments[which, call] = time
    return 0


# --- calls of SIP, as `sipplain` and `sipblocks` have them

cdef enum:
    _INVITE = 1
    _BYE = 3
    _CANCEL = 4
    _CALLING = 1
    _CALLED = 2


def dialogs(
    Places order, Places ends, const short[::1] kind, const signed char[::1] method, const unsigned char[::1] opens,
    Places sequence, Places place, const unsigned char[::1] odd, Py_ssize_t most, unsigned char[::1] verdict,
):
    """Of n calls, whose messages stand in `order` up to `ends`, whether each is over (1), spoilt (2) or neither (0)."""
    cdef Py_ssize_t call, index, other, row, again, first = 0, last
    cdef bint bad, over
    for call in range(ends.shape[0]):
        last = ends[call]
        bad, over = last - first > most, False
        for index in range(first, last):
            if bad:
                break
            row = order[index]
            bad = odd[row] or (index == first) != (opens[row] != 0)
            if kind[row] >= 200 and method[row] == _BYE:
                over = True
                bad |= index != last - 1
            for other in range(first, index):
                again = order[other]
                if (
                    kind[row] == kind[again]
                    and sequence[row] == sequence[again]
                    and place[row] == place[again]
                    and method[row] == method[again]
                ):
                    bad = True
        verdict[call] = 2 if bad else over
        first = last


def sip_calls(
    Places which, Places first, Places size, const short[::1] kind, const signed char[::1] method, const Word[::1] tag,
    const short[::1] told, const unsigned char[::1] retry, const double[::1] time, const short[::1] standard,
    double[:, ::1] moments, signed char[::1] side, short[::1] cause, short[::1] status, unsigned char[::1] forward,
    long long[::1] refused,
):
    """What `sipblocks` says of n calls, whose messages `which` are rows of the columns `kind` to `time`.

    `standard` has the cause of each status, `moments` (5, n) gets alerting, progress, answer, release and completion,
    and was filled with NaN; `refused`, as long as `which`, the places of responses that refused a call. How many.
    """
    cdef Py_ssize_t call, index, row, begin, end, last, found = 0
    cdef Word caller
    cdef bint answered, refusal, response
    if moments.shape[0] != 5 or standard.shape[0] < 1000:
        raise ValueError("five moments are wanted, and the causes of all statuses")
    for call in range(first.shape[0]):
        begin, end = first[call], first[call] + size[call]
        caller, answered, last = tag[which[begin]], False, begin - 1
        side[call], cause[call], status[call] = 0, -1, -1
        for index in range(begin, end):
            if retry[which[index]]:
                last = index
        for index in range(begin, end):
            row = which[index]
            # The From of a response is that of its request.
            forward[index] = (tag[row] == caller) == (kind[row] < 0)
            if kind[row] >= 200 and method[row] == _BYE:
                _reached(moments, 4, call, time[row])
            response, refusal = kind[row] > 0 and method[row] == _INVITE and not forward[index], False
            if response:
                if kind[row] == 180:
                    _reached(moments, 0, call, time[row])
                elif 100 < kind[row] < 200:
                    _reached(moments, 1, call, time[row])
                elif 200 <= kind[row] < 300:
                    _reached(moments, 2, call, time[row])
                    answered = True
                elif kind[row] >= 300 and not answered:
                    refusal = True
                    refused[found] = index
                    found += 1
            if index <= last or not (refusal or kind[row] == -_BYE or kind[row] == -_CANCEL):
                continue
            if refusal:
                status[call] = kind[row]
            if not side[call]:
                moments[3, call] = time[row]
                side[call] = _CALLED if refusal or not forward[index] else _CALLING
                cause[call] = told[row] if told[row] >= 0 else standard[kind[row]] if refusal else 16
    return found


# --- the table of calls

cdef inline unsigned char *_spaces(unsigned char *at, Py_ssize_t count) noexcept nogil:
    while count > 0:
        at[0] = 32
        at += 1
        count -= 1
    return at


cdef inline unsigned char *_padded(
    unsigned char *at, const unsigned char *column, const long long *widths, long long *widest, int which
) noexcept nogil:
    """Behind a cell that began at `column`: blanks up to its width, and two."""
    cdef Py_ssize_t size = at - column
    if size > widest[which]:
        widest[which] = size
    return _spaces(at, widths[which] - size + 2 if size < widths[which] else 2)


cdef inline unsigned char *_two(unsigned char *at, long long value) noexcept nogil:
    """Two digits."""
    at[0], at[1] = 48 + value // 10, 48 + value % 10
    return at + 2


cdef inline unsigned char *_number_or_dash(
    unsigned char *at, const unsigned char *begin, const unsigned char *end
) noexcept nogil:
    """A number, or a dash for none."""
    if begin == end:
        at[0] = 45
        return at + 1
    memcpy(at, begin, end - begin)
    return at + (end - begin)


cdef inline unsigned char *_decimal(unsigned char *at, long long value, int least) noexcept nogil:
    """A number that is not negative, in at least so many digits."""
    cdef unsigned char[24] digits
    cdef int count = 0
    while value or count < least:
        digits[count] = 48 + value % 10
        value //= 10
        count += 1
    while count:
        count -= 1
        at[0] = digits[count]
        at += 1
    return at


cdef inline unsigned char *_seconds(unsigned char *at, double value) noexcept nogil:
    """Two decimals, rounded as the C library does; nothing for NaN."""
    cdef double scaled, rest
    cdef long long whole
    if value != value:
        return at
    if 0 < value < 1e8:
        scaled = value * 100
        whole = <long long>scaled
        rest = scaled - whole
        if rest < 0.4999 or rest > 0.5001:
            if rest > 0.5:
                whole += 1
            at = _decimal(at, whole // 100, 1)
            at[0] = 46
            return _decimal(at + 1, whole % 100, 2)
    return at + snprintf(<char *>at, 400, "%.2f", value)


cdef inline unsigned char *_day(unsigned char *at, long long day) noexcept nogil:
    """A day since 1970 as YYYY-MM-DD and a space, by the proleptic Gregorian calendar."""
    cdef long long shifted = day + 719468, era, of_era, year_of_era, of_year, part
    era = shifted // 146097
    of_era = shifted - era * 146097
    year_of_era = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    part = (5 * of_year + 2) // 153
    at = _decimal(at, year_of_era + era * 400 + (1 if part >= 10 else 0), 4)
    at[0] = 45
    at = _decimal(at + 1, part + 3 if part < 10 else part - 9, 2)
    at[0] = 45
    at = _decimal(at + 1, of_year - (153 * part + 2) // 5 + 1, 2)
    at[0] = 32
    return at + 1


def table(
    bytes protocol, Places number, const double[::1] start, bint dated, Octets names, Places begin, Places end,
    Places circuit, list outcomes, Places outcome, Places cause, Places status, const double[::1] delay,
    const double[::1] talk, list ends, Places place, Places widths, long long[::1] stops, long long[::1] widest,
):
    """The lines of n calls in the table as bytes, each without blanks at its end and with a line feed behind it.

    `names` holds the texts of the calls; `circuit` is -1 for a call without one. `outcomes` are the cells, padded and
    coloured, `ends` the last two columns, both as octets. `stops` (n,) gets where each line ends, `widest` (9,) goes up
    to the octets of the widest cell of each column. ValueError for times that a clock does not show.
    """
    cdef Py_ssize_t index, room, count = number.shape[0], size
    cdef bytes cell, both
    cdef bytearray lines = bytearray(160 * count + 8192)
    cdef unsigned char *base = lines
    cdef unsigned char *at = base
    cdef unsigned char *column
    cdef unsigned char *line
    cdef const unsigned char *first
    cdef const unsigned char *stop
    cdef const unsigned char *split
    cdef const unsigned char *before
    cdef long long moment, fixed = 1200
    if widths.shape[0] < 9 or widest.shape[0] < 9:
        raise ValueError("nine widths are wanted")
    for index in range(9):
        fixed += widths[index]
    for index in range(count):
        _within(begin[index], end[index], names.shape[0])
        cell, both = outcomes[outcome[index]], ends[place[index]]
        room = fixed + len(protocol) + end[index] - begin[index] + len(cell) + len(both)
        size = at - base
        if size + room > len(lines):
            lines.extend(bytes(len(lines) + room))
            base = lines
            at = base + size
        line = column = at
        memcpy(at, <const unsigned char *>protocol, len(protocol))
        at = _decimal(at + len(protocol), number[index], 1)
        at = _padded(at, column, &widths[0], &widest[0], 0)
        column = at
        if not 0 <= start[index] < 253402300800.0:
            raise ValueError("a time that no clock shows")
        moment = <long long>(start[index] * 1000)
        if dated:
            at = _day(at, moment // 86400000)
        moment %= 86400000
        at = _two(at, moment // 3600000)
        at[0] = 58
        at = _two(at + 1, moment // 60000 % 60)
        at[0] = 58
        at = _two(at + 1, moment // 1000 % 60)
        at[0] = 46
        moment %= 1000
        at[1] = 48 + moment // 100
        at = _two(at + 2, moment % 100)
        at = _padded(at, column, &widths[0], &widest[0], 1)
        column = at
        first = stop = NULL
        split = before = NULL
        if end[index] > begin[index]:
            first, stop = &names[0] + begin[index], &names[0] + end[index]
            split = _last(first, stop, 10)
        if split == NULL:
            raise ValueError("a text without numbers")
        before = _last(first, split, 10)
        before = first if before == NULL else before + 1
        at = _padded(_number_or_dash(at, before, split), column, &widths[0], &widest[0], 2)
        column = at
        at = _padded(_number_or_dash(at, split + 1, stop), column, &widths[0], &widest[0], 3)
        column = at
        if circuit[index] >= 0:
            memcpy(at, <const unsigned char *>b"CIC ", 4)
            at = _decimal(at + 4, circuit[index], 1)
        else:
            memcpy(at, <const unsigned char *>b"sip", 3)
            at += 3
        at = _padded(at, column, &widths[0], &widest[0], 4)
        memcpy(at, <const unsigned char *>cell, len(cell))
        if len(cell) > widest[5]:
            widest[5] = len(cell)
        at = _spaces(at + len(cell), 2)
        column = at
        if status[index] >= 0:
            at = _decimal(at, status[index], 1)
            at[0] = 47
            at += 1
        if cause[index] >= 0:
            at = _decimal(at, cause[index], 1)
        at = _padded(at, column, &widths[0], &widest[0], 6)
        column = at
        at = _padded(_seconds(at, delay[index]), column, &widths[0], &widest[0], 7)
        column = at
        at = _padded(_seconds(at, talk[index]), column, &widths[0], &widest[0], 8)
        memcpy(at, <const unsigned char *>both, len(both))
        at += len(both)
        while at > line and (at - 1)[0] == 32:
            at -= 1
        at[0] = 10
        at += 1
        stops[index] = at - base
    return PyBytes_FromStringAndSize(<char *>base, at - base)


# --- IP over Ethernet

cdef inline int _pair(const unsigned char *at) noexcept nogil:
    return (at[0] << 8) | at[1]


def transports(
    Octets octets, Places start, Places length, long long[::1] index, long long[::1] protocol, long long[::1] begin,
    long long[::1] stop, long long[::1] address, long long[::1] source, long long[::1] destination,
    unsigned char[::1] first, long long[::1] other,
):
    """What of n frames of Ethernet is plain IPv4 with TCP, UDP or SCTP, as `network.transports` has it.

    `first` is the octet behind a header of 8. `other` gets those that the caller has to look at: fragments and IPv6.
    Gives how many there are of either.
    """
    cdef Py_ssize_t place, at, end, found = 0, left = 0, network, after
    cdef int kind, turn, header, total, number, least
    cdef const unsigned char *base
    if not start.shape[0] or not octets.shape[0]:
        return 0, 0
    base = &octets[0]
    for place in range(start.shape[0]):
        if place + AHEAD < start.shape[0]:
            _ahead(base + start[place + AHEAD] + 12)
            _ahead(base + start[place + AHEAD] + 42)
        at, end = start[place], start[place] + length[place]
        _within(at, end, octets.shape[0])
        if at + 34 > end:
            continue
        kind, network = _pair(base + at + 12), at + 14
        for turn in range(3):
            if kind != 0x8100 and kind != 0x88A8 and kind != 0x9100:
                break
            if network + 4 > end:
                kind = 0
                break
            kind = _pair(base + network + 2)
            network += 4
        if kind == 0x86DD:
            other[left] = place
            left += 1
            continue
        if kind != 0x0800 or network + 20 > end or base[network] >> 4 != 4:
            continue
        header, total = (base[network] & 15) * 4, _pair(base + network + 2)
        if total and network + total < end:
            end = network + total
        if header < 20 or network + header > end:
            continue
        if _pair(base + network + 6) & 0x3FFF:
            other[left] = place
            left += 1
            continue
        number, after = base[network + 9], network + header
        least = 8 if number == 17 else 20 if number == 6 else 12 if number == 132 else 0
        if not least or after + least > end:
            continue
        index[found], protocol[found], begin[found], stop[found] = place, number, after, end
        address[found] = network + 12
        source[found], destination[found] = _pair(base + after), _pair(base + after + 2)
        first[found] = base[after + 8] if after + 8 < end else 0
        found += 1
    return found, left


# --- keys

cdef inline Py_ssize_t _slot(Word key, Word[::1] keys, int[::1] table, int *known) except -1:
    """Where in the table, which has room, a key is or would be; `known` gets its number, or -1."""
    cdef Py_ssize_t mask = table.shape[0] - 1, place = <Py_ssize_t>((key * ONE) >> 20) & mask
    while table[place]:
        if keys[table[place] - 1] == key:
            known[0] = table[place] - 1
            return place
        place = (place + 1) & mask
    known[0] = -1
    return place


def group(const Word[::1] keys, long long[::1] order, long long[::1] of, long long[::1] next_of, Word[::1] seen, int[::1] table):
    """An order of n keys that brings equal ones together and keeps their own order; how many groups there are.

    `of` gets the group of each key, `next_of` where each group ends in the order. `seen` is room for n, `table` holds
    zeros as `flows` wants them.
    """
    cdef Py_ssize_t index, place, count = 0
    cdef long long before = 0, size
    cdef int number
    for index in range(keys.shape[0]):
        place = _slot(keys[index], seen, table, &number)
        if number < 0:
            number = count
            seen[count], next_of[count], table[place] = keys[index], 0, count + 1
            count += 1
        of[index] = number
        next_of[number] += 1
    for index in range(count):
        size = next_of[index]
        next_of[index] = before
        before += size
    for index in range(keys.shape[0]):
        order[next_of[of[index]]] = index
        next_of[of[index]] += 1
    return count


# --- RTP

def flows(
    Octets octets, Places address, const unsigned char[::1] six, Places source, Places destination,
    long long[::1] flow, long long[::1] heads, Word[::1] keys, int[::1] table,
):
    """Which flow each of n packets is of, by addresses and ports; how many flows there are.

    `heads` gets the first packet of each flow, `keys` is as long, `table` holds zeros, a power of two of them and at
    least twice n.
    """
    cdef Py_ssize_t index, size, place, count = 0
    cdef int number
    cdef Word key
    for index in range(address.shape[0]):
        if index + AHEAD < address.shape[0]:
            _ahead(<const unsigned char *>&octets[0] + address[index + AHEAD])
        size = 32 if six[index] else 8
        _within(address[index], address[index] + size, octets.shape[0])
        key = _mixed(&octets[0] + address[index], size) ^ (<Word>source[index] << 16 | <Word>destination[index])
        key *= TWO
        key ^= key >> 29
        place = _slot(key, keys, table, &number)
        if number < 0:
            number = count
            keys[count], heads[count], table[place] = key, index, count + 1
            count += 1
        flow[index] = number
    return count


def rtp(
    Octets octets, Places start, Places end, unsigned char[::1] kind, unsigned char[::1] marker,
    unsigned short[::1] sequence, unsigned int[::1] stamp, unsigned int[::1] ssrc, long long[::1] length,
    long long[::1] payload,
):
    """What n packets of RTP say, from its header at `start` up to `end`, which are at least 12 octets."""
    cdef Py_ssize_t index, at, behind
    cdef const unsigned char *head
    for index in range(start.shape[0]):
        if index + AHEAD < start.shape[0]:
            _ahead(<const unsigned char *>&octets[0] + start[index + AHEAD])
        at = start[index]
        _within(at, at + 12, octets.shape[0])
        head = &octets[0] + at
        kind[index], marker[index] = head[1] & 127, head[1] >> 7
        sequence[index] = <unsigned short>_pair(head + 2)
        stamp[index], ssrc[index] = _number(head + 4, True), _number(head + 8, True)
        behind = at + 12 + 4 * (head[0] & 15)
        if head[0] & 0x10:  # RFC 3550 5.3.1
            if behind + 4 <= end[index] <= octets.shape[0]:
                behind += 4 + 4 * _pair(&octets[0] + behind + 2)
            elif behind < end[index]:  # its header is cut: there is no payload
                behind = end[index]
        payload[index] = behind
        length[index] = end[index] - behind if end[index] > behind else 0


def streams(Places flow, const unsigned int[::1] ssrc, long long[::1] stream, long long[::1] heads, Word[::1] keys, int[::1] table):
    """Which stream each of n packets is of, by flow and SSRC, as `rtp` has flows; how many streams."""
    cdef Py_ssize_t index, place, count = 0
    cdef int number
    cdef Word key
    for index in range(flow.shape[0]):
        key = (<Word>flow[index] << 32) | ssrc[index]
        place = _slot(key, keys, table, &number)
        if number < 0:
            number = count
            keys[count], heads[count], table[place] = key, index, count + 1
            count += 1
        stream[index] = number
    return count


def reckon(
    Places stream, Places places, long long[::1] ends, const double[::1] time, const unsigned short[::1] sequence,
    const unsigned int[::1] stamp, const unsigned char[::1] kind, double clock, double[:] first, double[:] last,
    long long[:] place, long long[:] highest, long long[:] base, double[:] begun, double[:] transit,
    long long[:] packets, double[:] deviation, unsigned int[:, ::1] kinds,
):
    """Go on with the streams at `places`, -1 for none, with n packets in order: the columns of `speech.Streams`.

    `ends`, as long as `places`, is room for the last packet of each stream.
    """
    cdef Py_ssize_t index, at
    cdef long long step, extended
    cdef double now, change
    for index in range(places.shape[0]):
        ends[index] = -1
    for index in range(stream.shape[0]):
        at = places[stream[index]]
        if at < 0:
            continue
        step = ((sequence[index] - (place[at] & 0xFFFF)) + 0x8000 & 0xFFFF) - 0x8000
        extended = place[at] + step
        place[at] = extended
        if extended > highest[at]:
            highest[at] = extended
        if extended < base[at]:
            base[at] = extended
        now = time[index] * clock - stamp[index]
        if transit[at] == transit[at]:
            change = fmod(now - transit[at] + 2147483648.0, 4294967296.0)
            if change < 0:
                change += 4294967296.0
            deviation[at] += fabs(change - 2147483648.0)
        else:
            begun[at] = now
        transit[at] = now
        packets[at] += 1
        kinds[at, kind[index]] += 1
        if ends[stream[index]] < 0 and time[index] < first[at]:
            first[at] = time[index]
        ends[stream[index]] = index
    for index in range(places.shape[0]):
        at = places[index]
        if at >= 0 and ends[index] >= 0 and time[ends[index]] > last[at]:
            last[at] = time[ends[index]]


# --- ISUP in SCTP

cdef inline bint _m3ua(
    const unsigned char *base, Py_ssize_t message, Py_ssize_t end, long long *place, long long *stop
) noexcept nogil:
    """Whether what lies there, at least 27 octets, is an M3UA DATA message with ISUP; where its protocol data are."""
    cdef Py_ssize_t position = message + 8, size
    cdef int tag, turn
    if _number(base + message, True) != 0x01000101:
        return False
    for turn in range(3):  # routing context, network appearance, correlation identifier
        tag, size = _pair(base + position), _pair(base + position + 2)
        if (tag != 0x0006 and tag != 0x0200 and tag != 0x0013) or size < 4:
            break
        if position + ((size + 3) & ~3) + 19 > end:
            break
        position += (size + 3) & ~3
    size = _pair(base + position + 2)
    if _pair(base + position) != 0x0210 or size < 19 or position + size > end or base[position + 12] != 5:
        return False
    place[0], stop[0] = position, position + size
    return True


def circuits(
    Octets octets, Places packet, Places start, Places end, bint m2pa, unsigned int ppid_m3ua, unsigned int ppid_m2pa,
    unsigned char[::1] done, long long[:, ::1] found, unsigned char[::1] labelled,
):
    """Plain ISUP messages of n SCTP packets, of which `packet` are the numbers, as `bulk.circuits` finds them.

    `found` has a row for each column of `bulk.Circuits` but the last, which is `labelled`. `done` gets, by the number
    of a packet, whether all of it was read. Gives how many messages there are.
    """
    cdef Py_ssize_t index, at, stop, length, message, count = 0, before, label
    cdef int kind, turn
    cdef long long position, ends
    cdef unsigned int ppid
    cdef bint good, of_m2pa
    cdef const unsigned char *base
    if found.shape[0] != 13:
        raise ValueError("thirteen columns are wanted")
    for index in range(packet.shape[0]):
        at, stop = start[index] + 12, end[index]
        _within(start[index], stop, octets.shape[0])
        _within(at, stop, octets.shape[0])
        base = &octets[0] if octets.shape[0] else NULL
        before, good = count, True
        for turn in range(64):
            if at + 4 > stop:
                break
            kind, length = base[at], _pair(base + at + 2)
            if kind != 0 and (kind < 3 or kind > 5) or length < (41 if kind == 0 else 4) or at + length > stop:
                good = False
                break
            if kind == 0:
                message, ppid = at + 16, _number(base + at + 12, True)
                of_m2pa = False
                position = ends = 0
                if base[at + 1] & 3 != 3:
                    good = False
                elif length >= 43 and ppid == ppid_m3ua and _m3ua(base, message, at + length, &position, &ends):
                    found[3, count], found[4, count] = position + 16, ends
                    found[5, count], found[6, count] = _number(base + position + 4, True), _number(base + position + 8, True)
                    found[7, count] = base[position + 13] & 3
                elif m2pa and ppid == ppid_m2pa and _number(base + message, True) == 0x01000B01 and base[message + 17] & 15 == 5:
                    of_m2pa = True
                    label = _number(base + message + 18, False)
                    found[3, count], found[4, count] = message + 22, at + length
                    found[5, count], found[6, count] = label >> 14 & 0x3FFF, label & 0x3FFF
                    found[7, count] = base[message + 17] >> 6
                else:
                    good = False
                if not good:
                    break
                found[0, count], found[1, count], found[2, count] = packet[index], message, at + length
                found[8, count] = base[found[3, count] + 2]
                found[9, count], found[10, count] = _pair(base + at + 8), _pair(base + at + 10)
                found[11, count], found[12, count] = _number(base + at + 4, True), _number(base + start[index] + 4, True)
                labelled[count] = of_m2pa
                count += 1
            at += (length + 3) & ~3
        else:
            good = False
        done[packet[index]] = good
        if not good:
            count = before
    return count


def ends(
    Octets octets, Places at, Places start, Places address, Places source, Places destination, Places opc, Places dpc,
    Places network, const unsigned char[::1] m2pa, Word[::1] direction, Word[::1] relation,
):
    """Of n messages in the SCTP packets `at`, by `start` to `destination` of packets, between which ends they went.

    `direction` gets the association and its direction, `relation` the point codes, addresses and ports, mixed to a
    number each.
    """
    cdef Py_ssize_t index, packet
    cdef Word ports, codes, addresses
    for index in range(at.shape[0]):
        packet = at[index]
        _within(start[packet], start[packet] + 8, octets.shape[0])
        _within(address[packet], address[packet] + 8, octets.shape[0])
        ports = <Word>source[packet] << 16 | <Word>destination[packet]
        direction[index] = <Word>_number(&octets[0] + start[packet] + 4, True) << 32 | ports
        memcpy(&addresses, &octets[0] + address[packet], 8)
        codes = (<Word>opc[index] << 32 ^ <Word>dpc[index]) * ONE ^ (<Word>network[index] << 1 | m2pa[index])
        addresses = (addresses ^ codes ^ codes >> 29) * TWO
        relation[index] = (addresses ^ addresses >> 32 ^ ports) * ONE


def circuit_rows(
    Octets octets, Places begin, Places stop, Places opc, Places dpc, Word[::1] key, unsigned char[::1] kind,
    unsigned char[::1] alerting, short[::1] cause, signed char[::1] location,
):
    """What n ISUP messages say, as `rows.rows_of` has it, into the columns of n."""
    cdef Py_ssize_t index, at, end, value
    cdef const unsigned char *base
    cdef Word low, high
    for index in range(begin.shape[0]):
        at, end = begin[index], stop[index]
        _within(at, end, octets.shape[0])
        _within(at + 3, end, octets.shape[0])
        base = &octets[0]
        low, high = <Word>opc[index], <Word>dpc[index]
        if low > high:
            low, high = high, low
        key[index] = low << 40 ^ high << 16 ^ <Word>((base[at] | base[at + 1] << 8) & 0xFFF)
        kind[index] = base[at + 2]
        alerting[index] = cause[index] = location[index] = 0
        cause[index] = -1
        if base[at + 2] == 6:  # ACM
            alerting[index] = end - at > 4 and base[at + 3] >> 2 & 3 == 1
        elif base[at + 2] == 44:  # CPG
            alerting[index] = end - at > 3 and base[at + 3] & 0x7F == 1
        elif base[at + 2] == 12 and end - at >= 8 and base[at + 3] >= 2:  # REL
            value = at + 3 + base[at + 3]
            if value + 3 <= end and value + 1 + base[value] <= end and base[value] >= 2 and base[value + 1] >= 0x80:
                cause[index], location[index] = base[value + 2] & 0x7F, base[value + 1] & 0xF


# --- ISUP on signalling links

cdef inline bint _fits(int length, Py_ssize_t size) noexcept nogil:
    """Whether a length indicator is that of a unit of so many octets, with or without an FCS."""
    return length == (size - 3 if size < 66 else 63) or length == (size - 5 if size < 68 else 63)


def units(
    Octets octets, Places start, Places length, const signed char[::1] inbound, bint mtp2, bint pseudo, bint erf, bint fcs,
    unsigned char[:, ::1] flags, long long[:, ::1] found,
):
    """The n signal units of MTP2, with a pseudo header or in ERF, or MTP3 messages, as `lines.units` has them.

    `flags` (3, n) and `found` (7, n) have a row for each column of `Units` but the first. 0 where there is nothing.
    """
    cdef Py_ssize_t index, at, end, size
    cdef unsigned int label
    cdef const unsigned char *base = &octets[0] if octets.shape[0] else NULL
    if flags.shape[0] != 3 or found.shape[0] != 7:
        raise ValueError("three rows of flags and seven of places are wanted")
    for index in range(start.shape[0]):
        at, end = start[index], start[index] + length[index]
        _within(at, end, octets.shape[0])
        flags[0, index] = flags[1, index] = flags[2, index] = False
        found[5, index] = inbound[index]
        if pseudo:  # sent flag, Annex A flag, link number
            if end - at >= 4:
                found[5, index] = _pair(base + at + 2) << 1 | (base[at] == 1)
            at += 4
        if erf:
            if end - at >= 18 and base[at + 8] & 0x80:
                flags[2, index] = True  # what is behind more headers may be one
            if end - at < 18 or base[at + 8] & 0x80:
                at = end
            elif base[at + 8] == 5 or base[at + 8] == 12:
                if end - at >= 20:
                    found[5, index] |= ((_pair(base + at + 18) & 0x3FF) + 1) << 2
                at += 20
            else:
                at += 16
        if mtp2:
            end -= 2 * fcs
            if end - at < 3 or (erf and not _fits(base[at + 2] & 63, end - at)):
                at = end
            else:
                size = base[at + 2] & 63
                flags[1, index], flags[2, index] = size == 0, 0 < size <= 2
                at += 3
                if size <= 2:
                    at = end
                elif size < 63 and at + size < end:
                    end = at + size
        if end - at < 8 or base[at] & 15 != 5:
            found[0, index] = found[1, index] = found[2, index] = found[3, index] = found[4, index] = 0
            found[6, index] = 0
            continue
        flags[0, index] = True
        label = _number(base + at + 1, False) & 0xFFFFFFF
        found[0, index], found[1, index] = at + 5, end
        found[2, index], found[3, index], found[4, index] = label >> 14, label & 0x3FFF, base[at + 7]
        found[6, index] = label | <long long>(base[at] >> 6) << 28 | found[5, index] << 30


# --- pcapng

def blocks(Octets octets, Py_ssize_t position, bint big, long long largest, long long[::1] found):
    """Packet blocks that follow each other from `position` on: how many, and where the next block of another kind is."""
    cdef Py_ssize_t size = octets.shape[0], count = 0
    cdef unsigned int kind, length
    _within(position, size, size)
    while position + 12 <= size and count < found.shape[0]:
        kind, length = _number(&octets[0] + position, big), _number(&octets[0] + position + 4, big)
        if kind != 6 and kind != 3 and kind != 2:
            break
        if length < 12 or length % 4 or length > largest or position + length > size:
            break
        found[count] = position
        count += 1
        position += length
    return count, position
