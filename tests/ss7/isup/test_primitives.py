import typing

import pytest
from support.isup_pair import ACM
from support.isup_single import Single

from tandem.ss7.isup import primitives
from tandem.ss7.isup.circuits import Blocking, CircuitStatus
from tandem.ss7.isup.codes import MessageType as M
from tandem.ss7.isup.primitives import CircuitState, Transfer


@pytest.mark.parametrize("kind", typing.get_args(primitives.Output), ids=lambda kind: kind.__name__)
def test_outputs_are_immutable(kind):
    value = kind(*[None] * len(kind.__struct_fields__))
    with pytest.raises(AttributeError, match="immutable"):
        setattr(value, kind.__struct_fields__[0], 1)


def test_circuit_states_are_told_when_they_change():
    single = Single()
    call = single.setup()
    single.receive(M.ACM, 1, *ACM)
    single.release(call)
    single.receive(M.RLC, 1)
    single.receive(M.BLO, 1)
    told = [item for item in single.exchange.outputs() if isinstance(item, CircuitState)]
    assert told == [
        CircuitState("g", 1, CircuitStatus.OUTGOING, Blocking.NONE),
        CircuitState("g", 1, CircuitStatus.RELEASING, Blocking.NONE),
        CircuitState("g", 1, CircuitStatus.IDLE, Blocking.NONE),
        CircuitState("g", 1, CircuitStatus.IDLE, Blocking.REMOTE_MAINTENANCE),
    ]


def test_where_calls_are_is_not_told_when_nobody_watches():
    single = Single()
    single.exchange.tells_calls = False
    assert not single.exchange.tells_calls
    call = single.setup()
    single.receive(M.ACM, 1, *ACM)
    single.release(call)
    single.receive(M.RLC, 1)
    single.receive(M.BLO, 1)
    single.receive(M.RSC, 1)
    single.exchange.reset("g", [1], single.now)
    told = [item for item in single.exchange.outputs() if isinstance(item, CircuitState)]
    assert told == [
        CircuitState("g", 1, CircuitStatus.IDLE, Blocking.REMOTE_MAINTENANCE),
        CircuitState("g", 1, CircuitStatus.IDLE, Blocking.NONE),
        CircuitState("g", 1, CircuitStatus.RESETTING, Blocking.NONE),
    ]


def test_transfers_carry_point_codes_and_the_cic_as_sls():
    single = Single((33,))
    single.setup()
    transfer = next(item for item in single.exchange.outputs() if isinstance(item, Transfer))
    assert (transfer.opc, transfer.dpc, transfer.sls) == (2, 1, 1)
    assert transfer.octets[:3] == b"\x21\x00\x01"
