# cython: language_level=3, cdivision=True, embedsignature=True
"""SIP and SDP as nearly everybody writes them, read in one pass; whatever is written otherwise is None.

What is accepted, and what is said of what is not, is defined in Python: `message`, `fields` and `sdp`. These read the
plain part of it, with the same values: printable ASCII, no folded lines, no white space where none is usual, no
escapes. Octets and texts come from anybody: each is looked at behind a comparison with the end.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_Contains, PyDict_GetItem, PyDict_SetItem
from cpython.object cimport PyObject
from libc.errno cimport EAGAIN, ECONNABORTED, ECONNREFUSED, ECONNRESET, EPIPE, ESHUTDOWN, errno
from libc.stdint cimport uint16_t
from libc.string cimport memcmp, memcpy, memset

cdef extern from "Python.h":
    str PyUnicode_DecodeASCII(const char *octets, Py_ssize_t size, const char *errors)
    bint PyUnicode_IS_COMPACT_ASCII(object text)
    void *PyUnicode_1BYTE_DATA(object text)
    Py_ssize_t PyUnicode_GET_LENGTH(object text)

ctypedef const unsigned char *Place

cdef enum:
    TOKEN = 1  # bits of KINDS
    WORD = 2  # of Call-ID
    HOST = 4  # of names and IPv4 addresses
    USER = 8  # of a SIP URI, without escapes
    OF_URI = 16  # of parameters of a URI, without escapes
    HOST_VALUE = 32  # of values of parameters that are hosts
    DIGIT = 64
    PRINTABLE = 128  # space included
    IPV6 = 256  # in its brackets
    LONGEST_LABEL = 63
    LONGEST_PORT = 5  # digits
    LONGEST_NUMBER = 9

cdef uint16_t KINDS[256]


cdef void mark(bytes octets, int kind):
    cdef int octet
    for octet in octets:
        KINDS[octet] |= kind


cdef void make_kinds():
    cdef bytes digits = b"0123456789"
    cdef bytes alphanumeric = digits + b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    cdef bytes unreserved = alphanumeric + b"_.!~*'()-"
    mark(alphanumeric + b".!%*_+`'~-", TOKEN)
    mark(alphanumeric + b".!%*_+`'~()<>:\\\"/[]?{}-", WORD)
    mark(alphanumeric + b".-", HOST)
    mark(unreserved + b"&=+$,;?/", USER)
    mark(unreserved + b"[]/:&+$=", OF_URI)
    mark(alphanumeric + b".:[]-", HOST_VALUE)
    mark(digits, DIGIT)
    mark(bytes(range(32, 127)), PRINTABLE)
    mark(digits + b"abcdefABCDEF:.", IPV6)


make_kinds()


cdef str text_between(Place start, Place end):
    """The octets from `start` to before `end`, all ASCII."""
    return PyUnicode_DecodeASCII(<const char *> start, end - start, NULL)


cdef Place past(Place place, Place end, int kind) noexcept:
    """The first octet from `place` on that is not of `kind`, `end` where all are."""
    while place < end and KINDS[place[0]] & kind:
        place += 1
    return place


cdef Place find(Place place, Place end, int octet) noexcept:
    """The first such octet from `place` on, `end` where there is none."""
    while place < end and place[0] != octet:
        place += 1
    return place


cdef Place past_spaces(Place place, Place end) noexcept:
    while place < end and place[0] == c" ":
        place += 1
    return place


cdef bint equals(Place start, Place end, const char *wanted) noexcept:
    """Whether exactly `wanted` stands there."""
    while start < end and wanted[0]:
        if start[0] != <unsigned char> wanted[0]:
            return False
        start += 1
        wanted += 1
    return start == end and not wanted[0]


cdef bint has_upper(Place place, Place end) noexcept:
    while place < end:
        if c"A" <= place[0] <= c"Z":
            return True
        place += 1
    return False


cdef str lower_between(Place start, Place end):
    return text_between(start, end).lower() if has_upper(start, end) else text_between(start, end)


cdef long number(Place start, Place end, int most) noexcept:
    """The value of what must be 1 to `most` digits, at most 18; -1 of anything else."""
    cdef long value = 0
    if not 0 < end - start <= most:
        return -1
    while start < end:
        if not KINDS[start[0]] & DIGIT:
            return -1
        value = 10 * value + start[0] - c"0"
        start += 1
    return value


cdef bint is_ipv4(Place place, Place end) noexcept:
    """Four numbers below 256 without leading zeros."""
    cdef int part
    cdef Place stop
    for part in range(4):
        stop = past(place, end, DIGIT)
        if not 0 <= number(place, stop, 3) < 256 or (place[0] == c"0" and stop - place > 1):
            return False
        if part == 3:
            return stop == end
        if stop == end or stop[0] != c".":
            return False
        place = stop + 1
    return False


cdef bint is_name(Place place, Place end) noexcept:
    """Labels of letters, digits and inner hyphens, the last of which begins with a letter."""
    cdef Place stop
    while True:
        stop = find(place, end, c".")
        if not 0 < stop - place <= LONGEST_LABEL or place[0] == c"-" or stop[-1] == c"-":
            return False
        if stop == end:
            return not KINDS[place[0]] & DIGIT
        place = stop + 1


cdef Place past_host(Place place, Place end) noexcept:
    """Past an IPv4 address, a name, or brackets with what may be an IPv6 address; NULL where there is none."""
    cdef Place stop
    if place < end and place[0] == c"[":
        stop = past(place + 1, end, IPV6)
        return stop + 1 if stop < end and stop[0] == c"]" else NULL
    stop = past(place, end, HOST)
    return stop if is_ipv4(place, stop) or is_name(place, stop) else NULL


cdef Place past_port(Place place, Place end, long *port) noexcept:
    """Past a colon and a port, where there is a colon; `port` is then it, and -1 where it is none."""
    cdef Place stop = place
    port[0] = 0
    if place < end and place[0] == c":":
        stop = past(place + 1, end, DIGIT)
        port[0] = number(place + 1, stop, LONGEST_PORT)
        if not 0 < port[0] < 65536:
            port[0] = -1
    return stop


cdef dict parameters_between(Place place, Place end):
    """What `fields.parse_parameters` gives of `;name=value;name`, of nothing too."""
    cdef dict parameters = {}
    cdef Place stop
    cdef int kinds
    cdef str name
    while place < end:
        if place[0] != c";":
            return None
        stop = past(place + 1, end, TOKEN)
        if stop == place + 1:
            return None
        name = lower_between(place + 1, stop)
        if PyDict_Contains(parameters, name):
            return None
        place = stop
        if place == end or place[0] != c"=":
            PyDict_SetItem(parameters, name, None)
            continue
        stop = place + 1
        kinds = TOKEN | HOST_VALUE
        while stop < end and stop[0] != c";":
            kinds &= KINDS[stop[0]]
            stop += 1
        if not kinds or stop == place + 1:
            return None
        PyDict_SetItem(parameters, name, text_between(place + 1, stop))
        place = stop
    return parameters


cdef tuple via_between(Place place, Place end):
    """Transport, host, port and parameters of a Via; in brackets the host is to be looked at."""
    cdef Place stop = find(place, end, c" ")
    cdef str transport
    cdef long port
    if equals(place, stop, b"SIP/2.0/UDP"):
        transport = "UDP"
    elif equals(place, stop, b"SIP/2.0/TCP"):
        transport = "TCP"
    elif equals(place, stop, b"SIP/2.0/TLS"):
        transport = "TLS"
    else:
        return None
    if stop == end:
        return None
    place = stop + 1
    stop = past_host(place, end)
    if stop is NULL:
        return None
    cdef str host = text_between(place, stop)
    place = past_port(stop, end, &port)
    if port < 0:
        return None
    cdef dict parameters = parameters_between(place, end)
    if parameters is None or ("branch" in parameters and parameters["branch"] is None):
        return None
    return transport, host, port or None, parameters


cdef bint is_call_id(Place place, Place end) noexcept:
    """Words around one @, or one word."""
    cdef Place stop = past(place, end, WORD)
    if stop == place:
        return False
    if stop < end and stop[0] == c"@":
        place = stop + 1
        stop = past(place, end, WORD)
    return stop == end and stop > place


cdef Place place_of(str text) noexcept:
    """Where the octets of an ASCII text are, NULL of any other."""
    return <Place> PyUnicode_1BYTE_DATA(text) if PyUnicode_IS_COMPACT_ASCII(text) else NULL


def via(str text not None):
    """Transport, host, port and parameters. In Python: `fields.parse_via`, which looks at a host in brackets."""
    cdef Place place = place_of(text)
    return None if place is NULL else via_between(place, place + PyUnicode_GET_LENGTH(text))


def parameters(str text not None):
    """In Python: `fields.parse_parameters`."""
    cdef Place place = place_of(text)
    return None if place is NULL else parameters_between(place, place + PyUnicode_GET_LENGTH(text))


cdef bint are_words(Place place, Place end) noexcept:
    """Tokens with spaces between them, or nothing."""
    if place < end and place[0] == c" ":
        return False
    while place < end:
        if place[0] != c" " and not KINDS[place[0]] & TOKEN:
            return False
        place += 1
    return True


cdef tuple bare_address(Place place, Place end):
    """A URI that stands without <>, no display name, and parameters, all of which are the header's."""
    cdef Place stop = find(place, end, c";"), octet = place
    while octet < stop:
        if octet[0] <= c" " or octet[0] == c"?" or octet[0] == c",":
            return None
        octet += 1
    cdef dict found = parameters_between(stop, end)
    return None if found is None or stop == place else (text_between(place, stop), "", found)


