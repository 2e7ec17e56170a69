"""What all messages share."""

from dataclasses import FrozenInstanceError

import pytest

from tandem.ss7.tup.message_base import Message, Signal
from tandem.ss7.tup.messages import AddressComplete, MessageType, Variant


def test_a_signal_has_no_content():
    signal = Signal(MessageType.RLG)
    assert (signal.name, signal.body(Variant.ITU), str(signal)) == ("RLG", b"", "RLG")
    with pytest.raises(FrozenInstanceError):
        signal.rest = b"\x00"


def test_octets_behind_the_known_fields_are_told():
    assert str(Signal(MessageType.RLG, rest=b"\xab")) == "RLG | rest ab"
    assert str(AddressComplete(free=True, rest=b"\x01")) == "ACM | kind charge, free | rest 01"
    assert AddressComplete.parse(b"\x25\x01\x02", Variant.ITU).rest == b"\x01\x02"


def test_the_base_is_no_message():
    with pytest.raises(NotImplementedError):
        Message(type=MessageType.RLG).body(Variant.ITU)
    assert str(Message(type=0x99)) == "heading 0x99"
