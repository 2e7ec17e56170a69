import pytest
from support.sip_script import PEER, Script, peer_request

from tandem.gateway.sip.message import parse_message


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
