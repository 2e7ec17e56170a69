"""Protocol Data, affected point codes, routing keys."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.sigtran_vectors import captured

from tandem.core.errors import DecodeError, EncodeError
from tandem.core.sigtran.codes import Tag, TrafficMode, Type
from tandem.core.sigtran.common import Message, MessageError, Parameter
from tandem.ss7.sigtran.parameters import (
    AffectedPointCode,
    ProtocolData,
    RoutingKey,
    affected,
    deregistration_result,
    nested,
    parse_affected,
    parse_routing_key,
    registration_result,
    required,
)

CODES = st.integers(0, (1 << 24) - 1)


def test_protocol_data_as_captured():
    octets = next(item.octets for item in captured(3) if item.capture == "m3ua_94calls" and item.octets[2:4] == b"\1\1")
    value = Message.parse(octets).require(Tag.PROTOCOL_DATA).value
    data = ProtocolData.parse(value)
    assert {data.opc, data.dpc} == {1, 2}
    assert data.service == 5
    assert data.encode() == value


def test_protocol_data_that_does_not_fit():
    with pytest.raises(MessageError):
        ProtocolData.parse(bytes(11))
    with pytest.raises(EncodeError):
        ProtocolData(1, 2, 5, 2, 0, 256, b"").encode()
    with pytest.raises(EncodeError):
        ProtocolData(-1, 2, 5, 2, 0, 1, b"").encode()


def test_affected_point_codes_and_ranges():
    message = Message(Type.DUNA, (affected(5, AffectedPointCode(0x100, 8)),))
    assert message.parameters[0].value.hex() == "00000005" + "08000100"
    single, range_ = parse_affected(message)
    assert (single.matches(5), single.matches(4)) == (True, False)
    assert [code for code in (0xFF, 0x100, 0x1FF, 0x200) if range_.matches(code)] == [0x100, 0x1FF]
    assert AffectedPointCode(0, 255).matches(77)


def test_routing_key_by_hand():
    key = RoutingKey((0x102,), (5,), (0x304,), 9, TrafficMode.LOADSHARE)
    parameter = key.encode(1)
    assert parameter.encode().hex() == (
        "02070034" + "020a000800000001" + "000b000800000002" + "0200000800000009"
        "020b000800000102" + "020c000505000000" + "020e000800000304"
    )
    assert parse_routing_key(parameter) == (1, None, key)


@given(
    st.lists(CODES, min_size=1, max_size=3, unique=True),
    st.lists(st.integers(0, 15), max_size=3, unique=True),
    st.lists(CODES, max_size=3, unique=True),
    st.none() | st.integers(0, 2**32 - 1),
    st.none() | st.sampled_from(TrafficMode),
    st.none() | st.integers(0, 2**32 - 1),
)
def test_routing_keys_survive(dpcs, services, opcs, appearance, mode, context):
    key = RoutingKey(tuple(dpcs), tuple(services), tuple(opcs), appearance, mode)
    assert parse_routing_key(key.encode(3, context)) == (3, context, key)
    assert key.same_traffic(RoutingKey(tuple(dpcs[::-1]), tuple(services), tuple(opcs), appearance))
    assert key.accepts(opcs[0] if opcs else 1, dpcs[0], services[0] if services else 3)
    assert not key.accepts(None, dpcs[0] ^ 0x80_0000, 5) or dpcs[0] ^ 0x80_0000 in dpcs


def test_results():
    parts = nested(registration_result(7, 0, 42))
    assert (required(parts, Tag.LOCAL_ROUTING_KEY_ID), required(parts, Tag.ROUTING_CONTEXT)) == (7, 42)
    assert required(nested(deregistration_result(42, 4)), Tag.DEREGISTRATION_STATUS) == 4
    with pytest.raises(MessageError):
        required(parts, Tag.TRAFFIC_MODE)


@given(st.binary(max_size=60))
def test_any_octets(octets):
    for decode in (
        ProtocolData.parse,
        lambda value: parse_routing_key(Parameter(Tag.ROUTING_KEY, value)),
        lambda value: parse_affected(Message(Type.DUNA, (Parameter(Tag.AFFECTED_POINT_CODE, value),))),
    ):
        try:
            decode(octets)
        except DecodeError:
            continue
