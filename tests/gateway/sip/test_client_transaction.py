import pytest
from support.sip_link import PEER, RecordingLink

from tandem.gateway.sip.client_transaction import InviteClientTransaction, NonInviteClientTransaction
from tandem.gateway.sip.message import Response
from tandem.gateway.sip.transaction import State, Timer


def response(status: int) -> Response:
    return Response(status, "", {}, b"")


def invite() -> tuple[RecordingLink, InviteClientTransaction]:
    link = RecordingLink()
    return link, InviteClientTransaction(
        link, ("b", "INVITE"), PEER, None, b"INVITE", lambda r, _: b"ACK %d" % r.status, 0.0
    )


def other() -> tuple[RecordingLink, NonInviteClientTransaction]:
    link = RecordingLink()
    return link, NonInviteClientTransaction(link, ("b", "BYE"), PEER, None, b"BYE", 0.0)


# clause, events (status or timer), state after, sent by the last event, told by the last event, timers running after
INVITE_ROWS = [
    ("17.1.1.2 sends and starts A and B", [], State.CALLING, [b"INVITE"], None, {"A", "B"}),
    ("17.1.1.2 timer A resends", [Timer.A], State.CALLING, [b"INVITE"], False, {"A", "B"}),
    ("17.1.1.2 timer B informs the user", [Timer.B], State.TERMINATED, [], True, set()),
    ("17.1.1.2 1xx ends retransmission", [100], State.PROCEEDING, [], True, set()),
    ("17.1.1.2 further 1xx are passed up", [100, 180], State.PROCEEDING, [], True, set()),
    ("6026 7.2 2xx while calling", [200], State.ACCEPTED, [], True, {"M"}),
    ("6026 7.2 2xx while proceeding", [183, 200], State.ACCEPTED, [], True, {"M"}),
    ("6026 7.2 further 2xx are passed up", [200, 200], State.ACCEPTED, [], True, {"M"}),
    ("6026 figure 3: no 1xx once accepted", [200, 180], State.ACCEPTED, [], False, {"M"}),
    ("6026 figure 3: no 3xx-6xx once accepted", [200, 486], State.ACCEPTED, [], False, {"M"}),
    ("6026 7.2 timer M ends it", [200, Timer.M], State.TERMINATED, [], False, set()),
    ("17.1.1.2 300-699 while calling is acknowledged", [486], State.COMPLETED, [b"ACK 486"], True, {"D"}),
    ("17.1.1.2 300-699 while proceeding", [180, 302], State.COMPLETED, [b"ACK 302"], True, {"D"}),
    ("17.1.1.2 repeated 300-699 is only acknowledged", [486, 486], State.COMPLETED, [b"ACK 486"], False, {"D"}),
    ("17.1.1.2 the first ACK is repeated", [486, 503], State.COMPLETED, [b"ACK 486"], False, {"D"}),
    ("figure 5: no 2xx once completed", [486, 200], State.COMPLETED, [], False, {"D"}),
    ("17.1.1.2 timer D ends it", [486, Timer.D], State.TERMINATED, [], False, set()),
]  # fmt: skip

OTHER_ROWS = [
    ("17.1.2.2 sends and starts E and F", [], State.TRYING, [b"BYE"], None, {"E", "F"}),
    ("17.1.2.2 timer E resends", [Timer.E], State.TRYING, [b"BYE"], False, {"E", "F"}),
    ("17.1.2.2 timer F informs the user", [Timer.F], State.TERMINATED, [], True, set()),
    ("17.1.2.2 1xx while trying", [100], State.PROCEEDING, [], True, {"E", "F"}),
    ("17.1.2.2 timer E still resends", [100, Timer.E], State.PROCEEDING, [b"BYE"], False, {"E", "F"}),
    ("17.1.2.2 timer F while proceeding", [100, Timer.F], State.TERMINATED, [], True, set()),
    ("17.1.2.2 final while trying", [200], State.COMPLETED, [], True, {"K"}),
    ("17.1.2.2 final while proceeding", [100, 481], State.COMPLETED, [], True, {"K"}),
    ("17.1.2.2 repeated final is absorbed", [200, 200], State.COMPLETED, [], False, {"K"}),
    ("17.1.2.2 timer K ends it", [200, Timer.K], State.TERMINATED, [], False, set()),
]


def run(link, transaction, events):
    told = None
    for event in events:
        link.take()
        if isinstance(event, Timer):
            link.running.pop(event.name)
            told = transaction.expire(event, 1.0)
        else:
            told = transaction.receive(response(event), 1.0)
    return told


@pytest.mark.parametrize(("make", "rows"), [(invite, INVITE_ROWS), (other, OTHER_ROWS)])
def test_table(make, rows):
    for clause, events, state, sent, told, running in rows:
        link, transaction = make()
        assert run(link, transaction, events) == told, clause
        assert (transaction.state, link.take(), set(link.running)) == (state, sent, running), clause
        assert link.ended == (state is State.TERMINATED), clause


def test_timer_a_doubles_without_bound():
    """17.1.1.2: T1, 2*T1, 4*T1 ... until B at 64*T1: seven requests in all."""
    link, transaction = invite()
    times = [0.0]
    while link.running["A"] < link.running["B"]:
        times.append(link.running["A"])
        transaction.expire(Timer.A, times[-1])
    assert times == [0.0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert link.running["B"] == 32.0
    assert len(link.sent) == 7


def test_timer_e_doubles_up_to_t2():
    """17.1.2.2: eleven requests in all."""
    link, transaction = other()
    times = [0.0]
    while link.running["E"] < link.running["F"]:
        times.append(link.running["E"])
        transaction.expire(Timer.E, times[-1])
    assert times == [0.0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]


def test_timer_e_is_t2_after_a_provisional_response():
    link, transaction = other()
    transaction.receive(response(100), 0.1)
    transaction.expire(Timer.E, 0.5)
    assert link.running["E"] == 4.5


def test_what_lingers_keeps_only_what_it_repeats():
    """17.1.1.2, 17.1.2.2; only after a 2xx to INVITE is there anything left to tell (RFC 6026 7.2)."""
    for make, status, told in ((invite, 486, False), (invite, 200, True), (other, 200, False)):
        link, transaction = make()
        transaction.user, transaction.fallback = object(), (b"x", PEER)
        assert transaction.receive(response(status), 1.0)
        assert (transaction.request, transaction.fallback) == (b"", None)
        assert (transaction.user is not None) == told
        assert not hasattr(transaction, "build_ack")
        link.take()
        transaction.receive(response(status), 2.0)
        assert link.take() == ([b"ACK 486"] if status == 486 else [])


def test_wait_times():
    """Table 4 for UDP: D at least 32 s, K is T4, M (RFC 6026) 64*T1."""
    for make, status, timer, value in ((invite, 486, "D", 32.0), (invite, 200, "M", 32.0), (other, 200, "K", 5.0)):
        link, transaction = make()
        transaction.receive(response(status), 1.0)
        assert link.running == {timer: 1.0 + value}