def address(str text not None):
    """URI as text, display name and parameters. In Python: `fields.parse_address`."""
    cdef Place place = place_of(text), end, stop, last
    cdef str display = ""
    cdef dict found
    if place is NULL:
        return None
    end = place + PyUnicode_GET_LENGTH(text)
    if place < end and place[0] == c'"':
        stop = place + 1
        while stop < end and stop[0] != c'"':
            if stop[0] == c"\\":
                return None
            stop += 1
        if stop == end:
            return None
        display = text_between(place + 1, stop)
        place = past_spaces(stop + 1, end)
        if place == end or place[0] != c"<":
            return None
    else:
        stop = find(place, end, c"<")
        if stop == end:
            return bare_address(place, end)
        last = stop
        while last > place and last[-1] == c" ":
            last -= 1
        if not are_words(place, last):
            return None
        display = text_between(place, last)
        place = stop
    stop = find(place, end, c">")
    if stop == end or find(place + 1, stop, c"<") != stop:
        return None
    found = parameters_between(stop + 1, end)
    return None if found is None else (text_between(place + 1, stop), display, found)


def uri(str text not None):
    """Scheme, user, host, port, parameters, no headers, no password and the text of a sip or sips URI.

    In Python: `fields.parse_uri`, which looks at a host in brackets.
    """
    cdef Place place = place_of(text), end, stop, equal
    cdef dict parameters = {}
    cdef str user = None, host, scheme, name
    cdef long port
    if place is NULL:
        return None
    end = place + PyUnicode_GET_LENGTH(text)
    stop = find(place, end, c":")
    if equals(place, stop, b"sip"):
        scheme = "sip"
    elif equals(place, stop, b"sips"):
        scheme = "sips"
    else:
        return None
    if stop == end:
        return None
    place = stop + 1
    stop = find(place, end, c"@")
    if stop < end:
        if stop == place or past(place, stop, USER) != stop:
            return None
        user = text_between(place, stop)
        place = stop + 1
    stop = past_host(place, end)
    if stop is NULL:
        return None
    host = text_between(place, stop)
    place = past_port(stop, end, &port)
    if port < 0:
        return None
    while place < end:
        if place[0] != c";":
            return None
        place += 1
        stop = find(place, end, c";")
        equal = find(place, stop, c"=")
        if equal == place or equal + 1 == stop or past(place, stop, OF_URI) != stop:
            return None
        name = lower_between(place, equal)
        if PyDict_Contains(parameters, name):
            return None
        PyDict_SetItem(parameters, name, None if equal == stop else text_between(equal + 1, stop))
        place = stop
    return scheme, user, host, port or None, parameters, "", None, text


