"""What SAToP and CESoPSN spans send, as tshark sees it."""

from __future__ import annotations

import json
import socket
import struct
import subprocess

import numpy as np
import pytest
from support.spans import free_ports

from tandem.hardware.registry import open_span
from tandem.hardware.span import Framing, LineFormat

pytestmark = [
    pytest.mark.interop,
    pytest.mark.usefixtures("tshark"),
]

LINKTYPE_IPV4 = 228
E1 = LineFormat()


def sent_packets(count, frames, options, line=E1, kind="satop"):
    """The packets of a span with nobody at the other end, so with the R bit."""
    listen, peer = free_ports(2)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as far_end:
        far_end.bind(("127.0.0.1", peer))
        far_end.settimeout(2)
        span = open_span(f"{kind}:listen=127.0.0.1:{listen},peer=127.0.0.1:{peer}{options}", line)
        span.write(np.full((count * frames, 32), 0xD5, np.uint8), 0.0)
        packets = [far_end.recv(2048) for _ in range(count)]
        span.close()
    return packets


def dissect(packets, path, protocol="pwsatopcw"):
    content = bytearray(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, LINKTYPE_IPV4))
    for packet in packets:
        size = 28 + len(packet)
        address = bytes((127, 0, 0, 1))
        header = struct.pack(">BBHHHBBH4s4s", 0x45, 0, size, 0, 0, 64, 17, 0, address, address)
        octets = header + struct.pack(">HHHH", 40001, 40002, 8 + len(packet), 0) + packet
        content += struct.pack("<IIII", 0, 0, size, size) + octets
    path.write_bytes(content)
    command = ["tshark", "-r", str(path), "-d", f"udp.port==40002,{protocol}", "-T", "json"]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [packet["_source"]["layers"][protocol] for packet in json.loads(output)]


@pytest.mark.parametrize("frames", [1, 8, 40])
def test_tshark_reads_control_word_and_payload(tmp_path, frames):
    packets = sent_packets(3, frames, f",frames={frames}")
    for number, (packet, seen) in enumerate(zip(packets, dissect(packets, tmp_path / "satop.pcap"), strict=True)):
        check(packet, seen, number, 36 if frames == 1 else 0)


@pytest.mark.parametrize("framing", [Framing.ESF, Framing.SF])
@pytest.mark.parametrize(
    ("options", "frames", "size"),
    [("", 8, 192), (",octets=24", 8, 24), (",aligned=yes", 8, 200), (",aligned=yes,frames=1", 8, 25)],
)
def test_tshark_reads_packets_of_a_t1(tmp_path, framing, options, frames, size):
    packets = sent_packets(3, frames, options, LineFormat(framing))
    for number, (packet, seen) in enumerate(zip(packets, dissect(packets, tmp_path / "satop.pcap"), strict=True)):
        assert len(packet) == 4 + size
        check(packet, seen, number, 4 + size if size < 60 else 0)


def check(packet, seen, number, length):
    """The control word is as it should be, the payload is the packet's, and tshark has nothing to say against it."""
    word = {name.removeprefix("pwsatop.cw."): int(value, 0) for name, value in seen["pwsatop.cw"].items()}
    assert word == {"lbit": 0, "rbit": 1, "rsv": 0, "frag": 0, "length": length, "seqno": number}
    assert bytes.fromhex(seen["pwsatop.payload"].replace(":", "")) == packet[4:]
    assert "expert" not in json.dumps(seen)


CESOPSN = [
    (E1, "", 8, 248),
    (E1, ",timeslots=1-15+17-31,frames=16", 16, 480),
    (E1, ",timeslots=16", 64, 64),
    (E1, ",timeslots=16,frames=40", 40, 40),
    (LineFormat(Framing.ESF), "", 8, 192),
    (LineFormat(Framing.SF), ",timeslots=24,frames=8", 8, 8),
]


def test_tshark_reads_cesopsn(tmp_path):
    packets, sizes = [], []
    for line, options, frames, size in CESOPSN:
        packets += sent_packets(2, frames, options, line, "cesopsn")
        sizes += [size, size]
    dissected = dissect(packets, tmp_path / "cesopsn.pcap", "pwcesopsn")
    for number, (packet, size, seen) in enumerate(zip(packets, sizes, dissected, strict=True)):
        assert len(packet) == 4 + size
        word = {name[len("pwcesopsn.cw.") :]: int(seen[name], 0) for name in seen if name.startswith("pwcesopsn.cw.")}
        # Nobody is there: loss of packets, and a remote defect.
        length = 4 + size if 4 + size < 64 else 0
        assert word == {"lm": 2, "rbit": 1, "frag": 0, "length": length, "seqno": number % 2}
        assert bytes.fromhex(seen["pwcesopsn.payload"].replace(":", "")) == packet[4:]
        assert "expert" not in json.dumps(seen)


@pytest.mark.parametrize(("kind", "protocol"), [("satop", "pwsatopcw"), ("cesopsn", "pwcesopsn")])
def test_tshark_reads_the_rtp_header_and_what_follows_it(tmp_path, kind, protocol):
    packets = sent_packets(3, 8, ",rtp=absolute,pt=99,ssrc=3735928559", E1, kind)
    seen = dissect(packets, tmp_path / "rtp.pcap", "rtp")
    for number, (packet, header) in enumerate(zip(packets, seen, strict=True)):
        told = {name: int(header[f"rtp.{name}"], 0) for name in ("version", "p_type", "seq", "timestamp", "ssrc")}
        assert told == {"version": 2, "p_type": 99, "seq": number, "timestamp": 8 * number, "ssrc": 0xDEADBEEF}
        assert bytes.fromhex(header["rtp.payload"].replace(":", "")) == packet[12:]
    for behind in dissect([packet[12:] for packet in packets], tmp_path / "behind.pcap", protocol):
        assert "expert" not in json.dumps(behind)
