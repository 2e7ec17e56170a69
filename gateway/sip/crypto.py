"""Keys of SRTP in SDP: the a=crypto attribute (RFC 4568), as far as the two suites of AES counter mode go."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final

#: Master key and salt of both suites, in octets (RFC 4568 6.2).
KEY_LENGTH: Final = 30
#: Suites that we can do, the one that we offer first.
SUITES: Final = ("AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32")
_CRYPTO = re.compile(r"([0-9]{1,9}) +(\S+) +(\S+)((?: +\S+)*)")
#: Key, then perhaps a lifetime; a master key identifier would stand in every packet, and is not supported.
_INLINE = re.compile(r"inline:([A-Za-z0-9+/=]+)(?:\|(?:2\^)?[0-9]{1,20})?")
#: Session parameters that only say what we do anyway (RFC 4568 6.3).
_HARMLESS: Final = re.compile(r"WSH=[0-9]+")


@dataclass(frozen=True, slots=True)
class Crypto:
    """One key that a side sends with."""

    tag: int
    suite: str
    key: bytes
    """Master key and master salt."""

    @classmethod
    def parse(cls, value: str) -> Crypto | None:
        """The value of an attribute; None for one that is malformed or asks for what we cannot do."""
        match = _CRYPTO.fullmatch(value.strip())
        if match is None or match[2].upper() not in SUITES:
            return None
        if any(not _HARMLESS.fullmatch(parameter) for parameter in match[4].split()):
            return None
        inline = _INLINE.fullmatch(match[3])
        if inline is None:
            return None
        try:
            key = base64.b64decode(inline[1], validate=True)
        except (binascii.Error, ValueError):
            return None
        return cls(int(match[1]), match[2].upper(), key) if len(key) == KEY_LENGTH else None

    def __str__(self) -> str:
        return f"{self.tag} {self.suite} inline:{base64.b64encode(self.key).decode()}"
