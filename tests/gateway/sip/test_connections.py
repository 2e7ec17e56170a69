"""Which connection carries what, and who is given up when."""

from dataclasses import replace

import pytest

from tandem.gateway.sip.connections import (
    CloseConnection,
    ConnectionLost,
    Connections,
    MessageReceived,
    OpenConnection,
    SendFailed,
    StreamLimits,
    Write,
)
from tandem.gateway.sip.endpoint import Stream

PEER = Stream("192.0.2.1", 5060, "tcp")
LIMITS = StreamLimits()
MESSAGE = b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 0\r\n\r\n"


def machine(**limits):
    return Connections(replace(LIMITS, **limits))


def opened(connections, now=0.0):
    """A connection of ours that is open."""
    connections.send(b"first", PEER, now)
    (order, *_) = connections.outputs()
    connections.connected(order.connection, now)
    connections.outputs()
    return order.connection


def test_the_first_message_opens_and_the_next_reuse():
    connections = machine()
    connections.send(b"1", PEER, 0.0)
    connections.send(b"2", PEER, 0.0)
    assert connections.outputs() == [OpenConnection(1, PEER)]
    connections.connected(1, 1.0)
    assert connections.outputs() == [Write(1, b"1"), Write(1, b"2")]
    connections.send(b"3", PEER, 2.0)
    assert connections.outputs() == [Write(1, b"3")]


def test_another_transport_or_certificate_is_another_connection():
    connections = machine()
    for peer in (PEER, PEER._replace(transport="tls"), PEER._replace(transport="tls", name="a"), PEER._replace(port=9)):
        connections.send(b"x", peer, 0.0)
    assert [output.connection for output in connections.outputs()] == [1, 2, 3, 4]


def test_a_response_goes_back_on_the_connection_of_its_request_else_to_the_port_of_via():
    connections = machine()
    number = connections.accepted("tcp", "192.0.2.1", 40000, 0.0)
    connections.received(number, MESSAGE, 0.0)
    assert connections.outputs() == [MessageReceived(MESSAGE, Stream("192.0.2.1", 40000, "tcp", number))]
    back = Stream("192.0.2.1", 5060, "tcp", number)
    connections.send(b"200", back, 0.0)
    assert connections.outputs() == [Write(number, b"200")]
    connections.closed(number, "gone")
    assert [type(output) for output in connections.outputs()] == [ConnectionLost]
    connections.send(b"200", back, 0.0)
    assert connections.outputs() == [OpenConnection(2, PEER)]


def test_an_alias_is_used_for_requests_to_the_peer():
    """RFC 5923 5: the peer says with `alias` that its listening port is reached by the connection it opened."""
    connections = machine()
    number = connections.accepted("tcp", "192.0.2.1", 40000, 0.0)
    connections.alias(number, 5060)
    connections.send(b"x", PEER, 0.0)
    assert connections.outputs() == [Write(number, b"x")]
    connections.closed(number, "gone")
    connections.outputs()
    connections.send(b"x", PEER, 0.0)
    assert connections.outputs() == [OpenConnection(2, PEER)]


def test_an_alias_never_takes_over_a_connection_of_ours():
    connections = machine()
    ours = opened(connections)
    theirs = connections.accepted("tcp", "192.0.2.1", 40000, 0.0)
    connections.alias(theirs, 5060)
    connections.send(b"x", PEER, 0.0)
    assert connections.outputs() == [Write(ours, b"x")]


def test_a_peer_that_does_not_accept():
    connections = machine()
    connections.send(b"1", PEER, 0.0)
    connections.send(b"2", PEER, 0.0)
    connections.outputs()
    connections.closed(1, "refused")
    assert connections.outputs() == [SendFailed(b"1", PEER, "refused"), SendFailed(b"2", PEER, "refused")]
    assert len(connections) == 0


def test_a_peer_that_does_not_even_refuse():
    connections = machine()
    connections.send(b"1", PEER, 0.0)
    connections.outputs()
    assert connections.next_deadline() == LIMITS.connect
    connections.handle_timers(LIMITS.connect)
    assert [type(output) for output in connections.outputs()] == [CloseConnection, SendFailed]


@pytest.mark.parametrize(
    ("octets", "seconds"),
    [(b"", LIMITS.first_message), (MESSAGE[:9], LIMITS.message)],
    ids=["says nothing", "begins and stops"],
)
def test_a_slow_peer_is_given_up(octets, seconds):
    connections = machine()
    number = connections.accepted("tcp", "192.0.2.1", 40000, 0.0)
    if octets:
        connections.received(number, octets, 0.0)
    connections.handle_timers(seconds)
    outputs = connections.outputs()
    assert isinstance(outputs[0], CloseConnection)
    assert len(connections) == 0


