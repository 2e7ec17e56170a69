"""The compiled loops beside what they stand for; octets and places of any kind give an answer or an error."""

from itertools import pairwise

import numpy as np
import pytest
from bench.traffic import generate
from hypothesis import given, settings
from hypothesis import strategies as st
from support.batches import batch_of
from support.bulk_analysis import analysed
from support.packet_files import data_chunk, ethernet, ipv4, ipv6, rtp, sctp, udp

from tandem.gateway.analyser import bulk, network, packets, pcap, plain, rows, sipblocks, sipbulk, sipplain, speed
from tandem.gateway.analyser.cells import COLUMNS, OUTCOMES, Table, row_of
from tandem.gateway.analyser.legs import _end
from tandem.gateway.analyser.model import CallRecord, RtpPackets
from tandem.gateway.analyser.quick import initial_address, initial_addresses
from tandem.gateway.analyser.sipkeys import texts
from tandem.gateway.analyser.speech import Streams
from tandem.gateway.analyser.texts import Texts

from .test_bulk import BUNDLES, OTHERS, PACKETS

speedups = speed.speedups
pytestmark = pytest.mark.skipif(speedups is None, reason="Tandem was installed here without a C compiler")


def m2pa():
    """User data with an RLC between 1 and 2."""
    label = (1 << 14 | 2).to_bytes(4, "little")
    msu = bytes([0x85]) + label + bytes((7, 0, 0x10, 0))
    return bytes.fromhex("01000b01") + (17 + len(msu)).to_bytes(4, "big") + bytes(9) + msu


@given(st.binary(max_size=200))
def test_hashes_of_texts(text):
    padded = np.frombuffer(text + bytes(16), np.uint8)
    assert speedups.text_key(text) == int(texts(padded, np.zeros(1, np.int64), np.array([len(text)]))[0])


@given(
    st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 999_999), st.integers(0, 40)), max_size=30),
    st.sampled_from("<>"),
    st.binary(max_size=40),
)
def test_records_of_a_file(given_packets, order, rest):
    numbers = "little" if order == "<" else "big"
    buffer = b"".join(
        b"".join(number.to_bytes(4, numbers) for number in (second, part, size, size + 1)) + bytes(size)
        for second, part, size in given_packets
    )
    batch, end, bad = pcap._split(buffer + rest, order, 1e-6, 1)
    starts, other_end, other_bad = pcap._records(buffer + rest, order)
    other = pcap._batch(buffer + rest, starts, order, 1e-6, 1)
    assert (end, bad) == (other_end, other_bad)
    for name in ("start", "length", "original", "time"):
        assert getattr(batch, name).tolist() == getattr(other, name).tolist()


address = st.builds(
    lambda fixed, called, rest: fixed + bytes((2, 2 + len(called) if rest else 0, len(called))) + called + rest,
    st.binary(min_size=8, max_size=8),
    st.binary(max_size=12),
    st.one_of(
        st.binary(max_size=20),
        st.binary(max_size=9).map(lambda octets: bytes((10, len(octets))) + octets + b"\0"),
        st.binary(max_size=9).map(lambda octets: b"\x08\1\0" + bytes((10, len(octets))) + octets),
    ),
)


@given(st.lists(st.one_of(address, st.binary(max_size=30)), min_size=1, max_size=8))
def test_numbers_of_initial_addresses(messages):
    names, natures = initial_addresses(Texts.made_of(messages))
    for text, (calling, called), octets in zip(names.tolist(), natures.tolist(), messages, strict=True):
        expected = initial_address(octets)
        if expected is None:
            assert called == -2
        else:
            digits = text.decode().split("\n")
            assert (digits[1], called, digits[0], calling) == expected


