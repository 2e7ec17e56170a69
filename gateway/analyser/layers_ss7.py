"""MTP2, MTP3 and the SIGTRAN layers down to the messages of ISUP, TUP and management.

Only headers are looked at here, straight in the octets: a busy capture has millions of them. The parts are those of
Q.703 2.2, Q.704 2.2 and 14.2, RFC 4666 3, RFC 3331 3, RFC 4165 2 and RFC 4233 3.
"""

from __future__ import annotations

import functools
import typing
from collections.abc import Callable
from typing import Final

from tandem.core.sigtran.codes import Type
from tandem.ss7.isup.codes import MessageType as IsupType
from tandem.ss7.mtp3.label import LAYOUTS, Service, Variant
from tandem.ss7.mtp3.messages import LINK_TEST, NETWORK_MANAGEMENT, ROUTE_TEST
from tandem.ss7.tup.codes import message_name, message_type
from tandem.ss7.tup.variants import Variant as TupVariant

from .model import Message, Protocol, Where

Emit = Callable[[Message], None]


class Variants(typing.Protocol):
    """Knows the variant that two point codes speak."""

    def of_label(self, network: int, msu: bytes) -> Variant:
        """The variant of a message signal unit, from the service information octet on."""

    def of_codes(self, network: int, opc: int, dpc: int, service: int, data: bytes) -> Variant:
        """The variant of a user's message, behind the label, between two point codes."""


PPID_IUA, PPID_M2UA, PPID_M3UA, PPID_M2PA = 1, 2, 3, 5
_PROTOCOL_DATA: Final = 0x0210
_DRAFT_DATA: Final = (0x0002, 0x0003, 0x0081, 0x0082)
"""Protocol Data before RFC 3332: a whole MSU in 3 (draft 5), 2 (draft 6) or 0x81 (draft 7). This is how tshark reads
each draft; their text is not at hand."""
_AFTER_LENGTH: Final = frozenset({0x0003, 0x0082})
"""Those where the length indicator may go before the MSU: that of TTC, in drafts 6 and 7."""
_M2UA_DATA, _M2UA_DATA_2 = 0x0300, 0x0301
"""RFC 3331 3.3.1.1: the second is that of TTC, with the length indicator before the MSU."""
_IUA_DATA: Final = 0x000E
_M2PA_USER, _M2PA_STATUS = 0x0B01, 0x0B02
_IUA_NAMES: Final = {
    0x0501: "DATA_REQUEST",
    0x0502: "DATA_INDICATION",
    0x0503: "UNIT_DATA_REQUEST",
    0x0504: "UNIT_DATA_INDICATION",
    0x0505: "ESTABLISH_REQUEST",
    0x0506: "ESTABLISH_CONFIRM",
    0x0507: "ESTABLISH_INDICATION",
    0x0508: "RELEASE_REQUEST",
    0x0509: "RELEASE_CONFIRM",
    0x050A: "RELEASE_INDICATION",
}
"""RFC 4233 3.1.1: the QPTM class, 5."""
_IUA_WITH_DATA: Final = frozenset({0x0501, 0x0502, 0x0503, 0x0504})
_NAMES: Final = {int(kind): kind.name for kind in Type} | {0x0601: "DATA", _M2PA_USER: "USER_DATA"}
_MANAGEMENT: Final = {(0, kind.heading): kind.acronym for kind in NETWORK_MANAGEMENT}
_TESTING: Final = {(service, kind.heading): kind.acronym for service in (1, 2) for kind in LINK_TEST + ROUTE_TEST}
TYPES: Final = {int(kind): kind.name for kind in IsupType}
_STATUS: Final = {0: "SIO", 1: "SIN", 2: "SIE", 3: "SIOS", 4: "SIPO", 5: "SIB"}
_FEWEST: Final = 12


@functools.lru_cache(maxsize=4096)
def _where(
    source: str, destination: str, opc: int, dpc: int, network: int, variant: str, link: str, sent: bool | None
) -> Where:
    """Few relations carry many messages: each is one object."""
    return Where(source, destination, opc, dpc, network, variant, link, sent)


