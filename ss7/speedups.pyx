# cython: language_level=3, cdivision=True, embedsignature=True
"""What every message goes through in MTP level 2 and in ISUP, compiled.

Each names what it stands for in Python, which says what it means and is used where this is not built. What is not
plain is left to that, wherever an answer of None or False says so: it also makes the errors.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport uint64_t
from libc.string cimport memcpy

from collections import deque

from tandem.ss7.mtp2.configuration import Timer
from tandem.ss7.mtp2.monitors import CongestionMonitor
from tandem.ss7.mtp2.primitives import MessageReceived, SendUnits
from tandem.ss7.mtp2.transmit import BITS_PER_OCTET, FRAMING_OCTETS
from tandem.ss7.mtp2.units import Status

cdef object T6 = Timer.T6
cdef object T7 = Timer.T7
cdef object PACE = Timer.PACE
cdef object SIB = Status.SIB

cdef enum:
    LONGEST_HEADER = 6  # octets of a unit in the extended format, Q.703 Annex A
    MIN_MSU = 3  # octets of SIO and SIF
    HEADER = 3  # octets of an ISUP message: CIC and type
    OCTET = 255


cdef class Transmitter:
    """As `Transmitter` of mtp2/transmit.py; the preventive cyclic method is not here."""

    cdef object _configuration, _timers, _counters, _transmission, _congestion, _status, _told_status
    cdef list _outputs, _retransmission, _units
    cdef int _header_octets, _field_bits, _longest, _mask, _window, _overhead, _onset
    cdef double _ahead, _t7, _seconds_per_octet, _line_free
    cdef int _acknowledged, _last, _sent, _fib, _bsn, _bib
    cdef int _told_sent, _told_bsn, _told_bib, _told_fib
    cdef bint _inhibited, _told

    def __init__(self, configuration, timers, counters, list outputs not None):
        form = configuration.unit_format
        self._configuration = configuration
        self._timers = timers
        self._counters = counters
        self._outputs = outputs
        self._header_octets = form.header_octets
        self._field_bits = form.field_bits
        self._longest = form.max_length_indicator
        self._mask = form.modulus - 1
        self._window = configuration.window
        self._ahead = configuration.queue_ahead
        self._t7 = configuration.t7
        self._seconds_per_octet = BITS_PER_OCTET / configuration.bit_rate
        self._overhead = form.header_octets + FRAMING_OCTETS
        self._transmission = deque()
        self._retransmission = [b""] * form.modulus
        self._units = []
        self._told = False
        self._status = None
        self._inhibited = True
        self._congestion = CongestionMonitor(
            configuration.congestion_onset, configuration.congestion_abatement, configuration.congestion_levels
        )
        self._onset = configuration.congestion_onset
        self._line_free = 0.0
        self.reset_numbers()

    cdef void reset_numbers(self) noexcept:
        self._acknowledged = self._last = self._sent = self._bsn = self._mask
        self._fib = self._bib = 1

    def start(self):
        """Begin anew: numbers as initially, nothing kept."""
        self.inhibit()
        self.reset_numbers()
        self._transmission.clear()
        self.check_congestion()

    # The unit to repeat

    def send_status(self, status):
        """Repeat LSSUs with `status`; messages wait."""
        self.inhibit()
        if self._status is not status:
            self._status = status
            self._units.append(self.status_unit(status))

    def send_fisu(self):
        """Repeat FISUs; messages wait."""
        self.inhibit()
        self._status = None

    def send_msu(self, double now):
        """Send messages, and FISUs when there are none."""
        self._status = None
        self._inhibited = False
        if self._last != self._acknowledged:
            self._timers.start(T7, now + self._t7)

    def send_busy(self):
        """Send one SIB between whatever else is sent."""
        self._units.append(self.status_unit(SIB))

    cdef int inhibit(self) except -1:
        self._inhibited = True
        for timer in (T6, T7, PACE):
            self._timers.stop(timer)
        return 0

    # From the receiving half and from level 3

    def set_backward(self, int bsn, int bib):
        """BSN and BIB of units from now on."""
        self._bsn = bsn
        self._bib = bib

    def send(self, msu):
        """Keep `msu` (SIO and SIF) for sending."""
        if len(self._transmission) >= self._configuration.transmission_buffer:
            self._counters.messages_discarded += 1
            return
        self._transmission.append(msu)
        self.check_congestion()

    cpdef bint is_expected(self, int bsn) noexcept:
        """Whether a received BSN is one of the messages not acknowledged, or the last one that was."""
        return (bsn - self._acknowledged) & self._mask <= (self._last - self._acknowledged) & self._mask

    cpdef acknowledged(self, int bsn, int bib, double now):
        """Act on a BSN and BIB that the peer sent; `bsn` is expected."""
        cdef int before = self._acknowledged
        if bsn != before:
            if (bsn - before) & self._mask > (self._sent - before) & self._mask:
                self._sent = bsn
            self._acknowledged = bsn
            if bsn == self._last:
                self._line_free = now
            self.restart_t7(now)
            self._timers.stop(T6)
            if self._congestion.level:
                self.check_congestion()
        if bib != self._fib:
            self.retransmit(bib, now)

    cdef int retransmit(self, int fib, double now) except -1:
        self._fib = fib
        self._sent = self._acknowledged
        self._counters.negative_acknowledgements_received += 1
        self._counters.messages_retransmitted += (self._last - self._acknowledged) & self._mask
        self.restart_t7(now)
        self._timers.stop(T6)
        return 0

    cdef int restart_t7(self, double now) except -1:
        if self._inhibited or self._last == self._acknowledged:
            self._timers.stop(T7)
        else:
            self._timers.start(T7, now + self._t7)
        return 0

    def remote_busy(self, double now):
        """SIB came: the peer holds back acknowledgements, for a time T6."""
        if self._inhibited:
            return
        if self._timers.is_running(T7):
            self._timers.start(T7, now + self._t7)
        if not self._timers.is_running(T6):
            self._counters.remote_congestions += 1
            self._timers.start(T6, now + self._configuration.t6)

    def retrieve(self, fsnc):
        """Take all messages after `fsnc`, the last one the peer has accepted; None: only those never numbered."""
        cdef int fsn
        messages = []
        if fsnc is not None:
            fsn = fsnc
            if self.is_expected(fsn):
                while fsn != self._last:
                    fsn = (fsn + 1) & self._mask
                    messages.append(self._retransmission[fsn])
        messages.extend(self._transmission)
        self._transmission.clear()
        self._acknowledged = self._sent = self._last
        self.check_congestion()
        return tuple(messages)

    def flush_messages(self):
        """Discard every message that the peer has not acknowledged."""
        self._counters.messages_flushed += self.pending
        self._transmission.clear()
        self._last = self._sent = self._acknowledged
        self._timers.stop(T7)
        self.check_congestion()

    @property
    def pending(self):
        """Messages waiting or unacknowledged."""
        return len(self._transmission) + ((self._last - self._acknowledged) & self._mask)

    cdef int check_congestion(self) except -1:
        cdef Py_ssize_t pending = len(self._transmission) + ((self._last - self._acknowledged) & self._mask)
        cdef bint calm = not self._congestion.level
        if calm and pending < self._onset:
            return 0
        told = self._congestion.review(pending)
        if told is not None:
            self._counters.congestions += calm
            self._outputs.append(told)
        return 0

    # Downwards

    def flush(self, double now):
        """Hand down what is to be sent, and the unit to repeat when it changed."""
        if not self._inhibited and (self._sent != self._last or self._transmission):
            self.release(now)
        if (
            not self._told
            or self._told_bsn != self._bsn
            or self._told_sent != self._sent
            or self._told_bib != self._bib
            or self._told_fib != self._fib
            or self._told_status is not self._status
            or self._units
        ):
            self._told = True
            self._told_sent, self._told_bsn, self._told_bib = self._sent, self._bsn, self._bib
            self._told_fib, self._told_status = self._fib, self._status
            fill = self.unit(self._sent, 0, None) if self._status is None else self.status_unit(self._status)
            self._outputs.append(SendUnits(tuple(self._units), fill))
            self._units.clear()

    cdef int release(self, double now) except -1:
        cdef double free = max(self._line_free, now)
        cdef double limit = now + self._ahead
        cdef bint again
        while True:
            again = self._sent != self._last
            if not again and not (
                self._transmission and (self._last - self._acknowledged) & self._mask < self._window
            ):
                break
            if free >= limit:
                self._timers.start(PACE, free - self._ahead / 2)
                break
            self._sent = (self._sent + 1) & self._mask
            msu = self._retransmission[self._sent] if again else self.number(self._sent)
            self._units.append(self.unit(self._sent, len(msu), msu))
            free += (len(msu) + self._overhead) * self._seconds_per_octet
        self._line_free = free
        if self._last != self._acknowledged and not self._timers.is_running(T7):
            self._timers.start(T7, now + self._t7)
        return 0

    cdef object number(self, int fsn):
        """Give the next message its number and keep it until it is acknowledged."""
        self._last = fsn
        msu = self._transmission.popleft()
        self._retransmission[fsn] = msu
        self._counters.messages_sent += 1
        self._counters.octets_sent += len(msu)
        return msu

    cdef bytes unit(self, int fsn, Py_ssize_t length, body):
        """A unit with `body`, of `length` octets, behind its header; the header alone for None."""
        cdef int size = self._header_octets, bits = self._field_bits, place
        cdef uint64_t first = self._bsn | self._bib << (bits - 1)
        cdef uint64_t second = fsn | self._fib << (bits - 1)
        cdef uint64_t third = length if length < self._longest else self._longest
        cdef uint64_t value = first | second << bits | third << (2 * bits)
        cdef unsigned char header[LONGEST_HEADER]
        cdef bytes whole
        cdef char *to
        for place in range(size):
            header[place] = value >> (8 * place) & OCTET
        if type(body) is bytes and PyBytes_GET_SIZE(body) == length:
            whole = PyBytes_FromStringAndSize(NULL, size + length)
            to = PyBytes_AS_STRING(whole)
            memcpy(to, header, size)
            memcpy(to + size, PyBytes_AS_STRING(body), length)
            return whole
        whole = PyBytes_FromStringAndSize(<char *> header, size)
        return whole if body is None else whole + bytes(body)

    cdef bytes status_unit(self, status):
        octets = self._configuration.status_octets
        return self.unit(self._sent, octets, status.to_bytes(octets, "little"))


cdef class Receiver:
    """As `Receiver` of mtp2/receive.py, with a `Transmitter` of this module."""

    cdef Transmitter _transmitter
    cdef object _counters, _fail, _skipped
    cdef list _outputs
    cdef int _header_octets, _field_bits, _longest, _mask, _max_body
    cdef int _expected, _bib, _abnormal_bsn, _abnormal_fib
    cdef bint _awaiting_retransmission, _refusing, _busy

    def __init__(self, configuration, Transmitter transmitter not None, counters, list outputs not None, fail):
        form = configuration.unit_format
        self._transmitter = transmitter
        self._counters = counters
        self._outputs = outputs
        self._fail = fail
        self._header_octets = form.header_octets
        self._field_bits = form.field_bits
        self._longest = form.max_length_indicator
        self._mask = form.modulus - 1
        self._max_body = configuration.max_sif + 1
        self.start()

    def start(self):
        """Begin anew: the first message awaited has FSN 0. Messages are refused until `resume`."""
        self._expected = 0
        self._bib = 1
        self._awaiting_retransmission = False
        self._abnormal_bsn = self._abnormal_fib = 0
        self._refusing = True
        self._busy = False
        self._skipped = None

    @property
    def last_accepted(self):
        """FSN of the last message accepted."""
        return (self._expected - 1) & self._mask

    @property
    def is_suspicious(self):
        """Whether one of the last two units was abnormal, so that one more fails the link."""
        return self._abnormal_bsn & 3 != 0 or self._abnormal_fib & 3 != 0

    # Whether messages are taken

    def refuse(self):
        """Local processor outage: take no messages."""
        self._refusing = True

    def resume(self):
        """Take messages again."""
        self._refusing = False
        self.catch_up()

    def hold_acknowledgements(self):
        """Receive congestion: take messages, but neither acknowledge nor ask for any."""
        self._busy = True

    def release_acknowledgements(self):
        """End of receive congestion."""
        self._busy = False
        self._transmitter.set_backward((self._expected - 1) & self._mask, self._bib)
        self.catch_up()

    cdef int catch_up(self) except -1:
        if self._skipped is not None and not self._refusing and not self._busy:
            fsn, fib = self._skipped
            self._skipped = None
            self.sequence(fsn, fib, None)
        return 0

    # Units

    def plain(self, octets, double now):
        """Act on a FISU or MSU of which nothing is out of the common; False for another, of which nothing is done."""
        cdef const unsigned char *header
        cdef Py_ssize_t length
        cdef uint64_t value = 0
        cdef int place, bsn, bib, fsn, fib, bits = self._field_bits
        if type(octets) is not bytes or self._refusing or self._abnormal_bsn or self._abnormal_fib:
            return False
        length = PyBytes_GET_SIZE(octets) - self._header_octets
        if length < 0 or length > self._max_body or 0 < length < MIN_MSU:
            return False
        header = <const unsigned char *> PyBytes_AS_STRING(octets)
        for place in range(self._header_octets):
            value |= <uint64_t> header[place] << (8 * place)
        if <Py_ssize_t> (value >> (2 * bits) & self._longest) != min(length, <Py_ssize_t> self._longest):
            return False
        bsn, bib = value & self._mask, value >> (bits - 1) & 1
        fsn, fib = value >> bits & self._mask, value >> (2 * bits - 1) & 1
        if fib != self._bib or not self._transmitter.is_expected(bsn):
            return False
        self._transmitter.acknowledged(bsn, bib, now)
        self.sequence(fsn, fib, octets[self._header_octets:] if length else None)
        return True

    def check(self, int bsn, int bib, int fib, double now):
        """Act on the BSN and BIB of a FISU or MSU; False when the unit is abnormal and to be discarded."""
        if not self._transmitter.is_expected(bsn):
            self._abnormal_bsn = self._abnormal_bsn << 1 & 7 | 1
            return self.discard("BSN", self._abnormal_bsn, now)
        if self._abnormal_bsn:
            self._abnormal_bsn = self._abnormal_bsn << 1 & 7
        if fib != self._bib:
            if not self._awaiting_retransmission:
                self._abnormal_fib = self._abnormal_fib << 1 & 7 | 1
                return self.discard("FIB", self._abnormal_fib, now)
        elif self._abnormal_fib:
            self._abnormal_fib = self._abnormal_fib << 1 & 7
        self._transmitter.acknowledged(bsn, bib, now)
        return True

    cdef object discard(self, what, int history, double now):
        self._counters.units_discarded += 1
        if (history & 1) + (history >> 1 & 1) + (history >> 2 & 1) >= 2:
            self._fail(f"two of three units with abnormal {what} (Q.703 5.3)", now)
        return False

    def accept(self, int fsn, int fib, msu):
        """Act on the FSN of a unit that `check` found normal; `msu` is its SIO and SIF, None for a FISU."""
        if self._refusing:
            self._skipped = (fsn, fib)
        else:
            self.sequence(fsn, fib, msu)

    cdef int sequence(self, int fsn, int fib, msu) except -1:
        if fib != self._bib:
            return 0
        self._awaiting_retransmission = False
        if msu is not None and fsn == self._expected:
            self._expected = (fsn + 1) & self._mask
            self._skipped = None
            self._counters.messages_received += 1
            self._counters.octets_received += len(msu)
            self._outputs.append(MessageReceived(msu))
            if not self._busy:
                self._transmitter.set_backward(fsn, self._bib)
        elif fsn != (self._expected - 1) & self._mask:
            if self._busy:
                self._skipped = (fsn, fib)
            else:
                self._bib ^= 1
                self._awaiting_retransmission = True
                self._counters.negative_acknowledgements_sent += 1
                self._transmitter.set_backward((self._expected - 1) & self._mask, self._bib)
        return 0


def walk(bytes octets not None, tuple fixed not None, tuple variable not None, bint optional, bint may_lack):
    """As `_walk` of isup/messages.py: (code, content) of each parameter and where each starts; None for an error."""
    cdef const unsigned char *at = <const unsigned char *> PyBytes_AS_STRING(octets)
    cdef Py_ssize_t size = PyBytes_GET_SIZE(octets), offset = HEADER, start, end, pointers_end
    cdef list found = [], starts = []
    if size < HEADER:
        return None
    for code, length in fixed:
        end = offset + <Py_ssize_t> length
        if end > size:
            return None
        found.append((code, octets[offset:end]))
        starts.append(offset)
        offset = end
    pointers_end = offset + len(variable) + optional
    for code in variable:
        if offset >= size or at[offset] == 0:
            return None
        start = offset + at[offset]
        if start < pointers_end or start >= size:
            return None
        end = start + 1 + at[start]
        if end > size:
            return None
        found.append((code, octets[start + 1:end]))
        starts.append(start + 1)
        offset += 1
    if not optional or (may_lack and offset == size):
        return found, starts
    if offset >= size:
        return None
    if at[offset] == 0:
        return found, starts
    offset += at[offset]
    if offset < pointers_end:
        return None
    while offset < size:
        if at[offset] == 0:  # end of optional parameters
            return found, starts
        if offset + 1 == size:
            return None
        end = offset + 2 + at[offset + 1]
        if end > size:
            return None
        found.append((at[offset], octets[offset + 2:end]))
        starts.append(offset + 2)
        offset = end
    return None


def lay_out(int cic, int message_type, tuple fixed not None, tuple variable not None, bint optional, parameters):
    """As `_lay_out` of isup/messages.py, behind CIC and message type; None for an error."""
    cdef list rest = list(parameters), contents = []
    cdef Py_ssize_t size = HEADER + len(variable) + optional, length, pointer, place
    cdef unsigned char *to
    cdef unsigned char *after
    cdef bytes whole
    if not 0 <= cic <= 0xFFFF or not 0 <= message_type <= OCTET:
        return None
    for code, octets in fixed:
        content = taken(rest, code)
        if content is None or PyBytes_GET_SIZE(content) != <Py_ssize_t> octets:
            return None
        contents.append(content)
        size += PyBytes_GET_SIZE(content)
    for code in variable:
        content = taken(rest, code)
        if content is None or PyBytes_GET_SIZE(content) > OCTET:
            return None
        contents.append(content)
        size += 1 + PyBytes_GET_SIZE(content)
    if rest and not optional:
        return None
    for code, content in rest:
        if type(content) is not bytes or PyBytes_GET_SIZE(content) > OCTET or not 0 <= code <= OCTET:
            return None
        size += 2 + PyBytes_GET_SIZE(content)
    whole = PyBytes_FromStringAndSize(NULL, size + (1 if rest else 0))
    to = <unsigned char *> PyBytes_AS_STRING(whole)
    to[0], to[1], to[2] = cic & OCTET, cic >> 8, message_type
    to += HEADER
    for place in range(len(fixed)):
        content = contents[place]
        length = PyBytes_GET_SIZE(content)
        memcpy(to, PyBytes_AS_STRING(content), length)
        to += length
    after = to + len(variable) + optional
    for place in range(len(fixed), len(contents)):
        content = contents[place]
        length = PyBytes_GET_SIZE(content)
        pointer = after - to
        if pointer > OCTET:
            return None
        to[0], after[0] = pointer, length
        memcpy(after + 1, PyBytes_AS_STRING(content), length)
        to += 1
        after += 1 + length
    if not optional:
        return whole
    pointer = after - to if rest else 0
    if pointer > OCTET:
        return None
    to[0] = pointer
    for code, content in rest:
        length = PyBytes_GET_SIZE(content)
        after[0], after[1] = code, length
        memcpy(after + 2, PyBytes_AS_STRING(content), length)
        after += 2 + length
    if rest:
        after[0] = 0  # end of optional parameters
    return whole


cdef object taken(list rest, wanted):
    """Take the first parameter of a code off; None where there is none, or its content is no octet string."""
    cdef Py_ssize_t place
    for place in range(len(rest)):
        code, content = rest[place]
        if code == wanted:
            del rest[place]
            return content if type(content) is bytes else None
    return None
