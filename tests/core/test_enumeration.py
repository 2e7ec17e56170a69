"""Enumerations as keys."""

import copy
import pickle
from enum import auto

from tandem.core.enumeration import Symbol


class Colour(Symbol):
    RED = auto()
    BLUE = auto()


def test_members_are_keys_and_stay_themselves_when_copied():
    table = {(Colour.RED, 1): "red", (Colour.BLUE, 1): "blue"}
    assert table[Colour(1), 1] == "red"
    assert table[copy.deepcopy(Colour.BLUE), 1] == "blue"
    assert table[pickle.loads(pickle.dumps(Colour.RED)), 1] == "red"


def test_the_hash_is_that_of_the_object():
    assert hash(Colour.RED) == object.__hash__(Colour.RED)
