"""Registrations by PJSIP, seen by the adapter."""

from support.pjsip_adapter import PEER, SAVP, Pjsip, message

from tandem.gateway.pjsip import protocol
from tandem.gateway.sip.primitives import IncomingInvite


def test_a_registration():
    pjsip = Pjsip(
        'user = "account"\npassword = "secret"\ndomain = "provider.example"\n'
        '[[sip.registration]]\ntrunk = "ice"\nnumber = "4930300"\n',
        up=False,
    )
    pjsip.tell(protocol.Started("2.15", 4))
    (register,) = pjsip.commands(protocol.Register)
    assert (register.address_of_record, register.registrar, register.user, register.destination) == (
        "sip:account@provider.example",
        "sip:provider.example",
        "account",
        "sip:10.0.0.8:5060;transport=udp",
    )
    pjsip.tell(protocol.RegistrationAnswered(register.number, 200, "OK", 3600))
    pjsip.tell(protocol.CallReceived(-1, message("INVITE sip:account@h SIP/2.0", body=SAVP), PEER, 18500))
    (incoming,) = pjsip.bench.heard(pjsip.pbx, IncomingInvite)
    assert incoming.request.uri.user == "4930300"
    pjsip.tell(protocol.CallEnded(-1, 487, "", b""))
    pjsip.tell(protocol.RegistrationAnswered(register.number, 403, "Forbidden", 0))
    assert pjsip.bench.said("registration sip:account@provider.example: registered for 3600 s")
    assert pjsip.bench.said("registration sip:account@provider.example: failed 403: Forbidden")
    pjsip.bench.node.stop(pjsip.bench.now)
    pjsip.bench.run(0.0)
    assert pjsip.commands(protocol.Unregister) == [protocol.Unregister(register.number)]
    assert not pjsip.bench.node.stopped
    pjsip.tell(protocol.RegistrationAnswered(register.number, 200, "OK", 0))
    assert pjsip.bench.node.stopped


def test_a_registration_goes_to_the_next_server():
    """RFC 5626 4.5 as on our own engine: one after the other at once; when all have failed PJSIP waits."""
    pjsip = Pjsip('user = "u"\npassword = "p"\n[[sip.registration]]\ntrunk = "ice"\n')
    (register,) = pjsip.commands(protocol.Register)
    number = register.number
    places = [(f"10.0.1.{last}", 5060) for last in (1, 2, 3)]
    pjsip.bench.node.sip.agent.move_registration(number, places, pjsip.bench.now)
    pjsip.tell()
    seen = [one.destination for one in pjsip.commands(protocol.Register)]
    for status in (503, 408, 503, 500, 403):
        pjsip.tell(protocol.RegistrationAnswered(number, status, "x", 0))
        seen.append([one.destination for one in pjsip.commands(protocol.Register)])
    at = {last: f"sip:10.0.1.{last}:5060;transport=udp" for last in (1, 2, 3)}
    assert seen == [at[1], [at[2]], [at[3]], [], [at[1]], []]
    assert len(pjsip.bench.said("failed 503: x")) == len(pjsip.bench.said("failed 403: x")) == 1
    pjsip.tell(protocol.RegistrationAnswered(number, 200, "OK", 60))
    assert pjsip.bench.said("registered for 60 s")