cdef enum:
    PLACES = 256  # of names, a power of two and several times as many as there are
    LONGEST_NAME = 27
    VIA = 1  # roles of fields
    FROM = 2
    TO = 3
    CALL_ID = 4
    CSEQ = 5
    CONTENT_LENGTH = 6
    MAX_FORWARDS = 7
    ROLES = 8

cdef struct Name:
    unsigned char size  # 0: nothing is here
    unsigned char octets[LONGEST_NAME]
    int role
    PyObject *key  # kept by `Reader.keys`

cdef dict ROLE_OF = {
    "via": VIA,
    "from": FROM,
    "to": TO,
    "call-id": CALL_ID,
    "cseq": CSEQ,
    "content-length": CONTENT_LENGTH,
    "max-forwards": MAX_FORWARDS,
}


cdef class Reader:
    """Reads messages; made of lower-case names of fields by usual spelling, and of those names that appear once.

    The spellings lie in a table of their own, each in one place: what a processor has to fetch for a message is what
    its fields need.
    """

    cdef Name names[PLACES]
    cdef dict keys
    cdef frozenset single

    def __cinit__(self, dict keys not None, frozenset single not None):
        cdef bytes octets
        cdef Name *name
        memset(self.names, 0, sizeof(self.names))
        if len(keys) > PLACES // 2:
            raise ValueError("too many names")
        self.keys, self.single = dict(keys), single
        for spelling, key in self.keys.items():
            octets = spelling.encode("ascii")
            if not 0 < len(octets) <= LONGEST_NAME:
                continue
            name = self.place(<Place> PyBytes_AS_STRING(octets), len(octets))
            memcpy(name.octets, PyBytes_AS_STRING(octets), len(octets))
            name.size, name.role, name.key = len(octets), ROLE_OF.get(key, 0), <PyObject *> key

    cdef Name *place(self, Place octets, Py_ssize_t size) noexcept:
        """Where that name is, or would be; of 1 to LONGEST_NAME octets."""
        cdef unsigned int at = <unsigned int> (size * 31 + octets[0] * 7 + octets[size - 1] * 13 + octets[size >> 1])
        cdef Name *name = &self.names[at & (PLACES - 1)]
        while name.size and (name.size != size or memcmp(name.octets, octets, size)):
            at += 1
            name = &self.names[at & (PLACES - 1)]
        return name

    def message(self, bytes data not None):
        """Start line, fields and body of a message, and what every message has, of which From and To are not looked at.

        Status and phrase or method and URI, fields, body, From, To and Call-ID; transport, host, port and parameters of
        the topmost Via; number and method of CSeq. In Python: `message.parse_message`, which looks at what is left:
        From, To, the URI, a host in brackets, further Vias.
        """
        cdef Place begin = <Place> PyBytes_AS_STRING(data), end = begin + PyBytes_GET_SIZE(data)
        cdef Place place, stop, last, body
        cdef Place starts[ROLES]  # of first values, NULL where there is none
        cdef Place ends[ROLES]
        cdef PyObject *texts[3]  # From, To and Call-ID, kept by `fields`
        cdef dict fields = {}
        cdef str key, text, rest, method = None
        cdef PyObject *held
        cdef object start
        cdef tuple hop
        cdef long value
        cdef int role
        cdef Py_ssize_t size
        cdef Name *name
        memset(starts, 0, sizeof(starts))
        stop = past(begin, end, PRINTABLE)
        place = find(begin, stop, c" ")
        if place == begin or place == stop:
            return None
        if equals(begin, place, b"SIP/2.0"):
            if stop - place < 5 or place[4] != c" ":
                return None
            value = number(place + 1, place + 4, 3)
            if not 100 <= value < 700:
                return None
            start, rest = value, text_between(place + 5, stop)
        else:
            last = find(place + 1, stop, c" ")
            if past(begin, place, TOKEN) != place or last == place + 1 or last == stop:
                return None
            if not equals(last + 1, stop, b"SIP/2.0"):
                return None
            start = method = text_between(begin, place)
            rest = text_between(place + 1, last)
        while True:
            if end - stop < 2 or stop[0] != c"\r" or stop[1] != c"\n":
                return None
            place = stop + 2
            stop = past(place, end, PRINTABLE)
            if stop == place:
                break
            last = past(place, stop, TOKEN)
            if last == place or last == stop or last[0] != c":":
                return None
            name = self.place(place, last - place) if last - place <= LONGEST_NAME else NULL
            if name is not NULL and name.size:
                key, role = <str> name.key, name.role
            else:
                key = text_between(place, last).lower()
                key = self.keys.get(key, key)
                role = ROLE_OF.get(key, 0)
            place = past_spaces(last + 1, stop)
            last = stop
            while last > place and last[-1] == c" ":
                last -= 1
            text = text_between(place, last)
            held = PyDict_GetItem(fields, key)
            if held is NULL:
                PyDict_SetItem(fields, key, [text])
                starts[role], ends[role] = place, last
                if FROM <= role <= CALL_ID:
                    texts[role - FROM] = <PyObject *> text
            elif key in self.single:
                return None
            else:
                (<list> held).append(text)
        if end - stop < 2 or stop[0] != c"\r" or stop[1] != c"\n":
            return None
        body, size = stop + 2, end - stop - 2
        for role in range(VIA, CSEQ + 1):
            if starts[role] is NULL:
                return None
        hop = via_between(starts[VIA], ends[VIA])
        if hop is None or not is_call_id(starts[CALL_ID], ends[CALL_ID]):
            return None
        if starts[CONTENT_LENGTH] is not NULL:
            value = number(starts[CONTENT_LENGTH], ends[CONTENT_LENGTH], LONGEST_NUMBER)
            if not 0 <= value <= size:
                return None
            size = value
        if method is not None and starts[MAX_FORWARDS] is not NULL:
            if not 0 <= number(starts[MAX_FORWARDS], ends[MAX_FORWARDS], LONGEST_NUMBER) < 256:
                return None
        place, last = starts[CSEQ], ends[CSEQ]
        stop = past(place, last, DIGIT)
        value = number(place, stop, 10)
        if not 0 <= value < 1 << 31 or stop == last or stop[0] != c" " or stop + 1 == last:
            return None
        if past(stop + 1, last, TOKEN) != last:
            return None
        if method is None:
            method = text_between(stop + 1, last)
        elif not is_text(method, stop + 1, last):
            return None
        return (
            start,
            rest,
            fields,
            PyBytes_FromStringAndSize(<const char *> body, size),
            <object> texts[0],
            <object> texts[1],
            <object> texts[2],
            *hop,
            value,
            method,
        )


