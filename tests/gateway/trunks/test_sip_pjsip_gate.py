"""The registrar on PJSIP: what waits there is decided by the same rules as on Tandem's own engine."""

import pytest
from support.pjsip_adapter import SAVP, Pjsip

from tandem.gateway.operator import state
from tandem.gateway.pjsip import protocol
from tandem.gateway.sip.auth import authorization, parse_challenge
from tandem.gateway.sip.primitives import Credentials

TABLES = """
[[trunk]]
name = "phones"
type = "sip"
engine = "pjsua2"
registrar = true
accept_from = ["10.1.0.0/16"]
[[sip.user]]
name = "alice"
password = "a-secret"
number = "100"
[[sip.user]]
name = "bob"
password = "b-secret"
number = "200"
[[route]]
to = ["phones"]
"""
ALICE, BOB, DESK = ("10.1.0.1", 5060), ("10.1.0.2", 5061), ("10.1.0.3", 5062)


class Desk(Pjsip):
    """The adapter with a registrar; each request is numbered."""

    def __init__(self):
        super().__init__(tables=TABLES)
        self.number = 0
        self.sequence = 0

    def request(self, method, user, source, *lines, over="udp", connection=0, to=""):
        """A request arrives: what becomes of it."""
        self.number += 1
        self.sequence += 1
        octets = "\r\n".join(
            (
                f"{method} sip:{to or '127.0.0.1'} SIP/2.0",
                f"Via: SIP/2.0/UDP h;branch=z9hG4bK{self.sequence}",
                f"From: <sip:{user}@127.0.0.1>;tag=f",
                f"To: <sip:{to or user + '@127.0.0.1'}>",
                f"Call-ID: {method}-{user}",
                f"CSeq: {self.sequence} {method}",
                "Max-Forwards: 70",
                *lines,
                *(["Content-Type: application/sdp", f"Content-Length: {len(SAVP)}", "", SAVP] if to else ["", ""]),
            )
        ).encode()
        self.tell(protocol.RequestArrived(self.number, octets, source, over, connection))
        decided = self.commands((protocol.AnswerRequest, protocol.AdmitRequest, protocol.DropRequest))
        assert [one.number for one in decided] == [self.number], "each is decided once"
        self.octets = octets
        return decided[0]

    def prove(self, method, user, source, *lines, password="", **options):
        """The same with the challenge and its answer."""
        challenge = self.request(method, user, source, *lines, **options)
        assert (challenge.status, challenge.lasting) == (401, False)
        name, value = challenge.headers[0]
        assert name == "WWW-Authenticate"
        proof = authorization(
            parse_challenge("Authorization", value),
            Credentials(user, password or f"{user[0]}-secret"),
            method,
            "sip:127.0.0.1",
            lambda: "c",
        )
        return self.request(method, user, source, *lines, ": ".join(proof), **options)

    def register(self, user, source, *lines, **options):
        lines = lines or (f"Contact: <sip:{user}@192.0.2.1>;expires=60",)
        return self.prove("REGISTER", user, source, *lines, **options)


@pytest.fixture
def desk():
    return Desk()


def test_where_phones_may_be():
    """Peers of other trunks come first, wherever the phones may be."""
    sources = Desk().commands(protocol.SetSources)
    assert [(one.account, one.networks) for one in sources] == [("ice", ["10.0.0.8"]), ("phones", ["10.1.0.0/16"])]


def test_a_user_registers_and_expires(desk):
    answer = desk.register("bob", BOB)
    assert (answer.status, answer.lasting) == (200, True)
    assert answer.headers == [("Contact", "<sip:bob@192.0.2.1>;expires=60")]
    (row,) = state.registrations(desk.bench.node, desk.bench.now, 0.0)
    assert (row["reg_user"], row["network_ip"], row["network_port"]) == ("bob", *BOB)
    short = desk.register("bob", BOB, "Contact: <sip:bob@192.0.2.1>;expires=5")
    assert (short.status, short.headers) == (423, [("Min-Expires", "60")])
    desk.bench.run(61.0)
    assert desk.bench.said("user bob: sip:bob@192.0.2.1 expired")
    assert list(state.registrations(desk.bench.node, desk.bench.now, 0.0)) == []


def test_connections_of_phones_stay(desk):
    desk.register("bob", BOB, over="tls", connection=3)
    assert desk.commands(protocol.KeepConnections) == [protocol.KeepConnections([BOB])]
    desk.register("alice", ALICE)
    assert desk.commands(protocol.KeepConnections) == []
    desk.bench.run(61.0)
    assert desk.commands(protocol.KeepConnections) == [protocol.KeepConnections([])]


