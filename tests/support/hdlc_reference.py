"""HDLC bit by bit, as plainly as the clauses say it: the yardstick for the fast one."""

from __future__ import annotations

from dataclasses import dataclass, field

FLAG = [0, 1, 1, 1, 1, 1, 1, 0]


def fcs_register(bits: list[int]) -> int:
    """The 16-bit register after `bits`, ISO/IEC 13239 with the reflected polynomial 0x8408."""
    register = 0xFFFF
    for bit in bits:
        register = (register >> 1) ^ (0x8408 if (register ^ bit) & 1 else 0)
    return register


def octets_to_bits(octets: bytes) -> list[int]:
    """HDLC order: least significant bit first."""
    return [octet >> place & 1 for octet in octets for place in range(8)]


def frame_bits(frame: bytes) -> list[int]:
    """Frame and FCS with zeros inserted, without flags."""
    bits = octets_to_bits(frame)
    fcs = fcs_register(bits) ^ 0xFFFF
    bits += octets_to_bits(bytes((fcs & 0xFF, fcs >> 8)))
    out, ones = [], 0
    for bit in bits:
        out.append(bit)
        ones = ones + 1 if bit else 0
        if ones == 5:
            out.append(0)
            ones = 0
    return out


def line_octets(bits: list[int], pad: int = 1) -> bytes:
    """Bits in the order of the line to timeslot octets, bit 1 = most significant first."""
    bits = bits + [pad] * (-len(bits) % 8)
    return bytes(int("".join(map(str, bits[i : i + 8])), 2) for i in range(0, len(bits), 8))


def line_bits(octets: bytes) -> list[int]:
    return [octet >> place & 1 for octet in octets for place in range(7, -1, -1)]


@dataclass
class ReferenceReceiver:
    """Takes one bit at a time; counts as Q.703 4.1 has it."""

    min_octets: int = 5
    max_octets: int = 278
    frames: list[bytes] = field(default_factory=list)
    good: int = 0
    bad: int = 0
    errored: int = 0
    aborts: int = 0
    too_long: int = 0
    octet_counting: int = 0
    counting: bool = False
    counted_bits: int = 0
    ones: int = 0
    body: list[int] | None = None
    since_flag: int = 0

    def bit(self, bit: int) -> None:
        if self.counting:
            self.counted_bits += 1
            self.octet_counting = self.total + self.counted_bits // 8
        self.since_flag += 1
        if bit:
            self.ones += 1
            if self.body is not None:
                self.body.append(1)
            if self.ones == 7:
                if self.body is not None:
                    self.aborts += 1
                self.lose()
                self.since_flag = 0
            elif self.since_flag > self.limit:
                self.overlong()
            return
        ones, self.ones = self.ones, 0
        if ones == 6:
            if self.since_flag > self.limit:
                self.overlong()
            elif self.body is not None:
                self.end_of_frame(self.body)
            self.body, self.since_flag = [], 1
            return
        if self.since_flag > self.limit:
            self.overlong()
        elif ones != 5 and self.body is not None:
            self.body.append(0)

    total = 0

    @property
    def limit(self) -> int:
        return 8 * self.max_octets + 8 * self.max_octets // 5 + 8

    def overlong(self) -> None:
        if self.body is not None:
            self.too_long += 1
        self.lose()
        self.since_flag = 0

    def lose(self) -> None:
        self.body = None
        if not self.counting:
            self.counting, self.counted_bits, self.total = True, 0, self.octet_counting

    def end_of_frame(self, body: list[int]) -> None:
        bits = body[:-7] if len(body) >= 7 else []  # without 0111111 of the flag
        if not bits:
            return
        if len(bits) > 8 * self.max_octets:
            self.too_long += 1
            self.lose()
        elif len(bits) % 8 or len(bits) < 8 * self.min_octets or fcs_register(bits) != 0xF0B8:
            self.bad += 1
            self.errored += not self.counting
        else:
            octets = [sum(bit << place for place, bit in enumerate(bits[i : i + 8])) for i in range(0, len(bits), 8)]
            self.frames.append(bytes(octets[:-2]))
            self.good += 1
            self.counting = False
