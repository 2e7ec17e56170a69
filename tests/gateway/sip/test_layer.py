import gc
from enum import Enum
from types import FunctionType, ModuleType

import pytest
from support.sip_pair import invitation
from support.sip_script import PEER, Script, peer_request, response_to

from tandem.core.enumeration import Symbol
from tandem.gateway.sip.endpoint import Listener, Stream
from tandem.gateway.sip.message import parse_message
from tandem.gateway.sip.primitives import AliasOffered, Failed, OptionsResult, SendDatagram

pytestmark = pytest.mark.usefixtures("sip_reading")


def test_symmetric_responses():
    """RFC 3581 4: with rport to the source port, and both parameters in Via."""
    script = Script()
    via = "Via: SIP/2.0/UDP 192.168.0.5:5066;rport;branch=z9hG4bK1"
    (response, destination) = (
        script.hear(peer_request("OPTIONS", via=via), ("10.0.0.2", 34567))[0],
        script.sent[-1][1],
    )
    assert destination == ("10.0.0.2", 34567)
    assert response.via.parameters == {"rport": "34567", "branch": "z9hG4bK1", "received": "10.0.0.2"}


@pytest.mark.parametrize(
    ("via", "destination", "received"),
    [
        ("SIP/2.0/UDP 10.0.0.2:5066;branch=z9hG4bK1", ("10.0.0.2", 5066), None),
        ("SIP/2.0/UDP 10.0.0.2;branch=z9hG4bK1", ("10.0.0.2", 5060), None),
        ("SIP/2.0/UDP other.example:5066;branch=z9hG4bK1", ("10.0.0.2", 5066), "10.0.0.2"),
        ("SIP/2.0/UDP 10.9.9.9;branch=z9hG4bK1;received=1.2.3.4", ("10.0.0.2", 5060), "10.0.0.2"),
    ],
)
def test_response_addresses(via, destination, received):
    """18.2.1, 18.2.2."""
    script = Script()
    (response,) = script.hear(peer_request("OPTIONS", via=f"Via: {via}"), ("10.0.0.2", 34567))
    assert script.sent[-1][1] == destination
    assert response.via.parameters.get("received") == received


def test_every_via_is_repeated_in_order():
    """8.2.6.2, with a list in one line."""
    via = (
        "Via: SIP/2.0/UDP p1.example;branch=z9hG4bK1, SIP/2.0/TCP p2.example;branch=z9hG4bK2\r\n"
        "Via: SIP/2.0/UDP p3.example"
    )
    (response,) = Script().hear(peer_request("OPTIONS", via=via))
    assert response.values("Via") == [
        "SIP/2.0/UDP p1.example;branch=z9hG4bK1;received=10.0.0.2",
        "SIP/2.0/TCP p2.example;branch=z9hG4bK2",
        "SIP/2.0/UDP p3.example",
    ]


def test_retransmissions_are_answered_from_the_transaction():
    script = Script()
    first = script.hear(peer_request("OPTIONS"))
    again = script.hear(peer_request("OPTIONS"))
    assert [m.fields for m in first] == [m.fields for m in again]
    assert script.agent.statistics["retransmitted requests"] == 1
    assert script.agent.sizes()["server transactions"] == 1
    script.hear(peer_request("OPTIONS", via="Via: SIP/2.0/UDP 10.0.0.3;branch=z9hG4bKp1"))
    assert script.agent.sizes()["server transactions"] == 2, "17.2.3: sent-by belongs to the match"


def test_requests_of_rfc_2543():
    """17.2.3: without the magic cookie the rest of the request decides."""
    script = Script()
    script.hear(peer_request("OPTIONS", branch="1"))
    script.hear(peer_request("OPTIONS", branch="1"))
    assert script.agent.sizes()["server transactions"] == 1
    script.hear(peer_request("OPTIONS", branch="1", cseq=2))
    assert script.agent.sizes()["server transactions"] == 2
    script.hear(peer_request("INVITE", branch="1", cseq=3))
    script.agent.respond(1, 486, now=0.0)
    tag = script.drain()[0].to.tag
    script.hear(peer_request("ACK", branch="1", cseq=3, tag=tag))
    assert script.wait(6) == [], "the ACK matched the INVITE"