def test_another_process_of_pjsip_is_told_of_phones(desk):
    """Their contacts hold, and so do those over UDP; connections are to be kept when phones have come again."""
    desk.register("bob", BOB, over="tcp")
    desk.commands(protocol.KeepConnections)
    desk.bench.node.pjsip_lost(desk.bench.now)
    desk.tell(protocol.Started("2.15", 4))
    assert desk.commands(protocol.KeepConnections) == [protocol.KeepConnections([BOB])]
    assert [row["reg_user"] for row in state.registrations(desk.bench.node, desk.bench.now, 0.0)] == ["bob"]


def test_who_is_not_admitted(desk):
    wrong = desk.prove("REGISTER", "bob", BOB, password="guess")
    assert (wrong.status, wrong.lasting) == (401, False)
    assert desk.bench.said("10.1.0.2:5061: REGISTER: wrong credentials for 'bob'")
    for request in (("INVITE", "eve", ("10.2.0.1", 5060)), ("OPTIONS", "eve", BOB)):
        refused = desk.request(*request)
        assert (refused.status, refused.lasting) == (403, False)
    desk.register("bob", BOB)
    assert isinstance(desk.request("OPTIONS", "bob", BOB), protocol.AdmitRequest)
    desk.tell(protocol.RequestArrived(99, b"INVITE", ("10.2.0.1", 5060)))
    assert desk.commands(protocol.AnswerRequest) == [protocol.AnswerRequest(99, 400, [], lasting=False)]


def test_a_ban(desk):
    eve = ("10.1.0.66", 5060)
    for _ in range(20):
        desk.prove("REGISTER", "bob", eve, password="guess")
    assert desk.commands(protocol.TurnAway) == [protocol.TurnAway("10.1.0.66", 600.0)]
    assert isinstance(desk.request("REGISTER", "bob", eve), protocol.DropRequest)
    assert desk.bench.node.sip.offences()["dropped"] == 1


def test_a_user_calls_another(desk):
    """Both at the phones they registered with: the first that answers has the call."""
    desk.register("bob", BOB)
    desk.register("bob", DESK, "Contact: <sip:bob@192.0.2.2>;expires=60")
    admitted = desk.prove("INVITE", "alice", ALICE, "Contact: <sip:a@h>", to="200@127.0.0.1")
    assert (admitted.account, admitted.caller) == ("phones", "alice")
    assert admitted.pinned == "sip:10.1.0.1:5060;transport=udp"
    desk.tell(protocol.CallReceived(-1, desk.octets, ALICE, 18500, admitted=True, caller="alice"))
    calls = desk.commands(protocol.MakeCall)
    assert {(one.destination, one.target, one.pinned) for one in calls} == {
        ("sip:10.1.0.2:5061;transport=udp", "sip:bob@192.0.2.1", True),
        ("sip:10.1.0.3:5062;transport=udp", "sip:bob@192.0.2.2", True),
    }
    assert "sip:100@" in calls[0].local
    lost, won = calls
    speech = protocol.Speech(18500, "u")
    for call in calls:
        ringing = _response(call, 180)
        desk.tell(protocol.ResponseReceived(call.call, ringing, None))
    desk.tell(protocol.ResponseReceived(won.call, _response(won, 200), speech))
    (end,) = desk.commands(protocol.EndCall)
    assert (end.call, end.headers) == (lost.call, [("Reason", 'SIP;cause=200;text="Call completed elsewhere"')])
    desk.tell(protocol.CallEnded(lost.call, 487, "", b""))
    assert [one.status for one in desk.commands(protocol.Respond)] == [180, 180, 200]
    bye = b"BYE sip:h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKe\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>;tag=2\r\n"
    desk.tell(protocol.CallEnded(-1, 200, "", bye + b"Call-ID: x\r\nCSeq: 2 BYE\r\n\r\n"))
    desk.tell(protocol.CallEnded(won.call, 200, "", b""))
    assert [(one.result, one.incoming.calling, one.outgoing.trunk) for one in desk.bench.records] == [
        ("answered", "100", "phones")
    ]
    desk.close()


def _response(call, status):
    return (
        f"SIP/2.0 {status} Text\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKo\r\nFrom: {call.local};tag=1\r\n"
        f"To: <{call.remote}>;tag=t{-call.call}\r\nCall-ID: {call.call_id}\r\nCSeq: 1 INVITE\r\n"
        f"Contact: <{call.target}>\r\nContent-Length: 0\r\n\r\n"
    ).encode()


def test_nobody_registers_with_the_other_engine(desk):
    """The phones of PJSIP are no users of `[sip]`."""
    text = (
        "REGISTER sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 10.1.0.1;branch=z9hG4bK1\r\nFrom: <sip:bob@h>;tag=a\r\n"
        "To: <sip:bob@h>\r\nCall-ID: r\r\nCSeq: 1 REGISTER\r\nContent-Length: 0\r\n\r\n"
    )
    (answer,) = desk.bench.send(text, ALICE)
    assert answer.startswith(b"SIP/2.0 403 ")
    assert desk.bench.said("REGISTER refused: no trunk has this source")
