"""Answers of a real DNS server on loopback as values."""

import asyncio

from support.dns_server import DnsServer

from tandem.gateway.sip import resolver
from tandem.gateway.sip.location import Answer, Naptr, Query, Srv

ZONE = [
    'c.example 300 IN NAPTR 10 20 "s" "SIP+D2U" "" _sip._udp.c.example.',
    'c.example 300 IN NAPTR 10 30 "u" "E2U+sip" "!^.*$!sip:a@b!" .',
    "_sip._udp.c.example 120 IN SRV 1 2 5062 s1.c.example.",
    "s1.c.example 60 IN A 192.0.2.1",
    "s1.c.example 60 IN AAAA 2001:db8::1",
]


def resolve(queries, silent=False):
    async def run():
        answers = []
        with DnsServer(ZONE) as server:
            server.silent = silent
            asking = resolver.Resolver([("127.0.0.1", server.port)], answers.append)
            asking.ask(queries)
            async with asyncio.timeout(20):
                while len(answers) < len(queries):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            await asking.close()
        return {answer.query: answer for answer in answers}

    return asyncio.run(run())


def test_every_kind_of_record():
    queries = [
        Query("c.example", "NAPTR"),
        Query("_sip._udp.c.example", "SRV"),
        Query("s1.c.example", "A"),
        Query("s1.c.example", "AAAA"),
    ]
    found = resolve(queries)
    assert found[queries[0]] == Answer(queries[0], (Naptr(10, 20, "SIP+D2U", "_sip._udp.c.example."),), 300.0)
    assert found[queries[1]] == Answer(queries[1], (Srv(1, 2, 5062, "s1.c.example."),), 120.0)
    assert found[queries[2]] == Answer(queries[2], ("192.0.2.1",), 60.0)
    assert found[queries[3]] == Answer(queries[3], ("2001:db8::1",), 60.0)


def test_names_that_are_not_there_have_no_records():
    queries = [Query("none.example", "A"), Query("s1.c.example", "SRV"), Query("a..b", "A")]
    assert {answer.records for answer in resolve(queries).values()} == {()}


def test_a_server_that_says_nothing(monkeypatch):
    monkeypatch.setattr(resolver, "_LIFETIME", 0.3)
    query = Query("s1.c.example", "A")
    assert resolve([query], silent=True)[query].records == ()
