"""The facility data link of ESF, 4 kbit/s: bit-oriented codes, and flags or HDLC messages between them (ANSI T1.403).

A code is sent as eight ones, a zero, six bits and a zero, again and again. Written down, as in T1.403, its octet stands
before the ones and the rightmost bit is sent first: line loopback is "00001110 11111111".
"""

from __future__ import annotations

import re
from collections import Counter
from enum import Enum
from typing import Final

from tandem.hardware.framing.hdlc import HdlcReceiver, HdlcTransmitter

REPEATS: Final = 10
"""Times that a command is sent."""
WINDOW: Final = 160
"""Bits, 40 ms, in which codes are counted: ten of them."""
ALARM_CODES: Final = 8
"""So many codes of remote alarm in a window set it, fewer clear it; eight of ten as framer chips have it."""
COMMAND_CODES: Final = 5
"""So many codes of a command in a window are that command; half of them may be in the window before."""
_CODE_BITS: Final = 16
_PATTERN: Final = re.compile("1{8}(0[01]{6}0)")
_OCTETS: Final = 2
_FLAG: Final = "01111110"


class Code(Enum):
    """Bit-oriented codes; values are the octet as T1.403 writes it, least significant bit sent first."""

    REMOTE_ALARM = 0b00000000
    """RAI, yellow alarm."""
    LINE_LOOPBACK = 0b00001110
    LINE_LOOPBACK_OFF = 0b00111000
    PAYLOAD_LOOPBACK = 0b00010100
    PAYLOAD_LOOPBACK_OFF = 0b00110010


def code_bits(code: Code) -> str:
    """A code once, in the order of transmission."""
    return "11111111" + f"{code.value:08b}"[::-1]


_CODES: Final = {code_bits(code)[8:]: code for code in Code}
_ALARM: Final = code_bits(Code.REMOTE_ALARM)


class DataLinkTransmitter:
    """Gives the bits: remote alarm while it is set, else commands, else messages and flags."""

    def __init__(self) -> None:
        self.remote_alarm = False
        self._hdlc = HdlcTransmitter()
        self._commands = ""
        self._interrupted = False
        self._bits = ""

    def send_code(self, code: Code) -> None:
        """Send a command, once as far as the far end is concerned."""
        self._commands += code_bits(code) * REPEATS

    def send(self, message: bytes) -> None:
        """Queue a message, an HDLC frame without FCS."""
        self._hdlc.send([message])

    def bits(self, count: int) -> str:
        """The next bits, "0" and "1"."""
        bits = self._bits
        while len(bits) < count:
            if self.remote_alarm:
                bits += _ALARM
                self._interrupted = True
            elif self._commands:
                bits += self._commands[:_CODE_BITS]
                self._commands = self._commands[_CODE_BITS:]
                self._interrupted = True
            elif self._interrupted:  # perhaps within a flag; what follows needs a whole one before it
                bits += _FLAG
                self._interrupted = False
            else:
                bits += f"{int.from_bytes(self._hdlc.block(_OCTETS), 'big'):016b}"
        self._bits = bits[count:]
        return bits[:count]


class DataLinkReceiver:
    """Takes the bits, "0" and "1", in any portions."""

    def __init__(self) -> None:
        self.remote_alarm = False
        self.commands: Counter[Code] = Counter()
        """Commands received, each once however often its code was repeated."""
        self.messages: list[bytes] = []
        """Messages received, without FCS; whoever reads them clears the list."""
        self._hdlc = HdlcReceiver(min_octets=4, max_octets=64)
        self._window = ""
        self._before = ""  # the end of the last window
        self._command: Code | None = None

    def receive(self, bits: str) -> None:
        """Take the next bits."""
        self._window += bits
        while len(self._window) >= WINDOW:
            window, self._window = self._window[:WINDOW], self._window[WINDOW:]
            self._count(self._before + window)
            self._before = window[1 - _CODE_BITS :]
            self.messages += self._hdlc.receive(int(window, 2).to_bytes(WINDOW // 8, "big"))

    def lose(self) -> None:
        """Alignment is lost: what comes next has nothing to do with what came."""
        self.remote_alarm = False
        self._window = self._before = ""
        self._command = None

    def _count(self, bits: str) -> None:
        found = Counter(_CODES.get(code) for code in _PATTERN.findall(bits)) if "11111111" in bits else Counter()
        self.remote_alarm = found.pop(Code.REMOTE_ALARM, 0) >= ALARM_CODES
        command = next((code for code, count in found.items() if code and count >= COMMAND_CODES), None)
        if command is not None and command is not self._command:
            self.commands[command] += 1
        self._command = command
