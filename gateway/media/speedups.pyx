# cython: language_level=3, boundscheck=True, wraparound=False, initializedcheck=False, cdivision=True
# cython: embedsignature=True
"""The loops that a tick of many RTP legs mostly consists of, compiled: over their sockets and over their packets.

Each names what it stands for in Python, which is used where this is not built.
"""

from libc.errno cimport EAGAIN, EINTR, errno
from libc.math cimport INFINITY, fabs, floor
from libc.stdint cimport int64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcmp, memcpy, memset

cdef extern from "<sys/socket.h>" nogil:
    ssize_t receive_datagram "recv"(int descriptor, void *octets, size_t length, int flags)
    ctypedef unsigned int socklen_t
    struct sockaddr:
        pass
    ssize_t send_datagram "sendto"(
        int descriptor, const void *octets, size_t length, int flags, const sockaddr *name, socklen_t size
    )
    int MSG_DONTWAIT

cdef extern from "<poll.h>" nogil:
    struct pollfd:
        int fd
        short events
        short revents
    int poll(pollfd *sockets, unsigned long count, int milliseconds)
    int POLLIN

cdef extern from *:
    """
    #include <string.h>

    /* Eight octets of each of eight frames become eight of each of eight timeslots. */
    static void transpose(const unsigned char *frames, unsigned char *rows)
    {
    #if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        static const unsigned long long MASKS[3] = {0xFFFFFFFFULL, 0xFFFF0000FFFFULL, 0xFF00FF00FF00FFULL};
        unsigned long long words[8], mask, lower, upper;
        int step, place, width;
        for (place = 0; place < 8; place++)
            memcpy(words + place, frames + 32 * place, 8);
        for (step = 0; step < 3; step++) {  /* blocks of four, two and one octets change places */
            width = 4 >> step;
            mask = MASKS[step];
            for (place = 0; place < 8; place++) {
                if (place & width)
                    continue;
                lower = words[place];
                upper = words[place + width];
                words[place] = (lower & mask) | (upper & mask) << 8 * width;
                words[place + width] = (lower >> 8 * width & mask) | (upper & ~mask);
            }
        }
        for (place = 0; place < 8; place++)
            memcpy(rows + 160 * place, words + place, 8);
    #else
        int frame, timeslot;
        for (frame = 0; frame < 8; frame++)
            for (timeslot = 0; timeslot < 8; timeslot++)
                rows[160 * timeslot + frame] = frames[32 * frame + timeslot];
    #endif
    }

    typedef float four __attribute__((vector_size(16), aligned(4)));

    static float sum(four values) { return values[0] + values[1] + values[2] + values[3]; }

    /* Of 160 octets, whose samples go to `samples`; the six cosines and the six sines are four at a time. */
    static int is_tonal(
        const unsigned char *octets, const float *table, const float *tones, float least, float share, float *samples)
    {
        four energies = {0}, first = {0}, second = {0}, third = {0}, fourth = {0}, fifth = {0}, sixth = {0};
        float energy, parts[12];
        int place, tone;
        for (place = 0; place < 160; place++)
            samples[place] = table[octets[place]];
        for (place = 0; place < 160; place += 4) {
            four some = *(const four *)(samples + place);
            energies += some * some;
        }
        energy = sum(energies);
        if (energy < least)
            return 0;
        for (place = 0; place < 160; place += 2) {  /* two at a time, as none waits for the other */
            const four *weights = (const four *)(tones + 12 * place);
            float even = samples[place], odd = samples[place + 1];
            first += even * weights[0];
            second += even * weights[1];
            third += even * weights[2];
            fourth += odd * weights[3];
            fifth += odd * weights[4];
            sixth += odd * weights[5];
        }
        *(four *)parts = first + fourth;
        *(four *)(parts + 4) = second + fifth;
        *(four *)(parts + 8) = third + sixth;
        for (tone = 0; tone < 6; tone++)
            if (parts[tone] * parts[tone] + parts[tone + 6] * parts[tone + 6] >= share * energy)
                return 1;
        return 0;
    }
    """
    void transpose(const unsigned char *frames, unsigned char *rows)
    bint is_tonal(
        const unsigned char *octets, const float *table, const float *tones, float least, float share, float *samples
    )

