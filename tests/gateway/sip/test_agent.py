import functools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.sip_pair import OFFER, Network, Side, invitation, make_agent
from support.sip_script import PEER, Script, peer_request

from tandem.gateway.sip.message import parse_message
from tandem.gateway.sip.primitives import Answered, IncomingInvite, InviteRequest, OptionsResult, ReInvite, SendDatagram

pytestmark = pytest.mark.usefixtures("sip_reading")

ENDS = {"Rejected", "Cancelled", "Ended", "Failed"}


# --- requests outside a dialog


@pytest.mark.parametrize(
    ("request_", "status", "header"),
    [
        (peer_request("OPTIONS"), 200, ("Accept", "application/sdp, multipart/mixed")),
        (peer_request("REGISTER"), 405, ("Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK")),
        (peer_request("SUBSCRIBE"), 405, None),
        (peer_request("NEWMETHOD"), 501, None),
        (peer_request("invite"), 501, None),
        (peer_request("BYE"), 481, None),
        (peer_request("BYE", tag="unknown"), 481, None),
        (peer_request("INVITE", tag="unknown"), 481, None),
        (peer_request("OPTIONS", tag="unknown"), 481, None),
        (peer_request("NOTIFY"), 481, None),
        (peer_request("OPTIONS", "Require: foo, bar"), 420, ("Unsupported", "foo, bar")),
        (peer_request("INVITE", "Require:"), 400, None),
        (peer_request("INVITE", "Require: 100rel"), 420, ("Unsupported", "100rel")),
        (peer_request("INVITE", uri="sips:a@10.0.0.1"), 416, None),
        (peer_request("INVITE", uri="nobodyKnowsThisScheme:totallyopaquecontent"), 416, None),
        (peer_request("INVITE", "Contact: <sip:"), 400, None),
        (peer_request("INVITE", "Contact: *"), 400, None),
        (peer_request("INVITE", "Contact: <sip:a@b.example>, <sip:c@d.example>"), 400, None),
        (peer_request("INVITE", "Record-Route: <sip:"), 400, None),
        (peer_request("INVITE", body="x").replace("application/sdp", "text/plain"), 415,
         ("Accept", "application/sdp, multipart/mixed")),
        (peer_request("INVITE", body="x").replace("application/sdp", "nonsense"), 400, None),
        (peer_request("INVITE", "Content-Encoding: gzip", body="x"), 415, ("Accept-Encoding", "identity")),
    ],
)  # fmt: skip
def test_refusals(request_, status, header):
    """RFC 3261 8.2 in its order: method, Require, Request-URI, content."""
    script = Script()
    (response,) = script.hear(request_)
    assert response.status == status
    assert response.to.tag
    if header:
        assert response.get(header[0]) == header[1]
    assert script.events == []
    if status >= 300 and "INVITE" in request_[:6]:
        script.hear(request_.replace("INVITE ", "ACK ", 1).replace(" INVITE", " ACK"))
    script.wait(40)
    assert set(script.agent.sizes().values()) == {0}


@pytest.mark.parametrize(
    "request_",
    [
        peer_request("INVITE", uri="tel:+4930123456"),
        peer_request("INVITE", "Content-Disposition: render ; handling = optional", body="x").replace(
            "application/sdp", "text/plain"
        ),
        peer_request("INVITE", "Content-Encoding: identity", body="x"),
        peer_request("INVITE").replace("Max-Forwards: 70", "Max-Forwards: 0"),
    ],
)
def test_acceptable(request_):
    script = Script()
    assert [m.status for m in script.hear(request_)] == [100]


def test_supported_extensions_may_be_required():
    script = Script(supported=("timer",))
    assert [m.status for m in script.hear(peer_request("INVITE", "Require: timer"))] == [100]
    assert script.hear(peer_request("OPTIONS"))[0].values("Supported") == ["timer"]


def test_merged_request():
    """8.2.2.2: the same INVITE by another path."""
    script = Script()
    script.hear(peer_request("INVITE"))
    (loop,) = script.hear(peer_request("INVITE", branch="z9hG4bKother"))
    assert loop.status == 482
    assert script.kinds() == ["IncomingInvite"]


def test_stray_ack():
    script = Script()
    assert script.hear(peer_request("ACK")) == []
    assert script.hear(peer_request("ACK", tag="x")) == []
    assert script.agent.statistics["stray ACKs"] == 2


def test_options_ping():
    network = Network()
    one, two = network.add(make_agent("10.0.0.1")), network.add(make_agent("10.0.0.2"))
    alive = one.agent.send_options(("10.0.0.2", 5060), "sip:10.0.0.2", 0.0, [("X-Y", "z")])
    dead = one.agent.send_options(("10.0.0.9", 5060), "sip:10.0.0.9", 0.0)
    network.run(100)
    assert one.events == [OptionsResult(alive, 200), OptionsResult(dead, None)]
    assert two.events == []


