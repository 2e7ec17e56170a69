"""Address signals: BCD digits, two to an octet, the first in the low half (Q.763 3.9, Q.931 uses IA5 instead)."""

from __future__ import annotations

from binascii import unhexlify
from typing import Final

from tandem.core.errors import EncodeError

#: Address signals in code order; B to E and F (end of pulsing, ST) follow Q.763 (12/1999) 3.9 c).
SIGNALS = "0123456789ABCDEF"
_CODES = {signal: code for code, signal in enumerate(SIGNALS)} | {"*": 0xB, "#": 0xC}
#: The halves of every octet exchanged: hexadecimal has the high one first.
_EXCHANGED: Final = bytes(octet >> 4 | (octet & 0xF) << 4 for octet in range(256))


def unpack_digits(octets: bytes, odd: bool = False) -> str:
    """Digits of `octets`; with `odd`, the filler in the last high half is left out."""
    digits = octets.translate(_EXCHANGED).hex().upper()
    return digits[:-1] if odd and digits else digits


def pack_digits(digits: str) -> bytes:
    """Pack `digits`, filling the last high half with 0 when their number is odd."""
    try:
        return unhexlify(digits + "0" if len(digits) % 2 else digits).translate(_EXCHANGED)
    except ValueError:
        return _pack_signals(digits)


def _pack_signals(digits: str) -> bytes:
    """As `pack_digits`, also what is not hexadecimal."""
    try:
        codes = [_CODES[digit] for digit in digits.upper()]
    except KeyError as error:
        raise EncodeError(f"{error.args[0]!r} in {digits!r} is not an address signal (0-9, A-F, * or #)") from None
    if len(codes) % 2:
        codes.append(0)
    return bytes([low | high << 4 for low, high in zip(codes[::2], codes[1::2], strict=True)])
