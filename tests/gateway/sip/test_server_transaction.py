import pytest
from support.sip_link import PEER, RecordingLink

from tandem.gateway.sip.message import Request
from tandem.gateway.sip.server_transaction import InviteServerTransaction, NonInviteServerTransaction
from tandem.gateway.sip.transaction import Input, State, Timer

REQUEST, ACK = Input.REQUEST, Input.ACK


def make(kind):
    link = RecordingLink()
    return link, kind(link, ("b", "h", "5060", "X"), PEER, None, Request("X", "sip:a@b", {}, b""), "")


# clause, events (status, timer or input), state after, sent by the last event, told by the last event, timers after
INVITE_ROWS = [
    ("17.2.1 starts in Proceeding", [], State.PROCEEDING, [], None, set()),
    ("17.2.1 nothing to repeat yet", [REQUEST], State.PROCEEDING, [], False, set()),
    ("17.2.1 provisional responses are sent", [100, 180], State.PROCEEDING, [b"180"], None, set()),
    ("17.2.1 a repeated INVITE gets the last of them", [100, 180, REQUEST], State.PROCEEDING, [b"180"], False, set()),
    ("figure 7: no ACK yet", [180, ACK], State.PROCEEDING, [], False, set()),
    ("6026 7.1 2xx", [180, 200], State.ACCEPTED, [b"200"], None, {"L"}),
    ("6026 7.1 a repeated INVITE is absorbed", [200, REQUEST], State.ACCEPTED, [], False, {"L"}),
    ("6026 7.1 the user repeats its 2xx", [200, 200], State.ACCEPTED, [b"200"], None, {"L"}),
    ("6026 7.1 the ACK is passed up", [200, ACK], State.ACCEPTED, [], True, {"L"}),
    ("6026 figure 4: no refusal once accepted", [200, 486], State.ACCEPTED, [], None, {"L"}),
    ("6026 7.1 timer L ends it", [200, Timer.L], State.TERMINATED, [], False, set()),
    ("17.2.1 300-699 starts G and H", [486], State.COMPLETED, [b"486"], None, {"G", "H"}),
    ("17.2.1 a repeated INVITE gets it again", [486, REQUEST], State.COMPLETED, [b"486"], False, {"G", "H"}),
    ("17.2.1 timer G repeats it", [486, Timer.G], State.COMPLETED, [b"486"], False, {"G", "H"}),
    ("figure 7: no other response any more", [486, 200], State.COMPLETED, [], None, {"G", "H"}),
    ("17.2.1 timer H informs the user", [486, Timer.H], State.TERMINATED, [], True, set()),
    ("17.2.1 ACK", [486, ACK], State.CONFIRMED, [], False, {"I"}),
    ("17.2.1 further ACKs are absorbed", [486, ACK, ACK], State.CONFIRMED, [], False, {"I"}),
    ("figure 7: INVITE is absorbed once confirmed", [486, ACK, REQUEST], State.CONFIRMED, [], False, {"I"}),
    ("17.2.1 timer I ends it", [486, ACK, Timer.I], State.TERMINATED, [], False, set()),
]  # fmt: skip

OTHER_ROWS = [
    ("17.2.2 starts in Trying", [], State.TRYING, [], None, set()),
    ("17.2.2 a repeated request is discarded", [REQUEST], State.TRYING, [], False, set()),
    ("17.2.2 1xx", [100], State.PROCEEDING, [b"100"], None, set()),
    ("17.2.2 further 1xx", [100, 183], State.PROCEEDING, [b"183"], None, set()),
    ("17.2.2 a repeated request gets the 1xx again", [100, REQUEST], State.PROCEEDING, [b"100"], False, set()),
    ("17.2.2 final starts J", [200], State.COMPLETED, [b"200"], None, {"J"}),
    ("17.2.2 final after 1xx", [100, 481], State.COMPLETED, [b"481"], None, {"J"}),
    ("17.2.2 a repeated request gets it again", [200, REQUEST], State.COMPLETED, [b"200"], False, {"J"}),
    ("17.2.2 other final responses are discarded", [200, 500], State.COMPLETED, [], None, {"J"}),
    ("17.2.2 timer J ends it", [200, Timer.J], State.TERMINATED, [], False, set()),
]