cdef enum:
    MOST = 256  # sockets that are asked at once
    BLOCK = 160  # octets of a leg in a tick, 20 ms
    HEADER = 12  # octets of an RTP header without extensions
    VERSION_2 = 0x80
    SILENT = 2  # rows of the matrix that are silence, the first
    IDLE = 0  # states of JitterBuffers
    PLAYING = 2
    PLAIN = 1  # way of `Transmitters`
    TONES = 6  # frequencies that are looked for
    LONGEST = 1 << 20  # octets of a datagram of the link between both processes
cdef double RATE = 8000
cdef double CYCLE = 4294967296.0  # timestamps wrap


cdef class Ticker:
    """Periods of `period` seconds from `start` on. In Python: `clock.Ticker`, whose names these are."""

    cdef public double start, period, slack, worst_late
    cdef public int64_t count, skipped
    cdef int64_t most

    def __cinit__(self, double start, double period, double most_behind):
        if not period > 0:
            raise ValueError("a period takes some time")
        self.start, self.period = start, period
        cdef object periods = most_behind / period
        self.most = max(1, round(periods))

    @property
    def due(self) -> float:
        """When the next period begins."""
        return self.start + self.count * self.period

    def begin(self, double now) -> bool:
        """Begin the next period if it is due; call until it answers False to catch up in order."""
        cdef double late = now - (self.start + self.count * self.period)
        cdef int64_t behind
        if late < 0:
            return False
        if late - self.slack > self.worst_late:
            self.worst_late = late - self.slack
        behind = <int64_t> (late / self.period)
        if behind > self.most:
            self.skipped += behind
            self.count += behind
        self.count += 1
        return True

    def take_worst_late(self) -> float:
        """The worst lateness since the last call, in seconds."""
        cdef double worst = self.worst_late
        self.worst_late = 0
        return worst


def receive(
    const int[::1] descriptors, unsigned char[:, ::1] rows, Py_ssize_t[::1] places, Py_ssize_t[::1] lengths
):
    """Read one datagram from each of connected UDP sockets that has one, into `rows`, row by row; how many there were.

    `places` says for each row which of `descriptors` it came from, `lengths` how many octets it has. There are 256
    sockets at most. They are asked first: that costs a fifth of trying to read one that has nothing. In Python:
    `Incoming._ask_epoll`.
    """
    cdef Py_ssize_t place, length, count = 0, sockets = descriptors.shape[0]
    cdef pollfd asked[MOST]
    if min(rows.shape[0], places.shape[0], lengths.shape[0], <Py_ssize_t> MOST) < sockets:
        raise ValueError("a row is needed for each socket")
    for place in range(sockets):
        asked[place].fd, asked[place].events, asked[place].revents = descriptors[place], POLLIN, 0
    if poll(asked, sockets, 0) <= 0:
        return 0
    for place in range(sockets):
        if not asked[place].revents:
            continue
        length = receive_datagram(descriptors[place], &rows[count, 0], rows.shape[1], MSG_DONTWAIT)
        if length >= 0:  # else there was an ICMP error for something sent, or a bad checksum
            places[count], lengths[count] = place, length
            count += 1
    return count


def discard(int descriptor, int most):
    """Throw away what has come on a socket, `most` datagrams at most; how many errors of sending were among it.

    In Python: `ports.discard`.
    """
    cdef unsigned char octet
    cdef int errors = 0
    for _ in range(most):
        if receive_datagram(descriptor, &octet, 1, MSG_DONTWAIT) < 0:
            if errno == EAGAIN:
                break
            errors += 1
    return errors


cdef unsigned char room[LONGEST]


def datagrams(int descriptor):
    """All datagrams that have come on a socket, in order; an empty one behind them when the other end has gone.

    In Python: `link.datagrams`.
    """
    cdef ssize_t length
    cdef list found = []
    while True:
        length = receive_datagram(descriptor, room, LONGEST, MSG_DONTWAIT)
        if length > 0:
            found.append(room[:length])
        elif length < 0 and errno == EAGAIN:
            return found
        elif length == 0 or errno != EINTR:
            found.append(b"")
            return found


