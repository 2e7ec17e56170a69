from tandem.gateway.sip.access import BanList, BanRules
from tandem.gateway.sip.endpoint import Stream

SOURCE = ("192.0.2.66", 5060)


def test_so_many_offences_within_the_window_ban_for_a_time():
    bans = BanList(BanRules(3, 60.0, 100.0))
    assert not bans.offence(SOURCE, "garbage", 0.0)
    assert not bans.offence(SOURCE, "garbage", 50.0)
    assert not bans.offence(SOURCE, "wrong credentials", 70.0), "the first has been forgotten"
    assert not bans.is_banned(SOURCE, 70.0)
    assert bans.offence(SOURCE, "garbage", 80.0)
    for other in (("192.0.2.66", 9), Stream("192.0.2.66", 9, "tcp")):
        assert bans.is_banned(other, 90.0)
    assert not bans.is_banned(("192.0.2.67", 5060), 90.0)
    assert len(bans) == 1
    assert not bans.is_banned(SOURCE, 181.0)
    assert len(bans) == 0
    assert bans.counts == {"garbage": 3, "wrong credentials": 1, "bans": 1, "dropped": 2}


def test_nobody_is_banned_where_that_is_off():
    bans = BanList(BanRules(0))
    assert not any(bans.offence(SOURCE, "garbage", float(n)) for n in range(100))


def test_memory_is_bounded_however_many_send():
    bans = BanList(BanRules(2))
    for number in range(25_000):
        bans.offence((f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", 5060), "garbage", 0.0)
    assert len(bans._offences) <= 10_000
    for number in range(25_000):
        for _ in range(2):
            bans.offence((f"11.{number >> 16}.{number >> 8 & 255}.{number & 255}", 5060), "garbage", 0.0)
    assert len(bans) <= 10_000