class Ss7Layers:
    """Takes signal units and SIGTRAN messages apart; what it finds goes to `emit`, in order."""

    def __init__(self, emit: Emit, variants: Variants, lapd: Callable[[bytes, Message], None]) -> None:
        """`lapd(octets, message)` takes what IUA carries: Q.931 without Q.921, with the IUA message as its origin."""
        self._emit = emit
        self._variants = variants
        self._lapd = lapd

    def mtp2(self, packet: int, time: float, unit: bytes, where: Where) -> None:
        """A signal unit from the BSN on; of one repeated (FISU, LSSU) only the count is of interest."""
        if len(unit) < 3:
            return
        length = unit[2] & 0x3F
        if length == 0:
            kind = "FISU"
        elif length <= 2 and len(unit) <= 3 + length + 2:
            kind = _STATUS.get(unit[3] & 7 if len(unit) > 3 else -1, "LSSU")
        else:
            self._emit(Message(packet, time, Protocol.MTP2, "MSU", where, unit))
            body = unit[3:] if length == 63 else unit[3 : 3 + length]
            self.mtp3(packet, time, body, where)
            return
        self._emit(Message(packet, time, Protocol.MTP2, kind, where, unit))

    def mtp3(self, packet: int, time: float, msu: bytes, where: Where) -> None:
        """A message signal unit from the service information octet on."""
        if len(msu) < 6:
            self._emit(Message(packet, time, Protocol.MTP3, "short", where, msu, error="no routing label"))
            return
        network, service = msu[0] >> 6, msu[0] & 0xF
        variant = self._variants.of_label(network, msu)
        layout = LAYOUTS[variant]
        label = int.from_bytes(msu[1 : 1 + layout.octets], "little")
        bits = layout.point_code_bits
        mask = (1 << bits) - 1
        dpc, opc, sls = label & mask, label >> bits & mask, label >> 2 * bits
        seen = _where(where.source, where.destination, opc, dpc, network, variant.value, where.link, where.sent)
        self._emit(Message(packet, time, Protocol.MTP3, _service(service), seen, msu))
        self._user(packet, time, service, sls, msu[1 + layout.octets :], seen)

    def _user(self, packet: int, time: float, service: int, sls: int, data: bytes, where: Where) -> None:
        """What MTP carries: `data` begins behind the routing label."""
        if service == Service.ISUP:
            if len(data) >= 3:
                kind = TYPES.get(data[2]) or f"0x{data[2]:02X}"
                self._emit(Message(packet, time, Protocol.ISUP, kind, where, data))
        elif service == Service.TUP:
            if len(data) >= 2:
                # The low bits of the CIC are the SLS: keep them in front, as one octet.
                octets = bytes((sls & 0xFF,)) + data
                heading = message_type(data[1], TupVariant(where.variant)) if where.variant in _TUP else None
                self._emit(Message(packet, time, Protocol.TUP, message_name(heading or data[1]), where, octets))
        elif service <= 2 and data:
            kind = _MANAGEMENT.get((service, data[0])) or _TESTING.get((service, data[0])) or f"0x{data[0]:02X}"
            self._emit(Message(packet, time, Protocol.MTP3, kind, where, data))
        elif service == Service.SCCP and data:
            self._emit(Message(packet, time, Protocol.SCCP, f"0x{data[0]:02X}", where, data))

    def sigtran(self, packet: int, time: float, ppid: int, octets: bytes, where: Where) -> bool:
        """A whole message of M3UA, M2UA, M2PA or IUA; False when it is none."""
        if len(octets) < 8 or octets[0] != 1:
            return False
        kind = octets[2] << 8 | octets[3]
        if ppid == 0:
            if not _is_likely(kind, octets):
                return False
            ppid = _guess(octets[2])
        name = _NAMES.get(kind) or f"0x{kind:04X}"
        if ppid == PPID_M3UA:
            self._emit(Message(packet, time, Protocol.M3UA, name, where, octets))
            if kind == Type.DATA:
                self._m3ua_data(packet, time, octets, where)
        elif ppid == PPID_M2UA:
            self._emit(Message(packet, time, Protocol.M2UA, name, where, octets))
            if kind == Type.MAUP_DATA:
                data = parameter(octets, _M2UA_DATA) or parameter(octets, _M2UA_DATA_2)[1:]
                self.mtp3(packet, time, data, where) if data else None
        elif ppid == PPID_M2PA:
            self._m2pa(packet, time, kind, octets, where)
        elif ppid == PPID_IUA:
            message = Message(packet, time, Protocol.IUA, _IUA_NAMES.get(kind) or name, where, octets)
            self._emit(message)
            if kind in _IUA_WITH_DATA:
                self._lapd(parameter(octets, _IUA_DATA), message)
        else:
            return False
        return True

    def _m3ua_data(self, packet: int, time: float, octets: bytes, where: Where) -> None:
        data = parameter(octets, _PROTOCOL_DATA)
        if len(data) >= _FEWEST:
            opc, dpc = int.from_bytes(data[0:4], "big"), int.from_bytes(data[4:8], "big")
            service, network, sls = data[8], data[9] & 3, data[11]
            variant = self._variants.of_codes(network, opc, dpc, service, data[12:])
            seen = _where(where.source, where.destination, opc, dpc, network, variant.value, where.link, where.sent)
            self._user(packet, time, service, sls, data[12:], seen)
        elif not data and (msu := _draft_data(octets)):
            self.mtp3(packet, time, msu, where)

    def _m2pa(self, packet: int, time: float, kind: int, octets: bytes, where: Where) -> None:
        if kind == _M2PA_STATUS:
            self._emit(Message(packet, time, Protocol.M2PA, "LINK_STATUS", where, octets))
            return
        self._emit(Message(packet, time, Protocol.M2PA, _NAMES.get(kind) or f"0x{kind:04X}", where, octets))
        # A header of 8 octets more with BSN and FSN, then the priority octet and the MSU (RFC 4165 2.2).
        if kind == _M2PA_USER and len(octets) > 17:
            self.mtp3(packet, time, octets[17:], where)