def send(
    const int[::1] descriptors, const unsigned char[:, ::1] octets, const Py_ssize_t[::1] rows,
    const Py_ssize_t[::1] lengths, const unsigned char[:, ::1] names, const Py_ssize_t[::1] sizes,
):
    """Send from each of UDP sockets so many octets of its row of `octets`; how many could not be sent.

    They go to the address in that row of `names`, so many octets of it; with none, to the peer that the socket is
    connected to. In Python: `Outgoing.send`.
    """
    cdef Py_ssize_t place, row, errors = 0, width = octets.shape[1]
    cdef const sockaddr *name
    if not descriptors.shape[0] == rows.shape[0] == lengths.shape[0]:
        raise ValueError("a row and a length are needed for each socket")
    for place in range(descriptors.shape[0]):
        if not 0 <= lengths[place] <= width:
            raise IndexError("a row is not so long")
        row = rows[place]
        if not 0 <= sizes[row] <= names.shape[1]:
            raise IndexError("an address is not so long")
        name = <const sockaddr *> &names[row, 0] if sizes[row] else NULL
        errors += send_datagram(
            descriptors[place], &octets[row, 0], lengths[place], MSG_DONTWAIT, name, <socklen_t> sizes[row]
        ) < 0
    return errors


def advance(
    unsigned char[:, ::1] packets, const unsigned int[::1] clock, const Py_ssize_t[::1] speaking,
    int64_t[::1] sent, int64_t[::1] octets,
):
    """Put the timestamps of legs that are `speaking` into their packets, and count these. In Python: `_advance`."""
    cdef Py_ssize_t leg, place
    if packets.shape[0] != clock.shape[0] or packets.shape[1] < HEADER:
        raise ValueError("a packet is needed for each leg")
    for place in range(speaking.shape[0]):
        leg = speaking[place]
        count_up(&packets[leg, 0], clock[leg])
        sent[leg] += 1
        octets[leg] += BLOCK


cdef class Departures:
    """The arrays of `Transmitters`, for ticks in which all packets are rows of the matrix in the law of their legs."""

    cdef unsigned char[:, ::1] packets
    cdef const unsigned char[:, ::1] names, rows, tables
    cdef const unsigned char[::1] payload_type, ways, mu
    cdef unsigned int[::1] clock
    cdef int64_t[::1] sent, octets
    cdef const Py_ssize_t[::1] descriptors, sizes, source
    cdef Py_ssize_t[::1] legs
    cdef Py_ssize_t first, count

    def __init__(self, packets, destinations, matrix, legs):
        """The arrays are those of the same name there, of its destinations and of its matrix, and remain these.

        `legs` has room for the numbers of all.
        """
        self.packets, self.payload_type, self.clock, self.sent, self.octets = packets
        self.ways, self.descriptors, self.names, self.sizes = destinations
        self.rows, self.source, self.mu, self.tables, self.first = matrix
        self.legs, self.count = legs, 0
        if self.packets.shape[1] != HEADER + BLOCK or self.rows.shape[1] != BLOCK or self.tables.shape[1] != 256:
            raise ValueError("packets hold a row, and tables 256 octets")

    def __len__(self) -> int:
        """How many legs send."""
        return self.count

    def tick(self):
        """The clocks of all legs go on by 20 ms."""
        cdef Py_ssize_t leg
        for leg in range(self.clock.shape[0]):
            self.clock[leg] += BLOCK

    def plan(self):
        """Find the legs that send."""
        cdef Py_ssize_t leg
        self.count = 0
        for leg in range(self.ways.shape[0]):
            if self.ways[leg] == PLAIN:
                self.legs[self.count] = leg
                self.count += 1

    def send(self, Py_ssize_t first, Py_ssize_t last) -> int:
        """Make and send the packets from number `first` up to, and without, `last`; how many could not be sent.

        In Python: `Transmitters._advance`, `Rendering.render_into` and `Outgoing.send`.
        """
        cdef Py_ssize_t place, leg, row, octet, errors = 0
        cdef unsigned char *packet
        cdef const unsigned char *source
        cdef const unsigned char *table
        cdef const sockaddr *name
        for place in range(first, min(last, self.count)):
            leg = self.legs[place]
            row = self.source[leg]
            if not 0 <= self.sizes[leg] <= self.names.shape[1]:
                raise IndexError("an address is not so long")
            name = <const sockaddr *> &self.names[leg, 0] if self.sizes[leg] else NULL
            packet, source = &self.packets[leg, 0], &self.rows[row, 0]
            if self.mu[row] == self.mu[self.first + leg]:
                memcpy(packet + HEADER, source, BLOCK)
            else:
                table = &self.tables[1 + self.mu[row], 0]
                for octet in range(BLOCK):
                    packet[HEADER + octet] = table[source[octet]]
            count_up(packet, self.clock[leg])
            self.sent[leg] += 1
            self.octets[leg] += BLOCK
            errors += send_datagram(
                <int> self.descriptors[leg], packet, HEADER + BLOCK, MSG_DONTWAIT, name, <socklen_t> self.sizes[leg]
            ) < 0
            packet[1] = self.payload_type[leg]  # the marker was for this packet only
        return errors


