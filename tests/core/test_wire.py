"""The bounded reader."""

import pytest

from tandem.core.errors import DecodeError
from tandem.core.wire import Reader


def test_reads_in_both_orders():
    reader = Reader(bytes.fromhex("0102030405060708090a"))
    assert reader.octet() == 1
    assert reader.uint16_le() == 0x0302
    assert reader.uint16_be() == 0x0405
    assert reader.uint32_be() == 0x06070809
    assert len(reader) == 1
    assert reader.rest() == b"\x0a"
    reader.finish()


@pytest.mark.parametrize("read", [Reader.octet, Reader.uint16_le, Reader.uint16_be, Reader.uint32_be])
def test_running_out_names_the_offset(read):
    with pytest.raises(DecodeError) as caught:
        read(Reader(b"\x00", offset=1))
    assert caught.value.offset == 1


def test_scope_must_be_consumed():
    reader = Reader(b"\x01\x02\x03\x04")
    inner = reader.scope(3, "inner")
    inner.octets(2)
    with pytest.raises(DecodeError, match="1 octets too many in inner") as caught:
        inner.finish("inner")
    assert caught.value.offset == 2
    assert reader.octet() == 4


def test_scope_cannot_exceed_its_parent():
    with pytest.raises(DecodeError, match="inner needs 5 octets, 4 left"):
        Reader(b"\x01\x02\x03\x04").scope(5, "inner")
