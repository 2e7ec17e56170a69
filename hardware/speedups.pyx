# cython: language_level=3, cdivision=True, embedsignature=True
"""The loops over the octets of E1s and of their packets, compiled; octets in, octets out.

Each names what it stands for in Python, which is used where this is not built. What is not plain is left to that.
"""

from cpython.bytearray cimport PyByteArray_AS_STRING
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.errno cimport EAGAIN, errno
from libc.stdint cimport int64_t, uint16_t, uint64_t
from libc.string cimport memcmp, memcpy

cdef extern from "<sys/socket.h>" nogil:
    ssize_t receive_datagram "recv"(int descriptor, void *octets, size_t length, int flags)
    ssize_t send_datagram "send"(int descriptor, const void *octets, size_t length, int flags)
    int MSG_DONTWAIT

cdef enum:
    FRAME = 32  # octets
    BLOCK = 256  # octets of a sub-multiframe, eight frames
    BIT_1 = 0x80  # of timeslot 0, the rest as in e1_timeslot0.py
    FAS = 0x1B
    FAS_MASK = 0x7F
    NFAS = 0x40
    REMOTE_ALARM = 0x20
    MULTIFRAME_WORD = 0b001011
    GOOD_WORDS = 0b1111  # and the next, of e1_deframer.py
    CHECKED_BLOCKS = 1000
    NO_ERRORS = 3  # E bits, see e1_framer.py
    FOLDED = 15  # octets to which a sub-multiframe is folded for its CRC, see crc4.py
    CONTROL_WORD = 4
    L_BIT = 0x0800  # and the next, of satop.py
    R_BIT = 0x0400
    LARGEST = 65536  # octets of a datagram
    ROOM = 131072
    DATAGRAMS = 1000  # read at once, see packet_socket.py
    MANY = 4
    FCS = 2  # octets
    GOOD_FCS = 0xF0B8  # what is left over a frame with its FCS, least significant bit first
    FLAG_ONES = 6  # ones in a row; one more is an abort

cdef unsigned char CRC[FOLDED][256]  # of every octet in each of the last places of a sub-multiframe
cdef unsigned char OF_C_BITS[16]  # what C bits would add to the CRC if they were not taken as 0
cdef uint16_t FCS_16[256]  # of every octet
cdef uint16_t STUFFED[5][256]  # every octet as its bits go on a line behind so many ones, zeros inserted
cdef unsigned char STUFFED_BITS[5][256]
cdef unsigned char STUFFED_ONES[5][256]  # and how many ones the line ends with then
cdef unsigned char room[ROOM]  # for datagrams
cdef unsigned char line_room[ROOM]  # for octets of a line or of a channel on it
cdef bytes FLAG = b"\x7e"
cdef tuple NOT_BEHIND = (0, 0)  # see satop.py


cdef void make_tables() noexcept:
    """CRC-4 is the remainder of x^4 times the block, by x^4 + x + 1 (G.704 2.3.3.5)."""
    cdef int place, bit, octet, power = 0b0011, c_bits, c
    for place in range(FOLDED - 1, -1, -1):
        CRC[place][0] = 0
        for bit in range(8):
            for octet in range(1 << bit):
                CRC[place][1 << bit | octet] = CRC[place][octet] ^ power
            power = power << 1 ^ (0x13 if power & 8 else 0)
    for c_bits in range(16):
        OF_C_BITS[c_bits] = 0
        for c in range(4):
            if c_bits >> (3 - c) & 1:
                OF_C_BITS[c_bits] ^= CRC[(2 * FRAME * c + FOLDED - 1) % FOLDED][BIT_1]


cdef void make_fcs_table() noexcept:
    """FCS-16 is by x^16 + x^12 + x^5 + 1, the least significant bit of an octet first (ISO/IEC 13239)."""
    cdef int octet, bit, crc
    for octet in range(256):
        crc = octet
        for bit in range(8):
            crc = crc >> 1 ^ (0x8408 if crc & 1 else 0)
        FCS_16[octet] = crc


cdef void make_stuffing_tables() noexcept:
    """A zero goes behind every five ones in a row; the least significant bit of an octet goes first."""
    cdef int before, octet, bit, ones, bits
    for before in range(5):
        for octet in range(256):
            STUFFED[before][octet], bits, ones = 0, 0, before
            for bit in range(8):
                STUFFED[before][octet] = STUFFED[before][octet] << 1 | (octet >> bit & 1)
                bits += 1
                ones = ones + 1 if octet >> bit & 1 else 0
                if ones == FLAG_ONES - 1:
                    STUFFED[before][octet] <<= 1
                    bits, ones = bits + 1, 0
            STUFFED_BITS[before][octet], STUFFED_ONES[before][octet] = bits, ones


make_tables()
make_fcs_table()
make_stuffing_tables()