@given(st.lists(st.text("0123456789+*ab", max_size=12), min_size=1, max_size=6))
def test_digits_by_which_calls_are_joined(numbers):
    small = Texts.made_of([b"\n" + number.encode() for number in numbers])
    called, call_ids = np.zeros(len(numbers), np.uint64), np.zeros(len(numbers), np.uint64)
    speedups.joints(small.buffers[0], small.begin, small.end, 7, 3, called, call_ids)
    assert called.tolist() == [speedups.text_key(_end(number).encode()) for number in numbers]
    assert not call_ids.any()


times = st.one_of(st.just(float("nan")), st.floats(-10, 1e6), st.integers(-1000, 10**7).map(lambda n: n / 200))


@given(
    st.integers(0, 10**7), st.floats(0, 4e9), st.booleans(), st.text("0123456789", max_size=20),
    st.text("0123456789", max_size=20), st.integers(-1, 4095), st.integers(0, len(OUTCOMES) - 1), st.integers(-1, 127),
    st.integers(-1, 699), times, times, st.integers(1, 14),
)  # fmt: skip
def test_lines_of_the_table(number, start, dated, calling, called, cic, outcome, cause, status, delay, talk, width):
    table = Table([width] * len(COLUMNS), {"busy": "\x1b[33mbusy\x1b[0m"}, dated)
    table.show([("a:1", "b")])
    columns = (np.array([value]) for value in (cic, outcome, cause, status, delay, talk, 0))
    names = Texts.made_of([f"{calling}\n{called}".encode()])
    (line,) = table.lines("isup", np.array([number]), np.array([start]), names, *columns).tolist()
    record = CallRecord(
        protocol="isup" if cic >= 0 else "sip", id=f"isup-{number}", outcome=OUTCOMES[outcome], start=start,
        calling=calling, called=called, source="a:1", destination="b",
    )  # fmt: skip
    record.cic, record.cause, record.status = (None if value < 0 else value for value in (cic, cause, status))
    record.post_dial_delay, record.duration = (None if value != value else value for value in (delay, talk))
    assert line.decode() == table.line(row_of(record, dated)) + "\n"


@given(st.binary(max_size=300), st.lists(st.integers(-5, 400), min_size=2, max_size=2))
def test_places_outside_are_refused(octets, edges):
    begin, end = (np.array([edge], np.int64) for edge in edges)
    columns = [np.zeros(1, kind) for kind in ("i2", "i1", "i8", "u8", "u8", "u1")]
    spans, names, named = np.zeros(7, np.int64), np.empty(len(octets), np.uint8), np.zeros((1, 2), np.int64)
    for work in (
        lambda: speedups.sip(octets, begin, end, begin, np.zeros(1, "u1"), *columns, spans, names, named, names, named),
        lambda: speedups.addresses(octets, begin, end, names, named, columns[0], columns[0].copy()),
        lambda: speedups.joints(octets, begin, end, 7, 3, columns[3], columns[4]),
        lambda: speedups.gathered([octets], np.zeros(1, np.int32), begin, end),
    ):
        try:
            work()
        except IndexError:
            continue
        assert 0 <= edges[0] <= edges[1] <= len(octets)


@given(st.integers(-5, 400), st.integers(0, 2))
def test_addresses_outside_are_refused(address, six):
    octets = b"INVITE sip:1@a SIP/2.0\r\nFrom: <sip:2@b>;tag=1\r\nTo: <sip:1@a>\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n\r\n"
    octets += b"v=0\r\nc=IN IP4 a\r\nm=audio 4 RTP/AVP 8\r\na=ptime:20\r\na=inactive"
    columns = [np.zeros(1, kind) for kind in ("i2", "i1", "i8", "u8", "u8", "u1")]
    spans, names, named = np.zeros(7, np.int64), np.empty(300, np.uint8), np.zeros((1, 2), np.int64)
    words, worded = np.empty(300, np.uint8), np.zeros((1, 2), np.int64)
    begin, end, at = np.array([0]), np.array([len(octets)]), np.array([address])
    try:
        used, spoken = speedups.sip(
            octets, begin, end, at, np.array([six], "u1"), *columns, spans, names, named, words, worded
        )
    except IndexError:
        assert not 0 <= address <= len(octets) - (32 if six else 8)
    else:
        assert names[:used].tobytes() == b"x\n2\n1"
        assert words[:spoken].tobytes() == b"c=IN IP4 a\r\nm=audio 4 RTP/AVP 8\r\na=inactive"
        assert (spans[6], worded.tolist()) == (octets.index(b"\n"), [[0, spoken]])


