"""What the machines say to transport and operator."""

import dataclasses
import typing

import pytest

from tandem.core.sigtran import primitives


def test_outputs_are_values():
    for cls in (*typing.get_args(primitives.TransportCommand), *typing.get_args(primitives.OperatorNotice)):
        assert dataclasses.is_dataclass(cls)
        assert cls.__dataclass_params__.frozen
    with pytest.raises(dataclasses.FrozenInstanceError):
        primitives.Notice("x").text = "y"


def test_states_are_those_of_the_rfc():
    assert [state.value for state in primitives.AspState] == ["down", "inactive", "active"]
    assert [state.value for state in primitives.AsState] == ["down", "inactive", "active", "pending"]
