from tandem.gateway.sip.location import Server
from tandem.gateway.sip.peers import Peers

A, B = ("192.0.2.1", 5060), ("192.0.2.2", 5060)


def peers():
    return Peers([Server(0, 0, A), Server(1, 0, B)])


def choose(peers, now=0.0):
    return peers.choose(now, lambda: 0.5)


def test_two_unanswered_mark_a_server_down_and_one_answer_up():
    found = peers()
    assert found.pinging(A) is None
    assert found.pinging(A) is None, "the first was not answered"
    assert found.pinging(A) == "192.0.2.1:5060 is down: OPTIONS are not answered"
    assert found.pinging(A) is None, "said once"
    assert choose(found) == [B]
    assert not found.is_up(A)
    assert found.pinged(A, 405) == "192.0.2.1:5060 is up again"
    assert choose(found) == [A, B]


def test_failures_count_in_a_row_only():
    found = peers()
    for status in (None, 200, 503, 200, None):
        found.pinging(A)
        assert found.pinged(A, status) is None
    assert choose(found) == [A, B]
    found.pinging(A)
    assert found.pinged(A, 503) == "192.0.2.1:5060 is down: it answers OPTIONS with 503"
    assert found.pinged(A, 503) is None, "an older one: that was counted when the next went out"


def test_an_answer_counts_although_an_older_ping_has_run_out_meanwhile():
    """OPTIONS go out every few seconds, and each is waited for 32 s."""
    found = peers()
    found.pinging(A)
    found.pinging(A)
    assert found.pinged(A, None) == "192.0.2.1:5060 is down: OPTIONS are not answered"
    assert found.pinged(A, 200) == "192.0.2.1:5060 is up again"
    assert choose(found) == [A, B]


def test_nobody_left():
    found = peers()
    for endpoint in (A, B):
        for _ in range(3):
            found.pinging(endpoint)
    assert choose(found) == []
    assert "down" in found.why_none(0.0)
    assert Peers().why_none(0.0).startswith("no address is known")


def test_retry_after_is_obeyed_within_reason():
    found = peers()
    found.leave_alone(A, 20, 0.0)
    found.leave_alone(B, 99999, 0.0)
    assert choose(found) == []
    assert "Retry-After" in found.why_none(0.0)
    assert choose(found, 21.0) == [A]
    assert choose(found, 301.0) == [A, B]
    found.leave_alone(A, 0, 301.0)
    found.leave_alone(("192.0.2.9", 5060), 9, 301.0)
    assert choose(found, 301.0) == [A, B]


def test_other_servers_keep_what_is_known_of_those_that_stay():
    found = peers()
    for _ in range(3):
        found.pinging(B)
    assert found.replace([Server(0, 0, B)])
    assert not found.replace([Server(0, 0, B)])
    assert (A in found, B in found, choose(found)) == (False, True, [])
    assert found.pinged(A, 200) is None