cdef bint is_text(str text, Place start, Place end) noexcept:
    """Whether an ASCII text is what stands there."""
    cdef Place place = place_of(text)
    return place is not NULL and PyUnicode_GET_LENGTH(text) == end - start and not memcmp(place, start, end - start)


cdef str address_in(Place place, Place end):
    """The address of a c= line; None where it is malformed or somehow unusual."""
    cdef Place stop
    if end - place < 8 or not (equals(place, place + 7, b"IN IP4 ") or equals(place, place + 7, b"IN IP6 ")):
        return None
    stop = find(place + 7, end, c"/")
    return None if find(place + 7, end, c" ") != end else text_between(place + 7, stop)


cdef bint is_origin(Place place, Place end) noexcept:
    """Six words, the second and third of digits."""
    cdef int part
    cdef Place stop
    for part in range(6):
        stop = find(place, end, c" ")
        if stop == place or (stop == end) != (part == 5):
            return False
        if part in (1, 2) and past(place, stop, DIGIT) != stop:
            return False
        place = stop + 1
    return True


cdef bint are_times(Place place, Place end) noexcept:
    """Two numbers."""
    cdef Place stop = past(place, end, DIGIT)
    if stop == place or stop == end or stop[0] != c" " or stop + 1 == end:
        return False
    return past(stop + 1, end, DIGIT) == end


