"""The schema itself."""

import msgspec
import pytest

from tandem.gateway.configuration import schema
from tandem.gateway.configuration.schema import Configuration, Table

TABLES = [kind for kind in vars(schema).values() if isinstance(kind, type) and issubclass(kind, Table)]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
def test_an_unknown_key_is_refused_by_every_table(table):
    assert table.__struct_config__.forbid_unknown_fields


def test_every_default_is_of_its_own_kind():
    """What the code says is what an operator may write: defaults survive a round trip."""
    configuration = Configuration()
    assert msgspec.convert(msgspec.to_builtins(configuration), Configuration) == configuration
    route = schema.Route()
    assert msgspec.convert(msgspec.to_builtins(route), schema.Route) == route


def test_fallback_causes_are_of_the_network():
    """None of them is the called party's doing (Q.850 class 1: 16 to 31), but no route, and routing error and order."""
    assert set(schema.FALLBACK_CAUSES).isdisjoint({16, 17, 18, 19, 21, 28})
