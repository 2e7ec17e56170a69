"""From packets to signalling messages and RTP: every batch is sorted in bulk, signalling is then taken apart singly."""

from __future__ import annotations

import re
import struct
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from tandem.ss7.isup.codes import MessageType as IsupType
from tandem.ss7.mtp3.label import Service, Variant

from . import speed
from .bulk import Circuits, circuits
from .flows import flows_of
from .fragments import Fragments
from .layers_isdn import IsdnLayers
from .layers_ss7 import PPID_IUA, PPID_M2PA, PPID_M2UA, PPID_M3UA, TYPES, Ss7Layers
from .lines import CARRIERS_OF_MTP, CHANNELS, ERF, MTP2, MTP2_WITH_PSEUDO, MTP3
from .links import MOST_RELATIONS, LinkReader
from .model import Message, Protocol, RtpPackets, Where
from .network import CARRIERS_OF_IP, SCTP, TCP, UDP, Transports, endpoint, pair, text_address, transports
from .packets import HEP_DATAGRAM, Batch, among, groups, starts
from .rows import WIDEST, Rows, rows_of
from .rtp import RTP_HEADER, rtp_packets
from .sctp import CONTROL, Mark, SctpReader
from .sipbulk import LEAST_KIND, SipRows, sip_rows, type_name
from .streams import StreamReader
from .variants import Variants

LAPD, LINUX_LAPD, GSMTAP = 203, 177, 4729
SIGTRAN_PPIDS: Final = frozenset({PPID_IUA, PPID_M2UA, PPID_M3UA, PPID_M2PA})
SIGTRAN_PORTS: Final = {9900: PPID_IUA, 2904: PPID_M2UA, 2905: PPID_M3UA, 3565: PPID_M2PA}
SCTP_OVER_UDP: Final = 9899
"""RFC 6951; other ports by option."""
HEP: Final = b"HEP3"
_SIP: Final = re.compile(rb"(?:SIP/2\.0 (\d{3}) |([A-Za-z]{1,32}) [^\r\n]{1,8000} SIP/2\.0\r?\n)")
_MGCP: Final = re.compile(rb"([A-Z]{4}) \d+ \S+ MGCP ")
_Q931_DISCRIMINATOR: Final = 8


@dataclass(frozen=True, slots=True)
class Options:
    """What the octets do not say by themselves."""

    variant: Variant = Variant.ITU
    """Variant of label, ISUP and TUP where nothing else is told or found out."""
    variants: Mapping[tuple[int, int], Variant] = field(default_factory=dict)
    """Variant between two point codes, in either order."""
    detect: bool = False
    """Find out the variant of the other pairs of point codes."""
    link_types: Mapping[int, int] = field(default_factory=dict)
    """User link types (147 to 162) to those that they stand for."""
    fcs: bool = False
    """MTP2 and LAPD frames end with their two FCS octets."""
    hep_key: bytes = b""
    """Authentication key that HEP3 from a live listener must have; none is asked for where it is empty."""
    sctp_udp_ports: frozenset[int] = frozenset({SCTP_OVER_UDP})
    """UDP ports that carry SCTP."""


@dataclass(slots=True)
class Dissected:
    """What a batch gave."""

    messages: list[Message]
    rtp: RtpPackets | None
    rows: Rows | None = None
    """Plain ISUP messages, with `bulk`; they are not among `messages`."""
    dialogs: SipRows | None = None
    """Plain SIP messages likewise."""


