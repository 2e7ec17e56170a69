from __future__ import annotations

from tandem.hardware.framing.e1_timeslot0 import row, row_without_crc


def test_rows_are_table_5b_of_g704():
    assert row(0, False, 0b11, 0b0000) == bytes.fromhex("1B5F1B5F1BDF1B5F")
    assert row(1, False, 0b11, 0b0000) == bytes.fromhex("1BDF1BDF1BDF1BDF")
    assert row(0, False, 0b11, 0b1010) == bytes.fromhex("9B5F1B5F9BDF1B5F")
    assert row(1, True, 0b01, 0b0001) == bytes.fromhex("1BFF1BFF1B7F9BFF")


def test_without_crc_si_is_one():
    assert row_without_crc(False) == bytes.fromhex("9BDF") * 4
    assert row_without_crc(True) == bytes.fromhex("9BFF") * 4
