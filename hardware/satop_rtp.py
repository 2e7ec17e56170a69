"""The RTP header that SAToP and CESoPSN may carry (RFC 4553 4.3.2, RFC 5086 4.4): before the control word over UDP.

It adds the time of the sender. `absolute`: the timestamps count the line's own clock, and tell no more than sequence
numbers do. `differential`: they count a clock that both ends have in common, so that the rate of the line can be had
from them whatever the network does to the packets.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from tandem.hardware.satop import SatopTransmitter

RTP_HEADER: Final = 12
_VERSION_2: Final = 0x80
_PT_MASK: Final = 0x7F
_CYCLE: Final = 1 << 32
DEFAULT_PAYLOAD_TYPE: Final = 97
"""A dynamic one, as RFC 4553 4.3.2 has it; no default is assigned."""


@dataclass(frozen=True, slots=True)
class RtpFormat:
    """What both ends agree on."""

    mode: Literal["absolute", "differential"] = "absolute"
    payload_type: int = DEFAULT_PAYLOAD_TYPE
    ssrc: int = 0
    """Ours and the far end's: a packet with another one is of another pseudowire."""
    clock: int = 8000
    """Timestamps a second, a multiple of 8000."""


class RtpSender:
    """Puts the header before the packets of `transmitter`, which each hold so many `frames` of the line."""

    def __init__(self, rtp: RtpFormat, transmitter: SatopTransmitter, frames: float) -> None:
        self._transmitter = transmitter
        self._differential = rtp.mode == "differential"
        self._fixed = bytes((_VERSION_2, rtp.payload_type))
        self._ssrc = rtp.ssrc.to_bytes(4, "big")
        self._clock = rtp.clock
        self._step = frames * rtp.clock / 8000
        self._timestamp = 0.0

    def packets(self, octets: bytes, now: float) -> list[bytes]:
        """Packets of `octets`, a whole number of payloads, the last of which ends `now`."""
        packets = self._transmitter.packets(octets)
        if self._differential:
            self._timestamp = now * self._clock - (len(packets) - 1) * self._step
        given = []
        for packet in packets:
            timestamp = (int(self._timestamp) % _CYCLE).to_bytes(4, "big")
            given.append(self._fixed + packet[2:4] + timestamp + self._ssrc + packet)
            self._timestamp += self._step
        return given


class RtpReceiver:
    """Takes the header off, and keeps the time in it."""

    def __init__(self, rtp: RtpFormat, receive: Callable[[bytes, float], bytes]) -> None:
        self.packets_foreign = 0
        """Packets without a fitting header, or of another pseudowire: dropped."""
        self.elapsed = 0.0
        """Seconds of the sender's clock since its first packet."""
        self.sequence: int | None = None
        """Of the packet that `elapsed` is of, counted on beyond 16 bits."""
        self._receive = receive
        self._rtp = rtp
        self._ssrc = rtp.ssrc.to_bytes(4, "big")
        self._timestamp = 0

    def receive(self, data: bytes, now: float) -> bytes:
        """Take a packet; return what is in sequence of the line, as SatopReceiver does."""
        if (
            len(data) < RTP_HEADER
            or data[0] != _VERSION_2
            or data[1] & _PT_MASK != self._rtp.payload_type
            or data[8:12] != self._ssrc
        ):
            self.packets_foreign += 1
            return b""
        self._note(int.from_bytes(data[2:4], "big"), int.from_bytes(data[4:8], "big"))
        return self._receive(data[RTP_HEADER:], now)

    def receive_run(self, data: bytes, size: int, now: float) -> bytes:
        """Take packets of `size` octets each, the last perhaps shorter; see `receive`."""
        return b"".join([self.receive(data[start : start + size], now) for start in range(0, len(data), size)])

    def _note(self, sequence: int, timestamp: int) -> None:
        """Take the time of a packet that is newer than those before."""
        if self.sequence is None:
            self.sequence, self._timestamp = sequence, timestamp
            return
        ahead = (sequence - self.sequence) & 0xFFFF
        if ahead >= 0x8000:
            return
        self.sequence += ahead
        passed = (timestamp - self._timestamp) % _CYCLE
        self._timestamp = timestamp
        self.elapsed += (passed if passed < _CYCLE // 2 else passed - _CYCLE) / self._rtp.clock
