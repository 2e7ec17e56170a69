"""Captures of calls with a fault in them, made packet by packet: signalling links, M3UA, SIP with speech."""

import struct

from support.packet_files import data_chunk, ethernet, ipv4, pcap, rtp, sctp, udp

from tandem.ss7.isup.cause import CauseIndicators
from tandem.ss7.isup.codes import MessageType as I
from tandem.ss7.isup.indicators import BackwardCallIndicators, ForwardCallIndicators, NatureOfConnectionIndicators
from tandem.ss7.isup.messages import Message as Isup
from tandem.ss7.isup.numbers import CalledPartyNumber, CallingPartyNumber
from tandem.ss7.isup.parameters import RawParameter
from tandem.ss7.mtp3.label import RoutingLabel, Variant, encode_label

A, B = 1, 2
"""Point codes 0-0-1 and 0-0-2."""
ADDRESSES = {A: "10.0.0.1", B: "10.0.0.2", 3: "10.0.0.3"}


def isup(kind, cic=7, cause=None, called="123456", raw=b""):
    """The octets of a message, from the CIC on."""
    if raw:
        return cic.to_bytes(2, "little") + bytes((int(kind),)) + raw
    if kind is I.IAM:
        fixed = [NatureOfConnectionIndicators(), ForwardCallIndicators()]
        fixed += [RawParameter(9, b"\x0a"), RawParameter(2, b"\x03")]
        numbers = [CalledPartyNumber(digits=called), CallingPartyNumber(digits="987654")]
        return Isup.build(kind, cic, [*fixed, *numbers]).encode()
    given = {I.REL: [CauseIndicators(value=cause or 16)], I.ACM: [BackwardCallIndicators(called_party_status=1)]}
    if kind is I.SUS or kind is I.RES:
        return cic.to_bytes(2, "little") + bytes((int(kind), 1, 0))
    return Isup.build(kind, cic, given.get(kind, [])).encode()


class Capture:
    """Packets with their times; `path` writes them."""

    def __init__(self, link_type=1):
        self._link_type = link_type
        self._packets = []
        self._count = 0

    def add(self, time, octets):
        """A packet; its number."""
        self._packets.append((1000.0 + time, octets))
        return len(self._packets)

    def sigtran(self, time, kind, parameters, source=A, destination=B, ppid=3):
        body = b"".join(
            struct.pack(">HH", tag, 4 + len(value)) + value + bytes(-len(value) % 4) for tag, value in parameters
        )
        self._count += 1
        chunk = data_chunk(self._count, struct.pack(">BBHI", 1, 0, kind, 8 + len(body)) + body, ppid)
        tag = 10 + source
        return self.add(time, ethernet(ipv4(sctp([chunk], tag=tag), 132, ADDRESSES[source], ADDRESSES[destination])))

    def m3ua(self, time, octets, opc=A, dpc=B, service=5):
        data = struct.pack(">IIBBBB", opc, dpc, service, 2, 0, 0) + octets
        return self.sigtran(time, 0x0101, [(0x0210, data)], opc, dpc)

    def call(self, time, kind, back=False, **values):
        """A message of ISUP from A to B, or back."""
        ends = (B, A) if back else (A, B)
        return self.m3ua(time, isup(kind, **values), *ends)

    def control(self, time, kind, source=A, destination=B):
        """A chunk that begins or ends an association."""
        packet = sctp([struct.pack(">BBH", kind, 0, 4)], tag=10 + source)
        return self.add(time, ethernet(ipv4(packet, 132, ADDRESSES[source], ADDRESSES[destination])))

    def mtp2(self, time, *octets, sent=True, link=3):
        return self.add(time, bytes((sent, 0)) + link.to_bytes(2, "big") + bytes(octets))

    def mtp3(self, time, data, opc=A, dpc=B, service=0):
        return self.add(time, bytes((service | 0x80,)) + encode_label(RoutingLabel(dpc, opc, 3), Variant.ITU) + data)

    def lapd(self, time, octets, network=False):
        """An I frame of SAPI 0 with Q.931."""
        return self.add(time, bytes((0x02 if network else 0, 1, 0, 0)) + octets)

    def sip(self, time, text, back=False, hosts=("10.0.0.1", "10.0.0.2")):
        ends = hosts[::-1] if back else hosts
        return self.add(time, ethernet(ipv4(udp(text.encode(), 5060, 5060), 17, *ends)))

    def speech(self, time, seconds, source, destination, kind=8, skip=()):
        """RTP of 20 ms packets between two `(address, port)`; the number of the first."""
        first = None
        for step in range(round(seconds * 50)):
            if step in skip:
                continue
            packet = udp(rtp(step, 160 * step, source[1], kind=kind), source[1], destination[1])
            number = self.add(time + step * 0.02, ethernet(ipv4(packet, 17, source[0], destination[0])))
            first = first or number
        return first

    def event(self, time, sequence, digit, ended, source, destination):
        """A packet of a telephone-event (RFC 4733 2.3)."""
        payload = bytes((digit, 0x80 * ended | 10, 0, 160))
        packet = udp(rtp(sequence, 16000, source[1], payload, 101), source[1], destination[1])
        return self.add(time, ethernet(ipv4(packet, 17, source[0], destination[0])))

    def path(self, folder, name="made.pcap"):
        """The capture as a file, in the order of time; packets that were added are numbered in that order too."""
        assert [time for time, _ in self._packets] == sorted(time for time, _ in self._packets), "numbers would change"
        path = folder / name
        path.write_bytes(pcap(self._packets, self._link_type))
        return str(path)

    def sorted(self):
        """Put the packets in the order of time, where streams cross; their numbers change."""
        self._packets.sort(key=lambda packet: packet[0])
        return self


