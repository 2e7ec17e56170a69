import pytest
from support.tup_pair import ACM, iam
from support.tup_single import Single

from tandem.core.errors import ConfigurationError
from tandem.ss7.tup.circuits import State
from tandem.ss7.tup.codes import MessageType as M
from tandem.ss7.tup.configuration import GroupConfiguration
from tandem.ss7.tup.kernel import MAXIMUM_ATTEMPTS, Kernel
from tandem.ss7.tup.primitives import CallCleared, CallReleased, CircuitChanged
from tandem.ss7.tup.variants import Variant


def group(name="g", cics=(1, 2), **options):
    return GroupConfiguration(name, 2, 1, cics, **options)


def test_groups_that_conflict():
    with pytest.raises(ConfigurationError, match="defined twice"):
        Kernel([group(), group(cics=(3,))])
    with pytest.raises(ConfigurationError, match="both have CIC 2"):
        Kernel([group(), group("h", (2, 3))])
    with pytest.raises(ConfigurationError, match="variants"):
        Kernel([group(), group("h", (3,), variant=Variant.CHINA)])


def test_two_groups_may_share_a_peer():
    kernel = Kernel([group(), group("h", (3,))])
    assert set(kernel.peers[1, 2].circuits) == {1, 2, 3}


def test_repeat_attempts_come_to_an_end():
    single = Single((1, 2, 3, 4, 5), control="none")
    call = single.setup()
    for attempt in range(1, MAXIMUM_ATTEMPTS):
        single.take()
        single.receive(iam(), attempt)
        assert CircuitChanged(call, attempt, attempt + 1) in [*single.take(), *single.heard]
    single.receive(iam(), MAXIMUM_ATTEMPTS)
    single.take()
    released, cleared = (item for item in single.heard if isinstance(item, CallReleased | CallCleared))
    assert (released.call, released.cause) == (call, 34)
    assert cleared == CallCleared(call, MAXIMUM_ATTEMPTS)
    assert call not in single.exchange.calls()


def test_no_attempt_after_a_backward_message():
    single = Single(control="none")
    call = single.setup()
    single.receive(ACM)
    single.receive(M.RSC)
    single.take()
    assert not [item for item in single.heard if isinstance(item, CircuitChanged)]
    assert [item.call for item in single.heard if isinstance(item, CallReleased)] == [call]


def test_what_circuits_add_to_an_iam():
    single = Single(continuity_check=2, satellite=True)
    single.setup()
    single.setup()
    first, second = single.take()
    assert (first.indicators.continuity_check, first.indicators.circuit) == (0, 1)
    assert second.indicators.continuity_check == 1
    assert single.state(2) is State.OUT_CHECK