cdef str direction_in(Place place, Place end):
    """The attribute that says who may send, None of any other."""
    if equals(place, end, b"sendrecv"):
        return "sendrecv"
    if equals(place, end, b"sendonly"):
        return "sendonly"
    if equals(place, end, b"recvonly"):
        return "recvonly"
    return "inactive" if equals(place, end, b"inactive") else None


cdef class Stream:
    """An m= section."""

    cdef str kind, profile, address, direction
    cdef long port
    cdef list formats
    cdef dict encodings
    cdef object ptime, maxptime, rtcp_port
    cdef bint rtcp_mux

    cdef bint begin(self, Place place, Place end) except -1:
        """Take the m= line; False where it is unusual."""
        cdef Place stop = find(place, end, c" ")
        if stop == place or stop == end:
            return False
        self.kind = text_between(place, stop)
        place = stop + 1
        stop = find(place, end, c" ")
        self.port = number(place, stop, LONGEST_PORT)
        if not 0 <= self.port < 65536 or stop == end:
            return False
        place = stop + 1
        stop = find(place, end, c" ")
        if stop == place or stop == end:
            return False
        self.profile = text_between(place, stop)
        self.formats, self.encodings = [], {}
        while stop < end:
            place = stop + 1
            stop = find(place, end, c" ")
            if stop == place:
                return False
            self.formats.append(text_between(place, stop))
        return True

    cdef bint attribute(self, Place name, Place name_end, Place value, Place end) except -1:
        """Take an a= line that tells no direction; False where it is unusual."""
        cdef Place stop
        cdef long found
        if equals(name, name_end, b"rtpmap"):
            stop = past(value, end, DIGIT)
            found = number(value, stop, 3)
            value = past_spaces(stop, end)
            if not 0 <= found < 128 or value == stop or value == end or find(value, end, c" ") != end:
                return False
            self.encodings[found] = lower_between(value, end)
        elif equals(name, name_end, b"ptime"):
            found = number(value, end, 4)
            self.ptime = found
            return found >= 0
        elif equals(name, name_end, b"maxptime"):
            found = number(value, end, 4)
            self.maxptime = found
            return found >= 0
        elif equals(name, name_end, b"rtcp-mux"):
            self.rtcp_mux = True
        elif equals(name, name_end, b"rtcp"):
            stop = past(value, end, DIGIT)
            found = number(value, stop, LONGEST_PORT)
            if 0 < found < 65536 and (stop == end or stop[0] == c" "):
                self.rtcp_port = found
        elif equals(name, name_end, b"crypto") or equals(name, name_end, b"curr"):
            return False
        elif equals(name, name_end, b"des") or equals(name, name_end, b"conf"):
            return False
        return True

    cdef tuple values(self, str address, str direction):
        """The arguments of `sdp.Media`; the session's address and direction hold where it has none."""
        return (
            self.kind,
            self.port,
            self.profile,
            tuple(self.formats),
            self.address or address,
            self.direction or direction,
            self.encodings,
            self.ptime,
            (),
            self.maxptime,
            self.rtcp_port,
            self.rtcp_mux,
        )


