import dataclasses
import typing

from tandem.isdn.q931 import primitives


def test_every_primitive_is_an_output_and_frozen():
    outputs = set(typing.get_args(primitives.Output))
    found = {
        one
        for one in vars(primitives).values()
        if dataclasses.is_dataclass(one) and one.__module__ == primitives.__name__
    }
    assert outputs == found
    assert all(one.__dataclass_params__.frozen and one.__doc__ for one in outputs)