def test_stray_responses():
    """17.1.3, 18.1.2."""
    script = Script()
    script.agent.send_options(PEER, "sip:10.0.0.2", 0.0)
    (options,) = script.drain()
    script.answer(options, 200)
    assert script.kinds() == ["OptionsResult"]
    good = peer_request("OPTIONS")
    response = "SIP/2.0 200 OK\r\n" + good.partition("\r\n")[2]
    script.hear(response)
    script.agent.send_options(PEER, "sip:10.0.0.2", 0.0)
    (options,) = script.drain()
    via = options.fields["via"][0]
    options.fields["via"] = [via.replace("10.0.0.1:5060", "10.0.0.7:5060")]
    script.answer(options, 200)
    options.fields["via"] = [via, "SIP/2.0/UDP 10.0.0.7"]
    script.answer(options, 200)
    assert script.kinds() == ["OptionsResult"]
    assert script.agent.statistics["stray responses"] == 3
    options.fields["via"] = [via]
    script.answer(options, 200)
    assert script.kinds() == ["OptionsResult"] * 2


def test_malformed_requests_are_answered_without_state():
    """8.2.7, 21.4.1: the reason says what is wrong; a retransmission gets the same tag."""
    script = Script()
    bad = peer_request("OPTIONS").replace("CSeq: 1 OPTIONS", "CSeq: 1 BYE")
    (response,) = script.hear(bad)
    assert (response.status, response.phrase) == (400, "CSeq method BYE differs from request method OPTIONS")
    assert response.to.tag
    (again,) = script.hear(bad)
    assert again.to.tag == response.to.tag
    assert script.agent.sizes()["server transactions"] == 0
    assert script.agent.statistics["malformed requests"] == 2
    (response,) = script.hear(peer_request("OPTIONS").replace(" SIP/2.0\r\n", " SIP/3.0\r\n", 1))
    assert response.status == 505


@pytest.mark.parametrize(
    "data",
    [
        peer_request("ACK").replace("1 ACK", "1 BYE"),
        peer_request("OPTIONS").replace("Call-ID", "Call-IDs"),
        peer_request("OPTIONS").replace("z9hG4bKp1", "<>"),
        peer_request("OPTIONS").replace("From: ", "From: \x07"),
        peer_request("OPTIONS").replace("To: ", "To: \n"),
        "SIP/2.0 200 OK\r\n\r\n",
        "junk",
        "\x85\x01",
    ],
)
def test_what_gets_no_answer(data):
    script = Script()
    assert script.hear(data) == []
    assert sum(script.agent.statistics.values()) == 1
    assert set(script.agent.sizes().values()) == {0}


@pytest.mark.parametrize("data", [b"", b"\r\n\r\n", b"\r\n", b"\0\0\0\0"])
def test_keep_alives_are_ignored(data):
    script = Script()
    assert script.hear(data) == []
    assert script.agent.statistics == {"keep-alive": 1}


def test_empty_lines_before_the_start_line():
    """7.5."""
    assert len(Script().hear("\r\n\r\n" + peer_request("OPTIONS"))) == 1


def test_messages_that_are_too_long():
    """21.5.7; not even the refusal fits when it is the Via that is too long."""
    script = Script()
    (response,) = script.hear(peer_request("OPTIONS", f"Subject: {'x' * 40000}"))
    assert (response.status, set(script.agent.sizes().values())) == (513, {0})
    via = "SIP/2.0/UDP p.example;branch=z9hG4bK1"
    assert script.hear(peer_request("OPTIONS", via=f"Via: {via}" + f", {via}" * 1680)) == []
    response = "SIP/2.0 200 OK\r\n" + peer_request("INVITE", f"X-A: {'x' * 40000}").partition("\r\n")[2]
    assert script.hear(response) == []
    assert script.agent.statistics == {"malformed requests": 2, "malformed messages": 1}
    assert len(script.hear(peer_request("INVITE", f"Record-Route: <sip:a@x.example;x={'x' * 30000};lr>"))) == 1
    script.agent.respond(1, 200, now=0.0)
    assert len(script.drain()) == 1, "what is accepted can be answered"