cdef int crc_of_block(const unsigned char *block) noexcept:
    """CRC-4 of a sub-multiframe, its C bits with it; octets 15 places apart weigh the same, so they are added first."""
    cdef uint64_t first = 0, second = 0, word
    cdef unsigned char octets[16]  # the eighth place is in there twice
    cdef int place, crc
    for place in range(1, BLOCK, 15):  # a step that is no literal makes it a loop over Python's integers
        memcpy(&word, block + place, 8)
        first ^= word
        memcpy(&word, block + place + 7, 8)
        second ^= word
    memcpy(octets, &first, 8)
    memcpy(octets + 7, &second, 8)
    crc = CRC[FOLDED - 1][block[0] ^ octets[FOLDED - 1]]
    for place in range(FOLDED - 1):
        crc ^= CRC[place][octets[place]]
    return crc


cdef int crc_of_part(const unsigned char *octets, int count, int first) noexcept:
    """What `count` octets, the first of them at place `first` of a sub-multiframe, add to its CRC."""
    cdef int place, crc = 0
    for place in range(count):
        crc ^= CRC[(first + place + FOLDED - 1) % FOLDED][
            octets[place] & ~BIT_1 if (first + place) % (2 * FRAME) == 0 else octets[place]
        ]
    return crc


cdef struct Check:
    int crc, c_bits, previous  # `previous` is -1 where it is not known
    bint complete
    int blocks, errors, far  # what was found


