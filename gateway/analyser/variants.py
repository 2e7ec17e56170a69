"""Which variant two point codes speak: told, or found out by the messages between them that only one variant fits.

An IAM tells by where its pointers lead (Q.763 table 32; T1.113 has user service information in place of the medium),
point codes by their size, and a routing label by what follows it: of the layouts of 4, 5 and 7 octets only the right
one has a whole message behind it, be it an IAM or a signalling link test (Q.707 5.4).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

from tandem.core.errors import DecodeError
from tandem.ss7.mtp3.label import LAYOUTS, Service, Variant, parse_label

from .quick import initial_address

MOST: Final = 100_000
"""Pairs of point codes that are remembered."""
ENOUGH: Final = 3
"""Messages of another variant than the one presumed that settle a pair; of that one, a single message does."""
_IAM: Final = 1
_TUP_IAM: Final = frozenset({0x11, 0x21})
_TESTS: Final = frozenset({0x11, 0x21})
"""Headings of SLTM and SLTA."""
_MEDIA: Final = frozenset(range(11))
"""Transmission medium requirements (Q.763 3.54)."""
_NO_NUMBER: Final = 0
_LAST_NATURE: Final = 6
_ORDER: Final = (Variant.ITU, Variant.CHINA, Variant.ANSI, Variant.JAPAN)

Pair = tuple[int, int]


class Variants:
    """Remembers the variant of every pair of point codes."""

    def __init__(self, presumed: Variant, told: Mapping[Pair, Variant], detect: bool) -> None:
        """`told`: by both point codes, as the variant writes them, in either order."""
        self._presumed = presumed
        self._told = {(min(pair), max(pair)): variant for pair, variant in told.items()}
        self._detect = detect
        self._settled: dict[tuple[int, Pair, bool], Variant] = {}
        self._votes: dict[tuple[int, Pair, bool], Counter[Variant]] = {}

    def of_label(self, network: int, msu: bytes) -> Variant:
        """The variant of a message signal unit, from the service information octet on, at least 6 octets."""
        for variant in dict.fromkeys(self._told.values()):
            if len(msu) > LAYOUTS[variant].octets:
                label, _ = parse_label(msu, variant, 1)
                if self._told.get((min(label.opc, label.dpc), max(label.opc, label.dpc))) is variant:
                    return variant
        word = int.from_bytes(msu[1:5], "little") & 0xFFFFFFF
        return self._found((network, (word >> 14, word & 0x3FFF), True), msu[0] & 0xF, msu[1:])

    def of_codes(self, network: int, opc: int, dpc: int, service: int, data: bytes) -> Variant:
        """The variant of a user's message, behind the label, between two point codes."""
        pair = (opc, dpc) if opc < dpc else (dpc, opc)
        if (told := self._told.get(pair)) is not None:
            return told
        return self._found((network, pair, False), service, data)

    def settled(self, network: int, opc: int, dpc: int, labelled: bool = False) -> bool:
        """Whether no message between two point codes can change the answer of `of_codes` any more.

        Or that of `of_label`, for the point codes that ITU-T reads in it.
        """
        pair = (opc, dpc) if opc < dpc else (dpc, opc)
        key = (network, (opc, dpc) if labelled else pair, labelled)
        return not self._detect or pair in self._told or key in self._settled

    def _found(self, key: tuple[int, Pair, bool], service: int, data: bytes) -> Variant:
        if not self._detect:
            return self._presumed
        if (settled := self._settled.get(key)) is not None:
            return settled
        if _fits(self._presumed, service, data, key):
            return self._settle(key, self._presumed)
        fitting = [variant for variant in _ORDER if _fits(variant, service, data, key)]
        votes = self._votes.get(key)
        if fitting:
            if votes is None and len(self._votes) < MOST:
                votes = self._votes[key] = Counter()
            if votes is not None:
                votes.update(fitting)
        if not votes:
            return fitting[0] if fitting else self._presumed
        (best, count), *others = votes.most_common()
        if count >= ENOUGH and all(other < count for _, other in others):
            return self._settle(key, best)
        return best if not fitting or best in fitting else fitting[0]

    def _settle(self, key: tuple[int, Pair, bool], variant: Variant) -> Variant:
        if len(self._settled) < MOST:
            self._settled[key] = variant
            self._votes.pop(key, None)
            if key[2] and variant is Variant.ITU:  # the point codes were read rightly: this holds for the other way too
                self._settled[key[0], key[1][::-1], True] = variant
        return variant


def _fits(variant: Variant, service: int, data: bytes, key: tuple[int, Pair, bool]) -> bool:
    """Whether a message is one of the variant beyond reasonable doubt."""
    _, pair, labelled = key
    layout = LAYOUTS[variant]
    sls = 0
    if labelled:
        if len(data) < layout.octets:
            return False
        sls = int.from_bytes(data[: layout.octets], "little") >> 2 * layout.point_code_bits
        data = data[layout.octets :]
    elif pair[1] >> layout.point_code_bits:
        return False
    if service in (Service.TESTING, Service.TESTING_SPECIAL):
        # In M3UA nothing is tested, and no label is there to be measured.
        return labelled and len(data) >= 2 and data[0] in _TESTS and data[1] >> 4 == len(data) - 2 > 0
    if service == Service.ISUP and len(data) > 10 and data[2] == _IAM:
        return _ansi(data) if variant is Variant.ANSI else _itu(data)
    if service == Service.TUP and len(data) > 3 and data[1] in _TUP_IAM:
        return variant in (Variant.ITU, Variant.CHINA) and _tup(variant, sls, data)
    return False


def _itu(data: bytes) -> bool:
    """An IAM of Q.763: medium, and a called number right behind the two pointers."""
    numbers = initial_address(data)
    if data[1] & 0xF0 or data[7] not in _MEDIA or data[8] != 2 or numbers is None:
        return False
    called, nature, _, _ = numbers
    return called != "" and _NO_NUMBER < nature <= _LAST_NATURE


def _ansi(data: bytes) -> bool:
    """An IAM of T1.113: user service information right behind three pointers, then the called number."""
    if data[1] & 0xC0 or data[7] != 3:
        return False
    from tandem.ss7.isup.messages import Message
    from tandem.ss7.isup.numbers import CalledPartyNumber
    from tandem.ss7.isup.variants import Variant as IsupVariant

    try:
        called = Message.parse(data, IsupVariant.ANSI).find(CalledPartyNumber)
    except DecodeError:
        return False
    return called is not None and called.digits != "" and data[8] == 3 + data[10]


def _tup(variant: Variant, sls: int, data: bytes) -> bool:
    from tandem.ss7.tup.label import CircuitMessage
    from tandem.ss7.tup.messages import InitialAddress
    from tandem.ss7.tup.variants import Variant as TupVariant

    try:
        message = CircuitMessage.parse(sls & 0xFF, data, TupVariant(variant.value)).message
    except DecodeError:
        return False
    return isinstance(message, InitialAddress) and message.digits != ""
