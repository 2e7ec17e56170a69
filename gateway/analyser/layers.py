"""Layers for scapy: MTP2, MTP3, M3UA, ISUP, TUP, LAPD and Q.931, registered when this module is imported.

    from scapy.all import rdpcap
    from tandem.gateway.analyser import layers

    packet = rdpcap("capture.pcap")[78]
    packet[layers.ISUP].cic, layers.explain(packet)

Headers are scapy fields, so they can be built and changed. Parameters and information elements stay octets in `body`;
`explain` gives the whole message in words. Labels are those of ITU-T, or what `use` says. Sources: Q.703 2.2, Q.704
2.2, Q.763 1, Q.723 3, Q.921 2, Q.931 4, RFC 4666 3. scapy is not installed with Tandem:
`pip install 'tandem-gateway[scapy]'`, which asks for 2.8: older ones may not look into the user data of SCTP.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from scapy.config import conf
from scapy.fields import (
    BitEnumField,
    BitField,
    ByteEnumField,
    ByteField,
    ConditionalField,
    FieldLenField,
    IntField,
    LEShortField,
    LEThreeBytesField,
    PacketListField,
    PadField,
    ShortField,
    StrField,
    StrLenField,
    XByteField,
    XShortField,
)
from scapy.layers.sctp import SCTPChunkData
from scapy.packet import Packet, bind_layers

from tandem.core.sigtran.codes import Type
from tandem.gateway.decode import decode, render
from tandem.isdn.q931.codes import MessageType as Q931Type
from tandem.ss7.isup.codes import MessageType as IsupType
from tandem.ss7.mtp3.label import Service
from tandem.ss7.tup.codes import MessageType as TupType

from .layers_ss7 import PPID_M3UA

__all__ = [
    *("ISUP", "LAPD", "M3UA", "MTP2", "MTP3", "MTP3ANSI", "MTP3China", "MTP3Japan", "Q931", "TUP"),
    *("M3uaParameter", "ProtocolData", "explain", "use"),
]

_PROTOCOL_DATA: Final = 0x0210
_SERVICES: Final = {int(service): service.name for service in Service}
_MTP2, _MTP3, _LAPD = 140, 141, 203
_MANAGEMENT_LENGTH: Final = 2
"""A signal unit with a longer field carries a message."""


_SERVICE_INFORMATION: Final[list[Any]] = [
    BitField("network_indicator", 2, 2),
    BitField("priority", 0, 2),
    BitEnumField("service", 5, 4, _SERVICES),
]


class ISUP(Packet):  # type: ignore[misc]
    """A message of ISUP from the CIC on."""

    name = "ISUP"
    fields_desc: ClassVar[list[Any]] = [
        LEShortField("cic", 0),
        ByteEnumField("message_type", 1, {int(kind): kind.name for kind in IsupType}),
        StrField("body", b""),
    ]

    def mysummary(self) -> Any:
        """Type and circuit."""
        return self.sprintf("ISUP %ISUP.message_type% CIC %ISUP.cic%")


class TUP(Packet):  # type: ignore[misc]
    """A message of TUP behind the label, whose SLS is the low part of the CIC."""

    name = "TUP"
    fields_desc: ClassVar[list[Any]] = [
        XByteField("cic_high", 0),
        ByteEnumField("heading", 0, {int(kind): kind.name for kind in TupType}),
        StrField("body", b""),
    ]


class MTP3(Packet):  # type: ignore[misc]
    """A message signal unit from the service information octet on."""

    name = "MTP3"
    fields_desc: ClassVar[list[Any]] = [
        *_SERVICE_INFORMATION,
        # The label is one number, low octet first: SLS, OPC and DPC from its high end.
        BitField("sls", 0, 4, tot_size=-4),
        BitField("opc", 0, 14),
        BitField("dpc", 0, 14, end_tot_size=-4),
    ]


class MTP3ANSI(Packet):  # type: ignore[misc]
    """The same with the label of ANSI: 24-bit codes network-cluster-member and an SLS of 8 bits (T1.111.4)."""

    name = "MTP3 ANSI"
    fields_desc: ClassVar[list[Any]] = [
        *_SERVICE_INFORMATION,
        LEThreeBytesField("dpc", 0),
        LEThreeBytesField("opc", 0),
        ByteField("sls", 0),
    ]


class MTP3China(Packet):  # type: ignore[misc]
    """The same with the label of China: 24-bit codes, SLS in half an octet, the rest is CIC in TUP (GF 001-9001)."""

    name = "MTP3 China"
    fields_desc: ClassVar[list[Any]] = [
        *_SERVICE_INFORMATION,
        LEThreeBytesField("dpc", 0),
        LEThreeBytesField("opc", 0),
        BitField("spare", 0, 4),
        BitField("sls", 0, 4),
    ]


class MTP3Japan(Packet):  # type: ignore[misc]
    """The same with the label of Japan: 16-bit codes, SLS in half an octet (JT-Q704)."""

    name = "MTP3 Japan"
    fields_desc: ClassVar[list[Any]] = [
        *_SERVICE_INFORMATION,
        LEShortField("dpc", 0),
        LEShortField("opc", 0),
        BitField("spare", 0, 4),
        BitField("sls", 0, 4),
    ]


_VARIANTS: Final[dict[str, type[Packet]]] = {"itu": MTP3, "ansi": MTP3ANSI, "china": MTP3China, "japan": MTP3Japan}
_chosen = "itu"


def use(variant: str) -> None:
    """Read labels behind MTP2 and of link type 141 as those of `itu`, `ansi`, `china` or `japan` from here on.

    M3UA has no label. ValueError for another name.
    """
    global _chosen
    if variant not in _VARIANTS:
        raise ValueError(f"{variant!r} is no variant: {', '.join(_VARIANTS)}")
    _chosen = variant
    conf.l2types.register(_MTP3, _VARIANTS[variant])


class MTP2(Packet):  # type: ignore[misc]
    """A signal unit from the BSN on, without FCS."""

    name = "MTP2"
    fields_desc: ClassVar[list[Any]] = [
        BitField("bib", 1, 1),
        BitField("bsn", 0, 7),
        BitField("fib", 1, 1),
        BitField("fsn", 0, 7),
        BitField("spare", 0, 2),
        BitField("li", None, 6),
    ]

    def post_build(self, packet: bytes, payload: bytes) -> bytes:
        """The length indicator, where it was not given."""
        if self.li is None:
            packet = packet[:2] + bytes((min(len(payload), 63),))
        return packet + payload

    def guess_payload_class(self, payload: bytes) -> Any:
        """A message where the field is long enough for one, a status or nothing otherwise."""
        return _VARIANTS[_chosen] if (self.li or 0) > _MANAGEMENT_LENGTH else conf.raw_layer


class M3uaParameter(Packet):  # type: ignore[misc]
    """Any parameter of SIGTRAN but protocol data."""

    name = "M3UA parameter"
    fields_desc: ClassVar[list[Any]] = [
        XShortField("tag", 0),
        FieldLenField("len", None, length_of="value", adjust=lambda packet, size: size + 4),
        PadField(StrLenField("value", b"", length_from=lambda packet: max(0, packet.len - 4)), 4, padwith=b"\0"),
    ]

    def extract_padding(self, rest: bytes) -> tuple[bytes, bytes]:
        """What follows is the next parameter."""
        return b"", rest


class ProtocolData(Packet):  # type: ignore[misc]
    """The parameter that carries a message of a user of MTP; the message is the payload."""

    name = "M3UA protocol data"
    fields_desc: ClassVar[list[Any]] = [
        XShortField("tag", _PROTOCOL_DATA),
        ShortField("len", None),
        IntField("opc", 0),
        IntField("dpc", 0),
        ByteEnumField("service", 5, _SERVICES),
        ByteField("network_indicator", 2),
        ByteField("priority", 0),
        ByteField("sls", 0),
    ]

    def post_build(self, packet: bytes, payload: bytes) -> bytes:
        """Length and padding."""
        size = len(packet) + len(payload)
        if self.len is None:
            packet = packet[:2] + size.to_bytes(2, "big") + packet[4:]
        return packet + payload + bytes(-size % 4)

    def extract_padding(self, rest: bytes) -> tuple[bytes, bytes]:
        """The message, and what is behind its padding."""
        size = max(0, (self.len or 16) - 16)
        return rest[:size], rest[size + -(self.len or 0) % 4 :]


def _parameter(packet: Packet, parameters: Any, current: Any, rest: bytes) -> Any:
    if len(rest) < 4:
        return None
    return ProtocolData if int.from_bytes(rest[:2], "big") == _PROTOCOL_DATA and len(rest) >= 16 else M3uaParameter


class M3UA(Packet):  # type: ignore[misc]
    """A message of M3UA."""

    name = "M3UA"
    fields_desc: ClassVar[list[Any]] = [
        ByteField("version", 1),
        ByteField("reserved", 0),
        ShortField("kind", int(Type.DATA)),
        IntField("len", None),
        PacketListField("parameters", [], next_cls_cb=_parameter),
    ]

    def post_build(self, packet: bytes, payload: bytes) -> bytes:
        """The length, where it was not given."""
        if self.len is None:
            packet = packet[:4] + (len(packet) + len(payload)).to_bytes(4, "big") + packet[8:]
        return packet + payload


class LAPD(Packet):  # type: ignore[misc]
    """A frame of Q.921 from the address on, without FCS."""

    name = "LAPD"
    fields_desc: ClassVar[list[Any]] = [
        BitField("sapi", 0, 6),
        BitField("cr", 0, 1),
        BitField("ea0", 0, 1),
        BitField("tei", 0, 7),
        BitField("ea1", 1, 1),
        XByteField("control", 0),
        # Two octets of control but in unnumbered frames.
        ConditionalField(XByteField("control2", 0), lambda packet: packet.control & 3 != 3),
    ]

    def guess_payload_class(self, payload: bytes) -> Any:
        """Call control, in I and UI frames of SAPI 0."""
        carries = self.control & 1 == 0 or self.control & 0xEF == 3
        return Q931 if carries and self.sapi == 0 and payload[:1] in (b"\x08", b"\x03", b"\x43") else conf.raw_layer


class Q931(Packet):  # type: ignore[misc]
    """A message of Q.931."""

    name = "Q.931"
    fields_desc: ClassVar[list[Any]] = [
        XByteField("discriminator", 8),
        BitField("spare", 0, 4),
        BitField("reference_length", None, 4),
        StrLenField("reference", b"\0\1", length_from=lambda packet: packet.reference_length),
        ByteEnumField("message_type", 5, {int(kind): kind.name for kind in Q931Type}),
        StrField("body", b""),
    ]

    def post_build(self, packet: bytes, payload: bytes) -> bytes:
        """The length of the call reference, where it was not given."""
        if self.reference_length is None:
            packet = packet[:1] + bytes((len(self.reference) & 15,)) + packet[2:]
        return packet + payload

    def mysummary(self) -> Any:
        """Type."""
        return self.sprintf("Q.931 %Q931.message_type%")


def explain(packet: Packet, variant: str = "") -> str:
    """The innermost message of ISUP, TUP or Q.931 in words, a line for each parameter; empty when there is none.

    `variant`: that of `use` where it is not given. DecodeError when it is malformed.
    """
    for layer, protocol, skipped in ((ISUP, "isup", 0), (TUP, "tup", 1), (Q931, "q931", 0)):
        found = _find(packet, layer)
        if found is not None:
            return render(decode(protocol, bytes(found)[skipped:], variant or _chosen))
    return ""


def _find(packet: Packet, layer: type[Packet]) -> Packet | None:
    """A layer of a packet, also within the user data of an SCTP chunk."""
    if packet.haslayer(layer):
        return packet[layer]
    if (chunk := packet.getlayer(SCTPChunkData)) is not None and isinstance(chunk.data, Packet):
        parameters = getattr(chunk.data, "parameters", ())
        return next((part[layer] for part in parameters if part.haslayer(layer)), None)
    return None


for _carrier in (*_VARIANTS.values(), ProtocolData):
    bind_layers(_carrier, ISUP, service=int(Service.ISUP))
    bind_layers(_carrier, TUP, service=int(Service.TUP))
bind_layers(SCTPChunkData, M3UA, proto_id=PPID_M3UA)
for _number, _layer in ((_MTP2, MTP2), (_MTP3, MTP3), (_LAPD, LAPD)):
    conf.l2types.register(_number, _layer)