@pytest.mark.parametrize(
    ("kind", "rows"), [(InviteServerTransaction, INVITE_ROWS), (NonInviteServerTransaction, OTHER_ROWS)]
)
def test_table(kind, rows):
    for clause, events, state, sent, told, running in rows:
        link, transaction = make(kind)
        last = None
        for event in events:
            link.take()
            if isinstance(event, Timer):
                link.running.pop(event.name)
                last = transaction.expire(event, 1.0)
            elif isinstance(event, Input):
                last = transaction.receive(event, 1.0)
            else:
                last = transaction.respond(event, b"%d" % event, 1.0)
        assert last == told, clause
        assert (transaction.state, link.take(), set(link.running)) == (state, sent, running), clause
        assert link.ended == (state is State.TERMINATED), clause


def kept(transaction):
    """What it holds beyond itself, by name."""
    names = ("echo", "last_response", "request", "user")
    return {name: value for name in names if (value := getattr(transaction, name, None))}


def test_what_lingers_keeps_only_what_it_repeats():
    """17.2.2, figure 8; RFC 6026 8.5, 8.7; 17.2.1, figure 7."""

    def full(kind):
        link, transaction = make(kind)
        transaction.echo, transaction.user = "Via: x", object()
        return link, transaction

    link, bye = full(NonInviteServerTransaction)
    bye.respond(200, b"200", 0.0)
    assert kept(bye) == {"last_response": b"200"}
    bye.receive(REQUEST, 0.1)
    assert link.sent == [b"200", b"200"]
    link, invite = full(InviteServerTransaction)
    invite.settle()
    assert kept(invite).keys() == {"echo", "request", "user"}, "nothing is to be settled before the 2xx"
    invite.respond(200, b"200", 0.0)
    assert kept(invite).keys() == {"echo", "last_response", "request", "user"}, "the user may repeat its 2xx"
    invite.settle()
    invite.settle()
    assert kept(invite) == {}
    assert not invite.receive(REQUEST, 0.1)
    assert invite.receive(ACK, 0.2)
    assert link.sent == [b"200"]
    assert invite.state is State.ACCEPTED
    link, refused = full(InviteServerTransaction)
    refused.respond(486, b"486", 0.0)
    assert kept(refused).keys() == {"last_response", "user"}
    refused.receive(ACK, 0.1)
    assert kept(refused) == {}
    assert not refused.receive(REQUEST, 0.2)
    assert link.sent == [b"486"]


def test_timer_g_doubles_up_to_t2():
    """17.2.1."""
    link, transaction = make(InviteServerTransaction)
    transaction.respond(486, b"486", 0.0)
    times = []
    while link.running["G"] < link.running["H"]:
        times.append(link.running["G"])
        transaction.expire(Timer.G, times[-1])
    assert times == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]


def test_wait_times():
    """Table 4 for UDP: H, J and L are 64*T1, I is T4."""
    link, transaction = make(NonInviteServerTransaction)
    transaction.respond(200, b"200", 1.0)
    assert link.running == {"J": 33.0}
    link, transaction = make(InviteServerTransaction)
    transaction.respond(200, b"200", 1.0)
    assert link.running == {"L": 33.0}
    link, transaction = make(InviteServerTransaction)
    transaction.respond(500, b"500", 1.0)
    assert link.running == {"G": 1.5, "H": 33.0}
    transaction.receive(ACK, 2.0)
    assert link.running == {"I": 7.0}


def test_the_absorbed_ack_of_a_refusal_ends_the_repetition():
    link, transaction = make(InviteServerTransaction)
    transaction.respond(486, b"486", 0.0)
    transaction.receive(ACK, 0.1)
    assert "G" not in link.running
    assert "H" not in link.running