def test_an_octet_now_and_then_buys_no_time():
    connections = machine()
    number = connections.accepted("tcp", "192.0.2.1", 40000, 0.0)
    for second in range(11):
        connections.received(number, b"A", float(second))
        connections.handle_timers(float(second))
    assert len(connections) == 0


def test_whole_messages_restart_the_clock():
    connections = machine()
    number = connections.accepted("tcp", "192.0.2.1", 40000, 0.0)
    for second in range(0, 60, 5):
        connections.received(number, MESSAGE + MESSAGE[:10], float(second))
        connections.handle_timers(float(second))
        connections.received(number, MESSAGE[10:], float(second))
    assert len(connections) == 1


def test_a_peer_that_does_not_read():
    connections = machine()
    number = opened(connections)
    connections.blocked(number, 0.0)
    connections.send(b"x", PEER, 0.0)
    assert connections.outputs() == []
    connections.unblocked(number)
    assert connections.outputs() == [Write(number, b"x")]
    connections.blocked(number, 5.0)
    connections.send(b"y", PEER, 5.0)
    connections.handle_timers(5.0 + LIMITS.blocked)
    assert connections.outputs() == [
        CloseConnection(number, "the peer does not read"),
        SendFailed(b"y", PEER, "the peer does not read"),
        ConnectionLost(PEER._replace(connection=number), "the peer does not read"),
    ]


def test_what_waits_is_bounded():
    connections = machine(backlog=1000)
    for _ in range(11):
        connections.send(b"x" * 100, PEER, 0.0)
    kinds = [type(output) for output in connections.outputs()]
    assert kinds == [OpenConnection, CloseConnection, *[SendFailed] * 11]


def test_connections_from_one_address_and_in_all_are_bounded():
    connections = machine(per_address=2, connections=3)
    numbers = [connections.accepted("tcp", "192.0.2.1", 40000 + n, 0.0) for n in range(3)]
    assert numbers == [1, 2, None]
    assert (connections.why_not("192.0.2.1"), connections.why_not("192.0.2.2")) == (
        "connections_per_address",
        "connections",
    )
    assert connections.accepted("tcp", "192.0.2.2", 1, 0.0) == 3
    assert connections.accepted("tcp", "192.0.2.3", 1, 0.0) is None
    connections.send(b"x", PEER, 0.0)
    assert [type(output) for output in connections.outputs()] == [SendFailed]
    connections.closed(1, "gone")
    assert connections.accepted("tcp", "192.0.2.1", 50000, 0.0) == 4


def test_a_stream_that_cannot_be_followed_is_closed():
    connections = machine()
    number = connections.accepted("tcp", "192.0.2.1", 40000, 0.0)
    connections.received(number, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 0.0)
    assert isinstance(connections.outputs()[0], CloseConnection)
    assert connections.statistics["broken streams"] == 1


def test_pings_are_answered():
    connections = machine()
    number = connections.accepted("tcp", "192.0.2.1", 40000, 0.0)
    connections.received(number, b"\r\n\r\n", 0.0)
    assert connections.outputs() == [Write(number, b"\r\n")]


def test_a_peer_that_answers_pings_must_go_on_doing_so():
    """RFC 5626 4.4.1; one that never answered is not held to it."""
    connections = machine()
    number = opened(connections)
    connections.handle_timers(120.0)
    assert connections.outputs() == [Write(number, b"\r\n\r\n")]
    connections.received(number, b"\r\n", 121.0)
    connections.handle_timers(240.0)
    connections.outputs()
    connections.handle_timers(250.0)
    assert connections.outputs()[0] == CloseConnection(number, "keep-alive not answered")


def test_an_idle_connection_is_closed_and_leaves_nothing():
    connections = machine()
    number = connections.accepted("tcp", "192.0.2.1", 40000, 0.0)
    connections.received(number, MESSAGE, 0.0)
    connections.handle_timers(LIMITS.idle)
    assert connections.outputs()[1] == CloseConnection(number, "idle")
    assert len(connections) == 0
    assert connections.next_deadline() is None
    connections.closed(number, "late news")
    connections.received(number, MESSAGE, 0.0)
    connections.blocked(number, 0.0)
    connections.unblocked(number)
    connections.connected(number, 0.0)
    assert connections.outputs() == []
