"""Address signals: BCD digits, two to an octet, the first in the low half (Q.763 3.9, Q.931 uses IA5 instead)."""

from __future__ import annotations

from tandem.core.errors import EncodeError

#: Address signals in code order; B to E and F (end of pulsing, ST) follow Q.763 (12/1999) 3.9 c).
SIGNALS = "0123456789ABCDEF"
_CODES = {signal: code for code, signal in enumerate(SIGNALS)} | {"*": 0xB, "#": 0xC}
_PAIRS = [SIGNALS[octet & 0xF] + SIGNALS[octet >> 4] for octet in range(256)]


def unpack_digits(octets: bytes, odd: bool = False) -> str:
    """Digits of `octets`; with `odd`, the filler in the last high half is left out."""
    digits = "".join([_PAIRS[octet] for octet in octets])
    return digits[:-1] if odd and digits else digits


def pack_digits(digits: str) -> bytes:
    """Pack `digits`, filling the last high half with 0 when their number is odd."""
    try:
        codes = [_CODES[digit] for digit in digits.upper()]
    except KeyError as error:
        raise EncodeError(f"{error.args[0]!r} in {digits!r} is not an address signal (0-9, A-F, * or #)") from None
    if len(codes) % 2:
        codes.append(0)
    return bytes([low | high << 4 for low, high in zip(codes[::2], codes[1::2], strict=True)])
