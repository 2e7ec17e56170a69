from pathlib import Path

import numpy as np

from tandem.gateway.analyser.dissect import Options
from tandem.gateway.analyser.model import Message, Protocol, Where
from tandem.gateway.analyser.revisit import batches, details, messages, pick

CAPTURE = str(Path(__file__).parents[2] / "vectors" / "isup" / "captures" / "m3ua_94calls_wireshark.pcap")


def test_packets_have_the_same_numbers_again():
    (batch,) = batches([CAPTURE])
    picked = pick(batch, {5, 810, 900})
    assert picked.number.tolist() == [5, 810]
    assert picked.octets(0) == batch.octets(4)
    assert np.array_equal(picked.time, batch.time[[4, 809]])


def test_messages_of_packets():
    found = list(messages([CAPTURE], Options(), set(range(1, 400))))
    assert {message.type for message in found} >= {"IAM", "ACM"}
    assert all(message.packet < 400 and message.protocol is Protocol.ISUP for message in found)
    assert "Called party number" in details(found[0])


def test_details_of_what_cannot_be_decoded():
    where = Where(variant="itu")
    assert details(Message(1, 0.0, Protocol.ISUP, "IAM", where, b"\0")).startswith("cannot be decoded")
    assert details(Message(1, 0.0, Protocol.SIP, "INVITE", where, b"a\r\n\xff")) == "a\n\ufffd"
    assert "RLG" in details(Message(1, 0.0, Protocol.TUP, "RLG", where, bytes((7, 2, 0x17))))


def test_the_user_user_element_of_h225_has_a_longer_length():
    setup = bytes.fromhex("0802000605 04038090a2 70058039383030 7e00030522c0")
    text = details(Message(1, 0.0, Protocol.H225, "SETUP", Where(), setup))
    assert "Called party number" in text
    assert text.endswith("126  User-user: H.225.0, not decoded")
    assert "malformed" not in text
