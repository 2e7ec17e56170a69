# cython: language_level=3, boundscheck=True, wraparound=False, initializedcheck=False, cdivision=True
# cython: embedsignature=True
"""The loops over the samples of many channels, compiled.

Each names what it stands for in Python, which is used where this is not built.
"""

from libc.string cimport memcmp, memcpy, memset

cdef extern from *:
    """
    typedef float four __attribute__((vector_size(16), aligned(4)));

    /* Whether the power in one of four windows, whose weights lie side by side for each sample, is `least` or more. */
    static int is_loud(const float *samples, int count, const float *weights, float least)
    {
        four first = {0}, second = {0};
        int place;
        for (place = 0; place + 1 < count; place += 2) {  /* two at a time, as none waits for the other */
            first += samples[place] * samples[place] * *(const four *)(weights + 4 * place);
            second += samples[place + 1] * samples[place + 1] * *(const four *)(weights + 4 * place + 4);
        }
        if (place < count)
            first += samples[place] * samples[place] * *(const four *)(weights + 4 * place);
        first += second;
        return first[0] >= least || first[1] >= least || first[2] >= least || first[3] >= least;
    }
    """
    bint is_loud(const float *samples, int count, const float *weights, float least)

cdef enum:
    WINDOWS = 4  # of a tick, see dtmf_detector.py
    TICK_OF_ONE = 1  # the last tick was the same octet all through
    ALL_OF_ONE = 2  # and so is the history before the next


cdef class Ears:
    """What each channel of a `DtmfDetector` has heard, for ticks in which nothing is loud."""

    cdef float[:, ::1] samples
    cdef const float[::1] table
    cdef const float[:, ::1] power
    cdef float least, most
    cdef Py_ssize_t history
    cdef unsigned char[::1] steady, octet  # by channel, whether it has heard one octet only of late, and that octet

    def __init__(
        self, const float[::1] table, float[:, ::1] samples, const float[:, ::1] power, Py_ssize_t tick, float least
    ):
        """`samples` has a row for each channel, room for `tick` of them behind the history, and remains these.

        A window, of weights `power`, may be loud where it has the power `least` or more.
        """
        cdef Py_ssize_t place, window
        cdef float weight
        self.samples, self.table, self.power, self.least = samples, table, power, least
        self.history = samples.shape[1] - tick
        if table.shape[0] != 256 or not 0 < self.history <= tick:
            raise ValueError("a row of samples is needed for each channel, and a table of all octets")
        if power.shape[0] != samples.shape[1] or power.shape[1] != WINDOWS:
            raise ValueError("each sample has a weight in four windows")
        self.most = 0
        for window in range(WINDOWS):
            weight = 0
            for place in range(power.shape[0]):
                weight += power[place, window]
            self.most = max(self.most, weight)
        self.steady, self.octet = bytearray(samples.shape[0]), bytearray(samples.shape[0])

    def forget(self, Py_ssize_t channel):
        """Others have changed the samples of `channel`."""
        self.steady[channel] = 0

    def forget_all(self):
        """Others have changed the samples."""
        memset(&self.steady[0], 0, self.steady.shape[0])

    def hear(self, const unsigned char[:, :] octets) -> bool:
        """Put a tick of G.711 behind the history of each channel; whether one of them may be loud.

        It may be where the power in a window is `least` or more. Else the tick becomes history. In Python:
        `DtmfDetector.octets` and the beginning and the end of `_tick`.
        """
        cdef Py_ssize_t channel
        cdef bint loud = False
        if octets.shape[0] != self.samples.shape[0] or octets.shape[1] != self.samples.shape[1] - self.history:
            raise ValueError("a row of samples is needed for each channel")
        for channel in range(octets.shape[0]):
            loud = self.take(channel, &octets[channel, 0], octets.strides[1]) or loud
        return loud or self.keep()

    def hear_rows(self, const unsigned char[:, ::1] rows, const Py_ssize_t[::1] chosen) -> bool:
        """The same of a row of `rows` for each channel. In Python: `DtmfDetector.rows`."""
        cdef Py_ssize_t channel
        cdef bint loud = False
        if chosen.shape[0] != self.samples.shape[0] or rows.shape[1] != self.samples.shape[1] - self.history:
            raise ValueError("a row of samples is needed for each channel")
        for channel in range(chosen.shape[0]):
            loud = self.take(channel, &rows[chosen[channel], 0], 1) or loud
        return loud or self.keep()

    cdef bint take(self, Py_ssize_t channel, const unsigned char *octet, Py_ssize_t step) except -1:
        """Put a tick behind the history of a channel; whether it may be loud."""
        cdef float *heard = &self.samples[channel, 0]
        cdef Py_ssize_t place, tick = self.samples.shape[1] - self.history
        cdef bint same = step == 1 and not memcmp(octet, octet + 1, tick - 1)
        cdef float sample
        if same and self.steady[channel] == ALL_OF_ONE and self.octet[channel] == octet[0]:  # its samples are this one
            sample = self.table[octet[0]]
            return sample * sample * self.most >= self.least
        self.steady[channel], self.octet[channel] = TICK_OF_ONE if same else 0, octet[0]
        for place in range(tick):
            heard[self.history + place] = self.table[octet[step * place]]
        return is_loud(heard, <int> self.samples.shape[1], &self.power[0, 0], self.least)

    cdef bint keep(self) noexcept:
        """The tick becomes history; that is False."""
        cdef Py_ssize_t channel, tick = self.samples.shape[1] - self.history
        cdef float *heard
        for channel in range(self.samples.shape[0]):
            if self.steady[channel] == ALL_OF_ONE:
                continue
            heard = &self.samples[channel, 0]
            memcpy(heard, heard + tick, self.history * sizeof(float))
            if self.steady[channel]:
                self.steady[channel] = ALL_OF_ONE
        return False
