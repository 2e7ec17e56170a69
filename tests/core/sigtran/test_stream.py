"""Messages out of a byte stream."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.sigtran_vectors import captured

from tandem.core.sigtran.common import MessageError
from tandem.core.sigtran.stream import MessageSplitter

MESSAGES = [item.octets for item in captured(2, 3, 5) if int.from_bytes(item.octets[4:8], "big") == len(item.octets)]


@given(st.lists(st.integers(1, 200), min_size=1), st.integers(0, len(MESSAGES) - 5))
def test_chunk_by_chunk_equals_whole(sizes, start):
    messages = MESSAGES[start : start + 5]
    data = b"".join(messages)
    splitter, found, offset = MessageSplitter(), [], 0
    while offset < len(data):
        size = sizes[offset % len(sizes)]
        found += splitter.feed(data[offset : offset + size])
        offset += size
    assert found == messages
    assert splitter.waiting == 0


@pytest.mark.parametrize("bad", ["0300030100000008", "0100030100000004", "0100030180000000"])
def test_what_cannot_be_a_message_ends_the_stream_after_the_good_ones(bad):
    splitter = MessageSplitter()
    assert splitter.feed(MESSAGES[0] + bytes.fromhex(bad)) == MESSAGES[:1]
    with pytest.raises(MessageError):
        splitter.feed(b"")