def test_server_header():
    assert Script().hear(peer_request("OPTIONS"))[0].get("Server") == "Tandem"
    assert Script(user_agent="").hear(peer_request("OPTIONS"))[0].get("Server") is None


def test_deadlines_and_their_number():
    """One deadline for all; `handle_timers` before it does nothing."""
    script = Script()
    for _ in range(200):
        script.agent.send_options(PEER, "sip:10.0.0.2", 0.0)
    script.drain()
    assert script.agent.next_deadline() == 0.5
    script.agent.handle_timers(0.4)
    assert script.drain() == []
    assert len(script.wait(0.5)) == 200
    script.wait(40)
    assert [e.status for e in script.events] == [None] * 200
    assert set(script.agent.sizes().values()) == {0}


def test_parsed_again_what_was_sent():
    """Everything that the agent writes passes its own parser."""
    script = Script()
    script.agent.send_options(("2001:db8::2", 5060), "sip:[2001:db8::2]", 0.0)
    for output in script.agent.outputs():
        parse_message(output.data)


def followed(agent):
    """How many objects the garbage collector follows from the transactions of an agent."""
    layer = agent._layer
    gc.collect()  # tuples of texts and numbers are not followed any more once it has seen them
    todo = [layer.clients, layer.servers, layer.invites, layer._fading, layer.timer_table]
    seen = {id(layer)} | {id(table) for table in todo}
    count = 0
    while todo:
        for found in gc.get_referents(todo.pop()):
            if id(found) not in seen and not isinstance(found, type | ModuleType | FunctionType | Enum | Symbol):
                seen.add(id(found))
                count += gc.is_tracked(found)
                todo.append(found)
    return count


CALLS = 100
STOPPED = 70  # timers that the table has not forgotten yet, and those that run


def test_little_is_kept_of_calls_that_are_over():
    """For each of ours the INVITE, its ACKs and the BYE, for each of the peer's INVITE and BYE; and one timer for all.

    At 200 calls a second there are 6,400 of them; a call, its dialog and its messages are some fifty objects.
    """
    script = Script()
    script.hear(peer_request("OPTIONS"))
    script.wait(40)
    nothing = followed(script.agent)
    for number in range(CALLS):
        script.hear(peer_request("INVITE", branch=f"z9hG4bKi{number}", call_id=f"c{number}", body="v=0\r\n"))
        script.agent.respond(script.events[-1].call, 200, body=b"v=0\r\n", now=script.now)
        tag = script.drain()[-1].to.tag
        script.hear(peer_request("ACK", branch=f"z9hG4bKa{number}", call_id=f"c{number}", tag=tag))
        script.hear(peer_request("BYE", branch=f"z9hG4bKb{number}", call_id=f"c{number}", cseq=2, tag=tag))
    assert script.agent.sizes() | {"timers": 0} == {
        "calls": 0, "dialogs": 0, "client transactions": 0, "server transactions": 2 * CALLS,
        "merged request index": CALLS, "timers": 0,
    }  # fmt: skip
    script.events.clear()
    assert followed(script.agent) <= 2 * CALLS + STOPPED
    assert script.agent.sizes()["timers"] == 1
    script.wait(40)
    assert set(script.agent.sizes().values()) == {0}
    for _ in range(CALLS):
        call = script.agent.invite(invitation(), script.now)
        (invite,) = script.drain()
        script.answer(invite, 180)
        script.answer(invite, 200, body="v=0\r\n")
        script.agent.bye(call, (), script.now)
        (bye,) = script.drain()
        script.answer(bye, 200)
    assert script.agent.sizes()["client transactions"] == 2 * CALLS
    script.events.clear()
    assert followed(script.agent) <= 3 * CALLS + STOPPED
    assert script.agent.sizes()["timers"] == 2
    script.wait(5.3)
    assert script.agent.sizes()["client transactions"] == CALLS, "timer K is over"
    script.wait(30)
    assert set(script.agent.sizes().values()) == {0}
    assert followed(script.agent) == nothing


