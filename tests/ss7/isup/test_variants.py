"""What the variants change."""

import pytest

from tandem.core.errors import EncodeError
from tandem.ss7.isup.codes import MessageType
from tandem.ss7.isup.indicators import CallingPartysCategory, ForwardCallIndicators, NatureOfConnectionIndicators
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.numbers import CalledPartyNumber
from tandem.ss7.isup.services import CircuitGroupCharacteristicIndicator, CircuitValidationResponseIndicator
from tandem.ss7.isup.transport import Capability, Layer1, UserServiceInformation
from tandem.ss7.isup.variants import CODINGS, Variant


def test_cic_width():
    octets = b"\xff\xff\x12"
    assert Message.parse(octets).cic == 0xFFF
    assert Message.parse(octets, Variant.CHINA).cic == 0xFFF
    assert Message.parse(octets, Variant.ANSI).cic == 0x3FFF
    with pytest.raises(EncodeError, match="CIC 4096"):
        Message.build(MessageType.RSC, 4096).encode()
    assert Message.build(MessageType.RSC, 4096).encode(Variant.ANSI) == b"\x00\x10\x12"


def test_ansi_iam_has_the_bearer_instead_of_the_medium():
    message = Message.build(
        MessageType.IAM,
        3,
        [
            CalledPartyNumber("5551212"),
            UserServiceInformation.of(Capability.SPEECH, Layer1.MU_LAW),
            NatureOfConnectionIndicators(),
            ForwardCallIndicators(),
            CallingPartysCategory(),
        ],
        variant=Variant.ANSI,
    )
    assert message.encode() == bytes.fromhex("030001 00 0000 0a 03 06 00 03 8090a2 06 83 10 55151202".replace(" ", ""))
    assert Message.parse(message.encode(), Variant.ANSI) == message
    with pytest.raises(EncodeError, match="Transmission medium requirement"):
        message.encode(Variant.ITU)


def test_ansi_rlc_has_no_pointer():
    assert Message.build(MessageType.RLC, 1).encode() == b"\x01\x00\x10\x00"
    assert Message.build(MessageType.RLC, 1).encode(Variant.ANSI) == b"\x01\x00\x10"
    assert Message.parse(b"\x01\x00\x10").type is MessageType.RLC


def test_circuit_validation_exists_in_ansi_only():
    message = Message.build(
        MessageType.CVR,
        9,
        [CircuitValidationResponseIndicator(True), CircuitGroupCharacteristicIndicator(carrier=2)],
        variant=Variant.ANSI,
    )
    octets = message.encode()
    assert octets == b"\x09\x00\xeb\x01\x02\x00"
    foreign = Message.parse(octets)
    assert foreign.type == 0xEB
    assert not isinstance(foreign.type, MessageType)
    assert foreign.body == b"\x01\x02\x00"


def test_chinese_messages_keep_their_body():
    octets = b"\x01\x00\xfd\x02\x01\x00"
    message = Message.parse(octets, Variant.CHINA)
    assert message.type is MessageType.MPM
    assert message.encode() == octets
    assert Message.parse(octets).type == 0xFD


def test_every_format_is_of_a_named_type():
    for coding in CODINGS.values():
        assert set(coding.formats) <= set(coding.types)


def test_priorities_are_those_of_networks_with_congestion_levels():
    ansi = CODINGS[Variant.ANSI].priorities
    assert [ansi.get(kind, 0) for kind in (MessageType.IAM, MessageType.BLO, MessageType.REL, MessageType.RLC)] == [
        0, 0, 1, 2,
    ]  # fmt: skip
    assert not CODINGS[Variant.ITU].priorities


def test_japan_is_coded_as_itu():
    message = Message.build(MessageType.RLC, 5)
    assert message.encode(Variant.JAPAN) == message.encode(Variant.ITU)
    assert CODINGS[Variant.JAPAN].types == CODINGS[Variant.ITU].types
