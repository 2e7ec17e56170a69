"""We register with a provider that is written out (RFC 3261 10.2)."""

import pytest
from support.sip_script import Script

from tandem.gateway.sip.endpoint import Listener, Stream
from tandem.gateway.sip.primitives import Credentials, RegistrationChanged
from tandem.gateway.sip.registration import RegistrationOptions, RegistrationTimer

FIRST, SECOND = ("10.0.0.2", 5060), ("10.0.0.3", 5060)
OPTIONS = RegistrationOptions(
    "sip:4930100@provider.example", "sip:provider.example", "4930100", Credentials("u1", "secret")
)
CHALLENGE = 'WWW-Authenticate: Digest realm="provider.example", nonce="n{}", qop="auth", algorithm=SHA-256{}'


def start(destinations=(FIRST,), options=OPTIONS, **agent):
    script = Script(**agent)
    number = script.agent.register(options, destinations, 0.0)
    script.again = (script.agent._registrations[number], RegistrationTimer.AGAIN)
    return script, script.drain()[-1]


def changes(script):
    script.drain()
    return [(event.state, event.detail) for event in script.events if isinstance(event, RegistrationChanged)]


def accept(script, request, seconds=3600):
    contact = request.contact.uri.text
    return script.answer(request, 200, f"Contact: <sip:x@y>;expires=7, <{contact}>;expires={seconds}")


def test_the_request():
    _, request = start()
    assert (request.method, request.uri_text) == ("REGISTER", "sip:provider.example")
    assert request.fields["to"] == ["<sip:4930100@provider.example>"]
    assert request.from_.uri.text == "sip:4930100@provider.example"
    assert request.contact.uri.text == "sip:4930100@10.0.0.1:5060"
    assert request.get("Expires") == "3600"


def test_challenge_success_and_renewal_before_the_end():
    script, first = start()
    (second,) = script.answer(first, 401, CHALLENGE.format(1, ""))
    assert second.cseq == first.cseq + 1
    assert second.call_id == first.call_id
    assert 'username="u1"' in second.get("Authorization")
    assert "algorithm=SHA-256" in second.get("Authorization")
    accept(script, second, 600)
    assert changes(script) == [("registered", "at 10.0.0.2:5060 for 600 s")]
    assert script.wait(539) == []
    (renewal,) = script.wait(1.3)
    assert (renewal.call_id, renewal.cseq) == (first.call_id, second.cseq + 1)
    accept(script, renewal, 600)
    assert len(changes(script)) == 1, "a renewal is no news"
    (again,) = script.wait(540.2)
    assert again.cseq == renewal.cseq + 1


def test_a_short_interval_is_renewed_at_half():
    script, request = start()
    accept(script, request, 60)
    assert script.wait(29) == []
    assert len(script.wait(1.3)) == 1


@pytest.mark.parametrize("lines", [["Expires: 300"], []], ids=["Expires", "nothing"])
def test_the_interval_without_a_contact_parameter(lines):
    script, request = start()
    script.answer(request, 200, f"Contact: <{request.contact.uri.text}>", *lines)
    seconds = 300 if lines else 3600
    assert changes(script) == [("registered", f"at 10.0.0.2:5060 for {seconds} s")]


def test_a_stale_nonce_is_answered_again_a_wrong_password_is_not():
    script, request = start()
    (request,) = script.answer(request, 401, CHALLENGE.format(1, ""))
    (request,) = script.answer(request, 401, CHALLENGE.format(2, ", stale=true"))
    assert 'nonce="n2"' in request.get("Authorization")
    assert script.answer(request, 401, CHALLENGE.format(3, "")) == []
    assert changes(script) == [("failed", "401: credentials refused; trying again in 300 s")]
    assert script.wait(299) == []
    assert len(script.wait(1.3)) == 1


def test_423_asks_for_longer():
    script, request = start()
    (longer,) = script.answer(request, 423, "Min-Expires: 7200")
    assert longer.get("Expires") == "7200"
    assert script.answer(longer, 423, "Min-Expires: 7200") == []
    assert changes(script)[-1][0] == "failed"


