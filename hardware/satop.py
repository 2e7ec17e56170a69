"""SAToP, a TDM line in packets (RFC 4553): control word, sequence, reordering, loss. Packets in, octets out; no socket.

The sender is a `SatopTransmitter`, the receiver a `SatopReceiver`. Without RTP header, as RFC 4553 4.3 allows; with
one, see `satop_rtp`.
There is no play-out delay here: what comes in sequence is handed on at once, for the sake of signalling. Speech is
taken to the local clock behind it, by `tandem.hardware.elastic`.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from tandem.core.errors import DecodeError
from tandem.hardware import speed
from tandem.hardware.reorder_depth import ReorderDepth

CONTROL_WORD: Final = 4
"""Octets of the control word (RFC 4553 4.3.1)."""
L_BIT: Final = 0x0800
"""The sender's attachment circuit is faulty; the payload means nothing and may be missing."""
R_BIT: Final = 0x0400
"""The sender is in packet loss state for the other direction."""
_VERSION: Final = 0xF000
"""Zero, to be told from IP and from a pseudowire's own control channel."""
_MODIFIER: Final = 0x0300
"""Reserved in SAToP, and ignored; two bits of meaning in CESoPSN (RFC 5086 4.3)."""
_FRAGMENT: Final = 0x00C0
"""Zero: SAToP does not fragment."""
_LENGTH: Final = 0x003F
_SHORT: Final = 64
"""Packets shorter than this carry their length, control word included."""

DEFAULT_PAYLOAD: Final = 256
"""Octets of an E1 in a packet (RFC 4553 5.1): 8 frames, 1 ms."""
DEFAULT_T1_PAYLOAD: Final = 192
"""Octets of a T1 in a packet (RFC 4553 5.1): 1536 bits, a little less than 1 ms."""
DEFAULT_REORDER: Final = 2
"""Places that a missing packet is waited for at first, and at least."""
LOSS_ENTER: Final = 10
"""Consecutive missing packets that are packet loss state (default of RFC 5604)."""
LOSS_LEAVE: Final = 2
"""Consecutive packets in sequence that end it (default of RFC 5604)."""
SILENCE: Final = 0.03
"""Seconds without packets that are packet loss state: 10 packets of the default size, and slack for the reader."""
FAR_AHEAD: Final = 64
"""A jump in sequence as far as this is a new beginning, not loss."""
RESTART: Final = 3
"""Packets in sequence among themselves but behind ours, and none of ours between: the sender began anew."""

_COUNTING: Final = bytes(range(256))
_NOT_BEHIND: Final[tuple[int, int]] = (0, 0)


@dataclass(frozen=True, slots=True)
class Packet:
    """A SAToP packet."""

    sequence: int
    payload: bytes
    fault: bool = False
    """L bit."""
    remote_loss: bool = False
    """R bit."""
    modifier: int = 0
    """The two M bits, of CESoPSN only."""

    @classmethod
    def parse(cls, data: bytes) -> Packet:
        """Read a packet; padding behind the length it states is dropped."""
        if len(data) < CONTROL_WORD:
            raise DecodeError(f"SAToP control word needs {CONTROL_WORD} octets, {len(data)} came", len(data))
        word = data[0] << 8 | data[1]
        if word & _VERSION:
            raise DecodeError("first four bits of a SAToP control word are not zero", 0)
        if word & _FRAGMENT:
            raise DecodeError("SAToP packet is a fragment", 1)
        length = word & _LENGTH
        if length and not CONTROL_WORD <= length <= len(data):
            raise DecodeError(f"SAToP length {length} does not fit a packet of {len(data)} octets", 1)
        payload = data[CONTROL_WORD : length or len(data)]
        modifier = (word & _MODIFIER) >> 8
        return cls(data[2] << 8 | data[3], payload, bool(word & L_BIT), bool(word & R_BIT), modifier)

    def encode(self) -> bytes:
        """The packet as octets."""
        size = CONTROL_WORD + len(self.payload)
        word = (L_BIT if self.fault else 0) | (R_BIT if self.remote_loss else 0) | (size if size < _SHORT else 0)
        word |= self.modifier << 8
        return bytes((word >> 8, word & 0xFF, self.sequence >> 8, self.sequence & 0xFF)) + self.payload


