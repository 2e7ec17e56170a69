"""Contacts and their time (RFC 3261 10.3)."""

import pytest
from support.sip_script import peer_request

from tandem.gateway.sip.message import parse_message
from tandem.gateway.sip.registrar import Registrar

SOURCE = ("192.0.2.7", 40000)
A, B = "sip:alice@192.0.2.7:5060", "sip:alice@192.0.2.8"


def register(registrar, *lines, now=0.0, cseq=1, call_id="c1", source=SOURCE):
    contact = [] if any(line.startswith("Contact") for line in lines) else ["Contact: "]
    text = peer_request("REGISTER", *lines, cseq=cseq, call_id=call_id)
    if contact:
        text = "\r\n".join(line for line in text.split("\r\n") if not line.startswith("Contact"))
    return registrar.register("alice", parse_message(text.encode()), source, now)


def uris(registrar):
    return [binding.uri for binding in registrar.contacts("alice")]


def test_several_contacts_in_order():
    registrar = Registrar()
    assert register(registrar, f"Contact: <{A}>;q=0.5, <{B}>;q=0.7;expires=120").lines == (
        f"Contact: <{B}>;expires=120\r\nContact: <{A}>;expires=3600\r\n"
    )
    assert uris(registrar) == [B, A]
    assert registrar.contacts("alice")[0].source == SOURCE
    assert registrar.user_at(SOURCE) == "alice"
    assert registrar.contacts("bob") == []


def test_query_renewal_and_removal():
    registrar = Registrar()
    register(registrar, f"Contact: <{A}>", "Expires: 600")
    assert register(registrar, cseq=2, now=100.0).lines == f"Contact: <{A}>;expires=500\r\n"
    reply = register(registrar, f"Contact: <{A}>", "Expires: 600", cseq=3, now=100.0)
    assert (reply.lines, reply.changes) == (f"Contact: <{A}>;expires=600\r\n", ())
    reply = register(registrar, f"Contact: <{A}>;expires=0", cseq=4)
    assert (reply.lines, reply.changes) == ("", (f"{A} removed",))
    assert len(registrar) == 0
    assert registrar.next_deadline() is None


def test_the_wildcard():
    registrar = Registrar()
    register(registrar, f"Contact: <{A}>, <{B}>")
    assert register(registrar, "Contact: *", cseq=2).status == 400
    assert register(registrar, "Contact: *", "Expires: 60", cseq=3).status == 400
    assert register(registrar, f"Contact: *, <{A}>", "Expires: 0", cseq=4).status == 400
    assert len(register(registrar, "Contact: *", "Expires: 0", cseq=5).changes) == 2
    assert uris(registrar) == []


def test_expiry():
    registrar = Registrar()
    register(registrar, f"Contact: <{A}>;expires=60, <{B}>;expires=90")
    assert registrar.next_deadline() == 60.0
    assert registrar.handle_timers(61.0) == [("alice", A)]
    assert uris(registrar) == [B]


@pytest.mark.parametrize(
    ("lines", "status", "seconds"),
    [
        ([f"Contact: <{A}>;expires=10"], 423, None),
        ([f"Contact: <{A}>;expires=99999999"], 200, 3600),
        ([f"Contact: <{A}>;expires=soon"], 200, 3600),
        ([f"Contact: <{A}>"], 200, 3600),
        ([f"Contact: <{A}>", "Expires: 70"], 200, 70),
    ],
)
def test_intervals(lines, status, seconds):
    registrar = Registrar()
    reply = register(registrar, *lines)
    assert reply.status == status
    assert reply.lines == ("Min-Expires: 60\r\n" if seconds is None else f"Contact: <{A}>;expires={seconds}\r\n")


def test_out_of_order():
    """10.3 step 7: an old request must not undo a new one; another Call-ID may be a phone that was restarted."""
    registrar = Registrar()
    register(registrar, f"Contact: <{A}>", cseq=5)
    assert register(registrar, f"Contact: <{A}>;expires=0", cseq=5).status == 500
    assert register(registrar, "Contact: *", "Expires: 0", cseq=4).changes == ()
    assert register(registrar, f"Contact: <{A}>;expires=0", cseq=1, call_id="c2").status == 200
    assert uris(registrar) == []


def test_the_oldest_give_way():
    registrar = Registrar(contacts=2)
    for number in range(3):
        register(registrar, f"Contact: <sip:a@192.0.2.{number}>", now=float(number), cseq=number + 1)
    assert uris(registrar) == ["sip:a@192.0.2.2", "sip:a@192.0.2.1"]
    assert register(registrar, "Contact: <sip:a@1.1.1.1>, <sip:b@1.1.1.1>, <sip:c@1.1.1.1>", cseq=9).status == 400


@pytest.mark.parametrize("contact", ["<tel:+123>", "<sip:a@x", "<mailto:a@x>"])
def test_contacts_that_are_none(contact):
    assert register(Registrar(), f"Contact: {contact}").status == 400
