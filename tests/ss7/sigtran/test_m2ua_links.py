"""A link at the ASP on its own, and requests carried out at the gateway."""

import pytest

from tandem.core.errors import EncodeError
from tandem.core.sigtran.codes import Type
from tandem.ss7.mtp2.primitives import (
    LinkCongested,
    LinkCongestionCeased,
    LinkInService,
    LinkOutOfService,
    LinkState,
    RemoteProcessorOutage,
    RemoteProcessorRecovered,
    RetrievedBsnt,
    RetrievedMessages,
)
from tandem.ss7.sigtran.m2ua_links import LinkRequest, M2uaLink, Request, carry_out

MSU = b"\x85\0\0"


class Bench:
    def __init__(self, reachable=True):
        self.sent = []
        self.watched = None
        self.reachable = reachable
        self.link = M2uaLink(1, self.send, self.watch, 3)

    def send(self, interface, kind, parts):
        if self.reachable:
            self.sent.append((kind, [part.value for part in parts]))
        return self.reachable

    def watch(self, interface, on, now):
        self.watched = on


def test_the_life_of_a_link():
    bench = Bench()
    bench.link.start(0.0)
    assert (bench.sent, bench.watched) == ([(Type.ESTABLISH_REQUEST, [])], True)
    bench.link.send(MSU, 0.0)
    assert bench.link.pending_messages == 1
    bench.link.established(1.0)
    bench.link.established(1.0)
    assert bench.sent[1:] == [(Type.MAUP_DATA, [MSU])]
    assert bench.watched is False
    bench.link.failed("test", 2.0)
    bench.link.failed("test", 2.0)
    assert bench.link.outputs() == [LinkInService(), LinkOutOfService("test")]
    bench.link.start(3.0)
    bench.link.stop(3.0)
    bench.link.stop(3.0)
    assert [kind for kind, _ in bench.sent].count(Type.RELEASE_REQUEST) == 1
    assert bench.link.state is LinkState.OUT_OF_SERVICE


def test_a_link_started_without_gateway_is_established_later():
    bench = Bench(reachable=False)
    bench.link.set_emergency(True, 0.0)
    bench.link.start(0.0)
    bench.reachable = True
    bench.link.establish(1.0)
    assert [kind for kind, _ in bench.sent] == [Type.STATE_REQUEST, Type.ESTABLISH_REQUEST]


def test_waiting_messages_are_bounded_and_can_be_retrieved():
    bench = Bench(reachable=False)
    for number in range(5):
        bench.link.send(MSU + bytes([number]), 0.0)
    assert bench.link.discarded == 2
    bench.link.retrieval_request(None, 0.0)
    assert bench.link.outputs() == [RetrievedMessages(tuple(MSU + bytes([number]) for number in range(3)))]
    assert bench.link.pending_messages == 0


def test_retrieval_from_the_gateway():
    bench = Bench()
    bench.link.retrieve_bsnt(0.0)
    bench.link.retrieval_confirmed(1, 0, 77)
    bench.link.retrieval_request(5, 0.0)
    bench.link.retrieval_confirmed(2, 0, None)
    bench.link.retrieved(MSU)
    bench.link.retrieval_ends()
    bench.link.retrieval_request(5, 0.0)
    bench.link.retrieval_confirmed(2, 1, None)
    assert bench.link.outputs() == [RetrievedBsnt(77), RetrievedMessages((MSU,)), RetrievedMessages(())]
    assert bench.sent[1] == (Type.RETRIEVAL_REQUEST, [b"\0\0\0\2", b"\0\0\0\5"])


def test_events_and_state_requests():
    bench = Bench()
    for event in (1, 2, 3, 9):
        bench.link.event(event)
    for status in (1, 0):
        bench.link.congestion(status)
    assert bench.link.outputs() == [
        RemoteProcessorOutage(),
        RemoteProcessorRecovered(),
        LinkCongested(),
        LinkCongestionCeased(),
    ]
    bench.link.local_processor_outage(0.0)
    bench.link.local_processor_recovered(0.0)
    bench.link.set_busy(True, 0.0)
    bench.link.set_busy(False, 0.0)
    bench.link.set_emergency(False, 0.0)
    assert [values[0][-1] for _, values in bench.sent] == [0, 1, 9, 8, 3]


def test_a_message_that_cannot_be_sent_is_refused():
    with pytest.raises(EncodeError):
        Bench().link.send(b"\x85", 0.0)


class Level2:
    def __init__(self):
        self.calls = []

    def __getattr__(self, name):
        return lambda *arguments: self.calls.append((name, *arguments))


def test_every_request_is_carried_out():
    link = Level2()
    for request in Request:
        carry_out(LinkRequest(1, request, MSU, 9), link, 0.5)
    assert link.calls == [
        ("start", 0.5),
        ("stop", 0.5),
        ("send", MSU, 0.5),
        ("set_emergency", True, 0.5),
        ("set_emergency", False, 0.5),
        ("local_processor_outage", 0.5),
        ("local_processor_recovered", 0.5),
        ("set_busy", True, 0.5),
        ("set_busy", False, 0.5),
        ("retrieve_bsnt", 0.5),
        ("retrieval_request", 9, 0.5),
    ]
