"""Trunk tables: what means the same has the same key and kind."""

import msgspec
import pytest
from msgspec import inspect
from support.configurations import CIRCUITS, ROUTES, SIP, SIP_TRUNK, SS7

from tandem.core.errors import ConfigurationError
from tandem.gateway.configuration.load import parse
from tandem.gateway.configuration.schema import IsupTrunk, TupTrunk

TUP = SIP + SS7 + CIRCUITS.replace('type = "isup"', 'type = "tup"').replace("t7 = 20", "t2 = 20") + SIP_TRUNK + ROUTES


def kinds(table):
    return {field.name: inspect.type_info(field.type) for field in msgspec.structs.fields(table)}


def test_keys_that_both_circuit_trunks_have_are_of_one_kind():
    isup, tup = kinds(IsupTrunk), kinds(TupTrunk)
    both = isup.keys() & tup.keys()
    assert {"linkset", "circuits", "selection", "control", "overlap", "timers", "failure_tone_seconds"} <= both
    assert {name for name in both if isup[name] != tup[name]} == {"unknown_nature", "category", "release_control"}


def test_a_tup_trunk():
    (trunk, _) = parse(TUP).trunk
    assert isinstance(trunk, TupTrunk)
    assert (trunk.timers, trunk.release_control, trunk.charge) == ({"t2": 20.0}, "calling", "charge")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("t2 = 20", "t35 = 20", "trunk[0].timers.t35: unknown timer"),
        ("t2 = 20", "answr = 20", "did you mean 'answer'"),
        ("category = 10", "category = 64", "0 to 63 is right"),
        ("category = 10", 'release_control = "called party"', "is not known here; did you mean 'called'"),
        ("category = 10", "minimum_digits = 5\nmaximum_digits = 3", "is less than minimum_digits"),
        ('peer_point_code = "2-1-3"', 'peer_point_code = "2-1-4"', "does not lead to 2-1-4"),
        ("restart_wait = 1", 'restart_wait = 1\nvariant = "japan"', "TUP is of linksets with the variant itu or china"),
        ('cic = "33-35"', 'cic = "4096"', "4096"),
    ],
)
def test_mistakes_of_a_tup_trunk(old, new, says):
    text = TUP.replace(old, new, 1)
    assert text != TUP
    with pytest.raises(ConfigurationError) as refusal:
        parse(text)
    assert says in str(refusal.value)


def test_ansi_has_no_tup():
    text = TUP.replace("restart_wait = 1", 'restart_wait = 1\nvariant = "ansi"', 1)
    with pytest.raises(ConfigurationError, match="variant ansi, which TUP does not have"):
        parse(text)


def test_tup_and_isup_may_use_the_same_circuit_codes():
    """Their messages differ in the service indicator; a timeslot still has one user."""
    more = """[[span]]
name = "e3"
device = "satop:listen=127.0.0.1:40003,peer=127.0.0.1:41003"
[[trunk]]
name = "new"
type = "isup"
linkset = "to-b"
peer_point_code = "2-1-3"
  [[trunk.circuits]]
  span = "e3"
  cic = "1-15"
"""
    parse(TUP + more)
    with pytest.raises(ConfigurationError, match="timeslot 1 of span 'e1' is already used"):
        parse(TUP + more.replace('span = "e3"', 'span = "e1"'))