class Dissector:
    """Takes batches in the order of time; keeps what spans several of them."""

    def __init__(self, options: Options | None = None, bulk: bool = False) -> None:
        """`bulk`: give plain ISUP messages as rows where nothing speaks against it."""
        self.options = options or Options()
        self.ends: list[Where] = []
        """The two ends of rows, by their `place`; it only grows."""
        self._bulk = bulk
        self._rows: Rows | None = None
        self._dialogs: SipRows | None = None
        self._sip_places: dict[tuple[str, str], int] = {}
        self._places: dict[int, int] = {}
        self.counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        """Messages by protocol and type."""
        self.packets = 0
        self.refused = 0
        """HEP3 packets that did not have the key asked for."""
        self._found: list[Message] = []
        self._variants = Variants(self.options.variant, self.options.variants, self.options.detect)
        self._isdn = IsdnLayers(self._emit)
        self._ss7 = Ss7Layers(self._emit, self._variants, self._isdn.iua_data)
        others = set(self.options.variants.values()) - {Variant.ITU}
        self._links = LinkReader(
            self._variants, self.ends, self.counts, self._found_in_bulk, self.options.fcs, not others
        )
        self._sctp = SctpReader()
        self._streams = StreamReader()
        self._fragments = Fragments()
        self._names: dict[bytes, str] = {}
        self._flows: dict[tuple[bytes, int, int], tuple[str, str]] = {}
        self._relations: dict[int, Where] = {}

    def feed(self, batch: Batch) -> Dissected:
        """Everything in `batch`, in its order."""
        self.packets += len(batch)
        kind = self.options.link_types.get(batch.link_type, batch.link_type)
        rtp = None
        if kind in CARRIERS_OF_IP:
            rtp = self._ip(batch)
        elif self._bulk and kind in CARRIERS_OF_MTP:
            self._rows = self._links.take(batch, kind, lambda which: self._each(batch, kind, which))
        elif kind in self._LINKS:
            self._each(batch, kind, range(len(batch)))
        messages, self._found = self._found, []
        rows, self._rows = self._rows, None
        dialogs, self._dialogs = self._dialogs, None
        return Dissected(messages, rtp, rows, dialogs)

    def places(self, ends: list[Where]) -> np.ndarray:
        """The places in `ends` of what another dissector found between these ends."""
        known = {where: place for place, where in enumerate(self.ends)}
        for where in ends:
            if known.setdefault(where, len(self.ends)) == len(self.ends):
                self.ends.append(where)
        return np.array([known[where] for where in ends], np.int64)

    def statistics(self) -> dict[str, int]:
        """What was left out on the way, by reason."""
        return {
            "retransmitted SCTP chunks": self._sctp.retransmitted,
            "malformed SCTP packets": self._sctp.malformed,
            "octets missing in TCP streams": self._streams.lost,
            "packets whose fragments are missing": self._fragments.incomplete,
        }

    def _emit(self, message: Message) -> None:
        self.counts[message.protocol.value][message.type] += 1
        self._found.append(message)

    def _found_in_bulk(self, message: Message) -> None:
        """A message that stands for several, which are counted already."""
        self._found.append(message)

    # --- IP

    def _ip(self, batch: Batch) -> RtpPackets | None:
        found, fragments = transports(batch)
        source, destination = found.source, found.destination
        udp = found.protocol == UDP
        speech = udp & (found.first >> 6 == 2) & (found.end - found.start >= 8 + RTP_HEADER)
        for port in self.options.sctp_udp_ports:
            speech &= (source != port) & (destination != port)
        plain, done = circuits(found, self._bulk)
        if self._bulk and len(plain):
            plain = self._in_bulk(batch, found, plain, done, source, destination)
        wanted = ~speech & ~done
        connected = np.flatnonzero(found.protocol == TCP)
        if len(connected):
            wanted[connected] &= _carries(found, connected)
        wanted[plain.at] = True
        steps = np.bincount(plain.at, minlength=len(found.index))
        if self._bulk:
            self._sip(batch, found, wanted, source, destination)
        singles = np.flatnonzero(wanted)
        whole: dict[int, list[tuple[int, str, str, bytes]]] = {}
        for fragment in fragments:
            payload = self._fragments.add(fragment)
            if payload is not None and len(payload) >= 8:
                entry = (fragment.protocol, fragment.source, fragment.destination, payload)
                whole.setdefault(fragment.index, []).append(entry)
        pending = sorted(whole)
        isup = self._plain(batch, found, plain, source, destination)
        columns = found.start, found.end, found.index, found.protocol, source, destination, steps
        for single, start, end, place, protocol, from_port, to_port, step in zip(
            singles.tolist(), *(column[singles].tolist() for column in columns), strict=True
        ):
            while pending and pending[0] < place:
                self._whole(batch, pending[0], whole[pending.pop(0)])
            if step:
                for _ in range(step):
                    next(isup)
                continue
            addresses = self._addresses(batch, found, single)
            self._transport(
                batch.packet(place),
                float(batch.time[place]),
                protocol,
                endpoint(addresses[0], from_port),
                endpoint(addresses[1], to_port),
                from_port,
                to_port,
                batch.buffer[start:end],
            )
        for place in pending:
            self._whole(batch, place, whole[place])
        next(isup, None)
        return self._rtp(batch, found, np.flatnonzero(speech)) if speech.any() else None

    def _in_bulk(
        self, batch: Batch, found: Transports, plain: Circuits, done: np.ndarray, source: np.ndarray,
        destination: np.ndarray,
    ) -> Circuits:  # fmt: skip
        """Take as rows what can be; the messages that have to be looked at one by one, in their order.

        These are those of other variants, and those of associations where a chunk may be a retransmission: where the
        TSN does not rise, and where another packet, read octet by octet, has chunks as well.
        """
        at = plain.at
        direction, relation = _ends(found, plain, source, destination)
        odd = np.flatnonzero((found.protocol == SCTP) & ~done)
        place = self._place(batch, found, plain, relation)
        singly = (place < 0) | (plain.opc >= WIDEST) | (plain.dpc >= WIDEST)
        if len(odd):
            singly |= among(direction, _direction(found, odd, source, destination))
        order, of, ends = groups(direction)
        if singly.any():
            # One row to be looked at makes all of its association wait, for its TSN.
            singly = (np.bincount(of[singly], minlength=len(ends)) > 0)[of]
        begin = 0
        for end in ends.tolist():
            rows, begin = order[begin:end], end
            if not singly[rows[0]]:
                first = int(at[rows[0]])
                ports = int(source[first]), int(destination[first])
                marks = _Marks(plain, batch.buffer, rows)
                singly[rows] = not self._sctp.run(*ports, int(plain.tag[rows[0]]), plain.tsn[rows], marks)
        # A packet with a chunk that is looked at singly is so as a whole: chunks of a packet share the direction.
        several = bool(singly.any())
        bulk = plain.some(~singly) if several else plain
        if len(bulk):
            at = found.index[bulk.at]
            packet = at + 1 if batch.number is None else batch.number[at]
            place = place[~singly] if several else place
            self._rows = rows_of(found.view, bulk, batch.buffer, packet, batch.time[at], place)
            labelled = int(bulk.m2pa.sum())
            for protocol, name, count in (
                (Protocol.M3UA, "DATA", len(bulk) - labelled),
                (Protocol.M2PA, "USER_DATA", labelled),
                (Protocol.MTP3, Service.ISUP.name, labelled),
            ):
                if count:
                    self.counts[protocol.value][name] += count
            self.counts[Protocol.ISUP.value].update(self._rows.names())
        if not several:
            return Circuits.none()
        # M2PA that is looked at singly is read octet by octet.
        undone = plain.at[singly & plain.m2pa]
        done[undone] = False
        return plain.some(singly & ~among(plain.at, undone))

    def _sip(
        self, batch: Batch, found: Transports, wanted: np.ndarray, source: np.ndarray, destination: np.ndarray
    ) -> None:
        """Take plain SIP as rows; it is then no longer `wanted`."""
        udp = wanted & (found.protocol == UDP)
        for port in (*self.options.sctp_udp_ports, GSMTAP):
            udp &= (source != port) & (destination != port)
        at = np.flatnonzero(udp)
        if not len(at):
            return
        place = found.index[at]
        packet = place + 1 if batch.number is None else batch.number[place]
        rows, chosen = sip_rows(found, at, batch.buffer, packet, batch.time[place])
        if not len(rows):
            return
        at = at[chosen]
        rows.place = self._sip_place(batch, found, at)
        if (rows.place < 0).any():
            kept = rows.place >= 0
            rows, at = rows.some(kept), at[kept]
        wanted[at] = False
        counts = np.bincount(rows.kind - LEAST_KIND)
        for kind in np.flatnonzero(counts).tolist():
            self.counts[Protocol.SIP.value][type_name(kind + LEAST_KIND)] += int(counts[kind])
        self._dialogs = rows

    def _sip_place(self, batch: Batch, found: Transports, at: np.ndarray) -> np.ndarray:
        """The place in `ends` of the two ends of every packet; -1 where there is no room for more."""
        flow, flows = flows_of(batch, found, at, self._endpoints)
        places = np.zeros(len(flows), np.int64)
        for index, ends in enumerate(flows):
            place = self._sip_places.get(ends)
            if place is None:
                place = -1 if len(self.ends) >= MOST_RELATIONS else len(self.ends)
                if place >= 0:
                    self._sip_places[ends] = place
                    self.ends.append(Where(*ends))
            places[index] = place
        found_at: np.ndarray = places[flow]
        return found_at

    def _place(self, batch: Batch, found: Transports, plain: Circuits, relation: np.ndarray) -> np.ndarray:
        """The place of the two ends of every message in `ends`; -1 for variants that rows are not of."""
        order, of, ends = groups(relation)
        first = order[starts(ends)]
        unique = relation[first]
        # An IAM tells most of the variant: the first one of each.
        begins = np.flatnonzero(plain.kind == IsupType.IAM)[::-1]
        first[of[begins]] = begins
        places = np.zeros(len(unique), np.int64)
        for index, (key, row) in enumerate(zip(unique.tolist(), first.tolist(), strict=True)):
            place = self._places.get(key)
            if place is None:
                where = self._ends_of(batch, found, plain, row)
                settled = self._is_settled(plain, row)
                if where.variant != Variant.ITU.value or len(self.ends) >= MOST_RELATIONS or not settled:
                    place = -1
                else:
                    place = self._places[key] = len(self.ends)
                    self.ends.append(where)
            places[index] = place
        return places[of]

    def _plain(
        self, batch: Batch, found: Transports, plain: Circuits, source: np.ndarray, destination: np.ndarray
    ) -> Iterator[None]:
        """The messages of `plain`, one with each step; the counts of what carried them when all are out."""
        at = plain.at
        place = found.index[at]
        packet = place + 1 if batch.number is None else batch.number[place]
        relation = _ends(found, plain, source, destination)[1]
        buffer, fresh, emit = batch.buffer, self._sctp.fresh, self._found.append
        known = self._relations
        names: Counter[str] = Counter()
        taken = 0
        columns = (
            plain.chunk, plain.end, plain.message, plain.stop, plain.kind, plain.tsn, plain.stream, plain.sequence,
            plain.tag, source[at], destination[at], relation, packet, batch.time[place],
        )  # fmt: skip
        rows = zip(*(column.tolist() for column in columns), strict=True)
        for row, (
            chunk, end, begin, stop, kind, tsn, stream, sequence, tag, from_port, to_port, key, number, time,
        ) in enumerate(rows):  # fmt: skip
            if fresh(from_port, to_port, tag, (tsn, stream, sequence, hash(buffer[chunk:end]))):
                where = known.get(key)
                if where is None:
                    where = self._ends_of(batch, found, plain, row)
                    if self._is_settled(plain, row):
                        if len(known) > MOST_RELATIONS:
                            known.clear()
                        known[key] = where
                name = TYPES.get(kind) or f"0x{kind:02X}"
                names[name] += 1
                taken += 1
                emit(Message(number, time, Protocol.ISUP, name, where, buffer[begin:stop]))
            yield
        if taken:
            self.counts[Protocol.M3UA.value]["DATA"] += taken
            self.counts[Protocol.ISUP.value].update(names)

    def _is_settled(self, plain: Circuits, row: int) -> bool:
        codes = int(plain.network[row]), int(plain.opc[row]), int(plain.dpc[row])
        return self._variants.settled(*codes, bool(plain.m2pa[row]))

    def _ends_of(self, batch: Batch, found: Transports, plain: Circuits, row: int) -> Where:
        """The two ends of a message of `plain`; few relations carry many messages, so they are kept."""
        single = int(plain.at[row])
        addresses = self._addresses(batch, found, single)
        start = int(found.start[single])
        ports = batch.buffer[start : start + 4]
        opc, dpc, network = int(plain.opc[row]), int(plain.dpc[row]), int(plain.network[row])
        begin, stop = int(plain.message[row]), int(plain.stop[row])
        if plain.m2pa[row]:  # the service information octet and the label go before it
            variant = self._variants.of_label(network, batch.buffer[begin - 5 : stop])
        else:
            variant = self._variants.of_codes(network, opc, dpc, Service.ISUP, batch.buffer[begin:stop])
        return Where(
            endpoint(addresses[0], int.from_bytes(ports[:2], "big")),
            endpoint(addresses[1], int.from_bytes(ports[2:], "big")),
            opc,
            dpc,
            network,
            variant.value,
        )

    def _whole(self, batch: Batch, place: int, entries: list[tuple[int, str, str, bytes]]) -> None:
        for protocol, source, destination, payload in entries:
            ports = int.from_bytes(payload[0:2], "big"), int.from_bytes(payload[2:4], "big")
            self._transport(
                batch.packet(place),
                float(batch.time[place]),
                protocol,
                endpoint(source, ports[0]),
                endpoint(destination, ports[1]),
                *ports,
                payload,
            )

    def _endpoints(self, batch: Batch, found: Transports, single: int) -> tuple[str, str]:
        """Source and destination of a packet, `ADDRESS:PORT`."""
        at, size = int(found.address[single]), 32 if found.six[single] else 8
        source, destination = int(found.source[single]), int(found.destination[single])
        key = batch.buffer[at : at + size], source, destination
        ends = self._flows.get(key)
        if ends is None:
            if len(self._flows) > MOST_RELATIONS:
                self._flows.clear()
            addresses = self._addresses(batch, found, single)
            ends = self._flows[key] = endpoint(addresses[0], source), endpoint(addresses[1], destination)
        return ends

    def _addresses(self, batch: Batch, found: Transports, single: int) -> tuple[str, str]:
        at, size = int(found.address[single]), 16 if found.six[single] else 4
        return self._name(batch.buffer[at : at + size]), self._name(batch.buffer[at + size : at + 2 * size])

    def _name(self, octets: bytes) -> str:
        name = self._names.get(octets)
        if name is None:
            if len(self._names) > 100_000:
                self._names.clear()
            name = self._names[octets] = text_address(octets)
        return name

    def _transport(
        self,
        packet: int,
        time: float,
        protocol: int,
        source: str,
        destination: str,
        from_port: int,
        to_port: int,
        octets: bytes,
    ) -> None:
        where = Where(source, destination)
        if protocol == SCTP:
            self._associated(packet, time, octets, where)
        elif protocol == TCP:
            if len(octets) >= 20:
                for message in self._streams.segment(source, destination, octets):
                    self._framed(packet, time, message.kind, message.octets, where, (from_port, to_port))
        elif protocol == UDP:
            payload = octets[8:]
            ports = self.options.sctp_udp_ports
            if (from_port in ports or to_port in ports) and len(payload) >= 12:
                self._associated(packet, time, payload, where)
            elif payload[:4] == HEP:
                self._hep(packet, time, payload)
            elif GSMTAP in (from_port, to_port) and len(payload) > 16:
                self._gsmtap(packet, time, payload, where)
            else:
                self.text(packet, time, payload, where)

    def _associated(self, packet: int, time: float, octets: bytes, where: Where) -> None:
        ports = int.from_bytes(octets[0:2], "big"), int.from_bytes(octets[2:4], "big")
        if len(octets) > 12 and (control := CONTROL.get(octets[12])):  # each of them is the first of its packet
            self._emit(Message(packet, time, Protocol.SCTP, control, where, octets[12:]))
        for message in self._sctp.packet(octets):
            ppid = message.ppid
            if ppid not in SIGTRAN_PPIDS:  # some stacks give it in the wrong byte order, or none
                swapped = int.from_bytes(struct.pack("<I", ppid), "big")
                ppid = swapped if swapped in SIGTRAN_PPIDS else _by_port(ports)
            if not self._ss7.sigtran(packet, time, ppid, message.octets, where):
                self.text(packet, time, message.octets, where)

    def _framed(self, packet: int, time: float, kind: str, octets: bytes, where: Where, ports: tuple[int, int]) -> None:
        if kind == "sip":
            self.text(packet, time, octets, where)
        elif kind == "sigtran":
            self._ss7.sigtran(packet, time, _by_port(ports), octets, where)
        elif kind == "tpkt" and len(octets) > 4 and octets[4] == _Q931_DISCRIMINATOR:
            self._isdn.q931(packet, time, Protocol.H225, octets[4:], where)
        elif kind == "backhaul" and len(octets) > 12:
            self._isdn.q931(packet, time, Protocol.Q931, octets[12:], where)
        elif kind == "hep":
            self._hep(packet, time, octets)

    def text(self, packet: int, time: float, payload: bytes, where: Where) -> bool:
        """SIP or MGCP, told by the first line; False for anything else."""
        match = _SIP.match(payload)
        if match is not None:
            kind = (match[1] or match[2]).decode()
            self._emit(Message(packet, time, Protocol.SIP, kind, where, payload))
            return True
        if match := _MGCP.match(payload):
            self._emit(Message(packet, time, Protocol.MGCP, match[1].decode(), where, payload))
            return True
        return False

    # --- lines

    def _each(self, batch: Batch, kind: int, which: Iterable[int]) -> None:
        """Read packets of a batch one by one."""
        reader = self._LINKS[kind]
        for index in which:
            reader(self, batch.packet(index), float(batch.time[index]), batch.octets(index), batch, index)

    def _mtp2_with_pseudo(self, packet: int, time: float, octets: bytes, batch: Batch, index: int) -> None:
        """Sent flag, Annex A flag, link number (LINKTYPE_MTP2_WITH_PHDR)."""
        if len(octets) > 4:
            link = str(int.from_bytes(octets[2:4], "big"))
            unit = octets[4:-2] if self.options.fcs else octets[4:]
            self._ss7.mtp2(packet, time, unit, Where(link=link, sent=octets[0] == 1))

    def _mtp2(self, packet: int, time: float, octets: bytes, batch: Batch, index: int) -> None:
        unit = octets[:-2] if self.options.fcs else octets
        self._ss7.mtp2(packet, time, unit, Where(link=batch.interface, sent=batch.sent(index)))

    def _mtp3(self, packet: int, time: float, octets: bytes, batch: Batch, index: int) -> None:
        self._ss7.mtp3(packet, time, octets, Where(link=batch.interface, sent=batch.sent(index)))

    def _lapd(self, packet: int, time: float, octets: bytes, batch: Batch, index: int) -> None:
        frame = octets[:-2] if self.options.fcs else octets
        self._isdn.lapd(packet, time, frame, Where(link=batch.interface, sent=batch.sent(index)))

    def _linux_lapd(self, packet: int, time: float, octets: bytes, batch: Batch, index: int) -> None:
        """A cooked header of 16 octets; its packet type 4 is what this side sent (LINKTYPE_LINUX_LAPD)."""
        if len(octets) > 16:
            where = Where(link=batch.interface, sent=int.from_bytes(octets[0:2], "big") == 4)
            self._isdn.lapd(packet, time, octets[16:], where)

    def _erf(self, packet: int, time: float, octets: bytes, batch: Batch, index: int) -> None:
        """ERF record of an HDLC channel (types 1, 5 and 12 with a multi-channel header): MTP2 or LAPD by its look."""
        if len(octets) < 18:
            return
        kind = octets[8]
        position = 16
        while kind & 0x80 and position + 8 <= len(octets):  # extension headers
            kind, position = octets[position] | kind & 0x7F, position + 8
        if octets[8] & 0x7F in CHANNELS:
            link, position = str(int.from_bytes(octets[position : position + 4], "big") & 0x3FF), position + 4
        else:
            link = ""
        unit = octets[position:-2] if self.options.fcs else octets[position:]
        where = Where(link=link, sent=batch.sent(index))
        if len(unit) >= 3 and (unit[2] & 0x3F == min(len(unit) - 3, 63) or unit[2] & 0x3F == min(len(unit) - 5, 63)):
            self._ss7.mtp2(packet, time, unit, where)
        else:
            self._isdn.lapd(packet, time, unit, where)

    # --- packets in packets

    def _gsmtap(self, packet: int, time: float, payload: bytes, where: Where) -> None:
        """GSMTAP version 2: a header of 4 octets times its second one; types 8 LAPD and 14 E1/T1 (subtype 1 LAPD)."""
        start = payload[1] * 4
        kind, subtype = payload[2], payload[12]
        if kind == 8 or (kind == 14 and subtype == 1):
            self._isdn.lapd(packet, time, payload[start:], where)

    def _hep(self, packet: int, time: float, payload: bytes, key: bytes = b"") -> None:
        """Chunks of vendor, type and length; the captured packet is chunk 15, compressed 16 (HEP3 revision 12)."""
        chunks: dict[int, bytes] = {}
        position, size = 6, min(len(payload), int.from_bytes(payload[4:6], "big"))
        while position + 6 <= size:
            length = int.from_bytes(payload[position + 4 : position + 6], "big")
            if length < 6:
                return
            if payload[position : position + 2] == b"\0\0":
                chunks[int.from_bytes(payload[position + 2 : position + 4], "big")] = payload[
                    position + 6 : position + length
                ]
            position += length
        if key:
            from hmac import compare_digest

            from .hep import KEY

            if not compare_digest(chunks.get(KEY, b""), key):
                self.refused += 1
                return
        if 16 in chunks:
            chunks[15] = _inflated(chunks[16])
        if 15 not in chunks:
            return
        names = [text_address(chunks[key]) if key in chunks else "" for key in (3, 4)]
        if 5 in chunks and 6 in chunks:
            names = [text_address(chunks[key]) for key in (5, 6)]
        ports = [int.from_bytes(chunks.get(key, b"\0\0"), "big") for key in (7, 8)]
        if 9 in chunks:
            time = int.from_bytes(chunks[9], "big") + int.from_bytes(chunks.get(10, b"\0"), "big") / 1e6
        where = Where(endpoint(names[0], ports[0]), endpoint(names[1], ports[1]))
        self._hep_payload(packet, time, int.from_bytes(chunks.get(11, b"\x01"), "big"), chunks[15], where)

    def _hep_datagram(self, packet: int, time: float, octets: bytes, batch: Batch, index: int) -> None:
        if octets[:4] == HEP:
            self._hep(packet, time, octets, self.options.hep_key)

    def _hep_payload(self, packet: int, time: float, kind: int, octets: bytes, where: Where) -> None:
        """SIGTRAN by its message class, whatever the number says exactly; anything else as text."""
        from .hep import SIGTRAN

        if kind in SIGTRAN:
            self._ss7.sigtran(packet, time, 0, octets, where)
        else:
            self.text(packet, time, octets, where)

    # --- speech

    def _rtp(self, batch: Batch, found: Transports, at: np.ndarray) -> RtpPackets | None:
        speech, control = rtp_packets(batch, found, at, self._endpoints)
        if control:
            self.counts[Protocol.RTCP.value]["RTCP"] += control
        if speech is not None:
            self.counts[Protocol.RTP.value]["RTP"] += len(speech.start)
        return speech

    _LINKS: Final[dict[int, Callable[[Dissector, int, float, bytes, Batch, int], None]]] = {
        MTP2_WITH_PSEUDO: _mtp2_with_pseudo,
        MTP2: _mtp2,
        MTP3: _mtp3,
        LAPD: _lapd,
        LINUX_LAPD: _linux_lapd,
        ERF: _erf,
        HEP_DATAGRAM: _hep_datagram,
    }


