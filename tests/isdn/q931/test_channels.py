import pytest

from tandem.isdn.q931.call import Call
from tandem.isdn.q931.channels import ChannelId, Channels, ChannelStatus, Service

IDS = tuple(ChannelId(0, number) for number in (1, 2, 3, 17))


def call(*, outgoing=True):
    return Call(1, 1, outgoing=outgoing)


def take(pool):
    channel = pool.hunt()
    pool.take(channel, call())
    return channel


@pytest.mark.parametrize(("hunting", "order"), [("ascending", [1, 2, 3, 17]), ("descending", [17, 3, 2, 1])])
def test_order(hunting, order):
    pool = Channels(IDS, hunting)
    taken = [take(pool) for _ in IDS]
    assert [channel.id.number for channel in taken] == order
    assert pool.hunt() is None
    pool.leave(taken[2])
    pool.leave(taken[0])
    assert take(pool) is taken[0]


def test_round_robin_goes_on_behind_the_last():
    pool = Channels(IDS, "round-robin")
    first, second = take(pool), take(pool)
    pool.leave(first)
    pool.leave(second)
    assert [take(pool).id.number for _ in range(4)] == [3, 17, 1, 2]


def test_oldest_idle_first():
    pool = Channels(IDS, "oldest-idle")
    taken = [take(pool) for _ in IDS]
    for index in (3, 0, 2, 1):
        pool.leave(taken[index])
    assert [take(pool).id.number for _ in IDS] == [17, 1, 3, 2]


def test_hunting_leaves_out():
    pool = Channels((*IDS, ChannelId(1, 5)), "ascending")
    assert pool.hunt([ChannelId(0, 1), ChannelId(0, 2)]).id.number == 3
    assert pool.hunt(interface=1).id == ChannelId(1, 5)
    assert pool.hunt(interface=2) is None


def test_what_blocks_a_channel():
    pool = Channels(IDS, "ascending")
    first = pool.get(ChannelId(0, 1))
    assert pool.get(ChannelId(0, 9)) is None
    for flag, acceptable in (
        (Service.LOCAL_MAINTENANCE, False),
        (Service.LOCAL_HARDWARE, False),
        (Service.REMOTE_MAINTENANCE, True),
        (Service.NOT_RESTARTED, True),
    ):
        first.service = flag
        pool.changed(first)
        assert (first.free, first.acceptable, pool.idle) == (False, acceptable, 3)
        assert pool.hunt().id.number == 2
        first.service = Service.NONE
        pool.changed(first)
        assert pool.idle == 4
    first.restarting = True
    assert (first.free, first.acceptable, first.status) == (False, False, ChannelStatus.RESTARTING)


def test_status():
    pool = Channels(IDS, "ascending")
    channel = pool.hunt()
    assert channel.status is ChannelStatus.IDLE
    pool.take(channel, call())
    assert channel.status is ChannelStatus.OUTGOING
    pool.take(channel, call(outgoing=False))
    assert channel.status is ChannelStatus.INCOMING
    assert (len(pool), pool.idle) == (4, 3)
