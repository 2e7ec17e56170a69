"""Capture files as scapy reads them, and disks that fill up; as tshark does: `interop/test_capture_tshark.py`."""

import errno
import os
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.gateway.capture import CaptureWriter, udp_packet

SLTM = bytes.fromhex("5b640d81a08f34011160") + b"TANDEM"
FISU = bytes.fromhex("ffff00")
NOW = 1_700_000_000.25


def blocks(path: Path) -> list[tuple[int, bytes]]:
    """Type and body of every block; fails unless the file is whole blocks."""
    data, found = path.read_bytes(), []
    while data:
        kind, length = struct.unpack_from("<II", data)
        assert struct.unpack_from("<I", data, length - 4) == (length,)
        found.append((kind, data[8 : length - 4]))
        data = data[length:]
    return found


def packets(path: Path) -> list[tuple[int, bytes]]:
    """Interface and octets of every packet."""
    found = []
    for kind, body in blocks(path):
        if kind == 6:
            interface, _, _, length, _ = struct.unpack_from("<IIIII", body)
            found.append((interface, body[20 : 20 + length]))
    return found


def test_scapy_reads_the_same_octets(tmp_path):
    from scapy.utils import PcapNgReader

    writer = CaptureWriter(tmp_path / "x.pcapng")
    writer.write_udp(("127.0.0.1", 5060), ("127.0.0.2", 5070), b"hello", NOW)
    writer.close()
    with PcapNgReader(str(writer.path)) as reader:
        packet = next(iter(reader))
    assert bytes(packet) == udp_packet(("127.0.0.1", 5060), ("127.0.0.2", 5070), b"hello")
    assert float(packet.time) == pytest.approx(NOW, abs=1e-6)


@given(payload=st.binary(max_size=200), version=st.sampled_from(["127.0.0.1", "2001:db8::7"]))
def test_checksums_agree_with_scapy(payload, version):
    from scapy.layers.inet import IP
    from scapy.layers.inet6 import IPv6

    packet = udp_packet((version, 5060), (version, 5061), payload)
    parsed = (IP if version[3] == "." else IPv6)(packet)
    udp = parsed.payload
    assert bytes(udp.payload) == payload
    said = (parsed.fields.get("chksum"), udp.chksum)
    if "chksum" in parsed.fields:
        del parsed.chksum
    del udp.chksum
    again = type(parsed)(bytes(parsed))
    assert (again.fields.get("chksum"), again.payload.chksum) == said


def test_addresses_that_do_not_go_together():
    with pytest.raises(ValueError, match="same IP version"):
        udp_packet(("127.0.0.1", 1), ("::1", 1), b"")
    assert udp_packet(("::ffff:127.0.0.1", 1), ("127.0.0.1", 1), b"") == udp_packet(
        ("127.0.0.1", 1), ("127.0.0.1", 1), b""
    )


def test_names_are_no_addresses(tmp_path):
    writer = CaptureWriter(tmp_path / "x.pcapng")
    writer.write_udp(("gateway.example", 1), ("127.0.0.1", 1), b"x", NOW)
    assert (writer.packets, writer.failure) == (0, None)
    writer.close()


def test_direction_and_link_number(tmp_path):
    writer = CaptureWriter(tmp_path / "x.pcapng")
    writer.write_mtp2("a", FISU, True, NOW)
    writer.write_mtp2("b", FISU, False, NOW, number=300)
    writer.close()
    assert packets(writer.path) == [(0, b"\x01\x00\x00\x00" + FISU), (1, b"\x00\x00\x01\x2c" + FISU)]


def test_clock_offset(tmp_path):
    writer = CaptureWriter(tmp_path / "x.pcapng", clock_offset=NOW)
    writer.write_mtp2("a", FISU, True, 0.5)
    writer.close()
    body = next(body for kind, body in blocks(writer.path) if kind == 6)
    _, high, low = struct.unpack_from("<III", body)
    assert high << 32 | low == 1_700_000_000_750_000_000


def test_nothing_reaches_the_disk_before_flush_and_everything_after(tmp_path):
    writer = CaptureWriter(tmp_path / "x.pcapng")
    writer.write_mtp2("a", FISU, True, NOW)
    assert writer.path.read_bytes() == b""
    writer.flush()
    assert len(packets(writer.path)) == 1
    writer.close()


def test_buffer_is_bounded(tmp_path):
    writer = CaptureWriter(tmp_path / "x.pcapng")
    for _ in range(30_000):
        writer.write_mtp2("a", SLTM, True, NOW)
    assert writer.path.stat().st_size >= 1 << 20
    writer.close()
    assert len(packets(writer.path)) == 30_000


def test_rotation_keeps_whole_files_with_their_interfaces(tmp_path):
    writer = CaptureWriter(tmp_path / "x.pcapng", limit=1000, keep=2)
    for number in range(60):
        writer.write_mtp2("a", FISU, True, NOW)
        writer.write_mtp2("b", bytes([number]) + FISU, True, NOW)
        writer.flush()
    writer.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.1.pcapng", "x.2.pcapng", "x.pcapng"]
    kept = [octets[4] for name in ("x.2", "x.1", "x") for _, octets in packets(tmp_path / f"{name}.pcapng")][1::2]
    assert kept == list(range(60 - len(kept), 60))
    for path in tmp_path.iterdir():
        assert [kind for kind, _ in blocks(path)][:3] == [0x0A0D0D0A, 1, 1]
        assert {interface for interface, _ in packets(path)} <= {0, 1}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_full_disk_stops_capturing_and_is_told_once():
    told: list[str] = []
    writer = CaptureWriter(Path("/dev/full"), on_failure=told.append)
    writer.write_mtp2("a", FISU, True, NOW)
    for _ in range(3):
        writer.flush()
        writer.write_mtp2("a", FISU, True, NOW)
    writer.close()
    assert told == [writer.failure] == ["capture to /dev/full stopped: No space left on device"]
    assert writer.packets == 1


class HalfFullFile:
    """A file that takes 100 octets and then no more."""

    def __init__(self, path: Path) -> None:
        self.file = path.open("r+b", buffering=0)
        self.file.seek(0, os.SEEK_END)
        self.room = 100

    def write(self, octets) -> int:
        if not self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        taken = self.file.write(octets[: self.room])
        self.room -= taken
        return taken

    def truncate(self, size: int) -> int:
        return self.file.truncate(size)

    def close(self) -> None:
        self.file.close()


def test_disk_that_fills_up_leaves_whole_blocks(tmp_path):
    writer = CaptureWriter(tmp_path / "x.pcapng")
    writer.write_mtp2("a", FISU, True, NOW)
    writer.flush()
    writer._file.close()
    writer._file = HalfFullFile(writer.path)
    for _ in range(10):
        writer.write_mtp2("a", FISU, True, NOW)
    writer.flush()
    assert "No space left" in writer.failure
    assert len(packets(writer.path)) == 1


def test_folder_that_does_not_exist(tmp_path):
    told: list[str] = []
    writer = CaptureWriter(tmp_path / "missing" / "x.pcapng", on_failure=told.append)
    writer.write_mtp2("a", FISU, True, NOW)
    writer.close()
    assert len(told) == 1
    assert "No such file" in told[0]
