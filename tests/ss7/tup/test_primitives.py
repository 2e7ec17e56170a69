import dataclasses
from typing import get_args

from tandem.core.errors import TandemError
from tandem.ss7.tup import primitives
from tandem.ss7.tup.primitives import CallStateError, IncomingCall, Output


def test_outputs_are_frozen_values_and_none_is_forgotten():
    declared = {item for item in vars(primitives).values() if dataclasses.is_dataclass(item)}
    assert set(get_args(Output)) == declared
    for item in declared:
        assert item.__dataclass_params__.frozen


def test_misuse_is_an_error_of_its_own():
    assert issubclass(CallStateError, TandemError)


def test_a_call_may_come_without_information():
    assert IncomingCall(1, "g", 2, None, True).information is None
