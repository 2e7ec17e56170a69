"""Write a capture of any length from real call flows, every layer valid: checksums, sequence numbers, lengths.

`python tests/bench/traffic.py FILE --packets 1000000 --mix MIX [--seed 1]`, MIX being one of these:

`speech`: calls from SIP to ISUP over M3UA and back, with G.711 both ways, as a probe at a gateway sees them.
`signalling`: ISUP over M3UA between four exchanges, a fifth of it SIP trunks, and SACKs; no speech. `sip`, `isup`: one
of both alone. `challenged`: SIP, each INVITE first refused with 407. `mtp2`, `mtp3`: ISUP on signalling links captured
as such, `tup`: TUP likewise, MTP3 alone.
One call in five fails: busy, not answered, abandoned, congestion, and one in five hundred is never released properly.
"""

from __future__ import annotations

import argparse
import random
import struct
from pathlib import Path

import numpy as np

from tandem.ss7.isup.cause import CauseIndicators
from tandem.ss7.isup.codes import MessageType as T
from tandem.ss7.isup.indicators import BackwardCallIndicators, EventInformation
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.numbers import CalledPartyNumber, CallingPartyNumber
from tandem.ss7.isup.parameters import RawParameter
from tandem.ss7.tup.address_messages import InitialAddress
from tandem.ss7.tup.codes import MessageType as Tup
from tandem.ss7.tup.label import CircuitMessage
from tandem.ss7.tup.message_base import Signal
from tandem.ss7.tup.setup_messages import AddressComplete
from tandem.ss7.tup.variants import Variant as TupVariant

START = 1_750_000_000.0
EXCHANGES = (1001, 1002, 2001, 2002)
MAC = bytes.fromhex("020000000001020000000002") + b"\x08\x00"
PTIME, SAMPLES = 0.02, 160
RTP_SIZE = 14 + 20 + 8 + 12 + SAMPLES
CHUNK = 40_000
LINK_TYPES = {"mtp2": 140, "mtp3": 141, "tup": 141}
MIXES = ("speech", "signalling", "sip", "isup", "challenged", *LINK_TYPES)
CALLS = 100_000
"""Of signalling, so many are written before more are thought of."""


def crc_table():
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, table >> 1 ^ np.uint32(0x82F63B78), table >> 1)
    return table


TABLE = crc_table()


def crc32c(rows):
    """CRC32c of every row of a (n, size) array."""
    value = np.full(len(rows), 0xFFFFFFFF, np.uint32)
    for column in rows.T:
        value = value >> 8 ^ TABLE[(value ^ column) & 0xFF]
    return ~value