cdef inline void count_up(unsigned char *header, unsigned int clock) noexcept:
    """The header of the next packet, whose timestamp is `clock`."""
    header[4], header[5], header[6], header[7] = clock >> 24, clock >> 16 & 0xFF, clock >> 8 & 0xFF, clock & 0xFF
    header[3] = header[3] + 1 & 0xFF
    if not header[3]:
        header[2] = header[2] + 1 & 0xFF


def listeners(const Py_ssize_t[::1] source, Py_ssize_t row) -> list:
    """The sinks that transmit `row`. In Python: `Matrix.listeners`."""
    cdef Py_ssize_t sink
    cdef list found = []
    for sink in range(source.shape[0]):
        if source[sink] == row:
            found.append(sink)
    return found


def choose(
    const Py_ssize_t[::1] source, const unsigned char[::1] mu, const Py_ssize_t[::1] sinks, Py_ssize_t first,
    Py_ssize_t[::1] sources, unsigned char[::1] conversions,
) -> bool:
    """Find the row that each of `sinks` transmits, and the table it needs: 0 for the same law, 1 for A-law heard in
    mu-law, 2 for mu-law in A-law. `mu` says which rows are mu-law, that of sink 0 is row `first`; those before are
    silence. Whether all are silent. In Python: `Matrix.conversions`.
    """
    cdef Py_ssize_t place, sink, row
    cdef bint silent = True
    if not sinks.shape[0] == sources.shape[0] == conversions.shape[0]:
        raise ValueError("a place is needed for each sink")
    for place in range(sinks.shape[0]):
        sink = sinks[place]
        row = source[sink]
        sources[place] = row
        conversions[place] = (1 + mu[row]) if mu[row] != mu[first + sink] else 0
        silent = silent and row < first
    return silent


def render(
    const unsigned char[:, ::1] rows, const Py_ssize_t[::1] sources, const unsigned char[::1] conversions,
    const unsigned char[:, ::1] tables, unsigned char[:, ::1] packets, const Py_ssize_t[::1] places, Py_ssize_t first,
):
    """Put a row of each of `sources`, converted by the table named, into the packet at its place, from octet `first` on.

    In Python: `Rendering.render`.
    """
    cdef Py_ssize_t sink, octet
    cdef const unsigned char *row
    cdef const unsigned char *table
    cdef unsigned char *payload
    if not sources.shape[0] == conversions.shape[0] == places.shape[0]:
        raise ValueError("each source has a table and a place")
    if rows.shape[1] != BLOCK or tables.shape[1] != 256 or first < 0 or packets.shape[1] < first + BLOCK:
        raise ValueError("rows have 160 octets, tables 256, and packets room for a row")
    for sink in range(sources.shape[0]):
        row, table = &rows[sources[sink], 0], &tables[conversions[sink], 0]
        payload = &packets[places[sink], 0] + first
        if conversions[sink] == 0:  # the octets as they are
            memcpy(payload, row, BLOCK)
        else:
            for octet in range(BLOCK):
                payload[octet] = table[row[octet]]


