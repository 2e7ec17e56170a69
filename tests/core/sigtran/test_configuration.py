"""Configuration of associations and application servers."""

import pytest

from tandem.core.errors import ConfigurationError
from tandem.core.sigtran.configuration import AssociationConfiguration, Role, ServerConfiguration, check_names


def test_roles():
    assert {role: (role.is_client, role.is_server) for role in Role} == {
        Role.ASP: (True, False),
        Role.SGP: (False, True),
        Role.IPSP: (True, True),
        Role.IPSP_DOUBLE: (True, True),
    }
    assert not AssociationConfiguration("x", Role.IPSP, initiate=False).is_client
    assert AssociationConfiguration("x", Role.IPSP_DOUBLE, initiate=False).is_client


@pytest.mark.parametrize(
    ("associations", "servers", "text"),
    [
        (["x", "x"], [("s", ["x"])], "association x is there twice"),
        (["x"], [("s", ["x"]), ("s", ["x"])], "application server s is there twice"),
        (["x"], [("s", ["y"])], "uses association 'y'"),
    ],
)
def test_names_are_checked(associations, servers, text):
    links = [AssociationConfiguration(name) for name in associations]
    with pytest.raises(ConfigurationError, match=text):
        check_names(links, [ServerConfiguration(name=name, associations=names) for name, names in servers])


def test_a_server_needs_an_association_and_an_asp():
    with pytest.raises(ConfigurationError, match="no association"):
        ServerConfiguration(name="s", associations=())
    with pytest.raises(ConfigurationError, match="required_active"):
        ServerConfiguration(name="s", associations=["x"], required_active=0)
