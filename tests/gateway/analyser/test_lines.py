import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.batches import batch_of

from tandem.gateway.analyser import speed
from tandem.gateway.analyser.lines import ERF, MTP2, MTP2_WITH_PSEUDO, MTP3, units

ISUP = b"\x85" + struct.pack("<I", 7 | 9 << 14 | 3 << 28) + b"\1\0\x06\1\0"
MSU = bytes((0, 0, len(ISUP))) + ISUP
KINDS = [MTP2, MTP2_WITH_PSEUDO, MTP3, ERF]
unit = st.builds(
    lambda before, octets, change: octets[: change[0]] + change[1] + octets[change[0] :],
    st.binary(max_size=4),
    st.sampled_from(
        [b"\0\0\0", b"\0\0\1\4", b"\0\0\2\0\0", bytes((0, 0, len(ISUP))) + ISUP, b"\0\0\x3f" + ISUP * 8, ISUP]
    ),
    st.tuples(st.integers(0, 9), st.binary(max_size=3)),
)


@pytest.mark.usefixtures("loops")
def test_what_units_are():
    octets = [b"\0\0\0", b"\0\0\1\4", MSU + b"fc", b"\0\0\x0f" + ISUP, b"\0"]
    found = units(batch_of(octets, MTP2), MTP2, False)
    assert found.fill_in.tolist() == [True, False, False, False, False]
    assert found.status.tolist() == [False, True, False, False, False]
    plain = np.flatnonzero(found.plain)
    assert plain.tolist() == [2, 3]
    assert [(found.opc[one], found.dpc[one], found.kind[one], found.relation[one] >> 28) for one in plain] == [
        (9, 7, 6, 2)
    ] * 2
    assert [found.octets[found.message[one] : found.stop[one]].tobytes() for one in plain] == [ISUP[5:]] * 2
    (link,) = units(batch_of([b"\1\0\1\2" + octets[2]], MTP2), MTP2_WITH_PSEUDO, True).link
    assert link == 0x102 << 1 | 1


@pytest.mark.skipif(speed.speedups is None, reason="Tandem was installed here without a C compiler")
@given(
    st.lists(st.one_of(unit, st.binary(max_size=12)), min_size=1, max_size=6),
    st.sampled_from([MTP2, MTP2_WITH_PSEUDO, MTP3]),
    st.booleans(),
)
def test_the_compiled_loop_says_the_same(packets, kind, fcs):
    if kind == ERF:
        heads = [
            bytes(8) + bytes((1 + 4 * (place % 3 == 1) + 0x80 * (place % 5 == 4),)) + bytes(7) for place in range(6)
        ]
        packets = [head[: 16 if packet else 9] + packet for head, packet in zip(heads, packets, strict=False)]
    batch = batch_of(packets, kind)
    one = units(batch, kind, fcs)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(speed, "speedups", None)
        other = units(batch, kind, fcs)
    for name in ("plain", "fill_in", "status"):
        assert getattr(one, name).tolist() == getattr(other, name).tolist(), name
    plain = np.flatnonzero(one.plain)
    for name in ("message", "stop", "opc", "dpc", "kind", "link", "relation"):
        assert getattr(one, name)[plain].tolist() == getattr(other, name)[plain].tolist(), name


@pytest.mark.usefixtures("loops")
def test_some_of_them_or_all():
    found = units(batch_of([MSU, b"\0\0\0", MSU], MTP2), MTP2, False)
    few = found.some(np.array([0, 2]))
    assert few.plain.tolist() == [True, True]
    assert few.message.tolist() == found.message[[0, 2]].tolist()
    assert found.some(np.arange(3)) is found
