"""Strangers, users and peers of trunks before a whole gateway."""

import pytest
from support.sip_bench import GATEWAY, SipBench
from support.sip_phones import ALICE, BOB, PHONES, call, phones, register
from support.sip_script import peer_request

from tandem.gateway.sip.primitives import (
    Answered,
    Credentials,
    Ended,
    IncomingInvite,
    RegistrationChanged,
    Rejected,
)
from tandem.gateway.sip.registration import RegistrationOptions

STRANGER = ("10.6.6.6", 5060)


def test_users_call_each_other_and_the_calling_number_is_theirs():
    bench, alice, bob = phones()
    number = call(bench, alice, "200", ALICE)
    assert bench.heard(alice, Answered)
    (offered,) = bench.heard(bob, IncomingInvite)
    assert offered.request.uri.user == "bob"
    assert offered.request.from_.uri.user == "100"
    alice.bye(number, (), bench.now)
    bench.run(1.0)
    assert bench.heard(bob, Ended)
    (record,) = bench.records
    assert (record.incoming.trunk, record.incoming.calling, record.outgoing.trunk) == ("phones", "100", "phones")


def test_a_name_may_be_dialled():
    bench, alice, bob = phones()
    call(bench, alice, "bob", ALICE)
    assert bench.heard(bob, IncomingInvite)


def test_a_route_may_name_one_user():
    bench, _, bob = phones()
    carrier = bench.agent("10.0.0.9")
    call(bench, carrier, "3001")
    assert bench.heard(carrier, Answered)
    assert bench.heard(bob, IncomingInvite)


def test_calls_go_to_where_the_register_came_from():
    """Behind a translator of addresses the Contact is no use, neither for the call nor in it."""
    bench = SipBench(PHONES)
    bob, carrier = bench.agent("10.0.0.2", 5066, answer=200), bench.agent("10.0.0.9")
    bob._layer._main.contact_line = bob._layer.contact_line = "Contact: <sip:bob@192.168.1.7:5062>\r\n"
    register(bench, bob, BOB)
    number = call(bench, carrier, "200")
    (offered,) = bench.heard(bob, IncomingInvite)
    carrier.bye(number, (), bench.now)
    bench.run(1.0)
    assert bench.heard(bob, Ended), offered


@pytest.mark.parametrize(("number", "status"), [("100", 480), ("199", 404)], ids=["not registered", "no such user"])
def test_users_that_cannot_be_called(number, status):
    bench = SipBench(PHONES)
    carrier = bench.agent("10.0.0.9")
    call(bench, carrier, number)
    assert [event.status for event in bench.heard(carrier, Rejected)] == [status]


def test_the_next_contact_is_tried():
    bench, _, bob = phones(PHONES.replace("registrar = true", 'registrar = true\nring = "in-turn"'))
    second = bench.agent("10.0.0.3", answer=200)
    register(bench, second, BOB)
    bench.answers["10.0.0.3", 5060] = 480
    carrier = bench.agent("10.0.0.9")
    call(bench, carrier, "200")
    assert bench.heard(second, IncomingInvite)
    assert bench.heard(bob, IncomingInvite)
    assert bench.heard(carrier, Answered)
    bench.answers["10.0.0.3", 5060] = 486
    bench.events["10.0.0.2", 5066].clear()
    call(bench, carrier, "200")
    assert not bench.heard(bob, IncomingInvite), "busy is the user's word, not the phone's"


def test_a_registration_ends():
    bench, _, bob = phones()
    bob.unregister(bench.now)
    bench.run(0.1)
    carrier = bench.agent("10.0.0.9")
    call(bench, carrier, "200")
    assert [event.status for event in bench.heard(carrier, Rejected)] == [480]
    del bench.agents["10.0.0.1", 5060]
    bench.run(3700)
    assert bench.said("user alice: sip:alice@10.0.0.1:5060 expired")


@pytest.mark.parametrize("credentials", [None, Credentials("alice", "guess"), Credentials("eve", "a-secret")])
def test_nobody_calls_without_the_password(credentials):
    bench, alice, bob = phones()
    call(bench, alice, "200", credentials)
    assert [event.status for event in bench.heard(alice, Rejected)] == [401]
    assert not bench.heard(bob, IncomingInvite)
    assert bench.records == []


