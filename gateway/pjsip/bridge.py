"""A call's place in PJSIP's conference bridge."""

from __future__ import annotations

import ctypes
from typing import Any, Final

import pjsua2 as pj

from .speech import SILENCE, SpeechPath


def _octets_at_once(vector: Any) -> bytes:
    """The octets of a ByteVector: C++ keeps a std::vector as a pointer to its elements, and two more.

    Octet by octet through SWIG it takes 0.5 ms, a fortieth of the block.
    """
    start = ctypes.cast(int(vector.this), ctypes.POINTER(ctypes.c_void_p))[0]
    return ctypes.string_at(start or 0, len(vector)) if start else b""


def _octets_one_by_one(vector: Any) -> bytes:
    return bytes(vector)


_TRIAL: Final = bytes(range(256))
_octets_of = _octets_at_once if _octets_at_once(pj.ByteVector(_TRIAL)) == _TRIAL else _octets_one_by_one


class SpeechPort(pj.AudioMediaPort):
    """The call's place in the conference bridge; called by the thread of the bridge."""

    def __init__(self, path: SpeechPath) -> None:
        super().__init__()
        self._path = path
        form = pj.MediaFormatAudio()
        form.init(pj.PJMEDIA_FORMAT_PCM, 8000, 1, 20_000, 16)
        self.createPort(f"speech-{path.port}", form)

    def onFrameRequested(self, frame: Any) -> None:
        """What the peer is to hear."""
        frame.type = pj.PJMEDIA_FRAME_TYPE_AUDIO
        frame.buf = pj.ByteVector(self._path.take())

    def onFrameReceived(self, frame: Any) -> None:
        """What the peer says."""
        samples = _octets_of(frame.buf)
        self._path.send(samples if len(samples) == len(SILENCE) else SILENCE)

    def remove(self) -> None:
        """Take the port out of the conference bridge, for good.

        The bridge's thread calls until PJSIP's object is gone, so that one goes first, by hand: left to the garbage
        collector, Python takes this object's attributes away while it is still being called.
        """
        pj.AudioMediaPort.__swig_destroy__(self)