class _Marks:
    """The marks of chunks that follow each other on one association, made when they are asked for."""

    __slots__ = ("_buffer", "_plain", "_rows")

    def __init__(self, plain: Circuits, buffer: bytes, rows: np.ndarray) -> None:
        self._plain, self._buffer, self._rows = plain, buffer, rows

    def __call__(self) -> list[Mark]:
        plain, rows = self._plain, self._rows
        columns = (plain.tsn, plain.stream, plain.sequence, plain.chunk, plain.end)
        return [
            (tsn, stream, sequence, hash(self._buffer[first:last]))
            for tsn, stream, sequence, first, last in zip(*(column[rows].tolist() for column in columns), strict=True)
        ]


def _direction(found: Transports, at: np.ndarray, source: np.ndarray, destination: np.ndarray) -> np.ndarray:
    """The direction of an association that SCTP packets are of, as one number each."""
    tag = pair(found.view, found.start[at] + 4) << 16 | pair(found.view, found.start[at] + 6)
    direction: np.ndarray = (tag << 32 | source[at] << 16 | destination[at]).astype(np.uint64)
    return direction


def _ends(
    found: Transports, plain: Circuits, source: np.ndarray, destination: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Of every message the direction of its association, and its `_relations`."""
    if speed.speedups is None or not len(plain):
        direction = _direction(found, plain.at, source, destination)
        return direction, _relations(found, plain, source, destination).view(np.uint64)
    direction, relation = np.empty(len(plain), np.uint64), np.empty(len(plain), np.uint64)
    speed.speedups.ends(
        found.buffer, plain.at, found.start, found.address, source, destination, plain.opc, plain.dpc, plain.network,
        plain.m2pa.view(np.uint8), direction, relation,
    )  # fmt: skip
    return direction, relation


def _relations(found: Transports, plain: Circuits, source: np.ndarray, destination: np.ndarray) -> np.ndarray:
    """Point codes, addresses and ports of every message, mixed to one number."""
    relation: np.ndarray = plain.opc << np.int64(32) ^ plain.dpc << np.int64(2) ^ plain.network
    words = pair_words(found.view, found.address[plain.at])
    relation ^= (words[0] * np.int64(0x9E3779B1)) ^ (words[1] * np.int64(0x85EBCA77))
    relation ^= plain.m2pa.astype(np.int64) << np.int64(61)
    relation ^= (source[plain.at] << np.int64(17)) ^ (destination[plain.at] << np.int64(40))
    return relation


def pair_words(octets: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two 32-bit numbers at each place, the addresses of IPv4."""
    if not len(at):
        return at, at
    words: np.ndarray = np.ndarray((len(octets) - 3,), ">u4", buffer=octets, strides=(1,))
    return words[at].astype(np.int64), words[at + 4].astype(np.int64)


def _carries(found: Transports, at: np.ndarray) -> np.ndarray:
    """Which TCP segments have octets, or open or close a connection."""
    octets, start = found.octets, found.start[at]
    header = (octets[start + 12] >> 4).astype(np.int64) * 4
    carries: np.ndarray = (found.end[at] - start > header) | (octets[start + 13] & 0x07 != 0)
    return carries


def _inflated(octets: bytes) -> bytes:
    """A compressed payload, with the header of zlib or gzip; what is spoilt, or longer than a packet, is cut."""
    try:
        return zlib.decompressobj(32 + zlib.MAX_WBITS).decompress(octets, 0x10000)
    except zlib.error:
        return b""


def _by_port(ports: tuple[int, int]) -> int:
    return SIGTRAN_PORTS.get(ports[0]) or SIGTRAN_PORTS.get(ports[1]) or 0