cdef bint check_frames(const unsigned char *octets, int count, int position, bint remote_alarm, Check *state) noexcept:
    """Check `count` frames; False, and nothing changed, unless timeslot 0 is as expected."""
    cdef int frame, place, octet, size, far = 0
    cdef int nfas = NFAS | (REMOTE_ALARM if remote_alarm else 0)
    for frame in range(count):
        octet, place = octets[FRAME * frame], position + frame & 15
        if place % 2 == 0:
            if octet & FAS_MASK != FAS:
                return False
        elif octet & (NFAS | REMOTE_ALARM) != nfas:
            return False
        elif place > 12:
            far += octet < BIT_1
        elif octet >> 7 != MULTIFRAME_WORD >> (5 - place // 2) & 1:
            return False
    state.blocks, state.errors, state.far = 0, 0, far
    frame = 0
    while frame < count:
        place = position + frame & 7
        size = min(8 - place, count - frame)
        if place == 0:
            state.complete, state.crc, state.c_bits = True, 0, 0
        for octet in range(frame + place % 2, frame + size, 2):
            state.c_bits = (state.c_bits << 1 | octets[FRAME * octet] >> 7) & 15
        if size == 8:
            state.crc = crc_of_block(octets + FRAME * frame) ^ OF_C_BITS[state.c_bits]
        else:
            state.crc ^= crc_of_part(octets + FRAME * frame, FRAME * size, FRAME * place)
        if place + size == 8 and state.complete:
            if state.previous >= 0:
                state.blocks += 1
                state.errors += state.c_bits != state.previous
            state.previous, state.complete = state.crc, False
        frame += size
    return True


def check_e1(bytes line, int position, bint remote_alarm, int crc, int c_bits, bint complete, int previous):
    """Check the frames of `line` in multiframe alignment, the first of them at `position` in the multiframe.

    None unless timeslot 0 is as expected. Else the next four arguments as they are then, how many sub-multiframes
    were checked, how many of them are in error, and how many E bits tell an error. `previous` is -1 where it is not
    known. In Python: `E1Deframer._check_fast` and what it calls.
    """
    cdef Check state
    state.crc, state.c_bits, state.complete, state.previous = crc, c_bits, complete, previous
    cdef const unsigned char *octets = <const unsigned char *> PyBytes_AS_STRING(line)
    if not check_frames(octets, <int> (len(line) // FRAME), position, remote_alarm, &state):
        return None
    return state.crc, state.c_bits, state.complete, state.previous, state.blocks, state.errors, state.far


def take_e1(deframer, bytes line) -> int:
    """Take whole frames, as nearly all are; how many there are, or 0, and nothing changed, unless all is plain.

    `deframer` is in multiframe alignment. In Python: `E1Deframer.receive` and what it calls.
    """
    cdef Check state
    cdef Py_ssize_t count = len(line) // FRAME
    cdef int position, blocks
    if len(line) % FRAME or count < 2 or deframer._shift or deframer._octets:
        return 0
    if not deframer._word_good or deframer._words != GOOD_WORDS:
        return 0
    position, blocks = deframer._position, deframer._blocks
    if count > (CHECKED_BLOCKS - blocks) * 8 - position % 8:
        return 0
    state.crc, state.c_bits = deframer._crc, deframer._c_bits
    state.complete, state.previous = deframer._complete, deframer._previous_crc
    cdef const unsigned char *octets = <const unsigned char *> PyBytes_AS_STRING(line)
    if not check_frames(octets, <int> count, position, deframer.remote_alarm, &state):
        return 0
    deframer._crc, deframer._c_bits = state.crc, state.c_bits
    deframer._complete, deframer._previous_crc = <bint> state.complete, state.previous
    deframer._bad_fas = deframer._bad_nfas = deframer._alarm_changes = 0
    deframer._position = position + count & 15
    deframer._blocks = blocks + state.blocks
    counts = deframer.counts
    if state.errors or state.far:
        deframer._bad_blocks += state.errors
        counts.crc4_errors += state.errors
        counts.far_end_errors += state.far
    if blocks + state.blocks >= CHECKED_BLOCKS:
        deframer._judge()
    counts.frames += count
    return count


def frame_e1s(bytes frames, bytes timeslots0, bytes sent):
    """Put timeslot 0 and CRC into `frames`, whole sub-multiframes of as many lines as `sent` has octets, one by one.

    `timeslots0` are those of all frames with the C bits 0, `sent` is the CRC that each line sends next. The octets of
    the lines, and what each sends next then. In Python: `e1_framer._fill_submultiframes`.
    """
    cdef Py_ssize_t count = len(frames) // BLOCK, lines = len(sent), line
    if not lines or count % lines or len(frames) != BLOCK * count or len(timeslots0) != 8 * count:
        raise ValueError("whole sub-multiframes are needed, as many for each line, and timeslot 0 of all of them")
    cdef bytes framed = PyBytes_FromStringAndSize(PyBytes_AS_STRING(frames), len(frames))
    cdef bytes last = PyBytes_FromStringAndSize(NULL, lines)  # one of a single octet is not ours if it is made of it
    cdef unsigned char *octets = <unsigned char *> PyBytes_AS_STRING(framed)
    cdef unsigned char *crcs = <unsigned char *> PyBytes_AS_STRING(last)
    cdef const unsigned char *timeslot0 = <const unsigned char *> PyBytes_AS_STRING(timeslots0)
    memcpy(crcs, PyBytes_AS_STRING(sent), lines)
    for line in range(lines):
        crcs[line] = frame_line(octets, count // lines, timeslot0, crcs[line])
        octets += BLOCK * (count // lines)
        timeslot0 += 8 * (count // lines)
    return framed, last


cdef int frame_line(unsigned char *octets, Py_ssize_t blocks, const unsigned char *timeslot0, int sent) noexcept:
    """Put timeslot 0 and CRC into sub-multiframes of a line that sends the CRC `sent` next; what it sends next then."""
    cdef Py_ssize_t block, place, c
    cdef int crc
    for block in range(blocks):
        for place in range(8):
            octets[FRAME * place] = timeslot0[place]
        crc = crc_of_block(octets)
        for c in range(4):
            octets[2 * FRAME * c] |= (sent >> (3 - c) & 1) << 7
        sent = crc
        octets += BLOCK
        timeslot0 += 8
    return sent


def satop_packets(bytes octets, Py_ssize_t payload, int flags, int sequence):
    """Packets of `payload` octets each, one behind the other, with control words of `flags` and counted `sequence`.

    In Python: `SatopTransmitter.packets`.
    """
    if payload <= 0:
        raise ValueError("packets hold some octets")
    cdef Py_ssize_t size = len(octets), count = (size + payload - 1) // payload
    cdef bytes packets = PyBytes_FromStringAndSize(NULL, size + CONTROL_WORD * count)
    make_satop_packets(
        <unsigned char *> PyBytes_AS_STRING(packets), PyBytes_AS_STRING(octets), size, payload, flags, sequence
    )
    return packets


def satop_send(int descriptor, bytes octets, Py_ssize_t payload, int flags, int sequence):
    """Send the same packets with one system call on a connected UDP socket; whether that could be done."""
    if payload <= 0:
        raise ValueError("packets hold some octets")
    cdef Py_ssize_t size = len(octets), length = size + CONTROL_WORD * ((size + payload - 1) // payload)
    if not 0 < length <= ROOM:
        return False
    make_satop_packets(room, PyBytes_AS_STRING(octets), size, payload, flags, sequence)
    return send_datagram(descriptor, room, length, MSG_DONTWAIT) >= 0


def satop_give(packets, transmitter, bytes octets, Py_ssize_t payload) -> bool:
    """Send `octets` from a PacketSocket as the packets of a SatopTransmitter.

    False, and nothing done, where they are no whole packets or do not go with one system call as the last ones did. In
    Python: `SatopUdpSpan.give`.
    """
    cdef Py_ssize_t size = len(octets)
    return go_at_once(packets, size, payload) and give_line(packets, transmitter, PyBytes_AS_STRING(octets), size, payload)


cdef bint go_at_once(packets, Py_ssize_t octets, Py_ssize_t payload) except -1:
    """Whether so many octets are whole packets and may go with one system call. In Python: `PacketSocket.takes`."""
    cdef Py_ssize_t count = octets // payload, size = payload + CONTROL_WORD, cut
    if not count or octets != count * payload or count * size > ROOM:
        return False
    cut = packets._size
    return count * size <= (packets._most if cut == size else 0 if cut else size)


cdef bint give_line(packets, transmitter, const char *octets, Py_ssize_t length, Py_ssize_t payload) except -1:
    """Send octets that may go at once; whether they went."""
    cdef Py_ssize_t count = length // payload
    cdef int flags = transmitter.modifier << 8 | transmitter._size, sequence = transmitter.sequence
    if transmitter.fault:
        flags |= L_BIT
    if transmitter.remote_loss:
        flags |= R_BIT
    make_satop_packets(room, octets, length, payload, flags, sequence)
    if send_datagram(packets._descriptor, room, length + count * CONTROL_WORD, MSG_DONTWAIT) < 0:
        return False
    transmitter.sequence = sequence + count & 0xFFFF
    packets.packets_out += count
    return True


cdef void make_satop_packets(
    unsigned char *packet, const char *source, Py_ssize_t size, Py_ssize_t payload, int flags, int sequence
) noexcept:
    cdef Py_ssize_t place = 0, part
    while place < size:
        part = min(payload, size - place)
        packet[0], packet[1], packet[2], packet[3] = flags >> 8, flags & 0xFF, sequence >> 8 & 0xFF, sequence & 0xFF
        memcpy(packet + CONTROL_WORD, source + place, part)
        packet += CONTROL_WORD + part
        place += part
        sequence += 1


def satop_payloads(bytes packets, Py_ssize_t size, bytes flags, int sequence):
    """What packets of `size` octets hold that begin with `flags`, of two octets, and count from `sequence` on.

    None where one of them does not. In Python: `SatopReceiver.receive_run`.
    """
    cdef Py_ssize_t count = len(packets) // size if size > CONTROL_WORD else 0, place
    if not count or len(flags) != 2 or len(packets) != size * count:
        return None
    cdef const unsigned char *packet = <const unsigned char *> PyBytes_AS_STRING(packets)
    cdef bytes payloads = PyBytes_FromStringAndSize(NULL, count * (size - CONTROL_WORD))
    cdef char *payload = PyBytes_AS_STRING(payloads)
    for place in range(count):
        if memcmp(packet, PyBytes_AS_STRING(flags), 2) or (packet[2] << 8 | packet[3]) != (sequence + place & 0xFFFF):
            return None
        memcpy(payload, packet + CONTROL_WORD, size - CONTROL_WORD)
        packet += size
        payload += size - CONTROL_WORD
    return payloads


cdef extern from *:
    """
    #include <netinet/in.h>
    #include <string.h>
    #include <sys/socket.h>

    #define SIZE_OF_SEVERAL 104  /* UDP_GRO of linux/udp.h */

    /* Read packets that come together; their size, as the kernel tells it, goes to `size`. */
    static ssize_t receive_several(int descriptor, void *octets, size_t room, int *size)
    {
        union {
            char octets[CMSG_SPACE(sizeof(int))];
            struct cmsghdr header;
        } beside;
        struct iovec part = {octets, room};
        struct msghdr message = {0};
        struct cmsghdr *header;
        ssize_t length;
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = &beside;
        message.msg_controllen = sizeof beside;
        length = recvmsg(descriptor, &message, MSG_DONTWAIT);
        *size = (int)length;
        if (length >= 0)
            for (header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header))
                if (header->cmsg_level == IPPROTO_UDP && header->cmsg_type == SIZE_OF_SEVERAL)
                    memcpy(size, CMSG_DATA(header), sizeof *size);
        return length;
    }
    """
    ssize_t receive_several(int descriptor, void *octets, size_t room, int *size)


cdef struct Came:
    Py_ssize_t datagrams
    int packets  # errors counted too
    bint full, together  # no room for more; several came together


cdef Py_ssize_t lengths[DATAGRAMS]
cdef int sizes[DATAGRAMS]  # of the packets in each


cdef Came read_datagrams(int descriptor, int most, bint joining) noexcept:
    """Read a UDP socket into the room until it is empty, or `most` packets; an error is silence, but counts."""
    cdef Came came
    cdef Py_ssize_t length, end = 0
    cdef int each = 0
    came.datagrams, came.packets, came.full, came.together = 0, 0, False, False
    while came.packets < most and came.datagrams < DATAGRAMS:
        came.full = ROOM - end < LARGEST
        if came.full:
            break
        if joining:
            length = receive_several(descriptor, room + end, LARGEST, &each)
        else:
            length = receive_datagram(descriptor, room + end, LARGEST, MSG_DONTWAIT)
            each = <int> length
        if length < 0 and errno == EAGAIN:
            break
        if length < 0:
            came.packets += 1
            continue  # a host says by ICMP that nobody is there: the same as silence
        came.packets += 1 if each <= 0 else <int> ((length + each - 1) // each)
        came.together = came.together or 0 < each < length
        lengths[came.datagrams], sizes[came.datagrams] = length, each
        came.datagrams += 1
        end += length
    return came


cdef list runs_of(Came came):
    """What was read; packets of one size that follow each other are one run."""
    cdef Py_ssize_t place, size = 0, start = 0, end = 0
    cdef list runs = []
    for place in range(came.datagrams):
        if end > start and (sizes[place] != size or (end - start) % size):
            runs.append((PyBytes_FromStringAndSize(<char *> room + start, end - start), size))
            start = end
        if lengths[place] == 0:
            runs.append((b"", 0))
        size = sizes[place]
        end += lengths[place]
    if end > start:
        runs.append((PyBytes_FromStringAndSize(<char *> room + start, end - start), size))
    return runs


def receive(int descriptor, int most, bint joining):
    """Read a UDP socket until it is empty, or `most` packets; those of one size that follow each other are one run.

    The runs, octets and the size of a packet; whether there was no room for more; how many packets came, with errors;
    and whether several came together, for which the socket must be `joining`. In Python: `PacketSocket._receive_each`.
    """
    cdef Came came = read_datagrams(descriptor, most, joining)
    return runs_of(came), came.full, came.packets, came.together


def satop_take(packets, receiver, now):
    """What has come to a PacketSocket for a SatopReceiver: octets of the line where all of it is plain.

    Else the runs, nothing of which the receiver has seen; None when nothing came. In Python: `SatopUdpSpan.take`.
    """
    cdef bint joining = packets._joining
    cdef Came came = read_datagrams(packets._descriptor, DATAGRAMS, joining)
    cdef bytes octets
    if not came.packets:
        return None
    if joining:
        if came.datagrams and packets._left is not None:
            packets._try_together(came.together, came.packets)
    elif came.packets >= MANY:
        packets._came(came.packets)
    if came.full:
        return runs_of(came) + packets.receive()
    octets = plain_payloads(came, receiver)
    if octets is None:
        return runs_of(came)
    receiver._heard = now
    return octets


cdef bytes plain_payloads(Came came, receiver):
    """The octets of packets that are each the next, the receiver told; None, and nothing done, where one is not so."""
    cdef bytes flags = receiver._plain, payloads
    cdef Py_ssize_t size = receiver._length, count = 0, place
    cdef int sequence
    cdef const unsigned char *packet = room
    cdef const char *begin = PyBytes_AS_STRING(flags)
    cdef char *payload
    expected = receiver._expected
    if not came.datagrams or expected is None or len(flags) != 2 or receiver._waiting or receiver.loss:
        return None
    for place in range(came.datagrams):
        if not lengths[place] or lengths[place] % size or sizes[place] != size:
            return None
        count += lengths[place] // size
    sequence = expected
    for place in range(count):
        if memcmp(packet, begin, 2) or (packet[2] << 8 | packet[3]) != (sequence + place & 0xFFFF):
            return None
        packet += size
    payloads = PyBytes_FromStringAndSize(NULL, count * (size - CONTROL_WORD))
    payload, packet = PyBytes_AS_STRING(payloads), room
    for place in range(count):
        memcpy(payload, packet + CONTROL_WORD, size - CONTROL_WORD)
        packet += size
        payload += size - CONTROL_WORD
    receiver._expected = sequence + count & 0xFFFF
    receiver._missing = 0
    receiver._behind = NOT_BEHIND
    receiver.counts.packets_in += count
    return payloads


cdef class HdlcDeframer:
    """Finds the frames of an HDLC line, bit by bit. In Python: `HdlcReceiver.receive`, whose names these are."""

    cdef int min_bits, max_bits, max_line_bits, filtered_octets
    cdef int ones  # in a row, of the last bits
    cdef int size  # bits since the last flag, without inserted zeros
    cdef int partial  # the octet that they have not filled yet
    cdef int size_at_zero  # as it was before the last zero, which is the first bit of the next flag if that is next
    cdef bint inserted, last_inserted  # whether that zero stood where one is inserted; of the last good frame
    cdef bint delimited
    cdef int64_t received, body, counted  # bits; `counted` is -1 outside octet counting mode
    cdef bytearray octets
    cdef bytes last_frame

    def __cinit__(self, int min_octets, int max_octets, int filtered_octets):
        if not FCS <= min_octets <= max_octets <= LARGEST:
            raise ValueError("frames have an FCS, and an end")
        self.min_bits, self.max_bits, self.filtered_octets = 8 * min_octets, 8 * max_octets, filtered_octets
        self.max_line_bits = self.max_bits + self.max_bits // 5 + 8
        self.octets = bytearray(self.max_line_bits // 8 + 1)
        self.last_frame = b""
        self.counted = -1

    @property
    def octet_counting(self) -> bool:
        """Whether octet counting mode is on."""
        return self.counted >= 0

    def receive(self, bytes line, counts) -> list:
        """The good frames that end in `line`, without FCS; `counts` are increased, `HdlcCounts`."""
        return self.find(<const unsigned char *> PyBytes_AS_STRING(line), len(line), counts)

    cdef list find(self, const unsigned char *source, Py_ssize_t count, counts):
        cdef unsigned char *octets = <unsigned char *> PyByteArray_AS_STRING(self.octets)
        cdef Py_ssize_t place
        cdef int shift, good = 0, octet
        cdef list frames = []
        # Read and written once a bit, so not where all that is written might have changed them.
        cdef int ones = self.ones, size = self.size, partial = self.partial
        cdef int64_t received = self.received, last = self.body + self.max_line_bits
        cdef bint delimited = self.delimited
        for place in range(count):
            octet = source[place]
            for shift in range(7, -1, -1):
                received += 1
                if octet >> shift & 1:
                    ones += 1
                    if ones > FLAG_ONES:
                        if ones == FLAG_ONES + 1:
                            counts.aborts += delimited
                            self.lose(received)
                            delimited, last = False, received + self.max_line_bits
                        continue
                    if delimited:
                        partial |= 1 << (size & 7)
                        size += 1
                        if not size & 7:
                            octets[(size >> 3) - 1], partial = partial, 0
                    if received > last:
                        counts.too_long += delimited
                        self.lose(received)
                        delimited, last = False, received + self.max_line_bits
                    continue
                if received > last:
                    counts.too_long += delimited
                    self.lose(received)
                    delimited, last = False, received + self.max_line_bits
                if ones == FLAG_ONES:
                    if delimited and self.size_at_zero:
                        self.received = received
                        good += self.take(octets, frames, counts)
                    delimited, last = True, received - 1 + self.max_line_bits
                    size = partial = self.size_at_zero = 0
                elif delimited:
                    self.size_at_zero, self.inserted = size, ones == FLAG_ONES - 1
                    if not self.inserted:
                        size += 1
                        if not size & 7:
                            octets[(size >> 3) - 1], partial = partial, 0
                ones = 0
        self.ones, self.size, self.partial = ones, size, partial
        self.received, self.delimited, self.body = received, delimited, last - self.max_line_bits
        if good:
            counts.good += good
        if self.counted >= 0:
            self.count_octets(counts)
        return frames

    cdef bint take(self, unsigned char *octets, list frames, counts) except -1:
        """Acceptance of a frame, Q.703 4.1.3 and 4.2."""
        cdef int size = self.size_at_zero, place, crc = 0xFFFF, length
        if size > self.max_bits:
            counts.too_long += 1
            self.lose(self.received)
            return False
        if not size % 8 and size >= self.min_bits:
            length = size // 8 - FCS
            for place in range(length + FCS):
                crc = crc >> 8 ^ FCS_16[(crc ^ octets[place]) & 0xFF]
            if crc == GOOD_FCS:
                if self.counted >= 0:
                    self.count_octets(counts)
                    self.counted = -1
                if (
                    length != len(self.last_frame)
                    or self.inserted != self.last_inserted
                    or memcmp(octets, PyBytes_AS_STRING(self.last_frame), length)
                ):
                    self.last_frame = PyBytes_FromStringAndSize(<char *> octets, length)
                    self.last_inserted = self.inserted
                    frames.append(self.last_frame)
                elif length > self.filtered_octets:
                    frames.append(self.last_frame)
                return True
            counts.bad_fcs += 1
        elif size % 8:
            counts.misaligned += 1
        else:
            counts.too_short += 1
        if self.counted < 0:
            counts.errored += 1
        return False

    cdef void lose(self, int64_t bit) noexcept:
        """Alignment is lost with this bit: an abort, or no flag for too long (Q.703 4.1.2, 4.1.3)."""
        if self.counted < 0:
            self.counted = bit

    cdef int count_octets(self, counts) except -1:
        cdef int64_t octets = (self.received - self.counted) // 8
        if octets:
            counts.octet_counting += octets
            self.counted += 8 * octets
        return 0


cdef class HdlcFramer:
    """Makes the bits of an HDLC line out of frames. In Python: `HdlcTransmitter._next_block` and `_encode`."""

    cdef bytes bits  # of the frame that is on its way, and of the flag behind it
    cdef Py_ssize_t size, at  # so many there are, and have gone
    cdef bint queued  # it is a queued one, and no fill
    cdef object fill
    cdef bytes fill_bits  # of `fill`; None before it is sent
    cdef Py_ssize_t fill_size
    cdef list idle  # by the place in the fill at which one begins, blocks of it of `idle_octets`
    cdef Py_ssize_t idle_octets

    def __cinit__(self):
        self.bits, self.size = FLAG, 8
        self.idle = []

    @property
    def unsent(self) -> bool:
        """Whether the last queued frame that has begun has not gone whole."""
        return self.queued and self.at < self.size

    def block(self, Py_ssize_t octets, queue, fill) -> bytes:
        """The next `octets` octets of the line, with frames taken from the left of `queue`, then `fill` (None: flags)."""
        if octets < 0:
            raise ValueError("a block has some octets")
        cdef bytes block
        cdef Py_ssize_t place = -1
        if self.bits is self.fill_bits and not queue and fill == self.fill:  # as nearly always
            if octets != self.idle_octets or len(self.idle) != self.size:
                self.idle, self.idle_octets = [None] * self.size, octets
            place = self.at % self.size
            block = self.idle[place]
            if block is not None:
                self.at = (place + 8 * octets) % self.size or self.size  # a frame that is whole can be followed by any
                return block
        block = PyBytes_FromStringAndSize(NULL, octets)
        cdef unsigned char *line = <unsigned char *> PyBytes_AS_STRING(block)
        cdef const unsigned char *source
        cdef Py_ssize_t left = 8 * octets, stop
        cdef uint64_t some = 0  # bits that are no octet yet
        cdef int count = 0, shift, part
        while left:
            if self.at == self.size:
                self.next(queue, fill)
            source = <const unsigned char *> PyBytes_AS_STRING(self.bits)
            stop = min(self.size, self.at + left)
            left -= stop - self.at
            while self.at < stop:
                shift = self.at & 7
                part = <int> min(8 - shift, stop - self.at)
                some = some << part | (source[self.at >> 3] >> (8 - shift - part) & ((1 << part) - 1))
                count += part
                self.at += part
                if count >= 8:
                    count -= 8
                    line[0] = some >> count & 0xFF
                    line += 1
        if place >= 0:
            self.idle[place] = block
        return block

    cdef int next(self, queue, fill) except -1:
        """Begin with the next frame."""
        self.queued = bool(queue)
        if self.queued:
            self.bits = self.encode(queue.popleft(), &self.size)
        else:
            if self.fill_bits is None or fill != self.fill:
                self.fill, self.fill_size = fill, 8
                self.idle = []
                self.fill_bits = FLAG if fill is None else self.encode(fill, &self.fill_size)
            self.bits, self.size = self.fill_bits, self.fill_size
        self.at = 0
        return 0

    cdef bytes encode(self, bytes frame, Py_ssize_t *size):
        """Bits of a frame with FCS and inserted zeros, and of the flag behind it; how many they are goes to `size`."""
        cdef Py_ssize_t length = len(frame), place
        cdef bytearray room = bytearray((length + FCS) * 10 // 8 + 3)  # an octet has two inserted zeros at most
        cdef const unsigned char *source = <const unsigned char *> PyBytes_AS_STRING(frame)
        cdef unsigned char *line = <unsigned char *> PyByteArray_AS_STRING(room)
        cdef int crc = 0xFFFF, ones = 0, octet, bits
        cdef uint64_t some = 0
        cdef int count = 0
        size[0] = 8
        for place in range(length + FCS):
            if place < length:
                octet = source[place]
                crc = crc >> 8 ^ FCS_16[(crc ^ octet) & 0xFF]
            else:
                octet = (crc ^ 0xFFFF) >> 8 * (place - length) & 0xFF
            bits = STUFFED_BITS[ones][octet]
            some = some << bits | STUFFED[ones][octet]
            ones = STUFFED_ONES[ones][octet]
            count += bits
            size[0] += bits
            while count >= 8:
                count -= 8
                line[0] = some >> count & 0xFF
                line += 1
        some = (some << 8 | 0x7E) << 8  # and nothing that counts
        line[0], line[1] = some >> (count + 8) & 0xFF, some >> count & 0xFF
        return bytes(room)


cdef class LineIntake:
    """Reads an E1 in packets, with a signalling channel on adjacent timeslots or none, in one step where all is plain.

    In Python: `SpanLine.receive` and what it calls, for a SatopUdpSpan whose termination is an E1Line.
    """

    cdef object packets, receiver, line, deframer, framer, multiframe, channel, store
    cdef HdlcDeframer hdlc
    cdef unsigned char[:, ::1] ring
    cdef int first, width

    def __cinit__(
        self, packets, receiver, line, multiframe, store, channel=None, HdlcDeframer hdlc=None, int first=0, int width=0
    ):
        """`multiframe` is what the deframer's alignment is where all is well, `channel` the HdlcReceiver of `hdlc`."""
        if first < 0 or width < 0 or first + width > FRAME:
            raise ValueError("a channel is on timeslots of the line")
        self.packets, self.receiver, self.line, self.multiframe = packets, receiver, line, multiframe
        self.deframer, self.framer = line.deframer, line._framer
        self.channel, self.hdlc, self.first, self.width = channel, hdlc, first, width
        self.store, self.ring = store, store._ring
        if self.ring.shape[1] != FRAME:
            raise ValueError("frames have 32 octets")

    def receive(self, now):
        """Read what has come: True when all was plain and there is nothing to tell.

        A tuple of the units found when all was plain, but there is. Else what `SatopUdpSpan.received` goes on from:
        nobody behind the socket has seen it, but for the receiver when it is octets.
        """
        came = satop_take(self.packets, self.receiver, now)
        if type(came) is not bytes:
            return came
        cdef bytes octets = <bytes> came
        cdef Py_ssize_t count = len(octets) // FRAME, tail, part, frame, size = self.ring.shape[0]
        cdef Py_ssize_t depth = self.store._depth
        if depth + count > size or count * self.width > ROOM or self.deframer.alignment is not self.multiframe:
            return came
        if not take_e1(self.deframer, octets):
            return came
        line = self.line
        line._heard, line._lost = now, None
        if not self.is_well():
            line._look_after(now)
        cdef const unsigned char *frames = <const unsigned char *> PyBytes_AS_STRING(octets)
        tail = (self.store._head + depth) % size
        part = min(count, size - tail)
        memcpy(&self.ring[tail, 0], frames, FRAME * part)
        if part < count:
            memcpy(&self.ring[0, 0], frames + FRAME * part, FRAME * (count - part))
        self.store._depth = depth + count
        self.store._fresh = True
        if self.hdlc is None:
            return True
        for frame in range(count):
            memcpy(line_room + frame * self.width, frames + FRAME * frame + self.first, self.width)
        counts = self.channel.counts
        found = self.hdlc.find(line_room, count * self.width, counts)
        return tuple(found) if found or counts.errored or counts.octet_counting else True

    cdef bint is_well(self) except -1:
        """Whether the line needs no other look. In Python: in `E1Line.receive`."""
        line, deframer, counts = self.line, self.deframer, self.deframer.counts
        return (
            line._well
            and counts.frames < line._look
            and counts.crc4_errors == line._reported
            and counts.alignment_losses == line._losses
            and deframer.alignment is self.multiframe
            and not deframer.remote_alarm
            and self.framer.remote_alarm == line.remote_alarm_forced
        )


cdef class LineOutlet:
    """Sends an E1 in packets, with a signalling channel on adjacent timeslots or none, in one step where all is plain.

    In Python: `SpanLine.transmit` and what it calls, for a SatopUdpSpan whose termination is an E1Line.
    """

    cdef object span, packets, receiver, transmitter, line, framer, rows, channel
    cdef HdlcFramer hdlc
    cdef const unsigned char[:, ::1] speech
    cdef Py_ssize_t payload
    cdef int first, width

    def __cinit__(
        self, span, packets, receiver, transmitter, Py_ssize_t payload, line, rows, speech,
        channel=None, HdlcFramer hdlc=None, int first=0, int width=0,
    ):
        """`rows` is `e1_framer.timeslots0`, `channel` the HdlcTransmitter of `hdlc`."""
        if (hdlc is not None and (first < 1 or width < 1)) or first + width > FRAME or payload < 1:
            raise ValueError("a channel is on timeslots of the line, and packets hold some octets")
        self.span, self.packets, self.receiver = span, packets, receiver
        self.transmitter, self.payload = transmitter, payload
        self.line, self.framer, self.rows = line, line._framer, rows
        self.channel, self.hdlc, self.first, self.width = channel, hdlc, first, width
        self.speech = speech
        if self.speech.shape[1] != FRAME:
            raise ValueError("frames have 32 octets")

    def send(self, Py_ssize_t first, Py_ssize_t count):
        """Send `count` frames from row `first` of the speech on, the channel's octets in them; True when they went.

        False, and nothing done, where not all is plain. The octets of the line when only sending them is left.
        """
        cdef Py_ssize_t frame, queued
        cdef int position
        cdef bytes block
        framer = self.framer
        if first < 0 or count < 1 or first + count > self.speech.shape[0] or FRAME * count > ROOM or count % 8:
            return False
        position = framer._position
        if position % 8 or not framer.crc4 or framer._e_bits != NO_ERRORS or framer._errors:
            return False
        if self.span.network is not None or self.span._unsent:
            return False
        if not framer.multiframe_aligned or not go_at_once(self.packets, FRAME * count, self.payload):
            return False
        memcpy(line_room, &self.speech[first, 0], FRAME * count)
        if self.hdlc is not None:
            queue = self.channel._queue
            queued = len(queue)
            block = self.hdlc.block(count * self.width, queue, self.channel._fill)
            if queued:
                self.channel.frames += queued - <Py_ssize_t> len(queue)
            for frame in range(count):
                memcpy(
                    line_room + FRAME * frame + self.first, PyBytes_AS_STRING(block) + frame * self.width, self.width
                )
        cdef bytes rows = self.rows(position // 8, count // 8, framer.remote_alarm, NO_ERRORS, NO_ERRORS)
        if len(rows) != count:
            raise ValueError("each frame has a timeslot 0")
        framer._sent_crc = frame_line(
            line_room, count // 8, <const unsigned char *> PyBytes_AS_STRING(rows), framer._sent_crc
        )
        framer._position = position + count & 15
        self.line._sent += count
        self.transmitter.remote_loss = self.receiver.loss
        if give_line(self.packets, self.transmitter, <const char *> line_room, FRAME * count, self.payload):
            return True
        return PyBytes_FromStringAndSize(<const char *> line_room, FRAME * count)