def session(bytes body not None):
    """What makes each `sdp.Media`, the times and the origin of a description. In Python: `sdp.parse`."""
    cdef Place place = <Place> PyBytes_AS_STRING(body), end = place + PyBytes_GET_SIZE(body)
    cdef Place stop, last, colon
    cdef list streams = []
    cdef Stream stream = None
    cdef str address = None, direction = "sendrecv", found, origin = None, times = None
    cdef bint version = False, named = False
    cdef int kind
    while place < end:
        stop = past(place, end, PRINTABLE)
        last = stop
        if stop < end and stop[0] == c"\r":
            stop += 1
        if stop < end and stop[0] != c"\n" or (stop == end and stop != last):
            return None
        if not version:
            if not equals(place, last, b"v=0"):
                return None
            version = True
            place = stop + 1
            continue
        if last - place < 2 or place[1] != c"=" or not c"a" <= place[0] <= c"z":
            return None
        kind, place = place[0], place + 2
        if kind == c"a":
            colon = find(place, last, c":")
            found = direction_in(place, colon) if last - colon < 2 else None
            if found is not None:
                if stream is None:
                    direction = found
                else:
                    stream.direction = found
            elif stream is not None and not stream.attribute(place, colon, colon + (colon < last), last):
                return None
        elif kind == c"m":
            stream = Stream()
            if not stream.begin(place, last):
                return None
            streams.append(stream)
        elif kind == c"c":
            if (address if stream is None else stream.address) is None:
                found = address_in(place, last)
                if found is None:
                    return None
                if stream is None:
                    address = found
                else:
                    stream.address = found
        elif stream is None:
            if kind == c"s":
                named = True
            elif kind == c"o" and origin is None:
                if not is_origin(place, last):
                    return None
                origin = text_between(place, last)
            elif kind == c"t" and times is None:
                if not are_times(place, last):
                    return None
                times = text_between(place, last)
        place = stop + 1
    if not named or origin is None or times is None:
        return None
    return [(<Stream> one).values(address or "", direction) for one in streams], times, origin