@given(st.lists(st.integers(0, 5), min_size=1, max_size=40))
def test_keys_are_grouped(numbers):
    keys = np.array(numbers, np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    order = packets.grouped(keys).tolist()
    assert sorted(order) == list(range(len(numbers)))
    found = [numbers[place] for place in order]
    assert all(found.index(one) + found.count(one) > place for place, one in enumerate(found))
    assert all(
        one != other or place < after for (place, one), (after, other) in pairwise(zip(order, found, strict=True))
    )


frames = st.builds(
    lambda tags, kind, ip, change: bytes(12) + tags + kind + ip[: change[0]] + change[1] + ip[change[0] :],
    st.sampled_from([b"", b"\x81\0\0\5", b"\x88\xa8\0\5\x81\0\0\6", b"\x91\0" * 8]),
    st.sampled_from([b"\x08\0", b"\x08\0", b"\x86\xdd", b"\x08\x06"]),
    st.sampled_from([ipv4(udp(rtp(1, 2)), 17), ipv4(bytes(40), 6), ipv4(bytes(14), 132), ipv6(udp(b"12345678"), 17)]),
    st.tuples(st.integers(0, 40), st.one_of(st.just(b""), st.binary(max_size=3))),
)


@given(st.lists(st.one_of(frames, st.binary(max_size=60)), min_size=1, max_size=8))
def test_transports_of_frames(packets):
    batch = batch_of(packets, network.ETHERNET)
    (one, fragments), (other, other_fragments) = network.transports(batch), network._in_numpy(batch)
    for name in ("index", "protocol", "start", "end", "address", "six", "source", "destination"):
        assert getattr(one, name).tolist() == getattr(other, name).tolist()
    longer = (one.protocol == 17) & (one.end - one.start > 8)
    assert one.first[longer].tolist() == other.first[longer].tolist()
    assert fragments == other_fragments


packet = st.tuples(
    st.integers(0, 2), st.integers(0, 2), st.sampled_from([0, 1, 2, 65535, 40000]), st.integers(0, 2**32 - 1),
    st.integers(0, 127), st.floats(0, 100),
)  # fmt: skip


@given(st.lists(st.lists(packet, min_size=1, max_size=12), max_size=4))
def test_streams_of_packets(batches):
    one, other = Streams(), Streams()
    for batch in batches:
        flow, ssrc, sequence, stamp, kind, time = (np.array(column) for column in zip(*batch, strict=True))
        taken = RtpPackets(
            packet=np.arange(len(batch)), time=time, flow=flow, flows=[("a", "b"), ("b", "a"), ("c", "d")],
            payload_type=kind.astype(np.uint8), sequence=sequence.astype(np.uint16), timestamp=stamp.astype(np.uint32),
            ssrc=ssrc.astype(np.uint32), length=flow, start=flow, marker=flow > 0,
        )  # fmt: skip
        one.take(taken)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(speed, "speedups", None)
            other.take(taken)
    found, expected = one.state(), other.state()
    assert sorted(found.keys) == sorted(expected.keys)
    order = [found.keys.index(key) for key in expected.keys]
    for name in found.state.dtype.names:
        assert found.state[name][order] == pytest.approx(expected.state[name], rel=1e-12, abs=1e-6, nan_ok=True)
    assert (found.kinds[order] == expected.kinds).all()


@given(st.lists(st.integers(0, 1), min_size=1, max_size=40), st.binary(min_size=60, max_size=60))
def test_flows_are_told_by_their_addresses_and_ports(places, octets):
    count = len(places)
    address, port = np.array(places) * 7, np.array(places) % 2
    flow, heads = np.empty(count, np.int64), np.empty(count, np.int64)
    found = speedups.flows(
        octets, address, np.zeros(count, np.uint8), port, port, flow, heads, np.empty(count, np.uint64),
        np.zeros(speed.room(count), np.int32),
    )  # fmt: skip
    assert found == len(set(places))
    assert [places[heads[number]] for number in flow.tolist()] == places


@given(
    st.sampled_from([*PACKETS.values(), *BUNDLES.values(), *OTHERS.values(), sctp([data_chunk(1, m2pa(), ppid=5)])]),
    st.integers(0, 100), st.binary(max_size=4), st.booleans(),
)  # fmt: skip
def test_messages_in_sctp(octets, place, change, with_m2pa):
    spoilt = octets[:place] + change + octets[place + len(change) :]
    found, _ = network.transports(batch_of([ethernet(ipv4(packet, 132)) for packet in (octets, spoilt)], 1))
    one, done = bulk.circuits(found, with_m2pa)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(speed, "speedups", None)
        other, other_done = bulk.circuits(found, with_m2pa)
    assert done.tolist() == other_done.tolist()
    for name in bulk.Circuits.__slots__:
        assert getattr(one, name).tolist() == getattr(other, name).tolist(), name


circuit_message = st.tuples(
    st.integers(0, 2), st.sampled_from([1, 1, 6, 6, 44, 9, 12, 12, 16, 16, 45]), st.integers(0, 3), st.booleans(),
    st.integers(-1, 1), st.booleans(),
)  # fmt: skip


@given(st.lists(circuit_message, max_size=60), st.sampled_from([1, 3, 500]))
def test_calls_on_circuits(messages, most):
    keys, kinds, steps, alerting, cause, opc = (
        (np.array(column) for column in zip(*messages, strict=True)) if messages else [np.zeros(0, np.int64)] * 6
    )
    found = rows.Rows.none()
    found.key, found.kind, found.time = keys.astype(np.uint64), kinds.astype(np.uint8), np.cumsum(steps) / 4
    found.cause, found.opc, found.alerting = cause.astype(np.int16), opc.astype(np.int64), alerting.astype(np.bool_)
    found.location = (np.arange(len(keys)) % 7).astype(np.int8)
    (order, _, ends), odd = packets.groups(found.key), np.zeros(len(keys), np.bool_)
    odd[5:6] = True
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plain, "MOST_MESSAGES", most)
        one, other = plain._compiled_calls(found, order, ends, odd), plain._calls(found, order, ends, odd)
    assert [column.tolist() for column in one] == [column.tolist() for column in other]
    _, start, stop = one
    if len(start):
        size = stop - start
        which = np.concatenate([order[first:last] for first, last in zip(start, stop, strict=True)])
        told, expected = (
            work(found, which, np.cumsum(size) - size, size) for work in (plain._compiled_told, plain._told)
        )
        assert told.keys() == expected.keys()
        for name, column in expected.items():
            assert told[name].dtype == column.dtype
            assert np.array_equal(told[name], column, equal_nan=column.dtype == float), name


