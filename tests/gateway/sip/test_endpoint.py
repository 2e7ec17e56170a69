import pytest

from tandem.gateway.sip.endpoint import Listener, Stream, endpoint_of, is_reliable, show, transport_of

UDP, TCP, TLS = (
    ("192.0.2.1", 5060),
    Stream("192.0.2.1", 5060, "tcp"),
    Stream("2001:db8::1", 5061, "tls", 0, "a.example"),
)


def test_udp_is_a_plain_pair_and_streams_say_their_transport():
    assert [transport_of(peer) for peer in (UDP, TCP, TLS)] == ["udp", "tcp", "tls"]
    assert [is_reliable(peer) for peer in (UDP, TCP, TLS)] == [False, True, True]


@pytest.mark.parametrize(
    ("arguments", "endpoint"),
    [
        (("udp", "192.0.2.1"), UDP),
        (("tcp", "192.0.2.1"), TCP),
        (("tls", "2001:db8::1", None, "a.example"), TLS),
        (("tcp", "192.0.2.1", 5070), Stream("192.0.2.1", 5070, "tcp")),
    ],
)
def test_ports_are_those_of_the_transport(arguments, endpoint):
    assert endpoint_of(*arguments) == endpoint


def test_in_words():
    assert [show(peer) for peer in (UDP, TCP, TLS)] == [
        "192.0.2.1:5060",
        "tcp:192.0.2.1:5060",
        "tls:[2001:db8::1]:5061",
    ]
    assert str(Listener("tls", "2001:db8::1", 5061)) == "tls:[2001:db8::1]:5061"
    assert Listener("udp", "192.0.2.1", 5060).sent_by == "192.0.2.1:5060"
