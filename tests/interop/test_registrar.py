"""Phones register with a gateway process and call each other, by each of its SIP engines."""

import contextlib

import pytest
from support.built_pjsip import NAME, used
from support.gateways import wait_for
from support.raw_phone import SDP, RawPhone
from support.sip_gateway import by_engine, free_stream_ports, sip_gateway

pytestmark = pytest.mark.interop

TEXT = """
[sip]
listen = "127.0.0.1:{port}"
also_listen = ["tcp:127.0.0.1:{port}"]
digest = ["SHA-256", "MD5"]
[[sip.user]]
name = "alice"
password = "a-secret"
number = "100"
[[sip.user]]
name = "bob"
password = "b-secret"
number = "200"
[[trunk]]
name = "phones"
type = "sip"
registrar = true
accept_from = ["127.0.0.1"]
[[route]]
trunk = ["phones"]
to = ["phones"]
"""
BEHIND = "sip:{}@192.0.2.77:5999"
"""A contact that nobody reaches: what a phone behind a NAT says."""


@pytest.fixture(scope="module", params=["native", "pjsua2"])
def gateway(tmp_path_factory, request):
    """A gateway with the registrar on one engine, and its port."""
    port = free_stream_ports(2)
    text = by_engine(request.param, TEXT.format(port=port))
    with sip_gateway(tmp_path_factory.mktemp(request.param), text) as made:
        yield made, port


@pytest.fixture
def phone(gateway):
    """Makes phones."""
    with contextlib.ExitStack() as stack:
        yield lambda user, **more: stack.enter_context(
            contextlib.closing(RawPhone(user, f"{user[0]}-secret", gateway[1], **more))
        )


def test_3665_2_1_to_2_5(gateway, phone):
    """A registration, another contact, the list, too short, the end of all; a wrong password."""
    bob = phone("bob")
    assert bob.register("Contact: *", "Expires: 0").status == 200
    assert bob.register().values("contact") == [f"<{bob.contact}>;expires=600"]
    bob.socket.sendall(bob.sent)
    assert bob.response("REGISTER").status == 200, "what came again is answered as before"
    assert len(bob.register(f"Contact: <{BEHIND.format('bob')}>;expires=900").values("contact")) == 2
    assert len(bob.register("Expires: 60").values("contact")) == 2
    short = bob.register(f"Contact: <{bob.contact}>;expires=1")
    assert (short.status, short.get("min-expires")) == (423, "60")
    assert bob.register("Contact: *", "Expires: 0").values("contact") == []
    wrong = bob.register(password="guess")
    assert wrong.status == 401
    assert [line.partition("algorithm=")[2].partition(",")[0] for line in wrong.fields["www-authenticate"]] == [
        "SHA-256",
        "MD5",
    ]
    wait_for(lambda: gateway[0].said("REGISTER: wrong credentials for 'bob'"), "the wrong password is noticed")
    assert gateway[0].said(f"user bob: {bob.contact} registered for 600 s")


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("ends", ["caller", "called"])
def test_phones_behind_a_translator(gateway, phone, transport, ends):
    """Each is reached where it registered and called from, whatever its Contact says, to the end of the call."""
    alice, bob = (phone(user, transport=transport, contact=BEHIND.format(user)) for user in ("alice", "bob"))
    for one in (alice, bob):
        assert one.register("Contact: *", "Expires: 0").status == 200
        assert one.register().status == 200
    before = len(gateway[0].records())
    alice.dial("200")
    invite = bob.request("INVITE")
    bob.respond(invite, 180, "", "Require: 100rel", "RSeq: 7")
    bob.respond(bob.request("PRACK"), 200)
    assert alice.response("INVITE").status == 180
    bob.respond(invite, 200, SDP)
    answer = alice.response("INVITE", 200)
    assert answer.status == 200
    assert answer.fields.get("record-route") is None
    alice.acknowledge(answer, answer.values("contact")[0].strip("<>"))
    bob.request("ACK")
    if ends == "called":
        bob.hang_up(invite)
        alice.respond(alice.request("BYE"), 200)
    else:
        alice.end_call(answer)
        bob.respond(bob.request("BYE"), 200)
    wait_for(lambda: len(gateway[0].records()) > before, "the record")
    record = gateway[0].records()[-1]
    assert (record.result, record.incoming.calling, record.incoming.called) == ("answered", "100", "200")


@pytest.mark.parametrize("engine", ["native", NAME])
def test_phones_anywhere_with_ipv6(tmp_path, engine):
    """PJSIP as it is built for Tandem needs no list of networks."""
    port = free_stream_ports(2)
    text = TEXT.format(port=port).replace('accept_from = ["127.0.0.1"]\n', "").replace("127.0.0.1", "[::1]")
    with (
        used(engine) as name,
        sip_gateway(tmp_path, by_engine(name, text)) as gateway,
        contextlib.closing(RawPhone("alice", "a-secret", port, host="::1", contact=BEHIND.format("alice"))) as alice,
        contextlib.closing(RawPhone("bob", "b-secret", port, host="::1", contact=BEHIND.format("bob"))) as bob,
    ):
        assert bob.register().status == 200
        alice.dial("200")
        invite = bob.request("INVITE")
        bob.respond(invite, 200, SDP)
        answer = alice.response("INVITE", 200)
        alice.acknowledge(answer, answer.values("contact")[0].strip("<>"))
        bob.request("ACK")
        bob.hang_up(invite)
        alice.respond(alice.request("BYE"), 200)
        wait_for(lambda: [record.result for record in gateway.records()] == ["answered"], "the record")


@pytest.mark.parametrize("engine", ["native", "pjsua2"])
def test_a_trunk_that_wants_proof(tmp_path, engine):
    """A PBX at a known address, which must name a user and his password for each call."""
    port = free_stream_ports(2)
    text = TEXT.format(port=port).replace("registrar = true", f'peer = "127.0.0.1:{port + 1}"\nauthenticate = true')
    text = text.replace('to = ["phones"]', "refuse_cause = 17").replace('number = "100"', 'trunk = "phones"')
    text = text.replace('number = "200"', 'trunk = "phones"')
    with (
        sip_gateway(tmp_path, by_engine(engine, text)) as gateway,
        contextlib.closing(RawPhone("alice", "a-secret", port)) as right,
        contextlib.closing(RawPhone("alice", "guess", port)) as wrong,
    ):
        right.dial("300")
        assert right.response("INVITE", 300).status == 486
        with pytest.raises(AssertionError):
            wrong.dial("300")
        assert wrong.heard[-1].status == 401
        wait_for(lambda: gateway.said("INVITE: wrong credentials for 'alice'"), "the wrong password is noticed")
        wait_for(lambda: [record.cause for record in gateway.records()] == [17], "the record of the one that was right")