# --- two agents, a bad network


def play(network: Network, scenario: int) -> tuple[Side, Side]:
    """One call with a seeded course: who ends it, when, before or after the answer, with re-INVITEs or not."""
    choose = network.random

    def caller(side: Side, event: object, now: float) -> None:
        if isinstance(event, Answered) and choose.random() < 0.5:
            network.at(now + choose.uniform(0, 8), lambda: side.agent.bye(event.call, (), network.now))
        elif isinstance(event, Answered) and choose.random() < 0.5:
            network.at(now + choose.uniform(0, 3), lambda: side.agent.reinvite(event.call, OFFER, (), network.now))
        elif isinstance(event, ReInvite):
            side.agent.answer_reinvite(event.call, choose.choice((200, 488)), OFFER, now=now)

    def callee(side: Side, event: object, now: float) -> None:
        if isinstance(event, ReInvite):
            side.agent.answer_reinvite(event.call, choose.choice((200, 488)), OFFER, now=now)
        if not isinstance(event, IncomingInvite):
            return
        agent, call = side.agent, event.call
        ring, answer = choose.uniform(0, 1), choose.uniform(1, 6)
        network.at(now + ring, lambda: agent.respond(call, choose.choice((180, 183)), now=network.now))
        status = choose.choice((200, 200, 200, 486, 503))
        network.at(now + answer, lambda: agent.respond(call, status, body=OFFER, now=network.now))
        network.at(now + answer + choose.uniform(0, 8), lambda: agent.reinvite(call, OFFER, (), network.now))
        network.at(now + answer + choose.uniform(0, 30), lambda: agent.end(call, 500, (), network.now))

    one, two = network.add(make_agent("10.0.0.1"), caller), network.add(make_agent("10.0.0.2"), callee)
    call = one.agent.invite(invitation(), 0.0)
    if choose.random() < 0.4:
        network.at(choose.uniform(0, 8), lambda: one.agent.cancel(call, (), network.now))
    # Should every BYE of the callee have been lost, the caller has to notice by itself: here it hangs up.
    network.at(60, lambda: one.agent.end(call, 500, (), network.now))
    network.run(300)
    return one, two


def check(side: Side) -> None:
    """Every call ends once, for one reason, and leaves nothing behind."""
    calls = {event.call for event in side.events}
    for call in calls:
        kinds = side.kinds(call)
        assert kinds.count("Closed") == 1, kinds
        assert kinds[-1] == "Closed", kinds
        assert sum(kind in ENDS for kind in kinds) <= 1, kinds
        if ENDS & set(kinds):
            assert kinds[-2] in ENDS, kinds
    assert set(side.agent.sizes().values()) == {0}
    assert side.agent.next_deadline() is None


@pytest.mark.parametrize("seed", range(100))
def test_every_call_ends_once_whatever_the_network_does(seed):
    network = Network(seed, loss=(0.0, 0.1, 0.3)[seed % 3], duplication=0.2, delay=0.02, jitter=(0.0, 0.5)[seed % 2])
    one, two = play(network, seed)
    check(one)
    check(two)
    assert len({event.call for event in one.events}) == 1
    assert len({event.call for event in two.events}) <= 1


@given(st.integers(0, 2**32), st.floats(0, 0.6), st.floats(0, 1), st.floats(0, 3))
def test_every_call_ends_once_under_any_conditions(seed, loss, duplication, jitter):
    one, two = play(Network(seed, loss, duplication, 0.01, jitter), seed)
    check(one)
    check(two)


def test_a_perfect_network_needs_no_retransmission():
    network = Network()

    def callee(side: Side, event: object, now: float) -> None:
        if isinstance(event, IncomingInvite):
            side.agent.respond(event.call, 180, now=now)
            side.agent.respond(event.call, 200, body=OFFER, now=now)

    one = network.add(make_agent("10.0.0.1"))
    network.add(make_agent("10.0.0.2"), callee)
    call = one.agent.invite(invitation(), 0.0)
    network.at(5.0, lambda: one.agent.bye(call, (), network.now))
    network.run(100)
    starts = [data.partition(b"\r\n")[0].split() for _, _, _, data in network.log]
    assert [words[1] if words[0] == b"SIP/2.0" else words[0] for words in starts] == [
        b"INVITE", b"100", b"180", b"200", b"ACK", b"BYE", b"200",
    ]  # fmt: skip


