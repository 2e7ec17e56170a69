"""Which peer a packet belongs to."""

import itertools

import pytest

from tandem.core.errors import ConfigurationError
from tandem.gateway.sctp import chunks
from tandem.gateway.sctp.configuration import AssociationSettings, SctpParameters
from tandem.gateway.sctp.paths import Route
from tandem.gateway.sctp.peers import Peers

OURS = ["192.0.2.1", "198.51.100.1"]
SETTINGS = AssociationSettings("x", ("192.0.2.9", "198.51.100.9"), 2905, local_addresses=("", OURS[1]))
INIT = bytes.fromhex("01000014 0a0b0c0d 00010000 0011 0040 00000001")


def book():
    return Peers(OURS, SctpParameters(), b"8 octets")


TOKENS = itertools.count(1)


def opened(peers, settings=SETTINGS, routes=None):
    return peers.peer(settings, routes or peers.routes(settings, 9899), lambda peer: next(TOKENS), 0.0)


def test_addresses_are_paired_in_order():
    assert book().routes(SETTINGS, 9899) == [Route(0, "192.0.2.9", 9899), Route(1, "198.51.100.9", 9899)]


def test_the_end_with_fewer_addresses_uses_its_last():
    one = AssociationSettings("x", ("192.0.2.9",), 2905, local_addresses=("", OURS[1]))
    assert book().routes(one, 1) == [Route(0, "192.0.2.9", 1), Route(1, "192.0.2.9", 1)]
    many = AssociationSettings("x", ("192.0.2.9", "192.0.2.8"), 2905)
    assert book().routes(many, 1) == [Route(0, "192.0.2.9", 1), Route(0, "192.0.2.8", 1)]


def test_versions_of_ip_do_not_mix():
    with pytest.raises(ConfigurationError, match="x: 2001:db8::1 cannot be reached from 192"):
        book().routes(AssociationSettings("x", ("2001:db8::1",), 2905), 9899)


def test_associations_to_the_same_place_have_one_peer():
    peers = book()
    assert opened(peers) is opened(peers, AssociationSettings("y", ("192.0.2.9",), 3565))
    other = AssociationSettings("z", ("192.0.2.7",), 3565)
    assert opened(peers, other) is not opened(peers)
    assert len(peers.all) == 2


def test_packets_are_known_by_their_tag_wherever_they_come_from():
    peers = book()
    first = [Route(0, "192.0.2.9", 5000)]
    peer = opened(peers, routes=first)
    peers.outgoing(peer, chunks.build(2905, 2906, 0, INIT))
    packet = chunks.build(2906, 2905, 0x0A0B0C0D, bytes(4))
    second = Route(1, "198.51.100.9", 6000)
    assert peers.of_packet(second, chunks.build(2906, 2905, 1, bytes(4)), 0.0) is None
    assert peers.of_packet(Route(1, "203.0.113.1", 6000), packet, 0.0) is None
    assert peers.of_packet(second, packet, 0.0) is peer
    assert peer.paths.routes == [*first, second]
    assert peers.of_packet(second, chunks.build(2906, 2905, 1, bytes(4)), 0.0) is peer
    assert peers.of_packet(second, b"short", 0.0) is None


def test_our_addresses_are_told_when_there_are_several():
    peers = book()
    told = peers.outgoing(opened(peers), chunks.build(2905, 2906, 0, INIT))
    assert told[32:] == bytes.fromhex("00050008 c0000201 00050008 c6336401")
    alone = AssociationSettings("y", ("192.0.2.7",), 2905)
    assert len(peers.outgoing(opened(peers, alone), chunks.build(2905, 2906, 0, INIT))) == 32


def test_unspecific_addresses_are_not_told():
    peers = Peers(["0.0.0.0", OURS[1]], SctpParameters(), b"8 octets")
    assert peers.outgoing(opened(peers), chunks.build(2905, 2906, 0, INIT))[32:] == bytes.fromhex("00050008 c6336401")


def test_a_forgotten_peer_leaves_nothing():
    peers = book()
    peer = opened(peers)
    for tag in range(1, 200):
        body = INIT[:4] + tag.to_bytes(4, "big") + INIT[8:]
        peers.outgoing(peer, chunks.build(2905, 2906, 0, body))
    assert len(peers._tags) == len(peer.tags) == 64
    peers.forget(peer)
    assert not peers.all
    assert not peers._tags
    assert not peers._routes
