import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from support.packet_files import data_chunk, ethernet, file_of, ipv4, pcap, sctp

from tandem.gateway.analyser.bulk import circuits
from tandem.gateway.analyser.model import Where
from tandem.gateway.analyser.network import transports
from tandem.gateway.analyser.pcap import read_pcap
from tandem.gateway.analyser.quick import is_alerting, release
from tandem.gateway.analyser.rows import NAMES, Rows, key_of, rows_of

from .test_bulk import m3ua


def rows(messages):
    chunks = [data_chunk(number, m3ua(octets)) for number, octets in enumerate(messages, 1)]
    octets = pcap([(number, ethernet(ipv4(sctp([chunk]), 132))) for number, chunk in enumerate(chunks)])
    (batch,) = read_pcap(file_of(octets), print)
    found = transports(batch)[0]
    plain, done = circuits(found)
    assert done.all()
    count = np.arange(len(messages))
    return rows_of(found.view, plain, batch.buffer, count + 1, batch.time, np.zeros_like(count))


@given(
    st.lists(
        st.builds(
            lambda kind, rest: bytes((5, 0, kind)) + rest,
            st.sampled_from((1, 6, 0x2C, 0x0C, 0x10)),
            st.one_of(st.binary(max_size=9), st.binary(max_size=4).map(lambda more: b"\2\0\2\x82\x90" + more)),
        ),
        min_size=1,
        max_size=9,
    )
)
def test_details_as_the_readers_of_single_messages_see_them(messages):
    found = rows(messages)
    assert found.octets.tolist() == messages
    for index, octets in enumerate(messages):
        name = NAMES[octets[2]]
        assert bool(found.alerting[index]) == (name in ("ACM", "CPG") and is_alerting(name, octets))
        expected = release(octets) if name == "REL" else None
        assert (int(found.cause[index]), int(found.location[index])) == (expected or (-1, 0))
    ends = Where("a", "b", 1, 2, 2, "itu")
    (last,) = found.messages(np.array([len(messages) - 1]), [ends])
    assert (last.packet, last.type, last.octets, last.where) == (len(messages), name, messages[-1], ends)


def test_both_directions_are_one_circuit_and_others_are_not():
    opc, dpc, cic = (np.array(column) for column in zip((1, 2, 7), (2, 1, 7), (1, 2, 8), (1, 3, 7), strict=True))
    keys = key_of(opc, dpc, cic).tolist()
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3


def test_joined_and_some():
    one, two = rows([b"\1\0\x10\0"]), rows([b"\2\0\x10\0", b"\3\0\x0c\2\0\2\x82\x90"])
    both = Rows.joined([one, Rows.none(), two])
    assert both.names() == {"RLC": 2, "REL": 1}
    assert both.some(np.array([2, 0])).octets.tolist() == [two.octets[1], one.octets[0]]
    assert len(Rows.joined([])) == 0