@pytest.mark.parametrize("moment", [0.0, 0.05, 0.15, 0.25, 0.99, 1.0, 1.05, 1.1, 1.15, 1.2, 1.25, 1.35, 2.0])
@pytest.mark.parametrize("lost", [None, *range(7)])
def test_cancel_at_every_point(moment, lost):
    """The wire takes 0.1 s, the answer comes after 1 s; one datagram is lost."""
    network = Network(delay=0.1)

    def callee(side: Side, event: object, now: float) -> None:
        if isinstance(event, IncomingInvite):
            side.agent.respond(event.call, 180, now=now)
            network.at(
                1.0, functools.partial(lambda c: side.agent.respond(c, 200, body=OFFER, now=network.now), event.call)
            )

    one, two = network.add(make_agent("10.0.0.1")), network.add(make_agent("10.0.0.2"), callee)
    carry, count = network.deliver, 0

    def deliver(data, source, destination):
        nonlocal count
        count += 1
        if count - 1 != lost:
            carry(data, source, destination)

    network.deliver = deliver
    call = one.agent.invite(invitation(), 0.0)
    network.at(moment, lambda: one.agent.cancel(call, (), network.now))
    network.run(300)
    check(one)
    check(two)
    assert "Failed" not in one.kinds() + two.kinds()


def test_thousands_of_calls_leave_nothing():
    network = Network()

    def callee(side: Side, event: object, now: float) -> None:
        if isinstance(event, IncomingInvite):
            side.agent.respond(event.call, 200 if event.call % 2 else 486, body=OFFER, now=now)

    def caller(side: Side, event: object, now: float) -> None:
        if isinstance(event, Answered):
            network.at(now + 1, lambda: side.agent.bye(event.call, (), network.now))

    one, two = network.add(make_agent("10.0.0.1"), caller), network.add(make_agent("10.0.0.2"), callee)
    for _ in range(1000):
        one.agent.invite(invitation(), 0.0)
    network.run(2.5)
    assert one.agent.calls == two.agent.calls == 0
    assert one.agent.sizes()["client transactions"] > 0
    network.run(40)
    for side in (one, two):
        assert set(side.agent.sizes().values()) == {0}
        assert side.agent.next_deadline() is None


def test_call_through_a_forking_proxy():
    """Two branches answer at once; the caller keeps the first and ends the other."""
    script = Script()
    request: InviteRequest = invitation()
    call = script.agent.invite(request, 0.0)
    (invite,) = script.drain()
    script.answer(invite, 180, "Record-Route: <sip:10.0.0.2;lr>", tag="x")
    (ack,) = script.answer(invite, 200, "Record-Route: <sip:10.0.0.2;lr>", "Contact: <sip:x@10.0.0.5>", tag="x")
    assert (ack.uri_text, ack.get("route")) == ("sip:x@10.0.0.5", "<sip:10.0.0.2;lr>")
    assert script.sent[-1][1] == ("10.0.0.2", 5060)
    ack, bye = script.answer(invite, 200, "Contact: <sip:y@10.0.0.6>", tag="y")
    assert (bye.method, bye.uri_text, script.sent[-1][1]) == ("BYE", "sip:y@10.0.0.6", ("10.0.0.6", 5060))
    assert script.agent.calls == 1
    script.agent.end(call, 500, (), 0.0)
    assert script.drain()[0].uri_text == "sip:x@10.0.0.5"


# --- robustness


@given(st.data())
def test_any_datagram_leaves_the_agent_whole(data):
    """Messages of a call with a slice replaced, in any order."""
    script = Script()
    originals = [
        peer_request("INVITE", body="v=0\r\n"),
        peer_request("CANCEL"),
        peer_request("ACK", tag="t1x1"),
        peer_request("BYE", tag="t1x1", cseq=2, branch="z9hG4bKp2"),
        peer_request("INVITE", "Contact: <sip:a@10.0.0.5>", tag="t1x1", cseq=3, branch="z9hG4bKp3"),
        peer_request("OPTIONS", "Require: x"),
        "SIP/2.0 200 OK\r\n" + peer_request("INVITE").partition("\r\n")[2],
    ]
    for _ in range(data.draw(st.integers(1, 5))):
        original = data.draw(st.sampled_from(originals)).encode()
        start = data.draw(st.integers(0, len(original)))
        end = data.draw(st.integers(start, min(len(original), start + 8)))
        malformed = original[:start] + data.draw(st.binary(max_size=8)) + original[end:]
        script.agent.receive(malformed, PEER, script.now)
        # A 400 repeats what it complains of; everything else that the agent writes passes its own parser.
        for output in script.agent.outputs():
            if isinstance(output, SendDatagram) and not output.data.startswith((b"SIP/2.0 400", b"SIP/2.0 505")):
                parse_message(output.data)
        for call in range(1, 3):
            script.agent.respond(call, data.draw(st.sampled_from([180, 200, 486])), now=script.now)
            script.drain()
        script.wait(data.draw(st.sampled_from([0, 0.6, 5])))
    for call in range(1, 8):
        script.agent.end(call, 500, (), script.now)
    script.wait(200)
    assert set(script.agent.sizes().values()) == {0}