def test_a_user_registers_himself_alone():
    bench = SipBench(PHONES)
    alice = bench.agent("10.0.0.1")
    options = RegistrationOptions("sip:bob@127.0.0.1", "sip:127.0.0.1", "bob", ALICE)
    alice.register(options, [GATEWAY], 0.0)
    bench.run(0.1)
    assert bench.said("may not register sip:bob@127.0.0.1")
    assert "403" in bench.heard(alice, RegistrationChanged)[-1].detail


def test_no_rule_no_call():
    """A user is known, but no rule lets him call there."""
    bench, alice, _ = phones()
    carrier = bench.agent("10.0.0.9", answer=200)
    call(bench, alice, "900", ALICE)
    assert [event.status for event in bench.heard(alice, Rejected)] == [404]
    assert not bench.heard(carrier, IncomingInvite)


CARRIER = '[[trunk]]\nname = "carrier"\ntype = "sip"\npeer = "10.0.0.9"\n[[route]]\nto = ["carrier"]\n'


@pytest.mark.parametrize("method", ["INVITE", "OPTIONS", "REGISTER", "BYE", "CANCEL", "NONSENSE"])
@pytest.mark.parametrize("policy", ["refuse", "drop"])
def test_strangers(method, policy):
    bench = SipBench(f'unknown = "{policy}"\n{CARRIER}')
    carrier = bench.agent("10.0.0.9", answer=200)
    answers = bench.send(peer_request(method), STRANGER)
    expected = [b"SIP/2.0 403 Forbidden"] if policy == "refuse" else []
    assert [answer.split(b"\r\n")[0] for answer in answers] == expected
    assert bench.node.sip.admission.bans.counts == {"unknown source": 1}
    assert not bench.heard(carrier, IncomingInvite)
    assert set(bench.node.sip.agent.sizes().values()) == {0}, "a stranger costs no memory"


@pytest.mark.parametrize(("policy", "answers"), [("refuse", 1), ("drop", 0)])
def test_garbage(policy, answers):
    bench = SipBench(f'unknown = "{policy}"\n{CARRIER}')
    broken = peer_request("OPTIONS").replace("CSeq: 1", "CSeq: x")
    assert len(bench.send(broken, STRANGER)) == answers
    assert bench.send(b"\x00\x01rubbish", STRANGER) == []
    assert len(bench.send(broken, ("10.0.0.9", 5060))) == 1, "the peer of a trunk is told"
    assert bench.node.sip.admission.bans.counts == {"garbage": 2}


def test_who_goes_on_is_banned_for_a_time():
    bench = SipBench(f"ban_offences = 5\nban_seconds = 60\n{CARRIER}")
    for number in range(7):
        bench.send(peer_request("INVITE", branch=f"z9hG4bK{number}"), STRANGER)
    assert len(bench.said("INVITE refused")) == 5
    assert bench.said("banned for 60 s: 5 offences, last: unknown source")
    assert bench.node.sip.admission.bans.counts["dropped"] == 2
    assert bench.node.stream_accepted("tcp", STRANGER[0], 40000, bench.now) is None
    assert bench.node.stream_accepted("tcp", "10.0.0.9", 40000, bench.now) is not None
    bench.run(61)
    assert len(bench.send(peer_request("INVITE", branch="z9hG4bKx"), STRANGER)) == 1


def test_the_address_of_a_trunk_is_never_banned():
    bench = SipBench(f"ban_offences = 2\n{CARRIER}")
    for _ in range(5):
        bench.send(b"OPTIONS rubbish", ("10.0.0.9", 5060))
    assert not bench.said("banned")


GUARDED = """
[[trunk]]
name = "pbx"
type = "sip"
peer = "10.0.0.5"
authenticate = true
[[sip.user]]
name = "pbx"
password = "p-secret"
trunk = "pbx"
[[trunk]]
name = "carrier"
type = "sip"
peer = "10.0.0.9"
[[route]]
trunk = ["pbx"]
to = ["carrier"]
"""