dialog_message = st.tuples(
    st.integers(0, 3), st.sampled_from([-1, -1, -2, -3, -4, 100, 180, 183, 200, 200, 407, 486]), st.integers(1, 4),
    st.integers(1, 2), st.integers(0, 1), st.booleans(), st.integers(-1, 1), st.integers(0, 9),
)  # fmt: skip


@given(st.lists(dialog_message, min_size=1, max_size=60), st.sampled_from([4, 500]))
def test_calls_of_sip(messages, most):
    key, kind, method, sequence, tag, opens, cause, odd = (np.array(column) for column in zip(*messages, strict=True))
    order, _, ends = packets.groups(key.astype(np.uint64))
    count = len(key)
    found = sipbulk._rows(*(Texts.made_of([b"INVITE sip:a"] * count) for _ in range(3)))
    found.key, found.kind, found.method = key.astype(np.uint64), kind.astype(np.int16), method.astype(np.int8)
    found.sequence, found.tag, found.cause = sequence, tag.astype(np.uint64), cause.astype(np.int16)
    found.time, found.opens = np.arange(count) / 8, (kind == -1) & opens
    found.opens[order[np.concatenate(([0], ends[:-1]))]] = True
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sipplain, "MOST_MESSAGES", most)
        one, other = (work(found, order, ends, odd == 0) for work in (sipplain._compiled_verdict, sipplain._verdict))
    assert one.tolist() == other.tolist()
    found.retry = (kind == -1) & ~found.opens
    size = np.diff(ends, prepend=0)
    (refused, told), (refusals, expected) = (
        work(found, order, ends - size, size) for work in (sipblocks._compiled_told, sipblocks._told)
    )
    assert refused.tolist() == refusals.tolist()
    assert told.keys() == expected.keys()
    for name, column in expected.items():
        assert told[name].dtype == column.dtype
        assert np.array_equal(told[name], column, equal_nan=column.dtype == float), name