def test_what_was_answered_cannot_be_answered_otherwise():
    script = Script()
    layer = script.agent._layer
    request = parse_message(peer_request("OPTIONS", branch="z9hG4bKx").encode())
    transaction = layer.serve(request, PEER, None)
    layer.respond(transaction, 200, 0.0)
    layer.respond(transaction, 500, 0.0)
    assert [m.status for m in script.drain()] == [200]


def test_the_response_to_a_cancel_has_the_tag_of_a_refusal_without_a_call():
    """9.2."""
    script = Script()
    (refusal,) = script.hear(peer_request("INVITE", "Require: none"))
    (ok,) = script.hear(peer_request("CANCEL"))
    assert (refusal.status, ok.status, ok.method) == (420, 200, "CANCEL")
    assert ok.to.tag == refusal.to.tag


# --- transports

LISTENERS = (
    Listener("udp", "10.0.0.1", 5060),
    Listener("tcp", "10.0.0.1", 5060),
    Listener("tls", "10.0.0.1", 5061),
    Listener("udp", "2001:db8::1", 5060),
)
TCP = Stream("10.0.0.2", 5060, "tcp")


def sent(script):
    """What was sent, with where it went."""
    return [(parse_message(o.data), o.destination) for o in script.agent.outputs() if isinstance(o, SendDatagram)]


@pytest.mark.parametrize(
    ("peer", "via", "contact"),
    [
        (("10.0.0.2", 5060), "SIP/2.0/UDP 10.0.0.1:5060;rport", "sip:10.0.0.1:5060"),
        (("2001:db8::2", 5060), "SIP/2.0/UDP [2001:db8::1]:5060;rport", "sip:[2001:db8::1]:5060"),
        (TCP, "SIP/2.0/TCP 10.0.0.1:5060;alias;rport", "sip:10.0.0.1:5060;transport=tcp"),
        (TCP._replace(transport="tls"), "SIP/2.0/TLS 10.0.0.1:5061;alias;rport", "sip:10.0.0.1:5061;transport=tls"),
    ],
    ids=["udp", "ipv6", "tcp", "tls"],
)
def test_headers_name_the_address_that_the_peer_can_reach(peer, via, contact):
    script = Script(listeners=LISTENERS)
    script.agent.invite(invitation(peer, uri="sip:4321@host.example", to_uri="sip:4321@host.example"), 0.0)
    script.agent.send_options(peer, "sip:host.example", 0.0)
    for message, destination in sent(script):
        assert destination == peer
        assert message.fields["via"][0].startswith(f"{via};branch=z9hG4bK")
        assert message.contact.uri.text == contact


def test_over_a_stream_nothing_is_repeated():
    """Table 4 of RFC 3261: no timer A, E or G; D, I, J and K are zero."""
    script = Script(listeners=LISTENERS)
    script.agent.invite(invitation(TCP), 0.0)
    script.agent.send_options(TCP, "sip:x", 0.0)
    assert len(sent(script)) == 2
    script.agent.handle_timers(31.0)
    assert sent(script) == []
    script.agent.handle_timers(32.0)
    assert set(script.agent.sizes().values()) == {0}


def test_a_response_goes_back_on_its_connection_or_to_the_port_of_via():
    """18.2.2."""
    script = Script(listeners=LISTENERS)
    source = Stream("10.0.0.2", 40000, "tcp", 7)
    request = peer_request("OPTIONS", via="Via: SIP/2.0/TCP 10.0.0.2:5066;branch=z9hG4bKx;alias").encode()
    script.agent.receive(request, source, 0.0)
    outputs = script.agent.outputs()
    assert AliasOffered(7, 5066) in outputs
    assert [o.destination for o in outputs if isinstance(o, SendDatagram)] == [Stream("10.0.0.2", 5066, "tcp", 7)]
    script.agent.handle_timers(0.0)
    assert set(script.agent.sizes().values()) == {0}


def test_an_alias_for_another_host_is_not_taken():
    script = Script(listeners=LISTENERS)
    request = peer_request("OPTIONS", via="Via: SIP/2.0/TCP 10.0.0.9:5066;branch=z9hG4bKx;alias").encode()
    script.agent.receive(request, Stream("10.0.0.2", 40000, "tcp", 7), 0.0)
    assert not any(isinstance(output, AliasOffered) for output in script.agent.outputs())