class SatopTransmitter:
    """Cuts the octets of a line into packets of `payload` octets."""

    def __init__(self, payload: int = DEFAULT_PAYLOAD, *, sequence: int = 0) -> None:
        self.payload = payload
        self.fault = False
        """L bit of the next packets: our line is faulty. The payload is sent all the same."""
        self.remote_loss = False
        """R bit of the next packets, from `SatopReceiver.loss`."""
        self.modifier = 0
        """M bits of the next packets: zero in SAToP."""
        self.sequence = sequence
        self.packet_size = CONTROL_WORD + payload
        """Octets of a packet."""
        self._size = self.packet_size if self.packet_size < _SHORT else 0

    def run(self, octets: bytes) -> bytes:
        """Packets of `octets`, a whole number of payloads, one behind the other."""
        if speed.speedups is None:
            return b"".join(self.packets(octets))
        packets: bytes = speed.speedups.satop_packets(octets, self.payload, self.flags, self.sequence)
        self.sequence = self.sequence + len(octets) // self.payload & 0xFFFF
        return packets

    @property
    def flags(self) -> int:
        """The first half of the control word of the next packets."""
        return (L_BIT if self.fault else 0) | (R_BIT if self.remote_loss else 0) | self.modifier << 8 | self._size

    def packets(self, octets: bytes) -> list[bytes]:
        """Packets of `octets`, a whole number of payloads."""
        size, flags = self.payload, self.flags
        packets = []
        for start in range(0, len(octets), size):
            packets.append((flags << 16 | self.sequence).to_bytes(4, "big") + octets[start : start + size])
            self.sequence = self.sequence + 1 & 0xFFFF
        return packets


@dataclass(slots=True)
class SatopCounts:
    """Packets since the receiver was made."""

    packets_in: int = 0
    """In sequence or put in sequence, and handed on."""
    packets_lost: int = 0
    """Missing, and filled with ones."""
    packets_reordered: int = 0
    """Came behind a later one, in time."""
    packets_late: int = 0
    """Came when their place was filled, or twice: dropped. The first make an adaptive depth grow."""
    packets_malformed: int = 0
    packets_wrong_size: int = 0
    """The far end uses another payload size: dropped (RFC 4553 5.1 wants the same both ways)."""
    packets_far_fault: int = 0
    """With L bit: handed on as ones."""
    packets_far_loss: int = 0
    """With R bit: the far end did not get ours."""
    resynchronisations: int = 0