@given(st.lists(st.one_of(st.binary(min_size=3, max_size=12), st.builds(
    lambda cic, kind, rest: cic + bytes([kind]) + rest, st.binary(min_size=2, max_size=2),
    st.sampled_from([6, 12, 44]), st.lists(st.integers(0, 255) | st.integers(1, 4), max_size=10).map(bytes),
)), min_size=1, max_size=6), st.integers(0, 3), st.integers(0, 3))  # fmt: skip
def test_what_messages_on_circuits_say(messages, opc, dpc):
    texts_of = Texts.made_of(messages)
    octets = np.frombuffer(texts_of.buffers[0] + bytes(16), np.uint8)
    columns = {name: np.zeros(len(messages), np.int64) for name in bulk.Circuits.__slots__}
    columns |= {"message": texts_of.begin, "stop": texts_of.end}
    columns |= {
        "kind": octets[texts_of.begin + 2].astype(np.int64),
        "opc": columns["opc"] + opc,
        "dpc": columns["dpc"] + dpc,
    }
    told, expected = (work(octets, bulk.Circuits(**columns)) for work in (rows._compiled, rows._told))
    assert {name: column.tolist() for name, column in told.items()} == {
        name: column.tolist() for name, column in expected.items()
    }


@given(st.lists(st.integers(0, 5), max_size=30))
def test_groups_are_the_same(numbers):
    order, of, ends = packets.groups(np.array(numbers, np.uint64))
    assert sorted(order.tolist()) == list(range(len(numbers)))
    starts = [0, *ends.tolist()]
    assert [of[order[first:last]].tolist() for first, last in pairwise(starts)] == [
        [group] * (last - first) for group, (first, last) in enumerate(pairwise(starts))
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(speed, "speedups", None)
        again, of_again, ends_again = packets.groups(np.array(numbers, np.uint64))
    assert sorted(np.diff(ends, prepend=0)) == sorted(np.diff(ends_again, prepend=0))
    assert of_again[again].tolist() == np.repeat(np.arange(len(ends)), np.diff(ends_again, prepend=0)).tolist()


@pytest.fixture(scope="module")
def captures(tmp_path_factory):
    """A short one of each kind."""
    folder, found = tmp_path_factory.mktemp("captures"), []
    for mix in ("sip", "signalling", "speech", "isup"):
        generate(folder / mix, 150, mix)
        found.append((folder / mix).read_bytes())
    return found


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 3),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=3)), max_size=20),
)
def test_spoilt_captures_are_the_same(captures, which, changes):
    octets = bytearray(captures[which])
    for place, change in changes:
        at = 24 + int(place * (len(octets) - 24))
        octets[at : at + len(change)] = change
    compiled = analysed(bytes(octets), True, 100)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(speed, "speedups", None)
        assert analysed(bytes(octets), True, 100) == compiled