_TUP: Final = frozenset({Variant.ITU.value, Variant.CHINA.value})


def parameter(octets: bytes, wanted: int) -> bytes:
    """The value of the first parameter `wanted` of a SIGTRAN message; empty when there is none."""
    position, size = 8, len(octets)
    while position + 4 <= size:
        tag = octets[position] << 8 | octets[position + 1]
        length = octets[position + 2] << 8 | octets[position + 3]
        if length < 4:
            break
        if tag == wanted:
            return octets[position + 4 : position + length]
        position += length + 3 & ~3
    return b""


def _draft_data(octets: bytes) -> bytes:
    """The MSU in a DATA message of a draft; empty where there is none."""
    for tag in _DRAFT_DATA:
        if data := parameter(octets, tag):
            # No service information octet looks like it: its low bits are a service indicator, of 5 or less.
            counted = tag in _AFTER_LENGTH and data[0] & 0x3F == min(len(data) - 1, 0x3F)
            return data[1:] if counted else data
    return b""


def _is_likely(kind: int, octets: bytes) -> bool:
    """Whether what came without a payload protocol identifier is of SIGTRAN: its kind is known, its length right.

    Diameter, which begins with the same octet, has command flags there.
    """
    length = int.from_bytes(octets[4:8], "big")
    return (kind in _NAMES or kind in _IUA_NAMES or kind == _M2PA_STATUS) and abs(length - len(octets)) <= 3


def _guess(message_class: int) -> int:
    """The layer of a message that came without a payload protocol identifier, by a class that only it has."""
    return {6: PPID_M2UA, 11: PPID_M2PA, 5: PPID_IUA}.get(message_class, PPID_M3UA)


def _service(service: int) -> str:
    try:
        return Service(service).name
    except ValueError:
        return f"SI {service}"