def test_the_next_place_is_tried_at_once_then_ever_later():
    script, request = start((FIRST, SECOND))
    (elsewhere,) = script.answer(request, 503, "Retry-After: 5")
    assert script.sent[-1][1] == SECOND
    assert script.answer(elsewhere, 503) == []
    waits = []
    for _ in range(9):
        waits.append(script.agent._layer.timer_table.deadline(script.again) - script.now)
        (request,) = script.wait(waits[-1] + 0.1)
        (request,) = script.answer(request, 503)
        assert script.answer(request, 503) == []
    assert 15 <= waits[0] <= 30
    assert all(900 <= wait <= 1800 for wait in waits[7:])
    states = changes(script)
    assert {state for state, _ in states} == {"failed"}


def test_nobody_answers():
    script, _ = start()
    script.wait(32)
    state, detail = changes(script)[-1]
    assert state == "failed"
    assert detail.startswith("no answer; trying again in ")


def test_a_renewal_that_fails_leaves_the_registration_until_it_expires():
    script, request = start()
    accept(script, request, 600)
    (renewal,) = script.wait(540.2)
    script.answer(renewal, 500)
    states = changes(script)
    assert states[-1][0] == "registered"
    assert "not renewed: 500" in states[-1][1]


def test_over_tcp_a_lost_connection_registers_anew():
    tcp = Stream("10.0.0.2", 5060, "tcp")
    script, request = start((tcp,), listeners=(Listener("udp", "10.0.0.1", 5060), Listener("tcp", "10.0.0.1", 5062)))
    assert request.contact.uri.text == "sip:4930100@10.0.0.1:5062;transport=tcp"
    assert request.via.transport == "TCP"
    script.answer(request, 200, f"Contact: <{request.contact.uri.text}>;expires=600")
    assert changes(script)[0][0] == "registered"
    script.agent.connection_lost(tcp._replace(connection=4), script.now)
    assert len(script.wait(1.3)) == 1


def test_stopping_takes_it_back():
    script, request = start()
    accept(script, request)
    script.agent.unregister(script.now)
    (last,) = script.drain()
    assert last.get("Expires") == "0"
    assert script.agent.registering
    (last,) = script.answer(last, 401, CHALLENGE.format(1, ""))
    script.answer(last, 200)
    assert changes(script)[-1][0] == "removed"
    assert not script.agent.registering
    script.wait(100)
    assert set(script.agent.sizes().values()) == {0}


def test_stopping_what_is_not_registered():
    script, request = start()
    script.answer(request, 403)
    assert changes(script) == [("failed", "403 X; trying again in 300 s")]
    script.agent.unregister(script.now)
    assert changes(script)[-1][0] == "removed"
    script.wait(1000)
    assert set(script.agent.sizes().values()) == {0}


def test_a_contact_that_was_not_kept():
    script, request = start()
    accept(script, request, 0)
    assert changes(script)[-1][0] == "failed"


def test_a_provider_that_wants_nothing_we_have():
    script, request = start(options=RegistrationOptions("sip:a@b", "sip:b", "a"))
    script.answer(request, 401, CHALLENGE.format(1, ""))
    assert "the provider wants credentials" in changes(script)[-1][1]


def test_stopping_while_the_answer_is_awaited():
    """It may yet register us: then it is taken back."""
    script, request = start()
    script.agent.unregister(script.now)
    assert script.agent.registering
    (last,) = accept(script, request)
    assert last.get("Expires") == "0"
    script.answer(last, 200)
    assert changes(script) == [("removed", "")]
    script.wait(4000)
    assert set(script.agent.sizes().values()) == {0}


def test_a_provider_whose_address_comes_later():
    script = Script()
    number = script.agent.register(OPTIONS, (), 0.0)
    assert changes(script)[0][1].startswith("no address of the provider is known")
    script.agent.move_registration(number, (FIRST,), 1.0)
    (request,) = script.drain()
    accept(script, request)
    assert changes(script)[-1] == ("registered", "at 10.0.0.2:5060 for 3600 s")
