"""Questions to the DNS and what follows from the answers (RFC 3263, RFC 2782)."""

from collections import Counter
from random import Random

import pytest

from tandem.gateway.sip.endpoint import Stream
from tandem.gateway.sip.location import Answer, Location, Naptr, Query, Server, Srv, in_order

ZONE = {
    Query("c.example", "NAPTR"): (
        Naptr(50, 50, "SIPS+D2T", "_sips._tcp.c.example."),
        Naptr(90, 50, "SIP+D2T", "_sip._tcp.c.example."),
        Naptr(100, 50, "SIP+D2U", "_sip._udp.c.example."),
        Naptr(10, 50, "E2U+sip", "x.example."),
    ),
    Query("_sips._tcp.c.example", "SRV"): (Srv(0, 1, 5061, "s1.c.example."),),
    Query("_sip._tcp.c.example", "SRV"): (Srv(0, 1, 5060, "s1.c.example."), Srv(0, 2, 5060, "s2.c.example.")),
    Query("_sip._udp.c.example", "SRV"): (Srv(0, 1, 5060, "s1.c.example."), Srv(1, 1, 5070, "s2.c.example.")),
    Query("s1.c.example", "A"): ("192.0.2.1",),
    Query("s1.c.example", "AAAA"): ("2001:db8::1",),
    Query("s2.c.example", "A"): ("192.0.2.2", "192.0.2.3"),
    Query("plain.example", "A"): ("192.0.2.9",),
    Query("_sip._udp.srv.example", "SRV"): (Srv(0, 0, 5080, "plain.example."),),
    Query("_sip._udp.none.example", "SRV"): (Srv(0, 0, 0, "."),),
}


def search(*arguments, **options):
    """Every server found, and what was asked."""
    location = Location(*arguments, **options)
    asked, todo = [], location.begin()
    while todo:
        query = todo.pop(0)
        asked.append(query)
        todo += location.answer(Answer(query, ZONE.get(query, ()), 600.0))
    assert location.done
    return location, [server.endpoint for server in location.servers], asked


@pytest.mark.parametrize(
    ("arguments", "endpoints"),
    [
        (("192.0.2.7",), [("192.0.2.7", 5060)]),
        (("[2001:db8::7]", 5070, "tcp"), [Stream("2001:db8::7", 5070, "tcp")]),
        (("192.0.2.7", None, "tls"), [Stream("192.0.2.7", 5061, "tls", 0, "192.0.2.7")]),
        (("plain.example", 5090), [("192.0.2.9", 5090)]),
        (("plain.example",), [("192.0.2.9", 5060)]),
        (("plain.example", None, "tcp"), [Stream("192.0.2.9", 5060, "tcp")]),
        (("srv.example", None, "udp"), [("192.0.2.9", 5080)]),
        (("srv.example",), [("192.0.2.9", 5080)]),
        (("nowhere.example",), []),
    ],
)
def test_servers(arguments, endpoints):
    assert search(*arguments, versions=("A",))[1] == endpoints


def test_naptr_decides_among_what_we_can_speak():
    """4.1: the first record by order and preference whose service we know."""
    _, endpoints, asked = search("c.example")
    assert endpoints == [
        Stream("192.0.2.1", 5061, "tls", 0, "c.example"),
        Stream("2001:db8::1", 5061, "tls", 0, "c.example"),
    ]
    assert asked[0] == Query("c.example", "NAPTR")
    assert search("c.example", transports=("udp",), versions=("A",))[1] == [
        ("192.0.2.1", 5060),
        ("192.0.2.2", 5070),
        ("192.0.2.3", 5070),
    ]


def test_an_address_is_asked_for_once():
    _, _, asked = search("c.example", None, "tcp")
    assert max(Counter(asked).values()) == 1


def test_how_long_it_is_good_for():
    assert search("c.example")[0].ttl == 600.0 or search("plain.example", 5060, versions=("A",))[0].ttl == 600.0
    assert search("nowhere.example")[0].ttl == 30.0


def test_a_stray_answer_changes_nothing():
    location = Location("c.example")
    location.begin()
    assert location.answer(Answer(Query("other.example", "A"), ("192.0.2.66",))) == []
    assert location.servers == []


def test_priorities_first_then_weights():
    """RFC 2782: within a priority each is drawn as often as its weight says."""
    servers = [Server(1, 10, ("a", 1)), Server(0, 30, ("b", 1)), Server(0, 10, ("c", 1)), Server(0, 0, ("d", 1))]
    random = Random(1)
    drawn = [in_order(servers, random.random) for _ in range(4000)]
    assert all(sorted(order) == [("a", 1), ("b", 1), ("c", 1), ("d", 1)] for order in drawn)
    assert all(order[-1] == ("a", 1) for order in drawn)
    first = Counter(order[0][0] for order in drawn)
    assert 0.70 < first["b"] / 4000 < 0.80
    assert 0.20 < first["c"] / 4000 < 0.30