def interleave(
    const unsigned char[:, ::1] rows, const Py_ssize_t[::1] sources, const unsigned char[::1] conversions,
    const unsigned char[:, ::1] tables, unsigned char[:, :, ::1] frames,
):
    """Fill `frames`, shape (lines, 160, 32): timeslot by timeslot a row of `sources`, converted by the table named.

    In Python: `Rendering._frames_by_rows`.
    """
    cdef Py_ssize_t line, timeslot, place, sink = 0
    cdef const unsigned char *row
    cdef const unsigned char *table
    cdef unsigned char *frame
    if frames.shape[0] * 32 != sources.shape[0] or frames.shape[1] != BLOCK or frames.shape[2] != 32:
        raise ValueError("a source is needed for each timeslot")
    if conversions.shape[0] != sources.shape[0] or rows.shape[1] != BLOCK or tables.shape[1] != 256:
        raise ValueError("rows have 160 octets, tables 256, and each timeslot has one of both")
    for line in range(frames.shape[0]):
        for timeslot in range(32):
            row, table, frame = &rows[sources[sink], 0], &tables[conversions[sink], 0], &frames[line, 0, timeslot]
            for place in range(BLOCK):
                frame[32 * place] = table[row[place]]
            sink += 1


cdef class LineFiller:
    """Puts what timeslots transmit into the speech of their lines; what is there already it leaves."""

    cdef list lines
    cdef unsigned char **speech
    cdef const unsigned char[:, ::1] rows, tables
    cdef const Py_ssize_t[::1] source
    cdef const unsigned char[::1] mu
    cdef Py_ssize_t first, legs, blocks
    cdef short[:, :, ::1] shown

    def __cinit__(self, list lines, matrix, Py_ssize_t first, Py_ssize_t legs, short[:, :, ::1] shown not None):
        """`lines` is the speech of each, whole blocks of 160 frames; the arrays are those of the matrix.

        `first` is the row of sink 0, `legs` the first sink that is a timeslot. `shown` is by line, block and timeslot
        the octet that is there all through, -1 for any others.
        """
        cdef unsigned char[:, ::1] speech
        cdef Py_ssize_t line
        self.lines, self.first, self.legs, self.shown, self.blocks = lines, first, legs, shown, shown.shape[1]
        self.rows, self.source, self.mu, self.tables = matrix
        if self.rows.shape[1] != BLOCK or self.tables.shape[1] != 256 or first < SILENT or legs < 0:
            raise ValueError("rows have 160 octets, tables 256")
        if shown.shape[0] != len(lines) or shown.shape[2] != 32 or not self.blocks:
            raise ValueError("each line has 32 timeslots")
        self.speech = <unsigned char **> malloc(sizeof(unsigned char *) * (len(lines) + 1))
        if self.speech == NULL:
            raise MemoryError
        for line in range(len(lines)):
            speech = lines[line]
            if speech.shape[0] != BLOCK * self.blocks or speech.shape[1] != 32:
                raise ValueError("whole blocks are needed of each line, as many of each")
            self.speech[line] = &speech[0, 0]

    def __dealloc__(self):
        free(self.speech)

    def forget(self, Py_ssize_t line):
        """Others have filled in speech of `line`."""
        self.shown[line] = -1

    def fill(self, Py_ssize_t line, Py_ssize_t block):
        """Fill block number `block` of `line`, the speech of which has room for some. In Python: `Rendering.frames`."""
        cdef Py_ssize_t timeslot, row, frame, sink = self.legs + 32 * line
        cdef const unsigned char *octets
        cdef const unsigned char *table
        cdef unsigned char *column
        cdef unsigned char octet
        if not 0 <= line < self.shown.shape[0] or block < 0:
            raise IndexError("there is no such line")
        block %= self.blocks
        for timeslot in range(32):
            row = self.source[sink + timeslot]
            octets = &self.rows[row, 0]
            table = &self.tables[1 + self.mu[row] if self.mu[row] != self.mu[self.first + sink + timeslot] else 0, 0]
            column = self.speech[line] + BLOCK * 32 * block + timeslot
            if row < SILENT or not memcmp(octets, octets + 1, BLOCK - 1):
                octet = table[octets[0]]
                if self.shown[line, block, timeslot] != octet:
                    self.shown[line, block, timeslot] = octet
                    for frame in range(BLOCK):
                        column[32 * frame] = octet
            else:
                self.shown[line, block, timeslot] = -1
                for frame in range(BLOCK):
                    column[32 * frame] = table[octets[frame]]