def test_a_trunk_whose_calls_must_be_proved():
    bench = SipBench(GUARDED)
    pbx, carrier = bench.agent("10.0.0.5"), bench.agent("10.0.0.9", answer=200)
    call(bench, pbx, "123")
    assert [event.status for event in bench.heard(pbx, Rejected)] == [401]
    call(bench, pbx, "123", Credentials("pbx", "p-secret"))
    assert bench.heard(pbx, Answered)
    assert len(bench.heard(carrier, IncomingInvite)) == 1


def test_a_user_of_one_trunk_is_nobody_on_another():
    bench = SipBench(PHONES + GUARDED.split('[[trunk]]\nname = "carrier"')[0])
    alice = bench.agent("10.0.0.1")
    call(bench, alice, "0123", Credentials("pbx", "p-secret"))
    assert [event.status for event in bench.heard(alice, Rejected)] == [403]
    assert bench.said("not his trunk")


def test_what_else_phones_send_is_answered_and_no_offence():
    """Subscriptions, probes: as the agent answers them to any peer; from elsewhere they are a stranger's."""
    bench, _, _ = phones()
    del bench.agents["10.0.0.1", 5060]
    for number, (method, status) in enumerate({"SUBSCRIBE": 405, "OPTIONS": 200, "CANCEL": 481}.items()):
        (answer,) = bench.send(peer_request(method, branch=f"z9hG4bK{number}"), ("10.0.0.1", 5060))
        assert answer.startswith(f"SIP/2.0 {status} ".encode())
    counts = bench.node.sip.admission.bans.counts
    assert not counts
    bench.send(peer_request("SUBSCRIBE"), ("10.0.0.1", 5099))
    assert counts == {"unknown source": 1}


def test_calls_with_priority_are_not_refused_while_the_process_is_late():
    two = '[[trunk]]\nname = "b"\ntype = "sip"\npeer = "10.0.0.8"\n[[route]]\ntrunk = ["b"]\nto = ["carrier"]\n'
    bench = SipBench('emergency_numbers = ["112"]\n' + CARRIER + two)
    bench.agent("10.0.0.9", answer=200)
    caller = bench.agent("10.0.0.8")
    for _ in range(100):
        bench.node.sip.overload.sample(10.0)
    for number in range(15):
        call(bench, caller, str(number))
    assert len(bench.heard(caller, Rejected)) > 10  # of 15
    before = len(bench.heard(caller, Answered))
    for _ in range(4):
        call(bench, caller, "30", headers=(("Resource-Priority", "ets.0"),))
        call(bench, caller, "112")
    assert len(bench.heard(caller, Answered)) == before + 8


def test_part_of_the_new_calls_is_refused_while_the_process_is_late():
    """503 with Retry-After, without remembering the call; calls that are up go on, strangers get 403 as ever."""
    bench = SipBench(
        CARRIER + '[[trunk]]\nname = "b"\ntype = "sip"\npeer = "10.0.0.8"\n[[route]]\ntrunk = ["b"]\nto = ["carrier"]\n'
    )
    bench.agent("10.0.0.9", answer=200)
    caller = bench.agent("10.0.0.8")
    first = call(bench, caller, "1")
    assert bench.heard(caller, Answered)
    for _ in range(100):
        bench.node.sip.overload.sample(10.0)
    for number in range(40):
        call(bench, caller, str(number))
    refused = bench.heard(caller, Rejected)
    assert 30 < len(refused) < 41
    assert bench.node.sip.overload.refused == len(refused)
    assert {event.status for event in refused} == {503}
    assert {int(event.message.get("Retry-After")) for event in refused} <= {1, 2, 3, 4, 5}
    assert len(bench.node.control.calls) == 41 - len(refused)
    caller.bye(first, (), bench.now)
    bench.run(1)
    assert len(bench.records) == 1
    (answer,) = bench.send(peer_request("INVITE"), STRANGER)
    assert answer.startswith(b"SIP/2.0 403 ")
