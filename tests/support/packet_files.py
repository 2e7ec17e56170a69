"""Captures made in memory, block by block."""

import io
import struct


def pcap(packets, link_type=1, order="<", nano=False, snap=65535):
    """A pcap file of (time, octets) or (time, octets, original length)."""
    magic = 0xA1B23C4D if nano else 0xA1B2C3D4
    unit = 10**9 if nano else 10**6
    out = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, snap, link_type)
    for time, octets, *original in packets:
        seconds = int(time)
        fraction = round((time - seconds) * unit)
        out += struct.pack(order + "IIII", seconds, fraction, len(octets), (original or [len(octets)])[0]) + octets
    return out


def block(kind, body, order="<"):
    body += bytes(-len(body) % 4)
    return struct.pack(order + "II", kind, len(body) + 12) + body + struct.pack(order + "I", len(body) + 12)


def section(order="<"):
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def option(code, value, order="<"):
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def interface(link_type, order="<", options=b"", snap=0):
    return block(1, struct.pack(order + "HHI", link_type, 0, snap) + options, order)


def enhanced(number, ticks, octets, order="<", options=b""):
    head = struct.pack(order + "IIIII", number, ticks >> 32, ticks & 0xFFFFFFFF, len(octets), len(octets))
    return block(6, head + octets + bytes(-len(octets) % 4) + options, order)


def ethernet(payload, kind=0x0800, tags=()):
    head = bytes(12)
    for tag in tags:
        head += struct.pack(">HH", tag, 5)
    return head + struct.pack(">H", kind) + payload


def ipv4(payload, protocol, source="10.0.0.1", destination="10.0.0.2", identification=7, offset=0, more=False):
    addresses = bytes(int(part) for part in f"{source}.{destination}".split("."))
    flags = (0x2000 if more else 0) | offset // 8
    return (
        struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), identification, flags, 64, protocol, 0)
        + addresses
        + payload
    )


def ipv6(payload, protocol, extension=b""):
    addresses = bytes(15) + b"\x01" + bytes(15) + b"\x02"
    return struct.pack(">IHBB", 6 << 28, len(extension) + len(payload), protocol, 64) + addresses + extension + payload


def udp(payload, source=5060, destination=5062):
    return struct.pack(">HHHH", source, destination, 8 + len(payload), 0) + payload


def tcp(payload, sequence, source=5060, destination=5062, flags=0x18):
    return struct.pack(">HHIIBBHHH", source, destination, sequence, 0, 5 << 4, flags, 1000, 0, 0) + payload


def sctp(chunks, source=2905, destination=2905, tag=9):
    return struct.pack(">HHII", source, destination, tag, 0) + b"".join(chunks)


def data_chunk(tsn, payload, ppid=3, flags=3, stream=0, sequence=0):
    length = 16 + len(payload)
    return struct.pack(">BBHIHHI", 0, flags, length, tsn, stream, sequence, ppid) + payload + bytes(-length % 4)


def rtp(sequence, timestamp, ssrc=1, payload=bytes(160), kind=8):
    return struct.pack(">BBHII", 0x80, kind, sequence & 0xFFFF, timestamp, ssrc) + payload


def file_of(octets):
    return io.BytesIO(octets)
