"""The tables of usage are whole and consistent."""

import pytest

from tandem.isdn.q931.codes import ElementCode, MessageType
from tandem.isdn.q931.elements import typed_elements
from tandem.isdn.q931.messages import ELEMENT_MODULES
from tandem.isdn.q931.tables import ACCESS_INFORMATION, LONGEST, OCCURRENCES, REPEATED, USAGE, Usage


def test_every_message_type_has_its_usage():
    assert set(USAGE) == set(MessageType)


@pytest.mark.parametrize("kind", MessageType, ids=lambda kind: kind.name)
def test_no_element_is_listed_twice_for_one_side(kind: MessageType):
    usage = USAGE[kind]
    for codes in (usage.mandatory + usage.optional + usage.from_network, usage.mandatory + usage.from_user):
        assert len(set(codes)) == len(codes)
    for side in ("network", "user", None):
        assert usage.required(side) <= usage.allowed(side)


def test_sides():
    setup = USAGE[MessageType.SETUP]
    assert ElementCode.CHANNEL_IDENTIFICATION in setup.required("network")
    assert ElementCode.CHANNEL_IDENTIFICATION not in setup.required("user")
    assert ElementCode.KEYPAD_FACILITY in setup.allowed("user")
    assert ElementCode.KEYPAD_FACILITY not in setup.allowed("network")
    assert {ElementCode.KEYPAD_FACILITY, ElementCode.DISPLAY} <= setup.allowed(None)
    assert USAGE[MessageType.SUSPEND].sender == "user"
    assert Usage().allowed(None) == frozenset()


def test_limits_are_of_known_elements():
    assert ELEMENT_MODULES
    assert set(LONGEST) | set(OCCURRENCES) | set(REPEATED) | ACCESS_INFORMATION <= set(ElementCode)
    assert all(length >= 3 for length in LONGEST.values())
    assert set(OCCURRENCES) <= set(typed_elements())
