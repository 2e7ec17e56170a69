# cython: language_level=3, boundscheck=True, wraparound=False, initializedcheck=False
# cython: embedsignature=True
"""The loops over sockets that a tick of many RTP legs mostly consists of, compiled.

Everything here has a counterpart in `datagrams.py`, which is used where this is not built.
"""

cdef extern from "<sys/socket.h>" nogil:
    ssize_t receive_datagram "recv"(int descriptor, void *octets, size_t length, int flags)
    ssize_t send_datagram "send"(int descriptor, const void *octets, size_t length, int flags)
    int MSG_DONTWAIT


def receive(
    const int[::1] descriptors, unsigned char[:, ::1] rows, Py_ssize_t[::1] places, Py_ssize_t[::1] lengths
):
    """Read one datagram from each of connected UDP sockets that has one, into `rows`, row by row; how many there were.

    `places` says for each row which of `descriptors` it came from, `lengths` how many octets it has.
    """
    cdef Py_ssize_t place, length, count = 0, sockets = descriptors.shape[0]
    if min(rows.shape[0], places.shape[0], lengths.shape[0]) < sockets:
        raise ValueError("a row is needed for each socket")
    for place in range(sockets):
        length = receive_datagram(descriptors[place], &rows[count, 0], rows.shape[1], MSG_DONTWAIT)
        if length >= 0:  # else there is nothing, or an ICMP error for something sent, or a bad checksum
            places[count], lengths[count] = place, length
            count += 1
    return count


def send(
    const int[::1] descriptors, const unsigned char[:, ::1] octets, const Py_ssize_t[::1] rows,
    const Py_ssize_t[::1] lengths,
):
    """Send from each of connected UDP sockets so many octets of its row of `octets`; how many could not be sent."""
    cdef Py_ssize_t place, errors = 0, width = octets.shape[1]
    if not descriptors.shape[0] == rows.shape[0] == lengths.shape[0]:
        raise ValueError("a row and a length are needed for each socket")
    for place in range(descriptors.shape[0]):
        if not 0 <= lengths[place] <= width:
            raise IndexError("a row is not so long")
        errors += send_datagram(descriptors[place], &octets[rows[place], 0], lengths[place], MSG_DONTWAIT) < 0
    return errors
