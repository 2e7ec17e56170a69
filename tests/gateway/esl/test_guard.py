"""Who may connect."""

import pytest

from tandem.gateway.esl import guard as module
from tandem.gateway.esl.guard import Guard


def test_the_access_list():
    guard = Guard(["127.0.0.0/8", "::1", "192.0.2.7"], 3, 60)
    for host in ("127.0.0.1", "127.9.9.9", "::1", "192.0.2.7", "::ffff:127.0.0.1"):
        assert guard.refuses(host, 0) == ""
    for host in ("192.0.2.8", "2001:db8::1"):
        assert guard.refuses(host, 0) == "it is not in `allow`"
    guard.allow(["192.0.2.8"])
    assert guard.refuses("192.0.2.8", 0) == ""
    assert guard.refuses("127.0.0.1", 0)


def test_wrong_passwords_within_a_minute_ban_an_address_for_a_while():
    guard = Guard(["0.0.0.0/0"], 3, 100)
    assert not guard.wrong("192.0.2.1", 0)
    assert not guard.wrong("192.0.2.1", 61)
    assert not guard.wrong("192.0.2.1", 62)
    assert guard.wrong("192.0.2.1", 63)
    assert guard.refuses("192.0.2.1", 64) == "it said wrong passwords"
    assert guard.refuses("192.0.2.2", 64) == ""
    assert guard.refuses("192.0.2.1", 163) == ""


def test_no_limit_bans_nobody():
    guard = Guard(["0.0.0.0/0"], 0, 100)
    assert not any(guard.wrong("192.0.2.1", 0) for _ in range(1000))
    guard.limit(1, 50)
    assert guard.wrong("192.0.2.1", 0)
    assert guard.refuses("192.0.2.1", 49)
    assert not guard.refuses("192.0.2.1", 50)


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(module, "MOST_ADDRESSES", 10)
    guard = Guard(["0.0.0.0/0"], 2, 100)
    for number in range(50):
        guard.wrong(f"10.0.0.{number}", 0)
        guard.wrong(f"10.0.1.{number}", 0)
        guard.wrong(f"10.0.1.{number}", 0)
    assert len(guard._wrong) <= 10
    assert len(guard._banned) <= 10


def test_a_wrong_entry_is_the_callers_mistake():
    with pytest.raises(ValueError, match="not-an-address"):
        Guard(["not-an-address"], 1, 1)