def description(host, port, formats="8 101", direction=""):
    lines = ("v=0", f"o=- 1 1 IN IP4 {host}", "s=-", f"c=IN IP4 {host}", "t=0 0", f"m=audio {port} RTP/AVP {formats}")
    return "\r\n".join([*lines, *([f"a={direction}"] if direction else [])]) + "\r\n"


def request(method, call_id="1@h", cseq=1, tag=True, body="", head=(), to="123456"):
    return _message(f"{method} sip:{to}@10.0.0.2 SIP/2.0", method, call_id, cseq, tag, body, head, to)


def response(status, method="INVITE", call_id="1@h", cseq=1, body="", head=(), to="123456"):
    return _message(f"SIP/2.0 {status} Words", method, call_id, cseq, status != 100, body, head, to)


def _message(start, method, call_id, cseq, tag, body, head, to):
    lines = [start, f"Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK{call_id}{cseq}{method}"]
    lines += ["From: <sip:987654@10.0.0.1>;tag=f", f"To: <sip:{to}@10.0.0.2>{';tag=t' if tag else ''}"]
    lines += [f"Call-ID: {call_id}", f"CSeq: {cseq} {method}", *head]
    lines += ["Content-Type: application/sdp"] if body else []
    return "\r\n".join([*lines, f"Content-Length: {len(body)}"]) + "\r\n\r\n" + body


def talk(capture, at=0.0, call_id="1@h", formats=("8", "8"), directions=("", ""), to="123456"):
    """INVITE, 200 and ACK: the numbers of the first two."""
    offer, answer = (
        description(host, 4000, kinds, direction)
        for host, kinds, direction in zip(("10.0.0.1", "10.0.0.2"), formats, directions, strict=True)
    )
    invite = capture.sip(at, request("INVITE", call_id, tag=False, body=offer, to=to))
    ok = capture.sip(at + 0.1, response(200, call_id=call_id, body=answer, to=to), back=True)
    capture.sip(at + 0.2, request("ACK", call_id, to=to))
    return invite, ok


def hang_up(capture, at, call_id="1@h"):
    """BYE of the calling side, and its 200."""
    capture.sip(at, request("BYE", call_id, 2))
    capture.sip(at + 0.1, response(200, "BYE", call_id, 2), back=True)
