"""Range and status, circuit states."""

import pytest

from tandem.core.errors import DecodeError, EncodeError
from tandem.ss7.isup.groups import Blocking, CallProcessing, CircuitState, CircuitStateIndicator, RangeAndStatus


def test_status_bits_start_at_the_first_circuit():
    status = RangeAndStatus.parse(bytes.fromhex("0b db06"))
    assert status.count == 12
    assert status.selected(100) == [100, 101, 103, 104, 106, 107, 109, 110]
    assert status.encode() == bytes.fromhex("0bdb06")


def test_range_alone():
    status = RangeAndStatus.parse(b"\x1e")
    assert status == RangeAndStatus(30)
    assert status.selected(1) == list(range(1, 32))
    assert str(status) == "31 circuits"


def test_for_circuits():
    status = RangeAndStatus.for_circuits(1, [1, 9])
    assert status.encode() == bytes.fromhex("08 0101")
    assert status.selected(1) == [1, 9]
    with pytest.raises(EncodeError, match="not within a range"):
        RangeAndStatus.for_circuits(5, [4])
    with pytest.raises(EncodeError):
        RangeAndStatus.for_circuits(5, [])


def test_too_few_status_octets():
    with pytest.raises(DecodeError, match="needs 2 octets, has 1"):
        RangeAndStatus.parse(b"\x08\x01")


def test_status_of_the_wrong_length():
    with pytest.raises(EncodeError, match="needs 3 status bits"):
        RangeAndStatus(2, (True,)).encode()
    with pytest.raises(EncodeError, match="does not fit"):
        RangeAndStatus(256).encode()


def test_circuit_states():
    indicator = CircuitStateIndicator.parse(b"\x00\x03\x0c\x1d\x38")
    assert [state.transient for state in indicator.states] == [True, False, False, False, False]
    assert [state.unequipped for state in indicator.states] == [False, True, False, False, False]
    assert indicator.states[2] == CircuitState()
    assert indicator.states[3] == CircuitState(Blocking.LOCAL, CallProcessing.IDLE, Blocking.LOCAL)
    assert indicator.encode() == b"\x00\x03\x0c\x1d\x38"