cdef extern from *:
    """
    #include <arpa/inet.h>
    #include <netinet/in.h>
    #include <sys/socket.h>

    #define AT_ONCE 8
    #define LARGEST 65535

    typedef union {
        struct sockaddr any;
        struct sockaddr_in four;
        struct sockaddr_in6 six;
    } source;

    static unsigned char rooms[AT_ONCE][LARGEST];
    static source sources[AT_ONCE];
    static struct iovec vectors[AT_ONCE];
    static struct mmsghdr headers[AT_ONCE];

    /* Up to so many datagrams in one call, each in a room of its own; how many, -1 for an error. */
    static int receive(int descriptor, int most)
    {
        int place;
        if (most > AT_ONCE)
            most = AT_ONCE;
        for (place = 0; place < most; place++) {
            vectors[place].iov_base = rooms[place];
            vectors[place].iov_len = LARGEST;
            headers[place].msg_hdr.msg_name = sources + place;
            headers[place].msg_hdr.msg_namelen = sizeof(source);
            headers[place].msg_hdr.msg_iov = vectors + place;
            headers[place].msg_hdr.msg_iovlen = 1;
        }
        return recvmmsg(descriptor, headers, most, MSG_DONTWAIT, NULL);
    }

    static int length_of(int place) { return (int)headers[place].msg_len; }

    /* Whether one source is another, of the same length. */
    static int is_source(const source *one, int place)
    {
        return one->any.sa_family == sources[place].any.sa_family
            && !memcmp(one, sources + place, one->any.sa_family == AF_INET ? 8 : sizeof(source));
    }

    static int port_of(int place)
    {
        return ntohs(sources[place].any.sa_family == AF_INET6 ? sources[place].six.sin6_port
                                                              : sources[place].four.sin_port);
    }

    /* The IP address of a source in words; NULL for another family. */
    static const char *host_of(int place, char *text)
    {
        const source *from = sources + place;
        if (from->any.sa_family == AF_INET6)
            return inet_ntop(AF_INET6, &from->six.sin6_addr, text, INET6_ADDRSTRLEN);
        return from->any.sa_family == AF_INET ? inet_ntop(AF_INET, &from->four.sin_addr, text, INET6_ADDRSTRLEN) : NULL;
    }
    """
    ctypedef struct source:
        pass
    int AT_ONCE
    source sources[8]
    unsigned char rooms[8][65535]
    int receive(int descriptor, int most) nogil
    int length_of(int place)
    bint is_source(const source *one, int place)
    int port_of(int place)
    const char *host_of(int place, char *text)

cdef source latest
cdef tuple latest_address = None


cdef tuple address_of(int place):
    """IP address and port that a datagram came from; mostly the same peer sends several."""
    global latest, latest_address
    cdef char text[64]
    if latest_address is None or not is_source(&latest, place):
        if host_of(place, text) == NULL:
            raise OSError("a datagram of neither IPv4 nor IPv6")
        latest_address = (text.decode("ascii"), port_of(place))
        latest = sources[place]
    return latest_address


def datagrams(int descriptor, int most):
    """Every datagram that waits on a UDP socket, `most` of them, each with its source. In Python: `receive_all`."""
    cdef list found = []
    cdef int count, place, asked, tried = 0
    while tried < most:
        asked = min(most - tried, AT_ONCE)
        count = receive(descriptor, asked)
        if count < 0:
            if errno == EAGAIN:
                break
            if errno not in (ECONNREFUSED, ECONNRESET, ECONNABORTED, EPIPE, ESHUTDOWN):
                raise OSError(errno, "a UDP socket cannot be read")
            tried += 1
            continue
        for place in range(count):
            found.append((PyBytes_FromStringAndSize(<const char *> rooms[place], length_of(place)), address_of(place)))
        tried += count
        if count < asked:
            break
    return found
