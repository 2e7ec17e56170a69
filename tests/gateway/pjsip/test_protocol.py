"""Commands and events of the PJSIP process keep their values on the way."""

import msgspec
import pytest

from tandem.gateway.pjsip import protocol

SPEECH = protocol.Speech(4000, "u", "sendonly")
COMMANDS = [
    protocol.MakeCall(-2, "t", "sip:h", "sip:a@h", "<sip:b@h>", "sip:a@h", "c", [("X-A", "1")], ("127.0.0.1", 4)),
    protocol.Respond(-1, 183, "", [], ("127.0.0.1", 4)),
    protocol.EndCall(
        -1, 486, [("Reason", "Q.850;cause=17")], protocol.Content("application/isup", b"\0\xff", "signal")
    ),
    protocol.SetHold(-1, True),
    protocol.SendInfo(-1, protocol.Content("application/dtmf", b"5")),
    protocol.Ask(-1),
    protocol.TellReady(-2, [("Require", "precondition")]),
    protocol.AnswerOffer(-1, 200, b"v=0"),
    protocol.AnswerRefer(-1, 202),
    protocol.TellTransfer(-1, "SIP/2.0 200 OK", True),
    protocol.SetSources("t", [("192.0.2.1", 5060)], ["192.0.2.0/24"], ["carrier.example"]),
    protocol.Ping(-2, "t", "sip:h", "sip:h"),
    protocol.Register(-2, "t", "sip:h", "sip:a@h", "sip:h", "a", "u", "p", 3600),
    protocol.Unregister(-2),
    protocol.TellMessages(True),
    protocol.Leave(True),
    protocol.AnswerRequest(1, 200, [("Contact", "<sip:a@h>")], True),
    protocol.AdmitRequest(2, "t", "alice", "sip:h;transport=udp"),
    protocol.DropRequest(3),
    protocol.KeepConnections([("192.0.2.1", 5060)]),
    protocol.TurnAway("192.0.2.1", 600.0),
    protocol.Shutdown(),
]
EVENTS = [
    protocol.Started("2.15", 4),
    protocol.Failed("no"),
    protocol.CallReceived(-1, b"INVITE \xff", ("192.0.2.1", 5060), 4000, "tls", 7),
    protocol.RequestArrived(1, b"REGISTER \xff", ("192.0.2.1", 5060), "tls", 7),
    protocol.PeerProved(7, ("carrier.example",)),
    protocol.PeerProved(7, None),
    protocol.TagChosen(-1, "t"),
    protocol.CertificatesRead("no such file"),
    protocol.MessageSeen(b"BYE \xff", "tcp", ("192.0.2.1", 5070), ("192.0.2.9", 5060), True),
    protocol.Trouble("not who it should be"),
    protocol.ResponseReceived(-2, b"SIP/2.0 200 OK", SPEECH),
    protocol.CallConfirmed(-1, None),
    protocol.SpeechChanged(-1, SPEECH),
    protocol.HoldFailed(-1, 488),
    protocol.InfoArrived(-1, b"INFO"),
    protocol.InfoAnswered(-2, 200),
    protocol.UpdateArrived(-1, b"UPDATE", SPEECH),
    protocol.UpdateAnswered(-2, 200, b"SIP/2.0 200 OK"),
    protocol.OfferArrived(-1, b"UPDATE"),
    protocol.AnswerArrived(-1, b"PRACK"),
    protocol.OfferAnswered(-1, b"SIP/2.0 200 OK"),
    protocol.ReferArrived(-1, b"REFER"),
    protocol.AskAnswered(-1, 481),
    protocol.StreamMeasured(-1, 500, 495, 79200, 4, 1, 7, 3.5, 2.5, 80.0, 40.0),
    protocol.CallEnded(-1, 200, "OK", b"BYE"),
    protocol.CallRefused("192.0.2.1:5060"),
    protocol.PingAnswered(-2, 0),
    protocol.RegistrationAnswered(-2, 200, "OK", 3600),
]


@pytest.mark.parametrize(("values", "kind"), [(COMMANDS, protocol.Command), (EVENTS, protocol.Event)])
def test_there_and_back(values, kind):
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(values), type=list[kind]) == values


def test_every_kind_is_here():
    for values, kind in ((COMMANDS, protocol.Command), (EVENTS, protocol.Event)):
        assert {type(value) for value in values} == set(kind.__args__)