def separate(list lines, unsigned char[:, ::1] rows):
    """Put the timeslots of 160 frames of each of `lines` into rows of their own. In Python: `Matrix.receive_lines`."""
    cdef const unsigned char[:, ::1] frames
    cdef Py_ssize_t line, timeslot, first
    if rows.shape[0] != 32 * len(lines) or rows.shape[1] != BLOCK:
        raise ValueError("32 rows of 160 octets are needed for each line")
    for line in range(len(lines)):
        frames = lines[line]
        if frames.shape[0] != BLOCK or frames.shape[1] != 32:
            raise ValueError("160 frames are needed of each line")
        for first in range(0, BLOCK, 8):
            for timeslot in range(0, 32, 8):
                transpose(&frames[first, timeslot], &rows[32 * line + timeslot, first])


def tonal(
    const unsigned char[:, ::1] rows, const Py_ssize_t[::1] chosen, const unsigned char[::1] mu,
    const float[:, ::1] tables, const float[:, ::1] matrix, double least, double share,
    float[:, ::1] found, Py_ssize_t[::1] places,
):
    """Find those of the `chosen` rows that may be one of the tones of `matrix`; how many they are.

    Their samples, decoded by the first table, or the second where `mu` says so, go to `found`, and their places among
    the chosen to `places`. A row is one when its energy is at least `least` and the power of a tone at least `share`
    of it. In Python: `decoded`, and `modem_tones_of`, which decides.
    """
    cdef Py_ssize_t place, count = 0
    cdef const float *table
    cdef const unsigned char *row
    if min(found.shape[0], places.shape[0]) < chosen.shape[0] or found.shape[1] != BLOCK or rows.shape[1] != BLOCK:
        raise ValueError("as many samples are needed as there are octets")
    if tables.shape[1] != 256 or matrix.shape[0] != BLOCK or matrix.shape[1] != 2 * TONES:
        raise ValueError("tables have 256 samples, and the matrix two columns for each of six tones")
    for place in range(chosen.shape[0]):
        row, table = &rows[chosen[place], 0], &tables[mu[chosen[place]] != 0, 0]
        if is_tonal(row, table, &matrix[0, 0], least, share, &found[count, 0]):
            places[count] = place
            count += 1
    return count


cdef class ModemEars:
    """The arrays of `ModemListener`, for ticks in which nobody has a tone."""

    cdef const unsigned char[:, ::1] rows
    cdef const Py_ssize_t[::1] source
    cdef const unsigned char[::1] open, mu
    cdef int64_t[::1] heard
    cdef const float[:, ::1] tables, matrix
    cdef Py_ssize_t first
    cdef double least, share

    def __init__(self, legs, matrix, tones):
        """The arrays are those of the same name there and of its matrix, and remain these; `tones` as for `tonal`."""
        self.open, self.heard = legs
        self.rows, self.source, self.mu, self.first = matrix
        self.tables, self.matrix, self.least, self.share = tones
        if self.rows.shape[1] != BLOCK or self.tables.shape[1] != 256:
            raise ValueError("rows have 160 octets, and tables 256 samples")
        if self.matrix.shape[0] != BLOCK or self.matrix.shape[1] != 2 * TONES:
            raise ValueError("the matrix has two columns for each of six tones")

    def listen(self, Py_ssize_t turn, Py_ssize_t turns) -> bool:
        """Whether some leg of this turn may have a tone from either side; if not, none has heard one of late.

        In Python: `ModemListener.listen` up to where no tone was found.
        """
        cdef Py_ssize_t leg
        if not 0 <= turn < turns:
            raise IndexError("there is no such turn")
        for leg in range(turn, self.open.shape[0], turns):
            if self.open[leg] and (self.may_be(self.first + leg) or self.may_be(self.source[leg])):
                return True
        for leg in range(turn, self.open.shape[0], turns):
            if self.open[leg]:
                self.heard[leg] = 0
        return False

    cdef bint may_be(self, Py_ssize_t row) except -1:
        """Whether `row` may be a tone; the same octet all through is none."""
        cdef float samples[BLOCK]
        cdef const unsigned char *octets = &self.rows[row, 0]
        if not memcmp(octets, octets + 1, BLOCK - 1):
            return False
        return is_tonal(
            octets, &self.tables[self.mu[row] != 0, 0], &self.matrix[0, 0], self.least, self.share, samples
        )


