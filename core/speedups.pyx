# cython: language_level=3, embedsignature=True
"""The timer table, compiled: what `Agenda` and `TimerTable` of timers.py do, with deadlines as C numbers.

What they mean is said there; keys, and what hashing and comparing them does, are Python's as before.
"""

cimport cython
from libc.math cimport INFINITY


cdef class Agenda:
    """How soon a timer of any of several tables may be due: a bound."""

    cdef public double due

    def __init__(self, double due=INFINITY):
        self.due = due


@cython.final
@cython.freelist(256)
cdef class _Entry:
    cdef double deadline
    cdef long long number
    cdef object key
    cdef bint runs


cdef Agenda NOBODY = Agenda(-INFINITY)


cdef inline bint before(_Entry one, _Entry other) noexcept:
    return one.deadline < other.deadline or (one.deadline == other.deadline and one.number < other.number)


@cython.wraparound(False)
cdef int rise(list heap, Py_ssize_t place) except -1:
    """Move the entry at a place up as far as it has to go."""
    cdef _Entry entry = <_Entry>heap[place]
    cdef _Entry above
    cdef Py_ssize_t parent
    while place > 0:
        parent = (place - 1) >> 1
        above = <_Entry>heap[parent]
        if not before(entry, above):
            break
        heap[place] = above
        place = parent
    heap[place] = entry
    return 0


@cython.wraparound(False)
cdef int sink(list heap, Py_ssize_t place) except -1:
    """Move the entry at a place down as far as it has to go."""
    cdef Py_ssize_t child, size = len(heap)
    cdef _Entry entry = <_Entry>heap[place]
    cdef _Entry below
    while True:
        child = 2 * place + 1
        if child >= size:
            break
        below = <_Entry>heap[child]
        if child + 1 < size and before(<_Entry>heap[child + 1], below):
            child += 1
            below = <_Entry>heap[child]
        if not before(below, entry):
            break
        heap[place] = below
        place = child
    heap[place] = entry
    return 0


cdef _Entry first_out(list heap):
    """Take the first entry off."""
    cdef _Entry last = <_Entry>heap.pop()
    cdef _Entry first
    if not heap:
        return last
    first = <_Entry>heap[0]
    heap[0] = last
    sink(heap, 0)
    return first


cdef class TimerTable:
    """Timers by key; starting one that runs restarts it."""

    cdef dict _live
    cdef readonly list _heap
    cdef long long _number
    cdef Agenda _agenda

    def __cinit__(self):
        self._live = {}
        self._heap = []
        self._agenda = NOBODY

    def __class_getitem__(cls, item):
        return cls

    def share(self, Agenda agenda not None):
        """Tell `agenda` of every timer that is started, and of those that run."""
        cdef _Entry entry = self.first()
        self._agenda = agenda
        if entry is not None and entry.deadline < agenda.due:
            agenda.due = entry.deadline

    def start(self, key, double deadline):
        """Start or restart `key` to expire at the absolute time `deadline` (seconds)."""
        cdef _Entry entry, former
        cdef object found = self._live.get(key)
        if found is not None:
            former = <_Entry>found
            former.runs = False
            former.key = None
        self._number += 1
        entry = _Entry.__new__(_Entry)
        entry.deadline = deadline
        entry.number = self._number
        entry.key = key
        entry.runs = True
        self._live[key] = entry
        self._heap.append(entry)
        rise(self._heap, len(self._heap) - 1)
        if deadline < self._agenda.due:
            self._agenda.due = deadline
        if len(self._heap) > 64 and len(self._heap) > 4 * len(self._live):
            self.compact()

    def stop(self, key):
        """Stop `key`; True when it was running."""
        cdef object found = self._live.pop(key, None)
        cdef _Entry entry
        if found is None:
            return False
        entry = <_Entry>found
        entry.runs = False
        entry.key = None  # lest a call that is over is kept by it
        return True

    def is_running(self, key):
        """Whether `key` was started and has neither expired nor been stopped."""
        return key in self._live

    def deadline(self, key):
        """When `key` expires, or None when it does not run."""
        cdef object found = self._live.get(key)
        return None if found is None else (<_Entry>found).deadline

    def next_deadline(self):
        """The earliest deadline, or None when no timer runs."""
        cdef _Entry entry = self.first()
        return None if entry is None else entry.deadline

    def expired(self, double now):
        """Yield each key due at `now`, earliest first, stopping it before it is yielded."""
        cdef _Entry entry
        while True:
            entry = self.first()
            if entry is None or not entry.deadline <= now:
                return
            first_out(self._heap)
            del self._live[entry.key]
            yield entry.key

    def clear(self):
        """Stop every timer."""
        self._live.clear()
        self._heap.clear()

    def __len__(self):
        return len(self._live)

    cdef _Entry first(self):
        """The first timer that runs; those stopped that come before it are forgotten."""
        cdef _Entry entry
        while self._heap:
            entry = <_Entry>self._heap[0]
            if entry.runs:
                return entry
            first_out(self._heap)
        return None

    cdef int compact(self) except -1:
        cdef Py_ssize_t place
        self._heap = list(self._live.values())
        for place in range(len(self._heap) // 2 - 1, -1, -1):
            sink(self._heap, place)
        return 0