def internet_sum(octets):
    """The Internet checksum of octets."""
    octets += b"\0" * (len(octets) % 2)
    total = sum(struct.unpack(f">{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ipv4(source, destination, protocol, payload, identification):
    head = struct.pack(
        ">BBHHHBBH4s4s",
        0x45, 0, 20 + len(payload), identification & 0xFFFF, 0x4000, 64, protocol, 0, source, destination,
    )  # fmt: skip
    return MAC + head[:10] + internet_sum(head).to_bytes(2, "big") + head[12:] + payload


def udp(source, destination, from_port, to_port, payload, identification):
    head = struct.pack(">HHHH", from_port, to_port, 8 + len(payload), 0)
    pseudo = source + destination + struct.pack(">HH", 17, 8 + len(payload))
    check = internet_sum(pseudo + head + payload) or 0xFFFF
    return ipv4(source, destination, 17, head[:6] + check.to_bytes(2, "big") + payload, identification)


class Network:
    """Associations between exchanges, each with tags, TSNs and stream sequence numbers of both ways."""

    def __init__(self, rng):
        self.rng = rng
        self.ways = {}
        self.identification = 0

    def address(self, code):
        return bytes((10, 1, code >> 8 & 255, code & 255))

    def way(self, opc, dpc):
        way = self.ways.get((opc, dpc))
        if way is None:
            way = self.ways[opc, dpc] = [self.rng.getrandbits(32), self.rng.getrandbits(32), [0] * 16, 0]
        return way

    def packet(self, opc, dpc, chunks):
        self.identification += 1
        common = struct.pack(">HHII", 2905, 2905, self.way(opc, dpc)[0], 0)
        return ipv4(self.address(opc), self.address(dpc), 132, common + chunks, self.identification)

    def m3ua(self, opc, dpc, sls, isup):
        data = struct.pack(">IIBBBB", opc, dpc, 5, 2, 0, sls) + isup
        length = 4 + len(data)
        parameter = struct.pack(">HH", 0x0210, length) + data + bytes(-length % 4)
        return self.data(opc, dpc, 1 + sls % 15, struct.pack(">BBBBI", 1, 0, 1, 1, 8 + len(parameter)) + parameter)

    def data(self, opc, dpc, stream, payload):
        way = self.way(opc, dpc)
        way[1] = way[1] + 1 & 0xFFFFFFFF
        length = 16 + len(payload)
        head = struct.pack(">BBHIHHI", 0, 3, length, way[1], stream, way[2][stream] & 0xFFFF, 3)
        way[2][stream] += 1
        way[3] += 1
        return self.packet(opc, dpc, head + payload + bytes(-length % 4))

    def sack(self, opc, dpc):
        """For every second DATA of the other way, RFC 9260 6.2."""
        return self.packet(opc, dpc, struct.pack(">BBHIIHH", 3, 0, 16, self.way(dpc, opc)[1], 65535, 0, 0))


class Links:
    """Signalling links between exchanges, MTP3 alone or with MTP2 around it: a number of units sent each way."""

    def __init__(self, kind):
        self.kind = kind
        self.sent = {}
        self.callers = {}

    def units(self, opc, dpc, cic, kind, parts):
        """Those of an ISUP message, or of what says the same in TUP."""
        if self.kind != "tup":
            octets = Message.build(kind, cic, initial(parts) if kind is T.IAM else parts).encode()
            return [self.unit(opc, dpc, cic & 15, octets)]
        circuit = min(opc, dpc), max(opc, dpc), cic
        if kind is T.IAM:
            self.callers[circuit] = opc, False
        caller, refused = self.callers[circuit]
        if kind is T.REL and caller == dpc:
            self.callers[circuit] = caller, True
        messages = [(opc, dpc, tup(kind, parts, opc == caller, refused))]
        if kind is T.RLC and refused:
            messages.append((dpc, opc, Signal(Tup.RLG)))
        encoded = [(*way, *CircuitMessage(cic, message).encode(TupVariant.ITU)) for *way, message in messages]
        return [self.unit(*way, sls, data, 0x84) for *way, sls, data in encoded]

    def unit(self, opc, dpc, sls, data, service=0x85):
        msu = bytes((service,)) + (dpc | opc << 14 | sls << 28).to_bytes(4, "little") + data
        if self.kind != "mtp2":
            return msu
        forward = self.sent[opc, dpc] = self.sent.get((opc, dpc), 127) + 1 & 127
        return bytes((0x80 | self.sent.get((dpc, opc), 127), 0x80 | forward, min(len(msu), 63))) + msu


def tup(kind, parts, forward, refused):
    """The message of TUP that says what one of ISUP does."""
    if kind is T.IAM:
        return InitialAddress(parts[0].digits, st=True)
    if kind is T.ACM:
        return AddressComplete(free=parts[0].called_party_status == 1)
    if kind is T.REL and not forward:
        return Signal({17: Tup.SSB, 34: Tup.CGC, 19: Tup.CFL}.get(parts[0].value, Tup.CBK))
    signals = {T.CPG: Tup.CHG, T.ANM: Tup.ANC, T.REL: Tup.CLF, T.RLC: Tup.CLF if refused else Tup.RLG}
    return Signal(signals[kind])


def sip(start, call, method, cseq, to_tag=False, body=b"", reason=b""):
    lines = [
        start,
        f"Via: SIP/2.0/UDP {call['host']}:5060;branch=z9hG4bK{call['id']:x}{cseq}",
        "Max-Forwards: 70",
        f"From: <sip:{call['calling']}@{call['host']}>;tag=f{call['id']:x}",
        f"To: <sip:{call['called']}@{call['peer']}>" + (f";tag=t{call['id']:x}" if to_tag else ""),
        f"Call-ID: {call['id']:x}-{call['seed']}@{call['host']}",
        f"CSeq: {cseq} {method}",
    ]
    if method in ("INVITE", "UPDATE") and not start.startswith("SIP/2.0 4") and "100" not in start[:12]:
        lines.append(f"Contact: <sip:gw@{call['host'] if start.startswith('INVITE') else call['peer']}:5060>")
    if reason:
        lines.append(reason)
    if body:
        lines.append("Content-Type: application/sdp")
    lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def description(host, port, number):
    return (
        f"v=0\r\no=- {number} {number} IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
        f"m=audio {port} RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\n"
    ).encode()


def text(octets):
    return ".".join(map(str, octets))


class Traffic:
    """Everything that will be sent: signalling as (time, kind, arguments), speech as streams."""

    def __init__(self, seed, mix="speech"):
        self.links = Links(mix) if mix in LINK_TYPES else None
        self.rng = random.Random(seed)
        self.network = Network(random.Random(seed + 2))
        self.seed = seed
        self.events = []
        self.streams = []
        self.calls = self.written = 0
        self.by_caller = True
        """Who ended the last call of SIP: the ISUP leg of it ends from the same side."""
        self.free = {}
        self.audio = np.random.default_rng(seed + 1).integers(0, 256, 8192, np.uint8)

    def numbers(self):
        return f"49{self.rng.randrange(10**9, 10**10)}", f"4930{self.rng.randrange(10**6, 10**7)}"

    def outcome(self):
        roll = self.rng.random()
        for limit, name in (
            (0.07, "busy"),
            (0.12, "no answer"),
            (0.17, "abandoned"),
            (0.195, "congestion"),
            (0.197, "lost"),
        ):
            if roll < limit:
                return name
        return "answered"

    def circuit(self, pair, time, until):
        """A circuit that is idle at `time`; taken to `until`."""
        circuits = self.free.setdefault(pair, {})
        for _ in range(50):
            cic = self.rng.randrange(1, 4000)
            if cic % 32 and circuits.get(cic, 0.0) < time:
                circuits[cic] = until
                return cic
        raise SystemExit("more calls at once than circuits: take a lower rate")

    def isup(self, time, opc, dpc, outcome, ring, talk, calling, called, forward=None):
        """The messages of one attempt; `forward` says whether the calling side ends a talk. When it was over."""
        end = time + (
            0.3
            if outcome in ("busy", "congestion")
            else ring
            if outcome in ("abandoned", "no answer", "lost")
            else ring + talk
        )
        cic = self.circuit((min(opc, dpc), max(opc, dpc)), time, end + 90)
        send = lambda when, way, kind, *parts, body=None: self.events.append((when, "m3ua", (*(way), cic, kind, parts)))  # noqa: E731
        there, back = (opc, dpc), (dpc, opc)
        send(
            time, there, T.IAM, CalledPartyNumber(digits=called, nature=4), CallingPartyNumber(digits=calling, nature=4)
        )
        if outcome == "congestion":
            send(time + 0.08, back, T.REL, CauseIndicators(value=34))
            send(time + 0.1, there, T.RLC)
            return end
        if outcome == "busy":
            send(time + 0.25, back, T.REL, CauseIndicators(value=17))
            send(time + 0.27, there, T.RLC)
            return end
        send(time + 0.4, back, T.ACM, BackwardCallIndicators(called_party_status=0 if self.rng.random() < 0.3 else 1))
        if self.rng.random() < 0.3:
            send(time + 0.9, back, T.CPG, EventInformation(event=1))
        if outcome == "no answer":
            send(end, back, T.REL, CauseIndicators(value=19))
            send(end + 0.02, there, T.RLC)
        elif outcome == "abandoned":
            send(end, there, T.REL, CauseIndicators(value=16))
            send(end + 0.02, back, T.RLC)
        else:
            if outcome == "answered":
                send(time + ring, back, T.ANM)
            drawn = self.rng.random() < 0.6
            by, other = (there, back) if (drawn if forward is None else forward) else (back, there)
            send(end, by, T.REL, CauseIndicators(value=16))
            if outcome == "lost":
                send(end + 15, by, T.REL, CauseIndicators(value=16))
            else:
                send(end + 0.02, other, T.RLC)
        return end

    def sip(self, time, outcome, ring, talk, calling, called, speech, host, peer, challenged=False):
        self.calls += 1
        number = self.calls
        call = {
            "id": number,
            "seed": self.seed,
            "host": text(host),
            "peer": text(peer),
            "calling": calling,
            "called": called,
        }
        ports = 16384 + 2 * (number * 2 % 20000), 16384 + 2 * ((number * 2 + 1) % 20000)
        offer, answer = description(text(host), ports[0], number), description(text(peer), ports[1], number)
        send = lambda when, forward, octets: self.events.append(  # noqa: E731
            (when, "sip", (host, peer, octets) if forward else (peer, host, octets))
        )
        uri = f"sip:{called}@{text(peer)}"
        cseq, given = 1, ""
        if challenged:
            nonce = f"{number * 2654435761 & 0xFFFFFFFF:08x}"
            asked = f'Proxy-Authenticate: Digest realm="{text(peer)}", nonce="{nonce}", algorithm=MD5, qop="auth"'
            send(time - 0.03, True, sip(f"INVITE {uri} SIP/2.0", call, "INVITE", 1, body=offer))
            refusal = sip("SIP/2.0 407 Proxy Authentication Required", call, "INVITE", 1, True, reason=asked)
            send(time - 0.02, False, refusal)
            send(time - 0.01, True, sip(f"ACK {uri} SIP/2.0", call, "ACK", 1, True))
            cseq = 2
            given = (
                f'Proxy-Authorization: Digest username="{calling}", realm="{text(peer)}", nonce="{nonce}", '
                f'uri="{uri}", response="{nonce * 4}", algorithm=MD5, cnonce="{nonce}", qop=auth, nc=00000001'
            )
        send(time, True, sip(f"INVITE {uri} SIP/2.0", call, "INVITE", cseq, body=offer, reason=given))
        send(time + 0.01, False, sip("SIP/2.0 100 Trying", call, "INVITE", cseq))
        end = time + ring + talk
        failure = {
            "busy": (0.3, "486 Busy Here"),
            "congestion": (0.13, "503 Service Unavailable"),
            "no answer": (ring, "480 Temporarily Unavailable"),
        }
        if outcome not in ("busy", "congestion"):
            send(time + 0.45, False, sip("SIP/2.0 180 Ringing", call, "INVITE", cseq, True))
        if outcome in failure:
            after, words = failure[outcome]
            send(time + after + 0.05, False, sip(f"SIP/2.0 {words}", call, "INVITE", cseq, True))
            send(time + after + 0.06, True, sip(f"ACK {uri} SIP/2.0", call, "ACK", cseq, True))
        elif outcome in ("abandoned", "lost"):
            send(time + ring, True, sip(f"CANCEL {uri} SIP/2.0", call, "CANCEL", cseq))
            send(time + ring + 0.01, False, sip("SIP/2.0 200 OK", call, "CANCEL", cseq, True))
            send(time + ring + 0.02, False, sip("SIP/2.0 487 Request Terminated", call, "INVITE", cseq, True))
            send(time + ring + 0.03, True, sip(f"ACK {uri} SIP/2.0", call, "ACK", cseq, True))
        else:
            send(time + ring + 0.02, False, sip("SIP/2.0 200 OK", call, "INVITE", cseq, True, answer))
            send(time + ring + 0.03, True, sip(f"ACK sip:gw@{text(peer)}:5060 SIP/2.0", call, "ACK", cseq, True))
            forward = self.by_caller = self.rng.random() < 0.6
            send(
                end,
                forward,
                sip(f"BYE sip:gw@{text(peer if forward else host)}:5060 SIP/2.0", call, "BYE", cseq + 1, True),
            )
            send(end + 0.02, not forward, sip("SIP/2.0 200 OK", call, "BYE", cseq + 1, True))
            if speech:
                count = int(talk / PTIME)
                self.streams.append((time + ring + 0.05, count, host, peer, *ports))
                self.streams.append((time + ring + 0.06, count, peer, host, *reversed(ports)))

    def call(self, time, mix):
        calling, called = self.numbers()
        outcome = self.outcome()
        ring, talk = 2 + 10 * self.rng.random(), self.rng.expovariate(1 / (60 if mix == "speech" else 90))
        if mix == "speech":
            host, peer = (
                bytes((192, 0, 2, 1 + self.rng.randrange(40))),
                bytes((198, 51, 100, 1 + self.rng.randrange(4))),
            )
            self.sip(time, outcome, ring, talk, calling, called, True, host, peer)
            self.isup(
                time + 0.03, EXCHANGES[0], EXCHANGES[2], outcome, ring - 0.03, talk, calling, called, self.by_caller
            )
        elif mix in ("sip", "challenged") or (mix == "signalling" and self.rng.random() < 0.2):
            host, peer = bytes((192, 0, 2, 1 + self.rng.randrange(40))), bytes((198, 51, 100, 1))
            self.sip(time, outcome, ring, talk, calling, called, False, host, peer, mix == "challenged")
        else:
            opc, dpc = self.rng.sample(EXCHANGES, 2)
            self.isup(time, opc, dpc, outcome, ring, talk, calling, called)

    def write(self, out, packets, until=float("inf")):
        """What comes before `until` in order of time, cut after `packets` in all."""
        self.events.sort(key=lambda event: event[0])
        times = np.array([event[0] for event in self.events])
        times = times[: np.searchsorted(times, until)]
        later = self.events[len(times) :]
        sources = np.full(len(times), -1)
        places = np.arange(len(times))
        if self.streams:
            counts = np.array([stream[1] for stream in self.streams])
            starts = np.array([stream[0] for stream in self.streams])
            of = np.repeat(np.arange(len(counts)), counts)
            sequence = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
            noise = np.random.default_rng(self.seed)
            speech = starts[of] + sequence * PTIME + noise.gamma(2.0, 0.0008, len(of))
            kept = noise.random(len(of)) > 0.002
            times = np.concatenate((times, speech[kept]))
            sources, places = np.concatenate((sources, of[kept])), np.concatenate((places, sequence[kept]))
        order = np.argsort(times, kind="stable")
        templates = np.array(
            [list(self.template(*stream[2:], number)) for number, stream in enumerate(self.streams)], np.uint8
        )
        audio = self.audio
        for first in range(0, len(order), CHUNK):
            part = order[first : first + CHUNK]
            moments = times[part]
            signalling = self.signalling(part[sources[part] < 0])
            spoken = sources[part] >= 0
            rows = self.speech(templates, audio, sources[part][spoken], places[part][spoken]) if spoken.any() else None
            where = np.cumsum(spoken) - 1
            blob, row = [], iter(signalling)
            for index, moment in enumerate(moments.tolist()):
                group = [rows[where[index]].tobytes()] if spoken[index] else next(row)
                for more, octets in enumerate(group):
                    if self.written == packets:
                        break
                    at = moment + more * 2e-6
                    blob.append(struct.pack("<IIII", int(at), int((at % 1) * 1e6), len(octets), len(octets)) + octets)
                    self.written += 1
            out.write(b"".join(blob))
            if self.written == packets:
                break
        self.events = later

    def template(self, source, destination, from_port, to_port, number):
        rtp = struct.pack(">BBHII", 0x80, 8, 0, 0, (number * 2654435761 + 99) & 0xFFFFFFFF)
        head = struct.pack(">HHHH", from_port, to_port, 8 + 12 + SAMPLES, 0)
        return ipv4(source, destination, 17, head + rtp + bytes(SAMPLES), 0)

    def speech(self, templates, audio, streams, sequence):
        rows = templates[streams]
        words = (
            (18, (sequence & 0xFFFF)),  # identification
            (44, (sequence + 7 * streams) & 0xFFFF),
            (46, sequence * SAMPLES >> 16 & 0xFFFF),
            (48, sequence * SAMPLES & 0xFFFF),
        )
        for at, value in words:
            rows[:, at], rows[:, at + 1] = value >> 8, value & 255
        rows[:, 43] |= np.where(sequence == 0, 0x80, 0).astype(np.uint8)
        begin = (sequence * SAMPLES + streams * 37) % (len(audio) - SAMPLES)
        rows[:, 54:] = audio[begin[:, None] + np.arange(SAMPLES)]
        rows[:, 24:26] = 0
        self.checksum(rows, 24, rows[:, 14:34], 0)
        self.checksum(rows, 40, rows[:, 26:], 17 + 8 + 12 + SAMPLES)
        return rows

    @staticmethod
    def checksum(rows, at, covered, more):
        total = covered[:, 0::2].astype(np.int64).sum(1) * 256 + covered[:, 1::2].astype(np.int64).sum(1) + more
        for _ in range(2):
            total = (total & 0xFFFF) + (total >> 16)
        total = ~total & 0xFFFF
        total = np.where(total == 0, 0xFFFF, total)
        rows[:, at], rows[:, at + 1] = total >> 8, total & 255

    def signalling(self, indices):
        """Packets of events, each a list: a message and perhaps the SACK that goes with it."""
        found = []
        for index in indices.tolist():
            _, kind, arguments = self.events[index]
            if kind == "sip":
                source, destination, octets = arguments
                self.network.identification += 1
                found.append([udp(source, destination, 5060, 5060, octets, self.network.identification)])
            else:
                opc, dpc, cic, type_, parts = arguments
                if self.links is not None:
                    found.append(self.links.units(opc, dpc, cic, type_, parts))
                    continue
                octets = Message.build(type_, cic, initial(parts) if type_ is T.IAM else parts).encode()
                group = [self.network.m3ua(opc, dpc, cic & 15, octets)]
                if self.network.way(opc, dpc)[3] % 2 == 0:
                    group.append(self.network.sack(dpc, opc))
                found.append(group)
        if self.links is None:
            self.seal([packet for group in found for packet in group], found)
        return found

    @staticmethod
    def seal(packets, found):
        """Put the CRC32c into all SCTP packets, those of one size together."""
        sizes = {}
        for packet in packets:
            if packet[23] == 132:
                sizes.setdefault(len(packet), []).append(packet)
        sealed = {}
        for size, group in sizes.items():
            rows = np.frombuffer(b"".join(group), np.uint8).reshape(-1, size).copy()
            values = crc32c(rows[:, 34:])
            rows[:, 42:46] = values.astype("<u4").view(np.uint8).reshape(-1, 4)
            sealed.update(zip(map(id, group), map(bytes, rows), strict=True))
        for group in found:
            group[:] = [sealed.get(id(packet), packet) for packet in group]


def initial(parts):
    # Nature of connection, forward call indicators, category, 3.1 kHz audio.
    fixed = [(6, "00"), (7, "2001"), (9, "0a"), (2, "03")]
    return [*(RawParameter(code, bytes.fromhex(content)) for code, content in fixed), *parts]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--packets", type=int, default=1_000_000)
    parser.add_argument("--mix", choices=MIXES, default="speech")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    print(generate(arguments.file, arguments.packets, arguments.mix, arguments.seed), "packets")


def generate(file, packets, mix, seed=1):
    """Write the capture; how many packets it has."""
    traffic = Traffic(seed, mix)
    # Messages of a call and what goes with them, on the average.
    each = 4700 if mix == "speech" else 5.0 if mix in LINK_TYPES else 8.0
    rate = 4.0 if mix == "speech" else 60.0
    calls = max(20, int(packets / each * 1.3))
    with file.open("wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, LINK_TYPES.get(mix, 1)))
        for number in range(calls):
            if number % CALLS == 0 and mix != "speech":
                traffic.write(out, packets, START + number / rate - 0.05)
            if traffic.written == packets:
                break
            traffic.call(START + number / rate + traffic.rng.random() / rate, mix)
        traffic.write(out, packets)
    return traffic.written


if __name__ == "__main__":
    main()