cdef class Buffers:
    """The arrays of `JitterBuffers`, for legs on which all is plain."""

    cdef unsigned char[:, :, ::1] ring
    cdef unsigned char[::1] state, slow, rough, quiet, held, mu, silence
    cdef int64_t[::1] read, write, stretched, floor, deep, packet, concealed, skipped
    cdef int64_t[:, ::1] floors
    cdef int64_t least, most

    def __init__(self, ring, flags, places, floors, least, most):
        """The arrays are those of the same name there, by leg, and remain these; so do `least` and `most`."""
        self.ring, self.floors = ring, floors
        self.state, self.slow, self.rough, self.quiet, self.held, self.mu, self.silence = flags
        self.read, self.write, self.stretched, self.floor, self.deep, *counts = places
        self.packet, self.concealed, self.skipped = counts
        self.least, self.most = least, most

    def open(self, Py_ssize_t leg, unsigned char silence, bint mu):
        """Start `leg` empty. In Python: `JitterBuffers._begin`."""
        self.silence[leg], self.mu[leg] = silence, mu
        self.state[leg] = IDLE
        self.read[leg] = self.write[leg] = self.stretched[leg] = 0
        self.packet[leg], self.deep[leg] = BLOCK, self.least
        self.quiet[leg] = self.held[leg] = self.slow[leg] = self.rough[leg] = 0
        self.concealed[leg] = self.skipped[leg] = 0
        memset(&self.floors[leg, 0], 0, self.floors.shape[1] * sizeof(int64_t))

    cdef bint push(self, Py_ssize_t leg, const unsigned char *payload):
        """Take the next 160 octets of `leg`; False where it cannot so easily (`accepts`, `push_in_order`)."""
        cdef int64_t write = self.write[leg]
        if self.state[leg] != PLAYING or self.slow[leg] or write % BLOCK:
            return False
        if write - self.read[leg] > self.most - BLOCK:
            return False
        memcpy(&self.ring[leg, write // BLOCK % self.ring.shape[1], 0], payload, BLOCK)
        self.write[leg] = write + BLOCK
        self.deep[leg] = min(self.deep[leg] + self.stretched[leg], self.most - BLOCK)
        self.stretched[leg] = 0
        return True

    def play(self, unsigned char[:, ::1] rows, Py_ssize_t[::1] others):
        """Write the next 160 octets of each leg into its row, but for the first so many of `others`, which is told.

        Those play, and something is missing or to be done on them. In Python: `JitterBuffers._play_smooth`.
        """
        cdef Py_ssize_t leg, count = 0
        cdef int64_t read, waiting
        if rows.shape[0] != self.ring.shape[0] or rows.shape[1] != BLOCK:
            raise ValueError("a row of 160 octets is needed for each leg")
        for leg in range(rows.shape[0]):
            if self.state[leg] != PLAYING:
                continue
            read = self.read[leg]
            waiting = self.write[leg] - read
            self.floor[leg] = min(self.floor[leg], waiting - BLOCK)
            if waiting < BLOCK or self.rough[leg]:
                others[count] = leg
                count += 1
                continue
            memcpy(&rows[leg, 0], &self.ring[leg, read // BLOCK % self.ring.shape[1], 0], BLOCK)
            self.read[leg] = read + BLOCK
        return count


cdef class Plain:
    """What each leg of `Receivers` expects next, and the packets that are just that."""

    cdef Buffers buffers
    cdef unsigned char[::1] payload_type, started
    cdef unsigned short[::1] sequence
    cdef unsigned int[::1] timestamp
    cdef const unsigned int[::1] ssrc
    cdef double[::1] transit, jitter, heard
    cdef int64_t[::1] received, octets, lost, late

    def __init__(self, Buffers buffers, payload_type, started, sequence, timestamp, ssrc, transit, jitter, heard, counts):
        """The arrays are those of the same name there, by leg, and remain these."""
        self.buffers, self.payload_type, self.started = buffers, payload_type, started
        self.sequence, self.timestamp, self.ssrc = sequence, timestamp, ssrc
        self.transit, self.jitter, self.heard = transit, jitter, heard
        self.received, self.octets, self.lost, self.late = counts

    def open(self, Py_ssize_t leg, unsigned char payload_type):
        """Start `leg` with all counts zero. In Python: `Receivers._begin_counts`."""
        self.payload_type[leg] = payload_type
        self.started[leg] = 0
        self.heard[leg] = -INFINITY
        self.jitter[leg] = 0
        self.received[leg] = self.octets[leg] = self.lost[leg] = self.late[leg] = 0

    def silent(self, double since) -> list:
        """The legs that heard something, and nothing after `since`; they are told once. In Python: `_find_silent`."""
        cdef Py_ssize_t leg
        cdef list found = []
        for leg in range(self.heard.shape[0]):
            if -INFINITY < self.heard[leg] < since:
                self.heard[leg] = -INFINITY
                found.append(leg)
        return found

    def take(
        self, const Py_ssize_t[::1] legs, const unsigned char[:, ::1] packets, const Py_ssize_t[::1] lengths,
        double now, Py_ssize_t[::1] others,
    ):
        """Take one packet for each of `legs`, but for those in the first so many places of `others`, which is told.

        In Python: `Receivers._take_plain`.
        """
        cdef Py_ssize_t place, leg, count = 0
        if min(packets.shape[0], lengths.shape[0]) < legs.shape[0] or packets.shape[1] < HEADER + BLOCK:
            raise ValueError("a packet and its length are needed for each leg")
        for place in range(legs.shape[0]):
            leg = legs[place]
            if lengths[place] != HEADER + BLOCK or not self.is_next(leg, &packets[place, 0]):
                others[count] = place
                count += 1
            else:
                self.note(leg, now)
        return count

    cdef bint is_next(self, Py_ssize_t leg, const unsigned char *packet):
        """Whether `packet` is the very next of `leg`, and was taken."""
        if packet[0] != VERSION_2 or packet[1] != self.payload_type[leg] or not self.started[leg]:
            return False
        if (packet[2] << 8 | packet[3]) != self.sequence[leg] or number(packet + 4) != self.timestamp[leg]:
            return False
        return number(packet + 8) == self.ssrc[leg] and self.buffers.push(leg, packet + HEADER)

    cdef void note(self, Py_ssize_t leg, double now):
        """The next packet of `leg` has come: its jitter is that of RFC 3550 A.8."""
        cdef double transit = now * RATE - self.timestamp[leg]
        cdef double change = transit - self.transit[leg] + CYCLE / 2
        change = fabs(change - floor(change / CYCLE) * CYCLE - CYCLE / 2)
        self.jitter[leg] += (change - self.jitter[leg]) / 16
        self.transit[leg], self.heard[leg] = transit, now
        self.sequence[leg] += 1
        self.timestamp[leg] += BLOCK
        self.received[leg] += 1
        self.octets[leg] += BLOCK


cdef unsigned int number(const unsigned char *octets):
    """Four octets, the most significant first."""
    return (<unsigned int> octets[0] << 24) | (octets[1] << 16) | (octets[2] << 8) | octets[3]
