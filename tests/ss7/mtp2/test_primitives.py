"""The vocabulary between the levels: closed, and made of values."""

import inspect
import typing

import msgspec
import pytest

from tandem.ss7.mtp2 import primitives

CLASSES = [
    member
    for _, member in inspect.getmembers(primitives, inspect.isclass)
    if issubclass(member, msgspec.Struct) and member.__module__ == primitives.__name__
]


def test_every_primitive_goes_up_or_down():
    assert set(typing.get_args(primitives.Indication)) | {primitives.SendUnits} == set(CLASSES)
    assert set(typing.get_args(primitives.Output)) == set(CLASSES)


@pytest.mark.parametrize("primitive", CLASSES, ids=lambda primitive: primitive.__name__)
def test_primitives_are_values(primitive):
    arguments = [b"" for _ in primitive.__struct_fields__]
    assert primitive(*arguments) == primitive(*arguments)
    assert hash(primitive(*arguments)) == hash(primitive(*arguments))
    for name in primitive.__struct_fields__:
        with pytest.raises(AttributeError, match="immutable"):
            setattr(primitive(*arguments), name, 1)