def test_a_long_request_goes_over_tcp_and_back_to_udp_when_that_is_refused():
    """18.1.1."""
    script = Script(listeners=LISTENERS)
    peer = ("10.0.0.2", 5060)
    long = invitation(peer, headers=(("X-Long", "x" * 1300),))
    call = script.agent.invite(long, 0.0)
    ((invite, destination),) = sent(script)
    assert (destination, invite.via.transport) == (TCP, "TCP")
    script.agent.send_failed(b"another", TCP, 0.0)
    assert sent(script) == [], "another message than the one that was sent"
    (transaction,) = script.agent._layer.clients.values()
    script.agent.send_failed(transaction.request, TCP, 0.0)
    ((again, destination),) = sent(script)
    assert (destination, again.via.transport, again.via.branch) == (peer, "UDP", invite.via.branch)
    # CANCEL and the ACK of a refusal go where the INVITE went.
    script.agent.receive(response_to(again, 180).encode(), peer, 0.0)
    script.agent.cancel(call, (), 0.0)
    ((cancel, destination),) = sent(script)
    assert (cancel.method, destination, cancel.via.branch) == ("CANCEL", peer, invite.via.branch)
    script.agent.receive(response_to(again, 487).encode(), peer, 0.0)
    ((ack, destination),) = sent(script)
    assert (ack.method, destination, ack.via.transport) == ("ACK", peer, "UDP")
    # It is not asked again for a while; another server on the same host is.
    script.agent.invite(long, 1.0)
    assert [where for _, where in sent(script)] == [peer]
    script.agent.invite(invitation(("10.0.0.2", 5064), headers=(("X-Long", "x" * 1300),)), 1.0)
    assert [where for _, where in sent(script)] == [Stream("10.0.0.2", 5064, "tcp")]


def test_who_refused_tcp_is_remembered_for_a_while_only():
    script = Script(listeners=LISTENERS)
    for port in range(5060, 5070):
        now = 1000.0 * port
        script.agent.invite(invitation(("10.0.0.2", port), headers=(("X-Long", "x" * 1300),)), now)
        ((_, destination),) = sent(script)
        *_, transaction = script.agent._layer.clients.values()
        script.agent.send_failed(transaction.request, destination, now)
        assert [where for _, where in sent(script)] == [("10.0.0.2", port)]
    assert len(script.agent._layer._tcp_refused) == 1


def test_without_tcp_a_long_request_goes_over_udp():
    script = Script()
    script.agent.invite(invitation(headers=(("X-Long", "x" * 1300),)), 0.0)
    assert [where for _, where in sent(script)] == [("10.0.0.2", 5060)]


def test_a_peer_that_cannot_be_reached():
    """8.1.3.1: as if it had said 503, at once and not after 32 s."""
    script = Script(listeners=LISTENERS)
    script.agent.invite(invitation(TCP), 0.0)
    script.agent.send_options(TCP, "sip:x", 0.0)
    data = [output.data for output in script.agent.outputs()]
    for message in data:
        script.agent.send_failed(message, TCP, 0.0)
    outputs = script.agent.outputs()
    assert outputs[0] == Failed(1, "transport")
    assert outputs[-1] == OptionsResult(2, None)
    assert set(script.agent.sizes().values()) == {0}


def test_a_connection_lost_before_a_response_came():
    """The request goes out again on a new connection, once."""
    script = Script(listeners=LISTENERS)
    script.agent.invite(invitation(TCP), 0.0)
    ((first, _),) = sent(script)
    script.agent.connection_lost(TCP._replace(connection=3), 1.0)
    ((again, _),) = sent(script)
    assert again.via.branch == first.via.branch
    script.agent.connection_lost(TCP._replace(connection=4), 2.0)
    assert Failed(1, "transport") in script.agent.outputs()


def test_a_connection_lost_after_a_response_changes_nothing():
    script = Script(listeners=LISTENERS)
    script.agent.invite(invitation(TCP), 0.0)
    ((invite, _),) = sent(script)
    script.agent.receive(response_to(invite, 180).encode(), TCP, 0.5)
    script.agent.outputs()
    script.agent.connection_lost(TCP._replace(connection=3), 1.0)
    assert script.agent.outputs() == []