class SatopReceiver:
    """Puts packets in sequence and gives the octets of the line.

    A missing packet is waited for until one `reorder` places ahead of it has come, then filled with ones. With `most`
    the places are as many as late packets need, from `reorder` to `most`.
    """

    def __init__(
        self, payload: int = DEFAULT_PAYLOAD, *, reorder: int = DEFAULT_REORDER, most: int | None = None
    ) -> None:
        self.counts = SatopCounts()
        self.loss = True
        """Packet loss state: what the R bit of our packets tells."""
        self.far: Packet | None = None
        """The last packet, if it had an L, R or M bit; what it carried is of no meaning here."""
        self._payload = payload
        self._length = CONTROL_WORD + payload
        self._unflagged = bytes(2) if self._length >= _SHORT else self._length.to_bytes(2, "big")
        self._plain = self._unflagged  # what a packet like all others begins with; nothing, behind one with flags
        self._depth = ReorderDepth(reorder, max(reorder, most or 0))
        self._filled: deque[int] = deque(maxlen=FAR_AHEAD)  # places filled in last, whose packets may yet come
        self._fill = b"\xff" * payload
        self._expected: int | None = None
        self._waiting: dict[int, bytes] = {}
        self._newest = 0
        self._missing = 0  # consecutive, up to now
        self._good = 0  # consecutive in sequence
        self._behind = _NOT_BEHIND  # last late sequence number, and how many in a row
        self._heard: float | None = None

    @property
    def depth(self) -> int:
        """Places that a missing packet is waited for now."""
        return self._depth.depth

    def receive(self, data: bytes, now: float) -> bytes:
        """Take a packet; return the octets of the line that are now in sequence, perhaps none."""
        self._heard = now
        # Nearly every packet is this one: nothing flagged, the next in sequence, none waited for.
        if len(data) == self._length and data[:2] == self._plain and not self._waiting and not self.loss:
            sequence = data[2] << 8 | data[3]
            if sequence == self._expected:
                self._expected = sequence + 1 & 0xFFFF
                self._missing = 0
                self._behind = _NOT_BEHIND
                self.counts.packets_in += 1
                return data[CONTROL_WORD:]
        try:
            packet = Packet.parse(data)
        except DecodeError:
            self.counts.packets_malformed += 1
            return b""
        if not self._accepts(packet):
            return b""
        self._note(packet)
        payload = packet.payload
        if packet.fault:
            self.counts.packets_far_fault += 1
            payload = self._fill
        elif len(payload) != self._payload:
            self.counts.packets_wrong_size += 1
            return b""
        return self._place(packet.sequence, payload)

    def receive_run(self, data: bytes, size: int, now: float) -> bytes:
        """Take packets of `size` octets, the last perhaps shorter, that came one behind the other; see `receive`."""
        if size == self._length and self._expected is not None and not self._waiting and not self.loss:
            take = _payloads if speed.speedups is None else speed.speedups.satop_payloads
            payloads: bytes | None = take(data, size, self._plain, self._expected)
            if payloads is not None:
                count = len(data) // size
                self._heard = now
                self._expected = self._expected + count & 0xFFFF
                self._missing = 0
                self._behind = _NOT_BEHIND
                self.counts.packets_in += count
                return payloads
        return b"".join([self.receive(data[start : start + size], now) for start in range(0, len(data), size)])

    def handle_silence(self, now: float) -> None:
        """Call it when nothing came: after a while that is packet loss state."""
        if self._heard is not None and now - self._heard >= SILENCE:
            self.loss, self._good = True, 0

    def _accepts(self, packet: Packet) -> bool:
        """Whether a packet holds octets of the line; the M bits of SAToP are reserved and ignored."""
        del packet
        return True

    def _note(self, packet: Packet) -> None:
        """Remember the flags of a packet, so that the next one without is seen to clear them."""
        self.counts.packets_far_loss += packet.remote_loss
        flagged = packet.fault or packet.remote_loss or packet.modifier
        self.far = packet if flagged else None
        self._plain = b"" if flagged else self._unflagged

    def _place(self, sequence: int, payload: bytes) -> bytes:
        if self._expected is None:
            self._expected = sequence
        ahead = sequence - self._expected & 0xFFFF
        now = self._heard or 0.0
        if ahead == 0:
            if self._waiting:
                self.counts.packets_reordered += 1
                self._depth.late(self._newest - sequence & 0xFFFF, now)
            self._waiting[sequence] = payload
            return self._hand_on(())
        if ahead >= 0x8000:
            return self._late(sequence, payload)
        self._behind = _NOT_BEHIND
        if ahead >= FAR_AHEAD:
            return self._resynchronise(sequence, payload)
        if sequence in self._waiting:
            self.counts.packets_late += 1
            return b""
        self._waiting[sequence] = payload
        if len(self._waiting) == 1 or sequence - self._newest & 0xFFFF < 0x8000:
            self._newest = sequence
        else:
            self.counts.packets_reordered += 1
            self._depth.late(self._newest - sequence & 0xFFFF, now)
        self._depth.passed(now)
        overdue = range(max(0, (self._newest - self._expected & 0xFFFF) - self.depth + 1))
        return self._hand_on(overdue)

    def _hand_on(self, overdue: range | tuple[()]) -> bytes:
        """Take from the waiting packets: the overdue places, filled if need be, and all in sequence behind them."""
        assert self._expected is not None
        octets = []
        places = len(overdue)
        while places > 0 or self._expected in self._waiting:
            payload = self._waiting.pop(self._expected, None)
            if payload is None:
                self.counts.packets_lost += 1
                self._missing, self._good = self._missing + 1, 0
                self.loss = self.loss or self._missing >= LOSS_ENTER
                payload = self._fill
                self._filled.append(self._expected)
            else:
                self.counts.packets_in += 1
                self._missing, self._good = 0, self._good + 1
                self.loss = self.loss and self._good < LOSS_LEAVE
            octets.append(payload)
            self._expected = self._expected + 1 & 0xFFFF
            places -= 1
        return b"".join(octets)

    def _late(self, sequence: int, payload: bytes) -> bytes:
        if sequence in self._filled:  # waited for in vain, and no new beginning
            self._filled.remove(sequence)
            assert self._expected is not None
            newest = self._newest if self._waiting else self._expected - 1
            self._depth.late(newest - sequence & 0xFFFF, self._heard or 0.0)
            self._behind = _NOT_BEHIND
            self.counts.packets_late += 1
            return b""
        last, count = self._behind
        count = count + 1 if sequence == last + 1 & 0xFFFF else 1
        self._behind = (sequence, count)
        if count >= RESTART:
            return self._resynchronise(sequence, payload)
        self.counts.packets_late += 1
        return b""

    def _resynchronise(self, sequence: int, payload: bytes) -> bytes:
        """Go on from `sequence`; what was waiting belongs to the past."""
        self.counts.resynchronisations += 1
        self._waiting = {sequence: payload}
        self._filled.clear()
        self._expected = sequence
        self._behind = _NOT_BEHIND
        return self._hand_on(())


def _payloads(packets: bytes, size: int, flags: bytes, sequence: int) -> bytes | None:
    """What packets of `size` octets hold that begin with `flags` and count from `sequence` on; None if one does not."""
    count = len(packets) // size
    low = sequence & 0xFF
    if (
        len(packets) == count * size
        and low + count <= len(_COUNTING)
        and packets[::size] == flags[:1] * count
        and packets[1::size] == flags[1:] * count
        and packets[2::size] == bytes((sequence >> 8,)) * count
        and packets[3::size] == _COUNTING[low : low + count]
    ):
        return b"".join([packets[start + CONTROL_WORD : start + size] for start in range(0, len(packets), size)])
    return None
