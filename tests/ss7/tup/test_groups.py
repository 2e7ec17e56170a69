import pytest
from support.tup_pair import ACM
from support.tup_single import ACKNOWLEDGED, Single

from tandem.ss7.tup.circuits import Blocking, State
from tandem.ss7.tup.codes import MessageType as M
from tandem.ss7.tup.groups import KINDS
from tandem.ss7.tup.messages import GroupSupervision
from tandem.ss7.tup.primitives import Alert, CallReleased


def group(kind, *flags):
    return GroupSupervision(kind, len(flags) - 1, flags)


PAIRS = [(M.MGB, M.MGU), (M.HGB, M.HGU), (M.SGB, M.SGU)]


@pytest.mark.parametrize(("block", "unblock"), PAIRS, ids=lambda kind: kind.name)
def test_blocking_by_the_peer(block, unblock):
    single = Single()
    single.receive(group(block, True, False, True))
    assert single.take() == [group(ACKNOWLEDGED[block], True, False, True)]
    flag = KINDS[block].flag
    assert [single.view(cic).blocking for cic in (1, 2, 3, 4)] == [flag, Blocking.NONE, flag, Blocking.NONE]
    single.receive(group(unblock, True, False, False))
    assert single.take() == [group(ACKNOWLEDGED[unblock], True, False, False)]
    assert [single.view(cic).blocking for cic in (1, 3)] == [Blocking.NONE, flag]


def test_kinds_of_blocking_are_independent():
    single = Single()
    for kind in (M.MGB, M.HGB, M.SGB):
        single.receive(group(kind, True, True))
    single.receive(group(M.HGU, True, True))
    assert single.view().blocking == Blocking.REMOTE_MAINTENANCE | Blocking.REMOTE_SOFTWARE


def test_circuits_that_we_do_not_have_are_not_acknowledged():
    single = Single((1, 2))
    single.receive(group(M.MGB, True, True, True))
    assert single.take() == [group(M.MBA, True, True, False)]


def test_a_message_about_one_circuit_has_no_status():
    single = Single()
    single.receive(GroupSupervision(M.HGB, 0))
    assert single.take() == [GroupSupervision(M.HBA, 0)]
    assert single.view().blocking is Blocking.REMOTE_HARDWARE


def test_maintenance_blocking_moves_early_calls_and_leaves_others():
    single = Single()
    early, later = single.setup(), single.setup()
    single.receive(ACM, 2)
    single.take()
    single.receive(group(M.MGB, True, True))
    assert single.types() == [(M.MBA, 1), (M.CLF, 1), (M.IAM, 3)]
    assert single.exchange.circuit_of(early) == 3
    assert single.exchange.circuit_of(later) == 2


def test_hardware_blocking_tries_early_calls_elsewhere_and_ends_others():
    single = Single()
    early, later = single.setup(), single.setup()
    single.receive(ACM, 2)
    single.take()
    single.receive(group(M.HGB, True, True))
    assert single.types() == [(M.HBA, 1), (M.IAM, 3)]
    assert single.exchange.circuit_of(early) == 3
    assert [item.call for item in single.heard if isinstance(item, CallReleased)] == [later]
    assert single.state(2) is State.IDLE


def test_a_circuit_that_is_not_confirmed_is_told():
    single = Single()
    single.exchange.block("g", [1, 2], single.now)
    single.take()
    single.receive(group(M.MBA, True, False))
    single.take()
    assert [item.cic for item in single.heard if isinstance(item, Alert)] == [2]
    single.receive(group(M.MBA, True, True))  # nobody waits for this one
    assert single.take() == []


def test_hardware_blocking_of_one_circuit_asks_with_status():
    single = Single()
    single.exchange.block("g", [2], single.now, hardware=True)
    assert single.take() == [group(M.HGB, True, False)]
    single.receive(group(M.HBA, True, False), 2)
    assert single.exchange.quiet


def test_only_the_second_message_counts_where_it_is_so_agreed():
    single = Single(group_messages_confirmed=True)
    single.receive(group(M.MGB, True, True))
    assert single.take() == []
    single.wait(6)
    single.receive(group(M.MGB, True, True))  # too late to be the second
    assert single.take() == []
    single.receive(group(M.MGB, True, False))  # not the same
    assert single.take() == []
    single.receive(group(M.MGB, True, True))
    assert single.types() == [(M.MBA, 1)]
    single.receive(M.GRS)
    assert single.take() == []
    single.receive(M.GRS)
    assert single.types() == [(M.GRA, 1)]
