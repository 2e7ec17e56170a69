"""Messages of M2PA, RFC 4165 2: common header, sequence numbers of 24 bits, then user data or a link status."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from tandem.core.errors import EncodeError
from tandem.core.sigtran.codes import VERSION, ErrorCode, MessageClass
from tandem.core.sigtran.common import MessageError, parse_header

MODULUS: Final = 1 << 24
SEQUENCE_MASK: Final = MODULUS - 1
_USER_DATA: Final = MessageClass.M2PA << 8 | 1
_LINK_STATUS: Final = MessageClass.M2PA << 8 | 2
_HEADER: Final = struct.Struct(">BBHIII")


class LinkStatus(IntEnum):
    """State field of Link Status, RFC 4165 2.3.2."""

    ALIGNMENT = 1
    PROVING_NORMAL = 2
    PROVING_EMERGENCY = 3
    READY = 4
    PROCESSOR_OUTAGE = 5
    PROCESSOR_RECOVERED = 6
    BUSY = 7
    BUSY_ENDED = 8
    OUT_OF_SERVICE = 9


_STATUSES: Final = {int(status): status for status in LinkStatus}


@dataclass(frozen=True, slots=True)
class UserData:
    """User Data; without a message it only acknowledges."""

    bsn: int
    """FSN of the last message accepted from the peer."""
    fsn: int
    """Number of this message, or of the last one sent when there is none."""
    msu: bytes = b""
    """SIO and SIF."""
    priority: int = 0
    """First octet of the data: message priority in its two upper bits (Japan), else 0."""

    def encode(self) -> bytes:
        """The octets; EncodeError when a number does not fit."""
        body = bytes((self.priority,)) + self.msu if self.msu or self.priority else b""
        return _encode(_USER_DATA, self.bsn, self.fsn, body)

    def __str__(self) -> str:
        return f"User Data BSN {self.bsn} FSN {self.fsn} {self.msu.hex()}".rstrip()


@dataclass(frozen=True, slots=True)
class StatusMessage:
    """Link Status."""

    bsn: int
    fsn: int
    status: LinkStatus
    filler: bytes = b""
    """Octets after the state; senders may lengthen proving messages so."""

    def encode(self) -> bytes:
        """The octets; EncodeError when a number does not fit."""
        return _encode(_LINK_STATUS, self.bsn, self.fsn, self.status.to_bytes(4, "big") + self.filler)

    def __str__(self) -> str:
        return f"Link Status {self.status.name} BSN {self.bsn} FSN {self.fsn}"


def parse_m2pa(octets: bytes) -> UserData | StatusMessage:
    """Take a message apart; MessageError when it is none of M2PA's."""
    kind, length = parse_header(octets)
    if kind >> 8 != MessageClass.M2PA:
        raise MessageError(f"message class {kind >> 8}", ErrorCode.UNSUPPORTED_CLASS, 2)
    if kind not in (_USER_DATA, _LINK_STATUS):
        raise MessageError(f"message type {kind & 0xFF}", ErrorCode.UNSUPPORTED_TYPE, 3)
    # SCTP keeps messages apart, so octets that are too many can only be padding.
    if not _HEADER.size <= length <= len(octets) or len(octets) - length > 3:
        raise MessageError(f"length {length} of {len(octets)} octets", ErrorCode.PROTOCOL_ERROR, 4)
    bsn = int.from_bytes(octets[9:12], "big")
    fsn = int.from_bytes(octets[13:16], "big")
    if kind == _USER_DATA:
        if length == _HEADER.size:
            return UserData(bsn, fsn)
        return UserData(bsn, fsn, octets[_HEADER.size + 1 : length], octets[_HEADER.size])
    if length < _HEADER.size + 4:
        raise MessageError("Link Status without a state", ErrorCode.PROTOCOL_ERROR, length)
    status = _STATUSES.get(int.from_bytes(octets[16:20], "big"))
    if status is None:
        raise MessageError(f"link state {octets[16:20].hex()}", ErrorCode.INVALID_PARAMETER_VALUE, 16)
    return StatusMessage(bsn, fsn, status, octets[20:length])


def _encode(kind: int, bsn: int, fsn: int, body: bytes) -> bytes:
    if not (0 <= bsn < MODULUS and 0 <= fsn < MODULUS):
        raise EncodeError(f"BSN {bsn} or FSN {fsn} has more than 24 bits")
    return _HEADER.pack(VERSION, 0, kind, _HEADER.size + len(body), bsn, fsn) + body
