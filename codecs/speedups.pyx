# cython: language_level=3, boundscheck=True, wraparound=False, initializedcheck=False, cdivision=True
# cython: embedsignature=True
"""The loops over the samples of many channels, compiled.

Each names what it stands for in Python, which is used where this is not built.
"""

from libc.string cimport memcpy

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


def hear(
    const unsigned char[:, :] octets, const float[::1] table, float[:, ::1] samples, const float[:, ::1] power,
    float least,
):
    """Put a tick of G.711 behind the history of each channel in `samples`; whether one of them may be loud.

    It may be where the power in a window, of weights `power`, is `least` or more. Else the tick becomes history. In
    Python: `DtmfDetector.octets` and the beginning and the end of `_tick`.
    """
    cdef Py_ssize_t channel, place, tick = octets.shape[1], step = octets.strides[1], history = samples.shape[1] - tick
    cdef bint loud = False
    cdef float *heard
    cdef const unsigned char *octet
    if octets.shape[0] != samples.shape[0] or table.shape[0] != 256 or not 0 < history <= tick:
        raise ValueError("a row of samples is needed for each channel, and a table of all octets")
    if power.shape[0] != samples.shape[1] or power.shape[1] != WINDOWS:
        raise ValueError("each sample has a weight in four windows")
    for channel in range(octets.shape[0]):
        heard, octet = &samples[channel, 0], &octets[channel, 0]
        for place in range(tick):
            heard[history + place] = table[octet[step * place]]
        loud = loud or is_loud(heard, <int> (history + tick), &power[0, 0], least)
    if not loud:
        for channel in range(octets.shape[0]):
            heard = &samples[channel, 0]
            memcpy(heard, heard + tick, history * sizeof(float))
    return loud
